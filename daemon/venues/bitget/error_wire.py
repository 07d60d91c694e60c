"""Bitget's envelope, and its codes -> our reason. Pure.

Every answer is `{"code", "msg", "requestTime", "data"}`; only `"00000"` is a success. A refusal
comes with HTTP 400 mostly, and its code counts, not the status. Four codes are no refusals:
nobody knows whether the request was carried out (Bitget docs: place order), and it has to be
looked up by `clientOid`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from daemon.core.terms import RejectReason, Venue
from daemon.venues.bitget.wire import millis_ns
from daemon.venues.decoding import RAW_LIMIT, UnreadableError, decode_as
from daemon.venues.errors import (
    ERRORS,
    AnswerTimeoutError,
    ServerFaultError,
    UnknownOutcomeError,
    VenueError,
)

SUCCESS: Final = "00000"
DONE: Final = 200
REFUSED: Final = 400
TOO_MANY_REQUESTS: Final = 429
SERVER_FAULT: Final = 500


class _Envelope(msgspec.Struct, rename="camel"):
    code: str | int
    msg: str | None = None
    message: str | None = None
    request_time: str | int | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)


@dataclass(frozen=True, slots=True)
class Success:
    """What was asked for, and when Bitget took the question (UTC ns of its clock)."""

    data: msgspec.Raw
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is not a success. `readable` is False where the body is not Bitget's."""

    status: int
    code: str = ""
    message: str = ""
    readable: bool = True

    @property
    def text(self) -> str:
        """One line for people."""
        words = [f"HTTP {self.status}", self.code, self.message]
        return " · ".join(word for word in words if word)[:RAW_LIMIT]


def decode_answer(status: int, body: bytes) -> Success | Refusal:
    """The envelope, opened; total."""
    try:
        envelope = decode_as(_ENVELOPE, body)
        code = str(envelope.code)
        if code == SUCCESS and status == DONE:
            return Success(envelope.data, millis_ns(envelope.request_time, "requestTime"))
    except UnreadableError as error:
        shown = body[:200].decode("utf-8", "replace").strip()
        return Refusal(status=status, message=shown or str(error), readable=False)
    message = envelope.msg or envelope.message or ""
    # A success under a status that says otherwise is not Bitget's own word.
    return Refusal(status=status, code=code, message=message, readable=code != SUCCESS)


def _rows(reason: RejectReason, codes: str) -> dict[str, RejectReason]:
    return dict.fromkeys(codes.split(), reason)


REASONS: Final[dict[str, RejectReason]] = {
    **_rows(
        RejectReason.INSUFFICIENT_FUNDS,
        "43012 50020 49023 45002 43132 40754 40798 40800 25202 25203 40762",
    ),
    **_rows(RejectReason.NOT_FOUND, "43001 40109 45057 31007 43004 22001 25204"),
    **_rows(RejectReason.DUPLICATE_ID, "43118 45034 50060 25212"),
    **_rows(RejectReason.RATE_LIMIT, "429 30006 30007 45129"),
    **_rows(RejectReason.CLOCK_SKEW, "40008 40005 40078 40079 30013 30014"),
    **_rows(
        RejectReason.AUTH,
        "40009 40006 40037 40012 40011 40018 40014 40085 30004 30005 30011 30012 30015",
    ),
    **_rows(
        RejectReason.INVALID_ORDER,
        "43006 43007 43008 43009 43010 43027 43028 43037 43042"
        " 45110 45111 45112 45113 45114 45115 45035 22034 01002 25207 25610 25611",
    ),
    **_rows(
        RejectReason.NO_POSITION,
        "22002 45003 45004 45005 45006 45007 25225 25226 25232 25574",
    ),
    **_rows(
        RejectReason.MARKET_INACTIVE,
        "45043 41114 40844 43115 25102 25106 25101",
    ),
    "22043": RejectReason.VENUE_ERROR,
}
"""Bitget's code to our reason. 40762 may mean funds or a position limit; 22043 is ADL at work."""

UNKNOWN_OUTCOME: Final = frozenset({"40010", "40725", "45001", "40015", "40808"})
"""Sent, and nobody knows what came of it; 40808 comes while Bitget releases software."""

NO_SUCH_SYMBOL: Final = frozenset({"40034", "25101"})
"""Of a question that names nothing but a symbol: there is none of that name."""

UNIFIED_ONLY: Final = "40085"
"""A classic call for an account that is on UTA."""

STATUSES: Final[dict[int, RejectReason]] = {
    400: RejectReason.INVALID_ORDER,
    401: RejectReason.AUTH,
    403: RejectReason.AUTH,
    404: RejectReason.NOT_FOUND,
    408: RejectReason.TIMEOUT,
    TOO_MANY_REQUESTS: RejectReason.RATE_LIMIT,
    504: RejectReason.TIMEOUT,
}
"""What an HTTP status says where the code says nothing."""

GATES: Final = frozenset({401, 403, TOO_MANY_REQUESTS})
"""Statuses given before a request is processed, whoever gives them and in whatever shape."""


def reason_of(refusal: Refusal) -> RejectReason:
    """Our word for a refusal: by status 429, by code, then by status."""
    if refusal.status == TOO_MANY_REQUESTS:
        return RejectReason.RATE_LIMIT
    if refusal.code in UNKNOWN_OUTCOME:
        return RejectReason.VENUE_ERROR
    if refusal.code in REASONS:
        return REASONS[refusal.code]
    return STATUSES.get(refusal.status, RejectReason.VENUE_ERROR)


def definitive(refusal: Refusal) -> bool:
    """True when a refusal proves that the request changed nothing.

    One of Bitget's own codes does, unless it is one of an unknown outcome; so do the gates. A
    stranger's body (a proxy), a 408, a redirect and any 5xx prove nothing.
    """
    if refusal.status in GATES:
        return True
    below = refusal.status == DONE or (REFUSED <= refusal.status < SERVER_FAULT)
    timeout = STATUSES.get(refusal.status) is RejectReason.TIMEOUT
    return refusal.readable and below and not timeout and refusal.code not in UNKNOWN_OUTCOME


def error_of(refusal: Refusal, venue: Venue) -> VenueError:
    """The exception for a refused look-up."""
    reason = reason_of(refusal)
    kind = ERRORS.get(reason, VenueError)
    if reason is RejectReason.TIMEOUT:
        kind = AnswerTimeoutError
    elif refusal.code in UNKNOWN_OUTCOME or refusal.status >= SERVER_FAULT:
        kind = ServerFaultError
    elif reason is RejectReason.VENUE_ERROR:
        kind = UnknownOutcomeError
    return kind(refusal.text, venue=venue, code=refusal.code)
