"""What the figures of a long journal cost: `filld performance` over it, as a process of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks.figures import Budget, Figure, number
from benchmarks.rig import TimedJournal, folder
from benchmarks.world import EXIT_PX, LOT, World
from daemon.core.terms import Side
from daemon.ports import Record

MARKETS = 500
PARTS = 9
BLOCK = 5_000
ROOT = Path(__file__).resolve().parents[1]


def _turn(world: World, number: int) -> None:
    """Bought in one execution, stopped out, sold in nine."""
    world.tell(world.fill(number, Side.BUY, LOT * PARTS))
    world.tell(world.quote(number, "0.60", "0.61"))
    order_id = world.open_exit(number)
    for _ in range(PARTS):
        world.tell(world.fill(number, Side.SELL, LOT, px=EXIT_PX, order_id=order_id))


async def _write(path: Path, fills: int) -> int:
    """A journal of so many fills; returns its records."""
    journal, world, seq, turn = TimedJournal(path), World(), 0, 0
    world.steps = []
    world.begin()
    world.hold(range(MARKETS), LOT)
    for market in range(MARKETS):  # what was held before is sold as one
        order_id = world.open_exit(market)
        world.tell(world.fill(market, Side.SELL, LOT, px=EXIT_PX, order_id=order_id))
    while world.fills < fills:
        _turn(world, turn % MARKETS)
        turn += 1
        if len(world.steps) >= BLOCK or world.fills >= fills:
            steps, world.steps = world.steps, []
            await journal.append([Record(seq + n, *step) for n, step in enumerate(steps, 1)])
            seq += len(steps)
    await journal.close()
    return seq


def _verb(path: Path, *words: str) -> tuple[float, float, dict[str, object]]:
    """CPU seconds, peak resident MB and what it said."""
    options = ("--set", f"journal.path={path}", "--set", f"journal.state_dir={path.parent}")
    process = subprocess.Popen(
        [sys.executable, "-m", "daemon", *words, "--json", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"filld {words[0]} ended with {process.returncode}"
    return (
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1_024,
        msgspec.json.decode(said, type=dict[str, object]),
    )


def analysis(*, quick: bool) -> list[Figure]:
    """A million fills (--quick: 100,000), and a tenth of them beside, for the memory."""
    fills = 100_000 if quick else 1_000_000
    measured, files = [], list[Figure]()
    for count in (fills // 10, fills):
        with folder() as path:
            records = asyncio.run(_write(path / "journal.db", count))
            taken_s, peak_mb, said = _verb(path / "journal.db", "performance")
            assert said["total_fills_processed"] == count, said["total_fills_processed"]
            measured.append((records, taken_s, peak_mb))
            if not files:
                files = _files(path, count, records)
    (_, _, small_mb), (records, taken_s, peak_mb) = measured
    return [
        Figure(
            name="analysis",
            ours=records / taken_s,
            unit="records/s",
            note=f"{fills:,} fills in {records:,} records: {number(taken_s)} s of CPU time",
        ),
        Figure(
            name="analysis: peak memory",
            ours=peak_mb,
            unit="MB",
            floor=small_mb,
            floor_is=f"{fills // 10:,} fills",
            budget=Budget(ratio_at_most=1.3),
            note="resident; the book and the tables are bounded",
        ),
        *files,
    ]


def _files(path: Path, fills: int, records: int) -> list[Figure]:
    """All of a journal as a file, and that file into a fills journal."""
    file, journal = path / "export", path / "journal.db"
    out_s, out_mb, _ = _verb(journal, "export", str(file))
    in_s, in_mb, said = _verb(journal, "import", str(file), "--journal", str(path / "fills.db"))
    assert said["new_fills"] == fills, said
    return [
        Figure(
            name=f"filld {verb}",
            ours=records / taken_s,
            unit="records/s",
            note=f"{fills:,} fills in {records:,} records: {number(taken_s)} s, {number(mb)} MB",
        )
        for verb, taken_s, mb in (("export", out_s, out_mb), ("import", in_s, in_mb))
    ]
