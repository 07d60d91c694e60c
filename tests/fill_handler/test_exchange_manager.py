"""daemon.fill_handler.exchange_manager: what it refuses before it asks anybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from typing_extensions import override

from daemon.control.bodies import BadInputError, TradeBody, typed
from daemon.control.door import DoorRefusedError, Refusal, TradeMaker
from daemon.fill_handler.exchange_manager import ExchangeManager, _begin
from daemon.settings import Settings
from tests.control.doors import FakeDoor, served
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
