"""What the middle of the house may ask of the world. Protocols of at most six methods.

Expected failures come back as events; an exception out of a port is a bug. Every method that
talks to a venue has a timeout of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from daemon.core.book import BookState
from daemon.core.commands import (
    CancelOrder,
    Command,
    PlaceOrder,
    QueryBook,
    QueryFills,
    QueryMarket,
    QueryOrder,
    QueryQuote,
)
from daemon.core.events import Event, QuoteSource, Undecodable, VenueEvent
from daemon.core.known_fills import FillKey
from daemon.core.terms import JournalId, Symbol

Deliver = Callable[[Event], None]
Levels = tuple[tuple[Decimal, Decimal], ...]
"""(price, quantity > 0), best first; the instrument's prices, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotesCanceled(VenueEvent):
    """What a stream said of these prices holds no more, though its socket may still be open.

    FIX QuoteCancel (Z). Nothing of it is journalled: it only takes prices back that nobody has
    decided on yet. Whether something else prices the symbols is told by FeedLost.
    """

    symbols: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """An order book beyond its best prices, as far as the venue shows it. It triggers nothing.

    As of `mono_ns`, our monotonic clock. Its `source`: BOOK, what the stream keeps up to date and
    costs no question; REST, what was asked for.
    """

    symbol: Symbol
    bids: Levels
    asks: Levels
    source: QuoteSource
    mono_ns: int


class Clock(Protocol):
    """Our two clocks and the only way to wait."""

    def wall_ns(self) -> int:
        """UTC now, ns."""
        ...

    def mono_ns(self) -> int:
        """Monotonic now, ns."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; cancellation passes through."""
        ...


class OrderGateway(Protocol):
    """Sends orders. A POST is never repeated in here."""

    def prepare(self, command: PlaceOrder) -> Callable[[], None] | None:
        """Encode and sign ahead of the commit where that saves time; sends nothing.

        What is returned, if anything, is called after the commit and before `place`: then it goes.
        """
        ...

    async def place(self, command: PlaceOrder) -> Sequence[Event]:
        """Send the order: OrderAccepted (and what the answer proves), Rejected or InDoubt."""
        ...

    async def cancel(self, command: CancelOrder) -> Sequence[Event]:
        """Cancel: OrderCanceled, or CancelRejected (also when nobody knows)."""
        ...


class AccountReader(Protocol):
    """Looks an account up. Each answer is complete or a `QueryFailed`."""

    async def order(self, query: QueryOrder) -> Sequence[Event]:
        """OrderSnapshot and its fills, or OrderAbsent after a complete look, or QueryFailed."""
        ...

    async def fills(self, query: QueryFills) -> Sequence[Event]:
        """Fills, oldest first, then FillsRead."""
        ...

    async def book(self, query: QueryBook) -> Sequence[Event]:
        """OrderSnapshots + OrdersRead, Fills + FillsRead, PositionSnapshot, Settlements."""
        ...


class MarketReader(Protocol):
    """Looks markets up."""

    async def quote(self, query: QueryQuote) -> Sequence[Event]:
        """One Quote from the REST order book, or QueryFailed."""
        ...

    async def market(self, query: QueryMarket) -> Sequence[Event]:
        """MarketRead, and Settlement when the account was paid, or QueryFailed."""
        ...

    async def depth(self, symbol: Symbol) -> Depth | Undecodable | None:
        """The order book: the stream's own, else one question that nothing else has to wait for.

        None where that is not to be had now: no allowance to spare, reads shut, no answer.
        """
        ...


class Stream(Protocol):
    """A venue's live feeds: runs until cancelled, delivers events, mends itself."""

    async def run(self, deliver: Deliver) -> None:
        """Deliver private events and quotes; StreamLost/Restored, FeedLost/Restored.

        A quote stands until a newer one, QuotesCanceled, FeedLost or StreamLost.
        """
        ...

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """The symbols to price from now on."""
        ...


class Venue(OrderGateway, AccountReader, MarketReader, Stream, Protocol):
    """All a venue adapter offers for one account."""

    async def open(self) -> Sequence[Event]:
        """Prove keys, clock and limits before the first order; raises VenueSetupError."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...

    def headroom(self) -> Mapping[str, float]:
        """What is left of our allowances by the name of each, as a share: 1 is all, 0 none."""
        ...


@dataclass(slots=True)
class Record:
    """One journalled step: an event and the durable commands that it caused.

    Never changed; not frozen, since a recovery makes one for each row and that takes three times
    as long. `engine_version`: of the engine that decided it, where a journal has told.
    """

    seq: int
    event: Event
    commands: tuple[Command, ...]
    engine_version: int | None = field(default=None, compare=False)


class History(Protocol):
    """What has been journalled, to be folded."""

    def replay(self, after_seq: int = 0) -> Iterator[Record]:
        """Records with seq > `after_seq`, in order."""
        ...

    def latest_snapshot(self) -> tuple[int, BookState] | None:
        """The newest readable snapshot and its seq."""
        ...


class Journal(History, Protocol):
    """Durable, append-only. A failed append raises JournalError: the process must end."""

    @property
    def journal_id(self) -> JournalId:
        """Made when the journal was created; goes into every client order id."""
        ...

    def append(
        self, records: Sequence[Record], meanwhile: Callable[[], None] | None = None
    ) -> Awaitable[None]:
        """Commit these records in one transaction; the awaitable ends after the commit.

        `meanwhile` is called before that, where the disk is about to take its time.
        """
        ...

    def keep_snapshot(
        self, seq: int, state: BookState, still: Callable[[], bool] | None = None
    ) -> Awaitable[bool]:
        """Keep the book as of `seq`, so that a replay may start there.

        The book may change as soon as this has returned; the awaitable ends when it is kept. With
        `still` it is copied in slices, and given up (False) once that says that it has changed.
        """
        ...

    async def close(self) -> None:
        """Flush and release the lock."""
        ...


class FillIndex(Protocol):
    """Every fill ever committed, also those that memory has let go of."""

    def known_fill(self, key: FillKey) -> bool:
        """True when a committed record holds this execution."""
        ...


class IndexedJournal(Journal, FillIndex, Protocol):
    """What the loop writes to, and asks about fills that memory has let go of."""


class Observer(Protocol):
    """Reads what has been committed; may fail without harm to the loop."""

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
        """Called in seq order after the commit."""
        ...
