"""Which coins on a spot account are positions, and how much of them. Pure.

A spot account has balances, not positions: what is guarded is what the operator assigned in the
settings, what fills (or the book, by what it wants priced) showed to be held. A coin is guarded
under one symbol only, the first that is known for it; the quantity is the whole balance, in orders
or not, less the reserve that was set aside. It is computed from the balance alone, so that it is
the same after a restart, and it has the fees in it that were taken in the coin itself (semantics
ruling 29).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from daemon.core.events import PositionRow
from daemon.core.terms import EXACT, ZERO, Currency, Symbol
from daemon.venues.bitget.config import Holding


class SpotHoldings:
    """The symbols of one account that are guarded, in the order in which they became known."""

    def __init__(self, assigned: Iterable[Holding]) -> None:
        self._reserves = {holding.symbol: holding.reserve_qty for holding in assigned}

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """All of them, those of the settings first."""
        return tuple(self._reserves)

    def note(self, symbols: Iterable[Symbol]) -> None:
        """These have been bought or sold, or are watched: they are positions from now on."""
        for symbol in symbols:
            self._reserves.setdefault(symbol, ZERO)

    def rows(
        self, balances: Mapping[Currency, Decimal], bases: Mapping[Symbol, Currency]
    ) -> Sequence[PositionRow]:
        """The positions that these balances are; `bases` gives each symbol's base coin if known."""
        claimed: set[Currency] = set()
        rows: list[PositionRow] = []
        for symbol, reserve in self._reserves.items():
            base = bases.get(symbol)
            if base is None or base in claimed:
                continue
            claimed.add(base)
            held = EXACT.subtract(balances.get(base, ZERO), reserve)
            if held > ZERO:
                rows.append(PositionRow(symbol=symbol, position_qty=held))
        return rows
