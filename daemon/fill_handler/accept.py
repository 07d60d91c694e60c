"""What callers hand in, looked at before anything uses it.

Each function gives the value as it may be used, or raises `BadInputError`, which names the field,
the value and what is accepted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from daemon.control.bodies import shown
from daemon.fill_handler.errors import BadInputError
from daemon.venues.decoding import (
    DIGITS_LIMIT,
    LARGEST_EXPONENT,
    NAME_LIMIT,
    PLACES_LIMIT,
    UnreadableError,
)
from daemon.venues.decoding import number as read_number

_TEXT: Final = f"text of 1 to {NAME_LIMIT} characters that UTF-8 can hold"
_PATH_MOST: Final = 4_096  # Linux's own limit
_PATH: Final = "a path that can be, as text or a Path"
_NUMBER: Final = "a decimal number"
_IN_RANGE: Final = (
    f"{_NUMBER} below 1E+{LARGEST_EXPONENT + 1} of at most {DIGITS_LIMIT} digits, {PLACES_LIMIT} of"
    " them after the point"
)


def refused(name: str, value: object, accepted: str) -> BadInputError:
    """The error for a field that holds what it must not."""
    return BadInputError(f"{name} = {shown(value)}: accepted: {accepted}")


def misplaced(name: str, value: object, accepted: str) -> BadInputError:
    """The same for a value of another kind, which may hold a secret: it is not shown."""
    return BadInputError(f"{name} is {type(value).__name__}: accepted: {accepted}")


def text(name: str, value: object) -> str:
    """An id, a symbol, a venue: what the journal and every line of a table can hold."""
    if not isinstance(value, str) or not 0 < len(value) <= NAME_LIMIT or not _encodes(value):
        raise refused(name, value, _TEXT)
    return value


def text_or_none(name: str, value: object) -> str | None:
    """The same, or nothing."""
    return None if value is None else text(name, value)


def line(name: str, value: object) -> str:
    """Text of any length; it is not shown, since it may hold a secret."""
    if not isinstance(value, str) or not _encodes(value):
        raise BadInputError(f"{name}: one of them is no text: accepted: text that UTF-8 can hold")
    return value


def path(name: str, value: object) -> Path:
    """A path that the system can be asked about."""
    if not isinstance(value, str | Path):
        raise misplaced(name, value, _PATH)
    if not _names(value):
        raise refused(name, value, _PATH)
    return Path(value)


def path_or_none(name: str, value: object) -> Path | None:
    """The same, or nothing."""
    return None if value is None else path(name, value)


def exact(name: str, value: object) -> Decimal:
    """A number as it was written: of a float, what stands in the source."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        raise refused(name, value, _NUMBER)
    try:
        # Not `repr`: a float of numpy's would name its class.
        return Decimal(float.__repr__(value) if isinstance(value, float) else value)
    except (InvalidOperation, ValueError):
        raise refused(name, value, _NUMBER) from None


def number(name: str, value: object) -> Decimal:
    """The same within the limits of a venue's own numbers, which can be counted with exactly."""
    found = exact(name, value)
    if not found.is_finite():
        raise refused(name, value, _NUMBER)
    if abs(found.adjusted()) > 2 * LARGEST_EXPONENT:  # as text it might be of any length
        raise refused(name, value, _IN_RANGE)
    try:
        return read_number(str(found), name)
    except UnreadableError:
        raise refused(name, value, _IN_RANGE) from None


def rows(name: str, value: object) -> Iterable[object]:
    """Records one after the other; one record by itself is none."""
    if isinstance(value, str | bytes | bytearray | Mapping) or not isinstance(value, Iterable):
        raise misplaced(name, value, "a list")
    return value


def function_or_none(name: str, value: object) -> None:
    """Something that can be called, or nothing."""
    if value is not None and not callable(value):
        raise refused(name, value, "a function, or None")


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _names(value: str | Path) -> bool:
    try:
        raw = os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return 0 < len(raw) <= _PATH_MOST and b"\0" not in raw
