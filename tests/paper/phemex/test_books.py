"""Order books on the websocket: whole, then changes. Drives daemon.paper.phemex.hub."""

from __future__ import annotations

from typing import Any

import pytest

from tests.paper.phemex.builders import PERP, SPOT, Client, a_market, ask, received


async def set_bids(client: Client, *bids: tuple[str, str]) -> None:
    path = f"/instruments/{client.symbol}/book"
    await client.admin("PUT", path, {"bids": bids})


def subscribe(client: Client, *more: Any) -> dict[str, Any]:
    channel = "orderbook_p" if client.venue == PERP else "orderbook"
    return {"id": 3, "method": f"{channel}.subscribe", "params": [client.symbol, *more]}


async def test_a_perpetuals_book_and_its_changes() -> None:
    async with a_market(PERP) as alice, alice.socket() as socket:
        assert (await ask(socket, subscribe(alice)))["result"] == {"status": "success"}
        whole = await received(socket)
        assert (whole["type"], whole["depth"], whole["symbol"]) == ("snapshot", 30, "ETHUSDT")
        assert whole["orderbook_p"] == {
            "asks": [["2501", "2"], ["2502", "3"]],
            "bids": [["2499", "2"], ["2498", "3"]],
        }
        await set_bids(alice, ("2499", "1"), ("2497", "4"))
        change = await received(socket)
        assert (change["type"], change["orderbook_p"]["asks"]) == ("incremental", [])
        assert sorted(change["orderbook_p"]["bids"]) == [
            *(["2497", "4"], ["2498", "0"], ["2499", "1"]),
        ]
        assert change["sequence"] > whole["sequence"]


async def test_spots_book_is_scaled_and_may_be_whole() -> None:
    async with a_market(SPOT) as alice, alice.socket() as socket:
        await ask(socket, subscribe(alice, True))
        whole = await received(socket)
        assert (whole["depth"], whole["book"]["bids"][0]) == (0, [249_900_000_000, 200_000_000])


async def test_what_falls_behind_the_depth_is_not_told_of() -> None:
    async with a_market(PERP) as alice, alice.socket() as socket:
        await ask(socket, subscribe(alice, False, 1))
        assert (await received(socket))["orderbook_p"]["bids"] == [["2499", "2"]]
        await set_bids(alice, ("2500", "1"), ("2499", "2"))
        assert (await received(socket))["orderbook_p"]["bids"] == [["2500", "1"]]
        await set_bids(alice, ("2499", "2"))
        bids = (await received(socket))["orderbook_p"]["bids"]
        assert sorted(bids) == [["2499", "2"], ["2500", "0"]]


async def test_whole_books_come_again() -> None:
    async with a_market(PERP, snapshot_s=0.05) as alice, alice.socket() as socket:
        await ask(socket, subscribe(alice))
        frames = [await received(socket) for _ in range(3)]
        assert [frame["type"] for frame in frames] == ["snapshot"] * 3


@pytest.mark.parametrize("params", [["NONE"], [], ["ETHUSDT", False, 7]])
async def test_a_book_that_there_is_not(params: list[Any]) -> None:
    async with a_market(PERP) as alice, alice.socket() as socket:
        command = subscribe(alice) | {"params": params}
        assert (await ask(socket, command))["error"]["code"] == 6001


async def test_all_books_are_ended_together() -> None:
    async with a_market(PERP) as alice, alice.socket() as socket:
        await ask(socket, subscribe(alice))
        await received(socket)
        end = {"id": 4, "method": "orderbook_p.unsubscribe", "params": []}
        assert (await ask(socket, end))["error"] is None
        await set_bids(alice, ("2490", "1"))
        await ask(socket, {"id": 5, "method": "server.ping", "params": []})


async def test_twenty_subscriptions_a_connection() -> None:
    async with a_market(PERP) as alice, alice.socket() as socket:
        for number in range(19):
            symbol = f"COIN{number}USDT"
            await alice.admin("POST", "/instruments", {"symbol": symbol, "base": f"COIN{number}"})
        errors = []
        for symbol in ("ETHUSDT", "BTCUSDT", *(f"COIN{number}USDT" for number in range(19))):
            found = await ask(socket, subscribe(alice) | {"params": [symbol]})
            errors.append(found["error"])
        assert errors[:20] == [None] * 20
        assert errors[20]["code"] == 6001
