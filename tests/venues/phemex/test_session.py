"""Requests: limits as the venue counts them, its clock, and which answers are asked for again."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from daemon.venues.errors import (
    AnswerTimeoutError,
    AuthError,
    NetworkError,
    NotFoundError,
    RateLimitError,
    ServerFaultError,
    VenueError,
)
from daemon.venues.phemex.session import PUBLIC, Call
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import PERP
from tests.venues.kalshi.builders import TestClock
from tests.venues.listening import closing, impatient
from tests.venues.phemex.builders import config, session
from tests.venues.phemex.fake_phemex import Answer, FakePhemex, refused

WALLETS = "GET /spot/wallets"


def now_s() -> int:
    return time.time_ns() // 10**9


CALL = Call(method="GET", path="/spot/wallets")


@pytest.mark.parametrize(
    ("answer", "kind", "times"),
    [
        (refused(0, 500), ServerFaultError, 3),
        (refused(0, 504), AnswerTimeoutError, 3),
        (Answer(hang=True), AnswerTimeoutError, 3),
        (Answer(drop=True), NetworkError, 3),
        (refused(0, 429), RateLimitError, 1),  # its group is empty now: not asked again in vain
        (refused(0, 401), AuthError, 1),
        (refused(10002), NotFoundError, 1),
    ],
)
async def test_questions_are_repeated_where_that_helps(
    fake: FakePhemex, perps: PhemexVenue, answer: Answer, kind: type[VenueError], times: int
) -> None:
    if answer.hang:
        impatient(perps.session.config)
    fake.script(WALLETS, answer)
    with pytest.raises(kind):
        await perps.session.get(CALL)
    assert len(fake.asked(WALLETS)) == times


async def test_an_answer_at_the_second_try(fake: FakePhemex, perps: PhemexVenue) -> None:
    fake.script(WALLETS, refused(0, 503), Answer(body=b'{"code":0,"data":[]}'))
    assert await perps.session.get(CALL) == b'{"code":0,"data":[]}'


async def test_the_venues_own_count_is_taken_over(fake: FakePhemex, perps: PhemexVenue) -> None:
    left = {"X-RateLimit-Remaining": "3", "X-RateLimit-Capacity": "90"}
    fake.script(WALLETS, Answer(body=b"[]", headers=left))
    await perps.session.get(CALL)
    bucket = perps.session.buckets[""]
    assert (bucket.capacity, bucket.refill_per_s) == (90, 1.5)
    assert bucket.tokens == 3
    assert bucket.take(1, urgent=False) > 0
    assert bucket.take(1, urgent=True) == 0
    assert perps.session.buckets["-contract"].capacity == 500


async def test_market_data_is_unsigned_and_counted_apart(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    odd = {"x-ratelimit-remaining": "0", "x-ratelimit-capacity": "90"}
    fake.script(
        "GET /md/v2/orderbook", Answer(headers=odd), Answer(429, headers={"Retry-After": "90"})
    )
    public = Call(method="GET", path="/md/v2/orderbook", group=PUBLIC)
    await perps.session.get(public)
    assert "x-phemex-access-token" not in fake.seen[-1].headers
    assert perps.session.buckets[PUBLIC].capacity == 1_000
    with pytest.raises(RateLimitError):
        await perps.session.get(public)
    assert 50 < perps.session.buckets[PUBLIC].take(1, urgent=True) <= 90
    assert perps.session.buckets[""].take(1, urgent=False) == 0


async def test_headers_that_are_no_numbers_are_passed_over(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    strange = {"x-ratelimit-remaining": "many", "x-ratelimit-capacity": "0"}
    fake.script(WALLETS, Answer(body=b"[]", headers=strange))
    await perps.session.get(CALL)
    assert perps.session.buckets[""].capacity == 100


async def test_no_room_is_no_question(fake: FakePhemex, perps: PhemexVenue) -> None:
    perps.session.buckets[""].shut(60)
    with pytest.raises(RateLimitError):
        await perps.session.get_once(CALL)
    assert fake.asked(WALLETS) == []


async def test_nobody_there() -> None:
    alone = session(TestClock())
    with pytest.raises(NetworkError):
        await alone.get_once(CALL)
    await alone.close()


async def test_expiries_follow_the_venues_clock(fake: FakePhemex) -> None:
    async with closing(PhemexVenue(config(PERP, fake.url), TestClock(ahead_s=90))) as venue:
        there = {"Date": formatdate(now_s(), usegmt=True)}
        fake.script(WALLETS, Answer(body=b"[]", headers=there))
        for _time in range(2):
            await venue.session.get(CALL)
        late, right = (int(seen.headers["x-phemex-request-expiry"]) for seen in fake.asked(WALLETS))
        assert late - now_s() > 120
        assert 30 < right - now_s() < 70
