"""Placing and canceling over a real socket: what is sent, once, and what each failure means."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from daemon.core.commands import PlaceOrder
from daemon.core.events import (
    CancelRejected,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderInDoubt,
    OrderRejected,
)
from daemon.core.terms import ClientOrderId, RejectReason
from daemon.venues.kalshi.orders import AHEAD_S
from daemon.venues.kalshi.sign import KalshiSigner
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.signing import PREPARED_LIMIT
from tests.venues.kalshi.builders import (
    ORDER_ID,
    TICKER,
    ManualClock,
    StandingClock,
    TestClock,
    cancel_order,
    config,
    place_order,
)
from tests.venues.kalshi.fake_kalshi import Answer, FakeKalshi, ok, refused
from tests.venues.listening import closing, impatient, until

CREATE = "POST /portfolio/events/orders"
CANCEL = f"DELETE /portfolio/events/orders/{ORDER_ID}"


@asynccontextmanager
async def mute_server(writers: list[asyncio.StreamWriter]) -> AsyncIterator[int]:
    """The port of a listener that keeps who connects, and says nothing."""

    def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for writer in writers:
            writer.close()
        server.close()


def kinds(events: object) -> list[type[Event]]:
    assert isinstance(events, list | tuple)
    return [type(event) for event in events]


async def test_a_partial_ioc(fake: FakeKalshi, venue: KalshiVenue) -> None:
    assert kinds(await venue.place(place_order())) == [OrderAccepted, OrderCanceled]
    seen = fake.last(CREATE)
    assert json.loads(seen.body)["reduce_only"] is True
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.headers["KALSHI-ACCESS-KEY"].startswith("9d2d1d5e")
    assert fake.paths().count(CREATE) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (Answer(hang=True), OrderInDoubt, RejectReason.TIMEOUT),
        (Answer(drop=True), OrderInDoubt, RejectReason.NETWORK),
        (Answer(503, b'{"code":"service_unavailable"}'), OrderInDoubt, RejectReason.VENUE_ERROR),
        (Answer(200, b"{}"), OrderInDoubt, RejectReason.VENUE_ERROR),
        (refused(409, "order_already_exists"), OrderInDoubt, RejectReason.DUPLICATE_ID),
        (refused(429, "too_many_requests"), OrderRejected, RejectReason.RATE_LIMIT),
        (refused(401, "authentication_error"), OrderRejected, RejectReason.AUTH),
    ],
)
async def test_an_order_is_sent_once_whatever_happens(
    fake: FakeKalshi,
    venue: KalshiVenue,
    answer: Answer,
    kind: type[OrderInDoubt | OrderRejected],
    reason: RejectReason,
) -> None:
    if answer.hang:
        impatient(venue.session.config)
    fake.script(CREATE, answer)
    events = await venue.place(place_order())
    assert isinstance(events[-1], kind)
    assert events[-1].reason is reason
    assert fake.paths().count(CREATE) == 1


async def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    async with closing(
        KalshiVenue(config("http://127.0.0.1:9/trade-api/v2"), TestClock())
    ) as venue:
        (event,) = await venue.place(place_order())
        assert isinstance(event, OrderRejected)
        assert event.reason is RejectReason.NETWORK
        (event,) = await venue.cancel(cancel_order())
        assert isinstance(event, CancelRejected)
        assert event.reason is RejectReason.NETWORK


async def test_a_wrong_clock_is_corrected_and_the_order_sent_again_once(fake: FakeKalshi) -> None:
    async with closing(KalshiVenue(config(fake.url), TestClock(ahead_s=120))) as venue:
        fake.script(CREATE, refused(401, "header_timestamp_expired"), ok("create_partial_ioc", 201))
        assert kinds(await venue.place(place_order())) == [OrderAccepted, OrderCanceled]
        first, second = (int(s.headers["KALSHI-ACCESS-TIMESTAMP"]) for s in fake.seen)
        assert 100_000 < first - second < 126_000
        assert abs(venue.skew_ns / 1e9 - 120) < 6
        fake.script(CREATE, refused(401, "header_timestamp_expired"))
        (event,) = await venue.place(place_order())
        assert isinstance(event, OrderRejected)
        assert event.reason is RejectReason.CLOCK_SKEW
        assert len(fake.seen) == 4


async def test_an_order_that_cannot_be_said_is_refused_here(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    odd = place_order(order_qty="0.005")
    venue.prepare(odd)
    (event,) = await venue.place(odd)
    assert isinstance(event, OrderRejected)
    assert event.reason is RejectReason.INVALID_ORDER
    assert fake.seen == []


async def test_a_prepared_order_waits_ready_and_is_sent_once(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    command = place_order()
    venue.prepare(command)
    await asyncio.sleep(0.1)
    assert fake.seen == [], "its commit may still fail"
    assert kinds(await venue.place(command)) == [OrderAccepted, OrderCanceled]
    assert fake.paths() == [CREATE]


async def test_a_prepared_order_that_is_let_go_leaves_at_once_and_once(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    command = place_order()
    let_go = venue.prepare(command)
    assert let_go is not None
    await asyncio.sleep(0.05)
    assert fake.seen == [], "its commit may still fail"
    let_go()
    await until(lambda: fake.seen)
    assert kinds(await venue.place(command)) == [OrderAccepted, OrderCanceled]
    assert fake.paths() == [CREATE]


async def test_an_order_that_was_decided_on_too_long_ago_is_not_let_go(fake: FakeKalshi) -> None:
    clock = ManualClock()
    async with closing(KalshiVenue(config(fake.url), clock)) as venue:
        let_go = venue.prepare(place_order())
        assert let_go is not None
        await asyncio.sleep(0.05)
        clock.now_ns += 2_000_000_000
        let_go()
        await asyncio.sleep(0.05)
        assert fake.seen == [], "signed anew by `place`"
        await venue.place(place_order())
        assert fake.paths() == [CREATE]


async def test_an_order_whose_time_to_wait_is_over_is_sent_once(fake: FakeKalshi) -> None:
    async with closing(
        KalshiVenue(replace(config(fake.url), order_timeout_s=0.5), TestClock())
    ) as venue:
        command = place_order()
        let_go = venue.prepare(command)
        assert let_go is not None
        await until(lambda: not venue._orders._under_way)
        let_go()
        assert kinds(await venue.place(command)) == [OrderAccepted, OrderCanceled]
        assert fake.paths() == [CREATE]


@pytest.mark.parametrize(("after_s", "tries"), [(0.1, 2), (2, 1)])
async def test_what_could_not_leave_is_tried_anew_only_while_its_price_is_fresh(
    after_s: float, tries: int
) -> None:
    """A listener that never shakes hands: the order hangs there for all of its time."""
    clock, writers = ManualClock(), list[asyncio.StreamWriter]()
    async with mute_server(writers) as port:
        url = f"https://127.0.0.1:{port}/trade-api/v2"
        async with closing(KalshiVenue(replace(config(url), order_timeout_s=0.2), clock)) as venue:
            venue.prepare(place_order())
            async with asyncio.TaskGroup() as group:
                placing = group.create_task(venue.place(place_order()), name="place")
                await asyncio.sleep(0)  # it has begun
                clock.now_ns += int(after_s * 1e9)
            (event,) = placing.result()
            assert isinstance(event, OrderRejected)
            assert event.reason is RejectReason.NETWORK
        await until(lambda: len(writers) >= tries)
    assert len(writers) == tries


async def test_more_orders_than_can_wait_ready_are_each_sent_once(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    venue.session.write_tokens.resize(1e6, 1e6)
    commands = [place_order(client_order_id=ClientOrderId(f"fd{n}")) for n in range(20)]
    for command in commands:
        venue.prepare(command)
    await asyncio.sleep(0.05)
    assert fake.seen == []
    async with asyncio.TaskGroup() as group:
        for command in commands:
            group.create_task(venue.place(command), name=command.client_order_id)
    sent = sorted(json.loads(seen.body)["client_order_id"] for seen in fake.seen)
    assert sent == sorted(command.client_order_id for command in commands)


async def test_more_orders_than_are_kept_leave_each_once_whenever_they_were_let_go(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    venue.session.write_tokens.resize(1e6, 1e6)
    commands = [
        place_order(client_order_id=ClientOrderId(f"fd{n}")) for n in range(PREPARED_LIMIT + 6)
    ]
    for let_go in [venue.prepare(command) for command in commands]:
        if let_go is not None:
            let_go()
    async with asyncio.TaskGroup() as group:
        for command in commands:
            group.create_task(venue.place(command), name=command.client_order_id)
    sent = sorted(json.loads(seen.body)["client_order_id"] for seen in fake.seen)
    assert sent == sorted(command.client_order_id for command in commands)


async def test_an_order_that_is_never_let_go_is_dropped_at_the_end(fake: FakeKalshi) -> None:
    async with closing(KalshiVenue(config(fake.url), TestClock())) as venue:
        venue.prepare(place_order())
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.05)
    assert fake.seen == []


async def test_our_own_rate_limit_refuses_before_sending(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    venue.session.write_tokens.resize(10, 0.1)
    venue.session.write_tokens.tokens = 0
    (event,) = await venue.place(place_order())
    assert isinstance(event, OrderRejected)
    assert event.reason is RejectReason.RATE_LIMIT
    (event,) = await venue.cancel(cancel_order())
    assert isinstance(event, CancelRejected)
    assert event.reason is RejectReason.RATE_LIMIT
    assert fake.seen == []


async def test_cancel(fake: FakeKalshi, venue: KalshiVenue) -> None:
    fake.script(CANCEL, ok("cancel"))
    (unknown,) = await venue.cancel(cancel_order())
    assert isinstance(unknown, OrderCanceled)
    assert unknown.cum_qty is None
    await venue.place(place_order())
    (event,) = await venue.cancel(cancel_order())
    assert isinstance(event, OrderCanceled)
    assert str(event.cum_qty) == "3.50"
    expected = {"subaccount": "0", "market_ticker": TICKER, "exchange_index": "2"}
    assert fake.last(CANCEL).query == expected


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refused(404, "not_found"), RejectReason.NOT_FOUND),
        (refused(429, "too_many_requests"), RejectReason.RATE_LIMIT),
        (Answer(hang=True), RejectReason.TIMEOUT),
        (Answer(drop=True), RejectReason.NETWORK),
        (Answer(502, b"<html>"), RejectReason.VENUE_ERROR),
    ],
)
async def test_a_cancel_that_nobody_confirms(
    fake: FakeKalshi, venue: KalshiVenue, answer: Answer, reason: RejectReason
) -> None:
    await venue.reader.as_of_ns()
    if answer.hang:
        impatient(venue.session.config)
    fake.script(CANCEL, answer)
    (event,) = await venue.cancel(cancel_order())
    assert isinstance(event, CancelRejected)
    assert event.reason is reason
    assert fake.paths().count(CANCEL) == 1


async def place_signed_by(fake: FakeKalshi, wait_s: float) -> tuple[str, str]:
    """Prepare, wait, place with an RSA key; gives the timestamp and the signed text's check."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    clock = StandingClock()
    settings = replace(config(fake.url), signer=KalshiSigner(key))
    async with closing(KalshiVenue(settings, clock)) as venue:
        command: PlaceOrder = place_order()
        prepared_ms = str(venue.session.now_ms())
        venue.prepare(command)
        clock.pass_s(wait_s)
        await venue.place(command)
        headers = fake.last(CREATE).headers
        text = headers["KALSHI-ACCESS-TIMESTAMP"] + "POST/trade-api/v2/portfolio/events/orders"
        key.public_key().verify(
            base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"]),
            text.encode(),
            padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32),
            hashes.SHA256(),
        )
    return prepared_ms, headers["KALSHI-ACCESS-TIMESTAMP"]


