"""Which order books are read, in which order, how often, and how long they count."""

from __future__ import annotations

from decimal import Decimal

import pytest
from typing_extensions import override

from daemon.app.depths import Depths, Where
from daemon.core.events import Event, QuoteSource, Undecodable
from daemon.core.terms import NANOS, Symbol, Venue
from daemon.ports import Depth
from tests import builders as make
from tests.runtime.fake_venue import OWNER, FakeVenue
from tests.venues.kalshi.builders import ManualClock

ONE, TWO, THREE = (Symbol(f"NFL-{number}") for number in "123")


class Asked(FakeVenue):
    """Answers with books of its own time, or with whatever a test has put there."""

    def __init__(self, clock: ManualClock, source: QuoteSource = QuoteSource.REST) -> None:
        super().__init__()
        self.clock, self.source = clock, source
        self.books_asked: list[Symbol] = []
        self.instead: dict[Symbol, Undecodable | None] = {}

    @override
    async def depth(self, symbol: Symbol) -> Depth | Undecodable | None:
        self.books_asked.append(symbol)
        if symbol in self.instead:
            return self.instead[symbol]
        level = (Decimal("0.5"), Decimal(1))
        return Depth(
            symbol=symbol,
            bids=(level,),
            asks=(),
            source=self.source,
            mono_ns=self.clock.mono_ns(),
        )


class Stand:
    """Depths over one venue, a second after the other."""

    def __init__(self, source: QuoteSource = QuoteSource.REST) -> None:
        self.clock, self.told = ManualClock(), list[Event]()
        self.venue = Asked(self.clock, source)
        self.depths = Depths({OWNER: self.venue}, self.told.append, self.clock)

    def want(self, *symbols: Symbol) -> None:
        self.depths.want([where(symbol) for symbol in symbols])

    async def turns(self, number: int) -> list[Symbol]:
        """So many seconds, and what was read in them."""
        self.venue.books_asked.clear()
        for _ in range(number):
            await self.depths._read(OWNER, self.venue)
            self.clock.now_ns += NANOS
        return list(self.venue.books_asked)

    def has(self) -> list[Symbol]:
        return [name for name in (ONE, TWO, THREE) if self.depths.get(where(name)) is not None]


def where(symbol: Symbol) -> Where:
    return (*OWNER, symbol)


async def test_a_second_costs_one_question_and_the_most_urgent_is_asked_first() -> None:
    stand = Stand()
    stand.want(TWO, ONE, THREE)
    assert await stand.turns(1) == [TWO]
    stand.want(ONE, TWO, THREE)
    assert await stand.turns(4) == [ONE, THREE]
    assert stand.has() == [ONE, TWO, THREE]
    assert await stand.turns(3) == [TWO, ONE, THREE], "five seconds after each"


async def test_books_that_a_stream_keeps_are_all_looked_at_every_time() -> None:
    stand = Stand(QuoteSource.BOOK)
    stand.want(ONE, TWO)
    assert await stand.turns(2) == [ONE, TWO, ONE, TWO]


async def test_an_old_book_says_nothing_and_an_unwanted_one_is_forgotten() -> None:
    stand = Stand()
    stand.want(ONE, TWO)
    await stand.turns(2)
    stand.want(TWO)
    assert stand.has() == [TWO]
    stand.clock.now_ns += 8 * NANOS
    assert stand.has() == [TWO]
    stand.clock.now_ns += 2 * NANOS
    assert stand.has() == []


async def test_without_an_answer_the_others_have_their_turn_and_bad_news_are_handed_in() -> None:
    stand = Stand()
    bad = Undecodable(**make.AT_VENUE, source="order book", raw="", text="no book")
    stand.venue.instead = {ONE: None, TWO: bad}
    stand.want(ONE, TWO, THREE)
    assert await stand.turns(4) == [ONE, TWO, THREE]
    assert stand.told == [bad]
    assert stand.has() == [THREE]


async def test_it_reads_every_venue_and_rests_between() -> None:
    class _OverError(Exception):
        """Ends it."""

    class Restless(ManualClock):
        """Rests once."""

        @override
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            if len(self.slept) >= 2:
                raise _OverError

    clock = Restless()
    far, near = Asked(clock), Asked(clock, QuoteSource.BOOK)
    other = (OWNER[0], Venue("binance-usdm"))
    depths = Depths({OWNER: near, other: far}, list[Event]().append, clock)
    depths.want([where(ONE), (*other, TWO)])
    with pytest.RaisesGroup(_OverError, _OverError):
        await depths.run()
    assert (near.books_asked, far.books_asked) == ([ONE, ONE], [TWO])
    assert set(clock.slept) == {1.0}
