"""Phemex's refusals: the envelope, and code + HTTP status -> our reason. Pure.

`{"code": 11001, "msg": "TE_...", "data": null}` comes with HTTP 200 for refusals of the business
kind; 401 and 403 are the key, 429 the rate, and after a 5xx "the execution status is UNKNOWN"
(Phemex docs: HTTP return codes, error codes). An order's own answer repeats the code as
`data.bizError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from daemon.core.terms import RejectReason
from daemon.venues.decoding import RAW_LIMIT, UnreadableError, decode_as
from daemon.venues.errors import (
    ERRORS,
    AnswerTimeoutError,
    ServerFaultError,
    UnknownOutcomeError,
    VenueError,
)

OK: Final = 200
SUCCESS_END: Final = 300
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
TOO_MANY_REQUESTS: Final = 429
SERVER_FAULT: Final = 500
GATEWAY_TIMEOUT: Final = 504

ORDER_NOT_FOUND: Final = 10002
CLIENT_ID_USED: Final = 11085
REQUEST_DUPLICATED: Final = 19999
NOT_CONNECTED: Final = 11107

_FUNDS: Final = (11001, 11003, 11005, 11010, 11082, 11100, 11105, 11106)
_UNKNOWN_ORDER: Final = (10003, 10004, 10005, 11061, 11062, 11063, ORDER_NOT_FOUND)
_DUPLICATE: Final = (10001, 11033, CLIENT_ID_USED, REQUEST_DUPLICATED)
_FILTER: Final = (412, 30000, 11053, 11055, 11056, 11058, 11114, 11115)
_REDUCE_ONLY: Final = (11011, 11057, 11150)
_SYMBOL: Final = (11027, 11070)

REASONS: Final[dict[int, RejectReason]] = {
    **dict.fromkeys(_FUNDS, RejectReason.INSUFFICIENT_FUNDS),
    **dict.fromkeys(_UNKNOWN_ORDER, RejectReason.NOT_FOUND),
    **dict.fromkeys(_DUPLICATE, RejectReason.DUPLICATE_ID),
    **dict.fromkeys(_FILTER, RejectReason.INVALID_ORDER),
    **dict.fromkeys(_REDUCE_ONLY, RejectReason.NO_POSITION),
    **dict.fromkeys(_SYMBOL, RejectReason.MARKET_INACTIVE),
    11022: RejectReason.AUTH,
    11023: RejectReason.VENUE_ERROR,
    11024: RejectReason.VENUE_ERROR,
    NOT_CONNECTED: RejectReason.VENUE_ERROR,
    10500: RejectReason.INVALID_ORDER,
}
"""By code; the rest of the trading engine's refusals (11001 to 11199) are INVALID_ORDER."""

CANCEL_REASON_WORDS: Final[dict[int, RejectReason]] = {
    100: RejectReason.INSUFFICIENT_FUNDS,
    101: RejectReason.INVALID_ORDER,
    116: RejectReason.INSUFFICIENT_FUNDS,
    117: RejectReason.INSUFFICIENT_FUNDS,
}

_ENGINE: Final = range(11001, 11200)
_UNPROVEN: Final = frozenset({*_DUPLICATE, NOT_CONNECTED})
"""What a placing answers when an order may live all the same."""

_STATUSES: Final[dict[int, RejectReason]] = {
    400: RejectReason.INVALID_ORDER,
    UNAUTHORIZED: RejectReason.AUTH,
    FORBIDDEN: RejectReason.AUTH,
    404: RejectReason.NOT_FOUND,
    408: RejectReason.TIMEOUT,
    TOO_MANY_REQUESTS: RejectReason.RATE_LIMIT,
    GATEWAY_TIMEOUT: RejectReason.TIMEOUT,
}
GATES: Final = frozenset({UNAUTHORIZED, FORBIDDEN, TOO_MANY_REQUESTS})
"""Statuses given before a request is processed."""


def reason_of_code(code: int, cancel_reason: int = 0) -> RejectReason:
    """Our word for a code of the trading engine, or for a `cxlRejReason` where there is none."""
    if code in REASONS:
        return REASONS[code]
    if code in _ENGINE:
        return RejectReason.INVALID_ORDER
    return CANCEL_REASON_WORDS.get(cancel_reason, RejectReason.VENUE_ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is not a success. `code` 0: the body says none."""

    status: int
    code: int = 0
    message: str = ""
    readable: bool = True

    @property
    def text(self) -> str:
        """One line for people."""
        words = [f"HTTP {self.status}", str(self.code) if self.code else "", self.message]
        return " · ".join(word for word in words if word)[:RAW_LIMIT]

    @property
    def reason(self) -> RejectReason:
        """Our word: by the gate's status, then by code, then by status."""
        words = self.message.lower()
        if self.status in GATES or self.code == 10500:  # noqa: PLR2004 - "bad request", of any kind
            if self.status != TOO_MANY_REQUESTS and "expir" in words:
                return RejectReason.CLOCK_SKEW
            if "signature" in words or "api key" in words or "access token" in words:
                return RejectReason.AUTH
        if self.status not in GATES and (self.code in REASONS or self.code in _ENGINE):
            return reason_of_code(self.code)
        return _STATUSES.get(self.status, RejectReason.VENUE_ERROR)

    @property
    def definitive(self) -> bool:
        """True when it proves that no order was made.

        A code that we do not know proves nothing, and neither does anything above 499.
        """
        if self.status in GATES:
            return True
        if self.status >= SERVER_FAULT or not self.readable or self.code in _UNPROVEN:
            return False
        return self.code in REASONS or self.code in _ENGINE


class _Envelope(msgspec.Struct):
    code: int | str = 0
    msg: str | None = None
    data: msgspec.Raw = msgspec.Raw()


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)


def decode_refusal(status: int, body: bytes) -> Refusal:
    """The refusal that a body is; total."""
    try:
        envelope = decode_as(_ENVELOPE, body)
        code = int(envelope.code)
    except (UnreadableError, ValueError):
        shown = body[:200].decode("utf-8", "replace").strip()
        return Refusal(status=status, message=shown, readable=False)
    return Refusal(status=status, code=code, message=(envelope.msg or "")[:RAW_LIMIT])


def opened(status: int, body: bytes) -> msgspec.Raw | Refusal:
    """The `data` of a success, or the refusal. Only HTTP 2xx with code 0 is a success."""
    refusal = decode_refusal(status, body)
    if not OK <= status < SUCCESS_END or not refusal.readable or refusal.code:
        return refusal
    data = decode_as(_ENVELOPE, body).data
    if not bytes(data):
        return Refusal(status=status, message="data is missing", readable=False)
    return data


def error_of(refusal: Refusal) -> VenueError:
    """The exception for a refused look-up."""
    reason = refusal.reason
    kind = ERRORS.get(reason, VenueError)
    if refusal.status >= SERVER_FAULT:
        kind = AnswerTimeoutError if reason is RejectReason.TIMEOUT else ServerFaultError
    elif reason is RejectReason.VENUE_ERROR:
        kind = UnknownOutcomeError
    return kind(refusal.text, venue="phemex", code=str(refusal.code or ""))
