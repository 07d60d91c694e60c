"""The order gateway and the session under it, over a real socket: every outcome is an event."""

from __future__ import annotations

import base64
from concurrent.futures import Future
from dataclasses import replace
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from daemon.core.events import (
    CancelRejected,
    Fill,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderInDoubt,
    OrderRejected,
)
from daemon.core.terms import RejectReason
from daemon.venues.binance.config import Endpoint
from daemon.venues.binance.session import BAN_S, Call
from daemon.venues.binance.sign import BinanceSigner
from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.binance.wire import SPOT, USDM
from daemon.venues.errors import RateLimitError
from tests.venues.binance.builders import CLIENT_ID, SUI, cancel_order, key, place_order
from tests.venues.binance.fake_binance import API_KEY, Answer, FakeBinance, config, refused
from tests.venues.kalshi.builders import StandingClock, TestClock
from tests.venues.listening import closing, impatient

PLACE = "POST /api/v3/order"
CANCEL = "DELETE /api/v3/order"


async def test_a_spot_order_is_sent_once_and_its_trades_come_back(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    spot.prepare(place_order())
    events = await spot.place(place_order())
    assert [type(e) for e in events] == [OrderAccepted, Fill, Fill, OrderExpired]
    (seen,) = fake.sent(PLACE)
    assert seen.headers["X-MBX-APIKEY"] == API_KEY
    assert seen.query["newClientOrderId"] == CLIENT_ID
    assert seen.query["recvWindow"] == "5000"


async def test_an_rsa_key_signs_off_the_loop(fake: FakeBinance) -> None:
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    settings = replace(config(SPOT, fake.url), signer=BinanceSigner.from_secret(pem))
    async with closing(BinanceVenue(settings, TestClock())) as venue:
        signed = venue.session.presign(Call(method="POST", endpoint=Endpoint(path="/x", weight=1)))
        assert isinstance(signed.made, Future)
        text, _, signature = signed.made.result().partition("&signature=")
        raw = base64.b64decode(unquote(signature))
        pair.public_key().verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(("wait_s", "again"), [(0.1, False), (1.1, True)])
async def test_what_was_signed_beside_the_commit_is_sent_while_fresh(
    fake: FakeBinance, wait_s: float, again: bool
) -> None:
    clock = StandingClock()
    async with closing(BinanceVenue(config(SPOT, fake.url), clock)) as venue:
        venue.prepare(place_order())
        prepared_ms = int(venue.session.timed()["timestamp"])
        clock.pass_s(wait_s)
        await venue.place(place_order())
        (seen,) = fake.sent(PLACE)
        assert (int(seen.query["timestamp"]) - prepared_ms > 1_000) is again


async def test_a_usdm_order_reduces_only(fake: FakeBinance, usdm: BinanceVenue) -> None:
    command = place_order(key(USDM, SUI), order_qty="310.5", limit_px="3.412")
    events = await usdm.place(command)
    assert [type(e) for e in events] == [OrderAccepted, OrderExpired]
    (seen,) = fake.sent("POST /fapi/v1/order")
    assert seen.query["reduceOnly"] == "true"


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (Answer(hang=True), OrderInDoubt, RejectReason.TIMEOUT),
        (Answer(drop=True), OrderInDoubt, RejectReason.NETWORK),
        (Answer(503, b'{"msg":"Unknown error"}'), OrderInDoubt, RejectReason.VENUE_ERROR),
        (refused(503, -1008, "overloaded"), OrderInDoubt, RejectReason.RATE_LIMIT),
        (refused(400, -1007, "Timeout waiting"), OrderInDoubt, RejectReason.TIMEOUT),
        (refused(400, -2010, "Duplicate order sent."), OrderInDoubt, RejectReason.DUPLICATE_ID),
        (refused(400, -1013, "Filter failure"), OrderRejected, RejectReason.INVALID_ORDER),
    ],
)  # fmt: skip
async def test_an_order_is_never_sent_twice(
    fake: FakeBinance, spot: BinanceVenue, answer: Answer, kind: type, reason: RejectReason
) -> None:
    if answer.hang:
        impatient(spot.session.config)
    fake.script(PLACE, answer)
    (event,) = await spot.place(place_order())
    assert type(event) is kind
    assert isinstance(event, OrderInDoubt | OrderRejected)
    assert event.reason is reason
    assert len(fake.sent(PLACE)) == 1


