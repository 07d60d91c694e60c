"""The outbox lets commands out side by side, asks nothing twice at once, and winds down."""

from __future__ import annotations

import asyncio
import gc
import warnings
from decimal import Decimal

from daemon.core.commands import (
    OfferQuote,
    PlaceOrder,
    QueryBook,
    QueryMarket,
    QueryOrder,
    QueryQuote,
    StartTimer,
    WatchSymbols,
)
from daemon.core.events import TimerFired
from daemon.core.terms import ClientOrderId, Side, Symbol, TimeInForce
from tests import builders as make
from tests.runtime.fake_venue import OWNER, Rig
from tests.venues.listening import until

BOOK = QueryBook(account=OWNER[0], venue=OWNER[1], since_ns=0)
QUOTE = QueryQuote(account=OWNER[0], venue=OWNER[1], symbol=make.SYMBOL)


def order(number: int) -> PlaceOrder:
    """An exit order."""
    return PlaceOrder(
        key=make.KEY,
        client_order_id=ClientOrderId(f"fd{number}"),
        exit_no=1,
        attempt=number,
        side=Side.SELL,
        order_qty=Decimal(1),
        limit_px=Decimal("0.5"),
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
    )


async def test_the_same_question_is_asked_once_more_however_often_it_came() -> None:
    rig = Rig()
    async with rig:
        rig.venue.gate.clear()
        rig.outbox.ask(BOOK)
        await until(lambda: rig.venue.asked)
        for _ in range(10):
            rig.outbox.ask(BOOK)
        assert rig.venue.asked == [BOOK]
        rig.venue.gate.set()
        await until(lambda: len(rig.venue.asked) == 2)
        await asyncio.sleep(0.01)
        assert rig.venue.asked == [BOOK, BOOK]


async def test_a_venue_that_has_not_opened_is_asked_nothing() -> None:
    rig = Rig()
    async with rig:
        rig.shut.add(OWNER)
        rig.outbox.ask(BOOK)
        rig.outbox.ask(QUOTE)
        await asyncio.sleep(0.01)
        assert not rig.venue.asked, "a read of it would agree, and nothing would price it"
        rig.shut.clear()
        rig.outbox.ask(BOOK)
        await until(lambda: rig.venue.asked)
        assert rig.venue.asked == [BOOK]


async def test_reads_do_not_hold_up_an_exit_or_its_look_up() -> None:
    rig = Rig()
    async with rig:
        rig.venue.gate.clear()
        for number in range(20):
            rig.outbox.ask(QueryBook(account=OWNER[0], venue=OWNER[1], since_ns=number))
        lookup = QueryOrder(key=make.KEY, client_order_id=ClientOrderId("fd1"))
        rig.outbox.release(lookup)
        rig.outbox.release(order(1))
        await until(lambda: rig.venue.sent and lookup in rig.venue.asked)
        assert rig.venue.sent == [order(1)]


async def test_a_look_at_the_account_does_not_wait_for_a_line_of_other_reads() -> None:
    """After a start each market held is read, and nothing is sold before the account was."""
    rig = Rig()
    async with rig:
        rig.venue.gate.clear()
        for number in range(300):
            name = Symbol(f"KX-{number}")
            rig.outbox.ask(QueryMarket(account=OWNER[0], venue=OWNER[1], symbol=name))
        rig.outbox.ask(BOOK)
        await until(lambda: BOOK in rig.venue.asked)
        assert len(rig.venue.asked) < 20


async def test_answers_come_back_through_the_inbox() -> None:
    rig = Rig()
    rig.venue.answer = lambda command: [make.accepted(order_id=command.client_order_id)]
    async with rig:
        rig.outbox.release(order(1))
        await rig.settle()
        assert make.accepted(order_id=ClientOrderId("fd1")) in [event for _, event in rig.seen]


async def test_timers_watch_lists_and_offers_are_carried_out() -> None:
    rig = Rig()
    async with rig:
        rig.outbox.release(StartTimer(timer="check|fd1", delay_s=Decimal("0.01")))
        watch = WatchSymbols(account=OWNER[0], venue=OWNER[1], symbols=(make.SYMBOL,))
        rig.outbox.release(watch)
        rig.inbox.put(make.quote())
        await rig.settle()
        rig.outbox.release(OfferQuote(account=OWNER[0], venue=OWNER[1], symbol=make.SYMBOL))
        await until(lambda: any(isinstance(event, TimerFired) for _, event in rig.seen))
        await rig.settle()
        events = [event for _, event in rig.seen]
        assert events.count(make.quote()) == 2
        assert any(isinstance(event, TimerFired) for event in events)
        assert rig.venue.watched == [(make.SYMBOL,)]


async def test_what_is_ready_is_let_go_at_its_release_and_not_before() -> None:
    rig = Rig()
    async with rig:
        rig.outbox.prepare([order(1), order(2)])
        await asyncio.sleep(0.01)
        assert rig.venue.let_go == []
        rig.outbox.release(order(1))
        assert rig.venue.let_go == [order(1)], "without a turn of the loop"
        await until(lambda: rig.venue.sent)
        await rig.outbox.close(0)
        rig.outbox.release(order(2))
        assert rig.venue.let_go == [order(1)], "nothing more is sent"


async def test_closing_waits_for_answers_and_sends_nothing_more() -> None:
    rig = Rig()
    async with rig:
        rig.venue.gate.clear()
        rig.outbox.release(order(1))
        await until(lambda: rig.venue.sent)
        assert await rig.outbox.close(0.02) == 1
        rig.outbox.release(order(2))
        rig.outbox.ask(QUOTE)
        rig.venue.gate.set()
        assert await rig.outbox.close(30) == 0
        assert rig.venue.sent == [order(1)]
        assert rig.venue.asked == []


async def test_a_look_that_is_ended_before_it_begins_leaves_no_warning() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        async with Rig() as rig:
            rig.outbox.ask(BOOK)
            (look,) = (task for task in asyncio.all_tasks() if task.get_name() == "look QueryBook")
            look.cancel()
        gc.collect()
    assert not told
    assert not rig.venue.asked
