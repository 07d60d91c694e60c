"""Placing and cancelling over a real socket: every outcome is an event, nothing is sent twice."""

from __future__ import annotations

import pytest

from daemon.core.events import (
    CancelRejected,
    MarketRead,
    OrderAccepted,
    OrderCanceled,
    OrderInDoubt,
    OrderRejected,
)
from daemon.core.terms import PositionSide, RejectReason, Side
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.bitget.wire import Market
from tests.venues.bitget.builders import SPOT_ORDER, cancel_order, place_order
from tests.venues.bitget.conftest import Make
from tests.venues.bitget.fake_bitget import Answer, FakeBitget, refused
from tests.venues.bitget.test_venue import ask_market
from tests.venues.kalshi.builders import StandingClock, TestClock
from tests.venues.listening import impatient

PLACE = "POST /api/v2/spot/trade/place-order"
CANCEL = "POST /api/v2/spot/trade/cancel-order"
ORDER = place_order(Market.SPOT, Side.SELL)


async def test_an_order_is_placed(fake: FakeBitget, spot: BitgetVenue) -> None:
    (got,) = await spot.place(ORDER)
    assert isinstance(got, OrderAccepted)
    assert got.venue_order_id == SPOT_ORDER
    seen = fake.last(PLACE)
    assert seen.body["clientOid"] == ORDER.client_order_id
    assert seen.headers["Content-Type"] == "application/json"
    assert "paptrading" not in seen.headers


async def test_a_prepared_order_is_sent_as_it_was_signed(fake: FakeBitget, make: Make) -> None:
    clock = StandingClock()
    spot = make(Market.SPOT, clock=clock)
    spot.prepare(ORDER)
    signed_ms = spot.session.venue_ns() // 1_000_000
    clock.pass_s(0.02)
    await spot.place(ORDER)
    assert int(fake.last(PLACE).headers["ACCESS-TIMESTAMP"]) == signed_ms


async def test_an_order_prepared_before_its_terms_changed_is_encoded_again(
    fake: FakeBitget, futures: BitgetVenue
) -> None:
    order = place_order(Market.FUTURES, Side.BUY, PositionSide.SHORT)
    futures.prepare(order)
    futures.session.modes.margin[order.key.symbol, PositionSide.SHORT] = "isolated"
    await futures.place(order)
    body = fake.last("POST /api/v2/mix/order/place-order").body
    assert (body["marginMode"], body["side"], body["tradeSide"]) == ("isolated", "sell", "close")


async def test_a_sweep_becomes_a_market_order_once_the_terms_are_read(
    fake: FakeBitget, spot: BitgetVenue
) -> None:
    sweep = place_order(Market.SPOT, Side.SELL, px="0.01")
    await spot.place(sweep)
    assert fake.last(PLACE).body["orderType"] == "limit"
    (market,) = await spot.market(ask_market(Market.SPOT))
    assert isinstance(market, MarketRead)
    await spot.place(sweep)
    assert fake.last(PLACE).body["orderType"] == "market"


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (refused("43012"), OrderRejected, RejectReason.INSUFFICIENT_FUNDS),
        (refused("43118"), OrderInDoubt, RejectReason.DUPLICATE_ID),
        (refused("40010"), OrderInDoubt, RejectReason.VENUE_ERROR),
        (Answer(503), OrderInDoubt, RejectReason.VENUE_ERROR),
        (Answer(hang=True), OrderInDoubt, RejectReason.TIMEOUT),
        (Answer(drop=True), OrderInDoubt, RejectReason.NETWORK),
        (Answer(429), OrderRejected, RejectReason.RATE_LIMIT),
    ],
)
async def test_what_came_of_it(
    fake: FakeBitget,
    spot: BitgetVenue,
    answer: Answer,
    kind: type[OrderRejected | OrderInDoubt],
    reason: RejectReason,
) -> None:
    if answer.hang:
        impatient(spot.session.config)
    fake.script(PLACE, answer)
    (got,) = await spot.place(ORDER)
    assert isinstance(got, kind)
    assert isinstance(got, OrderRejected | OrderInDoubt)
    assert got.reason is reason
    assert len(fake.all(PLACE)) == 1


async def test_an_order_that_cannot_be_said_is_not_sent(
    fake: FakeBitget, spot: BitgetVenue
) -> None:
    order = place_order(Market.SPOT, Side.SELL, PositionSide.LONG)
    spot.prepare(order)
    (got,) = await spot.place(order)
    assert isinstance(got, OrderRejected)
    assert got.reason is RejectReason.INVALID_ORDER
    assert not fake.seen


async def test_nobody_there(make: Make) -> None:
    venue = make(Market.SPOT, rest_url="http://127.0.0.1:9")
    (got,) = await venue.place(ORDER)
    assert isinstance(got, OrderRejected)
    assert got.reason is RejectReason.NETWORK
    (failed,) = await venue.cancel(cancel_order(Market.SPOT, SPOT_ORDER))
    assert isinstance(failed, CancelRejected)
    assert failed.reason is RejectReason.NETWORK


async def test_a_stale_clock_is_corrected_and_signed_again(fake: FakeBitget, make: Make) -> None:
    venue = make(Market.SPOT, clock=TestClock(90))
    fake.script(PLACE, refused("40008"), *fake.answers[PLACE])
    (got,) = await venue.place(ORDER)
    assert isinstance(got, OrderAccepted)
    first, second = (int(seen.headers["ACCESS-TIMESTAMP"]) for seen in fake.all(PLACE))
    assert first - second > 70_000


async def test_beyond_our_own_limit_nothing_is_sent(fake: FakeBitget, spot: BitgetVenue) -> None:
    fake.script(PLACE, Answer(429, headers={"Retry-After": "60"}))
    await spot.place(ORDER)
    (got,) = await spot.place(ORDER)
    assert isinstance(got, OrderRejected)
    assert got.reason is RejectReason.RATE_LIMIT
    assert len(fake.all(PLACE)) == 1


async def test_the_venues_own_count_is_taken_over(fake: FakeBitget, spot: BitgetVenue) -> None:
    accepted = fake.answers[PLACE][0]
    fake.script(PLACE, Answer(200, accepted.body, {"x-mbx-used-remain-limit": "2"}))
    await spot.place(ORDER)
    assert spot.session.buckets["place"].tokens < 3


async def test_demo_trading_says_so(fake: FakeBitget, make: Make) -> None:
    await make(Market.SPOT, demo=True).place(ORDER)
    assert fake.last(PLACE).headers["paptrading"] == "1"


async def test_a_cancel(fake: FakeBitget, spot: BitgetVenue) -> None:
    (got,) = await spot.cancel(cancel_order(Market.SPOT, SPOT_ORDER))
    assert isinstance(got, OrderCanceled)
    assert fake.last(CANCEL).body == {"orderId": SPOT_ORDER, "symbol": "SOLUSDT"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refused("43001"), RejectReason.NOT_FOUND),
        (Answer(hang=True), RejectReason.TIMEOUT),
        (Answer(429), RejectReason.RATE_LIMIT),
    ],
)
async def test_a_cancel_without_success(
    fake: FakeBitget, spot: BitgetVenue, answer: Answer, reason: RejectReason
) -> None:
    if answer.hang:
        impatient(spot.session.config)
    fake.script(CANCEL, answer)
    (got,) = await spot.cancel(cancel_order(Market.SPOT, SPOT_ORDER))
    assert isinstance(got, CancelRejected)
    assert got.reason is reason
