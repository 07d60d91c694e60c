"""A seeded event loop in virtual time. Knows no venue and no daemon.

Time moves only when nothing is ready. Everything runnable at one instant runs in seeded order.
An exception in any callback ends the run (asyncio would only log it). A process is what its
context says (`PROCESS`): killing it freezes its tasks where they stand, without unwinding, while
the rest of the world goes on; `bury` unwinds the frozen ones when the episode is over.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Protocol, cast

from typing_extensions import override

# asyncio's 1 ns is below one ulp of the clock after 97 days: timers would never fire.
CLOCK_RESOLUTION_S = 1e-6
STEP_LIMIT = 400_000

PROCESS: ContextVar[int] = ContextVar("PROCESS", default=0)


class SimulationStuckError(RuntimeError):
    """Nothing is ready and no timer runs, or the world never comes to rest."""


class _Handle(Protocol):
    _context: Context
    _callback: object | None  # None once it was canceled
    _when: float
    _scheduled: bool

    def __lt__(self, other: object, /) -> bool: ...
    def _run(self) -> None: ...


class SimLoop(asyncio.BaseEventLoop):
    """asyncio over a virtual clock; every task belongs to the process of its context."""

    _ready: deque[_Handle]
    _scheduled: list[_Handle]

    def __init__(self, rng: random.Random, step_limit: int = STEP_LIMIT) -> None:
        super().__init__()
        self.steps = 0
        self._step_limit = step_limit
        self._rng = rng
        self._now = 0.0
        self._clock_resolution = CLOCK_RESOLUTION_S
        self._failure: BaseException | None = None
        self._dead: set[int] = set()
        self._frozen: list[_Handle] = []
        self._kept: set[asyncio.Task[object]] = set()
        self.set_exception_handler(self._note_failure)

    @override
    def time(self) -> float:
        return self._now

    def process_context(self, process: int) -> Context:
        """A context whose tasks, timers and wake-ups belong to `process`."""
        context = copy_context()
        context.run(PROCESS.set, process)
        return context

    def kill(self, process: int) -> None:
        """Freeze all tasks of `process` for ever: kill -9 as far as they can tell."""
        self._dead.add(process)
        # asyncio holds tasks weakly: a frozen one must not be collected in the middle.
        self._kept.update(asyncio.all_tasks(self))

    @property
    def failure(self) -> BaseException | None:
        """What stopped the loop, if anything went wrong in it."""
        return self._failure

    def bury(self) -> None:
        """Unwind everything that is left; call when no task runs any more."""
        self._dead.clear()
        self._scheduled.clear()
        self._failure = None
        tasks = sorted(asyncio.all_tasks(self), key=lambda task: task.get_name())
        for task in tasks:
            task.cancel()
        self._ready.extend(self._frozen)
        self._frozen.clear()
        self._failure = None
        if tasks:
            self.run_until_complete(_ended(tasks))
        self._kept.clear()
        self._failure = None

    def _note_failure(self, _loop: object, context: dict[str, object]) -> None:
        error = context.get("exception")
        if self._failure is None:
            known = isinstance(error, BaseException)
            self._failure = (
                cast("BaseException", error) if known else RuntimeError(str(context["message"]))
            )

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled
        if not ready:
            while scheduled and scheduled[0]._callback is None:
                heapq.heappop(scheduled)
            if not scheduled:
                self._give_up(SimulationStuckError("deadlock: nothing is ready, no timer runs"))
                return
            self._now = max(self._now, scheduled[0]._when)
        limit = self._now + CLOCK_RESOLUTION_S
        while scheduled and scheduled[0]._when < limit:
            ready.append(heapq.heappop(scheduled))
        self._run_ready()
        if self.steps > self._step_limit:
            text = f"livelock: {self._step_limit} steps by {self._now} s"
            self._give_up(SimulationStuckError(text))

    def _run_ready(self) -> None:
        batch = list(self._ready)
        self._ready.clear()
        if len(batch) > 1:
            self._rng.shuffle(batch)
        for handle in batch:
            self._step(handle)
            if self._failure is not None:
                self.stop()
                return

    def _give_up(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self.stop()

    def _step(self, handle: _Handle) -> None:
        if handle._callback is None:
            return
        if self._dead and handle._context.get(PROCESS, 0) in self._dead:
            self._frozen.append(handle)
            return
        self.steps += 1
        handle._run()

    @override
    def run_in_executor(self, *_: object) -> asyncio.Future[object]:  # type: ignore[override]
        raise SimulationStuckError("threads are not deterministic")

    def _write_to_self(self) -> None:
        return

    def _process_events(self, _events: object) -> None:
        return


async def _ended(tasks: list[asyncio.Task[object]]) -> None:
    await asyncio.wait(tasks)


def _stop(task: asyncio.Task[None]) -> None:
    task.get_loop().stop()


def run(loop: SimLoop, story: Coroutine[object, object, None]) -> BaseException | None:
    """Run `story` as the world's own process; returns what ended it early, if anything did."""
    task = loop.create_task(story)
    task.add_done_callback(_stop)
    loop.run_forever()
    task.remove_done_callback(_stop)
    failure = loop.failure
    if failure is None:
        failure = task.exception()
    loop.bury()
    loop.close()
    return failure
