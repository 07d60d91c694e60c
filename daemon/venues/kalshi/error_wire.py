"""Kalshi's refusals: four shapes of body -> one, and code + HTTP status -> our reason. Pure.

The shapes (Kalshi docs and recordings: errors): nested `{"error": {"code", "message",
"details"}}`, flat `{"code", "message", "details"}`, bare `{"msg"}`, and `{"error": "text"}`.
Codes count, not statuses: a paused exchange and a used id are both 409.
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
from daemon.venues.kalshi.wire import VENUE

TOO_MANY_REQUESTS: Final = 429
SUCCESS: Final = 200
REDIRECT: Final = 300
REFUSED: Final = 400
SERVER_FAULT: Final = 500
TIMESTAMP_EXPIRED: Final = "header_timestamp_expired"


class _Flat(msgspec.Struct):
    code: str | None = None
    message: str | None = None
    details: object = None
    service: str | None = None
    msg: str | None = None
    error: object = None


_FLAT: Final = msgspec.json.Decoder(_Flat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is not a success. `readable` is False where the body has no known shape."""

    status: int
    code: str = ""
    message: str = ""
    details: str = ""
    readable: bool = True

    @property
    def text(self) -> str:
        """One line for people."""
        words = [f"HTTP {self.status}", self.code, self.message, self.details]
        unique = dict.fromkeys(word for word in words if word)
        return " · ".join(unique)[:RAW_LIMIT]


def succeeded(status: int) -> bool:
    """True for a 2xx."""
    return SUCCESS <= status < REDIRECT


def decode_refusal(status: int, body: bytes) -> Refusal:
    """The refusal in any of the known shapes; total."""
    try:
        flat = decode_as(_FLAT, body)
    except UnreadableError:
        shown = body[:200].decode("utf-8", "replace").strip()
        return Refusal(status=status, message=shown, readable=False)
    if isinstance(flat.error, str):
        return Refusal(status=status, message=flat.error)
    if isinstance(flat.error, dict):
        fields = {str(key): value for key, value in flat.error.items()}
        flat = _Flat(
            code=_text(fields.get("code")),
            message=_text(fields.get("message")),
            details=fields.get("details"),
        )
    message = flat.message or flat.msg or ""
    return Refusal(
        status=status,
        code=flat.code or "",
        message=message,
        details=_text(flat.details),
        readable=bool(flat.code or message),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)[:RAW_LIMIT]


REASONS: Final[dict[str, RejectReason]] = {
    "order_already_exists": RejectReason.DUPLICATE_ID,
    "fill_or_kill_insufficient_resting_volume": RejectReason.NO_LIQUIDITY,
    "trading_is_paused": RejectReason.EXCHANGE_PAUSED,
    "exchange_is_paused": RejectReason.EXCHANGE_PAUSED,
    "insufficient_balance": RejectReason.INSUFFICIENT_FUNDS,
    "available_balance_too_low": RejectReason.INSUFFICIENT_FUNDS,
    "invalid_price": RejectReason.INVALID_ORDER,
    "invalid_order": RejectReason.INVALID_ORDER,
    "invalid_order_size": RejectReason.INVALID_ORDER,
    "order_side_mismatch": RejectReason.INVALID_ORDER,
    "order_ticker_mismatch": RejectReason.INVALID_ORDER,
    "order_id_and_client_order_id_mismatch": RejectReason.INVALID_ORDER,
    "missing_parameters": RejectReason.INVALID_ORDER,
    "invalid_parameters": RejectReason.INVALID_ORDER,
    "bad_request": RejectReason.INVALID_ORDER,
    "invalid_content_type": RejectReason.INVALID_ORDER,
    "deprecated_v1_order_endpoint": RejectReason.INVALID_ORDER,
    "self_cross_attempt": RejectReason.INVALID_ORDER,
    "order_group_not_found": RejectReason.INVALID_ORDER,
    "exceeded_per_market_risk_limit": RejectReason.INVALID_ORDER,
    "exceeded_order_group_risk_limit": RejectReason.INVALID_ORDER,
    "exceeded_sell_position_floor": RejectReason.NO_POSITION,
    "market_inactive": RejectReason.MARKET_INACTIVE,
    "market_already_closed": RejectReason.MARKET_INACTIVE,
    "not_found": RejectReason.NOT_FOUND,
    "market_not_found": RejectReason.NOT_FOUND,
    "authentication_error": RejectReason.AUTH,
    "signature_is_missing_from_headers": RejectReason.AUTH,
    "token_authentication_failure": RejectReason.AUTH,
    TIMESTAMP_EXPIRED: RejectReason.CLOCK_SKEW,
    "too_many_requests": RejectReason.RATE_LIMIT,
    "service_unavailable": RejectReason.VENUE_ERROR,
}
"""Kalshi's code, in lower case, to our reason."""

PREFIXES: Final[tuple[tuple[str, RejectReason], ...]] = (
    ("user_not_found", RejectReason.AUTH),
    ("insufficient_balance", RejectReason.INSUFFICIENT_FUNDS),
    ("invalid_", RejectReason.INVALID_ORDER),
    ("missing_", RejectReason.INVALID_ORDER),
)
"""Beginnings of codes that carry an id behind them, asked when the code itself is unknown."""

STATUSES: Final[dict[int, RejectReason]] = {
    400: RejectReason.INVALID_ORDER,
    401: RejectReason.AUTH,
    403: RejectReason.AUTH,
    404: RejectReason.NOT_FOUND,
    408: RejectReason.TIMEOUT,
    410: RejectReason.INVALID_ORDER,
    429: RejectReason.RATE_LIMIT,
    504: RejectReason.TIMEOUT,
}
"""What an HTTP status says where the code says nothing."""

GATES: Final = frozenset({401, 403, TOO_MANY_REQUESTS})
"""Statuses given before a request is processed, whoever gives them and in whatever shape."""


def reason_of(refusal: Refusal) -> RejectReason:
    """Our word for a refusal: by exact code, by prefix, then by status."""
    if refusal.status == TOO_MANY_REQUESTS:
        return RejectReason.RATE_LIMIT
    code = refusal.code.lower()
    if code in REASONS:
        return REASONS[code]
    for prefix, reason in PREFIXES:
        if code.startswith(prefix):
            return reason
    return STATUSES.get(refusal.status, RejectReason.VENUE_ERROR)


def definitive(refusal: Refusal) -> bool:
    """True when a refusal proves that the request changed nothing.

    A 4xx in one of Kalshi's shapes does, and so do the gates. A 4xx in a stranger's shape (a
    proxy), a 408, a redirect and any 5xx prove nothing.
    """
    if refusal.status in GATES:
        return True
    timeout = STATUSES.get(refusal.status) is RejectReason.TIMEOUT
    return refusal.readable and not timeout and REFUSED <= refusal.status < SERVER_FAULT


def error_of(refusal: Refusal) -> VenueError:
    """The exception for a refused look-up."""
    reason = reason_of(refusal)
    kind = ERRORS.get(reason, VenueError)
    if refusal.status >= SERVER_FAULT:
        kind = AnswerTimeoutError if reason is RejectReason.TIMEOUT else ServerFaultError
        if reason is RejectReason.EXCHANGE_PAUSED:
            kind = ERRORS[reason]
    elif reason is RejectReason.VENUE_ERROR:
        kind = UnknownOutcomeError
    return kind(refusal.text, venue=VENUE, code=refusal.code)
