"""What can be done with a journal while no daemon runs on it."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.app.custody import journal_keys
from daemon.app.opening import open_journal
from daemon.core.book import Book
from daemon.core.engine import ENGINE_VERSION, Engine
from daemon.core.requests import PositionsImported
from daemon.journal.reader import Reader
from daemon.journal.sqlite import read_only
from daemon.ports import Record
from daemon.runtime.clock import SystemClock
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
