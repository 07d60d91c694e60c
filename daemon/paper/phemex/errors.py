"""Phemex's errors: a code, a word and an HTTP status for every reason. It decides nothing.

Refusals of the business kind come with HTTP 200; 401 is the key, 429 the rate, 5xx nobody knows.
"""

from __future__ import annotations

from http import HTTPStatus

from daemon.paper.crypto.refusal import Why
from daemon.paper.model import Side

Row = tuple[int, str]
_ENGINE = range(11001, 11200)


class ApiError(Exception):
    """Theirs: an answer whose code is not 0. `page` is HTML; `retry_after_s` goes with 429."""

    def __init__(
        self,
        code: int,
        msg: str,
        status: int = HTTPStatus.OK,
        *,
        retry_after_s: int | None = None,
        page: bool = False,
    ) -> None:
        super().__init__(f"{status} {code} {msg}")
        self.status, self.code, self.msg = status, code, msg
        self.retry_after_s = retry_after_s
        self.page = page

    @property
    def is_engine(self) -> bool:
        """Said by the trading engine, which may also say it later or elsewhere."""
        return self.code in _ENGINE


REFUSALS: dict[Why, Row] = {
    Why.SYMBOL: (11027, "TE_SYMBOL_INVALID"),
    Why.HALTED: (11070, "TE_SYMBOL_NOT_IN_RANGE"),
    Why.NO_OPENING: (11150, "TE_OI_LIMIT_REDUCE_ONLY"),
    Why.PRICE_TICK: (30000, "Please double check input arguments"),
    Why.QTY_LOT: (30000, "Please double check input arguments"),
    Why.QTY_SMALL: (11058, "TE_QTY_TOO_SMALL"),
    Why.QTY_LARGE: (11056, "TE_QTY_TOO_LARGE"),
    Why.NOTIONAL: (11115, "TE_ORDER_VALUE_TOO_SMALL"),
    Why.DUPLICATE_ID: (11085, "TE_CL_ORD_ID_DUPLICATE"),
    Why.FUNDS: (11001, "TE_NO_ENOUGH_AVAILABLE_BALANCE"),
    Why.REDUCE_ONLY: (11011, "TE_REDUCE_ONLY_ABORT"),
    Why.POSITION_SIDE: (20004, "TE_ERR_INCONSISTENT_POS_MODE"),
    Why.NOT_OPEN: (11063, "TE_ORD_STATUS_CANNOT_CANCEL"),
    Why.NO_CHANGE: (11065, "TE_ORD_REPLACE_NOT_MODIFIED"),
    Why.MODE_IN_USE: (20004, "TE_ERR_INCONSISTENT_POS_MODE"),
}
NEVER = frozenset({Why.FOK, Why.POST_ONLY})
"""Such orders are accepted and then canceled."""

_SPOT_FUNDS = {
    Side.ASK: (11105, "TE_PLACE_ORDER_INSUFFICIENT_BASE_BALANCE"),
    Side.BID: (11106, "TE_PLACE_ORDER_INSUFFICIENT_QUOTE_BALANCE"),
}
CANCELED: Row = (11062, "TE_ORD_ALREADY_CANCELED")
CANNOT_REPLACE: Row = (11066, "TE_ORD_STATUS_CANNOT_REPLACE")
SIDE: Row = (11034, "TE_SIDE_INVALID")
TYPE: Row = (11035, "TE_ORD_TYPE_INVALID")
TIME: Row = (11036, "TE_TIME_IN_FORCE_INVALID")
QTY_TYPE: Row = (11112, "TE_QTY_TYPE_INVALID")
LEVERAGE: Row = (11004, "TE_INVALID_LEVERAGE")

# What an armed error says, by the fault's `code`; any other code has no words.
FAULT_TEXTS: dict[str, str] = {
    "10001": "OM_DUPLICATE_ORDERID",
    "11107": "TE_CANNOT_CONNECT_TO_REQUEST_SEQ",
    "19999": "REQUEST_IS_DUPLICATED",
}


def refusal(why: Why, side: Side, *, is_contract: bool) -> ApiError:
    """Why an order of this side was refused."""
    if why is Why.FUNDS and not is_contract:
        return ApiError(*_SPOT_FUNDS[side])
    return ApiError(*REFUSALS[why])


def wrong() -> ApiError:
    """A parameter that is no such thing."""
    return ApiError(30000, "Please double check input arguments")


def missing(name: str) -> ApiError:
    """A parameter that is not there, or empty."""
    return ApiError(412, f"Missing parameter - {name}")


def no_order() -> ApiError:
    """An order that is not there, or not readable yet."""
    return ApiError(10002, "OM_ORDER_NOT_FOUND")


def unauthorized(msg: str, code: int = 401) -> ApiError:
    """401: nothing was processed."""
    return ApiError(code, msg, HTTPStatus.UNAUTHORIZED)


def too_many(retry_after_s: int | None) -> ApiError:
    """429; an address that is blocked is not told for how long: None."""
    return ApiError(
        39995, "Too many requests.", HTTPStatus.TOO_MANY_REQUESTS, retry_after_s=retry_after_s
    )
