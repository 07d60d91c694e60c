"""All figures at once: folds journalled steps, one by one, over the core's own book. Pure.

Who filled what, and what an exit brought, is the core's to say: the steps are folded into a book
as a recovery does it, and the tables count what that changes. The book is bounded (`book.trim`),
so is what is kept beside it, and the tables only add up: figures of a journal cut in two are
those of the parts together.
"""

from __future__ import annotations

import decimal
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Protocol

from daemon.analytics.counts import (
    Outcome,
    day_of,
    empty_reason,
    outcome_of,
    place,
    retry_reason,
    step,
)
from daemon.analytics.exit_quality import Beyond, ExitCell, quality
from daemon.analytics.fees import Mark, fee_key, worth_of
from daemon.analytics.lessons import (
    RECENT_NS,
    DelayLesson,
    Lesson,
    RetryCell,
    best_delay_s,
    delay_key,
    outcome_of_estimate,
)
from daemon.analytics.scene import Scene
from daemon.analytics.slippage import Ref, prices_of, slipped, units_of
from daemon.analytics.sums import Tables, TablesState
from daemon.analytics.tables import Key
from daemon.analytics.timing import Span, record, record_exit
from daemon.analytics.touched import orders_of, past_exits
from daemon.core.book import DEAD_ORDERS_LIMIT, Book, BookState, OrphanFill, venue_id_key
from daemon.core.commands import Command, PlaceOrder
from daemon.core.decisions import (
    AdoptOrder,
    CloseExit,
    InferFill,
    OpenExit,
)
from daemon.core.estimates import SlippageEstimated
from daemon.core.events import Event, Fill, Quote
from daemon.core.exits import Exit
from daemon.core.fills import order_of
from daemon.core.fold import apply_command, apply_event
from daemon.core.order import Order
from daemon.core.requests import TradeRequested
from daemon.core.terms import EXACT, USD, ZERO, ClientOrderId, Currency, PositionKey, Symbol, Venue

