"""What a classic futures member is pushed: orders with their fills, positions, forced closes."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.paper.bitget.mix_views import hold_word
from daemon.paper.bitget.words import direction
from daemon.paper.crypto.model import Origin, Position, PositionSide
from daemon.paper.model import Side
from daemon.paper.units import ONE
from tests.paper.bitget.builders import (
    FUTURES,
    SYMBOL,
    Client,
    a_market,
    hear,
    listen,
    say,
    socket_to,
)

BASE = {"instType": "USDT-FUTURES", "instId": "default"}
ORDERS, FILL = BASE | {"channel": "orders"}, BASE | {"channel": "fill"}
HELD, CLOSED = BASE | {"channel": "positions"}, BASE | {"channel": "positions-history"}
ACCOUNT = {"instType": "USDT-FUTURES", "channel": "account", "coin": "default"}


async def place(client: Client, **changes: Any) -> Any:
    order = {"productType": "USDT-FUTURES", "symbol": SYMBOL, "marginMode": "crossed"}
    order |= {"marginCoin": "USDT", "side": "buy", "orderType": "market", "size": "1"}
    return (await client.post("/api/v2/mix/order/place-order", **order | changes)).data


async def test_the_last_row_carries_the_last_fill() -> None:
    async with a_market(FUTURES) as alice, socket_to(alice) as socket:
        await listen(alice, socket, ORDERS)
        await place(alice, size="3")
        rows = [await hear(socket) for _ in range(3)]
        assert [row["status"] for row in rows] == ["live", "partially_filled", "filled"]
        assert [row.get("baseVolume") for row in rows] == [None, "2", "1"]
        assert [row["accBaseVolume"] for row in rows] == ["0", "2", "3"]
        assert [row.get("fillFee") for row in rows] == [None, "-5.002", "-2.502"]
        assert {(row["posMode"], row["posSide"]) for row in rows} == {("one_way_mode", "net")}
        assert "priceAvg" not in rows[0]
        await place(alice, orderType="limit", force="ioc", price="2600", side="sell")
        assert [(await hear(socket))["status"] for _ in range(2)] == ["live", "canceled"]


async def test_the_fill_channel_writes_a_paid_fee_below_zero_and_names_the_order() -> None:
    async with a_market(FUTURES, "bob") as bob, socket_to(bob) as socket:
        await listen(bob, socket, FILL)
        await place(bob, tradeSide="open", clientOid="a")
        await place(bob, tradeSide="close", clientOid="b", size="0.4")
        opened, closed = await hear(socket), await hear(socket)
        names = ("clientOid", "side", "tradeSide", "posMode", "baseVolume")
        assert [opened[k] for k in names] == ["a", "buy", "open", "hedge_mode", "1"]
        assert [closed[k] for k in names] == ["b", "buy", "close", "hedge_mode", "0.4"]
        assert (opened["feeDetail"][0]["totalFee"], closed["profit"]) == ("-2.501", "-0.8")


async def test_positions_are_all_that_is_held_and_a_closed_one_is_missing() -> None:
    async with a_market(FUTURES) as alice, socket_to(alice) as socket:
        await listen(alice, socket, HELD, CLOSED)
        await place(alice)
        row = await hear(socket, "positions")
        assert [row[k] for k in ("instId", "holdSide", "total", "openPriceAvg", "leverage")] == [
            *(SYMBOL, "long", "1", "2501", 20),
        ]
        await place(alice, side="sell", reduceOnly="YES")
        past = await hear(socket, "positions-history")
        assert [past[k] for k in ("holdSide", "closePriceAvg", "achievedProfits")] == [
            *("long", "2499", "-2"),
        ]
        await place(alice, side="sell")
        await place(alice)
        assert (await hear(socket, "positions"))["holdSide"] == "short"
        past = await hear(socket, "positions-history")
        assert [past[k] for k in ("holdSide", "achievedProfits")] == ["short", "-2"]


async def test_what_there_is_comes_first() -> None:
    async with a_market(FUTURES) as alice:
        await place(alice)
        async with socket_to(alice) as socket:
            await listen(alice, socket)
            await say(socket, {"op": "subscribe", "args": [HELD, ACCOUNT]})
            assert (await hear(socket, "positions"))["total"] == "1"
            margin = await hear(socket, "account")
            assert (margin["marginCoin"], margin["equity"]) == ("USDT", "9997.499")


@pytest.mark.parametrize("origin", ["liquidation", "adl"])
async def test_a_forced_close_was_never_placed_by_the_member(origin: str) -> None:
    async with a_market(FUTURES) as alice, socket_to(alice) as socket:
        await listen(alice, socket, ORDERS, BASE | {"channel": "adl-noti"})
        await place(alice)
        await hear(socket)
        await hear(socket)
        close = {"symbol": SYMBOL, "price": "2000", "origin": origin}
        await alice.admin("POST", "/accounts/alice/close", close)
        if origin == "adl":
            notice = await hear(socket, "adl-noti")
            assert (notice["symbol"], notice["status"]) == (SYMBOL, "triggered")
        rows = [await hear(socket, "orders") for _ in range(2)]
        assert [row["status"] for row in rows] == ["live", "filled"]
        prefix = "burst" if origin == "liquidation" else "dte_sys_adl"
        assert {(r["enterPointSource"], r["tradeSide"].startswith(prefix)) for r in rows} == {
            ("SYS", True)
        }


def test_directions() -> None:
    assert direction(PositionSide.SHORT, Side.BID, Origin.MEMBER) == ("sell", "close")
    assert direction(PositionSide.SHORT, Side.BID, Origin.ADL) == (
        *("sell", "dte_sys_adl_close_short"),
    )
    short = Position(
        account="a", symbol=SYMBOL, position_side=PositionSide.BOTH, qty=-ONE, cost=ONE
    )
    assert hold_word(short) == "short"
