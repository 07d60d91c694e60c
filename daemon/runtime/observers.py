"""Tells observers and answers looks. The one place where somebody else's bug is caught.

Those who only read must not be able to stop the loop that guards: what fails here is reported once
and goes on (style: log the first failure).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.core.book import Book
from daemon.core.commands import Command
from daemon.core.errors import FilldError, OursError
from daemon.core.events import Event
from daemon.ports import Observer

OnFailure = Callable[[str, Exception], None]


class LookFailedError(OursError):
    """A reader of the book failed; the loop went on."""


class Audience:
    """The observers of one loop. `on_failure` hears of each failing observer once."""

    def __init__(self, observers: Sequence[Observer], on_failure: OnFailure) -> None:
        self._observers = tuple(observers)
        self._on_failure = on_failure
        self._failed: set[int] = set()

    def tell(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
        """Tell every observer of one committed step."""
        for number, observer in enumerate(self._observers):
            try:
                observer.observe(seq, event, commands)
            except Exception as error:  # noqa: BLE001 - an observer's bug must not stop exits
                if number not in self._failed:
                    self._failed.add(number)
                    self._on_failure(type(observer).__name__, error)


def read_guarded(read: Callable[[Book], object], book: Book) -> object | FilldError:
    """What `read` makes of the book, or the error it raised: a named one, or LookFailedError."""
    try:
        return read(book)
    except FilldError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a reader's bug must not stop exits
        return LookFailedError(f"{type(error).__name__}: {error}")
