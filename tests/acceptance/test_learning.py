"""The real daemon learns beside the loop; a venue whose reads die delays no exit of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from daemon.core.commands import PlaceOrder
from daemon.core.estimates import EstimateSource, RetryDelayLearned, SlippageEstimated
from daemon.core.terms import NANOS
from daemon.journal.sqlite import read_only
from daemon.paper.faults import FaultKind
from tests.acceptance.play import Held, Play
from tests.acceptance.stage import Stage, staged

DEEP = [("0.57", "500")], [("0.59", "500")]
ASKS = [("0.59", "500")]
THROUGH = [("0.58", "10"), ("0.40", "500")], ASKS  # less than is held, then beyond the floor
AWAY = [("0.40", "500")], ASKS
BACK_S = 3.0  # bidders stay away for so long after each order: of 2, 4, 8 s 4 serves best


async def test_what_was_expected_is_journalled_before_the_exit_and_judged_after_it(
    tmp_path: Path,
) -> None:
    model = Play(settings={"exits.max_slippage_px": "model"})
    async with staged(tmp_path, model) as stage:
        await stage.started_and_armed()
        await stage.until("an estimate", lambda: stage.happened(SlippageEstimated))
        told = stage.happened(SlippageEstimated)[0]
        assert isinstance(told, SlippageEstimated)
        assert (told.source, told.qty) == (EstimateSource.SHOWN, Decimal(100))
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()
        (order,) = stage.decided(PlaceOrder)
        assert isinstance(order, PlaceOrder)
        assert order.limit_px == Decimal("0.52"), "nothing is learnt yet: the cap"

        async def judged() -> bool:
            return bool((await stage.ask("/slippage"))["model"])

        await stage.until("the figures to follow", judged)
        code, said = await stage.run("slippage", "--model")
        assert code == 0
        assert "kalshi" in said
        code, said = await stage.run("replay", "--verify")
        assert code == 0, said


async def test_reads_are_shut_once_and_the_exit_goes_out(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.arm(FaultKind.HTTP_LOSE_BEFORE, endpoint="GET *", count=None)
        await stage.until("reads to be shut", lambda: stage.lines("reads_shut"))
        stage.book(*DEEP)
        await stage.until_left("0", limit_s=30)
        stage.calm()
        await stage.until("reads to be open", lambda: stage.lines("reads_open_again"))
        await stage.until_agreed()
        assert len(stage.lines("reads_shut")) == 1


def sendings(stage: Stage, symbol: str) -> list[int]:
    """When each order of an exit was decided, ns."""
    return [
        record.event.mono_ns
        for record in read_only(stage.journal).replay()
        for command in record.commands
        if isinstance(command, PlaceOrder) and command.key.symbol == symbol
    ]


@asynccontextmanager
async def shy_bidders(stage: Stage, symbols: Sequence[str]) -> AsyncIterator[None]:
    """Each order of ours scares the bidders away for `BACK_S`."""

    async def flicker() -> None:
        known = dict.fromkeys(symbols, 0)
        scared = dict.fromkeys(symbols, 0.0)
        while True:
            for symbol in symbols:
                sent = sum(order["ticker"] == symbol for order in stage.sent())
                if sent != known[symbol]:
                    known[symbol], scared[symbol] = sent, time.monotonic()
                    stage.book(*AWAY, symbol)
                elif scared[symbol] and time.monotonic() - scared[symbol] > BACK_S:
                    stage.book(*DEEP, symbol)
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(flicker())
        try:
            yield
        finally:
            task.cancel()


async def test_the_delay_that_serves_is_learnt_and_kept_to_once_it_is_wanted(
    tmp_path: Path,
) -> None:
    symbols = [f"KXSHY-{n}" for n in range(7)]
    waits = {"exits.floor_px": "0.04", "exits.retry_delay_s": 1, "exits.retry_delay_max_s": 8}
    shy = Play(held=[Held(symbol=name) for name in symbols], settings=waits)
    async with staged(tmp_path, shy) as stage, shy_bidders(stage, symbols):
        await stage.started_and_armed()

        async def best() -> bool:
            rows = (await stage.ask("/performance"))["retry_delays"]
            return [row["delay_s"] for row in rows if row["best"]] == ["4"]

        first, later, last = symbols[:5], symbols[5], symbols[6]
        for symbol in first:
            stage.book(*THROUGH, symbol)
        for symbol in first:
            await stage.until_left("0", symbol, 30)
        await stage.until("the figures to see what serves", best)
        assert not stage.happened(RetryDelayLearned), "nobody asked for it"

        stage.settings["exits.learn_retry_delay"] = True
        stage.write_config()
        assert (await stage.run("reload"))[0] == 0
        stage.book(*THROUGH, later)
        await stage.until("a lesson", lambda: stage.happened(RetryDelayLearned))
        stage.book(*THROUGH, last)
        await stage.until_left("0", last, 30)
        (learned,) = stage.happened(RetryDelayLearned)
        assert isinstance(learned, RetryDelayLearned)
        assert learned.delay_s == Decimal(4)
        _, empty, retry, *_ = sendings(stage, last)
        assert (retry - empty) / NANOS >= learned.delay_s, "without it these were 2 s"
