"""Placing and canceling over a real socket: what is sent, once, and what each failure means."""

from __future__ import annotations

import json

import pytest

from daemon.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
)
from daemon.core.terms import PositionSide, RejectReason, Symbol
from daemon.venues.phemex.orders import PhemexOrders
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.kalshi.builders import TestClock
from tests.venues.listening import closing, impatient
from tests.venues.phemex.builders import (
    ORDER_ID,
    PERPS,
    SPOT_ORDER_ID,
    cancel_order,
    config,
    place_order,
    spot_order,
)
from tests.venues.phemex.fake_phemex import KEY_ID, Answer, FakePhemex, refused

PLACE = "POST /g-orders"
CANCEL = "DELETE /g-orders/cancel"


async def test_an_order_is_signed_and_acknowledged(fake: FakePhemex, perps: PhemexVenue) -> None:
    perps.prepare(place_order())
    (event,) = await perps.place(place_order())
    assert isinstance(event, OrderAccepted)
    (seen,) = fake.asked(PLACE)
    assert seen.well_signed
    assert seen.headers["x-phemex-access-token"] == KEY_ID
    assert seen.headers["content-type"] == "application/json"
    assert json.loads(seen.body)["orderQtyRq"] == "12"


async def test_spot_and_hedged_orders_name_what_they_are(
    fake: FakePhemex, perps: PhemexVenue, spot: PhemexVenue
) -> None:
    (event,) = await spot.place(spot_order())
    assert isinstance(event, OrderAccepted)
    assert event.venue_order_id == SPOT_ORDER_ID
    assert json.loads(fake.asked("POST /spot/orders")[0].body)["priceEp"] == 250_000_000_000
    await perps.place(place_order(position_side=PositionSide.LONG))
    assert json.loads(fake.asked(PLACE)[0].body)["posSide"] == "Long"


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (Answer(hang=True), OrderInDoubt, RejectReason.TIMEOUT),
        (Answer(drop=True), OrderInDoubt, RejectReason.NETWORK),
        (refused(0, 503), OrderInDoubt, RejectReason.VENUE_ERROR),
        (refused(19999), OrderInDoubt, RejectReason.VENUE_ERROR),
        (refused(11085), OrderInDoubt, RejectReason.DUPLICATE_ID),
        (refused(11001), OrderRejected, RejectReason.INSUFFICIENT_FUNDS),
        (refused(0, 429), OrderRejected, RejectReason.RATE_LIMIT),
        (refused(0, 401), OrderRejected, RejectReason.AUTH),
    ],
)
async def test_an_order_is_sent_once_whatever_happens(
    fake: FakePhemex,
    perps: PhemexVenue,
    answer: Answer,
    kind: type[OrderInDoubt | OrderRejected],
    reason: RejectReason,
) -> None:
    if answer.hang:
        impatient(perps.session.config)
    fake.script(PLACE, answer)
    (event,) = await perps.place(place_order())
    assert type(event) is kind
    assert isinstance(event, OrderInDoubt | OrderRejected)
    assert event.reason is reason
    assert len(fake.asked(PLACE)) == 1


async def test_what_provably_never_left_is_refused() -> None:
    async with closing(PhemexVenue(config(PERP), TestClock())) as venue:
        venue.shelf.products = PERPS
        (event,) = await venue.place(place_order())
        assert isinstance(event, OrderRejected)
        assert event.reason is RejectReason.NETWORK
        (canceled,) = await venue.cancel(cancel_order())
        assert isinstance(canceled, CancelRejected)
        assert canceled.reason is RejectReason.NETWORK


@pytest.mark.parametrize(
    ("order_qty", "symbol", "reason"),
    [
        ("12.01", "SOLUSDT", RejectReason.INVALID_ORDER),
        ("12", "DOGEUSDT", RejectReason.MARKET_INACTIVE),
    ],
)
async def test_what_cannot_be_said_is_not_sent(
    fake: FakePhemex, perps: PhemexVenue, order_qty: str, symbol: str, reason: RejectReason
) -> None:
    (event,) = await perps.place(place_order(order_qty=order_qty, symbol=Symbol(symbol)))
    assert isinstance(event, OrderRejected)
    assert event.reason is reason
    assert fake.asked(PLACE) == []


async def test_a_429_shuts_its_group_for_as_long_as_it_says(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    wait = {"x-ratelimit-retry-after-Contract": "60"}
    fake.script(PLACE, Answer(429, b"", wait))
    await perps.place(place_order())
    session = perps.session
    assert not await session.buckets["-contract"].acquire(1, urgent=True, patience_s=0.0)
    assert await session.buckets[""].acquire(1, urgent=True, patience_s=0.0)


async def test_an_exhausted_minute_holds_orders_back(fake: FakePhemex, perps: PhemexVenue) -> None:
    perps.session.buckets["-contract"].shut(60)
    (event,) = await perps.place(place_order())
    assert isinstance(event, OrderRejected)
    assert event.reason is RejectReason.RATE_LIMIT
    (canceled,) = await perps.cancel(cancel_order())
    assert isinstance(canceled, CancelRejected)
    assert canceled.reason is RejectReason.RATE_LIMIT
    assert fake.asked(PLACE) == []


async def test_a_cancel_names_the_position_side(fake: FakePhemex, perps: PhemexVenue) -> None:
    (event,) = await perps.cancel(cancel_order())
    assert isinstance(event, OrderSnapshot)
    (seen,) = fake.asked(CANCEL)
    assert seen.well_signed
    assert seen.query == {"symbol": "SOLUSDT", "orderID": ORDER_ID, "posSide": "Merged"}


async def test_a_spot_cancel(fake: FakePhemex, spot: PhemexVenue) -> None:
    fake.script("DELETE /spot/orders", refused(10002))
    command = cancel_order(symbol=spot_order().key.symbol, venue=SPOT, order_id=SPOT_ORDER_ID)
    (event,) = await spot.cancel(command)
    assert isinstance(event, CancelRejected)
    assert event.reason is RejectReason.NOT_FOUND
    (seen,) = fake.asked("DELETE /spot/orders")
    assert seen.query == {"symbol": "sETHUSDT", "orderID": SPOT_ORDER_ID}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(hang=True), RejectReason.TIMEOUT),
        (Answer(drop=True), RejectReason.NETWORK),
        (refused(0, 500), RejectReason.VENUE_ERROR),
    ],
)
async def test_a_cancel_that_nobody_answers(
    fake: FakePhemex, perps: PhemexVenue, answer: Answer, reason: RejectReason
) -> None:
    if answer.hang:
        impatient(perps.session.config)
    fake.script(CANCEL, answer)
    (event,) = await perps.cancel(cancel_order())
    assert isinstance(event, CancelRejected)
    assert event.reason is reason
    assert len(fake.asked(CANCEL)) == 1


async def test_only_an_accepted_order_has_to_be_told_of(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    expected: list[int] = []
    orders = PhemexOrders(perps.session, perps._dialect, perps.shelf, expected.append)
    fake.script(PLACE, refused(11001), Answer(body=fake.answers[PLACE][0].body))
    await orders.place(place_order())
    assert expected == []
    await orders.place(place_order())
    assert len(expected) == 1
