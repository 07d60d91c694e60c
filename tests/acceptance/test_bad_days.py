"""Days on which everything happens at once: markets crash, the exchange is out, filld sleeps."""

from __future__ import annotations

import asyncio
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.paper.faults import FaultKind
from tests.acceptance.play import Held, Play
from tests.acceptance.stage import CREATE, staged

THIN = [("0.58", "40")], [("0.60", "500")]
DEEP = [("0.57", "500")], [("0.59", "500")]


async def test_fifteen_markets_that_fall_at_once_are_all_sold(tmp_path: Path) -> None:
    held = [Held(symbol=f"NFL-{number}", count="20") for number in range(15)]
    async with staged(tmp_path, Play(held=held, quick=False, tier="basic")) as stage:
        await stage.started_and_armed()
        for position in held:
            stage.book([("0.58", "9"), ("0.55", "2")], [("0.60", "500")], position.symbol)
        await stage.until(
            "a part of each to be sold",
            lambda: all(stage.left(position.symbol) == 9 for position in held),
        )
        for position in held:
            stage.book(*DEEP, position.symbol)
        await stage.until(
            "all to be sold", lambda: not any(stage.left(position.symbol) for position in held), 30
        )
        await stage.until_agreed(20)
        assert not (await stage.ask("/status"))["halted"]
        assert len(stage.sent()) == 30


async def test_what_a_sleeping_machine_missed_is_not_acted_on_afterwards(tmp_path: Path) -> None:
    settings = {"feed_alive_s": 2, "feed_lag_s": 1}
    async with staged(tmp_path, Play(settings=settings)) as stage:
        await stage.started_and_armed()
        stage.signal(signal.SIGSTOP)
        stage.book(*DEEP)
        await asyncio.sleep(2.5)
        stage.book([("0.64", "500")], [("0.66", "500")])
        await asyncio.sleep(0.1)
        stage.signal(signal.SIGCONT)
        await asyncio.sleep(1)
        assert (stage.left(), stage.sent()) == (Decimal(100), [])
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()


async def test_an_outage_of_the_whole_exchange_in_the_middle_of_an_exit_is_sat_out(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.book(*THIN)
        await stage.until_left("60")
        stage.arm(FaultKind.WS_REFUSE, count=None)
        stage.arm(FaultKind.HTTP_LOSE_AFTER, endpoint=CREATE, count=None)
        stage.arm(FaultKind.HTTP_LOSE_BEFORE, endpoint="GET *", count=None)
        stage.cut()
        stage.book([("0.57", "25")], [("0.59", "500")])
        await asyncio.sleep(2.5)
        assert len(stage.sent()) <= 2, "one order in doubt at most"
        stage.calm()
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()


TAPERED = {"structure": "tapered_deci_cent"}
CASES = {
    "YES below ten cents": (
        Held(
            symbol="NFL-L", count="150.25", price="0.095", bids=[("0.094", "900")],
            asks=[("0.096", "900")], **TAPERED,
        ),
        "0.09",
        ([("0.088", "70.5"), ("0.081", "1000")], [("0.095", "900")]),
    ),
    "NO above ninety cents": (
        Held(
            symbol="NFL-H", count="-150.25", price="0.070", bids=[("0.068", "900")],
            asks=[("0.071", "900")], **TAPERED,
        ),
        "0.92",
        ([("0.068", "900")], [("0.082", "70.5"), ("0.089", "1000")]),
    ),
    "NO below ten cents": (
        Held(
            symbol="NFL-N", count="-80", price="0.91", bids=[("0.911", "900")],
            asks=[("0.912", "900")], **TAPERED,
        ),
        "0.07",
        ([("0.911", "900")], [("0.934", "30"), ("0.941", "1000")]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_finer_grids_fractions_and_the_ends_of_the_scale_are_sold_to_the_last_contract(
    case: str, tmp_path: Path
) -> None:
    held, stop_px, (bids, asks) = CASES[case]
    play = Play(held=[held], stops=[{"symbol": "*", "stop_px": stop_px, "max_slippage_px": "0.01"}])
    async with staged(tmp_path, play) as stage:
        await stage.started_and_armed()
        stage.book(bids, asks, held.symbol)
        await stage.until_left("0", held.symbol)
        await stage.until_agreed()
        assert all(order["status"] != "rejected" for order in stage.sent())
        assert not stage.lines("order_rejected")


async def test_a_price_that_jumps_far_below_the_stop_is_followed_down(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.book([("0.31", "60")], [("0.80", "500")])
        await stage.until_left("40")
        stage.book([("0.12", "500")], [("0.80", "500")])
        await stage.until_left("0")
        await stage.until_agreed()
        assert [order["price"] for order in stage.sent()] == ["0.2600", "0.0700"]


async def test_sigterm_while_the_venue_does_not_answer_yet_ends_in_order(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.arm(FaultKind.HTTP_DELAY_BEFORE, endpoint="GET *", count=None, seconds=60)
        await stage.begin()
        await stage.until("it to ask", lambda: stage.struck(FaultKind.HTTP_DELAY_BEFORE))
        assert await stage.stop() == 0, stage.tail()
        assert stage.lines("filld_stopped")
        stage.calm()
        await stage.started_and_armed()
