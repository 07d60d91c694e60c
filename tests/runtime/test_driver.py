"""The loop: decided, committed, let out, told; in that order and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core import comparing
from daemon.core.book import Book, BookState
from daemon.core.commands import Command, PlaceOrder, QueryFills
from daemon.core.events import Event, Fill, PositionRow, Quote
from daemon.core.requests import HaltRequested, ResumeRequested
from daemon.core.terms import Side, Symbol
from daemon.journal.errors import JournalError
from tests import builders as make
from tests.runtime.fake_venue import Rig


def bought(qty: str, exec_id: str) -> Fill:
    """Somebody bought at 0.65."""
    return make.fill(
        side=Side.BUY, last_qty=qty, last_px="0.65", exec_id=exec_id, venue_order_id=exec_id
    )


def armed_position() -> list[Event]:
    """A live account with 100 YES at 0.65, guarded at 0.60 and seen above it."""
    return [
        make.started(),
        make.rules_loaded(make.rule()),
        make.market_read(),
        bought("100", "entry"),
        make.positions("100"),
        make.quote(bid="0.64", ask="0.66"),
    ]


async def test_no_order_leaves_before_its_commit() -> None:
    rig = Rig()
    async with rig:
        rig.tell(*armed_position())
        await rig.settle()
        rig.journal.commit.clear()
        rig.tell(make.quote(bid="0.58", ask="0.60"))
        for _ in range(20):
            await asyncio.sleep(0)
        assert [type(command) for command in rig.venue.prepared] == [PlaceOrder]
        assert rig.venue.sent == []
        rig.journal.commit.set()
        await rig.settle()
        assert rig.venue.sent == rig.venue.prepared


async def test_a_stop_in_a_flood_of_quotes_waits_for_no_observer() -> None:
    rig = Rig()
    async with rig:
        rig.tell(*armed_position())
        await rig.settle()
        for turn in range(100):
            rig.tell(make.quote(bid="0.64" if turn % 2 else "0.63", ask="0.66"))
            await asyncio.sleep(0)  # each turn of a busy loop brings a quote
        rig.tell(make.quote(bid="0.58", ask="0.60"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert [type(command) for command in rig.venue.sent] == [PlaceOrder]


async def test_a_failing_commit_ends_the_run_with_nothing_sent() -> None:
    rig = Rig()

    async def run() -> None:
        async with rig:
            rig.tell(*armed_position())
            await rig.settle()
            rig.journal.failure = JournalError("the disk is full")
            rig.tell(make.quote(bid="0.58", ask="0.60"))
            await asyncio.sleep(60)

    with pytest.raises(ExceptionGroup) as caught:
        await run()
    assert caught.value.subgroup(JournalError) is not None
    assert rig.venue.sent == []


async def test_observers_see_every_step_in_order_after_its_commit() -> None:
    rig = Rig()
    async with rig:
        rig.tell(*armed_position())
        await rig.settle()
        seqs = [seq for seq, _ in rig.seen if seq]
        assert seqs == list(range(1, rig.driver.watermark + 1))
        # Lanes are served in turn, so the order between lanes is the inbox's own.
        assert {type(event) for _, event in rig.seen} == {type(e) for e in armed_position()}


async def test_a_look_waits_for_the_commit_of_what_it_sees() -> None:
    rig = Rig()
    async with rig:
        rig.tell(*armed_position())
        await rig.settle()
        rig.journal.commit.clear()
        rig.tell(bought("5", "more"))
        async with asyncio.TaskGroup() as group:
            look = group.create_task(rig.driver.look(held_qty))
            for _ in range(20):
                await asyncio.sleep(0)
            assert not look.done()
            rig.journal.commit.set()
        assert look.result() == Decimal(105)


def held_qty(book: Book) -> Decimal:
    """What the usual position holds."""
    return book.positions[make.KEY].qty


async def test_an_act_returns_after_its_commit_and_a_refusal_as_it_is() -> None:
    rig = Rig()
    async with rig:
        rig.tell(*armed_position())
        before = await rig.settle()
        halt = HaltRequested(**make.NOW)
        assert await rig.driver.act(lambda _: halt) == before + 1
        assert rig.driver.watermark == before + 1
        assert await rig.driver.act(lambda _: halt) == 0
        assert await rig.driver.act(lambda _: "refused") == "refused"


async def test_a_fill_that_memory_let_go_of_is_not_counted_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("daemon.core.known_fills.FILL_KEYS_LIMIT", 2)
    rig = Rig()
    async with rig:
        fills = [bought("1", f"e{n}") for n in range(4)]
        rig.tell(make.started(), *fills)
        await rig.settle()
        rig.tell(*fills)
        await rig.settle()
        assert await rig.driver.look(lambda book: book.fills.forgotten)
        assert await rig.driver.look(held_qty) == Decimal(4)


async def test_an_exit_shares_the_commit_of_the_fact_that_lets_its_price_decide() -> None:
    rig = Rig()
    async with rig:
        rig.tell(*armed_position())
        await rig.settle()
        rig.tell(HaltRequested(**make.NOW), make.quote(bid="0.58", ask="0.60"))
        await rig.settle()
        rig.journal.commit.clear()
        rig.tell(ResumeRequested(**make.NOW))
        for _ in range(20):
            await asyncio.sleep(0)
        assert [type(command) for command in rig.venue.prepared] == [PlaceOrder]
        assert rig.venue.sent == []
        rig.journal.commit.set()
        await rig.settle()
        assert len(rig.venue.sent) == 1


async def test_a_price_that_was_decided_on_with_its_fact_is_not_handed_in_again() -> None:
    rig = Rig()
    async with rig:
        rig.tell(*armed_position())
        await rig.settle()
        rig.tell(make.quote(bid="0.63", ask="0.66"))
        await rig.settle()
        rig.seen.clear()
        rig.tell(bought("10", "more"))
        await rig.settle()
    assert [type(event) for _, event in rig.seen] == [Fill, Quote]


async def test_an_order_on_an_old_price_is_sent_at_the_time_of_what_let_it_decide() -> None:
    rig = Rig()
    late_ns = 3_600_000_000_000
    async with rig:
        rig.tell(*armed_position())
        await rig.settle()
        rig.tell(HaltRequested(**make.NOW), make.quote(bid="0.58", ask="0.60"))
        await rig.settle()
        rig.tell(replace(ResumeRequested(**make.NOW), receive_time_ns=late_ns, mono_ns=late_ns))
        await rig.settle()
        (order,) = await rig.driver.look(lambda book: list(book.orders.values()))
        assert (order.sent_mono_ns, order.sent_time_ns) == (late_ns, late_ns)


async def test_a_snapshot_is_of_committed_steps_however_many_come_meanwhile() -> None:
    rig = Rig()
    async with rig, asyncio.TaskGroup() as group:
        rig.tell(*armed_position())
        for number in range(50):
            rig.tell(bought("1", f"t{number}"))
            keeping = group.create_task(rig.driver.keep_snapshot(), name="keep")
            for _ in range(number % 7):
                await asyncio.sleep(0)
            rig.tell(bought("1", f"u{number}"))
            await keeping
            snapshot = rig.journal.latest_snapshot()
            assert snapshot is not None
            assert snapshot[0] <= rig.driver.watermark


async def test_a_snapshot_lets_a_decided_batch_be_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig()
    joins = 0

    async def join() -> None:
        nonlocal joins
        joins += 1
        assert joins < 10, "it asks again and again, and nobody else gets a turn"

    monkeypatch.setattr(rig.driver._handed, "join", join)
    rig.driver.handle([make.started()])
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(rig.driver.keep_snapshot(), name="keep")
        for _ in range(3):
            await asyncio.sleep(0)
        assert not keeping.done()
        keeping.cancel()


async def test_what_comes_while_a_snapshot_is_written_is_committed_and_not_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("daemon.runtime.driver.SNAPSHOT_EVERY", 1)
    rig = Rig()
    may_end = asyncio.Event()
    copies: list[tuple[int, int]] = []

    def slow(seq: int, state: BookState, still: object = None) -> Awaitable[object]:
        copies.append((seq, len(Book.from_state(state).fills)))
        return may_end.wait()

    monkeypatch.setattr(rig.journal, "keep_snapshot", slow)
    async with rig:
        rig.tell(*armed_position())
        await rig.settle()
        for number in range(5):
            rig.tell(bought("1", f"t{number}"))
            await rig.settle()
        assert len(copies) == 1, "one at a time"
        assert rig.driver.watermark == rig.journal.last_seq > copies[0][0]
        may_end.set()
        await rig.settle()
        rig.tell(bought("1", "last"))
        await rig.settle()
        assert copies[-1][0] == rig.driver.watermark


async def test_a_read_of_many_positions_is_compared_while_fills_are_handled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(comparing, "SLICE", 1)
    rig = Rig()
    async with rig:
        rig.tell(*armed_position())
        fills = [replace(bought("1", f"s{n}"), symbol=Symbol(f"KX-{n}")) for n in range(5)]
        rig.tell(*fills)
        await rig.settle()
        rows = tuple(PositionRow(symbol=f.symbol, position_qty=Decimal(1)) for f in fills[1:])
        rows += (PositionRow(symbol=make.SYMBOL, position_qty=Decimal(70)),)
        now_ns = 10**18  # newer than all that moved
        read = replace(
            make.positions(), rows=rows, as_of_ns=now_ns, asked_mono_ns=now_ns, mono_ns=now_ns
        )
        meanwhile = replace(bought("2", "meanwhile"), symbol=Symbol("KX-6"))
        rig.tell(read, meanwhile)
        await rig.settle()
        seen = [event for _, event in rig.seen]
        assert seen.index(read) > seen.index(meanwhile)
        mismatches = await rig.driver.look(
            lambda book: {key.symbol for key, held in book.positions.items() if held.mismatch}
        )
        assert mismatches >= {make.SYMBOL, fills[0].symbol}
        assert not mismatches & {fill.symbol for fill in fills[1:]}


async def test_an_exit_is_let_out_ahead_of_looks_and_timers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig()
    released: list[Command] = []
    release = rig.outbox.release

    def note(command: Command) -> None:
        released.append(command)
        release(command)

    async with rig:
        rig.tell(*armed_position())
        await rig.settle()
        monkeypatch.setattr(rig.outbox, "release", note)
        rig.tell(
            replace(bought("10", "more"), position_qty=Decimal(500), transact_time_ns=1),
            make.quote(bid="0.58", ask="0.60"),
        )
        await rig.settle()
    kinds = [type(command) for command in released]
    assert kinds.index(PlaceOrder) == 0
    assert QueryFills in kinds