async def test_a_prepared_signature_is_used_while_fresh_and_made_again_when_old(
    fake: FakeKalshi,
) -> None:
    prepared, sent = await place_signed_by(fake, 0.0)
    assert sent == prepared
    prepared, sent = await place_signed_by(fake, 1.05)
    assert int(sent) - int(prepared) == 1_050


async def signed_at_hand(fake: FakeKalshi, wait_s: float) -> list[int]:
    """Two orders, each `wait_s` after its signature was at hand; how old theirs were, ms."""
    clock = StandingClock()
    async with closing(KalshiVenue(config(fake.url), clock)) as venue:
        ages: list[int] = []
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(venue.run(lambda _: None), name="venue")
            await until(lambda: AHEAD_S in clock.slept)
            for name in ("fdx", "fdy"):
                clock.pass_s(wait_s)
                asked_ms = venue.session.now_ms()
                command = place_order(client_order_id=ClientOrderId(name))
                venue.prepare(command)
                await venue.place(command)
                ages.append(asked_ms - int(fake.last(CREATE).headers["KALSHI-ACCESS-TIMESTAMP"]))
            keeping.cancel()
    return ages


async def test_a_signature_at_hand_is_taken_once_and_never_when_it_is_old(fake: FakeKalshi) -> None:
    assert await signed_at_hand(fake, 0.05) == [50, 50]
    assert await signed_at_hand(fake, 0.45) == [0, 0]
