"""daemon.fill_handler.exchange_manager: what it refuses before it asks anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from daemon.analytics.scene import Scene
from daemon.control.bodies import BadInputError, TradeBody, typed
from daemon.control.door import DoorRefusedError, Refusal, TradeMaker
from daemon.fill_handler.errors import UnknownOutcomeError
from daemon.fill_handler.exchange_manager import ExchangeManager, _begin
from daemon.settings import Settings
from tests.control.doors import FakeDoor, Read, served
from tests.control.test_trade import BODY
from tests.core.play import guarded


class Shut(FakeDoor):
    """Refuses every trade."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(guarded())
        self._refusal = refusal

    @override
    async def trade(self, make: TradeMaker) -> Refusal:
        return self._refusal


class Slow(FakeDoor):
    """Has begun every trade a while ago, and none of them comes to its end."""

    def __init__(self, *, again: bool) -> None:
        super().__init__(guarded())
        self._again, self.asked = again, 0

    @override
    async def trade(self, make: TradeMaker) -> bool:
        return self._again

    @override
    async def look(self, read: Callable[[Scene], Read]) -> Read:
        self.asked += 1
        return read(replace(self._scene(), trading=frozenset({"mine"})))


def managed(path: Path) -> ExchangeManager:
    return ExchangeManager(Settings.model_validate({"control": {"socket": path}}))


async def test_who_asks_again_waits_no_longer_than_he_said(tmp_path: Path) -> None:
    async with served(tmp_path / "sock", Slow(again=True)), managed(tmp_path / "sock") as manager:
        asked = manager.execute_trade(
            "kalshi", "NFL-1", "buy", 10, "limit", "0.66", timeout_s="0.4", token="mine"
        )
        with pytest.raises(UnknownOutcomeError, match=r"still at work after your 0\.4 s") as raised:
            async with asyncio.timeout(5):
                await asked
    assert "ask for token mine again" in str(raised.value)
    assert (raised.value.venue, len(raised.value.tried)) == ("kalshi", 2)


@pytest.mark.parametrize(("again", "timeout_s"), [(False, "0.2"), (True, None)])
async def test_who_asks_first_or_says_no_time_is_told_the_end(
    tmp_path: Path, *, again: bool, timeout_s: str | None
) -> None:
    door = Slow(again=again)
    async with served(tmp_path / "sock", door), managed(tmp_path / "sock") as manager:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await manager.execute_trade(
                    "kalshi", "NFL-1", "buy", 10, "limit", "0.66", timeout_s=timeout_s, token="mine"
                )
    assert door.asked > 5


async def test_an_unknown_exchange_is_told_with_those_that_are_known() -> None:
    manager = ExchangeManager(Settings())
    text = "exchange = 'coinbase': accepted: kalshi, binance-spot, binance-usdm, bitget-spot"
    with pytest.raises(BadInputError, match=text):
        await manager.execute_trade("coinbase", "BTCUSDT", "buy", 1)
    with pytest.raises(BadInputError, match="amount = 'much': accepted: a decimal number"):
        await manager.execute_trade("kalshi", "NFL-1", "buy", "much")


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "unauthorized"), (403, "forbidden"), (413, "request_entity_too_large")],
)
async def test_what_the_door_refuses_is_told_as_it_told_it(
    tmp_path: Path, status: int, code: str
) -> None:
    async with served(tmp_path / "sock", Shut(Refusal(status, "not you"))) as client:
        with pytest.raises(DoorRefusedError, match=r"^not you$") as refused:
            await _begin(client, typed(BODY, TradeBody, "trade"))
    error = refused.value
    assert (error.status, error.code, error.venue) == (status, code, None)