# Symbols that have lines of their own; later ones share one.
SYMBOLS_LIMIT: Final = 2_000
OTHERS: Final = Symbol("(others)")
_HALF: Final = Decimal("0.5")
# What nobody has taken yet; older ones go.
_LESSONS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What the operator measures by.

    An exit that slipped by more than `tolerance`, a share of the triggering price's worth, is told
    of. Fees are valued in `currency`; `rates`: what one of another currency is in it.
    """

    tolerance: Decimal = Decimal("0.005")
    currency: Currency = USD
    rates: Mapping[Currency, Decimal] = field(default_factory=dict)


class Step(Protocol):
    """A journalled step; `ports.Record` is one."""

    @property
    def seq(self) -> int: ...
    @property
    def event(self) -> Event: ...
    @property
    def commands(self) -> tuple[Command, ...]: ...


_SEEDS_MEASURE: Final = Measure()


@dataclass(slots=True, kw_only=True)
class FiguresState:
    """A fold at rest, as plain values: exact, to go on from."""

    seq: int
    book: BookState
    refs: dict[ClientOrderId, Ref]
    marks: dict[Currency, Mark]
    symbols: list[tuple[Venue, Symbol]]
    tables: TablesState


class Figures:
    """The fold, one step after the other, from the start or from a state."""

    def __init__(
        self, measure: Measure = _SEEDS_MEASURE, state: FiguresState | None = None
    ) -> None:
        self.measure = measure
        self.seq = 0 if state is None else state.seq
        self.book = Book() if state is None else Book.from_state(state.book)
        self.tables = Tables(None if state is None else state.tables)
        self._refs = {} if state is None else dict(state.refs)
        self._marks = {} if state is None else dict(state.marks)
        self._symbols = dict.fromkeys(() if state is None else state.symbols)
        self._orphans = list(self.book.orphans)
        self._scene = Scene(book=self.book, now_ns=0)
        self.lessons = deque[Lesson](maxlen=_LESSONS)

    def state(self) -> FiguresState:
        """All of it as plain values; shares the objects, so encode it at once."""
        return FiguresState(
            seq=self.seq,
            book=self.book.state(),
            refs=self._refs,
            marks=self._marks,
            symbols=list(self._symbols),
            tables=self.tables.state(),
        )

    def fold(self, steps: Iterable[Step]) -> Figures:
        """Take many, in order; returns itself."""
        for one in steps:
            self.take(one.seq, one.event, one.commands)
        return self

    def take(self, seq: int, event: Event, commands: Sequence[Command]) -> list[Beyond]:
        """Take one journalled step; returns the exits that it ended beyond the tolerance."""
        outside = decimal.getcontext()
        decimal.setcontext(EXACT)
        try:
            self.seq = seq
            before = self._before(event, commands)
            news = apply_event(self.book, event)
            for command in commands:
                apply_command(self.book, command, event)
                self._decided(command, event, commands)
            if isinstance(event, Fill):
                if news:
                    self._filled(event)
            elif isinstance(event, Quote):
                self._mark_quote(event)
            return self._after(before, event, commands)
        finally:
            decimal.setcontext(outside)

    def _before(self, event: Event, commands: Sequence[Command]) -> _Before:
        """What the step may change, as it stands, with past exits taken out of the sums."""
        orders = orders_of(self.book, event, commands)
        exits = past_exits(self.book, event, commands, orders)
        for work in exits:
            self._count_exit(work, -1)
        return _Before([(order, outcome_of(order)) for order in orders], exits)

    def _after(self, before: _Before, event: Event, commands: Sequence[Command]) -> list[Beyond]:
        for orphan in self._no_longer_waiting():
            self._bound(orphan)
        for order, outcome in before.orders:
            self._moved(order, outcome, event)
        for work in before.exits:
            self._count_exit(work, 1)
        closed = [command for command in commands if isinstance(command, CloseExit)]
        return [told for command in closed for told in self._closed(command, event)]

    def _place(self, key: PositionKey, time_ns: int) -> Key:
        return place(key, self._symbol(key.venue, key.symbol), time_ns)

    def _symbol(self, venue: Venue, symbol: Symbol) -> Symbol:
        """The symbol's own line, or the one that all late comers share."""
        if (venue, symbol) not in self._symbols:
            if len(self._symbols) >= SYMBOLS_LIMIT:
                return OTHERS
            self._symbols[venue, symbol] = None
        return symbol

    def _currency(self, key: PositionKey) -> str:
        """What the prices of a symbol are in; "" where nobody has told."""
        return self._scene.currency(key) or ""

    def _decided(self, command: Command, event: Event, commands: Sequence[Command]) -> None:
        """Count a decision that makes an order, or stands for a fill."""
        now_ns = event.receive_time_ns
        match command:
            case PlaceOrder():
                self._sent(command, event, commands)
            case AdoptOrder():
                self._refs[command.client_order_id] = Ref(sent_ns=now_ns)
                self.tables.orders.at(self._place(command.key, now_ns)).orders += 1
            case InferFill():
                self.tables.fills.at(self._place(command.key, now_ns)).inferred += 1
            case _:
                return

    def _sent(self, command: PlaceOrder, event: Event, commands: Sequence[Command]) -> None:
        """Count an order that leaves, and keep what it is measured by."""
        cell = self.tables.orders.at(self._place(command.key, event.receive_time_ns))
        reason = retry_reason(self.book, command)
        if reason is not None:
            key = command.key
            self.tables.reasons.at((key.account, key.venue, reason)).times += 1
        if command.resend:
            cell.resends += 1
            return
        cell.orders += 1
        cell.retries += reason is not None
        work = None if command.trade_no else self.book.exits.get(command.key)
        self._keep_ref(command.client_order_id, work, event, commands)
        if work is not None and work.attempts == 1:
            span = (work.opened_time_ns, event.receive_time_ns)
            record(self.tables.timing, command.key.venue, Span.TRIGGER_TO_ORDER, *span)

    def _keep_ref(
        self,
        order_id: ClientOrderId,
        work: Exit | None,
        event: Event,
        commands: Sequence[Command],
    ) -> None:
        known = self.book.orders
        if len(self._refs) > 2 * max(DEAD_ORDERS_LIMIT, len(known)):  # so half of them can go
            self._refs = {one: ref for one, ref in self._refs.items() if one in known}
        self._refs[order_id] = Ref(
            sent_ns=event.receive_time_ns,
            trigger_px=None if work is None else work.trigger_px,
            mid_px=_mid(_quote_of(event, commands)),
            estimate=None if work is None else self._expected(work, event),
            retry=None if work is None else self._repeats(work, event),
        )

    def _expected(self, work: Exit, event: Event) -> SlippageEstimated | None:
        """What was expected of an order that is sent now, and is no repetition."""
        found = self.book.position(work.key).estimate
        if found is None or work.misses or event.mono_ns - found.mono_ns > RECENT_NS:
            return None
        return found

    def _repeats(self, work: Exit, event: Event) -> tuple[str, int] | None:
        reason = empty_reason(self.book, work)
        return None if reason is None else (reason, event.mono_ns - work.answered_ns)

    def _filled(self, fill: Fill) -> None:
        position = self.book.position_of(fill)
        symbol = self._symbol(fill.venue, fill.symbol)
        self.tables.fills.at(place(position.key, symbol, fill.transact_time_ns)).fills += 1
        fees = self.tables.fees.at(fee_key(fill, symbol))
        fees.fills += 1
        fees.paid += fill.commission
        worth, currency = worth_of(fill, position, self._marks)
        key = (fill.venue, symbol, fill.commission_currency, currency)
        self.tables.worths.at(key).worth += worth
        if position.base_currency is not None:
            mark = Mark(currency=position.quote_currency, px=fill.last_px)
            self._marks[position.base_currency] = mark
        order = order_of(self.book, fill, position.key)
        if order is not None:
            self._ours(fill, order)

    def _no_longer_waiting(self) -> list[OrphanFill]:
        """The fills that waited for their order before this step, and do not after it."""
        waiting, known = self.book.orphans, self._orphans
        count = len(known)
        if not count or (len(waiting) >= count and waiting[count - 1] is known[-1]):
            known += waiting[count:]  # they stand in the order in which they came: none has gone
            return []
        self._orphans = list(waiting)
        left = {id(orphan) for orphan in waiting}
        return [orphan for orphan in known if id(orphan) not in left]

    def _bound(self, orphan: OrphanFill) -> None:
        """A fill that waited may have found its order; which it was is known only now."""
        book = self.book
        position = book.position_of(orphan.fill)
        order_id = book.by_venue_id.get(venue_id_key(position.key, orphan.venue_order_id))
        order = None if order_id is None else book.orders.get(order_id)
        if order is not None:
            self._ours(orphan.fill, order)

    def _ours(self, fill: Fill, order: Order) -> None:
        """Count a fill on what our orders do."""
        cell = self.tables.fills.at(self._place(order.key, fill.transact_time_ns))
        cell.ours += 1
        cell.partial += outcome_of(order) is not Outcome.COMPLETE
        notional = fill.last_px * fill.last_qty
        symbol, currency = self._symbol(fill.venue, fill.symbol), self._currency(order.key)
        for against, px in prices_of(order, self._refs.get(order.client_order_id)):
            slip = slipped(self._scene, order, px, fill.last_qty, notional)
            self.tables.slips.at((fill.venue, symbol, against.value, currency)).add(slip)

    def _moved(self, order: Order, before: Outcome, event: Event) -> None:
        """An order's outcome may be another than before the step."""
        after = outcome_of(order)
        if after is before:
            return
        ref = self._refs.get(order.client_order_id)
        sent_ns = event.receive_time_ns if ref is None else ref.sent_ns
        self.tables.orders.at(self._place(order.key, sent_ns)).add(step(before, after))
        venue = order.key.venue
        if after is Outcome.COMPLETE:
            span = (sent_ns, event.receive_time_ns)
            record(self.tables.timing, venue, Span.ORDER_TO_COMPLETE, *span)
        if before is Outcome.ACTIVE and order.cum_qty:
            for against, px in prices_of(order, ref):
                slip = slipped(self._scene, order, px, order.cum_qty, order.notional)
                units = units_of(slip)
                if units is not None:
                    currency = self._currency(order.key)
                    self.tables.spreads.at(venue, against.value, currency).record(units)
        if before is Outcome.ACTIVE and ref is not None:
            self._learn(order, ref)

    def _learn(self, order: Order, ref: Ref) -> None:
        """An order has ended: what it teaches those who come after it."""
        venue = order.key.venue
        if ref.estimate is not None and ref.trigger_px is not None:
            lesson = outcome_of_estimate(ref.estimate, order, ref.trigger_px)
            if lesson is not None:
                self.tables.errors.at((venue, day_of(ref.sent_ns))).add(lesson.cell())
                self.lessons.append(lesson)
        if ref.retry is None:
            return
        reason, delay_ns = ref.retry
        retries = self.tables.retries
        one = RetryCell(tries=1, filled=int(order.cum_qty > ZERO))
        retries.at(delay_key(venue, reason, delay_ns)).add(one)
        best_s, account = best_delay_s(retries.cells, venue, reason), order.key.account
        if best_s not in {None, self.book.account(account, venue).retry_delays.get(reason)}:
            assert best_s is not None
            self.lessons.append(
                DelayLesson(account=account, venue=venue, reason=reason, delay_s=best_s)
            )

    def _closed(self, command: CloseExit, event: Event) -> list[Beyond]:
        work = self.book.find_exit(command.key, command.exit_no)
        if work is None:
            return []
        record_exit(self.tables.timing, work, event.receive_time_ns)
        cell = self._count_exit(work, 1)
        if not cell.beyond or cell.share is None:
            return []
        return [Beyond(key=work.key, exit_no=work.exit_no, share=cell.share, cost=cell.cost)]

    def _count_exit(self, work: Exit, times: int) -> ExitCell:
        cell = quality(self._scene, work, self.measure.tolerance)
        symbol = self._symbol(work.key.venue, work.key.symbol)
        currency = self._currency(work.key)
        self.tables.exits.at((work.key.venue, symbol, currency)).add(cell, times)
        return cell

    def _mark_quote(self, quote: Quote) -> None:
        market, mid_px = self.book.markets.get((quote.venue, quote.symbol)), _mid(quote)
        if market is None or mid_px is None or market.instrument.base_currency is None:
            return
        mark = Mark(currency=market.instrument.quote_currency, px=mid_px)
        self._marks[market.instrument.base_currency] = mark


@dataclass(frozen=True, slots=True)
class _Before:
    """What a step may change, as it stood: orders with their outcome, past exits."""

    orders: list[tuple[Order, Outcome]]
    exits: list[Exit]


def _quote_of(event: Event, commands: Sequence[Command]) -> Quote | None:
    """The quote that a decision was made at, where the step holds it."""
    if isinstance(event, Quote):
        return event
    if isinstance(event, TradeRequested):
        return event.quote
    opened = (command.quote for command in commands if isinstance(command, OpenExit))
    return next(opened, None)


def _mid(quote: Quote | None) -> Decimal | None:
    if quote is None or quote.bid_px is None or quote.ask_px is None:
        return None
    return (quote.bid_px + quote.ask_px) * _HALF
