"""What readers see of the past, what is spoken for, and ids that never come twice."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.clock import MILLI_NS, Chance
from daemon.paper.happenings import BookChanged, Happening
from daemon.paper.model import Market, Side
from daemon.paper.reading import History, ReadRules
from daemon.paper.units import dollars4, rfc3339, whole_cents
from tests.paper.builders import ALICE, BOB, TICKER, a_venue, place

D = Decimal


def test_an_order_becomes_readable_after_its_lag() -> None:
    venue, clock = a_venue()
    exchange = venue.exchange
    exchange.reads = ReadRules(order_lag_ms=(200, 200), fill_lag_ms=(100, 100))
    order = place(venue, ALICE, "bid", "2", "0.50")
    history = exchange.order_history[order.order_id]
    assert history.at(clock.wall_ns()) is None
    clock.advance_ns(200 * MILLI_NS)
    place(venue, BOB, "ask", "2", "0.50")
    seen = history.at(clock.wall_ns())
    assert seen is not None
    assert (str(seen.remaining), str(order.remaining)) == ("2", "0")
    fill = exchange.fills["alice"][0]
    assert fill.visible_ns - fill.time_ns == 100 * MILLI_NS


def test_history_keeps_copies() -> None:
    history: History[list[int]] = History()
    value = [1]
    history.record(value, 5)
    value.append(2)
    assert history.at(4) is None
    assert history.at(5) == [1]


def test_resting_orders_hold_what_they_would_open() -> None:
    venue, _ = a_venue()
    place(venue, BOB, "ask", "5", "0.40")
    place(venue, ALICE, "bid", "5", "0.40")
    place(venue, ALICE, "ask", "7", "0.90")
    place(venue, ALICE, "bid", "10", "0.30")
    # Five of the seven close what is held; two open NO at 0.10, ten open YES at 0.30.
    assert venue.exchange.reserved(ALICE, 0) == D("3.20")
    assert venue.exchange.available(ALICE, 0) == venue.exchange.ledger.cash[ALICE, 0] - D("3.20")


def test_a_new_book_never_shows_a_price_worse_than_both() -> None:
    venue, _ = a_venue()
    book = venue.exchange.books[TICKER]
    bests: list[Decimal | None] = []

    def watch(happening: Happening) -> None:
        if isinstance(happening, BookChanged):
            bests.append(book.best(Side.BID))

    def levels(*cents: int) -> list[tuple[Decimal, Decimal]]:
        return [(D(c) / 100, D(10)) for c in cents]

    venue.traders.set_book(TICKER, levels(50, 49), levels(52, 53))
    venue.exchange.observers.append(watch)
    venue.traders.set_book(TICKER, levels(54, 53), levels(55, 56))
    venue.traders.set_book(TICKER, levels(48, 47), levels(49, 60))
    venue.traders.set_book(TICKER, [(D("0.48"), D(4))], None)
    known = [best for best in bests if best is not None]
    assert len(known) == len(bests)
    assert min(known) >= D("0.48")
    assert book.levels(Side.BID) == [(D("0.48"), D(4))]
    assert book.levels(Side.ASK) == [(D("0.49"), D(10)), (D("0.60"), D(10))]


def test_a_second_run_has_other_ids_and_the_same_dice() -> None:
    first, second = Chance(1, 100), Chance(1, 200)
    assert first.new_id() != second.new_id()
    assert first.stream("s").random() == second.stream("s").random()
    assert first.between(3, 3) == 3


def test_the_house_keeps_no_ended_orders() -> None:
    venue, _ = a_venue()
    for cents in range(10, 60):
        venue.traders.set_book(TICKER, [(D(cents) / 100, D(1))], [])
    assert len(venue.exchange.orders) == 1


def test_numbers_and_times_as_kalshi_writes_them() -> None:
    assert (dollars4(D("0.01999")), whole_cents(D("1.999"))) == ("0.0199", 199)
    assert rfc3339(1_795_255_200_123_456_789) == "2026-11-21T10:00:00.123456Z"
    assert isinstance(a_venue()[0].exchange.markets[TICKER], Market)
