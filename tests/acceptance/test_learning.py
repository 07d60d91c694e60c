"""The real daemon learns beside the loop; a venue whose reads die delays no exit of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from daemon.core.commands import PlaceOrder
from daemon.core.estimates import EstimateSource, SlippageEstimated
from daemon.paper.faults import FaultKind
from tests.acceptance.play import Play
from tests.acceptance.stage import staged

DEEP = [("0.57", "500")], [("0.59", "500")]


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
        await stage.until_left("0", limit_s=3)
        stage.calm()
        await stage.until("reads to be open", lambda: stage.lines("reads_open_again"))
        await stage.until_agreed()
        assert len(stage.lines("reads_shut")) == 1
