"""When the breaker refuses, whom it lets through to look, and whom it never holds back."""

from __future__ import annotations

import asyncio

import pytest

from daemon.core.terms import Venue
from daemon.venues.breaker import FAILURES, PROBE_S, Breaker
from daemon.venues.errors import (
    CircuitOpenError,
    NetworkError,
    NotFoundError,
    RateLimitError,
    VenueError,
)
from tests.venues.kalshi.builders import ManualClock

VENUE = Venue("kalshi")


class Door:
    """A venue that answers, or fails as it is told, when `let` is set."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: VenueError | None = None
        self.let = asyncio.Event()
        self.let.set()

    async def ask(self) -> int:
        self.asked += 1
        await self.let.wait()
        if self.error is not None:
            raise self.error
        return self.asked


class Stand:
    """A breaker before a door."""

    def __init__(self) -> None:
        self.clock, self.door = ManualClock(), Door()
        self.told: list[bool] = []
        self.breaker = Breaker(self.clock, VENUE, lambda _v, _t, shut: self.told.append(shut))

    async def ask(self, error: VenueError | None = None, *, urgent: bool = False) -> object:
        self.door.error = error
        try:
            return await self.breaker.ask(self.door.ask, urgent=urgent)
        except VenueError as raised:
            return type(raised)

    async def die(self) -> None:
        for _ in range(FAILURES):
            await self.ask(NetworkError("gone"))

    def later(self, seconds: float) -> None:
        self.clock.now_ns += int(seconds * 1e9)


async def test_it_opens_after_failures_in_a_row_and_tells_once() -> None:
    stand = Stand()
    for _ in range(3):
        await stand.ask(NetworkError("gone"))
        await stand.ask()
    assert not stand.breaker.shut
    await stand.die()
    assert await stand.ask() is CircuitOpenError
    assert (stand.breaker.shut, stand.told) == (True, [True])


@pytest.mark.parametrize("error", [NotFoundError("no"), RateLimitError("slow")])
async def test_a_refusal_is_no_failure(error: VenueError) -> None:
    stand = Stand()
    for _ in range(2 * FAILURES):
        assert await stand.ask(error) is type(error)
    assert not stand.breaker.shut


async def test_our_own_limit_neither_opens_nor_closes() -> None:
    stand = Stand()
    await stand.die()
    stand.later(PROBE_S)
    assert await stand.ask(RateLimitError("ours")) is RateLimitError
    assert stand.breaker.shut
    stand.later(PROBE_S)
    await stand.ask()
    assert stand.told == [True, False]


async def test_one_question_a_second_looks_whether_it_is_back() -> None:
    stand = Stand()
    await stand.die()
    asked = stand.door.asked
    for _ in range(20):
        await stand.ask(NetworkError("gone"))
        stand.later(PROBE_S / 4)
    assert stand.door.asked - asked == 4
    assert stand.told == [True]


async def test_those_who_come_meanwhile_wait_for_the_one_that_looks() -> None:
    stand = Stand()
    await stand.die()
    asked = stand.door.asked
    stand.later(PROBE_S)
    stand.door.let.clear()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(stand.ask(), name=str(n)) for n in range(5)]
        await asyncio.sleep(0.01)
        assert stand.door.asked - asked == 1
        stand.door.let.set()
    assert all(isinstance(task.result(), int) for task in tasks)
    assert stand.told == [True, False]


async def test_a_look_that_is_given_up_leaves_it_to_the_next() -> None:
    stand = Stand()
    await stand.die()
    stand.later(PROBE_S)
    stand.door.let.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await stand.ask()
    stand.door.let.set()
    stand.later(PROBE_S)
    assert isinstance(await stand.ask(), int)


async def test_what_is_urgent_passes_and_counts_for_nothing() -> None:
    stand = Stand()
    for _ in range(2 * FAILURES):
        await stand.ask(NetworkError("gone"), urgent=True)
    assert not stand.breaker.shut
    await stand.die()
    assert isinstance(await stand.ask(urgent=True), int)
    assert stand.breaker.shut
