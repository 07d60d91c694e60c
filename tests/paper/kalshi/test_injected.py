"""Each fault of the menu really happens on the wire, and is counted."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from daemon.paper.faults import AT_ONCE, FaultKind
from tests.paper.builders import TICKER, Client, a_client, hear, say

CREATE = "POST /portfolio/events/orders"


async def arm(alice: Client, kind: str, **terms: Any) -> Any:
    return await alice.admin("POST", "/faults", {"kind": kind} | terms)


async def applied(alice: Client, kind: str) -> int:
    return int((await alice.admin("GET", "/faults"))["applied"].get(kind, 0))


async def orders_of(alice: Client) -> int:
    return len((await alice.admin("GET", "/oracle/alice"))["orders"])


@pytest.mark.parametrize(("kind", "created"), [("http_lose_before", 0), ("http_lose_after", 1)])
async def test_a_lost_answer_says_nothing_about_the_order(kind: str, created: int) -> None:
    async with a_client() as alice:
        before = await orders_of(alice)
        await arm(alice, kind, endpoint=CREATE)
        with pytest.raises(aiohttp.ClientError):
            await alice.order("ask", "1", "0.01", client_order_id="lost")
        assert await orders_of(alice) == before + created
        again = await alice.order("ask", "1", "0.01", client_order_id="lost")
        assert again.status == (409 if created else 201)
        assert await applied(alice, kind) == 1


@pytest.mark.parametrize(("kind", "created"), [("http_error_before", 0), ("http_error_after", 1)])
async def test_a_5xx_may_come_before_or_after(kind: str, created: int) -> None:
    async with a_client() as alice:
        before = await orders_of(alice)
        await arm(alice, kind, endpoint=CREATE, status=504)
        broken = await alice.order("ask", "1", "0.01")
        assert (broken.status, broken.body["error"]["code"]) == (504, "service_unavailable")
        assert await orders_of(alice) == before + created
        assert await applied(alice, kind) == 1


async def test_429_delay_and_the_status_page_of_a_broken_exchange() -> None:
    async with a_client() as alice:
        await arm(alice, "http_429")
        assert (await alice.call("GET", "/portfolio/orders")).status == 429
        for kind in ("http_delay_before", "http_delay_after"):
            await arm(alice, kind, seconds=0.05, endpoint="GET *")
            began = time.monotonic_ns()
            assert (await alice.call("GET", "/portfolio/orders")).status == 200
            assert time.monotonic_ns() - began >= 50_000_000
        await arm(alice, "http_error_before", endpoint="GET /exchange/status")
        broken = await alice.call("GET", "/exchange/status")
        assert (broken.status, broken.body["exchange_active"]) == (503, True)


async def test_stale_reads_tell_how_stale_they_are() -> None:
    async with a_client() as alice:
        await alice.order("ask", "1", "0.01")
        fresh = (await alice.call("GET", "/exchange/user_data_timestamp")).body["as_of_time"]
        await arm(alice, "stale_reads", seconds=3600, count=3, endpoint="GET /portfolio/*")
        as_of = (await alice.call("GET", "/exchange/user_data_timestamp")).body["as_of_time"]
        assert as_of < fresh
        orders = (await alice.call("GET", "/portfolio/orders")).body["orders"]
        assert len(orders) == 1
        assert len((await alice.call("GET", "/portfolio/fills")).body["fills"]) == 1
        rows = (await alice.call("GET", "/portfolio/positions")).body["market_positions"]
        assert rows[0]["position_fp"] == "10.00"
        rows = (await alice.call("GET", "/portfolio/positions")).body["market_positions"]
        assert rows[0]["position_fp"] == "9.00"
        assert await applied(alice, "stale_reads") == 3


async def test_a_skewed_exchange_refuses_an_honest_clock() -> None:
    async with a_client() as alice:
        await arm(alice, "clock_skew", seconds=120, count=None)
        refused = await alice.call("GET", "/portfolio/orders")
        assert refused.body["error"]["code"] == "header_timestamp_expired"
        told = parsedate_to_datetime(refused.headers["Date"]).timestamp()
        assert told - time.time_ns() // 1_000_000_000 > 100
        assert (await alice.call("GET", "/portfolio/orders", skew_ms=120_000)).status == 200
        assert (await alice.admin("DELETE", "/faults?kind=clock_skew"))["cleared"] == 1
        assert (await alice.call("GET", "/portfolio/orders")).status == 200


async def listening(socket: ClientConnection) -> None:
    params = {"channels": ["orderbook_delta"], "market_ticker": TICKER}
    await say(socket, id=1, cmd="subscribe", params=params)
    await hear(socket, "orderbook_snapshot")


async def changes(alice: Client, socket: ClientConnection, count: int) -> list[int]:
    """Make `count` changes of the book and a last mark; the numbers heard up to the mark."""
    for n in range(count):
        await alice.order("bid", "1", f"0.{30 + n}", time_in_force="good_till_canceled")
    params = {"sid": 1, "market_tickers": [TICKER], "action": "get_snapshot"}
    await say(socket, id=7, cmd="update_subscription", params=params)
    heard: list[int] = []
    while True:
        frame = await hear(socket)
        if frame["type"] == "orderbook_snapshot":
            return heard
        heard.append(frame["seq"])


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("ws_drop", [2, 4]),
        ("ws_duplicate", [2, 3, 3, 4]),
        ("ws_reorder", [2, 4, 3]),
        ("ws_seq_gap", [2, 4, 5]),
        ("ws_silent", [2, 4]),
        ("ws_delay", [2, 3, 4]),
    ],
)
async def test_frames_get_lost_doubled_swapped_and_late(kind: str, numbers: list[int]) -> None:
    async with a_client() as alice, alice.socket() as socket:
        await listening(socket)
        await arm(alice, kind, channel="orderbook_delta", skip=1, seconds=0.05)
        assert await changes(alice, socket, 3) == numbers
        assert await applied(alice, kind) == 1


@pytest.mark.parametrize(("kind", "code"), [("ws_error_25", 25), ("ws_error_10", 10)])
async def test_terminal_errors_end_the_subscription_only(kind: str, code: int) -> None:
    async with a_client() as alice, alice.socket() as socket:
        await listening(socket)
        assert (await arm(alice, kind))["hit"] == 1
        frame = await hear(socket, "error")
        assert (frame["sid"], frame["msg"]["code"]) == (1, code)
        await listening(socket)
        await arm(alice, kind, on_frame=True, channel="orderbook_delta")
        await alice.order("bid", "1", "0.30", time_in_force="good_till_canceled")
        assert (await hear(socket, "error"))["msg"]["code"] == code
        assert await applied(alice, kind) == 2


async def test_disconnects_now_at_a_frame_and_at_the_door() -> None:
    async with a_client() as alice:
        async with alice.socket() as socket:
            await listening(socket)
            assert (await alice.admin("POST", "/disconnect"))["hit"] == 1
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        async with alice.socket() as socket:
            await listening(socket)
            await arm(alice, "ws_disconnect", on_frame=True)
            await alice.order("bid", "1", "0.30", time_in_force="good_till_canceled")
            with pytest.raises(ConnectionClosed):
                await hear(socket, "nothing")
        await arm(alice, "ws_refuse", status=502)
        with pytest.raises(InvalidStatus):
            await alice.socket()
        assert await applied(alice, "ws_disconnect") == 2


async def test_a_silent_socket_still_pongs() -> None:
    async with a_client() as alice, alice.socket() as socket:
        await listening(socket)
        await arm(alice, "ws_silent", count=None)
        await alice.order("bid", "1", "0.30", time_in_force="good_till_canceled")
        await (await socket.ping())
        assert await applied(alice, "ws_silent") >= 1


async def test_the_menu_is_complete_and_strict() -> None:
    async with a_client() as alice:
        assert "accepted are http_lose_before, " in await alice.refused(
            "POST", "/faults", {"kind": "x"}
        )
        assert "unknown field" in await alice.refused(
            "POST", "/faults", {"kind": "ws_drop", "n": 1}
        )
        for kind in FaultKind:
            await arm(alice, kind.value)
        assert (await alice.admin("DELETE", "/faults"))["cleared"] == len(FaultKind) - len(AT_ONCE)


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("nested", {"error": {"code": "some_code", "message": "some code"}}),
        ("flat", {"code": "some_code", "message": "some code", "details": ""}),
        ("bare", {"msg": "some code"}),
        ("text", {"error": "some code"}),
        ("html", None),
    ],
)
async def test_an_error_in_every_shape(shape: str, body: object) -> None:
    async with a_client() as alice:
        await arm(alice, "http_error_before", status=403, code="some_code", shape=shape)
        broken = await alice.call("GET", "/portfolio/orders")
        assert (broken.status, broken.body) == (403, body)
