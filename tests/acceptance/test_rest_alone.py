"""The job is done whatever fails between filld and the venue: REST alone, lags, lies, pauses."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from daemon.core.commands import PlaceOrder
from daemon.paper.config import ReadConfig
from daemon.paper.faults import FaultKind
from daemon.paper.lifecycle import Switches
from tests.acceptance.play import Play
from tests.acceptance.stage import CREATE, Stage, staged

THIN = [("0.58", "40")], [("0.60", "500")]
DEEP = [("0.57", "500")], [("0.59", "500")]
SLOW = {"refresh_active": 1, "refresh_idle": 1, "reconcile_interval_s": 1, "exits.fill_check_s": 1}


async def sold_in_two(stage: Stage) -> None:
    """40 first, then the rest; ends when book and truth agree."""
    stage.book(*THIN)
    await stage.until_left("60")
    stage.book(*DEEP)
    await stage.until_left("0")
    await stage.until_agreed()


def order_ids(stage: Stage) -> set[str]:
    """What was written down to be sent."""
    return {o.client_order_id for o in stage.decided(PlaceOrder) if isinstance(o, PlaceOrder)}


def resent(stage: Stage) -> list[str]:
    """The ids that were sent a second time."""
    found = [order for order in stage.decided(PlaceOrder) if isinstance(order, PlaceOrder)]
    return [order.client_order_id for order in found if order.resend]


async def test_without_any_websocket_and_with_slow_polling_it_sells(tmp_path: Path) -> None:
    async with staged(tmp_path, Play(settings=SLOW)) as stage:
        stage.arm(FaultKind.WS_REFUSE, count=None)
        await stage.started_and_armed()
        await sold_in_two(stage)
        assert stage.struck(FaultKind.WS_REFUSE) > 0
        assert not stage.lines("stream_restored")


async def test_orders_fills_and_positions_that_are_readable_late_are_waited_for(
    tmp_path: Path,
) -> None:
    reads = ReadConfig(
        order_lag_ms=(2000, 2000), fill_lag_ms=(1000, 1000), position_lag_ms=(1500, 1500)
    )
    async with staged(tmp_path, Play(reads=reads, settings={"grace_s": 5})) as stage:
        stage.arm(FaultKind.WS_REFUSE, count=None)
        await stage.started_and_armed()
        await sold_in_two(stage)
        assert not stage.lines("fill_inferred")
        assert len(order_ids(stage)) == 2


async def test_an_answer_lost_while_reads_lag_is_not_taken_for_an_order_that_never_was(
    tmp_path: Path,
) -> None:
    reads = ReadConfig(order_lag_ms=(1500, 1500), fill_lag_ms=(1000, 1000))
    async with staged(tmp_path, Play(reads=reads)) as stage:
        stage.arm(FaultKind.WS_REFUSE, count=None)
        await stage.started_and_armed()
        stage.arm(FaultKind.HTTP_LOSE_AFTER, endpoint=CREATE)
        await sold_in_two(stage)
        assert len(order_ids(stage)) == 2


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("kind", [FaultKind.HTTP_LOSE_BEFORE, FaultKind.HTTP_ERROR_BEFORE])
async def test_an_order_that_never_arrived_is_sent_again_under_the_same_id(
    kind: FaultKind, stream: bool, tmp_path: Path
) -> None:
    async with staged(tmp_path) as stage:
        if not stream:
            stage.arm(FaultKind.WS_REFUSE, count=None)
        await stage.started_and_armed()
        stage.arm(kind, endpoint=CREATE, status=500)
        await sold_in_two(stage)
        assert order_ids(stage) == set(stage.truth()["client_order_ids"])
        if stage.lines("order_in_doubt"):
            assert len(resent(stage)) == 1


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("kind", [FaultKind.HTTP_LOSE_AFTER, FaultKind.HTTP_ERROR_AFTER])
async def test_an_answer_that_was_lost_is_looked_up_and_nothing_is_sent_twice(
    kind: FaultKind, stream: bool, tmp_path: Path
) -> None:
    async with staged(tmp_path) as stage:
        if not stream:
            stage.arm(FaultKind.WS_REFUSE, count=None)
        await stage.started_and_armed()
        stage.arm(kind, endpoint=CREATE, count=2, status=504)
        await sold_in_two(stage)
        assert resent(stage) == []
        assert len(stage.truth()["client_order_ids"]) == 2


async def test_a_storm_of_429_delays_an_exit_and_loses_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.arm(FaultKind.HTTP_429, endpoint=CREATE, count=4)
        stage.arm(FaultKind.HTTP_429, endpoint="GET *", count=None, per_million=500_000)
        await sold_in_two(stage)
        assert stage.struck(FaultKind.HTTP_429) > 4


async def test_reads_that_fail_half_of_the_time_lose_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.arm(FaultKind.WS_REFUSE, count=None)
        await stage.started_and_armed()
        stage.arm(FaultKind.HTTP_ERROR_BEFORE, endpoint="GET *", count=None, per_million=250_000)
        stage.arm(FaultKind.HTTP_LOSE_AFTER, endpoint="GET *", count=None, per_million=250_000)
        await sold_in_two(stage)


async def test_stale_reads_change_nothing_in_the_book(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.arm(FaultKind.STALE_READS, count=None, seconds=1.5)
        await sold_in_two(stage)
        assert not stage.lines("fill_inferred")


async def test_orders_refused_while_trading_is_paused_are_tried_again(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.book(*THIN)
        await stage.until_left("60")
        stage.book(*DEEP)
        stage.paper.venue.markets.switch(Switches(trading_active=False))
        await stage.until("a refusal", lambda: stage.lines("order_rejected"))
        await asyncio.sleep(0.5)
        stage.paper.venue.markets.switch(Switches(trading_active=True))
        await stage.until_left("0")
        await stage.until_agreed()


async def test_started_in_a_pause_it_waits_and_sells_soon_after(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        assert await stage.stop() == 0
        stage.book(*DEEP)
        stage.paper.venue.markets.switch(Switches(trading_active=False))
        await stage.start()

        async def paused() -> bool:
            return bool((await stage.ask("/status"))["accounts"][0]["paused"])

        await stage.until("the pause to be known", paused)
        await asyncio.sleep(1)
        assert not stage.sent()
        stage.paper.venue.markets.switch(Switches(trading_active=True))
        await stage.until_left("0", limit_s=15)
        await stage.until_agreed()


async def test_an_order_refused_by_a_paused_exchange_is_tried_again(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.arm(
            FaultKind.HTTP_ERROR_BEFORE,
            endpoint=CREATE,
            count=3,
            status=409,
            code="trading_is_paused",
        )
        await sold_in_two(stage)
        assert stage.struck(FaultKind.HTTP_ERROR_BEFORE) == 3


async def test_while_the_market_is_paused_it_waits_and_then_sells(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.book(*THIN)
        await stage.until_left("60")
        stage.paper.venue.markets.pause("NFL-TEAM-Y")
        await asyncio.sleep(1)
        before = len(stage.truth()["orders"])
        await asyncio.sleep(1)
        assert len(stage.truth()["orders"]) - before <= 1
        stage.paper.venue.markets.activate("NFL-TEAM-Y")
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.WS_DROP,
        FaultKind.WS_DUPLICATE,
        FaultKind.WS_REORDER,
        FaultKind.WS_DELAY,
        FaultKind.WS_SEQ_GAP,
    ],
)
async def test_frames_that_are_dropped_doubled_late_or_out_of_order_change_nothing(
    kind: FaultKind, tmp_path: Path
) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        stage.arm(kind, count=None, per_million=500_000, seconds=0.4)
        for bid, left in (("0.58", "75"), ("0.57", "50"), ("0.58", "25")):
            stage.book([(bid, "25")], [("0.60", "500")])
            await stage.until_left(left)
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()
        assert stage.struck(kind) > 0


async def test_terminal_errors_and_cuts_of_the_websocket_are_survived(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.started_and_armed()
        for kind, bid, left in (
            (FaultKind.WS_ERROR_25, "0.58", "60"),
            (FaultKind.WS_ERROR_10, "0.57", "20"),
        ):
            stage.arm(kind, on_frame=True)
            stage.book([(bid, "40")], [("0.60", "500")])
            await stage.until_left(left)
            await stage.until("it to strike", partial(stage.struck, kind))
        stage.cut()
        stage.book(*DEEP)
        await stage.until_left("0")
        await stage.until_agreed()
        await stage.until("the stream", lambda: len(stage.lines("stream_restored")) >= 2)


async def test_a_feed_that_falls_silent_is_replaced_by_polling(tmp_path: Path) -> None:
    async with staged(tmp_path, Play(settings={"feed_alive_s": 1})) as stage:
        await stage.started_and_armed()
        stage.arm(FaultKind.WS_SILENT, count=None, seconds=60)
        await asyncio.sleep(0.2)
        await sold_in_two(stage)


async def test_what_a_frame_says_before_the_answer_is_counted_once(tmp_path: Path) -> None:
    async with staged(tmp_path, Play(reads=ReadConfig(private_frames="before_ack"))) as stage:
        await stage.started_and_armed()
        stage.arm(FaultKind.HTTP_DELAY_AFTER, endpoint=CREATE, count=None, seconds=0.5)
        await sold_in_two(stage)
        assert Decimal((await stage.ask("/status"))["accounts"][0]["realized_pnl"]["USD"]) < 0


async def test_with_the_settings_and_the_rate_limits_that_a_user_gets_it_sells(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, Play(quick=False, tier="basic")) as stage:
        await stage.started_and_armed()
        stage.arm(FaultKind.HTTP_LOSE_AFTER, endpoint=CREATE)
        stage.book(*THIN)
        await stage.until_left("60")
        stage.book([("0.57", "30")], [("0.59", "500")])
        await stage.until_left("30")
        stage.book([("0.66", "500")], [("0.68", "500")])
        await stage.until("the exit to end", lambda: stage.lines("exit_closed"))
        stage.arm(FaultKind.HTTP_LOSE_BEFORE, endpoint=CREATE)
        stage.book(*DEEP)
        await stage.until_left("0", limit_s=25)
        await stage.until_agreed()
