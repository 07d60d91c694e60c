"""Prices by stream and by REST: a dead or refused stream is never believed."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

from daemon.core.events import FeedLost, FeedRestored, Quote, QuoteSource, Undecodable
from daemon.core.terms import Symbol
from daemon.ports import QuotesCanceled
from daemon.venues.binance.public import BATCH, PublicStream
from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.binance.wire import SPOT, USDM
from tests.venues.binance.builders import SOL, SUI, changed
from tests.venues.binance.fake_binance import Answer, FakeBinance, config
from tests.venues.kalshi.builders import TestClock
from tests.venues.listening import closing, running, until

PRICE = "GET /api/v3/ticker/bookTicker"
TICKER = "spot_stream_ticker"


def on(fake: FakeBinance) -> list[str]:
    """The streams that were asked for."""
    asked = fake.asked_for("SUBSCRIBE")
    return [name for message in asked for name in message["params"]]  # type: ignore[attr-defined]


async def test_rest_prices_until_the_stream_does(fake: FakeBinance, spot: BinanceVenue) -> None:
    spot.watch([SOL, SOL])
    async with running(spot) as heard:
        await heard.wait(Quote)
        assert set(heard.sources()) == {QuoteSource.REST}
        await until(lambda: bool(on(fake)))
        assert on(fake) == ["solusdt@bookTicker"]
        await fake.say(TICKER, to="public")
        await until(lambda: QuoteSource.TICKER in heard.sources())
        await asyncio.sleep(0.3)
        polled = len(fake.sent(PRICE))
        await asyncio.sleep(0.6)
        assert len(fake.sent(PRICE)) == polled
    assert isinstance(spot.stream.public, PublicStream)


async def test_watching_while_running(fake: FakeBinance, spot: BinanceVenue) -> None:
    async with running(spot) as heard:
        await until(lambda: bool(fake.public))
        spot.watch([SOL])
        await until(lambda: on(fake) == ["solusdt@bookTicker"])
        await fake.say(TICKER, to="public")
        await until(lambda: QuoteSource.TICKER in heard.sources())
        spot.watch([SUI])
        await until(lambda: bool(fake.asked_for("UNSUBSCRIBE")))
        quotes = len(heard.of(Quote))
        await fake.say(TICKER, to="public")
        await asyncio.sleep(0.2)
        later = heard.of(Quote)[quotes:]
        assert not [q for q in later if q.symbol == SOL and q.source is QuoteSource.TICKER]


async def test_many_symbols_go_in_several_requests(fake: FakeBinance, spot: BinanceVenue) -> None:
    spot.watch([Symbol(f"C{number}USDT") for number in range(BATCH + 1)])
    async with running(spot):
        await until(lambda: len(fake.asked_for("SUBSCRIBE")) == 2)
        assert len(on(fake)) == BATCH + 1


async def test_a_quiet_stream_is_not_believed_and_pings_do_not_help(fake: FakeBinance) -> None:
    clock = TestClock()
    async with closing(BinanceVenue(config(SPOT, fake.url), clock)) as venue:
        venue.watch([SOL])
        async with running(venue) as heard:
            await until(lambda: bool(on(fake)))
            await fake.say(TICKER, to="public")
            await until(lambda: QuoteSource.TICKER in heard.sources())
            for _ in range(8):
                await fake.public[-1].ping(b"heartbeat")
                await asyncio.sleep(0.1)
                clock.pass_s(4)
            await until(lambda: heard.of(QuotesCanceled))
            taken_back = heard.of(QuotesCanceled)[-1]
            assert isinstance(taken_back, QuotesCanceled)
            assert taken_back.symbols == (SOL,)
            await until(lambda: heard.sources()[-1] is QuoteSource.REST)
            await fake.say(TICKER, to="public")
            await until(lambda: heard.sources()[-1] is QuoteSource.TICKER)


async def test_a_stream_that_stays_silent_is_begun_anew(fake: FakeBinance) -> None:
    async with closing(
        BinanceVenue(replace(config(SPOT, fake.url), feed_alive_s=0.1), TestClock())
    ) as venue:
        venue.watch([SOL])
        async with running(venue):
            await until(lambda: len(fake.public) >= 2)


async def test_an_old_connection_is_begun_anew(fake: FakeBinance) -> None:
    async with (
        closing(
            BinanceVenue(replace(config(SPOT, fake.url), longest_life_s=0.2), TestClock())
        ) as venue,
        running(venue),
    ):
        await until(lambda: len(fake.public) >= 2)


async def test_a_lagging_stream_is_not_believed(fake: FakeBinance, usdm: BinanceVenue) -> None:
    usdm.watch([SUI])
    async with running(usdm) as heard:
        await until(lambda: bool(on(fake)))
        now_ms = time.time_ns() // 10**6
        await fake.say_raw(changed("usdm_stream_ticker", E=now_ms - 9_000), to="public")
        await heard.wait(Quote)
        await asyncio.sleep(0.2)
        assert set(heard.sources()) == {QuoteSource.REST}
        now_ms = time.time_ns() // 10**6
        await fake.say_raw(changed("usdm_stream_ticker", E=now_ms), to="public")
        await until(lambda: heard.sources()[-1] is QuoteSource.TICKER)
    assert usdm.session.config.venue == USDM


async def test_a_refused_subscription_begins_anew(fake: FakeBinance, spot: BinanceVenue) -> None:
    async with running(spot):
        await until(lambda: bool(fake.public))
        refusal = {"error": {"code": 2, "msg": "Invalid request"}, "id": 1}
        await fake.say_raw(json.dumps(refusal).encode(), to="public")
        await until(lambda: len(fake.public) >= 2)


async def test_a_frame_that_cannot_be_read_takes_prices_back(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    spot.watch([SOL])
    async with running(spot) as heard:
        await until(lambda: bool(on(fake)))
        await fake.say(TICKER, to="public")
        await until(lambda: QuoteSource.TICKER in heard.sources())
        await fake.say_raw(changed(TICKER, b="lots"), to="public")
        await heard.wait(QuotesCanceled)
        assert len(heard.of(Undecodable)) == 1
        await until(lambda: heard.sources()[-1] is QuoteSource.REST)
        assert len(fake.public) == 1


async def test_neither_way_is_a_lost_feed_and_either_brings_it_back(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    fake.script(PRICE, Answer(500, b""))
    spot.watch([SOL])
    async with running(spot) as heard:
        await heard.wait(FeedLost)
        await until(lambda: bool(on(fake)))
        await fake.say(TICKER, to="public")
        await heard.wait(FeedRestored)
        assert heard.sources()[-1] is QuoteSource.TICKER
