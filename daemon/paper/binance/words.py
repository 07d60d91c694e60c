"""Binance's words for sides, types and states, both markets. Total tables, no rules."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.crypto.model import Ending, Order, OrdType, Status, TimeInForce
from daemon.paper.model import OwnCross, Side
from daemon.paper.units import ZERO

SIDES = {"BUY": Side.BID, "SELL": Side.ASK}
SIDE_WORDS = {side: word for word, side in SIDES.items()}
TIMES = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
STP = {
    "NONE": OwnCross.TRADE,
    "EXPIRE_TAKER": OwnCross.STOP_TAKER,
    "EXPIRE_MAKER": OwnCross.CANCEL_MAKER,
    "EXPIRE_BOTH": OwnCross.CANCEL_BOTH,
}
WRONG_SIDE = (-1117, "Invalid side.")
WRONG_TIME = (-1115, "Invalid timeInForce.")
WRONG_TYPE = (-1116, "Invalid orderType.")
WRONG_STP = (-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.")
_ENDED = {
    Ending.MEMBER: "CANCELED",
    Ending.IOC_REST: "EXPIRED",
    Ending.FOK: "EXPIRED",
    Ending.NO_LIQUIDITY: "EXPIRED",
    Ending.OWN_CROSS: "EXPIRED_IN_MATCH",
    Ending.POST_ONLY: "EXPIRED",
    Ending.REDUCE_ONLY: "EXPIRED",
    Ending.EXCHANGE: "EXPIRED",
    Ending.LIQUIDATED: "EXPIRED",
}


def status_word(order: Order) -> str:
    """Binance's status of an order."""
    if order.status is Status.ENDED and order.ending is not None:
        return _ENDED[order.ending]
    return order.status.name


def type_word(order: Order) -> str:
    """Binance's type: what the request called it."""
    return order.labels.get("type") or ("MARKET" if order.ord_type is OrdType.MARKET else "LIMIT")


def fixed8(value: Decimal) -> str:
    """A number as spot writes it: 8 decimals."""
    return f"{value:.8f}"


def limit_price(order: Order) -> Decimal:
    """The price of the request, 0 for MARKET."""
    return ZERO if order.limit_px is None else order.limit_px
