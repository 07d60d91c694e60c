"""Realised PnL as it grew, by what brought it: rules, trades, funding, settlement. Pure.

Net of fees, in the quote currency of each position; positions whose entry or currency nobody knows
are left out, as everywhere. What was realised before the currency was known waits, and then stands
where and why it was realised.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter
from typing import Final

from daemon.analytics.scene import EXIT_REASONS, currency_of
from daemon.analytics.views import closed_pnl, running_pnl
from daemon.core.book import Book
from daemon.core.commands import Command
from daemon.core.decisions import InferFill, SettlePosition
from daemon.core.events import Event, Fill, Funding, MarketRead, VenueEvent
from daemon.core.fills import order_of
from daemon.core.position import Position
from daemon.core.terms import ZERO, Currency, FillCause, PositionKey

# Beyond so many every second one is dropped, and the last of each cause is kept.
POINTS_LIMIT: Final = 4_000
# The same of what one position earned in a currency that nobody has told yet.
_WAITING_LIMIT: Final = 200
Line = tuple[str, Currency]
Points = list[tuple[int, Decimal]]
_Waiting = tuple[str, Currency | None]
"""A cause, and the coin where that is told: of funding."""


@dataclass(slots=True)
class PnlTrail:
    """Points (UTC ns by our clock, sum so far) of each cause and currency, oldest first."""

    lines: dict[Line, Points] = field(default_factory=dict)
    _known: dict[PositionKey, Decimal] = field(default_factory=dict)
    _closed: dict[PositionKey, tuple[bool, int, Decimal]] = field(default_factory=dict)
    _waiting: dict[PositionKey, dict[_Waiting, Points]] = field(default_factory=dict)

    def take(self, book: Book, event: Event, commands: Sequence[Command]) -> None:
        """Note what a step, folded into `book` already, has brought."""
        for position in _concerned(book, event, commands):
            key, currency = position.key, currency_of(book, position.key)
            if currency is not None:
                self._settle(key, currency)
            else:
                self._wait_for_funding(position, event.receive_time_ns)
            pnl = self._pnl(position) - (ZERO if currency is not None else position.funding_pnl)
            change = pnl - self._known.get(key, ZERO)
            if not change:
                continue
            self._known[key] = pnl
            cause = _cause(book, position, event, commands)
            if currency is not None:
                self._add((cause, currency), event.receive_time_ns, change)
            else:
                self._wait(key, (cause, None), event.receive_time_ns, change)

    def _wait_for_funding(self, position: Position, time_ns: int) -> None:
        """Keep what each coin brought: nobody knows yet which of them the PnL counts."""
        for coin, paid in position.funding.items():
            line = self._waiting.get(position.key, {}).get(("funding", coin))
            earned = -paid - (line[-1][1] if line else ZERO)
            if earned:
                self._wait(position.key, ("funding", coin), time_ns, earned)

    def _wait(self, key: PositionKey, name: _Waiting, time_ns: int, change: Decimal) -> None:
        line = self._waiting.setdefault(key, {}).setdefault(name, [])
        _insert(line, time_ns, change, _WAITING_LIMIT)

    def _settle(self, key: PositionKey, currency: Currency) -> None:
        """Book what waited for the currency."""
        for (cause, coin), line in self._waiting.pop(key, {}).items():
            if coin not in {None, currency}:
                continue
            before = ZERO
            for time_ns, total in line:
                self._add((cause, currency), time_ns, total - before)
                before = total
            if coin is not None:
                self._known[key] = self._known.get(key, ZERO) + before

    def _pnl(self, position: Position) -> Decimal:
        """`known_pnl`, without adding up all that was ever closed: only a guess can change that."""
        guesses, count, closed = self._closed.get(position.key, (False, 0, ZERO))
        if guesses or position.inferred:
            count, closed = 0, ZERO
        closed += closed_pnl(position, after=count)
        self._closed[position.key] = (bool(position.inferred), len(position.closed), closed)
        return closed + running_pnl(position)

    def _add(self, name: Line, time_ns: int, change: Decimal) -> None:
        _insert(self.lines.setdefault(name, []), time_ns, change, POINTS_LIMIT)

    @property
    def total(self) -> dict[Line, Decimal]:
        """What each cause has brought in all."""
        return {name: line[-1][1] for name, line in self.lines.items()}


def _insert(line: Points, time_ns: int, change: Decimal, limit: int) -> None:
    """Put a change where it was; what came after it has come to as much more."""
    place = bisect_right(line, time_ns, key=itemgetter(0))
    line.insert(place, (time_ns, change + (line[place - 1][1] if place else ZERO)))
    for at in range(place + 1, len(line)):
        line[at] = (line[at][0], line[at][1] + change)
    if len(line) > limit:
        del line[1:-1:2]


def _concerned(book: Book, event: Event, commands: Sequence[Command]) -> list[Position]:
    keys = [c.key for c in commands if isinstance(c, InferFill | SettlePosition)]
    symbol = getattr(event, "symbol", None)
    if isinstance(event, MarketRead):
        symbol = event.instrument.symbol
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
