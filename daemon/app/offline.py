"""What can be done with a journal while no daemon runs on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from daemon.app.custody import journal_keys
from daemon.app.launch import Daemon, Launch, Telemetry, first_error
from daemon.app.opening import open_journal
from daemon.app.venues import writers
from daemon.core.book import Book
from daemon.core.engine import ENGINE_VERSION, Engine
from daemon.core.errors import TheirsError
from daemon.core.requests import PositionsImported
from daemon.journal.reader import Reader
from daemon.journal.sqlite import read_only
from daemon.ports import Record
from daemon.runtime.clock import SystemClock
from daemon.runtime.poller import account_questions
from daemon.runtime.recovery import is_ours, recover, verify
from daemon.settings import Settings


def _reader(settings: Settings) -> Reader:
    """Of the journal, passing over snapshots of another engine, as the daemon does."""
    return read_only(settings.journal.path, ENGINE_VERSION, journal_keys(settings))


def offline_book(settings: Settings) -> tuple[Book, int]:
    """The book out of the journal alone, and its last seq; takes no lock, changes nothing."""
    engine, seq = recover(_reader(settings))
    return engine.book, seq


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What deciding the journal again gave: None where every decision came out the same.

    `skipped` of the `records` were decided by another engine_version, and folded only.
    """

    records: int
    skipped: int
    divergence: str | None


def verify_journal(settings: Settings) -> VerifyResult:
    """Decide every record again and compare; raises JournalCorruptError at a broken record."""
    reader = _reader(settings)
    count = skipped = 0
    engine = Engine()
    for record in reader.replay():
        count += 1
        skipped += not is_ours(record)
        differing = verify([record], engine)
        if differing is not None:
            decided = ", ".join(type(command).__name__ for command in differing.differing)
            text = f"record {differing.seq}: {type(record.event).__name__} now decides {decided}"
            return VerifyResult(count, skipped, text)
    recovered, seq = recover(reader)
    if recovered.book.state() != engine.book.state():
        text = f"the book recovered from the snapshot before record {seq} is not the whole fold's"
        return VerifyResult(count, skipped, text)
    return VerifyResult(count, skipped, None)


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


async def offline_import(settings: Settings, event: PositionsImported) -> int:
    """Write imported positions into the journal while no daemon runs; returns how many it took."""
    journal = open_journal(settings, SystemClock())
    try:
        engine, seq = recover(journal)
        before = sum(1 for position in engine.book.positions.values() if position.qty)
        commands = tuple(c for c in engine.handle(event) if c.durable)
        if engine.changed:
            await journal.append([Record(seq + 1, event, commands)])
        return sum(1 for position in engine.book.positions.values() if position.qty) - before
    finally:
        await journal.close()
