"""The unified account's JSON for orders, fills, positions and coins, REST and pushed. Pure.

Here a paid fee is above zero and `side` is always the side of the trade.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from daemon.paper.bitget.mix_views import hold_word
from daemon.paper.bitget.tally import fees, profit
from daemon.paper.bitget.words import (
    SIDE_WORDS,
    Json,
    average_word,
    cancel_reason,
    direction,
    fill_source,
    force_word,
    limit_word,
    mode_word,
    ms,
    opens,
    signed,
    status_word,
)
from daemon.paper.crypto.holdings import Balance
from daemon.paper.crypto.model import Fill, Instrument, Order, Origin, Position, PositionSide
from daemon.paper.crypto.oracle import plain
from daemon.paper.model import Side
from daemon.paper.units import ZERO

_EXEC_TYPES = {
    Origin.MEMBER: "normal",
    Origin.LIQUIDATION: "liquidation",
    Origin.ADL: "reduce",
}


def order_view(order: Order, instrument: Instrument, fills: Sequence[Fill]) -> Json:
    """A row of order-info, unfilled-orders and history-orders."""
    in_quote = order.quote_qty is not None
    return {
        "orderId": str(order.order_id),
        "clientOid": order.client_order_id,
        "category": category(instrument),
        "symbol": order.symbol,
        "orderType": order.ord_type.value,
        "side": SIDE_WORDS[order.side],
        "price": limit_word(order),
        "qty": "0" if in_quote else plain(order.qty),
        "amount": plain(order.quote_qty or ZERO),
        "cumExecQty": plain(order.filled),
        "cumExecValue": plain(order.notional),
        "avgPrice": average_word(order),
        "timeInForce": force_word(order),
        "orderStatus": status_word(order, "cancelled"),
        "posSide": held_word(order.position_side),
        "holdMode": mode_word(order.position_side) if instrument.is_contract else "",
        "tradeSide": _trade_word(order),
        "reduceOnly": "YES" if order.is_closing else "NO",
        "feeDetail": _fees(fills),
        "cancelReason": cancel_reason(order),
        "execType": _EXEC_TYPES[order.origin],
        "stpMode": order.labels.get("stp", "none"),
        "createdTime": ms(order.created_ns),
        "updatedTime": ms(order.updated_ns),
    }


def category(instrument: Instrument) -> str:
    """The market's name."""
    return "USDT-FUTURES" if instrument.is_contract else "SPOT"


def held_word(side: PositionSide) -> str:
    """`posSide` and `holdSide`: "" where there is one position only."""
    return "" if side is PositionSide.BOTH else side.value


def trade_word(position_side: PositionSide, side: Side, *, closes: bool) -> str:
    """open or close; `closes` tells where the position side does not."""
    if position_side is not PositionSide.BOTH:
        closes = not opens(position_side, side)
    return "close" if closes else "open"


def _trade_word(order: Order) -> str:
    """An order of the exchange's own is called as on classic futures."""
    if order.origin is Origin.MEMBER:
        return trade_word(order.position_side, order.side, closes=order.is_closing)
    return direction(order.position_side, order.side, order.origin)[1]


def _fees(fills: Sequence[Fill]) -> list[Json]:
    return [{"feeCoin": coin, "fee": signed(fee)} for coin, fee in fees(fills).items()]


def fill_view(fill: Fill, order: Order, instrument: Instrument) -> Json:
    """A row of fills."""
    view = fill_push(fill, order, instrument)
    view |= {"createdTime": view.pop("execTime"), "execType": _EXEC_TYPES[fill.origin]}
    return view


def position_view(
    position: Position, mark_px: Decimal, unrealized: Decimal, leverage: int, coin: str
) -> Json:
    """A row of current-position and of the `position` topic."""
    held, entry_px = plain(abs(position.qty)), plain(_step(position.entry_px))
    return {
        "category": "USDT-FUTURES",
        "symbol": position.symbol,
        "marginCoin": coin,
        "holdMode": mode_word(position.position_side),
        "posSide": hold_word(position),
        "marginMode": "crossed",
        "available": held,
        "frozen": "0",
        "total": held,
        "size": held,
        "leverage": str(leverage),
        "avgPrice": entry_px,
        "breakEvenPrice": entry_px,
        "curRealisedPnl": signed(position.realized),
        "unrealisedPnl": signed(unrealized),
        "markPrice": plain(mark_px),
        "liqPrice": "",
        "marginSize": plain(_step(position.cost / leverage)),
        "positionStatus": "normal" if position.qty else "ended",
        "createdTime": ms(position.updated_ns),
        "updatedTime": ms(position.updated_ns),
    }


def _step(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.00000001"))


def coin_view(coin: str, balance: Balance) -> Json:
    """A coin of assets and of the `account` topic."""
    total = plain(balance.free + balance.locked)
    return {
        "coin": coin,
        "balance": total,
        "equity": total,
        "available": plain(balance.free),
        "locked": plain(balance.locked),
        "borrow": "0",
        "debts": "0",
        "usdValue": total if coin == "USDT" else "0",
    }


# Pushed


def order_push(order: Order, instrument: Instrument, fills: Sequence[Fill], leverage: int) -> Json:
    """A row of the `order` topic: `holdSide` here is `posSide` there, and no fill is in it."""
    view = order_view(order, instrument, fills)
    del view["execType"]
    view |= {"holdSide": view.pop("posSide"), "reduceOnly": str(view["reduceOnly"]).lower()}
    if instrument.is_contract:
        view |= {
            "marginMode": "crossed",
            "marginCoin": instrument.quote,
            "leverage": str(leverage),
            "totalProfit": signed(profit(fills)),
        }
    return view


def fill_push(fill: Fill, order: Order, instrument: Instrument) -> Json:
    """A row of the `fill` topic."""
    return {
        "execId": str(fill.trade_id),
        "execLinkId": str(fill.trade_id),
        "orderId": str(fill.order_id),
        "clientOid": fill.client_order_id,
        "category": category(instrument),
        "symbol": fill.symbol,
        "orderType": order.ord_type.value,
        "side": SIDE_WORDS[fill.side],
        "holdSide": held_word(fill.position_side),
        "tradeSide": _trade_word(order),
        "execPrice": plain(fill.price),
        "execQty": plain(fill.qty),
        "execValue": plain(fill.price * fill.qty),
        "execPnl": signed(fill.realized),
        "tradeScope": fill_source(fill),
        "feeDetail": [{"feeCoin": fill.fee_coin, "fee": signed(fill.fee)}],
        "isRPI": "no",
        "execTime": ms(fill.time_ns),
        "updatedTime": ms(fill.time_ns),
    }


def fast_fill_push(fill: Fill, order: Order, instrument: Instrument) -> Json:
    """The one row of the `fast-fill` topic: earlier, without fee and direction."""
    view = fill_push(fill, order, instrument)
    for name in ("execLinkId", "orderType", "tradeSide", "execValue", "execPnl", "feeDetail"):
        del view[name]
    return view
