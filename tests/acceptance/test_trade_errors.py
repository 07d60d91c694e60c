"""What goes wrong with a trade, by class: on all venues, in this process and through a daemon."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.fill_handler.errors import (
    AnswerTimeoutError,
    BadInputError,
    ExchangeError,
    InsufficientFundsError,
    InvalidOrderError,
    NoDaemonError,
    NoLiquidityError,
    NotFoundError,
    RateLimitError,
    TokenReusedError,
    UnknownOutcomeError,
)
from daemon.fill_handler.exchange_manager import ExchangeManager
from daemon.fill_handler.trade_result import TradeResult
from daemon.paper.faults import FaultKind
from tests.acceptance.play import Play
from tests.acceptance.stage import CREATE, Row, Stage, staged
from tests.acceptance.test_coins import VENUES, Coins, Venue
from tests.acceptance.test_trades import NFL, coin, kalshi, settings_of

ONE_OF_EACH = {
    "kalshi": None,
    **{
        table: next(one for one in VENUES if one.table == table)
        for table in ("binance_spot", "bitget_usdt_futures", "phemex_usdt_perp")
    },
}
PLACING = {
    "kalshi": CREATE,
    "binance_spot": "* /api/v3/order",
    "bitget_usdt_futures": "* /api/v2/mix/order/place-order",
    "phemex_usdt_perp": "* /g-orders*",
}
EACH_WAY = pytest.mark.parametrize("through_a_daemon", [False, True], ids=["its own", "a daemon's"])


class Trades:
    """One venue of a stage, traded by the library."""

    def __init__(self, stage: Stage, manager: ExchangeManager, venue: Venue | None) -> None:
        self.stage, self.manager = stage, manager
        self.name = "kalshi" if venue is None else venue.name
        self.symbol = NFL if venue is None else venue.symbol
        self.px = "0.66" if venue is None else "2501"
        self.off_grid = "0.6655" if venue is None else "2501.12345"
        self._coins = None if venue is None else Coins(stage, venue)

    async def buy(self, qty: str = "1", **changes: Any) -> TradeResult:
        asked = {"symbol": self.symbol, "price": self.px} | changes
        symbol, price = asked.pop("symbol"), asked.pop("price")
        return await self.manager.execute_trade(
            self.name, symbol, "buy", qty, "limit", price, **asked
        )

    async def refused(self, kind: type[ExchangeError], qty: str = "1", **changes: Any) -> str:
        """What it says of a trade that fills nothing, of which everything is told."""
        result = await self.buy(qty, **changes)
        error = result.error
        assert type(error) is kind, result
        assert (error.venue, result.total_filled) == (self.name, Decimal(0))
        assert error.code
        assert len(error.tried) == len(result.retries) + 1
        return str(error)

    def arm(self, kind: FaultKind, endpoint: str) -> None:
        arm = self.stage.arm if self._coins is None else self._coins.arm
        arm(kind, endpoint=endpoint, count=None)


@asynccontextmanager
async def trading(
    folder: Path, table: str, *, through_a_daemon: bool, holding: bool = True, **settings: object
) -> AsyncIterator[Trades]:
    venue = ONE_OF_EACH[table]
    play: Play = kalshi() if venue is None else coin(venue)
    once = {"trades.max_retries": 1, "trades.timeout_s": 30}
    play = replace(play, settings={**play.settings, **once, **settings})
    if not holding:
        play = replace(play, held=())
    async with staged(folder, play) as stage:
        if through_a_daemon:
            await stage.start()
        async with ExchangeManager(settings_of(stage)) as manager:
            yield Trades(stage, manager, venue)


@EACH_WAY
@pytest.mark.parametrize("table", ONE_OF_EACH)
async def test_each_failure_has_its_class_and_says_all_of_it(
    tmp_path: Path, table: str, *, through_a_daemon: bool
) -> None:
    async with trading(tmp_path, table, through_a_daemon=through_a_daemon) as trades:
        began = time.monotonic()
        said = await trades.refused(NotFoundError, symbol="NOSUCH-ABC")
        assert time.monotonic() - began < 9, "not waited for"
        assert f"symbol = 'NOSUCH-ABC': {trades.name} knows no such market" in said
        assert "accepted" in await trades.refused(InvalidOrderError, price=trades.off_grid)
        await trades.refused(InsufficientFundsError, "20000" if table == "kalshi" else "900")
        assert (await trades.buy(token="mine")).success
        with pytest.raises(TokenReusedError, match="token = 'mine' names another trade") as reused:
            await trades.buy("2", token="mine")
        error = reused.value
        assert (error.venue, error.code, error.retryable) == (trades.name, "token_reused", False)
        with pytest.raises(BadInputError, match=r"account = |venue = ") as mistaken:
            await trades.buy(account="nobody")
        assert mistaken.value.venue == trades.name
        trades.arm(FaultKind.HTTP_429, PLACING[table])
        said = await trades.refused(RateLimitError)
        assert "429" in said or "too many" in said.lower(), said


@EACH_WAY
async def test_the_time_is_that_of_all_attempts_and_nothing_rests_after_it(
    tmp_path: Path, *, through_a_daemon: bool
) -> None:
    patient: dict[str, Any] = {"trades.max_retries": 50}
    patient |= {"trades.base_delay": "0.2", "trades.max_delay": "0.2"}
    async with trading(tmp_path, "kalshi", through_a_daemon=through_a_daemon, **patient) as trades:
        trades.stage.book([("0.64", "500")], [("0.66", "4")])
        began = time.monotonic()
        result = await trades.buy("10", timeout_s="2.5")
        assert 1 < time.monotonic() - began < 30
        assert (result.status, result.total_filled) == ("partially_filled", Decimal(4))
        assert type(result.error) is NoLiquidityError
        assert len(result.error.tried) == len(result.retries) + 1 > 3
        began = time.monotonic()
        result = await trades.buy("10", price="0.60", time_in_force="gtc", timeout_s="1.5")
        assert 1 < time.monotonic() - began < 30
        assert (result.status, len(result.retries)) == ("not_filled", 0)
        truth = trades.stage.truth()["orders"]
        assert not [order for order in truth if order["status"] == "resting"]


@EACH_WAY
async def test_no_order_leaves_after_the_time_of_a_trade(
    tmp_path: Path, *, through_a_daemon: bool
) -> None:
    # Nothing is held: nobody but the trade reads a market, not even before the fault is armed.
    alone = trading(tmp_path, "kalshi", through_a_daemon=through_a_daemon, holding=False)
    async with alone as trades:
        trades.arm(FaultKind.HTTP_LOSE_BEFORE, "GET /markets/*")
        assert "the time was up" in await trades.refused(AnswerTimeoutError, timeout_s="0.5")
        assert not trades.stage.sent()


async def test_a_daemon_that_is_lost_leaves_the_outcome_open_and_the_token_tells_it(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path, "kalshi", through_a_daemon=True) as trades:
        stage = trades.stage
        stage.arm(FaultKind.HTTP_DELAY_AFTER, endpoint=CREATE, seconds=1.5)
        async with asyncio.TaskGroup() as group:
            buying = group.create_task(unknown(trades.buy(token="mine")))
            await stage.until("the order at the venue", stage.sent)
            await stage.kill()
        error = buying.result()
        assert (error.venue, error.code, error.retryable) == ("kalshi", "unknown_outcome", False)
        assert "ask for token mine again, not for a new one" in str(error)
        assert error.tried[0] == "token mine was handed to the daemon"
        with pytest.raises(NoDaemonError):
            await trades.buy()
        await stage.start()
        await stage.until_agreed()
        result = await trades.buy(token="mine")
        assert (result.success, len(stage.sent())) == (True, 1)


async def unknown(buying: Awaitable[TradeResult]) -> UnknownOutcomeError:
    with pytest.raises(UnknownOutcomeError) as raised:
        await buying
    return raised.value


async def test_each_end_has_its_exit_code(tmp_path: Path) -> None:
    async with trading(tmp_path, "kalshi", through_a_daemon=True) as trades:
        stage = trades.stage

        async def said(*words: str, symbol: str = NFL, limit: str = "0.66") -> tuple[int, Row]:
            order = ("trade", "kalshi", symbol, "buy", *words, "--limit", limit, "--json")
            code, text = await stage.run(*order)
            return code, json.JSONDecoder().raw_decode(text, text.index("{\n"))[0]

        code, view = await said("1", "--token", "mine")
        assert (code, view["status"], view["error"]) == (0, "filled", None)
        for words, end, kind in (
            (("2", "--token", "mine"), 2, "TokenReusedError"),
            (("20000",), 1, "InsufficientFundsError"),
        ):
            code, view = await said(*words)
            assert (code, view["error"]["error"]) == (end, kind)
        code, view = await said("1", symbol="NOSUCH")
        assert (code, view["error"]["code"], view["status"]) == (2, "not_found", "not_filled")
        assert view["error"]["venue"] == "kalshi"
        assert len(view["error"]["tried"]) == 1
        stage.book([("0.64", "500")], [("0.66", "4")])
        code, view = await said("10")
        assert (code, view["filled_qty"]) == (5, "4")
        assert (view["error"]["code"], view["error"]["retryable"]) == ("no_liquidity", False)
        stage.arm(FaultKind.HTTP_DELAY_AFTER, endpoint=CREATE, seconds=1.5)
        sent = len(stage.sent())
        process = await stage.spawn("trade", "kalshi", NFL, "sell", "1", "--market")
        await stage.until("the order", lambda: len(stage.sent()) > sent)
        await stage.kill()
        async with asyncio.timeout(30):
            assert await process.wait() == 6
        assert "not for a new one" in stage.text()
