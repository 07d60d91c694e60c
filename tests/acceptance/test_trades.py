"""Trades on the paper exchanges of all venues: part by part, with a lost answer, over a kill -9."""

from __future__ import annotations

import asyncio
import json
import os
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from daemon.core.commands import PlaceOrder
from daemon.core.requests import TradeRequested
from daemon.fill_handler.errors import ExchangeError, InvalidOrderError, UnknownOutcomeError
from daemon.fill_handler.exchange_manager import ExchangeManager, ExchangeType
from daemon.paper.faults import FaultKind
from daemon.settings import Settings, load_settings
from tests.acceptance.play import Play
from tests.acceptance.stage import CREATE, Row, Stage, staged
from tests.acceptance.test_coins import VENUES, Coins, Venue, play_of

D = Decimal
NFL = "NFL-TEAM-Y"
HURRY = {
    "trades.base_delay": "0.3",
    "trades.max_delay": "0.5",
    "trades.timeout_s": 2,
    "trades.max_retries": 5,
}
MARKETS = [venue for venue in VENUES if not venue.hedged and not venue.short and not venue.terms]


def settings_of(stage: Stage) -> Settings:
    return load_settings(stage.config, stage.env_file, (), os.environ)


def kalshi(**settings: object) -> Play:
    """Bids far below any stop, so that nothing but trades moves."""
    return Play(stops=[{"symbol": "*", "stop_px": "0.05"}], settings={**HURRY, **settings})


def coin(venue: Venue) -> Play:
    play = play_of(venue)
    far = {"venue": venue.name, "symbol": "*", "stop_percent": "90"}
    return Play(
        held=(),
        settings={**play.settings, **HURRY},
        stops=[far],
        coins=play.coins,
        holdings=play.holdings,
    )


@pytest.mark.parametrize("through_a_daemon", [False, True], ids=["its own", "a daemon's"])
async def test_a_part_is_filled_and_the_rest_tried_again(
    tmp_path: Path, *, through_a_daemon: bool
) -> None:
    async with staged(tmp_path, kalshi()) as stage:
        stage.book([("0.64", "500")], [("0.66", "4")])
        if through_a_daemon:
            await stage.started_and_armed()
        filled: list[str] = []

        def progress(view: Row) -> None:
            if view.get("filled_qty") == "4" and not filled:
                filled.append("4")
                stage.book([("0.64", "500")], [("0.66", "500")])

        async with ExchangeManager(settings_of(stage)) as manager:
            result = await manager.execute_trade(
                ExchangeType.KALSHI, NFL, "buy", 10, "limit", 0.66, progress=progress
            )
            again = await manager.execute_trade(
                ExchangeType.KALSHI, NFL, "buy", 10, "limit", 0.66, token=result.token
            )
        assert result.success, result
        assert (result.total_filled, result.average_price) == (D(10), D("0.66"))
        assert [fill.amount for fill in result.partial_fills] == [D(4), D(6)]
        assert result.total_fee == {"USD": sum(fill.fee for fill in result.partial_fills)}
        assert [retry.reason for retry in result.retries] == ["no_liquidity"]
        assert len(result.order_ids) == 2
        assert again == result
        assert stage.left() == 110
        assert len(stage.sent()) == 2
        if through_a_daemon:
            code, said = await stage.run("order", result.order_ids[-1])
            assert code == 0
            assert "retries" in said
            assert result.order_ids[0][:12] in said.partition("retries")[2], "what it retries"


@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_a_market_trade_on_kalshi_is_bound_by_the_slippage(tmp_path: Path, side: str) -> None:
    async with staged(tmp_path, kalshi()) as stage:
        async with ExchangeManager(settings_of(stage)) as manager:
            result = await manager.execute_trade("kalshi", NFL, side, "10")
        assert result.success
        (order,) = stage.sent()
        assert D(order["price"]) == D({"buy": "0.71", "sell": "0.59"}[side])


