"""All venues of one configuration together: ports, env files, keys used again."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from daemon.paper.clock import SystemClock
from daemon.paper.config import COIN_VENUES, load_config, parse_config
from daemon.paper.refusal import OperatorError
from daemon.paper.registry import make_doors
from daemon.paper.server import PaperServer

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "paper.toml"
SMALL = """
[[accounts]]
name = "main"
key_type = "ed25519"
[binance_spot]
[[binance_spot.instruments]]
symbol = "ETHUSDT"
base = "ETH"
[[binance_spot.accounts]]
name = "main"
[binance_usdm]
[[binance_usdm.accounts]]
name = "main"
key_type = "ed25519"
[[binance_usdm.accounts]]
name = "other"
"""


def test_the_example_makes_every_venue() -> None:
    doors = make_doors(load_config(EXAMPLE), SystemClock())
    assert set(doors) == set(COIN_VENUES)
    for door in doors.values():
        door.venue.populate()
        assert door.venue.exchange.instruments
        assert "main" in door.venue.keys
    assert make_doors(parse_config(""), SystemClock()) == {}


async def test_one_env_file_has_an_accounts_keys_for_all_venues(tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        server = PaperServer(parse_config(SMALL))
        server.reuse_keys(tmp_path)
        async with server, aiohttp.ClientSession() as http:
            files = server.write_environments(tmp_path)
            assert [file.name for file in files] == ["main.env", "other.env"]
            values = dict(line.split("=", 1) for line in files[0].read_text().splitlines())
            for table, path in (("SPOT", "/api/v3/ping"), ("USDM", "/fapi/v1/ping")):
                url = values[f"FILLD_BINANCE_{table}__REST_URL"]
                async with http.get(url + path) as found:
                    assert found.status == 200
            assert values["FILLD_BINANCE_SPOT__WS_URL"].endswith("/ws-api/v3")
            assert values["FILLD_BINANCE_USDM__WS_URL"].endswith("/private/ws")
            assert values["FILLD_BINANCE_USDM__PUBLIC_WS_URL"].endswith("/public/ws")
            assert values["PAPER_ADMIN_URL"] == server.admin_url
            assert values["FILLD_KALSHI__KEY_ID"]
            written.append({k: v for k, v in values.items() if "URL" not in k})
    assert written[0] == written[1]
    assert "BEGIN PRIVATE KEY" in written[0]["FILLD_BINANCE_USDM__API_SECRET"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[binance_spot]\nprot = 1", "binance_spot.prot = 1: unknown key, accepted are port"),
        (
            "[[binance_usdm.accounts]]\nname = 'a'\ncash = '1'",
            "binance_usdm.accounts[0].cash = '1': unknown key, accepted are name, key_type",
        ),
        ("[binance_spot]\nlisten_key_s = 3", "binance_spot.listen_key_s = 3: unknown key"),
    ],
)
def test_a_wrong_key_of_a_venue_is_named(text: str, sentence: str) -> None:
    with pytest.raises(OperatorError) as refused:
        parse_config(text)
    assert sentence in str(refused.value)
