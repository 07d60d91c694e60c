"""The private websocket of a classic account: channels, refusals, heartbeat, faults."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from daemon.paper.bitget.pushes import Push
from daemon.paper.bitget.sessions import arg_of
from tests.paper.bitget.builders import (
    FUTURES,
    SPOT,
    SYMBOL,
    Client,
    a_market,
    hear,
    listen,
    received,
    say,
    socket_to,
)

ORDERS = {"instType": "SPOT", "channel": "orders", "instId": "default"}
FILL = ORDERS | {"channel": "fill"}


async def place(client: Client, **changes: Any) -> Any:
    order = {"symbol": SYMBOL, "side": "buy", "orderType": "limit", "force": "gtc", "size": "1"}
    found = await client.post(
        "/api/v2/spot/trade/place-order", **order | {"price": "2400"} | changes
    )
    return found.data


async def test_a_ping_is_a_text_and_so_is_its_pong() -> None:
    async with a_market() as alice, socket_to(alice) as socket:
        await socket.send("ping")
        assert await received(socket) == "pong"


async def test_who_does_not_ping_is_cut_and_who_does_is_not() -> None:
    async with (
        a_market(ping_interval_s=0.02, pong_limit_s=0.3) as alice,
        socket_to(alice) as silent,
    ):
        with pytest.raises(ConnectionClosed):
            await received(silent)
    # Longer than a machine may stall.
    async with (
        a_market(ping_interval_s=0.02, pong_limit_s=4.0) as alice,
        socket_to(alice) as lively,
    ):
        for _ in range(10):
            await lively.send("ping")
            assert await received(lively) == "pong"
            await asyncio.sleep(0.5)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"op": "subscribe", "args": [ORDERS]}, 30004),
        ({"op": "trade", "args": []}, 30003),
        ([], 30002),
        ({"op": "subscribe", "args": [ORDERS] * 80}, 30002),
    ],
)
async def test_what_is_not_understood(message: Any, code: int) -> None:
    async with a_market() as alice, socket_to(alice) as socket:
        await say(socket, message)
        frame = await received(socket)
        assert (frame["event"], frame["code"]) == ("error", code)


@pytest.mark.parametrize(
    ("venue", "arg"),
    [
        (SPOT, ORDERS | {"channel": "positions"}),
        (SPOT, ORDERS | {"instType": "USDT-FUTURES"}),
        (FUTURES, {"instType": "USDT-FUTURES", "channel": "orders", "instId": SYMBOL}),
    ],
)
async def test_a_channel_that_there_is_not(venue: str, arg: dict[str, str]) -> None:
    async with a_market(venue) as alice, socket_to(alice) as socket:
        await listen(alice, socket)
        await say(socket, {"op": "subscribe", "args": [arg]})
        frame = await received(socket)
        assert (frame["event"], frame["code"], frame["arg"]) == ("error", 30001, arg)


async def test_a_flood_is_told_and_closed() -> None:
    async with a_market() as alice, socket_to(alice) as socket:
        for _ in range(11):
            await socket.send("ping")
        frames = [frame async for frame in socket]
        assert '"code":"30007"' in str(frames[-1])


async def test_one_symbol_of_spot_and_no_more_after_unsubscribing() -> None:
    async with a_market() as alice, socket_to(alice) as socket:
        arg = ORDERS | {"instId": "BTCUSDT"}
        await listen(alice, socket, arg)
        await place(alice)
        await place(alice, symbol="BTCUSDT", clientOid="b")
        assert (await hear(socket, "orders"))["clientOid"] == "b"
        await say(socket, {"op": "unsubscribe", "args": [arg]})
        assert await received(socket) == {"event": "unsubscribe", "arg": arg}
        await place(alice, symbol="BTCUSDT")
        await socket.send("ping")
        assert await received(socket) == "pong"


@pytest.mark.parametrize(("order", "first"), [("before", "fill"), ("after", "orders")])
async def test_orders_and_fill_in_either_order(order: str, first: str) -> None:
    async with a_market(fill_frames=order) as alice, socket_to(alice) as socket:
        await listen(alice, socket, ORDERS, FILL)
        await place(alice, price="2501", force="ioc")
        assert (await hear(socket, "orders"))["status"] == "live"
        frame = await received(socket)
        assert frame["arg"]["channel"] == first
        assert (frame["action"], type(frame["ts"])) == ("snapshot", int)


async def test_orders_without_fill_and_the_reverse() -> None:
    async with a_market() as alice, socket_to(alice) as socket:
        await listen(alice, socket, ORDERS, FILL)
        await alice.arm("ws_drop", channel="fill")
        await alice.arm("ws_drop", channel="orders", skip=3)
        await place(alice, price="2501", force="ioc")
        await place(alice, price="2501", force="ioc")
        seen = [(await received(socket))["arg"]["channel"] for _ in range(6)]
        # Of the first order the row of `fill` is missing, of the second that of its coming.
        assert seen == [*["orders"] * 5, "fill"]


async def test_a_stream_that_only_pongs() -> None:
    async with a_market() as alice, socket_to(alice) as socket:
        await listen(alice, socket, ORDERS, FILL)
        await alice.arm("ws_silent", account="alice", count=None)
        await place(alice, price="2501", force="ioc")
        await socket.send("ping")
        assert await received(socket) == "pong"


async def test_a_socket_that_is_lost_and_not_replayed_or_refused() -> None:
    async with a_market() as alice:
        async with socket_to(alice) as socket:
            await listen(alice, socket, ORDERS)
            assert (await alice.arm("ws_disconnect", account="alice"))["hit"] == 1
            with pytest.raises(ConnectionClosed):
                await received(socket)
        await place(alice)
        async with socket_to(alice) as socket:
            await listen(alice, socket, ORDERS)
            await place(alice, clientOid="second")
            assert (await hear(socket))["clientOid"] == "second"
        await alice.arm("ws_refuse", status=503)
        with pytest.raises(InvalidStatus):
            await socket_to(alice)


async def test_only_the_accounts_own_and_only_its_own_kind_of_socket() -> None:
    async with a_market(account="bob") as bob, socket_to(bob) as socket:
        await listen(bob, socket, ORDERS)
        bob.key = bob.server.doors[SPOT].venue.keys["alice"]
        await place(bob, clientOid="of-alice")
        await socket.send("ping")
        assert await received(socket) == "pong"
        with pytest.raises(InvalidStatus):
            await socket_to(bob, "/v3/ws/private")


def test_an_argument_of_either_dialect() -> None:
    classic = arg_of({"instType": "spot", "channel": "orders", "instId": "default"})
    assert (classic.market, classic.channel, classic.symbol) == ("SPOT", "orders", "")
    unified = arg_of({"instType": "UTA", "topic": "fill"})
    assert (unified.market, unified.channel, unified.symbol) == ("UTA", "fill", "")
    # What is incremental says snapshot, too.
    assert Push(account="alice", channel="orders", data=[]).action == "snapshot"
