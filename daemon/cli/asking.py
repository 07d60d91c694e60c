"""Where an answer comes from: the running daemon, else its journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from daemon.analytics.scene import Scene, View
from daemon.app.offline import offline_book
from daemon.cli.door import current
from daemon.cli.exits import NothingThereError
from daemon.control.door import DoorRefusedError, NoDaemonError, Refusal
from daemon.runtime.clock import SystemClock
from daemon.settings import Settings

FROM_JOURNAL = "from the journal; the daemon is not running"


def view_of(
    settings: Settings,
    route: str,
    options: Mapping[str, str],
    read: Callable[[Scene], View | Refusal],
) -> View:
    """What the daemon says at `route`; where none runs, what `read` makes of the journal's book.

    `source` in it says which. Raises NothingThereError where there is neither.
    """
    return asked(settings, route, options, lambda: _from_book(settings, read))


def asked(
    settings: Settings, route: str, options: Mapping[str, str], at_rest: Callable[[], View]
) -> View:
    """What the daemon says at `route`; where none runs but a journal is there, `at_rest`."""
    try:
        view = current(settings, route, options)
    except NoDaemonError as error:
        path = settings.journal.path
        if not path.exists():
            raise NothingThereError(f"{error}; and there is no journal at {path}") from None
        return {"source": "journal", "note": FROM_JOURNAL, **at_rest()}
    return {"source": "daemon", **view}


def _from_book(settings: Settings, read: Callable[[Scene], View | Refusal]) -> View:
    book, seq = offline_book(settings)
    clock = SystemClock()
    found = read(Scene(book=book, now_ns=clock.wall_ns(), mono_ns=clock.mono_ns(), seq=seq))
    if isinstance(found, Refusal):
        raise DoorRefusedError(found.line, found.status)
    return found
