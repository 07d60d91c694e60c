"""The writer's thread: order, errors, its end."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from daemon.journal.errors import JournalError
from daemon.journal.sqlite import SqliteJournal
from daemon.journal.writer import Writer
from tests.journal.journals import OPTIONS
from tests.venues.listening import until


def test_work_is_done_in_order_in_one_thread_and_all_of_it_before_the_end() -> None:
    writer, done, told = Writer("writer"), list[tuple[int, str]](), list[BaseException | None]()

    def work(number: int) -> None:
        time.sleep(0.001)
        done.append((number, threading.current_thread().name))

    for number in range(20):
        writer.do(partial(work, number), told.append)
    writer.close()
    assert done == [(number, "writer") for number in range(20)]
    assert told == [None] * 20
    assert "writer" not in [thread.name for thread in threading.enumerate()]


def test_what_a_piece_of_work_raises_is_told_and_the_next_is_done() -> None:
    writer, told = Writer("writer"), list[BaseException | None]()

    def broken() -> None:
        raise ZeroDivisionError

    writer.do(broken, told.append)
    writer.do(lambda: None, told.append)
    writer.close()
    assert isinstance(told[0], ZeroDivisionError)
    assert told[1:] == [None]


def test_a_writer_without_work_has_no_thread() -> None:
    before = threading.active_count()
    writer = Writer("writer")
    assert threading.active_count() == before
    writer.close()


def test_nothing_is_handed_over_after_the_end() -> None:
    writer = Writer("writer")
    writer.close()
    with pytest.raises(RuntimeError, match="writer has ended"):
        writer.do(lambda: None, lambda _: None)


async def test_the_end_does_not_wait_for_a_snapshots_next_part(tmp_path: Path) -> None:
    """Its thread hands over part after part, while the writer's is at work on one."""
    journal, working = SqliteJournal(tmp_path / "j.db", OPTIONS), threading.Event()
    writer = journal._writer
    assert writer is not None

    def part() -> None:
        working.set()
        time.sleep(0.2)

    def parts() -> None:
        for _ in range(2):
            journal._done(writer, part)

    snapshot = journal._slicer.submit(parts)
    await asyncio.to_thread(working.wait)
    end = threading.Thread(target=journal.abandon, daemon=True)
    end.start()
    await asyncio.to_thread(end.join, 30)
    assert not end.is_alive()
    assert isinstance(snapshot.exception(), JournalError)


async def test_after_abandon_nothing_that_waits_is_written_and_nothing_more_taken(
    tmp_path: Path,
) -> None:
    journal, ran = SqliteJournal(tmp_path / "j.db", OPTIONS), list[int]()
    working, go_on = threading.Event(), threading.Event()

    def busy() -> None:
        working.set()
        go_on.wait(30)

    first, second = journal._write(busy), journal._write(lambda: ran.append(1))
    await asyncio.to_thread(working.wait)
    end = threading.Thread(target=journal.abandon)
    end.start()
    await until(lambda: journal._failure is not None)
    go_on.set()
    await first
    with pytest.raises(JournalError):
        await second
    await asyncio.to_thread(end.join)
    assert ran == [], "dropped, as by a process that dies"
    with pytest.raises(JournalError):
        await journal._write(busy)
