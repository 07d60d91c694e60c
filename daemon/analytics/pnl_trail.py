"""Realised PnL as it grew, by what brought it: rules, trades, funding, settlement. Pure.

Net of fees, in the quote currency of each position; positions whose entry or currency nobody knows
are left out, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from daemon.analytics.scene import EXIT_REASONS, currency_of
from daemon.analytics.views import closed_pnl, running_pnl
from daemon.core.book import Book
from daemon.core.commands import Command
from daemon.core.decisions import InferFill, SettlePosition
from daemon.core.events import Event, Fill, Funding, VenueEvent
from daemon.core.fills import order_of
from daemon.core.position import Position
from daemon.core.terms import ZERO, Currency, FillCause, PositionKey

# Beyond so many every second one is dropped, and the last of each cause is kept.
POINTS_LIMIT: Final = 4_000
Line = tuple[str, Currency]


@dataclass(slots=True)
class PnlTrail:
    """Points (UTC ns by our clock, sum so far) of each cause and currency, oldest first."""

    lines: dict[Line, list[tuple[int, Decimal]]] = field(default_factory=dict)
    _known: dict[PositionKey, Decimal] = field(default_factory=dict)
    _closed: dict[PositionKey, tuple[bool, int, Decimal]] = field(default_factory=dict)

    def take(self, book: Book, event: Event, commands: Sequence[Command]) -> None:
        """Note what a step, folded into `book` already, has brought."""
        for position in _concerned(book, event, commands):
            pnl, currency = self._pnl(position), currency_of(book, position.key)
            change = pnl - self._known.get(position.key, ZERO)
            if change and currency is not None:
                self._known[position.key] = pnl
                name = (_cause(book, position, event, commands), currency)
                self._add(name, event.receive_time_ns, change)

    def _pnl(self, position: Position) -> Decimal:
        """`known_pnl`, without adding up all that was ever closed: only a guess can change that."""
        guesses, count, closed = self._closed.get(position.key, (False, 0, ZERO))
        if guesses or position.inferred:
            count, closed = 0, ZERO
        closed += closed_pnl(position, after=count)
        self._closed[position.key] = (bool(position.inferred), len(position.closed), closed)
        return closed + running_pnl(position)

    def _add(self, name: Line, time_ns: int, change: Decimal) -> None:
        line = self.lines.setdefault(name, [])
        line.append((time_ns, change + (line[-1][1] if line else ZERO)))
        if len(line) > POINTS_LIMIT:
            del line[1:-1:2]

    @property
    def total(self) -> dict[Line, Decimal]:
        """What each cause has brought in all."""
        return {name: line[-1][1] for name, line in self.lines.items()}


def _concerned(book: Book, event: Event, commands: Sequence[Command]) -> list[Position]:
    keys = [c.key for c in commands if isinstance(c, InferFill | SettlePosition)]
    symbol = getattr(event, "symbol", None)
    if isinstance(event, VenueEvent) and symbol is not None:
        keys += book.keys_of(event.account, event.venue, symbol)
    return [book.positions[key] for key in dict.fromkeys(keys) if key in book.positions]


def _cause(book: Book, position: Position, event: Event, commands: Sequence[Command]) -> str:
    if isinstance(event, Funding):
        return "funding"
    if isinstance(event, Fill):
        return _of_fill(book, position, event)
    if any(isinstance(c, SettlePosition) and c.key == position.key for c in commands):
        return "settlement"
    return "inferred"


def _of_fill(book: Book, position: Position, fill: Fill) -> str:
    if fill.cause is not FillCause.TRADE:
        return str(fill.cause.value)
    order = order_of(book, fill, position.key)
    if order is None:
        return "other orders"
    work = book.find_exit(order.key, order.exit_no) if order.exit_no else None
    return "trades" if work is None else EXIT_REASONS[work.reason].replace("_", " ")
