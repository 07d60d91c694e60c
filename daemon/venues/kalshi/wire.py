"""What all Kalshi messages have in common: numbers, times, directions.

The topics stand beside it: `order_wire`, `fill_wire`, `account_wire`, `market_wire`,
`exchange_wire`, `error_wire` and `stream_wire`. None of them does I/O, and none raises on bad
input: what cannot be read becomes `Undecodable`. Inside, `UnreadableError` carries the reason up
to the function that catches it.

Money and counts are decimal strings on the wire (Kalshi docs: fixed-point migration); a JSON
number, an exponent or a NaN in their place is refused, not guessed at. Prices are always YES
prices, and direction is only ever read from `outcome_side` and `book_side` (Kalshi docs: order
direction): `bid` = `yes` = BUY, `ask` = `no` = SELL.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from daemon.core.terms import NANOS, ONE, ZERO, Side, Venue
from daemon.venues.decoding import UnreadableError

VENUE: Final = Venue("kalshi")
LOT_QTY: Final = Decimal("0.01")
"""The smallest quantity: fractional contracts are on for all markets since 2026-04-17."""

PRICE_STEP: Final = Decimal("0.0001")
"""The finest price that a request may carry."""

_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
_RFC3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_S: Final = 9_000_000_000


@functools.lru_cache(maxsize=4_096)
def _exact(text: str) -> Decimal:
    """Kept, as the same few prices, counts and fees come again and again."""
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return Decimal(text)


def number(text: str, what: str) -> Decimal:
    """A decimal string as it stands, sign allowed."""
    try:
        return _exact(text)
    except ValueError:
        raise UnreadableError(f"{what} {text[:40]!r} is not a decimal number") from None


def price(text: str, what: str) -> Decimal:
    """A YES price in dollars, 0 to 1 inclusive."""
    value = number(text, what)
    if not ZERO <= value <= ONE:
        raise UnreadableError(f"{what} {text} is not between 0 and 1 dollar")
    return value


def qty(text: str, what: str) -> Decimal:
    """A quantity of contracts, 0 or more."""
    value = number(text, what)
    if value < ZERO:
        raise UnreadableError(f"{what} {text} is negative")
    return value


_OUTCOMES: Final = {"yes": Side.BUY, "no": Side.SELL}
_BOOK_SIDES: Final = {"bid": Side.BUY, "ask": Side.SELL}


def side(outcome_side: str | None, book_side: str | None) -> Side:
    """BUY for yes/bid, SELL for no/ask; one of them is enough, two must agree.

    The legacy `action` and `side` are not read: they mean different things on orders and fills.
    """
    if outcome_side is None and book_side is None:
        raise UnreadableError("neither outcome_side nor book_side is there")
    said: set[Side] = set()
    if outcome_side is not None:
        if outcome_side not in _OUTCOMES:
            raise UnreadableError(f"outcome_side {outcome_side[:40]!r} is unknown")
        said.add(_OUTCOMES[outcome_side])
    if book_side is not None:
        if book_side not in _BOOK_SIDES:
            raise UnreadableError(f"book_side {book_side[:40]!r} is unknown")
        said.add(_BOOK_SIDES[book_side])
    if len(said) != 1:
        raise UnreadableError(f"outcome_side {outcome_side} contradicts book_side {book_side}")
    return said.pop()


def seconds_ns(value: int, what: str) -> int:
    """Unix seconds as ns."""
    if not 0 <= value <= _MAX_S:
        raise UnreadableError(f"{what} {value} is not a time in unix seconds")
    return value * NANOS


def instant_ns(text: str, what: str) -> int:
    """An RFC 3339 time as UTC ns, exact to its last digit."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise UnreadableError(f"{what} {text[:40]!r} is not an RFC 3339 time")
    fraction = int((match[7] or "0").ljust(9, "0"))
    try:
        moment = datetime(*(int(part) for part in match.groups()[:6]), tzinfo=UTC)  # type: ignore[misc,arg-type]
        if match[8] is not None:
            offset = timedelta(hours=int(match[9]), minutes=int(match[10]))
            moment = moment - offset if match[8] == "+" else moment + offset
    except (ValueError, OverflowError):
        raise UnreadableError(f"{what} {text} is not a time") from None
    since = moment - _EPOCH
    return seconds_ns(since.days * 86_400 + since.seconds, what) + fraction
