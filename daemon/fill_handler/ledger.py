"""Lives of orders, folded out of facts: any order whose fill was ever told, whoever placed it.

The states are the core's own: each order is a `core.order.Order` in a `core.book.Book` (strangers'
each in one of their own), and every fact is applied by the core's fold. What is added here is only
what an order's reader wants to look back on: its facts in order, why it was tried again, and sums
of what memory has let go of. A fold of the same steps gives the same ledger, so a journal, an
export and a live feed are read alike.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from daemon.core.book import Book, VenueIdKey, venue_id_key
from daemon.core.commands import CancelOrder, Command, PlaceOrder
from daemon.core.decisions import AdoptOrder, DeclareDead, InferFill, OpenExit, RetriggerExit
from daemon.core.events import Event, Fill, OrderAbsent, OrderEvent, OrderSnapshot, Started
from daemon.core.fills import fill_key
from daemon.core.fold import apply_command, apply_event
from daemon.core.fold_orders import forget_answers
from daemon.core.known_fills import FillKey, KnownFill
from daemon.core.order import Order, OrderInput
from daemon.core.requests import OrderResolved
from daemon.core.terms import (
    EXACT,
    NANOS,
    ClientOrderId,
    OrdStatus,
    PositionKey,
    VenueOrderId,
)
from daemon.fill_handler.life import Life, face, learn, new_order, waits
from daemon.fill_handler.tally import Retry, Tally
from daemon.journal.digests import Digests
from daemon.ports import Record

KEPT_COMMANDS: Final = (
    PlaceOrder,
    CancelOrder,
    DeclareDead,
    InferFill,
    AdoptOrder,
    OpenExit,
    RetriggerExit,
)
"""The decisions without which the life of an order cannot be told."""

FOR_GOOD_H: Final = Decimal(10**7)
"""Hours beyond any order's life."""

_HOUR_NS: Final = 3_600 * NANOS


@dataclass(frozen=True, slots=True)
class Limits:
    """What memory keeps: orders `watched` for good, of the others `fills` in all, `age_hours`."""

    fills: int
    age_hours: Decimal
    watched: frozenset[str] = frozenset()


