"""`filld simulate --day`: one trading day of the real code in virtual time, and its report."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from daemon.analytics.day_report import DayReport
from daemon.analytics.exit_report import unseen_fills
from daemon.core.engine import ENGINE_VERSION
from daemon.journal.sqlite import read_only
from daemon.simulation.day_plan import draw_day
from daemon.simulation.day_verdict import exit_rows, missed_stops
from daemon.simulation.day_world import DayWorld
from daemon.simulation.episode import LIVENESS_S, Outcome, reread, stop, told
from daemon.simulation.gauge import descriptors, file_bytes, resident_bytes
from daemon.simulation.loop import SimLoop, run
from daemon.simulation.verdict import unfinished, wrong_money

STEPS_LIMIT = 200_000_000
SAMPLES = 24
SAMPLED = (
    "hour", "quotes", "records", "journal_mb", "positions", "orders", "fills",
    "told", "exits", "rss_mb", "descriptors",
)  # fmt: skip
_MB = 1_000_000
_LOOK_S = 5.0

Progress = Callable[[float], None]


def run_day(
    seed: int, markets: int, hours: float, progress: Progress = lambda _: None
) -> DayReport:
    """Play the day of `seed`; `progress` hears the share of it that is over, 0 to 1."""
    with warnings.catch_warnings():
        # A killed process leaves tasks that never began: that is what killing means.
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        return _play(seed, markets, hours, progress)


def _play(seed: int, markets: int, hours: float, progress: Progress) -> DayReport:
    rng = random.Random(seed)
    day = draw_day(seed, rng, markets, hours)
    report = DayReport(
        title=f"simulated day: seed {seed}, {markets} markets, {hours:g} hours", sampled=SAMPLED
    )
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="filld-day-") as folder:
        loop = SimLoop(random.Random(rng.random()), STEPS_LIMIT)
        world = DayWorld(day, rng, loop, Path(folder) / "journal.db")
        failure = run(loop, _story(world, report, progress))
        if failure is not None:
            report.failures.append(told(failure))
        if world.host is not None:
            world.host.journal.abandon()
        report.notices = world.watcher.notices
        _note_facts(world, report)
    report.facts["wall_s"] = round(time.monotonic() - began, 1)
    return report


async def _story(world: DayWorld, report: DayReport, progress: Progress) -> None:
    world.prepare()
    world.start()
    length_s = world.day.length_s
    for number in range(SAMPLES + 1):
        at_s = length_s * number / SAMPLES
        await asyncio.sleep(max(at_s - world.loop.time(), 0.0))
        _sample(world, report)
        progress(number / SAMPLES)
    world.go_quiet()
    await _come_to_rest(world, report)
    host = world.host
    if host is not None:
        report.failures += wrong_money(world, host.engine.book)
    await stop(world)
    assert world.last is not None
    book = world.last.book
    report.exits = exit_rows(world, book)
    report.failures += missed_stops(world, report.exits)
    reader = read_only(world.path, ENGINE_VERSION)
    report.unseen = list(unseen_fills(record.event for record in reader.replay()))
    reader.close()
    reread(world, Outcome(world.plan.seed))


async def _come_to_rest(world: DayWorld, report: DayReport) -> None:
    end_s = world.loop.time() + LIVENESS_S
    while world.loop.time() < end_s:
        await asyncio.sleep(_LOOK_S)
        if not list(unfinished(world)):
            return
    report.failures += [f"not at rest: {matter}" for matter in unfinished(world)]


def _sample(world: DayWorld, report: DayReport) -> None:
    host = world.host
    if host is None:
        return
    book, memory = host.engine.book, host.engine.memory
    report.samples.append(
        (
            round(world.loop.time() / 3_600, 2),
            world.watcher.quotes,
            host.driver.watermark,
            round(file_bytes(world.path) / _MB, 2),
            sum(1 for position in book.positions.values() if position.qty),
            len(book.orders),
            len(book.fills),
            len(memory.told),
            len(book.exits),
            round(resident_bytes() / _MB, 1),
            descriptors(),
        )
    )


def _note_facts(world: DayWorld, report: DayReport) -> None:
    venue, faults = world.venue, world.faults
    report.facts |= {
        "markets": len(venue.markets),
        "others_moves": sum(world.moves(symbol) for symbol in venue.markets),
        "quotes_handled": world.watcher.quotes,
        "our_orders": len(venue.by_client),
        "our_fills": len(venue.fills) - len(venue.markets),
        "settlements": len(venue.settlements),
        "lives": world.lives,
        "down_s": round(sum(end - begin for begin, end in world.downs), 1),
        "faults": {fault.value: n for fault, n in faults.counts.most_common()},
        "virtual_s": round(world.loop.time(), 1),
        "steps": world.loop.steps,
    }
