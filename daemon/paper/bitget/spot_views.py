"""Classic spot's JSON for orders, fills and coins, REST and pushed. Pure.

A paid fee is below zero everywhere but in the `fill` channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from daemon.paper.bitget.tally import fees
from daemon.paper.bitget.words import (
    SIDE_WORDS,
    Json,
    average_word,
    cancel_reason,
    fill_source,
    force_word,
    limit_word,
    ms,
    signed,
    size_word,
    source_word,
    status_word,
)
from daemon.paper.crypto.holdings import Balance
from daemon.paper.crypto.model import Fill, Order
from daemon.paper.crypto.oracle import plain
from daemon.paper.units import ZERO

FEE_COIN = "BGB"
_CANCELED = "cancelled"
_NUMBERS = msgspec.json.Encoder(decimal_format="number")


def order_view(order: Order, fills: Sequence[Fill]) -> Json:
    """A row of orderInfo and history-orders."""
    return {
        "userId": "1000000001",
        "symbol": order.symbol,
        "orderId": str(order.order_id),
        "clientOid": order.client_order_id,
        "price": limit_word(order),
        "size": size_word(order),
        "orderType": order.ord_type.value,
        "side": SIDE_WORDS[order.side],
        "status": status_word(order, _CANCELED),
        "priceAvg": average_word(order),
        "baseVolume": plain(order.filled),
        "quoteVolume": plain(order.notional),
        "enterPointSource": source_word(order.origin),
        "feeDetail": fee_text(fills),
        "orderSource": "market" if order.limit_px is None else "normal",
        "cancelReason": cancel_reason(order),
        "cTime": ms(order.created_ns),
        "uTime": ms(order.updated_ns),
    }


def unfilled_view(order: Order) -> Json:
    """A row of unfilled-orders: `priceAvg` is the price that was asked for."""
    view = order_view(order, ())
    for name in ("price", "feeDetail", "cancelReason"):
        del view[name]
    return view | {
        "priceAvg": limit_word(order),
        "basePrice": "0",
        "tpslType": "normal",
        "triggerPrice": None,
    }


def fee_text(fills: Sequence[Fill]) -> str:
    """JSON in a text, with exponents where they are small; "" before the first fill."""
    if not fills:
        return ""
    rows: Json = {}
    total = deducted = ZERO
    for coin, fee in fees(fills).items():
        is_deduction = coin == FEE_COIN
        rows[coin] = {
            "deduction": is_deduction,
            "feeCoinCode": coin,
            "totalDeductionFee": _short(-fee if is_deduction else ZERO),
            "totalFee": _short(-fee),
        }
        total -= fee
        deducted -= fee if is_deduction else ZERO
    rows["newFees"] = {
        "c": 0,
        "d": _short(deducted),
        "deduction": False,
        "r": _short(total - deducted),
        "t": _short(total),
        "totalDeductionFee": 0,
    }
    return _NUMBERS.encode(rows).decode()


def _short(value: Decimal) -> Decimal:
    return value.normalize() if value else ZERO


def fee_row(fill: Fill, sign: int) -> Json:
    """`feeDetail` of one fill; `sign` is what this channel writes a paid fee with."""
    fee = signed(fill.fee * sign)
    if fill.fee_coin == FEE_COIN:
        return {"deduction": "yes", "feeCoin": FEE_COIN, "totalDeductionFee": fee, "totalFee": fee}
    return {
        "deduction": "no",
        "feeCoin": fill.fee_coin,
        "totalDeductionFee": "",
        "totalFee": fee,
    }


def fill_view(fill: Fill, order_type: str) -> Json:
    """A row of fills: no client order id."""
    return {"userId": "1000000001"} | _fill(fill, order_type) | {"feeDetail": fee_row(fill, -1)}


def _fill(fill: Fill, order_type: str) -> Json:
    return {
        "symbol": fill.symbol,
        "orderId": str(fill.order_id),
        "tradeId": str(fill.trade_id),
        "orderType": order_type,
        "side": SIDE_WORDS[fill.side],
        "priceAvg": plain(fill.price),
        "size": plain(fill.qty),
        "amount": plain(fill.qty * fill.price),
        "tradeScope": fill_source(fill),
        "cTime": ms(fill.time_ns),
        "uTime": ms(fill.time_ns),
    }


def asset_view(coin: str, balance: Balance, time_ns: int) -> Json:
    """A coin of assets and of the `account` channel."""
    return {
        "coin": coin,
        "available": plain(balance.free),
        "frozen": plain(balance.locked),
        "locked": "0",
        "limitAvailable": "0",
        "uTime": ms(time_ns),
    }


# Pushed


def order_row(order: Order, fills: Sequence[Fill]) -> Json:
    """A row of the `orders` channel without a fill of its own."""
    row: Json = {
        "instId": order.symbol,
        "orderId": str(order.order_id),
        "clientOid": order.client_order_id,
        "price": limit_word(order),
        "size": size_word(order),
        "newSize": size_word(order),
        "notional": plain(order.quote_qty or order.qty * (order.limit_px or order.avg_px)),
        "orderType": order.ord_type.value,
        "force": force_word(order),
        "side": SIDE_WORDS[order.side],
        "accBaseVolume": plain(order.filled),
        "priceAvg": average_word(order),
        "status": status_word(order, _CANCELED),
        "cTime": ms(order.created_ns),
        "uTime": ms(order.updated_ns),
        "stpMode": order.labels.get("stp", "none"),
        "feeDetail": [{"feeCoin": coin, "fee": signed(-fee)} for coin, fee in fees(fills).items()],
        "enterPointSource": source_word(order.origin),
    }
    if order.ending is not None:
        row["cancelReason"] = cancel_reason(order)
    return row


def filled_row(fill: Fill) -> Json:
    """What a fill adds to its order's row. Its last one, too, is `partially_filled`."""
    return {
        "fillPrice": plain(fill.price),
        "tradeId": str(fill.trade_id),
        "baseVolume": plain(fill.qty),
        "fillTime": ms(fill.time_ns),
        "fillFee": signed(-fill.fee),
        "fillFeeCoin": fill.fee_coin,
        "tradeScope": "M" if fill.is_maker else "T",
    }


def fill_push(fill: Fill, order_type: str) -> Json:
    """A row of the `fill` channel: here a paid fee is above zero."""
    row = fee_row(fill, 1)
    if row["totalDeductionFee"] == "":
        row["totalDeductionFee"] = "0"
    return _fill(fill, order_type) | {"feeDetail": [row]}
