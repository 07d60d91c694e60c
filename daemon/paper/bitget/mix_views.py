"""Classic USDT-futures' JSON for orders, fills, positions and margin, REST and pushed. Pure.

A paid fee is below zero everywhere. Sizes are in base coin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from daemon.paper.bitget.spot_views import fee_row, filled_row
from daemon.paper.bitget.tally import fees, profit
from daemon.paper.bitget.words import (
    Json,
    average_word,
    cancel_reason,
    direction,
    fill_source,
    force_word,
    limit_word,
    mode_word,
    ms,
    signed,
    source_word,
    status_word,
)
from daemon.paper.crypto.model import Fill, Order, Position, PositionSide
from daemon.paper.crypto.oracle import plain
from daemon.paper.model import Side
from daemon.paper.units import ZERO

_CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """What an account has behind its contracts, quote coin."""

    coin: str
    total: Decimal
    available: Decimal
    unrealized: Decimal


def order_view(order: Order, fills: Sequence[Fill], leverage: int) -> Json:
    """A row of orders-pending and orders-history."""
    side, trade_side = direction(order.position_side, order.side, order.origin)
    return {
        "symbol": order.symbol,
        "size": plain(order.qty),
        "orderId": str(order.order_id),
        "clientOid": order.client_order_id,
        "baseVolume": plain(order.filled),
        "fee": signed(-sum(fees(fills).values(), ZERO)) if fills else "",
        "price": limit_word(order),
        "priceAvg": average_word(order) if order.filled else "",
        "status": status_word(order, _CANCELED),
        "side": side,
        "force": force_word(order),
        "totalProfits": signed(profit(fills)),
        "posSide": position_word(order.position_side),
        "marginCoin": "USDT",
        "quoteVolume": plain(order.notional),
        "leverage": str(leverage),
        "marginMode": order.labels.get("margin_mode", "crossed"),
        "enterPointSource": source_word(order.origin).lower(),
        "tradeSide": trade_side,
        "posMode": mode_word(order.position_side),
        "orderType": order.ord_type.value,
        "orderSource": "normal",
        "reduceOnly": _yes(order),
        "cancelReason": cancel_reason(order),
        "cTime": ms(order.created_ns),
        "uTime": ms(order.updated_ns),
    }


def detail_view(order: Order, fills: Sequence[Fill], leverage: int) -> Json:
    """The object of detail, where the status is called `state`."""
    view = order_view(order, fills, leverage)
    return view | {"state": view.pop("status")}


def _yes(order: Order) -> str:
    return "yes" if order.is_closing else "no"


def position_word(side: PositionSide) -> str:
    """`posSide` of an order."""
    return "net" if side is PositionSide.BOTH else side.value


def fill_view(fill: Fill) -> Json:
    """A row of fills and fill-history: neither client order id nor posSide."""
    view = _fill(fill)
    return view | {"marginCoin": "USDT", "enterPointSource": source_word(fill.origin).lower()}


def _fill(fill: Fill) -> Json:
    side, trade_side = direction(fill.position_side, fill.side, fill.origin)
    fee = fee_row(fill, -1)
    if fee["totalDeductionFee"] == "":
        fee["totalDeductionFee"] = "0"
    return {
        "tradeId": str(fill.trade_id),
        "symbol": fill.symbol,
        "orderId": str(fill.order_id),
        "price": plain(fill.price),
        "baseVolume": plain(fill.qty),
        "feeDetail": [fee],
        "side": side,
        "quoteVolume": plain(fill.qty * fill.price),
        "profit": signed(fill.realized),
        "tradeSide": trade_side,
        "posMode": mode_word(fill.position_side),
        "tradeScope": fill_source(fill),
        "cTime": ms(fill.time_ns),
    }


def position_view(
    position: Position, mark_px: Decimal, unrealized: Decimal, leverage: int, coin: str
) -> Json:
    """A row of all-position."""
    held = plain(abs(position.qty))
    return {
        "marginCoin": coin,
        "symbol": position.symbol,
        "holdSide": hold_word(position),
        "openDelegateSize": "0",
        "marginSize": plain(_step(position.cost / leverage)),
        "available": held,
        "locked": "0",
        "total": held,
        "leverage": str(leverage),
        "achievedProfits": signed(position.realized),
        "openPriceAvg": plain(_step(position.entry_px)),
        "marginMode": "crossed",
        "posMode": mode_word(position.position_side),
        "unrealizedPL": signed(unrealized),
        "liquidationPrice": "0",
        "keepMarginRate": "0.004",
        "markPrice": plain(mark_px),
        "breakEvenPrice": plain(_step(position.entry_px)),
        "marginRatio": "0",
        "assetMode": "single",
        "cTime": ms(position.updated_ns),
        "uTime": ms(position.updated_ns),
    }


def hold_word(position: Position) -> str:
    """long or short: by the mode's own side, or by the sign."""
    if position.position_side is not PositionSide.BOTH:
        return position.position_side.value
    return "short" if position.qty < ZERO else "long"


