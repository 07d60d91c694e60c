"""Spot's websocket API and market streams over real sockets.

Drives daemon.paper.binance.spot_socket and daemon.paper.crypto.connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.paper.binance.builders import SYMBOL, Client, a_market, ask, hear, received, socket_to

SUBSCRIBE = "userDataStream.subscribe.signature"
LIMIT: dict[str, Any] = {
    "symbol": SYMBOL,
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "2400",
}


async def place(client: Client, **changes: Any) -> Any:
    return (await client.call("POST", "/api/v3/order", **LIMIT | changes)).body


async def listening(client: Client, socket: ClientConnection) -> None:
    found = await ask(socket, client.message(SUBSCRIBE))
    assert (found["status"], found["result"]) == (200, {"subscriptionId": 0})
    assert found["rateLimits"][0]["rateLimitType"] == "REQUEST_WEIGHT"


async def test_the_life_of_an_order_on_the_wire() -> None:
    async with a_market() as alice, socket_to(alice.urls["WS_URL"]) as socket:
        await listening(alice, socket)
        made = await place(alice, newClientOrderId="cid")
        new = await hear(socket, "executionReport")
        assert new.keys() == set("eEscSofqpPFgCxXrilzLnNTtIwmMOZYQWV")
        assert (new["x"], new["X"], new["t"], new["N"]) == ("NEW", "NEW", -1, None)
        assert (new["i"], new["c"], new["C"], new["p"]) == (
            made["orderId"],
            "cid",
            "",
            "2400.00000000",
        )
        locked = await hear(socket, "outboundAccountPosition")
        assert locked["B"] == [{"a": "USDT", "f": "7600.00000000", "l": "2400.00000000"}]
        await alice.admin("PUT", f"/instruments/{SYMBOL}/book", {"bids": []})
        sweep = {"side": "ask", "price": "2400", "qty": "0.4"}
        await alice.admin("POST", f"/instruments/{SYMBOL}/orders", sweep)
        part = await hear(socket, "executionReport")
        assert [part[k] for k in "xXlLzZYnNmw"] == [
            *("TRADE", "PARTIALLY_FILLED", "0.40000000", "2400.00000000", "0.40000000"),
            *("960.00000000", "960.00000000", "0.00040000", "ETH", True, True),
        ]
        moved = await hear(socket, "outboundAccountPosition")
        assert {row["a"] for row in moved["B"]} == {"ETH", "USDT"}
        await alice.call(
            "DELETE",
            "/api/v3/order",
            symbol=SYMBOL,
            orderId=made["orderId"],
            newClientOrderId="bye",
        )
        gone = await hear(socket, "executionReport")
        assert [gone[k] for k in "cCxXzlt"] == [
            *("bye", "cid", "CANCELED", "CANCELED", "0.40000000", "0.00000000", -1)
        ]
        assert gone["I"] > part["I"] > new["I"]
        truth = (await alice.truth())["fills"]
        assert [f["trade_id"] for f in truth] == [part["t"]]


async def test_a_taker_gets_new_then_each_fill_then_its_expiry() -> None:
    async with a_market() as alice, socket_to(alice.urls["WS_URL"]) as socket:
        await listening(alice, socket)
        await place(alice, price="2501.5", quantity="3", timeInForce="IOC")
        seen = [await hear(socket, "executionReport") for _ in range(3)]
        assert [e["x"] for e in seen] == ["NEW", "TRADE", "EXPIRED"]
        assert seen[2]["eR"] == "UNFILLED_IOC_QUANTITY_EXPIRED"
        await place(alice, side="SELL", price="2600", quantity="1")
        await place(alice, price="2600", timeInForce="IOC", selfTradePreventionMode="EXPIRE_MAKER")
        words: list[str] = []
        while words[-1:] != ["FILLED"]:
            event = await hear(socket, "executionReport")
            words.append(event["X"])
        assert "FILLED" in words


async def test_deposits_are_told_as_a_change_and_as_a_balance() -> None:
    async with a_market() as alice, socket_to(alice.urls["WS_URL"]) as socket:
        await listening(alice, socket)
        await alice.admin("POST", "/accounts/alice/cash", {"coin": "USDT", "qty": "-1.5"})
        delta = await hear(socket, "balanceUpdate")
        assert (delta["a"], delta["d"]) == ("USDT", "-1.50000000")
        whole = await hear(socket, "outboundAccountPosition")
        assert whole["B"][0]["f"] == "9998.50000000"


async def test_requests_on_the_socket_are_the_same_as_over_rest() -> None:
    async with a_market() as alice, socket_to(alice.urls["WS_URL"]) as socket:
        made = await ask(socket, alice.message("order.place", **LIMIT, newClientOrderId="w"))
        assert (made["status"], made["result"]["status"]) == (200, "NEW")
        kinds = [row["rateLimitType"] for row in made["rateLimits"]]
        assert kinds == ["ORDERS", "ORDERS", "REQUEST_WEIGHT"]
        ids: dict[str, Any] = {"symbol": SYMBOL, "origClientOrderId": "w"}
        seen = await ask(socket, alice.message("order.status", **ids))
        assert seen["result"]["orderId"] == made["result"]["orderId"]
        opened = await ask(socket, alice.message("openOrders.status"))
        assert len(opened["result"]) == 1
        gone = await ask(socket, alice.message("order.cancel", **ids))
        assert gone["result"]["status"] == "CANCELED"
        poor = await ask(socket, alice.message("order.place", **LIMIT | {"quantity": 50}))
        assert (poor["status"], poor["error"]) == (
            400,
            {"code": -2010, "msg": "Account has insufficient balance for requested action."},
        )
        assert (await ask(socket, alice.message("time", signed=False)))["status"] == 200
        for method in ("no.such", "userDataStream.start"):
            found = await ask(socket, alice.message(method, signed=False))
            assert found["status"] in (404, 410)
        await alice.arm("http_418", endpoint="WS order.place", seconds=60)
        banned = await ask(socket, alice.message("order.place", **LIMIT))
        assert (banned["status"], banned["error"]["code"]) == (418, -1003)
        waits = banned["error"]["data"]
        assert waits["retryAfter"] - waits["serverTime"] == 60_000


async def test_an_answer_lost_on_the_socket_cuts_it_and_the_order_is_there() -> None:
    async with a_market() as alice, socket_to(alice.urls["WS_URL"]) as socket:
        await alice.arm("http_lose_after", endpoint="WS order.place")
        with pytest.raises(ConnectionClosed):
            await ask(socket, alice.message("order.place", **LIMIT))
        assert len((await alice.truth())["orders"]) == 1


async def test_a_session_is_for_ed25519_alone() -> None:
    async with a_market(account="bob") as bob, socket_to(bob.urls["WS_URL"]) as socket:
        refused = await ask(socket, {"id": 1, "method": "userDataStream.subscribe"})
        assert refused["error"]["code"] == -2015
        on = await ask(socket, bob.message("session.logon"))
        assert on["result"]["apiKey"] == bob.key.api_key
        assert (await ask(socket, {"id": 2, "method": "userDataStream.subscribe"}))["result"] == {
            "subscriptionId": 0
        }
        again = await ask(socket, bob.message(SUBSCRIBE))
        assert again["error"]["code"] == -2035
        listed = await ask(socket, {"id": 3, "method": "session.subscriptions"})
        assert listed["result"] == [{"subscriptionId": 0}]
        stamp = bob.message("x")["params"]["timestamp"]
        plain = {"id": 4, "method": "order.place", "params": LIMIT | {"timestamp": stamp}}
        assert (await ask(socket, plain))["status"] == 200
        off = await ask(socket, {"id": 5, "method": "session.logout"})
        assert (off["result"]["apiKey"], off["result"]["userDataStream"]) == (None, False)
        assert (await ask(socket, plain | {"id": 6}))["error"]["code"] == -2014
    async with a_market() as alice, socket_to(alice.urls["WS_URL"]) as socket:
        found = await ask(socket, alice.message("session.logon"))
        assert found["status"] == 400
        bad = alice.message(SUBSCRIBE)
        bad["params"]["signature"] = "0" * 64
        assert (await ask(socket, bad))["error"]["code"] == -1022


async def test_an_unsubscribed_stream_says_so_and_is_silent() -> None:
    async with a_market() as alice, socket_to(alice.urls["WS_URL"]) as socket:
        await listening(alice, socket)
        wrong = {"id": 1, "method": "userDataStream.unsubscribe", "params": {"subscriptionId": 9}}
        assert (await ask(socket, wrong))["error"]["code"] == -2036
        await socket.send('{"id": 2, "method": "userDataStream.unsubscribe"}')
        assert (await hear(socket, "eventStreamTerminated"))["E"]
        await place(alice)
        again = await ask(socket, alice.message(SUBSCRIBE))
        assert again["result"] == {"subscriptionId": 1}


async def test_the_venue_says_goodbye_and_cuts() -> None:
    async with a_market() as alice, socket_to(alice.urls["WS_URL"]) as socket:
        await listening(alice, socket)
        assert (await alice.arm("ws_goodbye"))["hit"] == 1
        frame = msgspec.json.decode(await received(socket))
        assert frame["event"]["e"] == "serverShutdown"
        assert "subscriptionId" not in frame
        assert (await alice.admin("POST", "/disconnect"))["hit"] == 1
        with pytest.raises(ConnectionClosed):
            await received(socket)
        await alice.arm("ws_refuse", channel="private")
        with pytest.raises(InvalidStatus, match="503"):
            await socket_to(alice.urls["WS_URL"])


async def test_frames_are_doubled_swapped_dropped_and_silenced() -> None:
    async with a_market() as alice, socket_to(alice.urls["WS_URL"]) as socket:
        await listening(alice, socket)
        await alice.arm("ws_duplicate", channel="executionReport")
        await place(alice)
        twins = [await hear(socket, "executionReport") for _ in range(2)]
        assert twins[0] == twins[1]
        await alice.arm("ws_reorder", channel="executionReport")
        await place(alice, price="2501", timeInForce="IOC")
        assert [(await hear(socket, "executionReport"))["x"] for _ in range(2)] == ["TRADE", "NEW"]
        await alice.arm("ws_drop", channel="executionReport", ticker=SYMBOL)
        await place(alice, newClientOrderId="unheard")
        await place(alice, newClientOrderId="heard")
        assert (await hear(socket, "executionReport"))["c"] == "heard"
        await alice.arm("ws_silent", count=None)
        await place(alice)
        await (await socket.ping())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await hear(socket, "executionReport")


async def test_a_connection_lives_only_so_long_and_must_pong() -> None:
    async with (
        a_market(ping_interval_s=0.02, life_s=0.05) as alice,
        socket_to(alice.urls["WS_URL"]) as socket,
    ):
        with pytest.raises(ConnectionClosed):
            await hear(socket)


async def test_market_streams() -> None:
    async with a_market() as alice:
        names = "ethusdt@bookTicker/ethusdt@depth@100ms/ethusdt@depth5"
        combined = f"{alice.base}/stream?streams={names}"
        raw = alice.urls["PUBLIC_WS_URL"]
        async with socket_to(combined) as both, socket_to(raw) as single:
            subscribe = {"method": "SUBSCRIBE", "params": ["ethusdt@bookTicker"], "id": 7}
            assert await ask(single, subscribe) == {"result": None, "id": 7}
            listed = await ask(single, {"method": "LIST_SUBSCRIPTIONS", "id": 8})
            assert listed["result"] == ["ethusdt@bookTicker"]
            book = {"bids": [["2500", "1"], ["2499", "2"]]}
            await alice.admin("PUT", f"/instruments/{SYMBOL}/book", book)
            top = await hear(single)
            assert (top["b"], top["B"], top["s"]) == ("2500.00000000", "1.00000000", SYMBOL)
            assert top.keys() == set("usbBaA")
            frames = {}
            for _ in range(3):
                frame = msgspec.json.decode(await received(both))
                frames[frame["stream"]] = frame["data"]
            assert frames["ethusdt@bookTicker"] == top
            diff = frames["ethusdt@depth@100ms"]
            assert ["2500.00000000", "1.00000000"] in diff["b"]
            assert diff["u"] == top["u"] >= diff["U"]
            assert frames["ethusdt@depth5"]["bids"][0] == ["2500.00000000", "1.00000000"]
            off = {"method": "UNSUBSCRIBE", "params": ["ethusdt@bookTicker"], "id": 9}
            await ask(single, off)
            assert (await ask(single, {"method": "X", "id": 10}))["error"]["code"] == 2
            await single.send("{")
            assert (await hear(single))["error"]["code"] == 3
            await alice.admin("POST", "/disconnect")
            with pytest.raises(ConnectionClosed):
                await hear(single, "never")


async def test_what_is_no_request_is_answered_all_the_same() -> None:
    async with a_market() as alice, socket_to(alice.urls["WS_URL"]) as socket:
        for text in ("{", "[]"):
            await socket.send(text)
            found = msgspec.json.decode(await received(socket))
            assert (found["id"], found["status"]) == (None, 404)
        await alice.arm("ws_refuse", channel="market", status=502)
        with pytest.raises(InvalidStatus, match="502"):
            await socket_to(alice.urls["PUBLIC_WS_URL"])


async def test_a_connection_that_does_not_pong_is_cut() -> None:
    async with a_market(ping_interval_s=0.02, pong_limit_s=0.05) as alice:
        reader, writer = await asyncio.open_connection(*alice.base.removeprefix("ws://").split(":"))
        writer.write(
            b"GET /ws-api/v3 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(30):
                said = await reader.read()
            assert said.startswith(b"HTTP/1.1 101")
        writer.close()
    # Longer than a machine may stall.
    async with (
        a_market(ping_interval_s=0.02, pong_limit_s=4.0) as alice,
        socket_to(alice.urls["WS_URL"]) as socket,
    ):
        await asyncio.sleep(4.5)
        assert (await ask(socket, alice.message("ping", signed=False)))["status"] == 200
