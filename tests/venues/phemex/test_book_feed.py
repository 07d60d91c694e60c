"""The public connection without its socket: books to quotes, and prices that are taken back."""

from __future__ import annotations

import json
from decimal import Decimal

from daemon.core.events import Event, Quote, QuoteSource, Undecodable
from daemon.core.terms import Symbol
from daemon.ports import QuotesCanceled
from daemon.venues.phemex.book_feed import BOOKS_LIMIT, BookFeed
from tests.venues.phemex.builders import AT_NS, SOL, StillClock, frame, session, stocked

D = Decimal
XRP = Symbol("XRPUSDT")


class Wire:
    """A feed, what it sent and what it told."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.session = session(self.clock)
        self.sent: list[dict[str, object]] = []
        self.told: list[Event] = []
        self.feed = BookFeed(self.session, stocked(self.session), self.told.append)

    def open(self, *symbols: Symbol) -> None:
        self.feed.watch(symbols)
        self.feed.opened(lambda raw: self.sent.append(json.loads(raw)))

    def book(self, name: str = "ws_orderbook_p", **changes: object) -> None:
        """A frame that was sent just now."""
        body = {**json.loads(frame(name)), "timestamp": self.clock.wall_ns(), **changes}
        self.feed.received(json.dumps(body).encode())

    def methods(self) -> list[tuple[object, object]]:
        return [(one["method"], one["params"]) for one in self.sent]

    def quotes(self) -> list[tuple[Decimal | None, Decimal | None]]:
        return [(one.bid_px, one.ask_px) for one in self.told if isinstance(one, Quote)]

    def last(self) -> Event:
        return self.told[-1]


def test_a_book_is_a_quote_and_only_changes_are_told() -> None:
    wire = Wire()
    wire.open(SOL)
    assert wire.methods() == [("orderbook_p.subscribe", [SOL])]
    wire.feed.received(
        json.dumps({"error": None, "id": 1, "result": {"status": "success"}}).encode()
    )
    wire.book()
    quote = wire.last()
    assert isinstance(quote, Quote)
    assert (quote.source, quote.venue_time_ns) == (QuoteSource.BOOK, AT_NS)
    assert wire.feed.prices(SOL)
    wire.book(sequence=91500101)
    wire.book("ws_orderbook_p_change")
    assert wire.quotes() == [(D("142.28"), D("142.3")), (D("142.25"), D("142.29"))]


def test_a_book_is_shown_whole_while_it_can_be_believed() -> None:
    wire = Wire()
    wire.open(SOL)
    assert wire.feed.depth(SOL) is None
    wire.book()
    found = wire.feed.depth(SOL)
    assert found is not None
    assert (found.symbol, found.source) == (SOL, QuoteSource.BOOK)
    assert found.bids[0] == (D("142.28"), D(21))
    assert len(found.bids) > 1
    wire.book("ws_orderbook_p_change")
    later = wire.feed.depth(SOL)
    assert later is not None
    assert later.bids[0] == (D("142.25"), D("3.5"))
    wire.feed.closed("gone")
    assert wire.feed.depth(SOL) is None


def test_what_is_not_watched_is_not_told() -> None:
    wire = Wire()
    wire.open(SOL)
    wire.book(symbol=XRP)
    assert wire.told == []
    wire.book()
    wire.feed.watch([XRP])
    assert not wire.feed.prices(SOL)
    wire.book("ws_orderbook_p_change")
    assert len(wire.quotes()) == 1


def test_a_lagging_or_silent_connection_is_not_believed() -> None:
    wire = Wire()
    wire.open(SOL)
    wire.book(timestamp=AT_NS - 6 * 10**9)
    assert wire.told == []
    wire.book(sequence=91500102)
    assert wire.feed.prices(SOL)
    wire.clock.pass_s(14.9)
    wire.feed.beat()
    assert wire.feed.prices(SOL)
    wire.clock.pass_s(0.5)
    wire.feed.beat()
    assert isinstance(wire.last(), QuotesCanceled)
    assert not wire.feed.prices(SOL)
    assert wire.feed.overdue() == "the websocket answers nothing"
    wire.feed.received(frame("ws_pong"))
    wire.feed.beat()
    assert wire.feed.prices(SOL)
    assert len(wire.quotes()) == 2


def test_a_book_of_old_is_taken_back_though_the_connection_lives() -> None:
    wire = Wire()
    wire.open(SOL)
    wire.book()
    for _tick in range(16):
        wire.clock.pass_s(5)
        wire.feed.received(frame("ws_pong"))
        wire.feed.beat()
    assert not wire.feed.prices(SOL)
    subscriptions = [one for one in wire.methods() if one[0] == "orderbook_p.subscribe"]
    assert len(subscriptions) == 2
    wire.book("ws_orderbook_p_change")
    assert not wire.feed.prices(SOL)
    wire.book(sequence=91500200)
    assert wire.feed.prices(SOL)


def test_a_crossed_book_is_taken_back_and_asked_for_anew() -> None:
    wire = Wire()
    wire.open(SOL)
    wire.book()
    wire.book("ws_orderbook_p_change", orderbook_p={"asks": [], "bids": [["150", "1"]]})
    assert isinstance(wire.last(), QuotesCanceled)
    assert len(wire.sent) == 2
    wire.book(sequence=91500300)
    assert wire.feed.prices(SOL)


def test_an_empty_side_is_told_as_empty() -> None:
    wire = Wire()
    wire.open(SOL)
    wire.book(orderbook_p={"asks": [], "bids": [["142", "1"]]})
    assert wire.quotes() == [(D(142), None)]


def test_a_new_connection_begins_with_nothing() -> None:
    wire = Wire()
    wire.open(SOL)
    wire.book()
    wire.feed.closed("gone")
    assert isinstance(wire.last(), QuotesCanceled)
    wire.feed.received(frame("ws_orderbook_p"))
    wire.feed.beat()
    wire.feed.pinged()
    assert wire.feed.overdue() is None
    wire.open(SOL)
    wire.book("ws_orderbook_p_change")
    assert not wire.feed.prices(SOL)
    wire.feed.pinged()
    wire.feed.received(b"noise")
    assert isinstance(wire.last(), Undecodable)


def test_a_refused_book_is_left_to_rest() -> None:
    wire = Wire()
    wire.open(SOL)
    wire.feed.received(b'{"error":{"code":6001,"message":"invalid argument"},"id":1,"result":null}')
    for _tick in range(20):
        wire.clock.pass_s(5)
        wire.feed.received(frame("ws_pong"))
        wire.feed.beat()
    assert [one[0] for one in wire.methods()].count("orderbook_p.subscribe") == 1
    assert not wire.feed.prices(SOL)


def test_more_symbols_than_a_connection_takes() -> None:
    wire = Wire()
    many = [Symbol(f"S{number}USDT") for number in range(BOOKS_LIMIT + 5)]
    wire.open(*many)
    assert len(wire.sent) == BOOKS_LIMIT
    wire.feed.watch([*many[:3], SOL])
    assert wire.methods()[BOOKS_LIMIT:] == [
        ("orderbook_p.unsubscribe", []),
        *(("orderbook_p.subscribe", [symbol]) for symbol in [*many[:3], SOL]),
    ]
    wire.book()
    assert wire.feed.prices(SOL)
