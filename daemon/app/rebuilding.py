"""A book made anew from what the venues say, where the journal is lost or was restored."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from daemon.app.launch import Daemon, Launch, Telemetry, first_error
from daemon.app.opening import open_journal
from daemon.app.venues import writers
from daemon.core.book import Book
from daemon.core.errors import TheirsError
from daemon.runtime.clock import SystemClock
from daemon.runtime.poller import account_questions


async def rebuild(launch: Launch) -> int:
    """Make the book anew from what the venue says, halted; returns how many positions it holds.

    For a lost or restored journal (semantics.md 34). Orders of our form that the journal cannot
    prove to be its own are left alone. Raises what `run` raises.
    """
    clock = SystemClock()
    telemetry = Telemetry(launch, clock)
    held = 0
    settings = launch.settings
    journal = open_journal(settings, clock)
    try:
        for venue, key_id in writers(settings):
            await journal.hold_account(settings.journal.state_dir, venue, key_id)
        daemon = Daemon(
            replace(launch, take_over=True, start_halted=True), telemetry, journal, clock
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(daemon.run(), name="daemon")
            held = await _until_agreed(daemon)
            daemon.stop.set()
    except* TheirsError as errors:
        raise first_error(errors) from None
    finally:
        await journal.close()
        telemetry.sink.close()
    return held


async def _until_agreed(daemon: Daemon) -> int:
    """Wait until two reads of the venue have come and the book differs from neither."""
    while True:
        await daemon.clock.sleep(float(daemon.launch.settings.grace_s) / 2)
        compared = daemon.freshness.compared
        read = all(owner in compared and compared[owner].reads > 1 for owner in daemon.fleet.venues)
        agreed, held = await daemon.driver.look(_agreement)
        if read and agreed:
            return held
        for question in await daemon.driver.look(account_questions):
            daemon.outbox.ask(question)


def _agreement(book: Book) -> tuple[bool, int]:
    held = [position for position in book.positions.values() if position.qty]
    return all(position.mismatch is None for position in book.positions.values()), len(held)
