"""What a restart costs: folding the journal, a snapshot and its tail, and the way to ready."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import apsw

from benchmarks.figures import Budget, Figure, middle, number
from benchmarks.rig import QuietVenue, Rig, Tally, TimedJournal, folder, running
from benchmarks.world import LOT, World, guarded
from daemon.core.book import BookState
from daemon.core.events import FillsRead, OrdersRead, PositionSnapshot
from daemon.journal.codec import decode_record
from daemon.journal.image import Image
from daemon.ports import Record
from daemon.runtime.recovery import recover

MARKETS = 1_000
BLOCK = 5_000
TAIL = 20_000
ROOT = Path(__file__).resolve().parents[1]


class _NoSnapshot:
    """The journal as if no snapshot had been kept."""

    def __init__(self, journal: TimedJournal) -> None:
        self._journal = journal

    def replay(self, after_seq: int = 0) -> Iterator[Record]:
        """All of it."""
        return self._journal.replay(after_seq)

    def latest_snapshot(self) -> tuple[int, BookState] | None:
        """None."""
        return None


def _blocked_ms(world: World) -> tuple[float, float]:
    """The longest slice of a copy of the book, for which the loop stands still, and all of it.

    CPU time: strangers on this machine may stop us anywhere.
    """
    image = Image()
    slices: list[float] = []
    began_ns = time.thread_time_ns()
    for _ in image.copy(world.engine.book.state()):
        now_ns = time.thread_time_ns()
        slices.append((now_ns - began_ns) / 1e6)
        began_ns = now_ns
    return max(slices), sum(slices)


async def _write(journal: TimedJournal, events: int) -> tuple[float, float]:
    """Trade until the journal is full enough; returns how long a snapshot blocks the loop, ms."""
    world = World()
    world.steps = []
    world.begin()
    world.hold(range(MARKETS), LOT)
    seq, turn, blocked_ms = 0, 0, (0.0, 0.0)
    while seq < events:
        while len(world.steps) < BLOCK:
            world.cycle(turn % MARKETS)
            turn += 1
        steps, world.steps = world.steps, []
        await journal.append([Record(seq + n, *step) for n, step in enumerate(steps, 1)])
        seq += len(steps)
        if not blocked_ms[0] and seq >= events - TAIL:
            blocked_ms = _blocked_ms(world)
            await journal.keep_snapshot(seq, world.engine.book.state())
    return blocked_ms


def _bare(path: Path) -> float:
    """The floor: read each row and decode it."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    began_ns, count = time.perf_counter_ns(), 0
    for seq, payload in connection.execute("SELECT seq, payload FROM records ORDER BY seq"):
        decode_record(seq, payload)
        count += 1
    connection.close()
    return count * 1e9 / (time.perf_counter_ns() - began_ns)


def recovery(*, quick: bool) -> list[Figure]:
    """A million journalled events (--quick: 100,000)."""
    events = 100_000 if quick else 1_000_000
    with folder() as path:
        file = path / "journal.db"
        journal = TimedJournal(file)
        blocked_ms = asyncio.run(_write(journal, events))
        gc.collect()
        floor = _bare(file)
        began_ns = time.perf_counter_ns()
        engine, seq = recover(_NoSnapshot(journal))
        folded = seq * 1e9 / (time.perf_counter_ns() - began_ns)
        orders = len(engine.book.orders)
        del engine
        gc.collect()
        began_ns = time.perf_counter_ns()
        recover(journal)
        tail_s = (time.perf_counter_ns() - began_ns) / 1e9
        journal.abandon()
    return [
        Figure(
            name="recovery",
            ours=folded,
            unit="events/s",
            floor=floor,
            floor_is="bare read and decode",
            budget=Budget(at_least=80_000),
            note=f"{seq:,} events: fills, quotes that fired, acknowledgements, with decisions",
        ),
        Figure(
            name="recovery: snapshot and tail",
            ours=tail_s,
            unit="s",
            budget=Budget(at_most=2),
            note=f"{orders:,} orders kept, about {TAIL:,} events after the snapshot",
        ),
        Figure(
            name="snapshot: blocks the loop",
            ours=blocked_ms[0],
            unit="ms",
            budget=Budget(at_most=5),
            note=(
                f"the longest slice of a copy with {orders:,} orders, all of it"
                f" {number(blocked_ms[1])} ms, every 20,000 journalled events; encoded beside"
            ),
        ),
    ]


