"""daemon.fill_handler.exchange_manager: what it refuses before it asks anybody."""

from __future__ import annotations

import pytest

from daemon.control.bodies import BadInputError
from daemon.fill_handler.exchange_manager import ExchangeManager
from daemon.settings import Settings


async def test_an_unknown_exchange_is_told_with_those_that_are_known() -> None:
    manager = ExchangeManager(Settings())
    text = "exchange = 'coinbase': accepted: kalshi, binance-spot, binance-usdm, bitget-spot"
    with pytest.raises(BadInputError, match=text):
        await manager.execute_trade("coinbase", "BTCUSDT", "buy", 1)
    with pytest.raises(BadInputError, match="amount = 'much': accepted: a decimal number"):
        await manager.execute_trade("kalshi", "NFL-1", "buy", "much")
