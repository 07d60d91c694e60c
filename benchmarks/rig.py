"""The daemon's own parts, put together for a measurement: the loop, the journal, Kalshi's client.

As in `daemon.app`, without door, poller and alerts; log lines are rendered and thrown away.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from typing_extensions import override

from benchmarks.peer import Peer
from benchmarks.world import ACCOUNT, JOURNAL, VENUE
from daemon.core.commands import CancelOrder, Command, PlaceOrder
from daemon.core.engine import ENGINE_VERSION, Engine
from daemon.core.events import Event
from daemon.core.terms import Symbol
from daemon.journal.sqlite import SqliteJournal, SqliteOptions
from daemon.ports import Deliver, Observer, Record
from daemon.ports import Venue as VenuePort
from daemon.runtime.clock import SystemClock
from daemon.runtime.driver import GARBAGE_LOOKS, SWITCH_INTERVAL_S, Driver
from daemon.runtime.freshness import Freshness
from daemon.runtime.inbox import Inbox
from daemon.runtime.observers import Audience
from daemon.runtime.outbox import Outbox
from daemon.runtime.supervisor import StreamKeeper
from daemon.runtime.timers import Timers
from daemon.runtime.waiting import OrderWaiter
from daemon.telemetry.logs import LineSink, LineWriter, LogObserver
from daemon.venues.kalshi.config import KalshiConfig
from daemon.venues.kalshi.sign import KalshiSigner
from daemon.venues.kalshi.venue import KalshiVenue

OWNER = (ACCOUNT, VENUE)
WAIT_S = 60.0


class QuietVenue:
    """Takes everything and answers nothing; `placed` has each order and when it was let out."""

    def __init__(self) -> None:
        self.placed: list[tuple[Symbol, int]] = []

    def prepare(self, command: PlaceOrder) -> None:
        """Nothing to sign."""

    async def place(self, command: PlaceOrder) -> Sequence[Event]:
        """Stamp it."""
        self.placed.append((command.key.symbol, time.monotonic_ns()))
        return ()

    async def cancel(self, command: CancelOrder) -> Sequence[Event]:
        """No answer."""
        return ()

    async def order(self, query: object) -> Sequence[Event]:
        """No answer."""
        return ()

    fills = book = quote = market = order

    async def depth(self, symbol: Symbol) -> None:
        """No answer."""

    async def run(self, deliver: Deliver) -> None:
        """Silence."""
        await asyncio.Event().wait()

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """Nothing to price."""

    async def open(self) -> Sequence[Event]:
        """Nothing to prove."""
        return ()

    async def close(self) -> None:
        """Nothing to let go of."""

    def headroom(self) -> Mapping[str, float]:
        """Nothing is counted."""
        return {}


class TimedJournal(SqliteJournal):
    """Notes when the commit of each order's intent began and ended, monotonic ns."""

    def __init__(self, path: Path) -> None:
        options = SqliteOptions(engine_version=ENGINE_VERSION, created_ns=1, journal_id=JOURNAL)
        super().__init__(path, options)
        self.placed: dict[Symbol, tuple[int, int]] = {}

    @override
    def append(
        self, records: Sequence[Record], meanwhile: Callable[[], None] | None = None
    ) -> Coroutine[None, None, None]:
        return self._noted(records, time.monotonic_ns(), super().append(records, meanwhile))

    async def _noted(
        self, records: Sequence[Record], began_ns: int, committed: Awaitable[None]
    ) -> None:
        await committed
        for record in records:
            for command in record.commands:
                if isinstance(command, PlaceOrder):
                    self.placed[command.key.symbol] = (began_ns, time.monotonic_ns())


class Tally:
    """An observer that counts events of one kind and remembers when the last came."""

    def __init__(self, kind: type[Event]) -> None:
        self.kind = kind
        self.events: list[Event] = []
        self.last_ns = 0
        self._wanted = 0
        self._there = asyncio.Event()

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
        """Count it."""
        if isinstance(event, self.kind):
            self.events.append(event)
            if len(self.events) == self._wanted:
                self.last_ns = time.monotonic_ns()
                self._there.set()

    def want(self, count: int) -> None:
        """Forget what came; `wait` for `count` more."""
        self.events.clear()
        self._wanted = count
        self._there.clear()

    async def wait(self) -> None:
        """Until they have come."""
        async with asyncio.timeout(WAIT_S):
            await self._there.wait()


class Rig:
    """A running loop over `engine`. Use `running`."""

    def __init__(self, engine: Engine, venue: VenuePort, path: Path, tally: Tally) -> None:
        self.clock = SystemClock()
        self.journal = TimedJournal(path)
        self.inbox = Inbox()
        self.timers = Timers(self.inbox, self.clock)
        self.outbox = Outbox({OWNER: venue}, self.inbox, self.timers)
        self.keeper = StreamKeeper(OWNER, venue, self.inbox, self.clock)
        self._nowhere = Path(os.devnull).open("wb")  # noqa: SIM115 - closed in `close`
        self._sink = LineSink(self._nowhere)
        log = LogObserver(LineWriter(self._sink, self.clock.wall_ns))
        observers: list[Observer] = [log, OrderWaiter(self.inbox, self.clock), Freshness(), tally]
        self.driver = Driver(
            engine, self.journal, self.inbox, self.outbox, Audience(observers, _fail)
        )
        self.tally = tally

    async def run(self) -> None:
        """Loop, answers and streams, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.outbox.run(), name="outbox")
            group.create_task(self.driver.run(), name="driver")
            group.create_task(self.keeper.run(), name="streams")

    async def close(self) -> None:
        """Let go of everything."""
        self.timers.stop()
        await self.journal.close()
        self._sink.close()
        self._nowhere.close()


def _fail(name: str, error: Exception) -> None:
    raise AssertionError(f"{name} failed") from error


@contextmanager
def folder() -> Iterator[Path]:
    """A directory on the disk that a journal would use: not in memory."""
    with tempfile.TemporaryDirectory(prefix="filld-bench-", dir="/var/tmp") as name:
        yield Path(name)


@asynccontextmanager
async def running(engine: Engine, venue: VenuePort, tally: Tally) -> AsyncIterator[Rig]:
    """A rig at work on a journal of its own, in a process set up like the daemon's."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*GARBAGE_LOOKS)
    gc.freeze()
    with folder() as path:
        rig = Rig(engine, venue, path / "journal.db", tally)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(rig.run(), name="rig")
            await asyncio.sleep(0)
            try:
                yield rig
            finally:
                task.cancel()
                await asyncio.wait([task])
                await venue.close()
                await rig.close()
                gc.unfreeze()


def kalshi(peer: Peer, signer: KalshiSigner) -> KalshiVenue:
    """Kalshi's client towards the peer, with tokens enough."""
    config = KalshiConfig(
        account=ACCOUNT,
        key_id="benchmark",
        signer=signer,
        rest_url=peer.rest_url,
        ws_url=peer.ws_url,
        first_reconnect_s=0.01,
        longest_reconnect_s=0.02,
        refresh_active_s=60.0,
    )
    venue = KalshiVenue(config, SystemClock())
    for bucket in (venue.session.read_tokens, venue.session.write_tokens):
        bucket.resize(1e9, 1e9)
        bucket.tokens = 1e9
    return venue


async def until(told: Callable[[], bool]) -> None:
    """Look every millisecond."""
    async with asyncio.timeout(WAIT_S):
        while not told():  # noqa: ASYNC110 - others' state: nobody sets an event for us
            await asyncio.sleep(0.001)
