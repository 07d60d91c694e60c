"""The figures of a journal: folded at rest, or followed while the daemon runs.

The follower reads the journal as anybody may, in a thread and in small slices, behind the loop:
what it has not reached yet waits on disk, so it holds nothing up and needs no queue. Now and then
it keeps where it is beside the journal; the next start, and whoever looks at rest, goes on there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Final, TypeVar

from daemon.analytics.exit_quality import Beyond
from daemon.analytics.figures import Figures, Measure, Step
from daemon.analytics.lessons import Lesson
from daemon.app.custody import Told, journal_keys
from daemon.app.kept_figures import KeptFigures, measure_of
from daemon.core.commands import Command, NoticeKind, Notify
from daemon.core.errors import TheirsError
from daemon.core.events import Event
from daemon.core.terms import HUNDRED, NANOS, ONE, proper, quotient
from daemon.journal.reader import Reader
from daemon.journal.sqlite import read_only
from daemon.ports import Clock, Record
from daemon.runtime.observers import Audience, OnFailure
from daemon.settings import Settings

Read = TypeVar("Read")

# Some milliseconds' work, and as long a rest: the loop's own work comes first.
_SLICE_RECORDS: Final = 100
_REST_S: Final = 0.005
_LOOK_S: Final = 1.0
_TOLD_EVERY: Final = 1_000
# A tenth of a second's work, for which a start has so many to read at most: some seconds' work.
KEEP_EVERY: Final = 50_000
_HUNDREDTH: Final = Decimal("0.01")


def journal_reader(settings: Settings) -> Reader:
    """A reader of the journal of these settings, beside its writer."""
    return read_only(settings.journal.path, keys=journal_keys(settings))


def journal_steps(settings: Settings, told: Told) -> Iterator[Record]:
    """Every record of the journal of these settings; `told` hears how many of how many."""
    with contextlib.closing(journal_reader(settings)) as reader:
        yield from _steps(reader, told)


def _steps(reader: Reader, told: Told, after_seq: int = 0) -> Iterator[Record]:
    total = reader.head().seq
    for record in reader.replay(after_seq):
        if not record.seq % _TOLD_EVERY:
            told(record.seq, total)
        yield record
    told(total, total)


def figures_of(settings: Settings, steps: Iterable[Step]) -> Figures:
    """The figures of these steps, by what these settings measure by."""
    return Figures(measure_of(settings)).fold(steps)


def journal_figures(settings: Settings, told: Told) -> Figures:
    """Those of the journal of these settings, from where the daemon kept them last."""
    with contextlib.closing(journal_reader(settings)) as reader:
        figures = KeptFigures(settings).found(reader)
        return figures.fold(_steps(reader, told, figures.seq))


class _Fold:
    """The figures as an observer, which a bug of theirs must not turn into the loop's end."""

    def __init__(self, figures: Figures, since: int) -> None:
        self.figures, self.since = figures, since
        self.beyond: list[tuple[Event, Beyond]] = []

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
        """Take one step, and keep what is to be told of it."""
        beyond = self.figures.take(seq, event, commands)
        if seq > self.since:
            self.beyond += [(event, one) for one in beyond]


Learner = Callable[[Lesson, bool], None]


class Follower:
    """Keeps figures up with a journal that grows. An observer: it learns how far there is to go."""

    def __init__(
        self,
        journal: Callable[[], Reader],
        kept: KeptFigures,
        clock: Clock,
        telemetry: Audience,
        learner: Learner,
    ) -> None:
        """`telemetry` hears of each exit beyond the tolerance, as a notice, from now on.

        `learner` gets each lesson that is found, and whether it is news.
        """
        self._open, self._clock, self._telemetry = journal, clock, telemetry
        self._learner, self._kept = learner, kept
        self._figures = Figures(kept.measure)
        self._lock = asyncio.Lock()
        self._newest = self._since = self._kept_seq = 0

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:  # noqa: ARG002 - the port's
        """Note that there is more."""
        self._newest = max(self._newest, seq)

    def begin(self, seq: int, *, whole: bool) -> None:
        """The journal ends at `seq`: what comes up to there is history, of which nobody is told.

        With `whole` it is read from its first record, for who wants every lesson of it.
        """
        self._newest = self._since = seq
        if not whole:
            with contextlib.suppress(TheirsError), contextlib.closing(self._open()) as journal:
                self._figures = self._kept.found(journal)
        self._kept_seq = self._figures.seq

    async def read(self, read: Callable[[Figures], Read]) -> tuple[Read, int]:
        """What `read` makes of the figures between two slices, and how many steps are to come."""
        async with self._lock:
            found = await asyncio.to_thread(read, self._figures)
            return found, max(self._newest - self._figures.seq, 0)

    async def run(self, on_bug: OnFailure, on_end: Callable[[TheirsError], None]) -> None:
        """Follow until cancelled; a journal that cannot be read ends it, which `on_end` hears."""
        try:
            with contextlib.closing(self._open()) as journal:
                while True:
                    await self._catch_up(journal, on_bug)
                    await self._clock.sleep(_LOOK_S)
        except TheirsError as error:
            on_end(error)

    async def _catch_up(self, journal: Reader, on_bug: OnFailure) -> None:
        fold = _Fold(self._figures, self._since)
        guarded = Audience([fold], on_bug)
        while self._figures.seq < self._newest:
            began_ns, newest = self._clock.mono_ns(), self._newest
            async with self._lock:
                await asyncio.to_thread(_take_slice, journal, self._figures.seq, guarded)
            lessons, news = self._figures.lessons, self._figures.seq > self._since
            while lessons:
                self._learner(lessons.popleft(), news)
            told, fold.beyond = fold.beyond, []
            for event, beyond in told:
                # 0: the step itself has been told of already.
                notice = _notice(beyond, self._figures.measure)
                self._telemetry.tell(0, event, (notice,))
            if self._figures.seq >= self._kept_seq + KEEP_EVERY:
                self._kept_seq = self._figures.seq
                async with self._lock:
                    await asyncio.to_thread(self._kept.keep, journal, self._figures)
            took_ns = self._clock.mono_ns() - began_ns
            await self._clock.sleep(rest_s(took_ns, busy=self._newest > newest))


def rest_s(took_ns: int, *, busy: bool) -> float:
    """How long to rest after so long a slice: a tenth of the time is enough while more comes in."""
    return max(_REST_S, 9 * took_ns / NANOS) if busy else _REST_S


def _take_slice(journal: Reader, after_seq: int, fold: Audience) -> None:
    for record in islice(journal.replay(after_seq), _SLICE_RECORDS):
        fold.tell(record.seq, record.event, record.commands)


def _notice(beyond: Beyond, measure: Measure) -> Notify:
    parts = (beyond.share, measure.tolerance)
    share, most = (proper(quotient(part * HUNDRED, ONE, _HUNDREDTH)) for part in parts)
    return Notify(
        notice=NoticeKind.SLIPPAGE,
        text=f"exit {beyond.exit_no} of {beyond.key.symbol} went {share} % worse than the price"
        f" that triggered it (cost {proper(beyond.cost)}); tolerated: {most} %",
        key=beyond.key,
    )
