"""One suite for every journal: what ports.Journal promises, over memory, SQLite and inline."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.core.book import Book
from daemon.core.commands import Command, PlaceOrder
from daemon.core.decisions import MarkSettled
from daemon.core.events import Event
from daemon.core.fills import fill_key
from daemon.core.requests import HaltRequested
from daemon.core.terms import ClientOrderId, JournalId, Side, TimeInForce, VenueOrderId
from daemon.journal.errors import (
    JournalCorruptError,
    JournalError,
    OrderReusedError,
    SequenceBrokenError,
)
from daemon.journal.memory import MemoryJournal
from daemon.journal.sealing import NO_KEYS, Key, KeyRing
from daemon.journal.sqlite import SqliteJournal, SqliteOptions
from daemon.ports import Journal, Record
from tests import builders as make

AnyJournal = MemoryJournal | SqliteJournal
KEY = make.KEY
ORDER = PlaceOrder(
    key=KEY,
    client_order_id=ClientOrderId("fd" + "a" * 30),
    exit_no=1,
    attempt=1,
    side=Side.SELL,
    order_qty=Decimal(100),
    limit_px=Decimal("0.55"),
    time_in_force=TimeInForce.IOC,
    reduce_only=True,
)
EVENT = HaltRequested(receive_time_ns=5, mono_ns=6)
FILL = make.fill(venue_order_id=None)


def record(seq: int, event: Event = EVENT, *commands: Command) -> Record:
    return Record(seq=seq, event=event, commands=commands)


@pytest.fixture(params=["memory", "sqlite", "sqlite-inline", "sealed", "sealed-inline"])
def options(request: pytest.FixtureRequest) -> SqliteOptions | None:
    if request.param == "memory":
        return None
    return SqliteOptions(
        engine_version=1,
        created_ns=9,
        journal_id=JournalId("j1"),
        inline=request.param.endswith("inline"),
        ballast_bytes=0,
        keys=KeyRing(Key(bytes(32))) if request.param.startswith("sealed") else NO_KEYS,
    )


@pytest.fixture
async def journal(options: SqliteOptions | None, tmp_path: Path) -> AsyncIterator[AnyJournal]:
    made: AnyJournal = (
        MemoryJournal(JournalId("j1"))
        if options is None
        else SqliteJournal(tmp_path / "journal.db", options)
    )
    yield made
    await made.close()


@pytest.fixture
def second_life(
    journal: AnyJournal, options: SqliteOptions | None, tmp_path: Path
) -> Callable[[], Awaitable[AnyJournal]]:
    async def again() -> AnyJournal:
        await journal.close()
        if isinstance(journal, MemoryJournal):
            return journal.reopened()
        assert options is not None
        return SqliteJournal(tmp_path / "journal.db", options)

    return again


def test_it_is_a_journal(journal: AnyJournal) -> None:
    port: Journal = journal
    assert port.journal_id == "j1"
    assert list(port.replay()) == []
    assert port.latest_snapshot() is None
    assert journal.last_seq == 0


async def test_what_was_appended_is_replayed(journal: AnyJournal) -> None:
    first, second = record(1, FILL, ORDER), record(2)
    await journal.append([])
    await journal.append([first, second])
    await journal.append([record(3)])
    assert list(journal.replay()) == [first, second, record(3)]
    assert list(journal.replay(after_seq=2)) == [record(3)]
    assert list(journal.replay(after_seq=3)) == []
    assert journal.last_seq == 3


async def test_a_second_life_reads_the_first(
    journal: AnyJournal, second_life: Callable[[], Awaitable[AnyJournal]]
) -> None:
    await journal.append([record(1, FILL, ORDER)])
    again = await second_life()
    assert again.journal_id == "j1"
    assert list(again.replay()) == [record(1, FILL, ORDER)]
    await again.append([record(2)])
    assert again.last_seq == 2
    await again.close()


async def test_replay_after_an_unknown_record_is_corrupt(journal: AnyJournal) -> None:
    with pytest.raises(JournalCorruptError, match="record 4 is missing"):
        list(journal.replay(after_seq=4))


@pytest.mark.parametrize("seq", [0, 2, 3])
async def test_numbering_must_continue(journal: AnyJournal, seq: int) -> None:
    with pytest.raises(SequenceBrokenError):
        await journal.append([record(seq)])
    await journal.append([record(1)])
    with pytest.raises(SequenceBrokenError):
        await journal.append([record(2), record(2)])


async def test_a_known_fill_is_skipped_in_the_index_only(journal: AnyJournal) -> None:
    other_order = dataclasses.replace(FILL, venue_order_id=VenueOrderId("o2"))
    assert not journal.known_fill(fill_key(FILL))
    await journal.append([record(1, FILL), record(2, FILL)])
    await journal.append([record(3, FILL)])
    assert journal.known_fill(fill_key(FILL))
    assert not journal.known_fill(fill_key(other_order))
    await journal.append([record(4, other_order)])
    assert journal.known_fill(fill_key(other_order))
    assert len(list(journal.replay())) == 4


async def test_fills_are_known_in_the_next_life(
    journal: AnyJournal, second_life: Callable[[], Awaitable[AnyJournal]]
) -> None:
    await journal.append([record(1, FILL)])
    again = await second_life()
    assert again.known_fill(fill_key(FILL))
    await again.close()


async def test_the_same_order_may_be_resent(journal: AnyJournal) -> None:
    await journal.append([record(1, EVENT, ORDER)])
    resend = dataclasses.replace(ORDER, resend=True)
    await journal.append([record(2, EVENT, resend), record(3, EVENT, resend)])
    assert journal.last_seq == 3


async def test_a_resend_of_an_adopted_order_needs_no_first_sending(journal: AnyJournal) -> None:
    await journal.append([record(1, EVENT, dataclasses.replace(ORDER, resend=True))])
    with pytest.raises(OrderReusedError, match="placed twice"):
        await journal.append([record(2, EVENT, ORDER)])


async def test_an_order_is_not_placed_twice(journal: AnyJournal) -> None:
    await journal.append([record(1, EVENT, ORDER)])
    with pytest.raises(OrderReusedError, match=r"record 2: fda+ is placed twice"):
        await journal.append([record(2, EVENT, ORDER)])
    assert list(journal.replay()) == [record(1, EVENT, ORDER)]


async def test_an_id_is_not_sent_with_two_contents(journal: AnyJournal) -> None:
    await journal.append([record(1, EVENT, ORDER)])
    other = dataclasses.replace(ORDER, resend=True, order_qty=Decimal(99))
    with pytest.raises(OrderReusedError, match="other content"):
        await journal.append([record(2, EVENT, other)])


async def test_a_refused_batch_leaves_nothing(journal: AnyJournal) -> None:
    with pytest.raises(OrderReusedError):
        await journal.append([record(1, FILL, ORDER), record(2, EVENT, ORDER)])
    assert list(journal.replay()) == []
    assert not journal.known_fill(fill_key(FILL))


async def test_the_newest_snapshot_is_read(journal: AnyJournal) -> None:
    book = Book(journal_id=JournalId("j1"))
    await journal.append([record(seq) for seq in range(1, 5)])
    for seq in (2, 3, 4):
        book.account(KEY.account, KEY.venue).fills_as_of_ns = seq
        await journal.keep_snapshot(seq, book.state())
    found = journal.latest_snapshot()
    assert found == (4, book.state())


async def test_a_snapshot_of_the_future_is_refused(journal: AnyJournal) -> None:
    with pytest.raises(SequenceBrokenError, match="snapshot of 1"):
        await journal.keep_snapshot(1, Book().state())


async def test_snapshots_survive(
    journal: AnyJournal, second_life: Callable[[], Awaitable[AnyJournal]]
) -> None:
    await journal.append([record(1, EVENT, MarkSettled(key=KEY, generation=1))])
    await journal.keep_snapshot(1, Book().state())
    again = await second_life()
    assert again.latest_snapshot() == (1, Book().state())
    await again.close()


async def test_a_closed_journal_refuses_to_write(journal: AnyJournal) -> None:
    await journal.close()
    with pytest.raises(JournalError, match="closed"):
        await journal.append([record(1)])
    await journal.close()