class Ledger:
    """Orders by the name that the book gives them; `limits` None keeps everything.

    `returned`: those that were let go of before a fact of theirs came. What is kept of them begins
    there; the sums count each order once.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.book = Book()  # of our own orders; and every fill's key
        self.tally = Tally()
        self.kept_fills = 0
        self.returned: set[str] = set()
        self._gone: Digests | None = None
        self._limits = limits
        self._working: dict[ClientOrderId, Life] = {}
        self._idle: dict[ClientOrderId, Life] = {}  # ended, or of unsaid size: oldest first
        self._strange: dict[VenueIdKey, Life] = {}
        self._triggers: dict[PositionKey, Decimal] = {}
        self._number = 0

    def __iter__(self) -> Iterator[Life]:
        yield from self._working.values()
        yield from self._idle.values()

    def get(self, name: ClientOrderId) -> Life | None:
        """The life of the order that the book calls `name`."""
        return self._working.get(name) or self._idle.get(name)

    def find(self, text: str, venue: str | None = None, symbol: str | None = None) -> list[Life]:
        """The orders whose id, the venue's or ours, is `text`, at venue and symbol where said."""
        return [
            life
            for life in self
            if text in life.ids
            and (venue is None or life.order.key.venue.startswith(venue))
            and (symbol is None or life.order.key.symbol == symbol)
        ]

    @property
    def order_count(self) -> int:
        """How many orders there were, those that memory has let go of among them."""
        return self.tally.orders + len(self._working) + len(self._idle)

    def steps(self) -> list[Record]:
        """All that is kept, in the order in which it was folded."""
        found = {step.seq: step for life in self for step in life.steps}
        return [found[number] for number in sorted(found)]

    def contradiction(self, fill: Fill) -> str | None:
        """Why `fill` cannot be true beside what is known; None where it can, or repeats it."""
        life = self.of(fill)
        if life is not None and life.order.side is not fill.side:
            sides = f"known {life.order.side.value}, now {fill.side.value}"
            return f"order {fill.venue_order_id}: side: {sides}"
        known_fill = self.book.fills.said(fill_key(fill))
        if known_fill is None:
            return None
        told = next((f for f in life.fills if f.exec_id == fill.exec_id), None) if life else None
        return differing(told or known_fill, fill)

    def of(self, event: OrderEvent) -> Life | None:
        """The life that `event` is of, by either id."""
        order = self.book.find_order(event)
        if order is not None:
            return self.get(order.client_order_id)
        where = _where(event)
        return None if where is None else self._strange.get(where)

    def fold(self, event: Event, commands: Iterable[Command] = ()) -> bool:
        """Take one step; False where it changed no order (a fill that is known changes nothing).

        Raises `ImpossibleTransitionError` for decisions that no journal of filld can hold.
        """
        decided = kept(commands)
        with decimal.localcontext(EXACT):
            touched = self._take(event)
            for command in decided:
                touched += self._obey(command, event)
        if not touched:
            return False
        self._number += 1
        step = Record(self._number, event, decided)
        for life in {id(life): life for life in touched}.values():
            life.steps.append(step)
            life.touched_ns = event.receive_time_ns
            self._file(life)
        self._let_go(event.receive_time_ns, touched[-1])
        return True

    def drop_ended(self) -> int:
        """Let go of every order that is proven dead; returns how many."""
        dead = [life for life in self._idle.values() if life.order.dead]
        for life in dead:
            self._forget(life)
        return len(dead)

    def _take(self, event: Event) -> list[Life]:
        match event:
            case OrderAbsent():
                return []
            case OrderEvent():
                return self._take_order_event(event)
            case OrderResolved():
                life = self.get(event.client_order_id)
                return [life] if life is not None and apply_event(self.book, event) else []
            case Started():
                waiting = [life for life in self._working.values() if life.ours and waits(life)]
                forget_answers([life.order for life in waiting], event)
                return waiting
            case _:
                return []

    def _take_order_event(self, event: OrderEvent) -> list[Life]:
        if isinstance(event, Fill) and fill_key(event) in self.book.fills:
            return []
        first = self._reunite(event)
        life = self.of(event)
        if life is None:
            life, first = self._open_strange(event), True
        if life is None:
            return []
        before = face(life.order)
        if isinstance(event, OrderSnapshot):
            learn(life, event)
        changed = apply_event(life.book, event) or first or face(life.order) != before
        if not changed:
            return []
        life.said_id = life.said_id or event.client_order_id
        if isinstance(event, Fill):
            life.fills.append(event)
            self._weigh(life, 1)
            if life.book is not self.book:
                self._remember(life.book, fill_key(event))
        return [life]

    def _remember(self, book: Book, key: FillKey) -> None:
        text = book.fills.get(key)
        if text is not None:
            self.book.fills.add(key, text)

    def _reunite(self, event: OrderEvent) -> bool:
        """An order of ours shows the venue's id, under which fills had come ahead of it."""
        mine = self.book.orders.get(event.client_order_id) if event.client_order_id else None
        if mine is None or mine.venue_order_id is not None or event.venue_order_id is None:
            return False
        where = venue_id_key(mine.key, event.venue_order_id)
        early, life = self._strange.get(where), self.get(mine.client_order_id)
        if early is None or life is None or early.order.side is not mine.side:
            return False
        self._drop(early)
        mine.venue_order_id = event.venue_order_id
        self.book.by_venue_id[where] = mine.client_order_id
        for fill in early.fills:
            mine.add_fill(fill.last_qty, fill.last_px, fill.commission, fill.commission_currency)
        life.fills += early.fills
        life.steps += early.steps
        self._weigh(life, len(early.fills))
        return True

    def _open_strange(self, event: OrderEvent) -> Life | None:
        """The life of an order that no journal of ours placed, from the first fact that tells it.

        Facts that name no side tell nothing of an order that is not known.
        """
        if not isinstance(event, Fill | OrderSnapshot) or event.venue_order_id is None:
            return None
        key = PositionKey(
            account=event.account,
            venue=event.venue,
            symbol=event.symbol,
            position_side=event.position_side,
        )
        name = _strange_name(key, event.venue_order_id)
        order = new_order(name, key, event.side, event)
        order.venue_order_id = event.venue_order_id
        order.take(OrderInput.ACCEPTED)
        # A book of its own: what is let go of elsewhere must not change what this one is told.
        life = self._open(order, event, Book())
        self._strange[venue_id_key(key, event.venue_order_id)] = life
        return life

    def _open(self, order: Order, event: Event, book: Book) -> Life:
        ours = book is self.book
        if self._gone is not None and order.client_order_id.encode() in self._gone:
            self.returned.add(order.client_order_id)
            self.tally.orders -= 1
        book.position(order.key)
        book.index_order(order)
        at_ns = event.receive_time_ns
        if isinstance(event, OrderEvent) and event.transact_time_ns and not ours:
            at_ns = event.transact_time_ns
        life = Life(
            order=order, book=book, ours=ours, born_ns=at_ns, touched_ns=event.receive_time_ns
        )
        life.expected_px = order.limit_px
        self._working[order.client_order_id] = life
        return life

    def _obey(self, command: Command, event: Event) -> list[Life]:
        match command:
            case OpenExit() | RetriggerExit():
                self._triggers[command.key] = command.trigger_px
                return []
            case PlaceOrder() | AdoptOrder():
                return self._placed(command, event)
            case CancelOrder() | DeclareDead() | InferFill():
                name = command.client_order_id
                life = None if name is None else self.get(name)
                if life is None:
                    return []
                apply_command(self.book, command, event)
                return [life]
            case _:
                return []

    def _placed(self, command: PlaceOrder | AdoptOrder, event: Event) -> list[Life]:
        known = self.get(command.client_order_id)
        if known is not None:
            if isinstance(command, PlaceOrder) and command.resend:
                known.retries.append(Retry.of(event, known.order, known.order.attempt))
                known.order.take(OrderInput.RESENT)
                known.order.sendings += 1
                return [known]
            return []
        order = new_order(command.client_order_id, command.key, command.side, event)
        order.order_qty, order.limit_px = command.order_qty, command.limit_px
        order.time_in_force = command.time_in_force
        order.exit_no, order.attempt = command.exit_no, command.attempt
        life = self._open(order, event, self.book)
        if isinstance(command, AdoptOrder):
            order.venue_order_id = command.venue_order_id
            self.book.index_order(order)
            order.take(OrderInput.ACCEPTED)
        life.series = (command.exit_no, command.trade_no)
        life.expected_px = self._triggers.get(order.key, command.limit_px)
        life.retries = self._earlier_attempts(life, event)
        return [life]

    def _earlier_attempts(self, life: Life, event: Event) -> list[Retry]:
        """Why this one is tried: its predecessor's own history, and how that ended."""
        order = life.order
        if order.attempt <= 1 or life.series == (0, 0):
            return []
        for other in self:
            same = other.order.key == order.key and other.series == life.series
            if same and other.order.attempt == order.attempt - 1:
                if other.status is OrdStatus.FILLED:  # a next piece repeats nothing
                    return list(other.retries)
                return [*other.retries, Retry.of(event, other.order, order.attempt)]
        return []

    def _file(self, life: Life) -> None:
        """Put a life where it belongs, behind those that were touched before it."""
        name = life.order.client_order_id
        self._working.pop(name, None)
        self._idle.pop(name, None)
        (self._working if life.working or self._watched(life) else self._idle)[name] = life

    def _watched(self, life: Life) -> bool:
        return self._limits is not None and not self._limits.watched.isdisjoint(life.ids)

    def _weigh(self, life: Life, fills: int) -> None:
        """Count what memory has to keep, or no more; what is watched does not crowd out others."""
        self.kept_fills += 0 if self._watched(life) else fills

    def _let_go(self, now_ns: int, current: Life) -> None:
        if self._limits is None:
            return
        oldest_ns = now_ns - int(self._limits.age_hours * _HOUR_NS)
        while self._idle:
            life = next(iter(self._idle.values()))
            if life is current:
                return
            if self.kept_fills <= self._limits.fills and life.touched_ns >= oldest_ns:
                return
            self._forget(life)

    def _forget(self, life: Life) -> None:
        """Keep an order's sums and nothing else of it; its fills' keys stay known."""
        self.tally.add(life)
        self._gone = self._gone or Digests()
        self._gone.add(_strange_name(life.order.key, life.order.venue_order_id).encode())
        self._drop(life)

    def _drop(self, life: Life) -> None:
        self._weigh(life, -len(life.fills))
        self._working.pop(life.order.client_order_id, None)
        self._idle.pop(life.order.client_order_id, None)
        where = life.order.venue_order_id
        if not life.ours and where is not None:
            del self._strange[venue_id_key(life.order.key, where)]
        _unfile(life.book, life.order)


