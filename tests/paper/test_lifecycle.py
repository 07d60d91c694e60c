"""A market's life, with the clock held still: open, pause, close, determine, settle."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.paper.clock import SECOND_NS
from daemon.paper.config import PaperConfig
from daemon.paper.desk import Amendment, Route
from daemon.paper.happenings import Happening, MarketMoved
from daemon.paper.kalshi.context import Venue
from daemon.paper.lifecycle import Switches
from daemon.paper.listing import MarketSpec, market_from
from daemon.paper.model import MarketStatus, Order, OrderStatus, Owner, Reason, Side
from daemon.paper.refusal import Code, OperatorError, RefusalError
from tests.paper.builders import ALICE, BOB, IOC, TICKER, a_venue, place

D = Decimal


def refusal_of(venue: Venue, owner: Owner, side: str, qty: str, price: str, **t: object) -> Code:
    with pytest.raises(RefusalError) as refused:
        place(venue, owner, side, qty, price, **t)
    return refused.value.code


def cancel(venue: Venue, order: Order) -> Decimal:
    route = Route(owner=order.owner, order_id=order.order_id, ticker=order.ticker)
    return venue.orders.cancel(route)[1]


def test_a_market_opens_and_closes_by_the_clock() -> None:
    venue, clock = a_venue(PaperConfig(close_cancel_delay_s=5))
    market = market_from(
        MarketSpec(ticker="L-1", opens_in_s=10, closes_in_s=20), clock.wall_ns(), ""
    )
    venue.markets.list_market(market)
    assert refusal_of(venue, ALICE, "bid", "1", "0.5", ticker="L-1") is Code.MARKET_INACTIVE
    clock.advance_ns(10 * SECOND_NS)
    venue.tick()
    resting = place(venue, ALICE, "bid", "1", "0.5", ticker="L-1")
    clock.advance_ns(10 * SECOND_NS)
    venue.tick()
    assert market.status is MarketStatus.CLOSED
    with pytest.raises(RefusalError) as refused:
        cancel(venue, resting)
    assert refused.value.code is Code.MARKET_INACTIVE
    assert resting.is_open
    clock.advance_ns(5 * SECOND_NS)
    venue.tick()
    assert resting.reason is Reason.CLOSE


def test_a_trading_pause_lets_cancel_through_and_an_exchange_pause_nothing() -> None:
    venue, _ = a_venue()
    resting = place(venue, ALICE, "bid", "1", "0.5")
    asked = place(venue, ALICE, "bid", "1", "0.4", cancel_on_pause=True)
    venue.markets.switch(Switches(exchange_active=False))
    assert asked.reason is Reason.HALT
    with pytest.raises(RefusalError) as refused:
        cancel(venue, resting)
    assert refused.value.code is Code.EXCHANGE_PAUSED
    venue.markets.switch(Switches(exchange_active=True, trading_active=False))
    assert refusal_of(venue, BOB, "bid", "1", "0.5") is Code.TRADING_PAUSED
    assert cancel(venue, resting) == 1
    assert venue.exchange.faults.applied[Code.TRADING_PAUSED] == 1


def test_a_paused_market_cancels_what_rests_when_it_comes_back() -> None:
    venue, _ = a_venue()
    resting = place(venue, ALICE, "bid", "1", "0.5")
    venue.markets.pause(TICKER)
    assert refusal_of(venue, BOB, "bid", "1", "0.5") is Code.TRADING_PAUSED
    assert resting.is_open
    venue.markets.activate(TICKER)
    assert (resting.status, resting.reason) == (OrderStatus.CANCELED, Reason.HALT)
    with pytest.raises(OperatorError):
        venue.markets.activate(TICKER)


@pytest.mark.parametrize(
    ("result", "value", "long_pays", "short_pays"),
    [
        ("yes", None, D(3), D(0)),
        ("no", None, D(0), D(3)),
        ("scalar", D("0.123456"), D("0.3703"), D("2.6296")),
    ],
)
def test_settlement_pays_yes_no_and_a_scalar_rounded_down(
    result: str, value: Decimal | None, long_pays: Decimal, short_pays: Decimal
) -> None:
    venue, clock = a_venue()
    heard: list[Happening] = []
    venue.exchange.observers.append(heard.append)
    place(venue, BOB, "ask", "3", "0.4")
    place(venue, ALICE, "bid", "3", "0.4")
    resting = place(venue, ALICE, "bid", "1", "0.1")
    venue.markets.determine(TICKER, result, value)
    assert resting.reason is Reason.CLOSE
    assert not venue.exchange.ledger.settlements
    clock.advance_ns(10 * SECOND_NS)
    venue.tick()
    paid = {s.owner: s for s in venue.exchange.ledger.settlements}
    assert (paid[ALICE].payout, paid[BOB].payout) == (long_pays, short_pays)
    assert paid[ALICE].revenue == int(long_pays * 100)
    position = venue.exchange.ledger.positions[ALICE, TICKER]
    assert position.is_settled
    assert position.qty == 0
    assert position.realized == long_pays - D("1.2")
    steps = [h.event_type for h in heard if isinstance(h, MarketMoved)]
    assert steps == ["close_date_updated", "determined", "settled"]
    assert venue.exchange.markets[TICKER].status is MarketStatus.FINALIZED


def test_an_order_expires_on_time() -> None:
    venue, clock = a_venue()
    then = clock.wall_ns() // SECOND_NS + 5
    order = place(venue, ALICE, "bid", "1", "0.5", expires_s=then)
    clock.advance_ns(5 * SECOND_NS)
    venue.tick()
    assert (order.status, order.reason) == (OrderStatus.CANCELED, Reason.EXPIRY)
    assert refusal_of(venue, ALICE, "bid", "1", "0.5", expires_s=then) is Code.ORDER
    ioc = {"expires_s": then + 99, "time_in_force": IOC}
    assert refusal_of(venue, ALICE, "bid", "1", "0.5", **ioc) is Code.ORDER


def test_amend_keeps_the_queue_when_smaller_and_loses_it_when_larger() -> None:
    venue, _ = a_venue()
    first, second = (place(venue, ALICE, "bid", "5", "0.5") for _ in range(2))
    book = venue.exchange.books[TICKER]

    def amended(qty: str, price: str) -> Order:
        route = Route(owner=ALICE, order_id=first.order_id, ticker=TICKER)
        change = Amendment(side=Side.BID, ticker=TICKER, price=D(price), qty=D(qty))
        return venue.orders.amend(route, change)

    amended("4", "0.5")
    assert book.ahead_of(second) == 4
    amended("6", "0.5")
    assert (str(book.ahead_of(second)), str(book.ahead_of(first))) == ("0", "5")
    with pytest.raises(RefusalError) as refused:
        amended("9999", "0.5")
    assert refused.value.code is Code.BALANCE
    assert first.remaining == first.initial == 6
    place(venue, BOB, "ask", "2", "0.55")
    amended("6", "0.55")
    assert (str(first.filled), str(first.remaining)) == ("2", "4")
    amended("2", "0.55")
    assert first.status is OrderStatus.CANCELED


def test_decrease_and_its_refusals() -> None:
    venue, _ = a_venue()
    order = place(venue, ALICE, "bid", "5", "0.5")
    route = Route(owner=ALICE, order_id=order.order_id, ticker=TICKER)
    venue.orders.decrease(route, D(2), None)
    assert order.remaining == 3
    with pytest.raises(RefusalError):
        venue.orders.decrease(route, None, D(4))
    venue.orders.decrease(route, None, D(0))
    assert order.status is OrderStatus.CANCELED


def test_collateral_is_per_shard_and_closing_needs_none() -> None:
    venue, _ = a_venue()
    assert refusal_of(venue, ALICE, "bid", "2000", "0.6") is Code.BALANCE
    place(venue, BOB, "ask", "1000", "0.5")
    place(venue, ALICE, "bid", "1000", "0.5")
    place(venue, ALICE, "ask", "1000", "0.9")
    assert venue.exchange.reserved(ALICE, 0) == 0
    assert refusal_of(venue, ALICE, "ask", "8000", "0.9") is Code.BALANCE
