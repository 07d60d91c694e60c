"""One seeded episode: trouble, calm, an idle hour; then the book is held against the truth."""

from __future__ import annotations

import asyncio
import hashlib
import random
import tempfile
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from daemon.core.engine import ENGINE_VERSION, Engine
from daemon.journal.codec import encode_state
from daemon.journal.sqlite import read_only
from daemon.runtime.recovery import recover, verify
from daemon.simulation.loop import SimLoop, run
from daemon.simulation.plan import draw
from daemon.simulation.trades import with_trades
from daemon.simulation.verdict import unfinished, wrong_money
from daemon.simulation.world import IDLE_POLL_S, IDLE_TICK_S, World

LIVENESS_S = 400.0
IDLE_S = 3_600.0
BUSY_S = 200.0  # an exit that may not go on keeps the poller busy: a shorter wait will do
_LOOK_S = 5.0
_SHM = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one


@dataclass(slots=True)
class Outcome:
    """What one episode came to."""

    seed: int
    failure: str | None = None
    digest: str = ""
    virtual_s: float = 0.0
    steps: int = 0
    records: int = 0
    counts: Counter[str] = field(default_factory=Counter)


def run_episode(seed: int, *, trading: bool = True) -> Outcome:
    """Play the episode of `seed`, without its trades if not `trading`.

    A broken promise comes back as `failure`.
    """
    with warnings.catch_warnings():
        # A killed process leaves tasks that never began: that is what killing means.
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        return _play(seed, trading=trading)


def _play(seed: int, *, trading: bool) -> Outcome:
    rng = random.Random(seed)
    outcome = Outcome(seed)
    where = _SHM if _SHM.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="filld-sim-", dir=where) as folder:
        plan = draw(seed, rng)
        if trading:
            plan = with_trades(plan)
        loop = SimLoop(random.Random(rng.random()))
        world = World(plan, rng, loop, Path(folder) / "journal.db")
        failure = run(loop, _story(world, outcome))
        if failure is not None:
            outcome.failure = told(failure)
        if world.host is not None:
            world.host.journal.abandon()
        outcome.virtual_s, outcome.steps = loop.time(), loop.steps
        outcome.counts.update({fault.value: n for fault, n in world.faults.counts.items()})
        outcome.counts["orders"] = len(world.oracle.decided)
        outcome.counts["fills"] = world.oracle.fill_count
        outcome.counts["trades"] = len(world.oracle.traded)
        outcome.counts["lives"] = world.lives
    return outcome


def told(error: BaseException) -> str:
    """What broke, without the groups that it came in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


async def _story(world: World, outcome: Outcome) -> None:
    world.prepare()
    world.start()
    await asyncio.sleep(world.plan.trouble_s)
    world.calm()
    await _come_to_rest(world)
    flat = [item.symbol for item in world.plan.symbols if not world.venue.position(item.symbol)]
    sold = world.oracle.sold_of(flat)
    busy = world.host is not None and bool(world.host.engine.book.exits)
    await stop(world)
    world.tick_s, world.idle_poll_s = IDLE_TICK_S, IDLE_POLL_S
    world.stay_down = False
    world.start()
    await asyncio.sleep(BUSY_S if busy else IDLE_S)
    if world.oracle.sold_of(flat) != sold:
        raise world.oracle.fail("2 idle hour", "something was sold after all was over")
    _judge(world)
    await stop(world)
    reread(world, outcome)


async def _come_to_rest(world: World) -> None:
    end_s = world.loop.time() + LIVENESS_S
    resumed = False
    while True:
        await asyncio.sleep(_LOOK_S)
        open_matters = list(unfinished(world))
        if not resumed and world.host is not None:
            resumed = True
            world.resume()
            continue
        if not open_matters:
            return
        if world.loop.time() > end_s:
            text = f"after {LIVENESS_S} s without faults: {'; '.join(open_matters)}"
            raise world.oracle.fail("16, 17 liveness", text)


def _judge(world: World) -> None:
    if world.host is None:
        raise world.oracle.fail("16", "the daemon died in the idle hour")
    book = world.host.engine.book
    wrong = [*unfinished(world), *wrong_money(world, book)]
    if wrong:
        raise world.oracle.fail("6 book == venue", "; ".join(wrong))


async def stop(world: World) -> None:
    """End the process as SIGTERM does, and wait; its engine is `world.last` then."""
    host = world.host
    if host is None:
        return
    world.stay_down = True
    host.stop.set()
    while world.host is not None:  # noqa: ASYNC110 - the process is another's task
        await asyncio.sleep(0.1)
    world.last = host.engine


def reread(world: World, outcome: Outcome) -> None:
    """The journal gives the same book again, and every decision the same again."""
    reader = read_only(world.path, ENGINE_VERSION)
    records = list(reader.replay())
    engine = Engine()
    for record in records:
        engine.replay(record.event, record.commands)
    last = world.last
    if last is None:
        raise world.oracle.fail("7", "no process to compare with")
    live = encode_state(last.book.state())
    if encode_state(engine.book.state()) != live:
        raise world.oracle.fail("7 recover == live", "the whole journal gives another book")
    if encode_state(recover(reader)[0].book.state()) != live:
        raise world.oracle.fail("7 recover == live", "snapshot and tail give another book")
    divergence = verify(records, Engine())
    if divergence is not None:
        raise world.oracle.fail("8 verify", f"{divergence}")
    outcome.records = len(records)
    outcome.digest = hashlib.sha256(reader.head().row_hash + live).hexdigest()
    reader.close()
