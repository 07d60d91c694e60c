"""Order books beyond their best prices, and what stands in for one that is not to be had."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.core.events import QuoteSource, Undecodable
from daemon.ports import Depth
from daemon.venues.decoding import UnreadableError
from daemon.venues.depth import Sides, depth_of, read_depth
from daemon.venues.errors import CircuitOpenError
from tests.venues.kalshi.builders import STAMP, TICKER

D = Decimal
SIDES = (
    [(D("0.40"), D(5)), (D("0.42"), D(0)), (D("0.41"), D(7))],
    [(D("0.46"), D(1)), (D("0.44"), D(2))],
)


async def answered() -> bytes:
    return b"[]"


def test_levels_come_best_first_and_what_is_empty_is_none() -> None:
    found = depth_of(STAMP, TICKER, SIDES, QuoteSource.BOOK)
    assert found.bids == ((D("0.41"), D(7)), (D("0.40"), D(5)))
    assert found.asks == ((D("0.44"), D(2)), (D("0.46"), D(1)))
    assert (found.symbol, found.mono_ns) == (TICKER, STAMP["mono_ns"])


def test_an_empty_side_is_a_book_and_a_crossed_one_is_none() -> None:
    assert depth_of(STAMP, TICKER, ([], SIDES[1]), QuoteSource.BOOK).bids == ()
    with pytest.raises(UnreadableError, match=r"0\.45 is not below ask 0\.44"):
        depth_of(STAMP, TICKER, ([(D("0.45"), D(1))], SIDES[1]), QuoteSource.BOOK)


async def test_an_answer_is_as_old_as_its_question() -> None:
    found = await read_depth(STAMP, TICKER, answered, lambda _: SIDES)
    assert isinstance(found, Depth)
    assert (found.source, found.mono_ns) == (QuoteSource.REST, STAMP["mono_ns"])


async def test_what_cannot_be_read_is_told_and_what_cannot_be_had_is_not() -> None:
    def unreadable(_: bytes) -> Sides:
        raise UnreadableError("no book")

    async def refused() -> bytes:
        raise CircuitOpenError("not asked")

    told = await read_depth(STAMP, TICKER, answered, unreadable)
    assert isinstance(told, Undecodable)
    assert (told.source, told.raw, told.text) == ("order book", "[]", "no book")
    assert await read_depth(STAMP, TICKER, refused, lambda _: SIDES) is None
