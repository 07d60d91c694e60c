"""The one loop: events in, decisions durable, then commands out. Nobody else writes.

A batch is handled without an `await`, committed in one transaction, and only then are its
commands let out and its observers told, in order. The next batch may be handled meanwhile
(semantics.md 6). A failing commit ends the process before anything of it has left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from daemon.core import comparing
from daemon.core.book import Book
from daemon.core.commands import CancelOrder, Command, OfferQuote, PlaceOrder
from daemon.core.comparing import Comparison
from daemon.core.engine import Engine
from daemon.core.errors import FilldError
from daemon.core.events import Event, Fill, Funding, PositionSnapshot, Quote
from daemon.core.funding import booked_key
from daemon.ports import IndexedJournal, Record
from daemon.runtime.inbox import Inbox, Where
from daemon.runtime.observers import Audience, read_guarded
from daemon.runtime.outbox import SENDING_TURNS, Outbox

Read = TypeVar("Read")

# What is handled in one go, some milliseconds' worth: nothing else runs meanwhile.
BATCH_LIMIT = 250
SNAPSHOT_EVERY = 20_000
# How long after a copy of the book that changed meanwhile the next is tried. Once the snapshot
# after it is due as well, the loop stands still for one in one go.
_COPY_AGAIN_S = 0.25
# How long a thread that comes back from a commit or a signature waits for a busy loop: Python's
# own 5 ms would be most of an exit's time. Set by whoever owns the process.
SWITCH_INTERVAL_S = 0.0005
# How many objects more than before make Python look for garbage: with its own 700 it looks again
# and again at what is only on its way through the loop. The longest look is no longer, about 1 ms.
GARBAGE_LOOKS = (3_000, 3, 10)
# Batches that observers may be behind, and the steps that they are told of in one go; a quote
# that led to nothing is next to none, and in a flood nearly all are such.
_UNTOLD_BATCHES = 8
_TOLD_AT_ONCE = 25
_BOOKED = (Fill, Funding)


@dataclass(frozen=True, slots=True)
class Step:
    """One handled event with everything it led to; `seq` is 0 where nothing is journalled."""

    seq: int
    event: Event
    commands: tuple[Command, ...]


@dataclass(slots=True)
class _Look:
    read: Callable[[Book], object]
    answer: asyncio.Future[object]
    acts: bool = False


class Driver:
    """Engine, journal and outbox in step. `watermark` is the last committed seq."""

    def __init__(
        self,
        engine: Engine,
        journal: IndexedJournal,
        inbox: Inbox,
        outbox: Outbox,
        audience: Audience,
        *,
        last_seq: int = 0,
    ) -> None:
        self.engine = engine
        self.watermark = last_seq
        self._journal = journal
        self._inbox = inbox
        self._outbox = outbox
        self._audience = audience
        self._seq = last_seq
        self._snapshot_seq = last_seq
        self._handed = asyncio.Queue[Sequence[Step]](maxsize=1)
        self._untold = asyncio.Queue[Sequence[Step]](maxsize=_UNTOLD_BATCHES)
        self._looks: deque[_Look] = deque()

    async def run(self) -> None:
        """Drive until cancelled; any exception is a bug or a dead journal and ends the process."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._commit_for_ever(), name="commit")
            group.create_task(self._tell_for_ever(), name="tell")
            group.create_task(self._handle_for_ever(group), name="handle")

    async def look(self, read: Callable[[Book], Read]) -> Read:
        """What `read` makes of the book at a moment when everything in it is committed."""
        answer: Read = await self._visit(read)  # type: ignore[assignment] # what `read` returned
        return answer

    async def act(self, make: Callable[[Book], Event | Read]) -> int | Read:
        """Handle the event that `make` makes of the committed book; returns after its commit.

        The seq of the step, 0 where it changed nothing; anything but an event is returned as is.
        """
        answer: int | Read = await self._visit(make, acts=True)  # type: ignore[assignment]
        return answer

    async def _visit(self, read: Callable[[Book], object], *, acts: bool = False) -> object:
        look = _Look(read, asyncio.get_running_loop().create_future(), acts)
        self._looks.append(look)
        self._inbox.wake()
        return await look.answer

    def handle(self, batch: Sequence[Event]) -> Sequence[Step]:
        """Decide a whole batch, and the prices that it offers again; no `await` in here.

        So a fill and the exit that its price leads to share a commit.
        """
        steps = [
            self._step(event)
            for event in batch
            if not (isinstance(event, _BOOKED) and self._forgotten(event))
        ]
        offered = dict.fromkeys(
            _where(command)
            for step in steps
            for command in step.commands
            if isinstance(command, OfferQuote)
        )
        if offered:
            newest = max((step.event for step in steps), key=lambda event: event.mono_ns)
            steps += [self._step(quote) for quote in self._inbox.followed(offered, newest)]
        return steps

    def _step(self, event: Event) -> Step:
        commands = self.engine.handle(event)
        if not self.engine.changed:
            return Step(0, event, commands)
        self._seq += 1
        return Step(self._seq, event, commands)

    def _forgotten(self, event: Fill | Funding) -> bool:
        """What memory let go of and the journal remembers: it has been counted."""
        book = self.engine.book
        if not book.fills.forgotten:
            return False
        key = booked_key(event)
        return key not in book.fills and self._journal.known_fill(key)

    @property
    def untold(self) -> int:
        """Committed batches that no observer has been told of yet."""
        return self._untold.qsize()

    async def keep_snapshot(self) -> None:
        """Write the book as of now, so that the next start replays only what comes after.

        Returns when observers have been told of all that is in it, too.
        """
        await (await self._begin_snapshot())
        await self._untold.join()

    async def _begin_snapshot(self) -> Awaitable[object]:
        """Take a copy of the book as of a committed step; writing it is what is left."""
        await self._handed.join()
        while self._seq != self.watermark:  # a batch came between the join's end and our turn
            await asyncio.sleep(0)  # it may not be handed over yet: `join` alone would not wait
            await self._handed.join()
        self._snapshot_seq = self._seq
        return self._journal.keep_snapshot(self._seq, self.engine.book.state())

    async def _try_snapshot(self) -> None:
        """A snapshot copied in slices: no event waits for all of it, and one makes it void."""
        await self._handed.join()
        seq, book = self._seq, self.engine.book
        if seq == self.watermark and await self._journal.keep_snapshot(
            seq, book.state(), partial(self._is_at, seq)
        ):
            self._snapshot_seq = seq
        else:
            await asyncio.sleep(_COPY_AGAIN_S)

    def _is_at(self, seq: int) -> bool:
        return self._seq == seq

    async def _handle_for_ever(self, group: asyncio.TaskGroup) -> None:
        keeping: asyncio.Task[None] | None = None
        while True:
            batch = [
                event
                for event in await self._inbox.take(BATCH_LIMIT)
                if not (isinstance(event, PositionSnapshot) and self._sets_aside(event, group))
            ]
            steps = self.handle(batch)
            if steps:
                await self._handed.put(steps)
            if self._looks:
                await self._handed.join()
                await self._serve_looks()
            behind = self._seq - self._snapshot_seq
            if behind >= SNAPSHOT_EVERY and (keeping is None or keeping.done()):
                in_one_go = behind >= 2 * SNAPSHOT_EVERY
                begun = _awaited(await self._begin_snapshot()) if in_one_go else None
                keeping = group.create_task(begun or self._try_snapshot(), name="snapshot")

    def _sets_aside(self, read: PositionSnapshot, group: asyncio.TaskGroup) -> bool:
        """A read of so many positions that a fill would wait for it is compared beside."""
        if len(read.rows) <= comparing.SLICE:
            return False
        group.create_task(self._compare(read), name="compare")
        return True

    async def _compare(self, read: PositionSnapshot) -> None:
        ahead = Comparison(read)
        for _ in ahead.slices(self.engine.book):
            await asyncio.sleep(0)

        def compared(_book: Book) -> Event:
            self.engine.compared = ahead
            return read

        await self.act(compared)

    async def _serve_looks(self) -> None:
        while self._looks:
            look = self._looks.popleft()
            answer = read_guarded(look.read, self.engine.book)
            if isinstance(answer, FilldError):
                if not look.answer.done():
                    look.answer.set_exception(answer)
                continue
            if look.acts and isinstance(answer, Event):
                steps = self.handle([answer])
                answer = steps[0].seq
                await self._handed.put(steps)
                await self._handed.join()
            if not look.answer.done():
                look.answer.set_result(answer)

    async def _commit_for_ever(self) -> None:
        while True:
            steps = await self._handed.get()
            await self._commit(steps)
            self._handed.task_done()

    async def _commit(self, steps: Sequence[Step]) -> None:
        records = [
            Record(step.seq, step.event, tuple(c for c in step.commands if c.durable))
            for step in steps
            if step.seq
        ]
        # Prices come last in a batch: these have been decided on after what offers them.
        decided = {_where(step.event) for step in steps if isinstance(step.event, Quote)}
        commands = [
            command
            for step in steps
            for command in step.commands
            if not (isinstance(command, OfferQuote) and _where(command) in decided)
        ]
        if records:
            orders = [command for command in commands if isinstance(command, PlaceOrder)]
            await self._journal.append(
                records, partial(self._outbox.prepare, orders) if orders else None
            )
            self.watermark = records[-1].seq
        # Looks are requests too: an exit does not wait until theirs are written.
        commands.sort(key=lambda command: not isinstance(command, PlaceOrder | CancelOrder))
        for command in commands:
            self._outbox.release(command)
        await self._untold.put(steps)

    async def _tell_for_ever(self) -> None:
        """Observers read: no order and no commit waits for them."""
        while True:
            steps = await self._untold.get()
            weighty = 0
            led_to_any = any(step.commands for step in steps)
            for _ in range(SENDING_TURNS if led_to_any else 1):
                await asyncio.sleep(0)  # orders go out before anybody is told of them
            for step in steps:
                self._audience.tell(step.seq, step.event, step.commands)
                weighty += bool(step.seq or step.commands)
                if weighty == _TOLD_AT_ONCE:
                    weighty = 0
                    await asyncio.sleep(0)
            self._untold.task_done()


def _where(source: OfferQuote | Quote) -> Where:
    return (source.account, source.venue, source.symbol)


async def _awaited(work: Awaitable[object]) -> None:
    await work
