"""Binance's refusals: `{"code", "msg"}` and HTTP status -> our reason, and what they prove. Pure.

Spot answers -2010 for a whole family of causes, so its text counts as well (Binance docs: error
codes, messages for -1010, -2010 and -2011). A refusal is definitive unless one of the codes that
mean "sent, status unknown" or a 5xx without a word of its own leaves the outcome open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from daemon.core.terms import RejectReason, Venue
from daemon.venues.binance.wire import USDM
from daemon.venues.decoding import RAW_LIMIT, UnreadableError, decode_as
from daemon.venues.errors import ERRORS, UnknownOutcomeError, VenueError

REFUSED: Final = 400
REQUEST_TIMEOUT: Final = 408
BANNED: Final = 418
TOO_MANY_REQUESTS: Final = 429
SERVER_FAULT: Final = 500
UNAVAILABLE: Final = 503
STALE_TIMESTAMP: Final = -1021
NO_LISTEN_KEY: Final = -1125
NO_SUCH_SYMBOL: Final = frozenset({"-1121", "-1100"})
"""Of a question that names nothing but a symbol: it is none, or cannot be one."""
ARCHIVED: Final = -2026
"""Canceled or expired without a fill more than 90 days ago (spot)."""

_NEW_REFUSED: Final = -2010
_CANCEL_REFUSED: Final = -2011
_UNKNOWN_ORDER: Final = "Unknown order sent."


class _Body(msgspec.Struct):
    code: int
    msg: str = ""


_BODY: Final = msgspec.json.Decoder(_Body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is not a success. `code` is 0 where the body has none."""

    status: int
    code: int = 0
    message: str = ""

    @property
    def text(self) -> str:
        """One line for people."""
        words = [f"HTTP {self.status}", str(self.code or ""), self.message]
        return " · ".join(word for word in words if word)[:RAW_LIMIT]


def decode_refusal(status: int, body: bytes) -> Refusal:
    """The refusal; total. A stranger's body (a proxy, a firewall) is its message."""
    try:
        read = decode_as(_BODY, body)
    except UnreadableError:
        shown = body[:200].decode("utf-8", "replace").strip()
        return Refusal(status=status, message=shown)
    return Refusal(status=status, code=read.code, message=read.msg)


_R = RejectReason
REASONS: Final[dict[int, RejectReason]] = {
    -1000: _R.VENUE_ERROR,
    -1001: _R.VENUE_ERROR,
    -1002: _R.AUTH,
    -1003: _R.RATE_LIMIT,
    -1006: _R.TIMEOUT,
    -1007: _R.TIMEOUT,
    -1008: _R.RATE_LIMIT,
    -1013: _R.INVALID_ORDER,
    -1015: _R.RATE_LIMIT,
    STALE_TIMESTAMP: _R.CLOCK_SKEW,
    -1022: _R.AUTH,
    -1034: _R.RATE_LIMIT,
    -1102: _R.INVALID_ORDER,
    -1109: _R.AUTH,
    -1111: _R.INVALID_ORDER,
    -1121: _R.INVALID_ORDER,
    NO_LISTEN_KEY: _R.NOT_FOUND,
    _NEW_REFUSED: _R.INVALID_ORDER,
    _CANCEL_REFUSED: _R.NOT_FOUND,
    -2013: _R.NOT_FOUND,
    -2014: _R.AUTH,
    -2015: _R.AUTH,
    -2018: _R.INSUFFICIENT_FUNDS,
    -2019: _R.INSUFFICIENT_FUNDS,
    -2020: _R.NO_LIQUIDITY,
    -2021: _R.INVALID_ORDER,
    -2022: _R.NO_POSITION,
    -2023: _R.VENUE_ERROR,
    -2025: _R.INVALID_ORDER,
    ARCHIVED: _R.NOT_FOUND,
    -4061: _R.NO_POSITION,
    -4116: _R.DUPLICATE_ID,
    -4118: _R.NO_POSITION,
    -4120: _R.INVALID_ORDER,
    -4131: _R.NO_LIQUIDITY,
    -4140: _R.MARKET_INACTIVE,
    -4141: _R.MARKET_INACTIVE,
    -4164: _R.INVALID_ORDER,
    -4400: _R.INVALID_ORDER,
    -5021: _R.NO_LIQUIDITY,
    -5022: _R.INVALID_ORDER,
    **dict.fromkeys((-4003, -4004, -4005, -4023), _R.INVALID_ORDER),  # quantity
    **dict.fromkeys((-4013, -4014, -4016, -4024), _R.INVALID_ORDER),  # price
}
"""Binance's code to our reason. -2023: the account is being liquidated; -4061: its position mode is
not the one that the order was meant for."""