async def test_an_order_that_cannot_be_said_is_not_sent(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    (event,) = await spot.place(place_order(order_qty="0"))
    assert isinstance(event, OrderRejected)
    assert event.reason is RejectReason.INVALID_ORDER
    assert not fake.seen


async def test_a_host_that_is_not_there_has_refused() -> None:
    async with closing(BinanceVenue(config(SPOT, "127.0.0.1:1"), TestClock())) as venue:
        (event,) = await venue.place(place_order())
        assert isinstance(event, OrderRejected)
        assert event.reason is RejectReason.NETWORK
        (event,) = await venue.cancel(cancel_order())
        assert isinstance(event, CancelRejected)
        assert event.reason is RejectReason.NETWORK


async def test_a_cancel(fake: FakeBinance, spot: BinanceVenue) -> None:
    (event,) = await spot.cancel(cancel_order())
    assert isinstance(event, OrderCanceled)
    (seen,) = fake.sent(CANCEL)
    assert seen.query["orderId"] == "9007199254740995"
    assert "origClientOrderId" not in seen.query


async def test_a_lost_cancel_proves_nothing(fake: FakeBinance, spot: BinanceVenue) -> None:
    impatient(spot.session.config)
    fake.script(CANCEL, Answer(hang=True))
    (event,) = await spot.cancel(cancel_order())
    assert isinstance(event, CancelRejected)
    assert event.reason is RejectReason.TIMEOUT


async def test_a_wrong_clock_is_corrected_by_the_venues_and_the_order_sent_again(
    fake: FakeBinance,
) -> None:
    async with closing(BinanceVenue(config(SPOT, fake.url), TestClock(ahead_s=30))) as venue:
        fake.script(PLACE, refused(400, -1021, "Timestamp for this request was ahead."), Answer(
            body=fake.answers[PLACE][0].body))  # fmt: skip
        events = await venue.place(place_order())
        assert isinstance(events[0], OrderAccepted)
        assert len(fake.sent(PLACE)) == 2
        assert abs(venue.skew_ns - 30 * 10**9) < 6 * 10**9
        fake.badly_signed.clear()  # the first of the two


async def test_the_venues_count_of_weight_and_orders_is_taken_over(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    counted = {"X-MBX-USED-WEIGHT-1M": "5990", "X-MBX-ORDER-COUNT-10S": "50"}
    fake.script(PLACE, replace(fake.answers[PLACE][0], headers=counted))
    await spot.place(place_order())
    assert spot.session.weight.take(100, urgent=True) > 0
    assert spot.session.orders.take(1, urgent=True) > 0


@pytest.mark.parametrize(
    ("answer", "at_least"),
    [
        (refused(429, -1003, "weight", Retry_After="30"), 29),
        (refused(418, -1003, "banned", Retry_After="600"), 599),
        (refused(418, -1003, "banned"), BAN_S - 1),
    ],
)
async def test_a_named_wait_is_kept_by_exits_as_well(
    fake: FakeBinance, spot: BinanceVenue, answer: Answer, at_least: float
) -> None:
    if answer.hang:
        impatient(spot.session.config)
    fake.script(PLACE, answer)
    (event,) = await spot.place(place_order())
    assert isinstance(event, OrderRejected)
    assert event.reason is RejectReason.RATE_LIMIT
    assert spot.session.weight.take(1, urgent=True) > at_least
    (event,) = await spot.place(place_order())
    assert isinstance(event, OrderRejected)
    assert event.reason is RejectReason.RATE_LIMIT
    (refusal,) = await spot.cancel(cancel_order())
    assert isinstance(refusal, CancelRejected)
    assert refusal.reason is RejectReason.RATE_LIMIT
    assert len(fake.seen) == 1


async def test_no_room_is_a_named_error_for_a_look_up(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    spot.session.weight.shut(100)
    with pytest.raises(RateLimitError):
        await spot.stream.private._reader._holdings.read(())
    assert not fake.seen
