"""One connection without a socket: subscriptions, sequence, books, quotes on change only."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.events import Event, Fill, MarketChanged, Quote, QuoteSource, Undecodable
from daemon.core.terms import NANOS, Symbol
from daemon.ports import Levels, QuotesCanceled
from daemon.venues.decoding import Stamp
from daemon.venues.kalshi.books import LEVELS_LIMIT, Books, OrderBook
from daemon.venues.kalshi.feed import SNAPSHOT_AGAIN_NS, Feed, FeedCounts
from daemon.venues.kalshi.stream_wire import BookDelta, BookSnapshot, decode_frame
from daemon.venues.liveness import Liveness
from tests.venues.kalshi.builders import OTHER, STAMP, TICKER, frame

D = Decimal
Json = dict[str, object]


class Bench:
    """A feed with its ears and mouth in lists."""

    def __init__(self, *symbols: Symbol, live: bool = True) -> None:
        self.sent: list[Json] = []
        self.events: list[Event] = []
        self.reread: list[Symbol | None] = []
        self.counts = FeedCounts()
        self.feed = Feed(
            lambda raw: self.sent.append(json.loads(raw)),
            self.events.append,
            self.reread.append,
            self.counts,
        )
        self.feed.start(symbols)
        if live:
            self.feed.set_live(STAMP, live=True)

    def hear(self, message: Json | bytes, mono_ns: int = 77) -> None:
        raw = message if isinstance(message, bytes) else json.dumps(message).encode()
        stamp: Stamp = {**STAMP, "mono_ns": mono_ns}
        self.feed.receive(stamp, decode_frame(stamp, raw, 0))

    def tick(self, mono_ns: int) -> None:
        self.feed.tick({**STAMP, "mono_ns": mono_ns})

    def taken_back(self) -> list[tuple[Symbol, ...]]:
        return [event.symbols for event in self.events if isinstance(event, QuotesCanceled)]

    def confirm(self) -> None:
        for sid, command in enumerate(list(self.sent), start=1):
            params = command["params"]
            assert isinstance(params, dict)
            msg = {"channel": params["channels"][0], "sid": sid}
            self.hear({"type": "subscribed", "id": command["id"], "msg": msg})

    def quotes(self) -> list[tuple[Decimal | None, Decimal | None, QuoteSource]]:
        found = [event for event in self.events if isinstance(event, Quote)]
        return [(quote.bid_px, quote.ask_px, quote.source) for quote in found]

    def asked(self, action: str) -> list[Json]:
        params = [command["params"] for command in self.sent]
        return [p for p in params if isinstance(p, dict) and p.get("action") == action]


BOOK_SID = 5
TICKER_SID = 6


def snapshot(seq: int, symbol: Symbol = TICKER, bid: str = "0.4100", ask: str = "0.4400") -> Json:
    msg = {
        "market_ticker": symbol,
        "yes_dollars_fp": [[bid, "21.00"]],
        "no_dollars_fp": [[ask, "8.50"]],
    }
    return {"type": "orderbook_snapshot", "sid": BOOK_SID, "seq": seq, "msg": msg}


def delta(seq: int, px: str, change: str, side: str = "yes", symbol: Symbol = TICKER) -> Json:
    msg = {"market_ticker": symbol, "price_dollars": px, "delta_fp": change, "side": side}
    return {"type": "orderbook_delta", "sid": BOOK_SID, "seq": seq, "msg": msg}


def ticker(bid: str, ask: str) -> Json:
    msg = {
        "market_ticker": TICKER,
        "yes_bid_dollars": bid,
        "yes_ask_dollars": ask,
        "yes_bid_size_fp": "3.00",
        "yes_ask_size_fp": "4.00",
    }
    return {"type": "ticker", "sid": TICKER_SID, "msg": msg}


def bench(*symbols: Symbol) -> Bench:
    made = Bench(*(symbols or (TICKER,)))
    made.confirm()
    return made


def test_each_channel_is_subscribed_by_its_own_command() -> None:
    made = Bench(TICKER)
    params = [command["params"] for command in made.sent]
    assert params == [
        {"channels": ["fill"]},
        {"channels": ["user_orders"]},
        {"channels": ["market_positions"]},
        {"channels": ["market_lifecycle_v2"]},
        {"channels": ["orderbook_delta"], "market_tickers": [TICKER], "use_yes_price": True},
        {"channels": ["ticker"], "market_tickers": [TICKER], "send_initial_snapshot": True},
    ]
    assert not made.feed.confirmed
    made.confirm()
    assert made.feed.confirmed


def test_market_channels_are_never_subscribed_without_a_market() -> None:
    made = Bench()
    assert len(made.sent) == 4
    made.feed.watch([TICKER])
    assert len(made.sent) == 6
    made.feed.watch([])
    made.confirm()
    assert [command["cmd"] for command in made.sent[6:]] == ["unsubscribe", "unsubscribe"]


def test_watching_others_sends_the_difference() -> None:
    made = bench(TICKER)
    made.hear(snapshot(1))
    made.feed.watch([OTHER])
    adds, deletes = made.asked("add_markets"), made.asked("delete_markets")
    assert [p["sids"] for p in adds] == [[BOOK_SID], [TICKER_SID]]
    assert {str(p["market_tickers"]) for p in adds} == {f"['{OTHER}']"}
    assert {str(p["market_tickers"]) for p in deletes} == {f"['{TICKER}']"}
    assert not made.feed.prices(TICKER)
    made.hear(delta(2, "0.4200", "1.00"))
    assert len(made.quotes()) == 1


def test_a_change_while_the_subscription_is_on_its_way_is_made_up_for() -> None:
    made = Bench(TICKER)
    made.feed.watch([TICKER, OTHER])
    assert made.asked("add_markets") == []
    made.confirm()
    assert len(made.asked("add_markets")) == 2


def test_no_quote_before_the_snapshot_and_then_on_change_only() -> None:
    made = bench()
    made.hear(delta(1, "0.4000", "5.00"))
    assert made.quotes() == []
    made.hear(snapshot(2))
    made.hear(delta(3, "0.3000", "5.00"))
    made.hear(delta(4, "0.4200", "1.00"))
    made.hear(delta(5, "0.4400", "-8.50", "no"))
    assert made.quotes() == [
        (D("0.41"), D("0.44"), QuoteSource.BOOK),
        (D("0.42"), D("0.44"), QuoteSource.BOOK),
        (D("0.42"), None, QuoteSource.BOOK),
    ]


def test_the_book_goes_before_the_ticker() -> None:
    made = bench()
    made.hear(ticker("0.4000", "1.0000"))
    made.hear(snapshot(1))
    made.hear(ticker("0.1000", "0.2000"))
    assert made.quotes() == [
        (D("0.40"), None, QuoteSource.TICKER),
        (D("0.41"), D("0.44"), QuoteSource.BOOK),
    ]


def test_a_gap_drops_the_books_of_the_subscription_and_asks_for_snapshots() -> None:
    made = bench(TICKER, OTHER)
    made.hear(snapshot(1))
    made.hear(snapshot(2, OTHER))
    made.hear(delta(4, "0.4300", "1.00"))
    assert made.counts.gaps == 1
    assert not made.feed.prices(TICKER)
    assert not made.feed.prices(OTHER)
    (asked,) = made.asked("get_snapshot")
    assert asked["market_tickers"] == sorted([TICKER, OTHER])
    made.hear(delta(5, "0.4300", "1.00"))
    assert len(made.quotes()) == 2
    made.hear(snapshot(6, bid="0.4300"))
    assert made.quotes()[-1][0] == D("0.43")


def test_a_book_is_shown_whole_until_a_gap_or_a_cross_and_while_it_is_live() -> None:
    def shown(mono_ns: int = 90) -> tuple[Levels, Levels] | None:
        found = made.feed.depth({**STAMP, "mono_ns": mono_ns}, TICKER)
        if found is None:
            return None
        assert (found.source, found.mono_ns) == (QuoteSource.BOOK, mono_ns)
        return found.bids, found.asks

    made = Bench(TICKER)
    made.confirm()
    assert shown() is None
    made.hear(snapshot(1))
    made.hear(delta(2, "0.4000", "5.00"))
    whole = (((D("0.41"), D(21)), (D("0.40"), D(5))), ((D("0.44"), D("8.5")),))
    assert shown() == whole
    made.hear(delta(3, "0.4500", "1.00"))
    assert shown() is None, "crossed"
    made.hear(delta(4, "0.4500", "-1.00"))
    assert shown(91) == whole
    made.feed.set_live(STAMP, live=False)
    assert shown() is None
    made.feed.set_live(STAMP, live=True)
    made.hear(delta(6, "0.4000", "5.00"))
    assert shown() is None, "a message was lost"


def test_other_sequences_are_not_mixed_up() -> None:
    made = bench()
    made.hear(snapshot(1))
    made.hear({"type": "ok", "id": 9, "sid": BOOK_SID, "seq": 2, "msg": {}})
    made.hear(frame("ws_trade"))
    made.hear(delta(3, "0.4200", "1.00"))
    assert made.counts.gaps == 0


def test_a_gap_in_the_lifecycle_has_the_markets_read_again() -> None:
    made = bench()
    lifecycle = {"market_ticker": TICKER, "event_type": "activated"}
    for seq in (1, 2, 4):
        made.hear({"type": "market_lifecycle_v2", "sid": 4, "seq": seq, "msg": lifecycle})
    assert made.reread == [None]
    assert sum(isinstance(event, MarketChanged) for event in made.events) == 3
    made.hear(frame("ws_lifecycle_grid"))
    assert made.reread[-1] == TICKER


def test_a_level_below_zero_is_a_wrong_book() -> None:
    made = bench()
    made.hear(snapshot(1))
    made.hear(delta(2, "0.4100", "-22.00"))
    assert made.counts.dropped_books == 1
    assert not made.feed.prices(TICKER)
    assert len(made.asked("get_snapshot")) == 1


def test_a_book_that_is_crossed_for_a_moment_is_quiet_and_for_long_is_wrong() -> None:
    made = bench()
    made.hear(snapshot(1))
    made.hear(delta(2, "0.4500", "1.00"))
    made.tick(NANOS)
    made.hear(delta(3, "0.4400", "-8.50", "no"))
    made.tick(3 * NANOS)
    assert made.quotes()[-1] == (D("0.45"), None, QuoteSource.BOOK)
    made.hear(delta(4, "0.4400", "8.50", "no"))
    made.tick(4 * NANOS)
    made.tick(6 * NANOS)
    assert made.counts.dropped_books == 1
    assert not made.feed.prices(TICKER)


def test_a_snapshot_that_does_not_come_is_asked_for_again() -> None:
    made = bench()
    made.tick(1)
    made.tick(SNAPSHOT_AGAIN_NS)
    assert made.asked("get_snapshot") == []
    made.tick(SNAPSHOT_AGAIN_NS + 2)
    made.tick(SNAPSHOT_AGAIN_NS + 3)
    assert len(made.asked("get_snapshot")) == 1


def test_prices_of_a_connection_that_is_not_believed_any_more_are_taken_back() -> None:
    made = bench()
    made.hear(snapshot(1))
    made.feed.set_live(STAMP, live=False)
    made.feed.set_live(STAMP, live=False)
    assert made.taken_back() == [(TICKER,)]


def test_prices_of_a_book_with_a_gap_or_a_contradiction_are_taken_back() -> None:
    made = bench()
    made.hear(snapshot(1))
    made.hear(delta(3, "0.4100", "1.00"))
    assert made.taken_back() == [(TICKER,)]
    made.hear(snapshot(4))
    made.hear(delta(5, "0.4100", "-22.00"))
    assert made.taken_back() == [(TICKER,), (TICKER,)]


def test_a_connection_that_is_not_live_says_nothing_and_then_all_again() -> None:
    made = bench()
    made.feed.set_live(STAMP, live=False)
    made.hear(snapshot(1))
    assert made.quotes() == []
    made.feed.set_live(STAMP, live=True)
    made.feed.set_live(STAMP, live=True)
    assert len(made.quotes()) == 1
    made.feed.set_live(STAMP, live=False)
    assert not made.feed.prices(TICKER)
    made.feed.set_live(STAMP, live=True)
    assert len(made.quotes()) == 2


@pytest.mark.parametrize(("code", "broken"), [(10, True), (25, True), (7, False), (26, False)])
def test_errors_are_counted_and_two_of_them_end_the_connection(code: int, broken: bool) -> None:
    made = bench()
    made.hear({"type": "error", "id": 99, "msg": {"code": code, "msg": "x"}})
    assert made.counts.errors == 1
    assert (made.feed.broken is not None) is broken


def test_a_refused_private_channel_ends_the_connection_and_a_market_one_does_not() -> None:
    made = Bench(TICKER)
    made.hear({"type": "error", "id": 6, "msg": {"code": 8, "msg": "x"}})
    assert made.feed.broken is None
    made.hear({"type": "error", "id": 1, "msg": {"code": 9, "msg": "x"}})
    assert made.feed.broken is not None


def test_facts_pass_through() -> None:
    made = bench()
    made.hear(frame("ws_fill"))
    made.hear(b"noise")
    made.hear(frame("ws_market_position"))
    assert [type(event) for event in made.events] == [Fill, Undecodable]


def test_a_book_has_limits() -> None:
    levels = tuple((D(n) / 100_000, D(1)) for n in range(1, LEVELS_LIMIT + 1))
    book = OrderBook(BookSnapshot(TICKER, levels, ()))
    assert not book.apply(BookDelta(TICKER, True, D("0.9"), D(1), 0))
    books = Books()
    assert books.apply(BookDelta(TICKER, True, D("0.9"), D(1), 0))
    assert books.best(TICKER) is None
    assert TICKER not in books


def test_alive_means_heard_from_lately_and_without_lag() -> None:
    liveness = Liveness(15 * NANOS, 5 * NANOS, 0)
    assert not liveness.alive(1)
    liveness.heard(NANOS)
    assert liveness.alive(16 * NANOS)
    assert not liveness.alive(16 * NANOS + 1)
    liveness.heard(20 * NANOS, 6 * NANOS)
    assert not liveness.alive(20 * NANOS)
    liveness.heard(21 * NANOS)
    assert not liveness.alive(21 * NANOS)
    liveness.heard(22 * NANOS, -NANOS)
    assert liveness.alive(22 * NANOS)
    assert liveness.silent_ns(25 * NANOS) == 3 * NANOS
