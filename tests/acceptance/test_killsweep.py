"""A few points of the kill sweep: filld dies at the N-th durable or network call of an exit.

KILL9_SEED repeats the choice. Where strace is missing, moments of chance stand in, and it says so.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path

import pytest

from tests.acceptance.killsweep import DEEP, PLAY, THIN, can_trace, killed_at
from tests.acceptance.stage import staged

SEED = int(os.environ.get("KILL9_SEED", time.time_ns() % 1_000_000))

# So many of each are made in one exit at least; `python -m tests.acceptance.killsweep` counts them.
MADE = {"pwrite64": 60, "fdatasync": 14, "sendto": 45, "recvfrom": 55}


@pytest.mark.parametrize("call", MADE)
async def test_killed_at_a_call_of_an_exit_it_goes_on_where_it_was(
    call: str, tmp_path: Path
) -> None:
    dice = random.Random(f"{call} {SEED}")
    print(f"\nKILL9_SEED={SEED}: {call}")
    if not can_trace():
        print("strace is not here or may not trace: killed at moments of chance instead")
        await killed_by_chance(tmp_path, dice)
        return
    numbers = [dice.randint(1, MADE[call] // 2), dice.randint(MADE[call] // 3, MADE[call])]
    print(f"those numbered {numbers}")
    reached = [await killed_at(tmp_path / f"{at}-{n}", call, n) for at, n in enumerate(numbers)]
    assert any(reached)


async def killed_by_chance(folder: Path, dice: random.Random) -> None:
    async with staged(folder, PLAY) as stage:
        for _ in range(2):
            stage.book(*THIN)
            await stage.begin()
            await asyncio.sleep(dice.uniform(0.5, 1.5))
            await stage.kill()
        stage.book(*DEEP)
        await stage.start()
        await stage.until_left("0")
        await stage.until_agreed()