@pytest.mark.parametrize("venue", MARKETS, ids=lambda venue: venue.table)
async def test_coins_are_traded_at_market_and_at_a_limit(tmp_path: Path, venue: Venue) -> None:
    async with staged(tmp_path, coin(venue)) as stage:
        coins = Coins(stage, venue)
        held = coins.left()
        coins.book([("2499.00", "50")], [("2501.00", "0.3")])

        def progress(view: Row) -> None:
            if view.get("filled_qty") == "0.3":
                coins.book([("2499.00", "50")], [("2501.00", "50")])

        async with ExchangeManager(settings_of(stage)) as manager:
            bought = await manager.execute_trade(
                venue.name, venue.symbol, "buy", "0.5", "limit", "2501", progress=progress
            )
            sold = await manager.execute_trade(venue.name, venue.symbol, "sell", "0.2", "market")
            more = await manager.execute_trade(venue.name, venue.symbol, "buy", "0.1", "market")
        assert bought.success, bought
        assert (bought.total_filled, bought.average_price) == (D("0.5"), D(2501))
        assert len(bought.retries) >= 1
        assert (sold.success, sold.average_price) == (True, D(2499))
        assert (more.success, more.average_price) == (True, D(2501))
        paid = sum((sum(r.total_fee.values()) for r in (bought, more) if venue.spot), D(0))
        assert coins.left() == held + D("0.4") - paid


async def test_a_lost_answer_is_looked_up_and_nothing_is_traded_twice(tmp_path: Path) -> None:
    async with staged(tmp_path, kalshi()) as stage:
        stage.arm(FaultKind.HTTP_LOSE_AFTER, endpoint=CREATE)
        async with ExchangeManager(settings_of(stage)) as manager:
            result = await manager.execute_trade("kalshi", NFL, "buy", 10, "limit", "0.66")
        assert result.success
        assert not result.retries
        assert stage.left() == 110
        assert stage.struck(FaultKind.HTTP_LOSE_AFTER) == 1


async def test_killed_between_intent_and_answer_nothing_stays_in_doubt(tmp_path: Path) -> None:
    async with staged(tmp_path, kalshi()) as stage:
        await stage.started_and_armed()
        stage.arm(FaultKind.HTTP_DELAY_AFTER, endpoint=CREATE, seconds=1.5)
        body = {
            "token": "mine",
            "venue": "kalshi",
            "symbol": NFL,
            "side": "buy",
            "order_qty": "10",
            "limit_px": "0.66",
        }
        await stage.act("/trade", body)
        await stage.until("the intent", lambda: stage.decided(PlaceOrder))
        await stage.kill()
        await stage.start()
        await stage.until_left("110")
        await stage.until_agreed()

        async def settled() -> bool:
            view = await stage.ask("/trades/mine")
            return view["status"] == "filled" and not view["in_doubt"]

        await stage.until("the trade to be proven", settled)
        async with ExchangeManager(settings_of(stage)) as manager:
            result = await manager.execute_trade(
                "kalshi", NFL, "buy", "10", "limit", "0.66", token="mine"
            )
        assert result.total_filled == 10
        assert len(stage.happened(TradeRequested)) == len(stage.sent()) == 1
        # The log of the new process leads back to what the dead one had begun. Where that had
        # the fill in its journal already, its line went with it, and nobody writes it again.
        bought = [line for line in stage.lines("fill") if line["last_qty"] == "10"]
        assert {line["cause"] for line in bought if line["seq"]} <= {await placing_of(stage)}


async def placing_of(stage: Stage) -> int:
    """The journal's record of the one order, as `filld why` tells it, log or no log."""
    order_id = stage.sent()[0]["client_order_id"]
    why = await stage.ask(f"/orders/{order_id}/why")
    return next(int(link["seq"]) for link in why["chain"] if link["what"] == "order")


async def test_two_managers_at_once_share_one_run(tmp_path: Path) -> None:
    async with staged(tmp_path, kalshi()) as stage:
        over = asyncio.Barrier(2)  # the run belongs to the one that came first

        async def buys(lots: int) -> bool:
            async with ExchangeManager(settings_of(stage)) as manager:
                result = await manager.execute_trade("kalshi", NFL, "buy", lots, "limit", "0.66")
                await over.wait()
            return result.success

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(buys(lots)) for lots in (3, 4)]
        assert [task.result() for task in tasks] == [True, True]
        assert stage.left() == 107


