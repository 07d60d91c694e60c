"""The file that keeps a fill handler's facts: a journal of its own, never a daemon's.

A daemon reads its fills from the venue itself: what a file says is written into no journal that
trades are decided by. So a journal that a daemon wrote is refused here, running or not.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from daemon.core.engine import ENGINE_VERSION
from daemon.fill_handler.errors import StateError
from daemon.fill_handler.ledger import Ledger, Limits
from daemon.journal.errors import JournalError
from daemon.journal.replacing import copy_journal, discard, put_in_place
from daemon.journal.sealing import NO_KEYS, KeyRing
from daemon.journal.sqlite import SqliteJournal, SqliteOptions
from daemon.ports import Clock, History
from daemon.runtime.recovery import is_daemons


class Store(SqliteJournal):
    """A fills journal."""

    def __init__(self, path: Path, options: SqliteOptions, *, made: bool) -> None:
        super().__init__(path, options)
        self._made = made

    async def leave(self) -> None:
        """Close it; one that was made here and has kept nothing leaves no file behind."""
        if self._made and not self.last_seq:
            await self.close(lambda: discard(self.path))
        else:
            await self.close()


def open_store(path: Path, clock: Clock, keys: KeyRing | None = None) -> Store:
    """The journal at `path`, made where there is none, and locked; sealed with the current key.

    Raises `StateError` for a daemon's, and `JournalError` and its kin.
    """
    made = _is_new(path)
    options = SqliteOptions(
        engine_version=ENGINE_VERSION,
        created_ns=clock.wall_ns(),
        ballast_bytes=0,
        keys=keys or NO_KEYS,
    )
    journal = Store(path, options, made=made)
    first = next(journal.replay(), None)
    if first is not None and is_daemons(first.event):
        journal.abandon()
        raise StateError(
            f"{path} is the journal of a daemon, which reads its fills from the venue itself:"
            f" name another file for fills"
        )
    return journal


def _is_new(path: Path) -> bool:
    """Whether no file is at `path` yet, whose folder is made; raises `JournalError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.stat()
    except FileNotFoundError:
        return True
    except OSError as error:
        raise JournalError(f"{error.filename}: cannot be used ({error.strerror})") from None
    except ValueError as error:
        raise JournalError(f"{str(path)!r}: cannot be used ({error})") from None
    return False


@contextlib.asynccontextmanager
async def drafted(
    journal: Store, clock: Clock, keys: KeyRing | None, *, replace: bool
) -> AsyncIterator[Store]:
    """A copy of `journal`, or an empty one: at the end it takes its place, and both are closed.

    Until then the file is as it was, whatever happens. What is replaced is kept under another
    name. Raises as `put_in_place` does.
    """
    path = journal.path
    aside = path.with_name(f"{path.name}.replaced-{clock.wall_ns()}")
    kept = aside if replace and journal.last_seq else None
    new = path.with_name(f"{path.name}.importing")
    discard(new)  # somebody died over it
    try:
        if not replace:
            copy_journal(path, new)
        draft = open_store(new, clock, keys)
        try:
            yield draft
            await draft.close()
        finally:
            draft.abandon()
        await journal.close(lambda: put_in_place(new, path, kept))
    finally:
        discard(new)


def read_ledger(history: History, limits: Limits | None = None) -> Ledger:
    """The ledger of any journal of filld's, a daemon's as well."""
    ledger = Ledger(limits)
    for record in history.replay():
        ledger.fold(record.event, record.commands)
    return ledger
