"""The operator's door, the oracle behind it, and the server that opens both."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from daemon.paper.admin_bodies import BookBody
from daemon.paper.config import AccountConfig, PaperConfig
from daemon.paper.doors import DONE
from daemon.paper.oracle import account_truth
from daemon.paper.refusal import OperatorError
from daemon.paper.server import run_paper, serve
from tests.paper.builders import ALICE, BOB, TICKER, Client, a_client, a_config, a_venue, place


async def test_the_operator_moves_the_world() -> None:
    async with a_client() as alice:
        admin = alice.admin
        book = await admin("PUT", f"/markets/{TICKER}/book", {"bids": [["0.30", "5"]], "asks": []})
        assert book["orderbook_fp"]["yes_dollars"] == [["0.3000", "5.00"]]
        sweep = {"side": "ask", "price": "0.01", "count": "9"}
        assert (await admin("POST", f"/markets/{TICKER}/orders", sweep))["filled"] == "5"
        assert await admin("PUT", "/exchange", {"trading_active": False}) == DONE
        assert (await alice.order()).body["error"]["code"] == "trading_is_paused"
        status = (await alice.call("GET", "/exchange/status")).body
        assert (status["exchange_active"], status["trading_active"]) == (True, False)
        await admin("PUT", "/exchange", {"exchange_active": False, "trading_active": True})
        assert (await alice.order()).body["error"]["code"] == "exchange_is_paused"
        await admin("PUT", "/exchange", {"exchange_active": True})
        assert (await alice.order("bid", "1", "0.30")).status == 201
        await admin("POST", f"/markets/{TICKER}/structure", {"price_level_structure": "deci_cent"})
        assert (await alice.order("bid", price="0.305")).status == 201
        await admin("PUT", "/reads", {"order_lag_ms": [5, 6]})
        assert alice.server.exchange.reads.order_lag_ms == (5, 6)
        assert len((await admin("GET", "/markets"))["markets"]) == 1
        await admin("POST", f"/markets/{TICKER}/close", {"in_s": 0})
        assert (await alice.order()).body["error"]["code"] == "market_inactive"


async def test_members_and_scripts_come_later_too() -> None:
    async with a_client() as alice:
        admin = alice.admin
        key = await admin("POST", "/accounts", {"name": "carol", "key_type": "ed25519"})
        assert key == await admin("GET", "/accounts/carol/key")
        await admin("POST", "/accounts/carol/cash", {"dollars": "-999.50"})
        seed = {"ticker": TICKER, "count": "-1", "price": "0.90", "historical": True}
        await admin("POST", "/accounts/carol/positions", seed)
        carol = Client(alice.server, alice._http, "carol")
        rows = (await carol.call("GET", "/portfolio/positions")).body["market_positions"]
        assert rows[0]["position_fp"] == "-1.00"
        assert (await carol.call("GET", "/portfolio/fills")).body["fills"] == []
        await admin("POST", "/scripts", {"name": "s", "ticker": TICKER, "interval_ms": 60_000})
        await admin("POST", "/scripts/s/step", {"moves": 2})
        await admin("DELETE", "/scripts/s")
        rows = (await admin("GET", "/scripts"))["scripts"]
        assert rows == [{"name": "s", "ticker": TICKER, "running": False, "moves": 2, "error": ""}]


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("GET", "/oracle/nobody", None, "no account 'nobody'"),
        ("POST", "/markets/none/pause", None, "no market 'none'"),
        ("POST", f"/markets/{TICKER}/settle", None, "only a determined market settles"),
        ("POST", f"/markets/{TICKER}/determine", {"result": "scalar"}, "with a settlement_value"),
        ("PUT", f"/markets/{TICKER}/book", {"bids": [["0.505", "1"]]}, "not on the grid"),
        ("PUT", f"/markets/{TICKER}/book", {"bid": []}, "unknown field `bid`"),
        ("POST", "/markets", {"ticker": TICKER}, "exists already"),
        ("POST", "/scripts/none/step", {}, "no script 'none'"),
    ],
)
async def test_the_operators_mistakes_are_named(
    method: str, path: str, body: object, sentence: str
) -> None:
    async with a_client() as alice:
        assert sentence in await alice.refused(method, path, body)


def test_the_oracle_sees_a_position_cross_zero() -> None:
    venue, _ = a_venue()
    place(venue, BOB, "ask", "5", "0.50")
    place(venue, ALICE, "bid", "5", "0.50")
    place(venue, BOB, "bid", "8", "0.40")
    place(venue, ALICE, "ask", "8", "0.40")
    truth = account_truth(venue.exchange, "alice")
    assert truth["max_short"] == "3"
    assert truth["cash_total"] == "997.4781"
    assert account_truth(venue.exchange, "bob")["max_short"] == "3"
    assert BookBody().bids is None


async def test_serving_is_loopback_only_and_says_when_a_port_is_taken() -> None:
    with pytest.raises(OperatorError, match="loopback"):
        await serve(PaperConfig(host="192.0.2.1"))
    async with await serve(a_config()) as server:
        port = int(server.rest_url.split(":")[2].split("/")[0])
        with pytest.raises(OperatorError, match="cannot listen"):
            await serve(PaperConfig(port=port))
        with pytest.raises(OperatorError):
            server.credential("nobody")


async def test_a_second_run_uses_the_same_keys(tmp_path: Path) -> None:
    config = PaperConfig(accounts=[AccountConfig(name="main", key_type="ed25519")])
    said: list[tuple[str, str]] = []
    running = asyncio.Event()

    def announce(what: str, where: str) -> None:
        said.append((what, where))
        if what == "admin":
            running.set()

    texts = []
    for _ in range(2):
        async with asyncio.TaskGroup() as group, asyncio.timeout(30):
            group.create_task(run_paper(config, tmp_path, announce), name="paper")
            await running.wait()
            os.kill(os.getpid(), signal.SIGTERM)
        texts.append((tmp_path / "main.pem").read_text())
        running.clear()
    assert texts[0] == texts[1]
    assert said[0] == ("env", str(tmp_path / "main.env"))
    env = (tmp_path / "main.env").read_text()
    assert "\nPAPER_ADMIN_URL=http://127.0.0.1:" in env
