"""The system clock tells UTC and a monotonic time, and waits."""

from __future__ import annotations

import asyncio
import time

import pytest

from daemon.ports import Clock
from daemon.runtime.clock import SystemClock


async def test_it_reads_both_clocks_and_waits() -> None:
    clock: Clock = SystemClock()
    assert time.time_ns() <= clock.wall_ns() <= time.time_ns()
    before = clock.mono_ns()
    await clock.sleep(0.01)
    assert 9_000_000 < clock.mono_ns() - before < 60_000_000_000


async def test_a_wait_can_be_cancelled() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await SystemClock().sleep(60)
