"""The live feeds over a real socket: both connections, their loss, and REST instead of them."""

from __future__ import annotations

import asyncio
import json
import time

from daemon.core.events import (
    FeedLost,
    FeedRestored,
    Fill,
    OrderSnapshot,
    Quote,
    QuoteSource,
    StreamLost,
    StreamRestored,
)
from daemon.core.terms import Symbol
from daemon.venues.phemex.product_wire import Products
from daemon.venues.phemex.stream import PhemexStream
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import PERP
from tests.venues.kalshi.builders import TestClock
from tests.venues.listening import closing, running, until
from tests.venues.phemex.builders import SOL, config, frame, place_order
from tests.venues.phemex.fake_phemex import FakePhemex, refused

BOOK = "GET /md/v2/orderbook"


async def push(fake: FakePhemex, name: str, **changes: object) -> None:
    body = {**json.loads(frame(name)), "timestamp": time.time_ns(), **changes}
    for socket in fake.sockets:
        if not socket.closed:
            await socket.send_json(body)


async def test_private_facts_and_quotes(fake: FakePhemex, perps: PhemexVenue) -> None:
    assert isinstance(perps.stream, PhemexStream)
    fake.script(BOOK, refused(0, 500))
    perps.watch([SOL])
    async with running(perps) as heard:
        await heard.wait(StreamRestored)
        await heard.wait(FeedLost)
        await until(lambda: "orderbook_p.subscribe" in fake.methods())
        await push(fake, "ws_orderbook_p")
        await heard.wait(FeedRestored)
        quote = await heard.wait(Quote)
        assert isinstance(quote, Quote)
        assert quote.source is QuoteSource.BOOK
        await push(fake, "aop_partial")
        await heard.wait(Fill)
        await heard.wait(OrderSnapshot)


async def test_rest_prices_what_no_stream_does(fake: FakePhemex, perps: PhemexVenue) -> None:
    perps.watch([SOL])
    async with running(perps) as heard:
        quote = await heard.wait(Quote)
        assert isinstance(quote, Quote)
        assert quote.source is QuoteSource.REST
        asked = len(fake.asked(BOOK))
        await until(lambda: len(fake.asked(BOOK)) > asked)
        perps.watch([])
        await asyncio.sleep(0.3)
        asked = len(fake.asked(BOOK))
        await asyncio.sleep(0.3)
        assert len(fake.asked(BOOK)) == asked


async def test_a_cut_is_mended_and_everything_subscribed_again(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    perps.watch([SOL])
    async with running(perps) as heard:
        await heard.wait(StreamRestored)
        await until(lambda: "orderbook_p.subscribe" in fake.methods())
        await fake.cut()
        await heard.wait(StreamLost)
        await heard.wait(StreamRestored, 2)
        await until(lambda: fake.methods().count("orderbook_p.subscribe") == 2)
        assert fake.methods().count("user.auth") == 2
        assert len(heard.of(StreamLost)) == 1


async def test_a_refused_key_is_tried_again_and_told_once(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    fake.refuses["user.auth"] = "invalid login token"
    async with running(perps) as heard:
        lost = await heard.wait(StreamLost)
        assert isinstance(lost, StreamLost)
        assert "invalid login token" in lost.text
        await until(lambda: fake.methods().count("user.auth") >= 2)
        fake.refuses.clear()
        await heard.wait(StreamRestored)
        assert len(heard.of(StreamLost)) == 1


async def test_a_stream_that_says_nothing_of_our_order_is_replaced(fake: FakePhemex) -> None:
    clock = TestClock()
    async with closing(PhemexVenue(config(PERP, fake.url), clock)) as venue:
        await venue.open()
        async with running(venue) as heard:
            await heard.wait(StreamRestored)
            await venue.place(place_order())
            clock.pass_s(11)
            lost = await heard.wait(StreamLost)
            assert isinstance(lost, StreamLost)
            assert "accepted order" in lost.text
            await heard.wait(StreamRestored, 2)
            await venue.place(place_order())
            told = len(heard)
            await push(fake, "aop_new")
            await until(lambda: len(heard) > told)
            clock.pass_s(11)
            await asyncio.sleep(0.9)
            assert len(heard.of(StreamLost)) == 1


async def test_our_heartbeat_keeps_a_quiet_connection(fake: FakePhemex) -> None:
    clock = TestClock()
    async with closing(PhemexVenue(config(PERP, fake.url), clock)) as venue:
        await venue.open()
        async with running(venue) as heard:
            await heard.wait(StreamRestored)
            for number in range(4):
                clock.pass_s(6)
                await until(lambda: fake.methods().count("server.ping") > number)  # noqa: B023
                await asyncio.sleep(0.1)
            assert heard.of(StreamLost) == []
            fake.mute = True
            clock.pass_s(60)
            await heard.wait(StreamLost)


async def test_products_are_read_again_for_a_fill_that_cannot_be_scaled(
    fake: FakePhemex, spot: PhemexVenue
) -> None:
    known, spot.shelf.products = spot.shelf.products, Products()
    async with running(spot) as heard:
        await heard.wait(StreamRestored)
        await push(fake, "wo_partial")
        fill = await heard.wait(Fill)
        assert isinstance(fill, Fill)
        assert fill.symbol == Symbol("sETHUSDT")
        assert spot.shelf.products == known
