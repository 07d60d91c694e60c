"""Phemex's words and numbers for sides, types and states. Total tables, no rules of trading."""

from __future__ import annotations

from daemon.paper.crypto.model import (
    Ending,
    Order,
    OrdType,
    Origin,
    PositionSide,
    Status,
    TimeInForce,
)
from daemon.paper.model import OwnCross, Side

Json = dict[str, object]

SIDES = {"Buy": Side.BID, "Sell": Side.ASK}
SIDE_WORDS = {side: word for word, side in SIDES.items()}
TYPES = {"Limit": OrdType.LIMIT, "Market": OrdType.MARKET}
TYPE_WORDS = {ord_type: word for word, ord_type in TYPES.items()}
POST_ONLY = "PostOnly"
TIMES = {
    "GoodTillCancel": TimeInForce.GTC,
    POST_ONLY: TimeInForce.GTC,
    "ImmediateOrCancel": TimeInForce.IOC,
    "FillOrKill": TimeInForce.FOK,
}
_TIME_WORDS = {
    TimeInForce.GTC: "GoodTillCancel",
    TimeInForce.IOC: "ImmediateOrCancel",
    TimeInForce.FOK: "FillOrKill",
}
POSITION_SIDES = {
    "Merged": PositionSide.BOTH,
    "Long": PositionSide.LONG,
    "Short": PositionSide.SHORT,
}
POSITION_WORDS = {side: word for word, side in POSITION_SIDES.items()}
OPENING = {PositionSide.LONG: Side.BID, PositionSide.SHORT: Side.ASK}
STP = {
    "None": OwnCross.TRADE,
    "CancelTaker": OwnCross.STOP_TAKER,
    "CancelMaker": OwnCross.CANCEL_MAKER,
    "CancelBoth": OwnCross.CANCEL_BOTH,
}
TRADE_WORDS = {Origin.MEMBER: "Trade", Origin.LIQUIDATION: "LiqTrade", Origin.ADL: "AdlTrade"}
_STATUS_WORDS = {
    Status.NEW: "New",
    Status.PARTIALLY_FILLED: "PartiallyFilled",
    Status.FILLED: "Filled",
    Status.ENDED: "Canceled",
}
_ENDED = {
    Ending.MEMBER: "Canceled",
    Ending.FOK: "Expired",
    Ending.NO_LIQUIDITY: "Canceled",
    Ending.OWN_CROSS: "Canceled",
    Ending.POST_ONLY: "Aborted",
    Ending.REDUCE_ONLY: "Aborted",
    Ending.EXCHANGE: "Canceled",
    Ending.LIQUIDATED: "Canceled",
}
CANCEL_REASONS = {Ending.FOK: 100, Ending.NO_LIQUIDITY: 100, Ending.POST_ONLY: 101}
"""`cxlRejReason`; 0 for the others."""

# The numbers of /exchange/order/v2.
SIDE_NUMBERS = {Side.BID: 1, Side.ASK: 2}
TYPE_NUMBERS = {OrdType.MARKET: 1, OrdType.LIMIT: 2}
POSITION_NUMBERS = {PositionSide.LONG: 1, PositionSide.SHORT: 2, PositionSide.BOTH: 3}
TRADE_NUMBERS = {Origin.MEMBER: 1, Origin.LIQUIDATION: 6, Origin.ADL: 7}
STATUS_NUMBERS = {"Rejected": 4, "New": 5, "PartiallyFilled": 6, "Filled": 7, "Canceled": 8}
EXEC_NUMBERS = {
    "Aborted": 2,
    "New": 5,
    "MakerFill": 6,
    "TakerFill": 7,
    "Expired": 8,
    "Canceled": 11,
    "CreateRejected": 19,
}

CODE_LABEL = "code"
"""The label of an order that the trading engine rejected after its acknowledgement."""


def status_word(order: Order) -> str:
    """The ordStatus of an order that the engine has seen."""
    return "Rejected" if CODE_LABEL in order.labels else _STATUS_WORDS[order.status]


def end_word(order: Order, ioc_rest: str) -> str:
    """The execStatus of an order that has ended with something unfilled."""
    if CODE_LABEL in order.labels:
        return "CreateRejected"
    assert order.ending is not None
    return ioc_rest if order.ending is Ending.IOC_REST else _ENDED[order.ending]


def exec_word(*, is_maker: bool) -> str:
    """The execStatus of a fill."""
    return "MakerFill" if is_maker else "TakerFill"


def liquidity_word(*, is_maker: bool) -> str:
    """lastLiquidityInd, which only fills have."""
    return "AddedLiquidity" if is_maker else "RemovedLiquidity"


def action_word(order: Order) -> str:
    """What was asked for."""
    return "Cancel" if order.ending is Ending.MEMBER else "New"


def time_word(order: Order) -> str:
    """The time in force as it was asked for."""
    return POST_ONLY if order.post_only else _TIME_WORDS[order.time_in_force]


def exec_inst(order: Order) -> str:
    """ReduceOnly or None."""
    return "ReduceOnly" if order.reduce_only else "None"
