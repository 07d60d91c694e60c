"""A venue behind the ports that answers what a test tells it to, and remembers what it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from typing import Self

from typing_extensions import override

from daemon.core.commands import (
    CancelOrder,
    PlaceOrder,
    QueryBook,
    QueryFills,
    QueryMarket,
    QueryOrder,
    QueryQuote,
)
from daemon.core.engine import Engine
from daemon.core.events import Event, Undecodable
from daemon.core.terms import Account, JournalId, Symbol, Venue
from daemon.journal.memory import MemoryJournal
from daemon.ports import Deliver, Depth, Record
from daemon.runtime.driver import Driver
from daemon.runtime.inbox import Inbox
from daemon.runtime.observers import Audience
from daemon.runtime.outbox import Outbox, Owner
from daemon.runtime.timers import Timers
from tests import builders as make

OWNER: Owner = (Account(make.ACCOUNT), Venue(make.VENUE))
Question = QueryOrder | QueryFills | QueryBook | QueryQuote | QueryMarket


class TickingClock:
    """Both clocks move one second at every reading; sleeping takes no time."""

    def __init__(self) -> None:
        self._ticks = count(1_000)
        self.slept: list[float] = []

    def wall_ns(self) -> int:
        """UTC, ns."""
        return (1_700_000_000 + next(self._ticks)) * 1_000_000_000

    def mono_ns(self) -> int:
        """Monotonic, ns."""
        return next(self._ticks) * 1_000_000_000

    async def sleep(self, seconds: float) -> None:
        """Note the wish and yield."""
        self.slept.append(seconds)
        await asyncio.sleep(0)


class FakeVenue:
    """`daemon.ports.Venue` for tests."""

    def __init__(self) -> None:
        self.sent: list[PlaceOrder | CancelOrder] = []
        self.prepared: list[PlaceOrder] = []
        self.let_go: list[PlaceOrder] = []
        self.asked: list[Question] = []
        self.watched: list[tuple[Symbol, ...]] = []
        self.answer: Callable[[PlaceOrder | CancelOrder], Sequence[Event]] = lambda _: ()
        self.reply: Callable[[Question], Sequence[Event]] = lambda _: ()
        self.books: dict[Symbol, Depth] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.stream: Callable[[Deliver], Awaitable[None]] | None = None

    def prepare(self, command: PlaceOrder) -> Callable[[], None]:
        """Remember it, and when it may leave."""
        self.prepared.append(command)
        return lambda: self.let_go.append(command)

    async def place(self, command: PlaceOrder) -> Sequence[Event]:
        """Take the order and answer when the gate is open."""
        self.sent.append(command)
        await self.gate.wait()
        return self.answer(command)

    async def cancel(self, command: CancelOrder) -> Sequence[Event]:
        """Take the cancel and answer."""
        self.sent.append(command)
        await self.gate.wait()
        return self.answer(command)

    async def _reply(self, question: Question) -> Sequence[Event]:
        self.asked.append(question)
        await self.gate.wait()
        return self.reply(question)

    async def order(self, query: QueryOrder) -> Sequence[Event]:
        """Reply."""
        return await self._reply(query)

    async def fills(self, query: QueryFills) -> Sequence[Event]:
        """Reply."""
        return await self._reply(query)

    async def book(self, query: QueryBook) -> Sequence[Event]:
        """Reply."""
        return await self._reply(query)

    async def quote(self, query: QueryQuote) -> Sequence[Event]:
        """Reply."""
        return await self._reply(query)

    async def market(self, query: QueryMarket) -> Sequence[Event]:
        """Reply."""
        return await self._reply(query)

    async def depth(self, symbol: Symbol) -> Depth | Undecodable | None:
        """What the test has put there."""
        return self.books.get(symbol)

    async def run(self, deliver: Deliver) -> None:
        """Play the test's stream, then stay silent for ever."""
        if self.stream is not None:
            await self.stream(deliver)
        await asyncio.Event().wait()

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """Remember the list."""
        self.watched.append(tuple(symbols))

    async def open(self) -> Sequence[Event]:
        """Nothing to prove."""
        return ()

    async def close(self) -> None:
        """Nothing to let go of."""

    def headroom(self) -> Mapping[str, float]:
        """One allowance, half spent."""
        return {"read": 0.5}


class SlowJournal(MemoryJournal):
    """A journal whose commit waits for the test."""

    def __init__(self) -> None:
        super().__init__(JournalId("journal-1"))
        self.commit = asyncio.Event()
        self.commit.set()
        self.asked: list[int] = []
        self.failure: Exception | None = None

    @override
    async def append(
        self, records: Sequence[Record], meanwhile: Callable[[], None] | None = None
    ) -> None:
        """Commit when the test lets it."""
        self.asked.extend(record.seq for record in records)
        if meanwhile is not None:
            meanwhile()
        await self.commit.wait()
        if self.failure is not None:
            raise self.failure
        await super().append(records)


class Rig:
    """Driver, outbox and timers over a fake venue, running as the daemon runs them."""

    def __init__(self, journal: SlowJournal | None = None) -> None:
        self.clock = TickingClock()
        self.venue = FakeVenue()
        self.journal = journal or SlowJournal()
        self.inbox = Inbox()
        self.timers = Timers(self.inbox, self.clock)
        self.shut: set[Owner] = set()
        self.outbox = Outbox({OWNER: self.venue}, self.inbox, self.timers, self.shut)
        self.seen: list[tuple[int, Event]] = []
        self.failures: list[str] = []
        audience = Audience([self], lambda name, _: self.failures.append(name))
        self.driver = Driver(Engine(), self.journal, self.inbox, self.outbox, audience)
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []

    def observe(self, seq: int, event: Event, commands: Sequence[object]) -> None:
        """Note what was committed."""
        self.seen.append((seq, event))

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        for work in (self.outbox.run(), self.driver.run()):
            self._tasks.append(self._group.create_task(work))
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._tasks:
            task.cancel()
        self.timers.stop()
        await self._group.__aexit__(None, None, None)

    def tell(self, *events: Event) -> None:
        """Hand events in."""
        for event in events:
            self.inbox.put_answer(event)

    async def settle(self) -> int:
        """Let everything run until what was handed in is committed."""
        for _ in range(5):
            await self.driver.look(lambda book: len(book.orders))
            await asyncio.sleep(0)
        return self.driver.watermark
