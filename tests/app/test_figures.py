"""Figures of a journal on disk: at rest, and followed behind a writer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.analytics.figures import Figures
from daemon.analytics.lessons import Lesson
from daemon.app import figures as module
from daemon.app.figures import Follower, figures_of, journal_steps, rest_s
from daemon.app.kept_figures import KeptFigures, measure_of
from daemon.core.commands import Command, NoticeKind, Notify
from daemon.core.decisions import CloseExit, ExitEnd
from daemon.core.errors import TheirsError
from daemon.core.events import Event
from daemon.journal.errors import JournalError
from daemon.journal.reader import Reader
from daemon.journal.sqlite import SqliteJournal
from daemon.ports import Record
from daemon.runtime.clock import SystemClock
from daemon.runtime.observers import Audience
from tests import builders as make
from tests.analytics.journals import Part, Story, Try, journal_of
from tests.app.test_launch import settings
from tests.journal.journals import INLINE

BAD = Story(
    "kalshi",
    "NFL-1",
    long=True,
    entry=Part(10, Decimal("0.65"), Decimal("0.01"), 0, maker=False),
    tries=(
        Try(
            Decimal("0.60"),
            Decimal("0.50"),
            (Part(10, Decimal("0.55"), Decimal("0.01"), 0, maker=False),),
        ),
    ),
)


class Ear:
    """Hears what observers are told."""

    def __init__(self) -> None:
        self.notices: list[Notify] = []

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
        self.notices += [command for command in commands if isinstance(command, Notify)]


async def keep(path: Path, records: Sequence[Record]) -> None:
    """A journal of these records."""
    journal = SqliteJournal(path, INLINE)
    await journal.append(records)
    await journal.close()


async def test_the_figures_of_a_journal_at_rest_are_those_of_its_records(tmp_path: Path) -> None:
    made = settings(tmp_path, FILLD_ANALYTICS__SLIPPAGE_TOLERANCE="0.2")
    records = journal_of([BAD])
    await keep(made.journal.path, records)
    told: list[tuple[int, int]] = []
    figures = figures_of(made, journal_steps(made, lambda done, total: told.append((done, total))))
    assert figures.tables.state() == Figures(measure_of(made)).fold(records).tables.state()
    assert figures.tables.exits.by()[()].beyond == 0
    assert told == [(len(records), len(records))]
    assert list(journal_steps(made, lambda _done, _total: None)) == records


class Stand:
    """A follower over a journal that grows."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.db"
        self.ear = Ear()
        self.bugs: list[Exception] = []
        self.ends: list[TheirsError] = []
        told = Audience([self.ear], self.bug)
        self.lessons: list[tuple[Lesson, bool]] = []
        self.follower = Follower(
            lambda: Reader(self.path),
            KeptFigures(settings(folder)),
            SystemClock(),
            told,
            self.learn,
        )

    def learn(self, lesson: Lesson, news: bool) -> None:
        self.lessons.append((lesson, news))

    def bug(self, _name: str, error: Exception) -> None:
        self.bugs.append(error)

    async def read_until(self, seq: int) -> tuple[int, int]:
        """Wait until the figures have come that far; their fills, and what is to come."""
        async with asyncio.timeout(30):
            while True:
                (fills, at), behind = await self.follower.read(
                    lambda f: (sum(cell.fills for cell in f.tables.fills.cells.values()), f.seq)
                )
                if at >= seq:
                    return fills, behind
                await asyncio.sleep(0.01)


async def test_a_follower_catches_up_then_follows_and_tells_of_what_is_new(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    records = journal_of([BAD, replace(BAD, symbol="NFL-2")])
    old, again = records[: len(records) // 2], records[len(records) // 2 :]
    journal = SqliteJournal(stand.path, INLINE)
    await journal.append(old)
    stand.follower.begin(len(old), whole=False)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(stand.follower.run(stand.bug, stand.ends.append))
        assert await stand.read_until(len(old)) == (2, 0)
        assert stand.ear.notices == []
        await journal.append(again)
        for record in again:
            stand.follower.observe(record.seq, record.event, record.commands)
        fills, _behind = await stand.read_until(again[-1].seq)
        task.cancel()
    await journal.close()
    assert (stand.bugs, stand.ends) == ([], [])
    assert [notice.notice for notice in stand.ear.notices] == [NoticeKind.SLIPPAGE]
    assert "8.33 % worse" in stand.ear.notices[0].text
    assert fills == 4


async def test_a_follower_keeps_where_it_is_and_the_next_one_goes_on_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEEP_EVERY", 1)
    records = journal_of([BAD, replace(BAD, symbol="NFL-2")])
    await keep(tmp_path / "journal.db", records)
    first = Stand(tmp_path)
    first.follower.begin(len(records), whole=False)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(first.follower.run(first.bug, first.ends.append))
        async with asyncio.timeout(30):
            while not (tmp_path / "journal.db.figures").exists():  # noqa: ASYNC110 - another's file
                await asyncio.sleep(0.01)
        task.cancel()
    second, third = Stand(tmp_path), Stand(tmp_path)
    second.follower.begin(len(records), whole=False)
    third.follower.begin(len(records), whole=True)
    assert await second.follower.read(lambda figures: figures.seq) == (len(records), 0)
    assert await third.follower.read(lambda figures: figures.seq) == (0, len(records))
    assert (first.bugs, first.ends) == ([], [])


async def test_a_journal_that_cannot_be_read_ends_the_following_alone(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    await stand.follower.run(stand.bug, stand.ends.append)
    (end,) = stand.ends
    assert isinstance(end, JournalError)


async def test_a_step_that_the_figures_stumble_over_is_reported_and_passed(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    never_opened = CloseExit(key=make.KEY, exit_no=7, end=ExitEnd.FLAT)
    records = journal_of([BAD])
    broken = Record(len(records) + 1, make.timer("t"), (never_opened,))
    await keep(stand.path, [*records, broken])
    stand.follower.begin(broken.seq, whole=False)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(stand.follower.run(stand.bug, stand.ends.append))
        assert await stand.read_until(broken.seq) == (2, 0)
        task.cancel()
    assert [type(bug) for bug in stand.bugs] == [KeyError]
    assert stand.ends == []


def test_the_figures_leave_nine_tenths_of_the_time_to_a_loop_at_work() -> None:
    assert rest_s(10_000_000, busy=True) == pytest.approx(0.09)
    assert rest_s(10_000_000, busy=False) == rest_s(0, busy=True) == 0.005