TEXTS: Final[dict[str, RejectReason]] = {
    "Account has insufficient balance for requested action.": _R.INSUFFICIENT_FUNDS,
    "Duplicate order sent.": _R.DUPLICATE_ID,
    "Market is closed.": _R.MARKET_INACTIVE,
    "This action is disabled on this account.": _R.MARKET_INACTIVE,
}
"""What -2010 says in words; anything else of it is an order that the rules forbid."""

STATUSES: Final[dict[int, RejectReason]] = {
    401: _R.AUTH,
    403: _R.AUTH,
    REQUEST_TIMEOUT: _R.TIMEOUT,
    BANNED: _R.RATE_LIMIT,
    TOO_MANY_REQUESTS: _R.RATE_LIMIT,
    504: _R.TIMEOUT,
}
"""What an HTTP status says where the code says nothing. 403 is the firewall's."""

OPEN_CODES: Final = frozenset({-1000, -1001, -1006, -1007})
"""Unknown error, disconnected, unexpected response, timeout: execution status unknown."""

_OVERLOADED: Final = -1008
_NOT_EXECUTED: Final = "Service Unavailable."


def reason_of(refusal: Refusal) -> RejectReason:
    """Our word for a refusal: by text, by code, then by status."""
    if refusal.status in {BANNED, TOO_MANY_REQUESTS}:
        return RejectReason.RATE_LIMIT
    said = _by_text(refusal) or REASONS.get(refusal.code) or STATUSES.get(refusal.status)
    if said is not None:
        return said
    refused = refusal.code and REFUSED <= refusal.status < BANNED
    return RejectReason.INVALID_ORDER if refused else RejectReason.VENUE_ERROR


def _by_text(refusal: Refusal) -> RejectReason | None:
    """A cancel refused for any cause but an unknown order did not find that the order ended."""
    if refusal.code == _NEW_REFUSED:
        return TEXTS.get(refusal.message)
    other = refusal.code == _CANCEL_REFUSED and refusal.message not in {_UNKNOWN_ORDER, ""}
    return RejectReason.VENUE_ERROR if other else None


def definitive(refusal: Refusal, venue: Venue) -> bool:
    """True when a refusal proves that the request changed nothing.

    Of the 5xx only -1008 and a 503 "Service Unavailable." do, and on USD-M alone: of spot's the
    execution status is unknown (Binance docs: general information on HTTP return codes). A 408
    and a stranger's 4xx prove nothing.
    """
    if STATUSES.get(refusal.status) in {RejectReason.AUTH, RejectReason.RATE_LIMIT}:
        return True
    if refusal.status == UNAVAILABLE and venue == USDM:
        return refusal.code == _OVERLOADED or refusal.message == _NOT_EXECUTED
    known = refusal.code != 0 and refusal.code not in OPEN_CODES
    late = refusal.status == REQUEST_TIMEOUT
    refused = REFUSED <= refusal.status < SERVER_FAULT
    return known and refused and not late


def error_of(refusal: Refusal, venue: Venue) -> VenueError:
    """The exception for a refused look-up."""
    kind = ERRORS.get(reason_of(refusal), UnknownOutcomeError)
    return kind(refusal.text, venue=venue, code=str(refusal.code or ""))
