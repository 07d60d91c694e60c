"""Binance's errors: a code, a sentence and an HTTP status for every reason. It decides nothing."""

from __future__ import annotations

from daemon.paper.crypto.refusal import Why

Body = dict[str, object]
Row = tuple[int, str]


class ApiError(Exception):
    """Theirs: an answer that is not 2xx. `retry_after_s` goes with 429 and 418; `page` is HTML."""

    def __init__(
        self,
        status: int,
        code: int,
        msg: str,
        *,
        retry_after_s: int | None = None,
        page: bool = False,
    ) -> None:
        super().__init__(f"{status} {code} {msg}")
        self.status, self.code, self.msg = status, code, msg
        self.retry_after_s = retry_after_s
        self.page = page

    @property
    def body(self) -> Body:
        """{"code", "msg"}"""
        return {"code": self.code, "msg": self.msg}


SPOT: dict[Why, Row] = {
    Why.SYMBOL: (-1121, "Invalid symbol."),
    Why.HALTED: (-2010, "Market is closed."),
    Why.NO_OPENING: (-2010, "Market is closed."),
    Why.PRICE_TICK: (-1013, "Filter failure: PRICE_FILTER"),
    Why.QTY_LOT: (-1013, "Filter failure: LOT_SIZE"),
    Why.QTY_SMALL: (-1013, "Filter failure: LOT_SIZE"),
    Why.QTY_LARGE: (-1013, "Filter failure: LOT_SIZE"),
    Why.NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    Why.DUPLICATE_ID: (-2010, "Duplicate order sent."),
    Why.FUNDS: (-2010, "Account has insufficient balance for requested action."),
    Why.POST_ONLY: (-2010, "Order would immediately match and take."),
    Why.NOT_OPEN: (-2011, "Unknown order sent."),
}
_NOT_RECORDED = "The order will not be recorded in the order history"
USDM: dict[Why, Row] = {
    Why.SYMBOL: (-1121, "Invalid symbol."),
    Why.HALTED: (-4141, "Symbol is closed."),
    Why.NO_OPENING: (-4140, "Invalid symbol status for opening position."),
    Why.PRICE_TICK: (-4014, "Price not increased by tick size."),
    Why.QTY_LOT: (-4023, "Qty not increased by step size."),
    Why.QTY_SMALL: (-4004, "Quantity less than min quantity."),
    Why.QTY_LARGE: (-4005, "Quantity greater than max quantity."),
    Why.NOTIONAL: (
        -4164,
        "Order's notional must be no smaller than 5 (unless you choose reduce only).",
    ),
    Why.DUPLICATE_ID: (-4116, "ClientOrderId is duplicated."),
    Why.FUNDS: (-2019, "Margin is insufficient."),
    Why.FOK: (
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected. "
        + _NOT_RECORDED,
    ),
    Why.POST_ONLY: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected. "
        + _NOT_RECORDED,
    ),
    Why.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    Why.POSITION_SIDE: (-4061, "Order's position side does not match user's setting."),
    Why.NOT_OPEN: (-2011, "Unknown order sent."),
    Why.NO_CHANGE: (-5027, "No need to modify the order."),
    Why.MODE_IN_USE: (-4068, "Position side cannot be changed if there exists open position."),
}

# What an armed error says, by the fault's `code`. "" is the 503 after which nobody knows.
FAULT_TEXTS: dict[str, Row] = {
    "": (-1000, "Unknown error, please check your request or try again later."),
    "unavailable": (-1000, "Service Unavailable."),
    "-1001": (-1001, "Internal error; unable to process your request. Please try again."),
    "-1006": (
        -1006,
        "An unexpected response was received from the message bus. Execution status unknown.",
    ),
    "-1007": (
        -1007,
        (
            "Timeout waiting for response from backend server. "
            "Send status unknown; execution status unknown."
        ),
    ),
    "-1008": (-1008, "Request throttled by system-level protection. Please try again."),
}


def fault_row(code: str) -> Row:
    """What an armed error says: a text of its own, or the bare code."""
    named = FAULT_TEXTS.get(code)
    if named is None and code.removeprefix("-").isdecimal():
        return int(code), "Refused by an armed fault."
    return named or (-1000, code)


def bad(code: int, msg: str) -> ApiError:
    """A 400."""
    return ApiError(400, code, msg)


def missing(name: str) -> ApiError:
    """A parameter that is not there, or empty."""
    text = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return bad(-1102, text)


def no_order() -> ApiError:
    """A query for an order that is not there, or not readable yet."""
    return bad(-2013, "Order does not exist.")


def unknown_order() -> ApiError:
    """A cancel of an order that is not there."""
    return bad(-2011, "Unknown order sent.")


def invalid_key() -> ApiError:
    """A key that nobody has."""
    return ApiError(401, -2015, "Invalid API-key, IP, or permissions for action.")


def banned(until_ms: int, retry_after_s: int) -> ApiError:
    """418: too many requests after being told to wait."""
    text = (
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
    return ApiError(418, -1003, text, retry_after_s=retry_after_s)


def too_heavy(limit: int, retry_after_s: int) -> ApiError:
    """429 by request weight."""
    text = (
        f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )
    return ApiError(429, -1003, text, retry_after_s=retry_after_s)


def gone(what: str) -> ApiError:
    """410: what the venue has taken away."""
    return ApiError(410, -1000, f"{what} is no longer available.")
