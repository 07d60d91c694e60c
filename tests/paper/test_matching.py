"""Price before time, nothing lost, nothing made up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.paper.kalshi.context import Venue
from daemon.paper.matching import Book, reaches
from daemon.paper.model import Order, OrderStatus, Owner, Reason, SelfTrade, Side
from daemon.paper.refusal import Code, RefusalError
from tests.paper.builders import ALICE, BOB, FOK, IOC, TICKER, a_venue, place


def fills_of(venue: Venue, name: str) -> list[tuple[str, str]]:
    return [(str(f.qty), str(f.price)) for f in venue.exchange.fills[name]]


def test_the_better_price_then_the_older_order_trades_first() -> None:
    venue, _ = a_venue()
    late_good = [place(venue, BOB, "ask", "1", p) for p in ("0.53", "0.52", "0.52")]
    taken = place(venue, ALICE, "bid", "2.5", "0.60", time_in_force=IOC)
    assert fills_of(venue, "alice") == [("1", "0.52"), ("1", "0.52"), ("0.5", "0.53")]
    makers = [f.order_id for f in venue.exchange.fills["bob"]]
    assert makers == [late_good[1].order_id, late_good[2].order_id, late_good[0].order_id]
    assert taken.status is OrderStatus.EXECUTED


def test_a_gtc_rests_with_what_is_left_and_an_ioc_does_not() -> None:
    venue, _ = a_venue()
    place(venue, BOB, "ask", "1", "0.52")
    resting = place(venue, ALICE, "bid", "3", "0.52")
    assert (resting.status, str(resting.remaining)) == (OrderStatus.RESTING, "2")
    gone = place(venue, BOB, "ask", "5", "0.60", time_in_force=IOC)
    assert gone.status is OrderStatus.CANCELED
    assert gone.filled == gone.remaining == 0
    book = venue.exchange.books[TICKER]
    assert book.levels(Side.BID) == [(Decimal("0.52"), Decimal(2))]
    assert book.ahead_of(resting) == 0


def test_fill_or_kill_is_all_or_a_refusal_that_changes_nothing() -> None:
    venue, _ = a_venue()
    place(venue, BOB, "ask", "2", "0.52")
    with pytest.raises(RefusalError) as refused:
        place(venue, ALICE, "bid", "3", "0.60", time_in_force=FOK, client_order_id="k")
    assert refused.value.code is Code.FOK_VOLUME
    done = place(venue, ALICE, "bid", "2", "0.60", time_in_force=FOK, client_order_id="k")
    assert done.status is OrderStatus.EXECUTED


def test_the_taker_stops_at_its_own_order_and_keeps_what_it_got() -> None:
    venue, _ = a_venue()
    place(venue, BOB, "ask", "1", "0.50")
    own = place(venue, ALICE, "ask", "1", "0.51")
    taker = place(venue, ALICE, "bid", "5", "0.60")
    assert (taker.status, str(taker.filled)) == (OrderStatus.CANCELED, "1")
    assert taker.remaining == 0
    assert taker.reason is Reason.SELF_TRADE
    assert own.is_open


def test_the_maker_gives_way_to_its_own_account() -> None:
    venue, _ = a_venue()
    own = place(venue, ALICE, "ask", "1", "0.51")
    place(venue, BOB, "ask", "1", "0.52")
    taker = place(venue, ALICE, "bid", "1", "0.60", self_trade=SelfTrade.MAKER)
    assert (own.status, own.reason) == (OrderStatus.CANCELED, Reason.SELF_TRADE)
    assert (str(taker.filled), str(taker.notional)) == ("1", "0.52")


def test_reduce_only_never_takes_more_than_is_held() -> None:
    venue, _ = a_venue()
    place(venue, BOB, "ask", "4", "0.50")
    place(venue, ALICE, "bid", "4", "0.50")
    place(venue, BOB, "bid", "100", "0.40")
    exit_order = place(venue, ALICE, "ask", "10", "0.01", time_in_force=IOC, reduce_only=True)
    assert str(exit_order.filled) == "4"
    assert exit_order.remaining == 0
    assert (exit_order.status, exit_order.reason) == (OrderStatus.CANCELED, Reason.REDUCE_ONLY)
    flat = place(venue, ALICE, "ask", "10", "0.01", time_in_force=IOC, reduce_only=True)
    assert flat.filled == 0
    assert venue.exchange.ledger.held(ALICE, TICKER) == 0


def test_a_limit_reaches_equal_and_better_prices_only() -> None:
    half = Decimal("0.5")
    assert reaches(Side.BID, half, half)
    assert not reaches(Side.BID, half, Decimal("0.51"))
    assert not reaches(Side.ASK, half, Decimal("0.49"))
    assert Book[Order]().best(Side.BID) is None


ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["alice", "bob", "carol"]),
        st.sampled_from(["bid", "ask"]),
        st.integers(1, 500),
        st.integers(40, 60),
        st.sampled_from(["gtc", "ioc"]),
        st.sampled_from(list(SelfTrade)),
    ),
    max_size=30,
)


@given(ORDERS)
def test_contracts_and_cash_are_conserved_and_the_book_never_crosses(
    orders: list[tuple[str, str, int, int, str, SelfTrade]],
) -> None:
    venue, _ = a_venue()
    exchange = venue.exchange
    exchange.add_account("carol", unlimited=True)
    before = sum(exchange.ledger.cash.values())
    for name, side, hundredths, cents, kind, self_trade in orders:
        qty, price = str(Decimal(hundredths) / 100), str(Decimal(cents) / 100)
        terms = {"self_trade": self_trade} | ({"time_in_force": IOC} if kind == "ioc" else {})
        place(venue, Owner(name), side, qty, price, **terms)
        book = exchange.books[TICKER]
        bid, ask = book.best(Side.BID), book.best(Side.ASK)
        assert bid is None or ask is None or bid < ask
    positions = list(exchange.ledger.positions.values())
    assert sum(p.qty for p in positions) == 0
    fees = sum(p.fees for p in positions)
    longs = sum((p.qty for p in positions if p.qty > 0), Decimal(0))
    # Every open pair of YES and NO has one dollar behind it; the rest is cash or fees.
    assert sum(exchange.ledger.cash.values()) + fees + longs == before
    for order in exchange.orders.values():
        of_order = [
            f.qty for f in exchange.fills[order.owner.account] if f.order_id == order.order_id
        ]
        assert sum(of_order, Decimal(0)) == order.filled
        assert (order.remaining > 0) is order.is_open
