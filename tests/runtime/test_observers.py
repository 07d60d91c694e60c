"""A failing reader is heard of once and stops nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from daemon.core.book import Book
from daemon.core.commands import Command
from daemon.core.errors import UnknownOrderError
from daemon.core.events import Event
from daemon.runtime.observers import Audience, LookFailedError, read_guarded
from tests import builders as make
from tests.runtime.fake_venue import Rig


class Broken:
    """An observer with a bug."""

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
        """Fail."""
        raise ZeroDivisionError(seq, event, commands)


def test_the_others_are_told_and_the_failure_is_told_once() -> None:
    told: list[int] = []

    class Good:
        def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
            told.append(seq)

    failures: list[str] = []
    audience = Audience([Broken(), Good()], lambda name, _: failures.append(name))
    for seq in (1, 2):
        audience.tell(seq, make.started(), ())
    assert told == [1, 2]
    assert failures == ["Broken"]


def fail(book: Book) -> int:
    """A reader with a bug."""
    return 1 // len(book.orders)


async def test_a_look_with_a_bug_fails_alone() -> None:
    async with Rig() as rig:
        with pytest.raises(LookFailedError, match="ZeroDivisionError"):
            await rig.driver.look(fail)
        assert await rig.driver.look(lambda book: len(book.orders)) == 0


def test_a_named_error_reaches_the_asker_as_it_is() -> None:
    error = UnknownOrderError("no such order")

    def refuse(_: Book) -> None:
        raise error

    assert read_guarded(refuse, Book()) is error
