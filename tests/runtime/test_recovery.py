"""Recovery folds what was written; verification decides it again and names what differs."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.core.commands import PlaceOrder
from daemon.core.engine import ENGINE_VERSION, Engine
from daemon.core.events import Event
from daemon.core.terms import JournalId
from daemon.journal.memory import MemoryJournal
from daemon.ports import Record
from daemon.runtime.recovery import recover, verify
from tests import builders as make
from tests.runtime.test_driver import armed_position


def story() -> Sequence[Event]:
    """A stop that fires."""
    return [*armed_position(), make.quote(bid="0.58", ask="0.60")]


async def written() -> tuple[MemoryJournal, Engine]:
    """A journal of the story, and the engine that lived it."""
    journal, engine = MemoryJournal(JournalId("journal-1"), ENGINE_VERSION), Engine()
    for event in story():
        commands = tuple(c for c in engine.handle(event) if c.durable)
        if engine.changed:
            await journal.append([Record(journal.last_seq + 1, event, commands)])
    return journal, engine


async def test_a_fold_gives_the_book_that_wrote_the_journal() -> None:
    journal, engine = await written()
    recovered, seq = recover(journal)
    assert seq == journal.last_seq
    assert recovered.book.state() == engine.book.state()


async def test_a_snapshot_and_its_tail_give_the_same_book() -> None:
    journal, engine = await written()
    middle = Engine()
    for record in list(journal.replay())[:3]:
        middle.replay(record.event, record.commands)
    await journal.keep_snapshot(3, middle.book.state())
    recovered, seq = recover(journal)
    assert (seq, recovered.book.state()) == (journal.last_seq, engine.book.state())


async def test_the_same_decisions_come_out_again() -> None:
    journal, engine = await written()
    again = Engine()
    assert verify(journal.replay(), again) is None
    assert again.book.state() == engine.book.state()


async def test_a_decision_that_nobody_would_make_again_is_named() -> None:
    journal, _ = await written()
    records = list(journal.replay())
    last = records[-1]
    kept = tuple(c for c in last.commands if not isinstance(c, PlaceOrder))
    tampered = [*records[:-1], Record(last.seq, last.event, kept)]
    divergence = verify(tampered, Engine())
    assert divergence is not None
    assert divergence.seq == last.seq
    assert [type(command) for command in divergence.differing] == [PlaceOrder]


async def test_only_records_of_this_version_are_decided_again() -> None:
    journal, _ = await written()
    records = list(journal.replay())
    last = records[-1]
    kept = tuple(c for c in last.commands if not isinstance(c, PlaceOrder))
    older = MemoryJournal(JournalId("journal-1"), ENGINE_VERSION - 1)
    tampered = Record(last.seq, last.event, kept)
    await older.append([*records[:-1], tampered])
    engine = Engine()
    assert verify(older.replay(), engine) is None
    assert not engine.book.orders
    assert verify([*list(older.replay())[:-1], tampered], Engine()) is not None
