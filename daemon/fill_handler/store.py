"""The file that keeps a fill handler's facts: a journal of its own, never a daemon's.

A daemon reads its fills from the venue itself: what a file says is written into no journal that
trades are decided by. So a journal that a daemon wrote is refused here, running or not.
"""

from __future__ import annotations

from pathlib import Path

from daemon.core.engine import ENGINE_VERSION
from daemon.fill_handler.errors import StateError
from daemon.fill_handler.ledger import Ledger, Limits
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


def read_ledger(history: History, limits: Limits | None = None) -> Ledger:
    """The ledger of any journal of filld's, a daemon's as well."""
    ledger = Ledger(limits)
    for record in history.replay():
        ledger.fold(record.event, record.commands)
    return ledger
