"""What a run begins with: its journal, opened and locked, and its rules as a fact."""

from __future__ import annotations

from daemon.app.custody import journal_keys
from daemon.core.engine import ENGINE_VERSION
from daemon.core.events import RulesLoaded
from daemon.journal.errors import JournalError
from daemon.journal.sqlite import SqliteJournal, SqliteOptions
from daemon.runtime.clock import SystemClock
from daemon.runtime.recovery import is_daemons
from daemon.settings import Settings, account_policies, ignored, stop_rules


def rules_loaded(settings: Settings, clock: SystemClock) -> RulesLoaded:
    """The rules of these settings as a fact."""
    return RulesLoaded(
        receive_time_ns=clock.wall_ns(),
        mono_ns=clock.mono_ns(),
        rules=stop_rules(settings),
        accounts=account_policies(settings),
        ignored=ignored(settings),
    )


def open_journal(settings: Settings, clock: SystemClock) -> SqliteJournal:
    """The journal of these settings, locked; raises JournalError and its kin, SealKeyError.

    Likewise for one that holds fills out of files: no position may be taken from what a file says.
    """
    for folder in (settings.journal.path.parent, settings.journal.state_dir):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            text = f"{error.filename}: cannot be used ({error.strerror})"
            raise JournalError(text) from None
    options = SqliteOptions(
        engine_version=ENGINE_VERSION, created_ns=clock.wall_ns(), keys=journal_keys(settings)
    )
    journal = SqliteJournal(settings.journal.path, options)
    first = next(journal.replay(), None)
    if first is not None and not is_daemons(first.event):
        journal.abandon()
        raise JournalError(
            f"{settings.journal.path} holds fills out of files (filld process-fill, import), which"
            f" no trade may be decided by: name another file as journal.path"
        )
    return journal
