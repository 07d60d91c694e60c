"""Order books out of updates: depth, order, old news, and books that cannot be."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from daemon.venues.phemex.book_wire import BookUpdate, decode_book
from daemon.venues.phemex.books import Books, OrderBook
from tests.venues.phemex.builders import PERPS, SOL, frame

D = Decimal
WHOLE = decode_book(frame("ws_orderbook_p"), PERPS)
CHANGE = decode_book(frame("ws_orderbook_p_change"), PERPS)
LEVELS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), max_size=6)


def test_a_change_after_its_snapshot() -> None:
    books = Books()
    assert books.take(CHANGE) is None
    book = books.take(WHOLE)
    assert book is not None
    assert (book.bid, book.ask) == ((D("142.28"), D(21)), (D("142.3"), D(7)))
    bids, asks = book.levels
    assert (bids[0], asks[0], len(bids)) == (book.bid, book.ask, len(WHOLE.bids))
    after = books.take(CHANGE)
    assert after is book
    assert (book.bid, book.ask) == ((D("142.25"), D("3.5")), (D("142.29"), D(5)))
    assert book.sequence == CHANGE.sequence


def test_old_news_change_nothing() -> None:
    books = Books()
    books.take(WHOLE)
    books.take(CHANGE)
    for old in (replace(CHANGE, bids=((D(1), D(1)),)), replace(WHOLE, bids=())):
        book = books.take(old)
        assert book is not None
        assert book.bid == (D("142.25"), D("3.5"))


def test_a_crossed_book_is_gone_until_the_next_whole_one() -> None:
    books = Books()
    books.take(WHOLE)
    crossed = replace(CHANGE, bids=((D("142.35"), D(1)),))
    assert books.take(crossed) is None
    assert books.take(replace(CHANGE, sequence=CHANGE.sequence + 1)) is None
    assert books.take(replace(WHOLE, sequence=CHANGE.sequence + 2)) is not None
    assert books.take(replace(crossed, whole=True, asks=CHANGE.asks)) is not None
    books.drop(SOL)
    assert books.get(SOL) is None


def update(bids: list[tuple[int, int]], sequence: int, *, whole: bool) -> BookUpdate:
    levels = tuple((D(px), D(qty)) for px, qty in bids)
    return BookUpdate(
        symbol=SOL, bids=levels, asks=(), whole=whole, depth=3, sequence=sequence, sent_ns=0
    )


@given(st.lists(LEVELS, min_size=1, max_size=6))
def test_the_best_level_is_the_highest_that_is_left(changes: list[list[tuple[int, int]]]) -> None:
    """With a depth that nothing falls out of, the book is the plain sum of its changes."""
    first, *rest = changes
    book = OrderBook(replace(update(first, 1, whole=True), depth=0))
    expected = dict(first)
    for number, more in enumerate(rest, start=2):
        book.apply(replace(update(more, number, whole=False), depth=0))
        expected.update(more)
    left = [(D(px), D(qty)) for px, qty in expected.items() if qty]
    assert book.bid == max(left, default=None)
    assert book.ask is None
    assert not book.crossed


def test_what_falls_behind_the_depth_is_forgotten() -> None:
    book = OrderBook(update([(5, 1), (4, 1), (3, 1)], 1, whole=True))
    book.apply(update([(6, 1)], 2, whole=False))  # 3 fell out, and its end is not told
    book.apply(update([(6, 0), (5, 0), (4, 0)], 3, whole=False))
    assert book.bid is None
