"""The inbox serves its lanes in turn, keeps only the newest quote, and forgets dead prices."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from daemon.core.events import FeedLost, MarketChanged, MarketPhase, QuoteSource, StreamLost
from daemon.core.requests import HaltRequested
from daemon.core.terms import NANOS, Venue
from daemon.ports import QuotesCanceled
from daemon.runtime.inbox import Inbox
from tests import builders as make

WHERE = (make.ACCOUNT, make.VENUE, make.SYMBOL)


async def test_lanes_are_served_in_turn() -> None:
    inbox = Inbox()
    other = Venue("binance-spot")
    for number in range(3):
        inbox.put(make.fill(exec_id=f"k{number}"))
    inbox.put(replace(make.fill(exec_id="b0"), venue=other))
    first = await inbox.take(2)
    assert {getattr(event, "venue", None) for event in first} == {make.VENUE, other}
    assert inbox.depth() == {make.VENUE: 2, other: 0}


async def test_the_operator_does_not_wait_behind_a_venue() -> None:
    inbox = Inbox()
    for number in range(5):
        inbox.put(make.fill(exec_id=f"k{number}"))
    inbox.put_answer(HaltRequested(**make.NOW))
    assert any(isinstance(event, HaltRequested) for event in await inbox.take(2))


async def test_a_full_lane_turns_a_stream_away_but_not_an_answer() -> None:
    inbox = Inbox(lane_limit=1)
    assert inbox.put(make.fill(exec_id="1"))
    assert not inbox.put(make.fill(exec_id="2"))
    inbox.put_answer(make.fill(exec_id="3"))
    assert len(await inbox.take(10)) == 2


async def test_only_the_newest_quote_of_a_symbol_waits_and_facts_go_first() -> None:
    inbox = Inbox()
    inbox.put(replace(make.quote(bid="0.64"), mono_ns=1))
    inbox.put(replace(make.quote(bid="0.62"), mono_ns=3))
    inbox.put(replace(make.quote(bid="0.63"), mono_ns=2))
    inbox.put(make.fill())
    fact, quote = await inbox.take(10)
    assert fact == make.fill()
    assert quote == replace(make.quote(bid="0.62"), mono_ns=3)


async def test_a_quote_can_be_offered_again_until_its_feed_dies() -> None:
    inbox = Inbox()
    for death in (
        FeedLost(**make.AT_VENUE, symbols=(make.SYMBOL,)),
        StreamLost(**make.AT_VENUE),
        MarketChanged(**make.AT_VENUE, symbol=make.SYMBOL, phase=MarketPhase.PAUSED),
    ):
        inbox.put(make.quote())
        await inbox.take(10)
        inbox.offer(WHERE)
        assert await inbox.take(10) == [make.quote()]
        inbox.put(death)
        assert WHERE not in inbox.quotes()
        inbox.offer(WHERE)
        assert await inbox.take(10) == [death]


async def test_streamed_prices_that_are_taken_back_are_not_offered_again_and_no_fact() -> None:
    inbox = Inbox()
    canceled = QuotesCanceled(**make.AT_VENUE, symbols=(make.SYMBOL,))
    inbox.put(make.quote())
    assert inbox.put(canceled)
    assert WHERE not in inbox.quotes()
    inbox.put(make.fill())
    assert await inbox.take(10) == [make.fill()]
    inbox.put(replace(make.quote(), source=QuoteSource.REST))
    inbox.put(canceled)
    assert WHERE in inbox.quotes()


async def test_waking_ends_a_take_with_nothing() -> None:
    inbox = Inbox()
    async with asyncio.TaskGroup() as group:
        taking = group.create_task(inbox.take(10))
        await asyncio.sleep(0)
        inbox.wake()
    assert taking.result() == []


async def test_an_old_price_that_is_offered_again_is_decided_on_now() -> None:
    inbox = Inbox()
    old = replace(make.quote(), receive_time_ns=5 * NANOS, mono_ns=5 * NANOS)
    inbox.put(old)
    inbox.keep_only(make.ACCOUNT, make.VENUE, [make.SYMBOL])
    inbox.keep_only(make.ACCOUNT, make.VENUE, [make.SYMBOL])
    inbox.put(old)
    assert await inbox.take(9) == [old]
    cause = replace(make.started(), receive_time_ns=3_600 * NANOS, mono_ns=3_600 * NANOS)
    dated = replace(
        old, receive_time_ns=3_600 * NANOS, mono_ns=3_600 * NANOS, priced_mono_ns=5 * NANOS
    )
    assert inbox.followed([WHERE], cause) == [dated]
    inbox.offer(WHERE)
    assert await inbox.take(9) == [dated]
    assert inbox.quotes() == {WHERE: old}
