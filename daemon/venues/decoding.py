"""What reading a venue's message has in common on all venues. Pure; knows no venue.

A decoder never raises on bad input: inside a wire module `UnreadableError` carries the reason up
to the function that turns it into `Undecodable`. Numbers are decimal strings, and exact; a JSON
number in the place of money is refused, not guessed at.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, TypedDict, TypeVar

import msgspec

from daemon.core.errors import TheirsError
from daemon.core.events import Undecodable
from daemon.core.terms import ZERO, Account, Venue

RAW_LIMIT: Final = 2_000
"""Characters of an unreadable message that are kept."""

NAME_LIMIT: Final = 200

DIGITS_LIMIT: Final = 28
"""Significant digits of a number: products of two stay exact in the core's 60."""

PLACES_LIMIT: Final = 18
LARGEST_EXPONENT: Final = 14
_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_MAX_MS: Final = 9_000_000_000_000
_MS: Final = 1_000_000

T = TypeVar("T")


class UnreadableError(TheirsError):
    """A message lacks something or contradicts itself; stays inside the wire modules."""


class Stamp(TypedDict):
    """What every venue event carries: spread into its constructor with `**`."""

    receive_time_ns: int
    mono_ns: int
    account: Account
    venue: Venue


def undecodable(stamp: Stamp, source: str, raw: bytes | str, text: str) -> Undecodable:
    """The event for a message that cannot be read; `source` names the endpoint or channel."""
    shown = raw if isinstance(raw, str) else raw[: 4 * RAW_LIMIT].decode("utf-8", "replace")
    return Undecodable(**stamp, source=source, raw=shown[:RAW_LIMIT], text=text[:RAW_LIMIT])


def decode_as(decoder: msgspec.json.Decoder[T], raw: bytes | msgspec.Raw) -> T:
    """`raw` as the decoder's type; raises `UnreadableError` and nothing else."""
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from None


def number(text: str, what: str) -> Decimal:
    """A decimal string as it stands, sign and exponent (`-8.9E-8`) allowed, within the limits."""
    if _NUMBER.fullmatch(text) is None:
        raise UnreadableError(f"{what} {text[:40]!r} is not a decimal number")
    value = Decimal(text)
    _sign, digits, exponent = value.as_tuple()
    small = isinstance(exponent, int) and exponent >= -PLACES_LIMIT
    if not small or value.adjusted() > LARGEST_EXPONENT or len(digits) > DIGITS_LIMIT:
        raise UnreadableError(f"{what} {text[:40]!r} is out of range")
    return value


def unsigned(text: str, what: str) -> Decimal:
    """A price or quantity, 0 or more."""
    value = number(text, what)
    if value < ZERO:
        raise UnreadableError(f"{what} {text} is negative")
    return value


def positive(text: str, what: str) -> Decimal:
    """A price or quantity above 0."""
    value = unsigned(text, what)
    if value == ZERO:
        raise UnreadableError(f"{what} is 0")
    return value


def name(text: str, what: str) -> str:
    """A symbol or id: not empty, at most 200 characters."""
    if not text or len(text) > NAME_LIMIT:
        raise UnreadableError(f"{what} is empty or too long")
    return text


def millis_ns(value: int, what: str) -> int:
    """Unix milliseconds as ns."""
    if not 0 <= value <= _MAX_MS:
        raise UnreadableError(f"{what} {value} is not a time in unix milliseconds")
    return value * _MS
