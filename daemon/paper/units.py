"""Numbers and times as Kalshi writes them. Pure; it knows no market and no account.

Prices, money and contracts are Decimals made from strings. Dollars have 4 or 6 decimals on the
wire, contracts 2; whole cents survive in four old fields only.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

ZERO = Decimal(0)
ONE = Decimal(1)
CENT = Decimal("0.01")
TENTH_OF_MILL = Decimal("0.0001")
MICRO = Decimal("0.000001")
MIN_COUNT = Decimal("0.01")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIXED = re.compile(r"^\d{1,12}(\.\d{1,12})?$")


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of step that is not above value."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of step that is not below value."""
    return (value / step).to_integral_value(ROUND_CEILING) * step


def dollars4(value: Decimal) -> str:
    """Dollars with 4 decimals, cut, never rounded up."""
    return f"{floor_to(value, TENTH_OF_MILL):.4f}"


def dollars6(value: Decimal) -> str:
    """Dollars with 6 decimals."""
    return f"{value:.6f}"


def count2(value: Decimal) -> str:
    """Contracts with 2 decimals."""
    return f"{value:.2f}"


def whole_cents(value: Decimal) -> int:
    """Dollars as whole cents, cut toward minus infinity."""
    return int((value * 100).to_integral_value(ROUND_FLOOR))


def decimals(text: str) -> int:
    """How many decimals were written."""
    return len(text.partition(".")[2])


def parse_fixed(text: str) -> Decimal | None:
    """A non-negative fixed-point string, or None when it is anything else."""
    return Decimal(text) if _FIXED.match(text) else None


def decimal_of(name: str, text: str) -> Decimal:
    """A written number; `ValueError` with its field's name when it is none."""
    value = parse_fixed(text)
    if value is None:
        raise ValueError(f"{name} = {text!r}: a non-negative decimal in a string is wanted")
    return value


def levels_of(name: str, levels: list[tuple[str, str]]) -> list[tuple[Decimal, Decimal]]:
    """Written (price, quantity) pairs as numbers."""
    return [(decimal_of(name, price), decimal_of(name, qty)) for price, qty in levels]


def rfc3339(ns: int) -> str:
    """UTC with microseconds and a Z."""
    moment = _EPOCH + timedelta(microseconds=ns // 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds(ns: int) -> int:
    """Whole unix seconds."""
    return ns // 1_000_000_000


def millis(ns: int) -> int:
    """Whole unix milliseconds."""
    return ns // 1_000_000
