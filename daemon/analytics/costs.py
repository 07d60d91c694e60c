"""What fills and exits cost, in rows of one currency each: two currencies have no sum. Pure.

Costs are signed, + = worse for us. Quantities, and what is an average over them, are said where
all of a row is of one kind: one symbol, or contracts on yes or no. Where nobody told what prices
are in (`currency` None), money is said of one symbol only. Counts and percentiles always are.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, Generic, NamedTuple

from daemon.analytics.exit_quality import ExitCell
from daemon.analytics.figures import OTHERS
from daemon.analytics.scene import View, binary, plain
from daemon.analytics.slippage import BPS_UNIT, Against, SlipCell
from daemon.analytics.sums import Tables
from daemon.analytics.tables import Key, Sums, Table
from daemon.core.terms import proper, quotient

PERCENTS: Final = (50, 90, 99)
# Where the parts stand in the keys of `sums.Tables`.
_AGAINST: Final = 2
_SLIP_CURRENCY: Final = 3
_EXIT_CURRENCY: Final = 2
_ORDER: Final = {against.value: at for at, against in enumerate(Against)}


class _Line(NamedTuple, Generic[Sums]):
    """Sums of one currency, "" where it is not known, and whether their quantities are alike."""

    key: Key
    currency: str
    sums: Sums
    alike: bool

    def money(self, sum_: Decimal | None) -> str | None:
        """An amount of it, or a share of one, where it is of one currency for sure."""
        return plain(sum_) if self.currency or self.alike else None

    def each(self, average: Decimal | None) -> str | None:
        """A quantity, or an average over it, where it is of one thing."""
        return plain(average) if self.alike else None


def _lines(table: Table[Sums], *places: int) -> Iterator[_Line[Sums]]:
    """The sums by these parts of the key, of which the last is the currency."""
    kinds: dict[Key, set[Key]] = {}
    for key in table.cells:
        kinds.setdefault(tuple(key[place] for place in places), set()).add(_kind(key))
    for key, cell in table.by(*places).items():
        (one, *others) = kinds[key]
        yield _Line(key[:-1], key[-1], cell, alike=bool(one) and not others)


def _kind(key: Key) -> Key:
    """What a quantity is of; () where that is several things."""
    venue, symbol = key[:2]
    if binary(venue):
        return ("contracts",)
    return () if symbol == OTHERS else (venue, symbol)


def slip_rows(tables: Tables, *places: int) -> Iterator[tuple[Key, View]]:
    """Slippage of fills by these parts of the key, price measured against and currency."""
    lines = _lines(tables.slips, *places, _AGAINST, _SLIP_CURRENCY)
    for line in sorted(lines, key=lambda one: (one.key[:-1], _ORDER[one.key[-1]], one.currency)):
        *named, against = line.key
        yield tuple(named), {"against": against, **_slip_view(line)}


def _slip_view(line: _Line[SlipCell]) -> View:
    cell = line.sums
    return {
        "currency": line.currency or None,
        "fills": cell.fills,
        "qty": line.each(cell.qty),
        "cost": line.money(cell.cost),
        "price": line.each(cell.px),
        "bps": line.money(cell.bps),
    }


def spread_view(tables: Tables, row: View, venue: str | None = None) -> View:
    """How orders spread round the price that a row of `slip_rows` is measured against."""
    spread = tables.spreads.of(str(row["against"]), venue, str(row["currency"] or ""))
    return {
        "orders": spread.count,
        **{f"p{percent}_bps": _bps(spread.percentile(percent)) for percent in PERCENTS},
    }


def _bps(units: int | None) -> str | None:
    return None if units is None else proper(quotient(Decimal(units), BPS_UNIT))


def exit_rows(tables: Tables, *places: int) -> Iterator[tuple[Key, View]]:
    """Ended exits by these parts of the key and currency."""
    for line in _lines(tables.exits, *places, _EXIT_CURRENCY):
        yield line.key, _exit_view(line)


def _exit_view(line: _Line[ExitCell]) -> View:
    cell = line.sums
    return {
        "currency": line.currency or None,
        "exits": cell.exits,
        "flat": cell.flat,
        "in_parts": cell.in_parts,
        "estimated": cell.estimated,
        "beyond_tolerance": cell.beyond,
        "orders": cell.orders,
        "qty": line.each(cell.qty),
        "cost": line.money(cell.cost),
        "cost_share": line.money(cell.share),
        "cost_of_parts": line.money(cell.parts_cost),
        "exposed_s": line.each(cell.exposed_s),
        "pnl": line.money(cell.pnl),
        "fees": line.money(cell.fees),
    }
