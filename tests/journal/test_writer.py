"""The writer's thread: order, errors, its end."""

from __future__ import annotations

import threading
import time
from functools import partial

from daemon.journal.writer import Writer


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
