"""Which fills have been booked: by symbol and order, in two ages, of which the elder is dropped.

One table of all keys would keep five words for each fill, and stand still whenever it grows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from daemon.core.exits import FillText
from daemon.core.terms import Account, ExecId, Symbol, Venue, VenueOrderId

Where = tuple[Account, Venue, Symbol]
FillKey = tuple[Account, Venue, Symbol, ExecId, VenueOrderId | None]
OrderTables = dict[VenueOrderId | None, dict[ExecId, FillText]]
# Older fill keys are known to the journal's index alone; the driver asks it (semantics.md 1). The
# newest half of as many is always kept.
FILL_KEYS_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class KnownFill:
    """What a fill said, so that a repetition can be told from a contradiction."""

    last_qty: Decimal
    last_px: Decimal


@dataclass(slots=True)
class SymbolFills:
    """The fills of one symbol, late ones and early ones: a table for each order, ours or not."""

    where: Where
    late: OrderTables = field(default_factory=dict)
    early: OrderTables = field(default_factory=dict)

    def get(self, venue_order_id: VenueOrderId | None, exec_id: ExecId) -> FillText | None:
        """What is kept of a fill, None if it is not known."""
        table = self.late.get(venue_order_id)
        text = None if table is None else table.get(exec_id)
        if text is None and self.early:
            return self.early.get(venue_order_id, {}).get(exec_id)
        return text


def _count(tables: OrderTables) -> int:
    return sum(map(len, tables.values()))


class KnownFills:
    """Every fill that memory keeps, by its key; `forgotten` counts what the journal alone knows."""

    __slots__ = ("_early", "_late", "_symbols", "forgotten")

    def __init__(self, symbols: Iterable[SymbolFills] = (), forgotten: int = 0) -> None:
        self.forgotten = forgotten
        self._symbols = {symbol.where: symbol for symbol in symbols}
        self._late = sum(_count(symbol.late) for symbol in self._symbols.values())
        self._early = sum(_count(symbol.early) for symbol in self._symbols.values())

    def symbols(self) -> list[SymbolFills]:
        """All of them, shared: what is made of it must be copied before the next fill."""
        return list(self._symbols.values())

    def of_symbol(self, where: Where) -> SymbolFills:
        """Those of one symbol; the same object for good."""
        known = self._symbols.get(where)
        if known is None:
            known = self._symbols[where] = SymbolFills(where)
        return known

    def note(
        self,
        symbol: SymbolFills,
        venue_order_id: VenueOrderId | None,
        exec_id: ExecId,
        text: FillText,
    ) -> None:
        """Keep what was booked, of one of `of_symbol`; the oldest are forgotten."""
        table = symbol.late.get(venue_order_id)
        if table is None:
            table = symbol.late[venue_order_id] = {}
        table[exec_id] = text
        self._late += 1
        if self._late >= FILL_KEYS_LIMIT // 2:
            self._age()

    def _age(self) -> None:
        for symbol in self._symbols.values():
            symbol.early, symbol.late = symbol.late, {}
        self.forgotten += self._early
        self._early, self._late = self._late, 0

    def add(self, key: FillKey, text: FillText) -> None:
        """The same by its key."""
        account, venue, symbol, exec_id, venue_order_id = key
        self.note(self.of_symbol((account, venue, symbol)), venue_order_id, exec_id, text)

    def get(self, key: FillKey) -> FillText | None:
        """What is kept of that fill, None if it is not known."""
        account, venue, symbol, exec_id, venue_order_id = key
        known = self._symbols.get((account, venue, symbol))
        return None if known is None else known.get(venue_order_id, exec_id)

    def said(self, key: FillKey) -> KnownFill | None:
        """What the fill of that key said, None if it is not known."""
        text = self.get(key)
        return None if text is None else KnownFill(*map(Decimal, text.split(" ", 2)[:2]))

    def __contains__(self, key: FillKey) -> bool:
        return self.get(key) is not None

    def __len__(self) -> int:
        return self._early + self._late

    def __iter__(self) -> Iterator[FillKey]:
        for known in self._symbols.values():
            for tables in (known.early, known.late):
                for venue_order_id, table in tables.items():
                    for exec_id in table:
                        yield (*known.where, exec_id, venue_order_id)
