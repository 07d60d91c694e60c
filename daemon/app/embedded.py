"""A whole run of filld inside somebody else's process, for as long as a trade or two take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from daemon.app.launch import Daemon, Launch, Telemetry, first_error
from daemon.app.opening import open_journal
from daemon.app.venues import writers
from daemon.core.errors import TheirsError
from daemon.journal.sqlite import SqliteJournal
from daemon.runtime.clock import SystemClock
from daemon.settings import Settings


@asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[None]:
    """Runs filld, its door and its rules as `filld run` does; holds the journal and the accounts.

    Signals are the caller's, the log goes to standard error. Raises what `run` raises.
    """
    clock = SystemClock()
    launch = Launch(settings=settings, reload=lambda: settings, embedded=True)
    telemetry = Telemetry(launch, clock)
    journal = None
    try:
        journal = open_journal(settings, clock)
        for venue, key_id in writers(settings):
            await journal.hold_account(settings.journal.state_dir, venue, key_id)
        async with _running(Daemon(launch, telemetry, journal, clock)):
            yield
    finally:
        await _close(journal, telemetry)


async def _close(journal: SqliteJournal | None, telemetry: Telemetry) -> None:
    if journal is not None:
        await journal.close()
    telemetry.sink.close()


@asynccontextmanager
async def _running(daemon: Daemon) -> AsyncIterator[None]:
    """The run as a task beside the caller: when it fails, so does what the caller waits for."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(daemon.run(), name="filld")
            await daemon.fleet.opened.wait()
            try:
                yield
            finally:
                daemon.stop.set()
    except* TheirsError as errors:
        raise first_error(errors) from None
