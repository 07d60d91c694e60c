"""kill -9 at the N-th durable or network call of one whole exit, for any N: by strace.

`python -m tests.acceptance.killsweep` goes through every N of every call, `--step 10` through
every tenth, `--calls fdatasync` through one kind. The exit code is 0 only if all of them passed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.acceptance.play import Play
from tests.acceptance.stage import STOP_S, Stage, staged

CALLS = ("pwrite64", "fdatasync", "sendto", "recvfrom")
PLAY = Play(settings={"exits.adopt": "fire"})
THIN = [("0.58", "40")], [("0.60", "500")]
DEEP = [("0.57", "500")], [("0.59", "500")]


def can_trace() -> bool:
    """Whether strace is here and may trace."""
    strace = shutil.which("strace")
    if strace is None:
        return False
    return os.spawnv(os.P_WAIT, strace, ["strace", "-qq", "-o", "/dev/null", "true"]) == 0


async def exit_under(stage: Stage, before: Sequence[str]) -> None:
    """One exit from an empty journal to flat in two parts, or until filld dies."""
    stage.book(*THIN)
    await stage.begin(before=before)

    def over() -> bool:
        assert stage.process is not None
        if stage.left() == 60:
            stage.book(*DEEP)
        gone = stage.process.returncode is not None
        return gone or (stage.left() == 0 and bool(stage.lines("generation_over")))

    await stage.until("the exit to end, or filld", over, 40, alive=False)


async def end_traced(stage: Stage) -> None:
    """SIGTERM to filld itself: strace passes nothing on, and would leave it running."""
    assert stage.process is not None
    started = stage.lines("filld_started")
    if stage.process.returncode is None and started:
        os.kill(started[-1]["pid"], signal.SIGTERM)
    await stage.ended(STOP_S)


async def count_calls(folder: Path) -> Counter[str]:
    """How often each call is made in one undisturbed exit."""
    trace = folder / "trace"
    options = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={','.join(CALLS)}"]
    async with staged(folder, PLAY) as stage:
        await exit_under(stage, options)
        await end_traced(stage)
        assert stage.left() == 0, stage.tail()
    return Counter(re.findall(rf"^\d+ +({'|'.join(CALLS)})\(", trace.read_text(), re.MULTILINE))


async def killed_at(folder: Path, call: str, number: int) -> bool:
    """Kill at that call, start again, sell the rest; True if the call was reached.

    Asserts that book and truth agree to the contract and the cent, that nothing was oversold and
    that the journal decides itself again.
    """
    inject = f"inject={call}:signal=KILL:when={number}"
    options = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]
    async with staged(folder, PLAY) as stage:
        await exit_under(stage, options)
        assert stage.process is not None
        reached = stage.process.returncode == -signal.SIGKILL
        await end_traced(stage)
        await stage.start()
        if stage.left():
            stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()
        assert await stage.stop() == 0
        code, said = await stage.run("replay", "--verify")
        assert code == 0, said
    return reached


async def sweep(calls: Sequence[str], step: int, at_once: int) -> list[str]:
    """Every step-th N of each call; the points that failed."""
    failed: list[str] = []
    gate = asyncio.Semaphore(at_once)
    with tempfile.TemporaryDirectory(prefix="killsweep-") as name:
        counts = await count_calls(Path(name) / "count")
        print(dict(counts), flush=True)

        async def one(call: str, number: int) -> None:
            async with gate:
                folder = Path(name) / f"{call}-{number}"
                try:
                    await killed_at(folder, call, number)
                except (AssertionError, TimeoutError) as error:
                    failed.append(f"{call} {number}")
                    print(f"{call} {number}: {error}", flush=True)
                    return
                shutil.rmtree(folder)

        async with asyncio.TaskGroup() as group:
            for call in calls:
                for number in range(1, counts[call] + 1, step):
                    group.create_task(one(call, number), name=f"{call} {number}")
        points = sum(len(range(1, counts[call] + 1, step)) for call in calls)
        print(f"{points} points, {len(failed)} failed: {failed}", flush=True)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", default=",".join(CALLS))
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=2)
    given = parser.parse_args()
    if not can_trace():
        print("strace is not here, or may not trace")
        return 1
    began = time.monotonic()
    failed = asyncio.run(sweep(given.calls.split(","), given.step, given.at_once))
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
