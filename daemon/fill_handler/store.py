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
from daemon.journal.replacing import copy_journal, discard, put_in_place
from daemon.journal.sealing import NO_KEYS, KeyRing
from daemon.journal.sqlite import SqliteJournal, SqliteOptions
from daemon.ports import Clock, History
from daemon.runtime.recovery import is_daemons


def open_store(path: Path, clock: Clock, keys: KeyRing | None = None) -> SqliteJournal:
    """The journal at `path`, made where there is none, and locked; sealed with the current key.

    Raises `StateError` for a daemon's, and `JournalError` and its kin.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    options = SqliteOptions(
        engine_version=ENGINE_VERSION,
        created_ns=clock.wall_ns(),
        ballast_bytes=0,
        keys=keys or NO_KEYS,
    )
    journal = SqliteJournal(path, options)
    first = next(journal.replay(), None)
    if first is not None and is_daemons(first.event):
        journal.abandon()
        raise StateError(
            f"{path} is the journal of a daemon, which reads its fills from the venue itself:"
            f" name another file for fills"
        )
    return journal


@contextlib.asynccontextmanager
async def drafted(
    journal: SqliteJournal, clock: Clock, keys: KeyRing | None, *, replace: bool
) -> AsyncIterator[SqliteJournal]:
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