async def _longest_gap(rig: Rig, events: list[PositionSnapshot | OrdersRead | FillsRead]) -> float:
    """Hand in one complete look; the longest time in which the loop did nothing else, ms."""
    longest_ns, over = 0, False

    async def watch() -> None:
        nonlocal longest_ns
        last_ns = time.monotonic_ns()
        while not over:
            await asyncio.sleep(0)
            now_ns = time.monotonic_ns()
            longest_ns, last_ns = max(longest_ns, now_ns - last_ns), now_ns

    async with asyncio.TaskGroup() as group:
        group.create_task(watch(), name="watch")
        await asyncio.sleep(0.01)
        longest_ns = 0
        rig.tally.want(1)
        for event in events:
            rig.inbox.put_answer(event)
        await rig.tally.wait()  # the positions are compared in slices, and told of after the last
        over = True
    return longest_ns / 1e6


async def _reconcile(count: int) -> list[Figure]:
    world = guarded(count, World(mono_ns=0, step_ns=1_000))
    slices: list[float] = []
    loop_ms: list[float] = []
    async with running(world.engine, QuietVenue(), Tally(PositionSnapshot)) as rig:
        for _ in range(5):
            stamps, snapshot = world.stamps(), world.positions_read()
            at = {"as_of_ns": stamps["receive_time_ns"], "asked_mono_ns": stamps["mono_ns"]}
            orders = OrdersRead(**stamps, resting=(), **at)
            fills = FillsRead(**stamps, symbol=None, **at)
            gc.collect()
            began_ns = time.process_time_ns()
            for event in (orders, fills, snapshot):
                rig.driver.handle([event])
            loop_ms.append((time.process_time_ns() - began_ns) / 1e6)
            slices.append(await _longest_gap(rig, [orders, fills, snapshot]))
    note = f"{count:,} positions that agree"
    return [
        Figure(
            name="reconcile: loop time",
            ours=middle(loop_ms),
            unit="ms",
            budget=Budget(at_most=100),
            note=note,
        ),
        Figure(
            name="reconcile: longest slice",
            ours=middle(slices),
            unit="ms",
            budget=Budget(at_most=5),
            note=note,
        ),
    ]


def reconcile(*, quick: bool) -> list[Figure]:
    """One complete look at 10,000 positions."""
    return asyncio.run(_reconcile(2_000 if quick else 10_000))


PAPER = """
[[markets]]
ticker = "KXBENCH-26NOV21-T1"
bids = [["0.55", "100"]]
asks = [["0.57", "100"]]

[[accounts]]
name = "main"
key_type = "ed25519"
"""


def _filld(path: Path, *verb: str) -> subprocess.Popen[bytes]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("FILLD_")}
    return subprocess.Popen(
        [sys.executable, "-m", "daemon", *verb], cwd=ROOT, env=clean, stdout=subprocess.PIPE
    )


def _read_until(process: subprocess.Popen[bytes], word: bytes) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            return
    raise AssertionError(f"filld ended without saying {word!r}")


def _ready_s(path: Path) -> float:
    """From the process to the line that says ready; then it is ended."""
    journal = path / "journal.db"
    config = path / "filld.toml"
    config.write_text(f'[journal]\npath = "{journal}"\nstate_dir = "{path}"\n', encoding="utf-8")
    options = ("--config", str(config), "--env-file", str(path / "main.env"))
    began_ns = time.monotonic_ns()
    process = _filld(path, "run", *options)
    _read_until(process, b"filld_started")
    taken_s = (time.monotonic_ns() - began_ns) / 1e9
    process.terminate()
    process.communicate(timeout=10)
    for left in path.glob("journal.db*"):
        left.unlink()
    return taken_s


def start(*, quick: bool) -> list[Figure]:
    """From nothing to ready with an empty journal, against the paper exchange."""
    with folder() as path:
        paper_toml = path / "paper.toml"
        paper_toml.write_text(PAPER, encoding="utf-8")
        paper = _filld(path, "paper", "--config", str(paper_toml), "--env-dir", str(path))
        try:
            _read_until(paper, b"admin ")
            taken = [_ready_s(path) for _ in range(2 if quick else 5)]
        finally:
            paper.terminate()
            paper.communicate(timeout=10)
    return [
        Figure(
            name="start: process to ready",
            ours=middle(taken),
            unit="s",
            budget=Budget(at_most=1.5),
            note="empty journal, paper exchange on loopback",
        )
    ]