def kept(commands: Iterable[Command]) -> tuple[Command, ...]:
    """The decisions among these that an order's life is told by."""
    return tuple(command for command in commands if isinstance(command, KEPT_COMMANDS))


def differing(known: Fill | KnownFill, fill: Fill) -> str | None:
    """What `fill` says otherwise than the same execution `known`; None where it repeats it."""
    for name in ("last_qty", "last_px", "commission", "commission_currency"):
        before, now = getattr(known, name, None), getattr(fill, name)
        if before is not None and before != now:
            what = f"order {fill.venue_order_id}: fill {fill.exec_id}: {name}"
            return f"{what}: known {before}, now {now}"
    return None


def _strange_name(key: PositionKey, venue_order_id: VenueOrderId | None) -> ClientOrderId:
    """What the book calls an order that is known by the venue's id alone."""
    return ClientOrderId(f"{key.name}/{venue_order_id}")


def _where(event: OrderEvent) -> VenueIdKey | None:
    if event.venue_order_id is None:
        return None
    return (event.account, event.venue, event.symbol, event.venue_order_id)


def _unfile(book: Book, order: Order) -> None:
    """Take an order out of a book that is nobody's to trade by."""
    book.orders.pop(order.client_order_id, None)
    if order.venue_order_id is not None:
        book.by_venue_id.pop(venue_id_key(order.key, order.venue_order_id), None)
    live = book.live_orders.get(order.key, [])
    live[:] = [other for other in live if other is not order]
