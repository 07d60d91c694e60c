"""Every client's order book beyond its best prices, and how it gives way to what matters more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import pytest

from daemon.core.commands import QueryQuote
from daemon.core.events import Quote, QuoteSource
from daemon.paper.faults import FaultKind
from daemon.ports import Depth, Levels
from daemon.venues import breaker
from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.phemex.session import PUBLIC
from daemon.venues.tokens import RESERVED_SHARE, TokenBucket
from tests.contract.guest import D, Guest, entered, listening
from tests.contract.rooms import ALPHA, ROOMS, Room, each, rooms_of
from tests.contract.test_breaker import DOORS, die
from tests.venues.listening import until

BOOKS = [room for start in ("kalshi", "phemex") for room in rooms_of(start)]


def levels(*pairs: tuple[str, str]) -> Levels:
    return tuple((D(px), D(qty)) for px, qty in pairs)


async def read(guest: Guest) -> Depth:
    found = await guest.venue.depth(guest.room.symbol)
    assert isinstance(found, Depth)
    return found


@each(ROOMS)
async def test_all_levels_are_read_best_first(room: Room) -> None:
    low, bid, between, ask = room.prices
    async with entered(room) as guest:
        found = await read(guest)
        assert (found.symbol, found.source) == (room.symbol, QuoteSource.REST)
        assert found.bids == levels((bid, "2"), (low, "30"))
        assert found.asks == levels((ask, "20"))
        await guest.rest(1)
        assert (await read(guest)).asks == levels((between, "3"), (ask, "20"))


@each(BOOKS)
async def test_a_book_that_a_stream_keeps_costs_no_question(room: Room) -> None:
    low, bid, between, ask = room.prices
    async with entered(room) as guest, listening(guest) as heard:
        await until(lambda: bool(heard.of(Quote)))
        await until_read(guest, lambda found: found.source is QuoteSource.BOOK)
        await guest.arm(FaultKind.HTTP_LOSE_BEFORE, endpoint="GET *orderbook", count=None)
        await guest.rest(1)
        await until_read(guest, lambda found: found.asks == levels((between, "3"), (ask, "20")))
        assert (await read(guest)).bids == levels((bid, "2"), (low, "30"))


async def until_read(guest: Guest, wanted: Callable[[Depth], bool]) -> None:
    for _ in range(500):
        if wanted(await read(guest)):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(await read(guest))


def buckets(guest: Guest) -> Iterable[TokenBucket]:
    """Those that a question about a book is paid from."""
    venue = guest.venue
    if isinstance(venue, KalshiVenue):
        return (venue.session.read_tokens,)
    if isinstance(venue, BinanceVenue):
        return (venue.session.weight,)
    return (venue.session.buckets["market" if isinstance(venue, BitgetVenue) else PUBLIC],)


@each(DOORS)
async def test_what_is_kept_for_exits_is_not_spent_on_it(room: Room) -> None:
    async with entered(room) as guest:
        for bucket in buckets(guest):
            bucket.resize(bucket.capacity, 1e-9)
            bucket.tokens = RESERVED_SHARE * bucket.capacity
        assert await guest.venue.depth(room.symbol) is None
        query = QueryQuote(account=ALPHA, venue=room.venue, symbol=room.symbol)
        (quote,) = await guest.venue.quote(query)
        assert isinstance(quote, Quote), "the price of an exit is paid from it"


@each(DOORS)
async def test_nobody_is_asked_while_reads_are_shut_and_none_counts_for_a_book(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "PROBE_S", 3_600.0)
    async with entered(room) as guest:
        await die(guest)
        asked = await guest.struck(FaultKind.HTTP_LOSE_BEFORE)
        assert await guest.venue.depth(room.symbol) is None
        assert await guest.struck(FaultKind.HTTP_LOSE_BEFORE) == asked
