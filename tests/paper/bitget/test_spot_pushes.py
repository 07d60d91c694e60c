"""What a classic spot member is pushed: the life of an order, fee signs, coins."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from daemon.paper.bitget.spot_views import fee_text
from daemon.paper.bitget.tally import fees
from daemon.paper.crypto.model import Fill, PositionSide
from daemon.paper.model import Side
from tests.paper.bitget.builders import SYMBOL, Client, a_market, hear, listen, say, socket_to

ORDERS = {"instType": "SPOT", "channel": "orders", "instId": "default"}
FILL = ORDERS | {"channel": "fill"}
ACCOUNT = {"instType": "SPOT", "channel": "account", "coin": "default"}
OF_FILLS = {"fillPrice", "tradeId", "baseVolume", "fillTime", "fillFee", "fillFeeCoin"}


async def place(client: Client, **changes: Any) -> Any:
    order = {"symbol": SYMBOL, "side": "buy", "orderType": "limit", "force": "gtc", "size": "1"}
    found = await client.post(
        "/api/v2/spot/trade/place-order", **order | {"price": "2400"} | changes
    )
    return found.data


async def test_the_last_fill_too_is_partial_and_a_row_without_one_ends_it() -> None:
    async with a_market() as alice, socket_to(alice) as socket:
        await listen(alice, socket, ORDERS)
        made = await place(alice, clientOid="cid-1")
        live = await hear(socket)
        assert (live["status"], live["accBaseVolume"], live["priceAvg"]) == ("live", "0", "0")
        assert (live["orderId"], live["instId"], live["feeDetail"]) == (made["orderId"], SYMBOL, [])
        await alice.sweep("ask", "2400", "0.4")
        await alice.sweep("ask", "2400", "0.6")
        first, second, done = [await hear(socket) for _ in range(3)]
        names = ("status", "baseVolume", "accBaseVolume", "fillFee", "fillFeeCoin", "tradeScope")
        assert [first[k] for k in names] == [
            "partially_filled",
            "0.4",
            "0.4",
            "-0.0004",
            "ETH",
            "M",
        ]
        assert [second[k] for k in names] == ["partially_filled", "0.6", "1", "-0.0006", "ETH", "M"]
        assert second["feeDetail"] == [{"feeCoin": "ETH", "fee": "-0.001"}]
        assert (done["status"], done["accBaseVolume"], done["priceAvg"]) == ("filled", "1", "2400")
        assert not OF_FILLS & done.keys()
        truth = (await alice.truth())["fills"]
        assert [str(f["trade_id"]) for f in truth] == [first["tradeId"], second["tradeId"]]


async def test_a_cancel_after_a_fill_and_one_that_echoes_it() -> None:
    for echoes in (False, True):
        async with a_market(echo_last_fill=echoes) as alice, socket_to(alice) as socket:
            await listen(alice, socket, ORDERS)
            await place(alice, price="2501", force="ioc", size="3")
            rows = [await hear(socket) for _ in range(3)]
            assert [row["status"] for row in rows] == ["live", "partially_filled", "cancelled"]
            assert rows[2]["cancelReason"] == "normal_cancel"
            assert (rows[2].get("tradeId") == rows[1]["tradeId"]) is echoes


async def test_the_fill_channel_writes_a_paid_fee_above_zero() -> None:
    async with a_market() as alice, socket_to(alice) as socket:
        await listen(alice, socket, FILL)
        await place(alice, price="2501", force="ioc")
        row = await hear(socket)
        assert row["feeDetail"] == [
            {"deduction": "no", "feeCoin": "ETH", "totalDeductionFee": "0", "totalFee": "0.001"}
        ]
        assert (row["priceAvg"], row["size"], row["amount"]) == ("2501", "1", "2501")
        assert "clientOid" not in row


async def test_coins_are_dumped_first_and_then_told_as_they_change() -> None:
    async with a_market() as alice, socket_to(alice) as socket:
        await listen(alice, socket)
        await say(socket, {"op": "subscribe", "args": [ACCOUNT]})
        frame = await hear(socket)
        assert (frame["coin"], frame["available"]) == ("USDT", "10000")
        await place(alice)
        locked = await hear(socket, "account")
        assert (locked["coin"], locked["available"], locked["frozen"]) == ("USDT", "7600", "2400")


async def test_own_orders_that_meet() -> None:
    async with a_market() as alice, socket_to(alice) as socket:
        await listen(alice, socket, ORDERS)
        await place(alice, side="sell", price="2500.5")
        await place(alice, price="2500.5", stpMode="cancel_maker", clientOid="second")
        await hear(socket)
        await hear(socket)
        ended = await hear(socket)
        assert (ended["status"], ended["cancelReason"]) == ("cancelled", "stp_cancel")


def test_small_fees_have_exponents_in_the_text() -> None:
    fill = Fill(
        trade_id=1,
        order_id=1,
        client_order_id="x",
        account="alice",
        symbol=SYMBOL,
        side=Side.BID,
        position_side=PositionSide.BOTH,
        price=Decimal(1),
        qty=Decimal(1),
        fee=Decimal("0.000000089"),
        fee_coin="BTC",
        is_maker=False,
        realized=Decimal(0),
        time_ns=0,
        visible_ns=0,
    )
    assert fees([fill, fill]) == {"BTC": Decimal("0.000000178")}
    assert '"totalFee":-8.9E-8' in fee_text([fill])
    assert fee_text([]) == ""
