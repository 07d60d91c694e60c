"""Bitget's errors: a code, a sentence and an HTTP status for every reason. It decides nothing.

Which code of a class the venue gives for which reason is established in part only; the classes
are.
"""

from __future__ import annotations

from http import HTTPStatus

from daemon.paper.crypto.refusal import Why

Row = tuple[str, str]


class ApiError(Exception):
    """Theirs: an answer whose code is not "00000". `page`: HTML instead of JSON."""

    def __init__(
        self, code: str, msg: str, status: int = HTTPStatus.BAD_REQUEST, *, page: bool = False
    ) -> None:
        super().__init__(f"{status} {code} {msg}")
        self.code, self.msg, self.status, self.page = code, msg, status, page


_SCALE = ("40808", "Parameter verification exception size checkBDScale error")
SPOT: dict[Why, Row] = {
    Why.SYMBOL: ("40034", "Parameter symbol does not exist"),
    Why.HALTED: (
        "41114",
        (
            "The current trading pair is under maintenance, please refer to the official "
            "announcement for the opening time"
        ),
    ),
    Why.NO_OPENING: ("43115", "The current trading pair is opening soon"),
    Why.PRICE_TICK: ("43028", "Please enter an integer multiple of {tick} for price"),
    Why.QTY_LOT: _SCALE,
    Why.QTY_SMALL: (
        "43006",
        "The order quantity is less than the minimum transaction quantity",
    ),
    Why.QTY_LARGE: (
        "43007",
        "The order quantity is greater than the maximum transaction quantity",
    ),
    Why.NOTIONAL: ("45110", "less than the minimum amount {min_notional} USDT"),
    Why.DUPLICATE_ID: ("43118", "clientOrderId duplicate"),
    Why.FUNDS: ("43012", "Insufficient balance"),
    Why.NOT_OPEN: ("43001", "The order does not exist"),
}
MIX: dict[Why, Row] = SPOT | {
    Why.HALTED: ("40844", "This contract is under temporary maintenance"),
    Why.NO_OPENING: ("45043", "Due to settlement or maintenance reasons, the trade is suspended"),
    Why.PRICE_TICK: ("45115", "The price you enter should be a multiple of {tick}"),
    Why.QTY_SMALL: ("45111", "less than the minimum order quantity"),
    Why.QTY_LARGE: ("45112", "more than the maximum order quantity"),
    Why.DUPLICATE_ID: ("45034", "clientOid duplicate"),
    Why.FUNDS: ("40762", "The order size is greater than the max open size"),
    Why.REDUCE_ONLY: ("22002", "No position to close"),
    Why.POSITION_SIDE: (
        "40774",
        "The order type for unilateral position must also be the unilateral position type.",
    ),
    Why.NOT_OPEN: ("22001", "No order to cancel"),
    Why.MODE_IN_USE: (
        "40920",
        "Position or order exists, the position mode cannot be switched",
    ),
}
UTA: dict[Why, Row] = {
    Why.SYMBOL: ("25101", "The trading pair does not exist"),
    Why.HALTED: ("25102", "The trading pair is not open for trading"),
    Why.NO_OPENING: ("25106", "Opening positions is not allowed now"),
    Why.PRICE_TICK: ("25610", "The price should be a multiple of {tick}"),
    Why.QTY_LOT: ("25611", "The quantity should be a multiple of {lot}"),
    Why.QTY_SMALL: ("25207", "The quantity is less than the minimum of {min_qty}"),
    Why.QTY_LARGE: ("25207", "The quantity is more than the maximum of {max_qty}"),
    Why.NOTIONAL: ("45110", "less than the minimum amount {min_notional} USDT"),
    Why.DUPLICATE_ID: ("25212", "clientOid duplicate"),
    Why.FUNDS: ("25202", "Insufficient balance"),
    Why.REDUCE_ONLY: ("25226", "There is no position that the order could reduce"),
    Why.POSITION_SIDE: ("25225", "posSide does not match the position mode"),
    Why.NOT_OPEN: ("25204", "Order does not exist"),
    Why.MODE_IN_USE: ("25574", "The position mode cannot be switched with positions or orders"),
}

# What an armed 5xx says, by the fault's `code`. Of none of these does anybody know what came.
FAULT_TEXTS: dict[str, Row] = {
    "": ("40725", "service return an error"),
    "40725": ("40725", "service return an error"),
    "40010": ("40010", "Request timed out"),
    "40015": ("40015", "System is abnormal, please try again later"),
    "45001": ("45001", "Unknown error"),
}


def missing(name: str) -> ApiError:
    """A parameter that is not there, or empty."""
    return ApiError("40019", f"Parameter {name} cannot be empty")


def wrong(name: str) -> ApiError:
    """A parameter that is no such thing."""
    return ApiError("40020", f"Parameter {name} error")


def no_order() -> ApiError:
    """A query for an order that is not there, or not readable yet."""
    text = "The data of the order cannot be found, please confirm the order number"
    return ApiError("40109", text)


def too_many() -> ApiError:
    """429; the venue does not say when to come back."""
    return ApiError("429", "Too many requests", HTTPStatus.TOO_MANY_REQUESTS)
