"""The live feeds over a real socket: loss and recovery told once, REST where nothing is alive."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

from daemon.core.events import (
    FeedLost,
    FeedRestored,
    Fill,
    MarketChanged,
    MarketRead,
    Quote,
    QuoteSource,
    StreamLost,
    StreamRestored,
    VenuePaused,
)
from daemon.core.terms import Symbol
from daemon.venues.kalshi.stream import INTEREST_LIMIT, KalshiStream
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.polling import QuotePoller
from daemon.venues.stream import SocketForLife
from tests.venues.kalshi.builders import OTHER, TICKER, TestClock, config, frame
from tests.venues.kalshi.fake_kalshi import Answer, FakeKalshi, ok
from tests.venues.kalshi.test_feed import Json, delta, snapshot, ticker
from tests.venues.listening import closing, running, until

BOOK = f"GET /markets/{TICKER}/orderbook"


def on(fake: FakeKalshi, message: Json, channel: str = "orderbook_delta") -> Json:
    sent = {"sid": fake.sids[channel], "sending_ts_ms": time.time_ns() // 10**6}
    return {**message, **sent}


async def test_private_events_and_quotes(fake: FakeKalshi, venue: KalshiVenue) -> None:
    fake.script(BOOK, ok("orderbook"))
    venue.watch([TICKER])
    async with running(venue) as heard:
        await heard.wait(StreamRestored)
        await until(lambda: "ticker" in fake.sids)
        await fake.say(on(fake, snapshot(1, bid="0.4200")), on(fake, delta(2, "0.4300", "2.00")))
        await fake.say(json.loads(frame("ws_fill")))
        await heard.wait(Fill)
        assert heard.sources()[-2:] == [QuoteSource.BOOK, QuoteSource.BOOK]
        await asyncio.sleep(0.1)
        asked = fake.paths().count(BOOK)
        await asyncio.sleep(0.5)
        assert fake.paths().count(BOOK) == asked
        assert not heard.of(StreamLost)
    assert isinstance(venue.stream, KalshiStream)


async def test_a_lost_connection_is_told_once_and_restored_once(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    async with running(venue) as heard:
        await heard.wait(StreamRestored)
        fake.refuse_socket = 502
        await fake.sockets[-1].close()
        await heard.wait(StreamLost)
        await asyncio.sleep(0.3)
        fake.refuse_socket = 0
        await heard.wait(StreamRestored, 2)
        told = [type(e) for e in heard if isinstance(e, StreamLost | StreamRestored)]
        assert told == [StreamRestored, StreamLost, StreamRestored]


async def test_a_refused_key_is_told_once_while_rest_prices_all(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    fake.script(BOOK, ok("orderbook"))
    fake.refuse_socket = 401
    venue.watch([TICKER])
    async with running(venue) as heard:
        await heard.wait(Quote, 4)
        assert set(heard.sources()) == {QuoteSource.REST}
        (lost,) = heard.of(StreamLost)
        assert isinstance(lost, StreamLost)
        assert "401" in lost.text
        assert not heard.of(FeedLost)


async def test_neither_stream_nor_rest_is_a_lost_feed_and_either_brings_it_back(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    fake.refuse_socket = 502
    venue.watch([TICKER])
    async with running(venue) as heard:
        lost = await heard.wait(FeedLost)
        assert isinstance(lost, FeedLost)
        assert lost.symbols == (TICKER,)
        await asyncio.sleep(0.5)
        assert len(heard.of(FeedLost)) == 1
        fake.script(BOOK, ok("orderbook"))
        await heard.wait(FeedRestored)
        await heard.wait(Quote)
        fake.script(BOOK, Answer(500, b""))
        await heard.wait(FeedLost, 2)
        fake.refuse_socket = 0
        await until(lambda: "ticker" in fake.sids)
        await fake.say(on(fake, ticker("0.4000", "0.4100"), "ticker"))
        await heard.wait(FeedRestored, 2)
        assert heard.sources()[-1] is QuoteSource.TICKER


async def test_a_lagging_stream_is_not_believed(fake: FakeKalshi, venue: KalshiVenue) -> None:
    fake.script(BOOK, ok("orderbook"))
    venue.watch([TICKER])
    async with running(venue) as heard:
        await until(lambda: "ticker" in fake.sids)
        old = {**on(fake, snapshot(1)), "sending_ts_ms": time.time_ns() // 10**6 - 9_000}
        await fake.say(old)
        await heard.wait(Quote, 3)
        assert set(heard.sources()) == {QuoteSource.REST}
        await fake.say(on(fake, delta(2, "0.4200", "2.00")))
        await until(lambda: heard.sources()[-1] is QuoteSource.BOOK)


async def test_a_silent_socket_is_given_up_and_pings_keep_a_quiet_one(fake: FakeKalshi) -> None:
    clock = TestClock()
    async with closing(KalshiVenue(config(fake.url), clock)) as venue:
        fake.script(BOOK, ok("orderbook"))
        venue.watch([TICKER])
        async with running(venue) as heard:
            await until(lambda: "ticker" in fake.sids)
            await fake.say(on(fake, snapshot(1)))
            await until(lambda: QuoteSource.BOOK in heard.sources())
            for _ in range(8):
                await fake.sockets[-1].ping(b"heartbeat")
                await asyncio.sleep(0.1)
                clock.pass_s(4)
            assert not heard.of(StreamLost)
            assert heard.sources()[-1] is QuoteSource.BOOK
            clock.pass_s(14)
            await until(lambda: heard.sources()[-1] is QuoteSource.REST)
            assert not heard.of(StreamLost)
            clock.pass_s(60)
            lost = await heard.wait(StreamLost)
            assert isinstance(lost, StreamLost)
            assert "silent" in lost.text


async def test_subscriptions_that_nobody_confirms_end_the_connection(fake: FakeKalshi) -> None:
    async with closing(KalshiVenue(replace(config(fake.url), confirm_s=0.2), TestClock())) as venue:
        fake.silent = True
        async with running(venue) as heard:
            lost = await heard.wait(StreamLost)
            assert isinstance(lost, StreamLost)
            assert "not confirmed" in lost.text
            fake.silent = False
            await heard.wait(StreamRestored)


async def test_an_overflow_error_connects_again(fake: FakeKalshi, venue: KalshiVenue) -> None:
    async with running(venue) as heard:
        await heard.wait(StreamRestored)
        await fake.say(json.loads(frame("ws_error")))
        await heard.wait(StreamRestored, 2)
        assert len(heard.of(StreamLost)) == 1
        assert venue.stream.counts.connections == 2


async def test_lifecycle_of_what_concerns_us_and_new_terms_are_read(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    fake.script(f"GET /markets/{TICKER}", ok("market"))
    fake.script(BOOK, ok("orderbook"))
    venue.watch([TICKER])
    async with running(venue) as heard:
        await heard.wait(StreamRestored)
        foreign = json.loads(frame("ws_lifecycle_determined"))
        foreign["msg"]["market_ticker"] = OTHER
        await fake.say(foreign, json.loads(frame("ws_lifecycle_grid")))
        await fake.say(json.loads(frame("ws_lifecycle_close")))
        changed = await heard.wait(MarketChanged)
        assert isinstance(changed, MarketChanged)
        assert changed.symbol == TICKER
        await heard.wait(MarketRead)


async def test_pauses_are_told_while_running(fake: FakeKalshi, venue: KalshiVenue) -> None:
    async with running(venue) as heard:
        await heard.wait(StreamRestored)
        off = b'{"exchange_active":true,"trading_active":false}'
        fake.script("GET /exchange/status", Answer(body=off))
        await heard.wait(VenuePaused)


async def test_watching_while_running(fake: FakeKalshi, venue: KalshiVenue) -> None:
    async with running(venue) as heard:
        await heard.wait(StreamRestored)
        assert "ticker" not in fake.sids
        fake.script(BOOK, ok("orderbook"))
        venue.watch([TICKER, TICKER])
        await heard.wait(Quote)
        await until(lambda: "ticker" in fake.sids)
        venue.watch([])
        await until(lambda: any(c["cmd"] == "unsubscribe" for c in fake.commands))


def test_interest_is_bounded(venue: KalshiVenue) -> None:
    venue.stream.note(Symbol(f"M{number}") for number in range(INTEREST_LIMIT + 5))
    assert len(venue.stream._interest) == INTEREST_LIMIT
    assert isinstance(venue.stream._poller, QuotePoller)
    assert isinstance(venue.stream._socket, SocketForLife)
