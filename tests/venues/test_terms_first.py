"""Fills that come before their market's terms wait for them, in order, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from daemon.core.commands import QueryBook, QueryFills, QueryMarket
from daemon.core.events import Event, Fill, MarketRead, QueryFailed, QuoteSource
from daemon.core.terms import Account, RejectReason, Symbol, Venue
from daemon.ports import Deliver, Depth
from daemon.venues.terms_first import TermsFirst
from tests import builders as make
from tests.runtime.fake_venue import FakeVenue, Question
from tests.venues.listening import until

FILLS = QueryFills(account=make.ACCOUNT, venue=make.VENUE, symbol=None, since_ns=0)
BOOK = QueryBook(account=make.ACCOUNT, venue=make.VENUE, since_ns=0)
OTHER = "NFL-2"


def terms(symbol: str) -> MarketRead:
    return make.market_read(terms=make.instrument(symbol=symbol))


def stage(*fills: Fill) -> tuple[TermsFirst, FakeVenue]:
    """A venue with these fills that knows every market."""
    venue = FakeVenue()

    def reply(question: Question) -> Sequence[Event]:
        return [terms(question.symbol)] if isinstance(question, QueryMarket) else fills

    venue.reply = reply
    return TermsFirst(venue, Account(make.ACCOUNT), Venue(make.VENUE)), venue


async def test_a_list_of_fills_brings_the_terms_of_each_symbol_once() -> None:
    told = (make.fill(exec_id="a"), make.fill(exec_id="b", symbol=OTHER), make.fill(exec_id="c"))
    first, venue = stage(*told)
    assert await first.fills(FILLS) == [terms(make.SYMBOL), terms(OTHER), *told]
    assert await first.book(BOOK) == told, "they are known now"
    assert [type(question) for question in venue.asked].count(QueryMarket) == 2


async def test_a_market_that_was_read_needs_no_look() -> None:
    first, venue = stage(make.fill())
    query = QueryMarket(account=make.ACCOUNT, venue=make.VENUE, symbol=Symbol(make.SYMBOL))
    await first.market(query)
    await first.fills(FILLS)
    assert venue.asked == [query, FILLS]


async def test_an_order_book_is_the_venues_own() -> None:
    first, venue = stage()
    symbol = Symbol(make.SYMBOL)
    assert await first.depth(symbol) is None
    book = Depth(symbol=symbol, bids=(), asks=(), source=QuoteSource.REST, mono_ns=1)
    venue.books[symbol] = book
    assert await first.depth(symbol) == book


async def heard_from(first: TermsFirst, venue: FakeVenue, *events: Event) -> list[Event]:
    heard: list[Event] = []

    async def stream(deliver: Deliver) -> None:
        for event in events:
            deliver(event)

    venue.stream = stream
    async with asyncio.TaskGroup() as group:
        running = group.create_task(first.run(heard.append))
        await until(lambda: all(event in heard for event in events))
        running.cancel()
    return heard


async def test_pushed_fills_wait_in_order_and_nothing_else_does() -> None:
    first, venue = stage()
    fills = [make.fill(exec_id="a"), make.fill(exec_id="b"), make.fill(exec_id="c", symbol=OTHER)]
    quote = make.quote()
    heard = await heard_from(first, venue, *fills[:2], quote, fills[2])
    assert heard == [quote, terms(make.SYMBOL), *fills[:2], terms(OTHER), fills[2]]
    assert await heard_from(first, venue, fills[0]) == [fills[0]]


async def test_terms_that_nobody_can_tell_hold_no_fill_back() -> None:
    first, venue = stage()
    failed = QueryFailed(**make.AT_VENUE, query="market", reason=RejectReason.NOT_FOUND)
    venue.reply = lambda _: [failed]
    assert await heard_from(first, venue, make.fill()) == [failed, make.fill()]
