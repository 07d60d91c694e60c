"""USD-M's listen keys, private stream and market streams over real sockets.

Drives daemon.paper.binance.usdm_hub.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from daemon.paper.binance.listen_keys import ListenKeys
from daemon.paper.clock import SECOND_NS, ManualClock
from tests.paper.binance.builders import SYMBOL, Client, a_market, hear, received, socket_to

KEY = "/fapi/v1/listenKey"


async def listen_key(client: Client) -> str:
    headers = {"X-MBX-APIKEY": client.key.api_key}
    return str((await client.raw("POST", KEY, "", "", headers)).body["listenKey"])


async def buy(client: Client, **changes: Any) -> Any:
    terms = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "1"}
    return (await client.call("POST", "/fapi/v1/order", **terms | changes)).body


@pytest.mark.parametrize("shape", ["/private/ws/{}", "/private/ws?listenKey={}"])
async def test_a_fill_is_told_thrice(shape: str) -> None:
    async with a_market("binance_usdm") as alice:
        url = alice.base + shape.format(await listen_key(alice))
        async with socket_to(url) as socket:
            made = await buy(alice, quantity="3", newClientOrderId="cid")
            events = [await hear(socket) for _ in range(7)]
            kinds = [e["e"] for e in events]
            fill = ["TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"]
            assert kinds == ["ORDER_TRADE_UPDATE", *fill, *fill]
            new, lite, first, moved = events[0]["o"], events[1], events[2]["o"], events[3]["a"]
            assert (new["x"], new["X"], new["l"], new["t"]) == ("NEW", "NEW", "0", 0)
            assert not {"n", "N"} & new.keys()
            assert [first[k] for k in "xXlLznNiRm"] == [
                *("TRADE", "PARTIALLY_FILLED", "2", "2501", "2", "2.0008", "USDT"),
                *(made["orderId"], False, False),
            ]
            assert (lite["t"], lite["c"], lite["L"]) == (first["t"], "cid", "2501")
            assert not {"n", "X", "z", "ps", "R"} & lite.keys()
            assert moved["m"] == "ORDER"
            assert (moved["P"][0]["pa"], moved["P"][0]["ep"]) == ("2", "2501")
            assert (moved["P"][0]["ps"], moved["B"][0]["wb"]) == ("BOTH", "9997.9992")
            last = events[5]["o"]
            assert (last["X"], last["ap"], last["z"]) == ("FILLED", "2501.33333333", "3")
            truth = (await alice.truth())["fills"]
            assert [f["trade_id"] for f in truth] == [first["t"], last["t"]]


async def test_the_combined_form_a_filter_and_the_order_of_frames() -> None:
    async with a_market("binance_usdm", account_frames="before") as alice:
        key = await listen_key(alice)
        base = alice.base + "/private"
        chosen = f"{base}/ws?listenKey={key}&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE"
        async with socket_to(f"{base}/stream?listenKey={key}") as whole, socket_to(chosen) as some:
            await buy(alice)
            frame = await received(whole)
            assert isinstance(frame, str)
            assert frame.startswith(f'{{"stream":"{key}","data":')
            order = [(await hear(some))["e"] for _ in range(3)]
            assert order == ["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
            await alice.arm("key_expires")
            assert (await hear(whole, "listenKeyExpired"))["listenKey"] == key
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await hear(some)


async def test_cancels_expiries_amendments_and_settings() -> None:
    async with a_market("binance_usdm") as alice:
        key = await listen_key(alice)
        async with socket_to(f"{alice.base}/private/ws/{key}") as socket:

            async def update() -> Any:
                return (await hear(socket, "ORDER_TRADE_UPDATE"))["o"]

            limit = {"type": "LIMIT", "timeInForce": "GTC", "price": "2400"}
            made = await buy(alice, **limit)
            assert (await update())["X"] == "NEW"
            ids = {"symbol": SYMBOL, "orderId": made["orderId"]}
            new: dict[str, Any] = {"side": "BUY", "quantity": "2", "price": "2410"}
            await alice.call("PUT", "/fapi/v1/order", **ids, **new)
            amended = await update()
            assert [amended[k] for k in ("x", "X", "q", "p")] == ["AMENDMENT", "NEW", "2", "2410"]
            await alice.call("DELETE", "/fapi/v1/order", **ids)
            gone = await update()
            assert [gone[k] for k in "xXlt"] == ["CANCELED", "CANCELED", "0", 0]
            await buy(alice, **limit | {"timeInForce": "IOC"})
            assert (await update())["x"] == "NEW"
            rest = await update()
            assert [rest[k] for k in ("x", "X", "er")] == ["EXPIRED", "EXPIRED", "2"]
            await alice.call("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=7)
            assert (await hear(socket, "ACCOUNT_CONFIG_UPDATE"))["ac"] == {"s": SYMBOL, "l": 7}


async def test_a_liquidation_funding_and_deposits() -> None:
    async with a_market("binance_usdm") as alice:
        await buy(alice)
        key = await listen_key(alice)
        async with socket_to(f"{alice.base}/private/ws/{key}") as socket:
            await alice.admin("PUT", f"/instruments/{SYMBOL}/mark", {"mark_px": "2500"})
            await alice.admin("POST", f"/instruments/{SYMBOL}/funding", {"rate": "0.0001"})
            paid = (await hear(socket))["a"]
            assert (paid["m"], paid["P"], paid["B"][0]["bc"]) == ("FUNDING_FEE", [], "-0.25")
            await alice.admin("POST", "/accounts/alice/cash", {"coin": "USDT", "qty": "5"})
            assert (await hear(socket))["a"]["m"] == "DEPOSIT"
            close = {"symbol": SYMBOL, "price": "2300"}
            await alice.admin("POST", "/accounts/alice/close", close)
            new, fill = (await hear(socket))["o"], (await hear(socket))["o"]
            assert new["c"].startswith("autoclose-")
            assert (new["x"], new["o"]) == ("NEW", "LIQUIDATION")
            assert [fill[k] for k in "xXlS"] == ["CALCULATED", "FILLED", "1", "SELL"]
            assert (await hear(socket))["a"]["P"][0]["pa"] == "0"


async def test_one_live_key_an_account_kept_deleted_and_missed() -> None:
    async with a_market("binance_usdm") as alice:
        headers = {"X-MBX-APIKEY": alice.key.api_key}
        missing = await alice.raw("PUT", KEY, "", "", headers)
        assert missing.body == {"code": -1125, "msg": "This listenKey does not exist."}
        key = await listen_key(alice)
        assert len(key) == 64
        assert await listen_key(alice) == key
        assert (await alice.raw("PUT", KEY, "", "", headers)).body == {"listenKey": key}
        async with socket_to(f"{alice.base}/private/ws/{key}") as socket:
            await alice.raw("DELETE", KEY, "", "", headers)
            await buy(alice)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await hear(socket)
        assert await listen_key(alice) != key
        assert (await alice.raw("POST", KEY, "", "", {})).status == 401


def test_a_key_lives_its_time_and_no_longer() -> None:
    clock, ended = ManualClock(), []
    keys = ListenKeys(clock, 3600, lambda key: ended.append(key.text))
    first = keys.open("a")
    clock.advance_ns(3000 * SECOND_NS)
    assert keys.keep("a") == first
    clock.advance_ns(3599 * SECOND_NS)
    keys.tick()
    assert ended == []
    clock.advance_ns(SECOND_NS)
    keys.tick()
    assert (ended, keys.owner(first), keys.keep("a")) == ([first], None, None)


async def test_the_retired_path_shakes_hands_and_says_nothing() -> None:
    async with a_market("binance_usdm", ping_interval_s=0.02) as alice:
        key, base = await listen_key(alice), alice.base
        for path in (f"/ws/{key}", "/ws/ethusdt@bookTicker", f"/stream?streams={key}"):
            async with socket_to(base + path) as silent:
                await buy(alice, quantity="0.01")
                await (await silent.ping())
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await received(silent)
        async with socket_to(f"{base}/private/ws/nonsense") as nobody:
            await buy(alice, quantity="0.01")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await received(nobody)


async def test_market_streams_have_their_prefix() -> None:
    async with a_market("binance_usdm") as alice:
        url = f"{alice.base}/public/ws/ethusdt@bookTicker"
        deep = f"{alice.base}/public/stream?streams=ethusdt@depth/ethusdt@depth5"
        async with socket_to(url) as top, socket_to(deep) as both:
            book = {"bids": [["2500", "1"]]}
            await alice.admin("PUT", f"/instruments/{SYMBOL}/book", book)
            event = await hear(top)
            assert (event["e"], event["b"], event["B"], event["a"]) == (
                *("bookTicker", "2500", "1", "2501"),
            )
            assert {"E", "T", "u"} < event.keys()
            diff, five = await hear(both), await hear(both)
            assert {"U", "u", "pu", "E", "T"} < diff.keys()
            assert five["b"] == [["2500", "1"]]


async def test_connections_are_cut_and_refused() -> None:
    async with a_market("binance_usdm") as alice:
        key, base = await listen_key(alice), alice.base
        async with socket_to(f"{base}/private/ws/{key}") as socket:
            assert (await alice.arm("ws_disconnect", account="alice"))["hit"] == 1
            with pytest.raises(ConnectionClosed):
                await received(socket)
        await alice.arm("ws_refuse", account="alice", status=503)
        with pytest.raises(InvalidStatus):
            await socket_to(f"{base}/private/ws/{key}")
        async with socket_to(f"{base}/private/ws/{key}") as socket:
            await alice.arm("ws_disconnect", on_frame=True, channel="TRADE_LITE")
            await buy(alice)
            with pytest.raises(ConnectionClosed):
                await hear(socket, "never")
        await alice.admin("PUT", "/reads", {"private_frames": "after_ack", "after_ack_ms": 500})
        async with socket_to(f"{base}/private/ws/{key}") as socket:
            await buy(alice, quantity="0.1")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await received(socket)
            assert (await hear(socket))["e"] == "ORDER_TRADE_UPDATE"
