"""The journal as rows for a spreadsheet or a tax tool: each fill, each closed position. Pure.

Money is exact text with a dot; times are ISO 8601 UTC. PnL is the core's own (average cost, net of
fees in the quote currency; semantics.md 25). Prices are the instrument's: on Kalshi that of YES,
a NO being a short. Rows come out as they stand at the end: what was estimated and then corrected
is shown corrected in `positions`, and in `fills` only real executions stand.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from daemon.analytics.figures import Step
from daemon.analytics.scene import View, currency_of, plain, utc
from daemon.core.book import Book
from daemon.core.commands import Command
from daemon.core.decisions import InferFill, SettlePosition
from daemon.core.events import Event, Fill, MarketRead
from daemon.core.fills import order_of
from daemon.core.fold import apply_command, apply_event
from daemon.core.position import InferredFill, Position
from daemon.core.terms import EXACT, ONE, ZERO, PositionKey, proper, quotient

FILL_COLUMNS: Final = (
    "time",
    "account",
    "venue",
    "symbol",
    "position_side",
    "side",
    "qty",
    "price",
    "notional",
    "quote_currency",
    "fee",
    "fee_currency",
    "liquidity",
    "cause",
    "realized_pnl",
    "pnl_known",
    "position_qty",
    "exec_id",
    "order_id",
    "client_order_id",
)
POSITION_COLUMNS: Final = (
    "opened_time",
    "closed_time",
    "account",
    "venue",
    "symbol",
    "position_side",
    "direction",
    "generation",
    "qty",
    "entry_price",
    "exit_price",
    "quote_currency",
    "entry_notional",
    "exit_notional",
    "fees",
    "gross_pnl",
    "realized_pnl",
    "pnl_known",
    "estimated",
    "settled",
)


def fill_rows(steps: Iterable[Step]) -> Iterator[View]:
    """A row for each execution of the account, in the journal's order."""
    book = Book()
    for one in steps:
        with decimal.localcontext(EXACT):
            event = one.event
            before = _Earned(book.position_of(event)) if isinstance(event, Fill) else None
            if apply_event(book, event) and isinstance(event, Fill) and before is not None:
                yield _fill_row(book, event, before.more)
            for command in one.commands:
                apply_command(book, command, event)


class _Earned:
    """What a position has realised since this was made, without adding up all that it ever closed.

    Of generations that are closed only a guess can change the result.
    """

    def __init__(self, position: Position) -> None:
        self._position = position
        self._settled = 0 if position.inferred else len(position.closed)
        self._before = self._sum()

    def _sum(self) -> Decimal:
        position = self._position
        late = sum((past.pnl for past in position.closed[self._settled :]), ZERO)
        return late + position.open_pnl + position.funding_pnl

    @property
    def more(self) -> Decimal:
        """How much that is."""
        return self._sum() - self._before


def _fill_row(book: Book, fill: Fill, pnl: Decimal) -> View:
    position = book.position_of(fill)
    order = order_of(book, fill, position.key)
    return {
        "time": utc(fill.transact_time_ns),
        **_where(position.key),
        "side": fill.side.value,
        "qty": proper(fill.last_qty),
        "price": proper(fill.last_px),
        "notional": proper(fill.last_qty * fill.last_px),
        **_denominated(book, position, known=position.entry_known),
        "fee": proper(fill.commission),
        "fee_currency": fill.commission_currency,
        "liquidity": None if fill.liquidity is None else fill.liquidity.value,
        "cause": fill.cause.value,
        "realized_pnl": proper(pnl),
        "position_qty": proper(position.qty),
        "exec_id": fill.exec_id,
        "order_id": fill.venue_order_id,
        "client_order_id": fill.client_order_id if order is None else order.client_order_id,
    }


def _denominated(book: Book, position: Position, *, known: bool) -> View:
    """What prices are in: in a journal of fills alone nobody may have told, nor what fees cost."""
    told = currency_of(book, position.key)
    return {"quote_currency": told, "pnl_known": known and told is not None}


def _where(key: PositionKey) -> View:
    return {
        "account": key.account,
        "venue": key.venue,
        "symbol": key.symbol,
        "position_side": key.position_side.value,
    }


