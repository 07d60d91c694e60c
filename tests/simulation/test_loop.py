"""The loop itself: virtual time, crashes that unwind nothing, errors that stop the run."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine

import pytest

from daemon.simulation.loop import SimLoop, SimulationStuckError, run

YEAR_S = 365 * 86_400.0


def play(story: Coroutine[object, object, None], loop: SimLoop | None = None) -> SimLoop:
    loop = loop or SimLoop(random.Random(1))
    failure = run(loop, story)
    if failure is not None:
        raise failure
    return loop


def test_a_year_passes_at_once() -> None:
    assert play(asyncio.sleep(YEAR_S)).time() == YEAR_S


def test_timers_still_fire_after_a_year() -> None:
    async def story() -> None:
        await asyncio.sleep(YEAR_S)
        async with asyncio.timeout(5):
            await asyncio.sleep(1e-6)

    play(story())


def test_an_error_in_a_callback_ends_the_run() -> None:
    async def story() -> None:
        asyncio.get_running_loop().call_later(1, lambda: 1 // 0)
        await asyncio.sleep(10)

    with pytest.raises(ZeroDivisionError):
        play(story())


def test_waiting_for_nothing_is_noticed() -> None:
    async def story() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(SimulationStuckError, match="deadlock"):
        play(story())


def test_threads_are_refused() -> None:
    async def story() -> None:
        await asyncio.to_thread(print)

    with pytest.raises(SimulationStuckError, match="threads"):
        play(story())


def test_a_killed_process_stands_still_and_the_world_goes_on() -> None:
    loop = SimLoop(random.Random(1))
    heard: list[str] = []

    async def victim() -> None:
        try:
            await asyncio.sleep(2)
            heard.append("went on")
        finally:
            heard.append(f"unwound at {loop.time():.0f}")

    async def story() -> None:
        task = loop.create_task(victim(), context=loop.process_context(7))
        await asyncio.sleep(1)
        loop.kill(7)
        await asyncio.sleep(99)
        assert not task.done()
        heard.append("the end")

    play(story(), loop)
    assert heard == ["the end", "unwound at 100"]


def test_one_seed_is_one_order() -> None:
    def order(seed: int) -> list[int]:
        ran: list[int] = []

        async def story() -> None:
            for number in range(20):
                asyncio.get_running_loop().call_later(1, ran.append, number)
            await asyncio.sleep(2)

        play(story(), SimLoop(random.Random(seed)))
        return ran

    assert order(1) == order(1)
    assert order(1) != order(2)
