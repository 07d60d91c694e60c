"""The promises that are asked after every step of one daemon process (reliability, C2).

Sits between the engine and its driver: sees each decision as it is made, each commit as it
returns, each order as it leaves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from daemon.core.book import Book, BookState
from daemon.core.commands import Command, PlaceOrder
from daemon.core.decisions import OpenExit, RetriggerExit
from daemon.core.engine import Engine
from daemon.core.errors import FilldError
from daemon.core.events import Event, Fill, MarketPhase, Quote, StopRequested
from daemon.core.known_fills import FillKey
from daemon.core.requests import HaltRequested, ResumeRequested, TradeRequested
from daemon.core.rules import ExitPolicy
from daemon.core.stops import executable_px
from daemon.core.terms import ZERO, ClientOrderId, JournalId, OrdStatus, Side
from daemon.journal.codec import decode_record, encode_record, encode_state
from daemon.journal.sqlite import SqliteJournal
from daemon.ports import Record
from daemon.simulation.faults import Fault, Faults
from daemon.simulation.market import Top
from daemon.simulation.oracle import ViolationError
from daemon.simulation.venue import SimVenue

# A price may be this old (virtual seconds) when it decides: a silent stream is noticed after 15.
QUOTE_AGE_S = 25.0


class Halts:
    """What the operator last said and was committed; outlives processes."""

    def __init__(self) -> None:
        self.halted = False


class Checks:
    """The conscience of one process."""

    def __init__(self, venue: SimVenue, halts: Halts, faults: Faults) -> None:
        self.venue = venue
        self.committed: set[ClientOrderId] = set()
        self.resent: set[ClientOrderId] = set()
        self.journal_failed = False
        self.stopping = False
        self._halts = halts
        self._halted = halts.halted
        self._faults = faults
        self._strangers: dict[tuple[object, Side], Decimal] = {}
        self._cum: dict[ClientOrderId, Decimal] = {}

    def fail(self, promise: str, text: str) -> ViolationError:
        """The error of a broken promise."""
        return self.venue.oracle.fail(promise, text)

    def inherit(self, book: Book, records: Iterable[Record]) -> None:
        """What the journal knew when this process began."""
        for record in records:
            if isinstance(record.event, HaltRequested | ResumeRequested):
                self._halts.halted = isinstance(record.event, HaltRequested)
        self._halted = self._halts.halted
        by_key = {(fill.exec_id, fill.venue_order_id): fill for fill in self.venue.fills}
        for _, _, _, exec_id, order_id in book.fills:
            fill = by_key.get((exec_id, order_id))
            if fill is not None:
                self._learn(fill)
        for order in book.orders.values():
            decided = self.venue.oracle.decided.get(order.client_order_id)
            if decided is not None:
                decided.committed = True

    def _learn(self, fill: Fill) -> None:
        order = self.venue.orders.get(fill.venue_order_id) if fill.venue_order_id else None
        if order is not None and order.command is None:
            key = (fill.symbol, fill.side)
            self._strangers[key] = self._strangers.get(key, ZERO) + fill.last_qty

    def before(self, book: Book, event: Event) -> None:
        """An event is about to be handled."""
        if isinstance(event, Fill):
            key = (event.account, event.venue, event.symbol, event.exec_id, event.venue_order_id)
            if key not in book.fills:
                self._learn(event)
            order = book.find_order(event)
            if order is not None and order.status is OrdStatus.PENDING_NEW:
                self._faults.mark(Fault.FILL_BEFORE_ACK)

    def after(self, book: Book, event: Event, commands: Sequence[Command]) -> None:
        """An event has been handled: judge what was decided."""
        if isinstance(event, StopRequested):
            self.stopping = True
        if isinstance(event, HaltRequested | ResumeRequested):
            self._halted = isinstance(event, HaltRequested)
        for command in commands:
            if isinstance(command, PlaceOrder):
                self._judge_order(book, event, command)
            elif isinstance(command, OpenExit) and self._halted:
                raise self.fail("13 halted", f"{command} while halted")
            elif isinstance(command, OpenExit | RetriggerExit) and isinstance(event, Quote):
                self._judge_price(event)
        if isinstance(event, Fill):
            self._judge_fills(book, event)

    def _judge_order(self, book: Book, event: Event, command: PlaceOrder) -> None:
        key = command.key
        state = book.account(key.account, key.venue)
        if not state.live:
            raise self.fail("13 not live", f"{command} while live orders are off")
        if self.stopping:
            raise self.fail("19 stopping", f"{command} after SIGTERM")
        market = book.markets[key.venue, key.symbol]
        if state.paused or market.phase is not MarketPhase.ACTIVE:
            raise self.fail("3 paused", f"{command} while the market is {market.phase}")
        if command.order_qty <= ZERO or command.order_qty % market.instrument.lot_qty:
            raise self.fail("11 lots", f"{command}")
        self._judge_size(book, command)
        known = self._strangers.get((key.symbol, command.side), ZERO)
        if isinstance(event, TradeRequested):
            self._judge_trade(book, event, command, known)
            return
        if command.trade_no:
            raise self.fail("5 a trade is never sent again", f"{command} by {event}")
        if not command.resend:
            self._judge_limit(book, event, command)
        self.venue.oracle.decide(command, known)

    def _judge_size(self, book: Book, command: PlaceOrder) -> None:
        """All that may reduce is held; a trade alone may be asked to go beyond zero."""
        orders = book.undead(command.key)
        against = [o for o in orders if not o.trade_no or o.side is command.side]
        possible = sum((order.possible_qty for order in against), ZERO)
        held = _reducible(book, command)
        asked = bool(command.trade_no) and not command.reduce_only
        if asked and (not held or possible == command.order_qty):
            return
        if possible > held:
            raise self.fail("3 open orders <= position", f"{possible} > {held}: {command}")

    def _judge_trade(
        self, book: Book, event: TradeRequested, command: PlaceOrder, known: Decimal
    ) -> None:
        if event.limit_px is not None and command.limit_px != event.limit_px:
            raise self.fail("11 limit", f"{command} asked for as {event}")
        if event.limit_px is None:
            assert event.quote is not None
            self._judge_price(event.quote)
        oracle = self.venue.oracle
        oracle.asked[event.token] = event.order_qty
        opens = ZERO
        if not event.reduce_only:
            opens = max(command.order_qty - _reducible(book, command), ZERO)
        oracle.decide(command, known, opens, event.token)

    def _judge_limit(self, book: Book, event: Event, command: PlaceOrder) -> None:
        work = book.exits[command.key]
        policy = book.exit_policy(book.pages[command.key], work.reason)
        if not isinstance(event, Quote):
            raise self.fail("12 price", f"{command} decided without a quote, by {event}")
        px = executable_px(-command.side.sign, event, policy)
        if px is None:
            raise self.fail("12 price", f"{command} at no executable price: {event}")
        self._judge_price(event)
        bound = _bound(policy, command.side, px)
        if bound is None:
            return
        assert command.limit_px is not None
        worse = command.limit_px < bound if command.side is Side.SELL else command.limit_px > bound
        if worse and Decimal("0.01") <= bound <= Decimal("0.99"):
            raise self.fail("11 limit", f"{command.limit_px} beyond {bound}: {command}")

    def _judge_price(self, quote: Quote) -> None:
        now_s = self.venue.now_s()
        top = Top(now_s, quote.bid_px, quote.bid_qty, quote.ask_px, quote.ask_qty)
        if not self.venue.markets[quote.symbol].was_top(top, now_s - QUOTE_AGE_S):
            raise self.fail("12 stale price", f"{quote} is older than {QUOTE_AGE_S} s")

    def _judge_fills(self, book: Book, fill: Fill) -> None:
        order = book.find_order(fill)
        if order is None:
            return
        if order.cum_qty < self._cum.get(order.client_order_id, ZERO):
            raise self.fail("1 filled never falls", f"{order}")
        self._cum[order.client_order_id] = order.cum_qty
        if order.overfilled:
            raise self.fail("1 filled <= ordered", f"{order}")

    def sent(self, command: PlaceOrder) -> None:
        """An order is about to leave this process."""
        known = self.resent if command.resend else self.committed
        if command.client_order_id not in known:
            raise self.fail("5 intent durable before it leaves", f"{command}")
        if self.journal_failed:
            raise self.fail("9 nothing after a journal error", f"{command}")

    def appended(self, records: Sequence[Record]) -> None:
        """A transaction has been committed."""
        for record in records:
            if isinstance(record.event, HaltRequested | ResumeRequested):
                self._halts.halted = isinstance(record.event, HaltRequested)
            for command in record.commands:
                if isinstance(command, PlaceOrder):
                    kept = self.resent if command.resend else self.committed
                    kept.add(command.client_order_id)
                    self.venue.oracle.commit(command)


def _reducible(book: Book, command: PlaceOrder) -> Decimal:
    return max(-book.positions[command.key].qty * command.side.sign, ZERO)


def _bound(policy: ExitPolicy, side: Side, px: Decimal) -> Decimal | None:
    if policy.max_slippage_px is None:
        return None
    return px + side.sign * policy.max_slippage_px


class CheckedEngine(Engine):
    """The real engine with the checks round each step."""

    def __init__(self, engine: Engine, checks: Checks, last_seq: int) -> None:
        super().__init__()
        self.book = engine.book
        self.handled = last_seq
        self._checks = checks

    def handle(self, event: Event) -> tuple[Command, ...]:  # type: ignore[explicit-override]
        """Handle, then judge."""
        self._checks.before(self.book, event)
        commands = super().handle(event)
        self.handled += self.changed
        self._checks.after(self.book, event, commands)
        return commands


class Shadow:
    """A second book, folded from what the journal was given, through the codec."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def fold(self, records: Sequence[Record]) -> None:
        """Fold what was just committed."""
        for record in records:
            again = decode_record(record.seq, encode_record(record))
            self._engine.replay(again.event, again.commands)

    def bytes(self) -> bytes:
        """The shadow's book as bytes."""
        return encode_state(self._engine.book.state())


