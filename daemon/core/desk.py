"""One event being handled: the book, what is decided so far, and what need not survive.

A decision is folded into the book as soon as it is made, so that the next one sees it; at
recovery the same fold runs over the journalled decisions and nothing is decided again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from daemon.core.book import Book, Market
from daemon.core.commands import Command, NoticeKind, Notify, QueryOrder, StartTimer
from daemon.core.decisions import InferFill, RaiseHighWater
from daemon.core.events import Event, Quote
from daemon.core.fold import apply_command
from daemon.core.order import Order
from daemon.core.stops import Level
from daemon.core.terms import ZERO, Account, ClientOrderId, PositionKey, Symbol, Venue

_PRICES_LIMIT = 10_000


@dataclass(slots=True)
class Seen:
    """What the quotes of a symbol left behind: `mark`, the newest two-sided one, and a band.

    Between `low_px` and `high_px` (instrument's, both outside), shown for `least_qty`, a quote
    leads to nothing: the bid counts for a `long` position, the ask for a short one. True while
    `calm_turn` is the memory's `turn`, and for one position alone, of this `qty` and `levels`.
    """

    mark: Quote
    calm_turn: int = -1
    levels: tuple[Level, ...] = ()
    qty: Decimal = ZERO
    long: bool = True
    low_px: Decimal = ZERO
    high_px: Decimal = ZERO
    least_qty: Decimal = ZERO


@dataclass(slots=True)
class Memory:
    """What the engine remembers of quotes and of what it has told; void after a restart.

    Nothing in here is part of the book: losing it costs a repeated notice or look, never a
    contract.
    """

    seen: dict[tuple[Account, Venue, Symbol], Seen] = field(default_factory=dict)
    turn: int = 0  # counts what moved more than one symbol: no band of before holds
    peaks: dict[tuple[PositionKey, int], Decimal] = field(default_factory=dict)
    peak_written_ns: dict[PositionKey, int] = field(default_factory=dict)
    told: set[tuple[object, NoticeKind]] = field(default_factory=set)
    watched: dict[tuple[Account, Venue], list[Symbol]] = field(default_factory=dict)  # sorted
    one_sided: set[tuple[Venue, Symbol]] = field(default_factory=set)
    empty: set[tuple[PositionKey, int]] = field(default_factory=set)  # nothing to execute at
    foreign: set[str] = field(default_factory=set)
    unread: dict[tuple[Venue, str], set[str]] = field(default_factory=dict)
    modes: dict[tuple[Account, Venue], bool] = field(default_factory=dict)
    margin_calls: dict[PositionKey, int] = field(default_factory=dict)  # when told, monotonic
    prices: dict[Decimal, Decimal] = field(default_factory=dict)  # see `own_px`
    stopping: bool = False

    def own_px(self, px: Decimal) -> Decimal:
        """One object for equal prices: those of all bands then fit in the processor's cache."""
        if len(self.prices) > _PRICES_LIMIT:
            self.prices.clear()
        return self.prices.setdefault(px, px)

    def mark(self, key: PositionKey) -> Quote | None:
        """The newest two-sided quote of a position's symbol."""
        seen = self.seen.get((key.account, key.venue, key.symbol))
        return None if seen is None else seen.mark


@dataclass(slots=True)
class Desk:
    """Where one event is handled."""

    book: Book
    memory: Memory
    event: Event
    commands: list[Command] = field(default_factory=list)
    script: list[Command] | None = None
    astray: tuple[Command, ...] = ()
    rewatched: tuple[tuple[Account, Venue], ...] = ()
    keep: bool = False  # journal the event: a decision changed the book, or it is to be kept

    def emit(self, command: Command) -> None:
        """Decide: fold the command into the book and put it on the list.

        With a `script` the journalled decision is folded in its place, and one that differs is
        noted as `astray`.
        """
        self.commands.append(command)
        if not command.durable:
            return
        self.keep = True
        if self.script is None:
            apply_command(self.book, command, self.event)
        elif not isinstance(command, RaiseHighWater):
            self._follow(self.script, command)

    def _follow(self, script: list[Command], command: Command) -> None:
        """Prices estimated from quotes that nobody journalled may differ; nothing else may."""
        expected = script.pop(0) if script else None
        same = command == expected
        if isinstance(command, InferFill) and isinstance(expected, InferFill):
            same = replace(command, last_px=expected.last_px) == expected
        if not same:
            self.astray = (*self.astray, command)
        # One of another kind cannot stand in for it: what follows builds on this one.
        stands = expected is not None and type(expected) is type(command)
        apply_command(self.book, expected if expected and stands else command, self.event)

    def tell(
        self,
        notice: NoticeKind,
        text: str,
        key: PositionKey | None = None,
        *,
        order_id: ClientOrderId | None = None,
        urgent: bool = False,
    ) -> None:
        """Tell the operator."""
        self.emit(
            Notify(
                notice=notice,
                text=text,
                key=key,
                client_order_id=order_id,
                urgent=urgent,
            )
        )

    def tell_once(
        self,
        about: object,
        notice: NoticeKind,
        text: str,
        key: PositionKey | None = None,
    ) -> None:
        """Tell the operator, urgently, unless told already and not `untold` since."""
        if (about, notice) not in self.memory.told:
            self.memory.told.add((about, notice))
            self.tell(notice, text, key, urgent=True)

    def untell(self, about: object, notice: NoticeKind) -> None:
        """The matter is over: tell again if it comes back."""
        if self.memory.told:  # mostly not: then nothing has to be hashed
            self.memory.told.discard((about, notice))

    def wait(self, timer: str, delay_s: Decimal) -> None:
        """Start a timer."""
        self.emit(StartTimer(timer=timer, delay_s=max(delay_s, ZERO)))

    def look_up(self, order: Order) -> None:
        """Ask the venue about an order of ours."""
        self.emit(
            QueryOrder(
                key=order.key,
                client_order_id=order.client_order_id,
                venue_order_id=order.venue_order_id,
                shard=order.shard,
            )
        )

    def market(self, key: PositionKey) -> Market | None:
        """Terms and phase of the position's symbol, if read already."""
        return self.book.markets.get((key.venue, key.symbol))