@dataclass(slots=True, kw_only=True)
class _Leg:
    """One generation: what was taken in and given away, unsigned; `sign` is the side held."""

    sign: Decimal = ZERO
    opened_ns: int = 0
    entry_qty: Decimal = ZERO
    entry_notional: Decimal = ZERO
    exit_qty: Decimal = ZERO
    exit_notional: Decimal = ZERO

    def move(self, change_qty: Decimal, px: Decimal, time_ns: int) -> None:
        """Count a change of the signed position at a price."""
        if not self.sign:
            self.sign, self.opened_ns = ONE.copy_sign(change_qty), time_ns
        if change_qty * self.sign > ZERO:
            self.entry_qty += abs(change_qty)
            self.entry_notional += abs(change_qty) * px
        else:
            self.exit_qty += abs(change_qty)
            self.exit_notional += abs(change_qty) * px

    def correct(self, guess: InferredFill, qty: Decimal, px: Decimal) -> None:
        """`qty` of a guess went at another price."""
        change = qty * (px - guess.last_px)
        if guess.opening:
            self.entry_notional += change
        else:
            self.exit_notional += change


Legs = dict[tuple[PositionKey, int], _Leg]


def position_rows(steps: Iterable[Step]) -> Iterator[View]:
    """A row for each closed generation of each position, by the time at which it closed."""
    book, legs = Book(), Legs()
    for one in steps:
        with decimal.localcontext(EXACT):
            _follow(book, legs, one.event, None)
            for command in one.commands:
                _follow(book, legs, one.event, command)
    closed = [
        (position, at) for position in book.positions.values() for at in range(len(position.closed))
    ]
    for position, at in sorted(closed, key=lambda one: one[0].closed[one[1]].time_ns):
        with decimal.localcontext(EXACT):
            yield _position_row(book, position, at, legs)


def _follow(book: Book, legs: Legs, event: Event, command: Command | None) -> None:
    """Fold one fact or decision, and count what it moved."""
    moved = _moving(book, event, command)
    if moved is None:
        before = _pools(book, event) if command is None else []
        _fold(book, event, command)
        for position, qty, notional in before:
            leg = legs.get((position.key, position.generation), _Leg())
            leg.entry_qty += position.held_qty - qty
            leg.entry_notional += position.pool.notional - notional
        return
    position, px, time_ns = moved
    before_qty, generation = position.qty, position.generation
    guesses = [(guess, guess.qty) for guess in position.inferred]
    _fold(book, event, command)
    for guess, qty in guesses:
        if guess.qty != qty:
            legs[position.key, guess.generation].correct(guess, qty - guess.qty, px)
    if position.generation != generation and before_qty:  # it crossed zero: two moves
        legs[position.key, generation].move(-before_qty, px, time_ns)
        before_qty = ZERO
    if position.qty != before_qty:
        leg = legs.setdefault((position.key, position.generation), _Leg())
        leg.move(position.qty - before_qty, px, time_ns)


def _pools(book: Book, event: Event) -> list[tuple[Position, Decimal, Decimal]]:
    """Positions that a market's terms may shrink: fees in the coin held are known as such now."""
    if not isinstance(event, MarketRead):
        return []
    here = book.positions_on(event.account, event.venue, event.instrument.symbol)
    return [(position, position.held_qty, position.pool.notional) for position in here]


def _fold(book: Book, event: Event, command: Command | None) -> None:
    if command is None:
        apply_event(book, event)
    else:
        apply_command(book, command, event)


def _moving(
    book: Book, event: Event, command: Command | None
) -> tuple[Position, Decimal, int] | None:
    """The position that this may move, at which price, and when (the venue's clock if it says)."""
    match command:
        case None if isinstance(event, Fill):
            return book.position_of(event), event.last_px, event.transact_time_ns
        case InferFill():
            px = ZERO if command.last_px is None else command.last_px
            return book.position(command.key), px, event.receive_time_ns
        case SettlePosition():
            return book.position(command.key), command.settl_px, command.settl_time_ns
        case _:
            return None


def _position_row(book: Book, position: Position, at: int, legs: Legs) -> View:
    past = position.closed[at]
    leg = legs.get((position.key, past.generation), _Leg())
    gross = (leg.exit_notional - leg.entry_notional) * leg.sign
    guessed = any(guess.generation == past.generation for guess in position.inferred)
    return {
        "opened_time": utc(leg.opened_ns),
        "closed_time": utc(past.time_ns),
        **_where(position.key),
        "direction": "short" if leg.sign < ZERO else "long",
        "generation": past.generation,
        "qty": proper(leg.entry_qty),
        "entry_price": plain(_average(leg.entry_notional, leg.entry_qty)),
        "exit_price": plain(_average(leg.exit_notional, leg.exit_qty)),
        **_denominated(book, position, known=past.entry_known),
        "entry_notional": proper(leg.entry_notional),
        "exit_notional": proper(leg.exit_notional),
        "fees": proper(gross - past.pnl),
        "gross_pnl": proper(gross),
        "realized_pnl": proper(past.pnl),
        "estimated": guessed,
        "settled": past.settled,
    }


def _average(notional: Decimal, qty: Decimal) -> Decimal | None:
    return quotient(notional, qty) if qty else None
