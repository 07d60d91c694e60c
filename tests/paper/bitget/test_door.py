"""Both markets at once: addresses, keys that survive a restart, what the doors shut."""

from __future__ import annotations

from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from daemon.paper.bitget.door import make_bitget_futures, make_bitget_spot
from daemon.paper.clock import ManualClock
from daemon.paper.config import PaperConfig
from daemon.paper.faults import Fault, FaultKind
from daemon.paper.server import PaperServer
from tests.paper.bitget.builders import FUTURES, SPOT, a_market, received, socket_to, table


async def test_the_env_file_has_both_and_its_keys_are_taken_again(tmp_path: Path) -> None:
    config = PaperConfig(bitget_spot=table(SPOT), bitget_usdt_futures=table(FUTURES))
    async with PaperServer(config) as first:
        first.write_environments(tmp_path)
        keys = {name: dict(door.venue.keys) for name, door in first.doors.items()}
        urls = first.coin_urls
    lines = (tmp_path / "bob.env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines)
    for name in (SPOT, FUTURES):
        prefix = f"FILLD_{name.upper()}__"
        assert values[f"{prefix}REST_URL"] == urls[name]["REST_URL"]
        assert values[f"{prefix}WS_URL"].startswith("ws://127.0.0.1:")
        assert values[f"{prefix}PASSPHRASE"] == keys[name]["bob"].passphrase != ""
    second = PaperServer(config)
    second.reuse_keys(tmp_path)
    for name, door in second.doors.items():
        for account, key in keys[name].items():
            again = door.venue.keys[account]
            assert (again.api_key, again.passphrase) == (key.api_key, key.passphrase)
            assert (again.secret, again.pair is None) == (key.secret, key.pair is None)


async def test_a_door_that_closes_cuts_its_sockets() -> None:
    async with (
        a_market() as alice,
        socket_to(alice) as private,
        socket_to(alice, "/v2/ws/public") as public,
    ):
        door = alice.server.doors[SPOT]
        assert door.strike(Fault(kind=FaultKind.WS_GOODBYE)) == 0
        door.close()
        for socket in (private, public):
            with pytest.raises(ConnectionClosed):
                await received(socket)


def test_what_the_venue_accepts_before_it_cancels() -> None:
    clock = ManualClock()
    spot = make_bitget_spot(table(SPOT, client_ids="for_ever"), clock, 1).venue
    futures = make_bitget_futures(table(FUTURES), clock, 1).venue
    rules = [venue.exchange.rules for venue in (spot, futures)]
    assert [(each.refuses_fok, each.refuses_post_only) for each in rules] == [(False, False)] * 2
    assert [each.ids_are_for_ever for each in rules] == [True, False]
    assert [venue.is_contract for venue in (spot, futures)] == [False, True]
