"""The parts of a simulated day: what a seed draws, how a market moves, what is measured."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

from daemon.core.events import VenuePaused
from daemon.core.terms import NANOS, RuleKind
from daemon.simulation.day_market import DayMarket
from daemon.simulation.day_plan import HOUR_S, DayPlan, Temper, draw_day
from daemon.simulation.day_verdict import exit_rows, missed_stops
from daemon.simulation.day_world import DayWorld
from daemon.simulation.gauge import descriptors, file_bytes, resident_bytes
from daemon.simulation.loop import SimLoop, run
from daemon.simulation.venue import BIRTH_NS

STILL = Temper(pace_s=60.0, empties=0.0, walks=0.0, gaps=0.0, news=(), close_s=None)


def day_of(seed: int = 4, markets: int = 40) -> DayPlan:
    return draw_day(seed, random.Random(seed), markets, 2.0)


def test_a_seed_is_one_day() -> None:
    day = day_of()
    assert day_of() == day
    assert day_of(5) != day
    assert day.length_s == 2 * HOUR_S
    assert len(day.plan.symbols) == len(day.tempers) == 40
    assert (len(day.plan.kills), len(day.plan.stops), len(day.plan.pauses)) == (2, 2, 1)
    settling = {item.symbol for item in day.plan.symbols if item.settles_at_s is not None}
    timed = {rule.pattern for rule in day.plan.rules if rule.kind is RuleKind.TIME}
    assert settling
    assert timed <= settling
    levels = [rule.level for rule in day.plan.rules if rule.kind is RuleKind.ABSOLUTE]
    assert all(0 < level < 1 for level in levels)


def test_a_market_falls_at_the_news_and_only_then() -> None:
    item = day_of().plan.symbols[1]
    temper = replace(STILL, news=((100.0, 7),), close_s=3_600.0)
    market = DayMarket(item, random.Random(1), temper)
    began = market.held_cents
    for now_s in (10.0, 50.0, 99.0):
        market.tick(now_s)
    assert market.held_cents == began
    market.tick(101.0)
    market.tick(102.0)
    assert market.held_cents == max(began - 7, 1)
    assert market.moves == 5
    assert market.instrument.close_time_ns == BIRTH_NS + 3_600 * NANOS


def test_a_killed_process_and_an_announced_pause_are_written_down(tmp_path: Path) -> None:
    day = day_of(markets=3)
    plan = replace(day.plan, kills=(30.0,), stops=(), pauses=((1_800.0, 60.0),))
    loop = SimLoop(random.Random(1))
    world = DayWorld(replace(day, plan=plan), random.Random(1), loop, tmp_path / "journal.db")
    told: list[VenuePaused | None] = []

    async def story() -> None:
        world.prepare()
        world.start()
        await asyncio.sleep(700)
        told.append(world.venue.announced)
        assert world.host is not None
        rows = exit_rows(world, world.host.engine.book)
        assert not list(missed_stops(world, rows))
        world.stay_down = True
        world.kill()

    failure = run(loop, story())
    assert failure is None, failure
    assert told[0] is not None
    assert told[0].pause_time_ns == BIRTH_NS + 1_800 * NANOS
    (_, began), (killed_s, again_s) = world.downs
    assert began == 0
    assert killed_s == 30
    assert 30 < again_s < 41


def test_a_process_is_measured(tmp_path: Path) -> None:
    before = descriptors()
    file = tmp_path / "journal.db"
    with file.open("wb") as journal:
        journal.write(b"12345")
        assert descriptors() == before + 1
    assert file_bytes(file) == 5
    (tmp_path / "journal.db-wal").write_bytes(b"123")
    assert file_bytes(file) == 8
    assert file_bytes(tmp_path / "none.db") == 0
    assert resident_bytes() > 1_000_000
