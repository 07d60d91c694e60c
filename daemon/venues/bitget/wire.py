"""What all Bitget messages have in common: numbers, times, names, the two markets and dialects.

The topics stand beside it: `direction_wire`, `order_wire`, `fill_wire`, `account_wire`,
`market_wire`, `error_wire` and `stream_wire`. None of them does I/O, and none raises on bad
input: what cannot be read becomes `Undecodable`. Inside, `UnreadableError` carries the reason up
to the function that catches it.

An account speaks one of two dialects (Bitget docs: introduction): *classic* v2 with a spot and a
futures account apart, or *UTA* v3 with one for both. Names and the signs of fees differ. Numbers
are decimal strings, with an exponent at times (`"-8.9E-8"`); times are unix milliseconds, as a
number or a string.
"""

from __future__ import annotations

import enum
import re
from decimal import Decimal
from typing import Final

from daemon.core.terms import ZERO, ClientOrderId, Currency, Side, Symbol, Venue
from daemon.venues import decoding
from daemon.venues.decoding import UnreadableError

USDT: Final = Currency("USDT")

_DIGITS: Final = re.compile(r"[0-9]{1,16}", re.ASCII)


class Market(enum.Enum):
    """One of the two markets; the value is Bitget's `productType`, `category` and `instType`."""

    SPOT = "SPOT"
    FUTURES = "USDT-FUTURES"

    @property
    def venue(self) -> Venue:
        """The market's name in position keys (semantics ruling 1)."""
        return VENUES[self]


VENUES: Final = {
    Market.SPOT: Venue("bitget-spot"),
    Market.FUTURES: Venue("bitget-usdt-futures"),
}


class Dialect(enum.Enum):
    """Which API the account is on: separate accounts (v2), or the unified one (v3)."""

    CLASSIC = "classic"
    UTA = "uta"


def number(text: str | None, what: str) -> Decimal:
    """A decimal string as it stands, sign and exponent allowed."""
    return decoding.number(text or "", what)


def exact(value: Decimal, what: str) -> Decimal:
    """A number that came as a `Decimal`, held to the same limits."""
    return decoding.number(str(value), what)


def qty(text: str | None, what: str) -> Decimal:
    """A quantity of base coin, 0 or more."""
    return decoding.unsigned(text or "", what)


def price(text: str | None, what: str) -> Decimal:
    """A price in quote currency, above 0."""
    return decoding.positive(text or "", what)


def limit_px(text: str | None) -> Decimal | None:
    """An order's price; None for a market order, which says "" or "0"."""
    return (number(text, "price") if text else ZERO) or None


def name(text: str | int | None, what: str) -> str:
    """An id or a word: not empty, at most 200 characters."""
    return decoding.name("" if text is None else str(text), what)


def symbol(*texts: str | None) -> Symbol:
    """The first that is there, in upper case: `instId` or `symbol`, by channel."""
    found = next((text for text in texts if text), None)
    return Symbol(name(found, "symbol").upper())


def client_id(text: str | int | None) -> ClientOrderId | None:
    """A `clientOid`; the venue says "" where it has none."""
    return ClientOrderId(name(text, "clientOid")) if text not in {None, ""} else None


def coin(text: str | None, what: str) -> Currency:
    """A currency in upper case."""
    return Currency(name(text, what).upper())


_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


def side_word(text: str | None) -> Side:
    """`side` as it is written; whether it names the trade or the position is another question."""
    folded = (text or "").lower()
    if folded not in _SIDES:
        raise UnreadableError(f"side {folded[:40]!r} is unknown")
    return _SIDES[folded]


def word(text: str | None) -> str:
    """A word of an enumeration as we compare it: lower case, `_` for `-`, "" where missing."""
    return (text or "").lower().replace("-", "_")


def millis_ns(value: str | int | None, what: str) -> int:
    """Unix milliseconds, string or number, as ns."""
    if isinstance(value, str) and _DIGITS.fullmatch(value) is not None:
        value = int(value)
    if not isinstance(value, int):
        raise UnreadableError(f"{what} {str(value)[:40]!r} is not a time in unix milliseconds")
    return decoding.millis_ns(value, what)


def first_time_ns(what: str, *values: str | int | None) -> int:
    """The first of these times that is there."""
    found = next((value for value in values if value not in {None, ""}), None)
    return millis_ns(found, what)
