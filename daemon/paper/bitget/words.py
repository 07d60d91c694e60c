"""Bitget's words for sides, types, states and directions, in both dialects. No rules of trading.

On classic futures in hedge mode `side` names the position, not the trade: a long is opened and
closed by `buy`. Everywhere else it names the trade.
"""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.clock import MILLI_NS
from daemon.paper.crypto.model import (
    Ending,
    Fill,
    Order,
    OrdType,
    Origin,
    PositionSide,
    Status,
    TimeInForce,
)
from daemon.paper.crypto.oracle import plain
from daemon.paper.model import OwnCross, Side

Json = dict[str, object]

SIDES = {"buy": Side.BID, "sell": Side.ASK}
SIDE_WORDS = {side: word for word, side in SIDES.items()}
TYPES = {"limit": OrdType.LIMIT, "market": OrdType.MARKET}
TIMES = {
    "gtc": TimeInForce.GTC,
    "post_only": TimeInForce.GTC,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
}
STP = {
    "none": OwnCross.TRADE,
    "cancel_taker": OwnCross.STOP_TAKER,
    "cancel_maker": OwnCross.CANCEL_MAKER,
    "cancel_both": OwnCross.CANCEL_BOTH,
}
HELD = {"long": PositionSide.LONG, "short": PositionSide.SHORT}
OPENING = {PositionSide.LONG: Side.BID, PositionSide.SHORT: Side.ASK}
_FORCED = {Origin.LIQUIDATION: "burst", Origin.ADL: "dte_sys_adl"}


def opens(position_side: PositionSide, side: Side) -> bool:
    """Whether an order of a hedged position makes it larger."""
    return OPENING[position_side] is side


def direction(position_side: PositionSide, side: Side, origin: Origin) -> tuple[str, str]:
    """`side` and `tradeSide` of classic futures."""
    word, forced = SIDE_WORDS[side], _FORCED.get(origin)
    if position_side is PositionSide.BOTH:
        if origin is Origin.ADL:
            return word, f"{forced}_{word}_in_single_side_mode"
        return word, f"{forced}_{word}_single" if forced else f"{word}_single"
    named = SIDE_WORDS[OPENING[position_side]]
    if forced:
        return named, f"{forced}_close_{position_side.value}"
    return named, "open" if opens(position_side, side) else "close"


def mode_word(position_side: PositionSide) -> str:
    """`posMode` and `holdMode`."""
    return "one_way_mode" if position_side is PositionSide.BOTH else "hedge_mode"


def status_word(order: Order, ended: str) -> str:
    """The state of an order; `ended` is the market's spelling of canceled."""
    if order.status is Status.ENDED:
        return ended
    return "live" if order.status is Status.NEW else order.status.value


def cancel_reason(order: Order) -> str:
    """ "" while it lives; own-trade prevention has a word of its own, all else is normal."""
    if order.ending is None:
        return ""
    return "stp_cancel" if order.ending is Ending.OWN_CROSS else "normal_cancel"


def source_word(origin: Origin) -> str:
    """`enterPointSource`."""
    return "API" if origin is Origin.MEMBER else "SYS"


def force_word(order: Order) -> str:
    """The time in force as it was asked for; market orders say gtc."""
    return order.labels.get("force", "gtc")


def limit_word(order: Order) -> str:
    """The price of the request, 0 for market."""
    return "0" if order.limit_px is None else plain(order.limit_px)


def size_word(order: Order) -> str:
    """The size of the request: of a spot market buy it is quote coin."""
    return plain(order.qty if order.quote_qty is None else order.quote_qty)


def average_word(order: Order) -> str:
    """Average price, at most 8 decimals, 0 before the first fill."""
    return plain(order.avg_px.quantize(Decimal("0.00000001")))


def fill_source(fill: Fill) -> str:
    """maker or taker."""
    return "maker" if fill.is_maker else "taker"


def ms(ns: int) -> str:
    """Unix milliseconds, a text."""
    return str(ns // MILLI_NS)


def signed(value: Decimal) -> str:
    """A number that may be below zero, without a sign at zero."""
    return plain(value) if value else "0"