class CheckedJournal:
    """The real journal; notes what was committed, and when a commit failed."""

    def __init__(self, journal: SqliteJournal, checks: Checks, shadow: Shadow | None) -> None:
        self._journal = journal
        self._checks = checks
        self.shadow = shadow

    async def append(
        self, records: Sequence[Record], meanwhile: Callable[[], None] | None = None
    ) -> None:
        """Commit through the real journal."""
        try:
            await self._journal.append(records, meanwhile)
        except FilldError:
            self._checks.journal_failed = True
            raise
        self._checks.appended(records)
        if self.shadow is not None:
            self.shadow.fold(records)

    def known_fill(self, key: FillKey) -> bool:
        """The real journal's."""
        return self._journal.known_fill(key)

    @property
    def journal_id(self) -> JournalId:
        """The real journal's."""
        return self._journal.journal_id

    def replay(self, after_seq: int = 0) -> Iterator[Record]:
        """The real journal's."""
        return self._journal.replay(after_seq)

    def keep_snapshot(
        self, seq: int, state: BookState, still: Callable[[], bool] | None = None
    ) -> Awaitable[bool]:
        """The real journal's."""
        return self._journal.keep_snapshot(seq, state, still)

    def latest_snapshot(self) -> tuple[int, BookState] | None:
        """The real journal's."""
        return self._journal.latest_snapshot()

    async def close(self) -> None:
        """The real journal's."""
        await self._journal.close()
