"""Fees by venue, symbol, currency and liquidity, and what they are worth in one currency. Pure.

Signed, + = paid. A fee is valued when it is paid, by prices of the journal alone: in the quote
currency as it stands, in the coin of its own market at the fill's price, in a third coin at the
last journalled price of a spot market of that coin. What has no such price stays in its own coin.
From one quote currency to the reporting one only the settings' rates lead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from daemon.analytics.tables import Cell, Key, Table
from daemon.core.events import Fill
from daemon.core.position import Position
from daemon.core.terms import ONE, ZERO, Currency

UNKNOWN_LIQUIDITY = "unknown"


@dataclass(slots=True, kw_only=True)
class FeeCell(Cell):
    """Fees in one currency and the fills that they are of."""

    paid: Decimal = ZERO
    fills: int = 0


@dataclass(slots=True, kw_only=True)
class WorthCell(Cell):
    """What fees of one currency were worth in another when they were paid."""

    worth: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The last journalled price of a coin, in `currency`."""

    currency: Currency
    px: Decimal


def fee_key(fill: Fill, symbol: str) -> Key:
    """Venue, symbol, currency, maker or taker."""
    liquidity = UNKNOWN_LIQUIDITY if fill.liquidity is None else fill.liquidity.value
    return (fill.venue, symbol, fill.commission_currency, liquidity)


def worth_of(
    fill: Fill, position: Position, marks: Mapping[Currency, Mark]
) -> tuple[Decimal, Currency]:
    """What a fill's fee is worth, and in which currency: its own where no price is known."""
    paid, currency = fill.commission, fill.commission_currency
    if currency == position.quote_currency:
        return paid, currency
    if currency == position.base_currency:
        return paid * fill.last_px, position.quote_currency
    mark = marks.get(currency)
    return (paid, currency) if mark is None else (paid * mark.px, mark.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """Fees in the reporting currency, and those that no rate leads there from, by currency."""

    currency: Currency
    total: Decimal
    unvalued: dict[Currency, Decimal]


def valued(
    worths: Mapping[Key, WorthCell], reporting: Currency, rates: Mapping[Currency, Decimal]
) -> Valued:
    """Sum the cells of a `worth` table (last part of the key: the currency of the worth).

    `rates`: what one of a currency is in the reporting one.
    """
    total, left = ZERO, dict[Currency, Decimal]()
    for key, cell in worths.items():
        currency = Currency(key[-1])
        rate = ONE if currency == reporting else rates.get(currency)
        if rate is None:
            left[currency] = left.get(currency, ZERO) + cell.worth
        else:
            total += cell.worth * rate
    return Valued(
        currency=reporting,
        total=total,
        unvalued={name: worth for name, worth in sorted(left.items()) if worth},
    )


def paid_by_currency(fees: Table[FeeCell]) -> dict[Currency, Decimal]:
    """All fees by currency."""
    return {Currency(key[0]): cell.paid for key, cell in fees.by(2).items()}
