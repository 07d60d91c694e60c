"""The websocket over a real client: handshake, commands, numbering, channels, snapshots."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from daemon.paper.config import ReadConfig, WebsocketConfig
from daemon.paper.kalshi import frames, gate, hub, session
from daemon.paper.kalshi.subscriptions import Subscriptions, WsCode
from tests.paper.builders import TICKER, Client, a_client, a_config, hear, say

PRIVATE = ["fill", "user_orders", "market_positions"]


async def subscribe(socket: ClientConnection, *channels: str, **params: Any) -> list[int]:
    """Subscribe and return the sids."""
    await say(socket, id=1, cmd="subscribe", params={"channels": list(channels)} | params)
    sids = []
    for channel in channels:
        frame = await hear(socket, "subscribed")
        assert (frame["id"], frame["msg"]["channel"]) == (1, channel)
        sids.append(frame["msg"]["sid"])
    return sids


async def test_a_book_is_a_snapshot_and_then_numbered_changes() -> None:
    async with a_client() as alice, alice.socket() as socket:
        (sid,) = await subscribe(
            socket, "orderbook_delta", market_ticker=TICKER, use_yes_price=True
        )
        snapshot = await hear(socket)
        assert (snapshot["type"], snapshot["sid"], snapshot["seq"]) == (
            "orderbook_snapshot",
            sid,
            1,
        )
        assert snapshot["sending_ts_ms"] > 0
        assert snapshot["msg"]["yes_dollars_fp"] == [["0.4500", "30.00"], ["0.4800", "20.00"]]
        assert snapshot["msg"]["no_dollars_fp"] == [["0.5200", "20.00"], ["0.5500", "30.00"]]
        await alice.order(
            "bid", "1", "0.47", time_in_force="good_till_canceled", client_order_id="m"
        )
        await alice.order("bid", "20", "0.52")
        own, taken = await hear(socket), await hear(socket)
        assert (own["seq"], own["msg"]["delta_fp"], own["msg"]["side"]) == (2, "1.00", "yes")
        assert (own["msg"]["client_order_id"], own["msg"]["subaccount"]) == ("m", 0)
        assert (taken["seq"], taken["msg"]["delta_fp"], taken["msg"]["side"]) == (3, "-20.00", "no")
        assert taken["msg"]["price_dollars"] == "0.5200"
        assert "client_order_id" not in taken["msg"]
        assert taken["msg"]["clock"] == own["msg"]["clock"] + 1
        params = {"sids": [sid], "market_tickers": [TICKER], "action": "get_snapshot"}
        await say(socket, id=9, cmd="update_subscription", params=params)
        again = await hear(socket)
        assert (again["type"], again["id"], again["seq"]) == ("orderbook_snapshot", 9, 4)


async def test_no_levels_are_no_prices_by_default_and_an_empty_side_has_no_key() -> None:
    async with a_client() as alice, alice.socket() as socket:
        await alice.admin("PUT", f"/markets/{TICKER}/book", {"bids": []})
        await subscribe(socket, "orderbook_delta", market_tickers=[TICKER])
        snapshot = await hear(socket)
        assert "yes_dollars_fp" not in snapshot["msg"]
        assert snapshot["msg"]["no_dollars_fp"] == [["0.4500", "30.00"], ["0.4800", "20.00"]]


async def test_private_channels_tell_a_fill_without_numbers() -> None:
    async with a_client() as alice, alice.socket() as socket:
        await subscribe(socket, *PRIVATE)
        made = await alice.order("ask", "4", "0.01", client_order_id="x", reduce_only=True)
        fill = await hear(socket, "fill")
        assert "seq" not in fill
        assert fill["msg"]["client_order_id"] == "x"
        assert fill["msg"]["order_id"] == made.body["order_id"]
        assert (fill["msg"]["post_position_fp"], fill["msg"]["purchased_side"]) == ("6.00", "no")
        assert fill["msg"]["fee_cost"] == "0.069900"
        order = await hear(socket, "user_order")
        assert (order["msg"]["status"], order["msg"]["last_update_reason"]) == ("executed", "Trade")
        assert order["msg"]["ticker"] == TICKER
        assert "action" not in order["msg"]
        position = await hear(socket, "market_position")
        assert (position["msg"]["position_fp"], position["msg"]["volume_fp"]) == ("6.00", "14.00")
        listed = (await alice.call("GET", "/portfolio/fills?limit=1")).body["fills"][0]
        assert listed["trade_id"] == fill["msg"]["trade_id"]


async def test_nobody_hears_another_account() -> None:
    async with a_client() as alice, alice.socket() as socket:
        bob = Client(alice.server, alice._http, "bob")
        await subscribe(socket, *PRIVATE, "trade")
        await bob.order("bid", "1", "0.60")
        assert (await hear(socket))["type"] == "trade"


async def test_public_channels() -> None:
    async with a_client() as alice, alice.socket() as socket:
        params = {"market_ticker": TICKER, "send_initial_snapshot": True}
        await subscribe(socket, "ticker", **params)
        first = await hear(socket)
        assert (first["type"], first["msg"]["yes_bid_dollars"]) == ("ticker", "0.4800")
        await subscribe(socket, "trade", "market_lifecycle_v2", market_ticker=TICKER)
        await alice.order("bid", "1", "0.52")
        trade = await hear(socket, "trade")
        assert (trade["seq"], trade["msg"]["taker_book_side"]) == (1, "bid")
        ticker = await hear(socket, "ticker")
        assert (ticker["msg"]["last_trade_size_fp"], ticker["msg"]["yes_ask_size_fp"]) == (
            "1.00",
            "19.00",
        )
        assert "seq" not in ticker
        await alice.admin("POST", f"/markets/{TICKER}/pause")
        await alice.admin("POST", f"/markets/{TICKER}/activate")
        await alice.admin("POST", f"/markets/{TICKER}/determine", {"result": "no"})
        wanted = ["deactivated", "activated", "close_date_updated", "determined", "settled"]
        for seq, event in enumerate(wanted, start=1):
            frame = await hear(socket, "market_lifecycle_v2")
            assert (frame["seq"], frame["msg"]["event_type"]) == (seq, event)


async def test_subscriptions_merge_change_and_end() -> None:
    other = "KXT-26-B"
    async with a_client() as alice, alice.socket() as socket:
        await alice.admin("POST", "/markets", {"ticker": other})
        (sid,) = await subscribe(socket, "orderbook_delta", market_tickers=[TICKER])
        assert await subscribe(socket, "orderbook_delta", market_tickers=[other]) == [sid]
        params: dict[str, Any] = {
            "sids": [sid],
            "market_tickers": [other],
            "action": "delete_markets",
        }
        await say(socket, id=3, cmd="update_subscription", params=params)
        ok = await hear(socket, "ok")
        assert (ok["id"], ok["sid"], ok["seq"]) == (3, sid, 3)
        assert ok["msg"] == {"market_tickers": [TICKER]}
        await say(socket, id=4, cmd="list_subscriptions")
        assert (await hear(socket, "ok"))["msg"] == [{"channel": "orderbook_delta", "sid": sid}]
        await say(socket, id=5, cmd="unsubscribe", params={"sids": [sid]})
        gone = await hear(socket)
        assert (gone["type"], gone["id"], gone["sid"], gone["seq"]) == ("unsubscribed", 5, sid, 4)
        # The AsyncAPI requires a number here on every channel, also where no other frame has one.
        (sid,) = await subscribe(socket, "fill")
        await say(socket, id=6, cmd="unsubscribe", params={"sids": [sid]})
        gone = await hear(socket, "unsubscribed")
        assert (gone["id"], gone["sid"], gone["seq"]) == (6, sid, 1)


SUBSCRIBE = "subscribe"
ERRORS: list[tuple[dict[str, Any], WsCode]] = [
    ({"id": 1}, WsCode.UNABLE),
    ({"id": 1, "cmd": "dance"}, WsCode.UNKNOWN_COMMAND),
    ({"id": 1, "cmd": SUBSCRIBE}, WsCode.PARAMS_REQUIRED),
    ({"id": 1, "cmd": SUBSCRIBE, "params": {}}, WsCode.CHANNELS_REQUIRED),
    ({"id": 1, "cmd": SUBSCRIBE, "params": {"channels": ["x"]}}, WsCode.UNKNOWN_CHANNEL),
    (
        {"id": 1, "cmd": SUBSCRIBE, "params": {"channels": ["orderbook_delta"]}},
        WsCode.TICKER_REQUIRED,
    ),
    (
        {"id": 1, "cmd": SUBSCRIBE, "params": {"channels": ["trade"], "market_ticker": "none"}},
        WsCode.INVALID_PARAMETER,
    ),
    ({"id": 1, "cmd": "unsubscribe", "params": {}}, WsCode.SIDS_REQUIRED),
    ({"id": 1, "cmd": "unsubscribe", "params": {"sids": [9]}}, WsCode.UNKNOWN_SID),
    ({"id": 1, "cmd": "update_subscription", "params": {"sids": [1, 2]}}, WsCode.ONE_SID),
    ({"id": 1, "cmd": "update_subscription", "params": {"sid": 9}}, WsCode.UNKNOWN_SID),
    ({"id": 1, "cmd": "update_subscription", "params": {"sid": 1}}, WsCode.ACTION_REQUIRED),
    (
        {"id": 1, "cmd": "update_subscription", "params": {"sid": 1, "action": "x"}},
        WsCode.UNSUPPORTED_ACTION,
    ),
]


async def test_every_wrong_command_has_its_code() -> None:
    async with a_client() as alice, alice.socket() as socket:
        await subscribe(socket, "trade")
        for command, code in ERRORS:
            await say(socket, **command)
            frame = await hear(socket)
            assert (frame["type"], frame["id"], frame["msg"]["code"]) == ("error", 1, code)
        await say(socket, cmd="dance", id=0)
        assert "id" not in await hear(socket)
    few = Subscriptions(knows_market=lambda _: True, max_markets=1)
    raw = '{"id":1,"cmd":"subscribe","params":{"channels":["trade"],"market_tickers":["a","b"]}}'
    assert few.command(raw)[0].frame["msg"] == {
        "code": 26,
        "msg": "Market limit per subscription exceeded",
    }


async def test_an_unsigned_handshake_is_refused() -> None:
    async with a_client() as alice:
        with pytest.raises(InvalidStatus) as refused:
            await connect(alice.server.ws_url)
        response = refused.value.response
        assert response.status_code == 401
        assert bytes(response.body or b"") == b'{"code":"token_authentication_failure"}'


async def test_the_heartbeat_is_a_ping_with_its_word() -> None:
    config = a_config(websocket=WebsocketConfig(ping_interval_s=0.02))
    async with a_client(config) as alice, alice.socket() as socket:
        heard: list[bytes] = []
        pinged = asyncio.Event()
        pong = socket.protocol.recv_frame

        def spy(frame: Any) -> None:
            heard.append(bytes(frame.data))
            pinged.set()
            pong(frame)

        socket.protocol.recv_frame = spy  # type: ignore[method-assign]
        async with asyncio.timeout(30):
            await pinged.wait()
        assert heard[0] == session.PING == b"heartbeat"


@pytest.mark.parametrize("when", ["before_ack", "after_ack"])
async def test_private_frames_come_before_or_after_the_answer(when: Any) -> None:
    reads = ReadConfig(private_frames=when, after_ack_ms=500)
    async with a_client(a_config(reads=reads)) as alice, alice.socket() as socket:
        await subscribe(socket, "fill")
        order: list[str] = []

        async def listen() -> None:
            await hear(socket, "fill")
            order.append("frame")

        async with asyncio.TaskGroup() as group:
            group.create_task(listen(), name="listener")
            await alice.order("ask", "1", "0.01")
            order.append("answer")
        assert order == (["frame", "answer"] if when == "before_ack" else ["answer", "frame"])


async def test_a_slow_reader_overflows_with_error_25() -> None:
    config = a_config(websocket=WebsocketConfig(max_queue=3))
    async with a_client(config) as alice, alice.socket() as socket:
        await subscribe(socket, "orderbook_delta", market_ticker=TICKER)
        await hear(socket, "orderbook_snapshot")
        levels = [[f"0.{n}", "1"] for n in range(10, 40)]
        await alice.admin("PUT", f"/markets/{TICKER}/book", {"bids": levels})
        frame = await hear(socket, "error")
        assert frame["msg"] == {"code": 25, "msg": "Subscription buffer overflow"}
        await say(socket, id=2, cmd="list_subscriptions")
        assert (await hear(socket, "ok"))["msg"] == []


def test_the_parts_are_here() -> None:
    assert callable(frames.trade_msg)
    assert callable(hub.Hub)
    assert gate.is_open("/markets")
    assert not gate.is_open("/portfolio/events/orders")
