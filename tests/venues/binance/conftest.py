"""Both Binance markets as the client sees them, against a scripted server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.binance.wire import SPOT, USDM
from tests.venues.binance.fake_binance import FakeBinance, config, serving
from tests.venues.kalshi.builders import TestClock


@pytest.fixture
async def fake() -> AsyncIterator[FakeBinance]:
    server = FakeBinance()
    async with serving(server):
        yield server
    assert server.badly_signed == []


@pytest.fixture
async def spot(fake: FakeBinance) -> AsyncIterator[BinanceVenue]:
    venue = BinanceVenue(config(SPOT, fake.url), TestClock())
    yield venue
    await venue.close()


@pytest.fixture
async def usdm(fake: FakeBinance) -> AsyncIterator[BinanceVenue]:
    venue = BinanceVenue(config(USDM, fake.url), TestClock())
    yield venue
    await venue.close()