def _step(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.00000001"))


def margin_view(margin: Margin, leverage: int, *, hedge_mode: bool) -> Json:
    """A row of accounts."""
    return {
        "marginCoin": margin.coin,
        "locked": "0",
        "available": plain(margin.total),
        "crossedMaxAvailable": plain(margin.available),
        "isolatedMaxAvailable": plain(margin.available),
        "maxTransferOut": plain(margin.available),
        "accountEquity": plain(margin.total + margin.unrealized),
        "usdtEquity": plain(margin.total + margin.unrealized),
        "unrealizedPL": signed(margin.unrealized),
        "crossedUnrealizedPL": signed(margin.unrealized),
        "crossedMarginLeverage": leverage,
        "crossedRiskRate": "0",
        "marginMode": "crossed",
        "posMode": "hedge_mode" if hedge_mode else "one_way_mode",
        "assetMode": "single",
    }


# Pushed


def order_row(order: Order, fills: Sequence[Fill], leverage: int) -> Json:
    """A row of the `orders` channel without a fill of its own."""
    view = order_view(order, fills, leverage)
    for name in ("symbol", "baseVolume", "fee", "quoteVolume", "orderSource"):
        del view[name]
    if not order.filled:
        del view["priceAvg"]
    return view | {
        "instId": order.symbol,
        "accBaseVolume": plain(order.filled),
        "enterPointSource": source_word(order.origin),
        "notionalUsd": plain(order.qty * (order.limit_px or order.avg_px)),
        "stpMode": order.labels.get("stp", "none"),
        "feeDetail": [{"feeCoin": coin, "fee": signed(-fee)} for coin, fee in fees(fills).items()],
    }


def fill_fields(fill: Fill) -> Json:
    """What a fill adds to its order's row, the last one's included."""
    return filled_row(fill) | {
        "fillNotionalUsd": plain(fill.qty * fill.price),
        "pnl": signed(fill.realized),
    }


def fill_push(fill: Fill, order_type: str) -> Json:
    """A row of the `fill` channel."""
    return _fill(fill) | {
        "clientOid": fill.client_order_id,
        "orderType": order_type,
        "uTime": ms(fill.time_ns),
    }


def position_row(view: Json) -> Json:
    """A row of the `positions` channel, out of one of all-position."""
    row = dict(view)
    row["instId"], row["posId"] = row.pop("symbol"), "1"
    row["frozen"], row["marginRate"] = row.pop("locked"), row.pop("marginRatio")
    row["leverage"], row["autoMargin"] = int(str(row["leverage"])), "off"
    del row["openDelegateSize"]
    return row


def closed_row(position: Position, last: Fill, profits: Decimal, coin: str) -> Json:
    """A row of `positions-history`: a position that `last` ended. `profits`: of this life of it."""
    closed_long = last.side is Side.ASK
    return {
        "posId": "1",
        "instId": position.symbol,
        "marginCoin": coin,
        "marginMode": "crossed",
        "holdSide": "long" if closed_long else "short",
        "posMode": mode_word(position.position_side),
        "closePriceAvg": plain(last.price),
        "achievedProfits": signed(profits),
        "cTime": ms(position.updated_ns),
        "uTime": ms(position.updated_ns),
    }


def margin_row(margin: Margin) -> Json:
    """A row of the `account` channel."""
    return {
        "marginCoin": margin.coin,
        "frozen": "0",
        "available": plain(margin.total),
        "maxOpenPosAvailable": plain(margin.available),
        "maxTransferOut": plain(margin.available),
        "equity": plain(margin.total + margin.unrealized),
        "usdtEquity": plain(margin.total + margin.unrealized),
        "crossedRiskRate": "0",
        "unrealizedPL": signed(margin.unrealized),
        "assetsMode": "single",
    }
