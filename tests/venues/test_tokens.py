"""The reserve for what is urgent, waiting with a limit, and the back-off after a 429."""

from __future__ import annotations

from daemon.venues.tokens import FIRST_BACKOFF_S, LONGEST_BACKOFF_S, TokenBucket
from tests.venues.kalshi.builders import ManualClock


def test_ordinary_requests_leave_a_third_for_exits() -> None:
    bucket = TokenBucket(ManualClock(), 100, 100)
    taken = 0
    while bucket.take(10, urgent=False) == 0:
        taken += 1
    assert taken == 7
    for _ in range(3):
        assert bucket.take(10, urgent=True) == 0
    assert bucket.take(10, urgent=True) > 0


def test_tokens_come_back_with_time_and_never_above_capacity() -> None:
    clock = ManualClock()
    bucket = TokenBucket(clock, 100, 50)
    bucket.take(100, urgent=True)
    assert bucket.take(10, urgent=True) == 0.2
    clock.now_ns += 10**12
    bucket.take(0, urgent=True)
    assert bucket.tokens == 100


async def test_waiting_has_a_limit() -> None:
    clock = ManualClock()
    bucket = TokenBucket(clock, 100, 50)
    bucket.take(100, urgent=True)
    assert await bucket.acquire(50, urgent=True, patience_s=2)
    assert clock.slept == [1.0]
    assert not await bucket.acquire(100, urgent=True, patience_s=1)
    assert clock.slept == [1.0]


def test_a_cost_above_the_bucket_is_met_by_a_full_one() -> None:
    assert TokenBucket(ManualClock(), 5, 1).take(10, urgent=False) == 0


def test_a_429_empties_the_bucket_and_holds_ordinary_requests_back_longer_each_time() -> None:
    clock = ManualClock()
    bucket = TokenBucket(clock, 100, 1_000)
    waits = []
    for _ in range(8):
        bucket.refused()
        assert bucket.take(10, urgent=True) == 0.01
        waits.append(bucket.take(10, urgent=False))
    assert waits[0] == FIRST_BACKOFF_S
    assert waits[-1] == LONGEST_BACKOFF_S
    bucket.granted()
    bucket.refused()
    assert bucket.take(10, urgent=False) == FIRST_BACKOFF_S


def test_a_bucket_takes_over_the_venues_limits() -> None:
    bucket = TokenBucket(ManualClock(), 100, 100)
    bucket.take(40, urgent=True)
    bucket.resize(900, 300)
    assert (bucket.tokens, bucket.capacity) == (60, 900)


def test_the_venues_own_count_takes_what_we_did_not_know_of() -> None:
    bucket = TokenBucket(ManualClock(), 100, 10)
    bucket.spent(95)
    assert bucket.tokens == 5
    bucket.spent(20)
    assert bucket.tokens == 5
    bucket.spent(500)
    assert bucket.take(10, urgent=True) == 1.0


def test_a_wait_that_the_venue_names_holds_for_exits_as_well() -> None:
    clock = ManualClock()
    bucket = TokenBucket(clock, 100, 10)
    assert bucket.shut_s <= 0
    bucket.shut(30)
    bucket.shut(5)
    assert bucket.take(1, urgent=True) == bucket.shut_s == 30.0
    clock.now_ns += 30 * 10**9
    assert bucket.take(1, urgent=True) == 0
