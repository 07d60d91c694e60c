"""One life of the daemon: the real parts wired as the app wires them, over simulated edges."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from pathlib import Path

from daemon.core.book import Book
from daemon.core.engine import ENGINE_VERSION, Engine
from daemon.core.events import Event, RulesLoaded, Started, StopRequested
from daemon.core.terms import Symbol
from daemon.journal.codec import encode_state
from daemon.journal.errors import JournalError
from daemon.journal.sqlite import SqliteJournal, SqliteOptions
from daemon.ports import Observer
from daemon.runtime.driver import Driver
from daemon.runtime.inbox import Inbox
from daemon.runtime.observers import Audience
from daemon.runtime.outbox import Outbox
from daemon.runtime.poller import Pace, Poller
from daemon.runtime.recovery import recover
from daemon.runtime.supervisor import StreamKeeper
from daemon.runtime.timers import Timers
from daemon.simulation.checks import CheckedEngine, CheckedJournal, Checks, Shadow
from daemon.simulation.clock import SimClock
from daemon.simulation.faults import Fault, Faults
from daemon.simulation.gateway import SimGateway
from daemon.simulation.net import Wire
from daemon.simulation.plan import ACCOUNT, VENUE, Plan
from daemon.simulation.stream import SimStream
from daemon.simulation.venue import SimVenue

_ANSWER_GRACE_S = 3.0
_OWNER = (ACCOUNT, VENUE)


def _raise(_name: str, error: Exception) -> None:
    """In a simulation an observer's bug is a failure of the run."""
    raise error


@dataclasses.dataclass(frozen=True, slots=True)
class Ground:
    """What outlives a process: the venue, the journal's file, the machine."""

    plan: Plan
    venue: SimVenue
    faults: Faults
    path: Path
    world: Context
    kill: Callable[[], None]
    idle_poll_s: float
    observers: tuple[Observer, ...] = ()


class Host:
    """One process. `run` ends by itself only when the journal fails or a stop was asked for."""

    def __init__(self, ground: Ground, clock: SimClock, checks: Checks) -> None:
        self._ground = ground
        self._checks = checks
        self.clock = clock
        self.stop = asyncio.Event()
        plan = ground.plan
        self.journal = SqliteJournal(
            ground.path,
            SqliteOptions(
                engine_version=ENGINE_VERSION,
                created_ns=clock.wall_ns(),
                journal_id=plan.journal_id,
                inline=True,
                before_commit=self._before_commit,
                after_commit=self._after_commit,
                ballast_bytes=0,
            ),
        )
        engine, seq = recover(self.journal)
        checks.inherit(engine.book, self.journal.replay())
        self.engine = CheckedEngine(engine, checks, seq)
        self.inbox = Inbox()
        self.timers = Timers(self.inbox, clock)
        wire = Wire(ground.faults, ground.world)
        self.stream = SimStream(
            ground.faults,
            clock,
            ground.world,
            ground.venue.book_quote,
            self._poll,
            lambda: ground.venue.paused,
        )
        self.gateway = SimGateway(ground.venue, wire, clock, self.stream, checks.sent)
        self.outbox = Outbox({_OWNER: self.gateway}, self.inbox, self.timers)
        shadow = Shadow(self._copy()) if plan.shadowed else None
        self._noted = CheckedJournal(self.journal, checks, shadow)
        self.driver = Driver(
            self.engine,
            self._noted,
            self.inbox,
            self.outbox,
            Audience([self, *ground.observers], _raise),
            last_seq=seq,
        )
        pace = Pace(active_s=float(plan.account.refresh_active_s), idle_s=ground.idle_poll_s)
        self.poller = Poller(self.driver, self.outbox, clock, pace)
        self.keeper = StreamKeeper(_OWNER, self.gateway, self.inbox, clock)

    def _copy(self) -> Engine:
        return recover(self.journal)[0]

    async def _poll(self, symbol: Symbol) -> Sequence[Event]:
        return await self.gateway.poll(symbol)

    async def _before_commit(self) -> None:
        faults = self._ground.faults
        slow = faults.hit(Fault.SLOW_COMMIT)
        await asyncio.sleep(faults.between(0.2, 4.0) if slow else 0.0005)
        if faults.hit(Fault.COMMIT_REFUSED):
            raise JournalError("simulated: the disk is full")
        if faults.hit(Fault.KILLED_BEFORE_COMMIT):
            await self._die()

    async def _after_commit(self) -> None:
        faults = self._ground.faults
        if faults.hit(Fault.COMMIT_UNCERTAIN):
            raise JournalError("simulated: committed, and yet an error")
        if faults.hit(Fault.KILLED_AFTER_COMMIT):
            await self._die()

    async def _die(self) -> None:
        self._ground.kill()
        await asyncio.get_running_loop().create_future()

    def observe(self, seq: int, event: Event, commands: Sequence[object]) -> None:
        """After each commit: the shadow book equals the live one where both are at one seq."""
        del event, commands
        shadow = self._noted.shadow
        if shadow is None or seq != self.driver.watermark or self.engine.handled != seq:
            return
        if shadow.bytes() != encode_state(self.engine.book.state()):
            raise self._checks.fail("7 recover == live", f"the shadow differs at seq {seq}")

    def rules(self) -> RulesLoaded:
        """The rules of this episode."""
        plan = self._ground.plan
        return RulesLoaded(
            **self.clock.stamp(),
            rules=plan.rules,
            accounts=(dataclasses.replace(plan.account, exits=plan.operator_exits),),
        )

    async def run(self) -> None:
        """Live until told to stop; raises what ends a process."""
        self._begin(await self.gateway.open())
        parts: tuple[tuple[str, Awaitable[None]], ...] = (
            ("outbox", self.outbox.run()),
            ("driver", self.driver.run()),
            ("streams", self.keeper.run()),
            ("poller", self.poller.run()),
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_run(part), name=name) for name, part in parts]
            await self.stop.wait()
            await self._wind_down()
            for task in tasks:
                task.cancel()
        self.timers.stop()
        await self.journal.close()

    def _begin(self, opened: Sequence[Event]) -> None:
        started = Started(
            **self.clock.stamp(),
            journal_id=self.journal.journal_id,
            engine_version=ENGINE_VERSION,
        )
        for event in (started, self.rules(), *opened):
            self.inbox.put_answer(event)

    async def _wind_down(self) -> None:
        self.inbox.put_answer(StopRequested(**self.clock.stamp()))
        await self.driver.look(_size)
        await self.outbox.close(_ANSWER_GRACE_S)
        await self.driver.look(_size)
        await self.driver.keep_snapshot()


def _size(book: Book) -> int:
    return len(book.positions)


async def _run(part: Awaitable[None]) -> None:
    await part