async def test_what_rests_is_canceled_when_its_time_is_up(tmp_path: Path) -> None:
    async with staged(tmp_path, kalshi(**{"trades.max_retries": 0})) as stage:
        await stage.started_and_armed()
        code, said = await stage.run(
            "trade", "kalshi", NFL, "buy", "10", "--limit", "0.60", "--tif", "gtc",
            "--timeout", "0.5", "--json",
        )  # fmt: skip
        view, _end = json.JSONDecoder().raw_decode(said, said.index("{\n"))
        assert code == 1
        assert (view["status"], view["filled_qty"], view["in_doubt"]) == ("not_filled", "0", [])
        assert not resting(stage)


def resting(stage: Stage) -> list[Row]:
    """The orders that wait in the exchange's book."""
    return [order for order in stage.truth()["orders"] if order["status"] == "resting"]


async def test_who_asks_again_after_a_restart_waits_his_own_time_and_ends_nothing(
    tmp_path: Path,
) -> None:
    """The second caller's second had the order canceled that the first one gave a minute."""
    async with staged(tmp_path, kalshi()) as stage:
        stage.book([("0.55", "500")], [("0.66", "500")])
        await stage.started_and_armed()
        asked: Row = {
            "token": "mine", "venue": "kalshi", "symbol": NFL, "side": "buy", "order_qty": "10",
            "limit_px": "0.60", "time_in_force": "gtc", "timeout_s": "60",
        }  # fmt: skip
        await stage.act("/trade", asked)
        await stage.until("the order", lambda: resting(stage))
        await stage.kill()
        await stage.start()
        await stage.until_agreed()
        trade = ("kalshi", NFL, "buy", "10", "limit", "0.60")
        async with ExchangeManager(settings_of(stage)) as manager:
            again = partial(
                manager.execute_trade, *trade, time_in_force="gtc", token="mine", reduce_only=False
            )
            began_s = asyncio.get_running_loop().time()
            with pytest.raises(UnknownOutcomeError, match="still at work after your 1 s"):
                await again(timeout_s=1)
            assert asyncio.get_running_loop().time() - began_s < 3
            assert resting(stage)
            stage.book([("0.55", "500")], [("0.59", "500")])
            assert (await again(timeout_s=20)).success
        assert len(stage.sent()) == 1


async def test_the_command_line_trades_and_says_what_came_of_it(tmp_path: Path) -> None:
    async with staged(tmp_path, kalshi()) as stage:
        code, said = await stage.run("trade", "kalshi", NFL, "sell", "30", "--market")
        assert (code, stage.left()) == (0, D(70))
        assert "sell 30 of 30 NFL-TEAM-Y at 0.64" in said
        code, said = await stage.run("trade", "kalshi", NFL, "sell", "200", "--market",
                                     "--reduce-only")  # fmt: skip
        assert (code, stage.left()) == (1, D(70))
        assert "nothing else may still reduce" in said
        code, said = await stage.run("trade", "kalshi", NFL, "sell", "1")
        assert (code, "accepted is one of them" in said) == (2, True)


async def test_what_is_refused_says_why_and_sends_nothing(tmp_path: Path) -> None:
    off = {"kalshi.place_live_orders": False, "trades.max_retries": 0}
    async with staged(tmp_path, kalshi(**off)) as stage:
        async with ExchangeManager(settings_of(stage)) as manager:
            result = await manager.execute_trade("kalshi", NFL, "buy", "10", "limit", "0.66")
        assert isinstance(result.error, ExchangeError)
        assert result.error.code == "not_live"
        assert "place_live_orders" in str(result.error)
        assert not stage.sent()
    async with staged(tmp_path / "on", kalshi(**{"trades.max_retries": 0})) as stage:
        async with ExchangeManager(settings_of(stage)) as manager:
            result = await manager.execute_trade("kalshi", NFL, "buy", "10", "limit", "0.6655")
        assert isinstance(result.error, InvalidOrderError)
        assert result.error.tried == ("attempt 1: no order invalid_order",)
        assert not stage.sent()
