"""A Kalshi venue that talks to a scripted server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from daemon.venues.kalshi.venue import KalshiVenue
from tests.venues.kalshi.builders import TestClock, config
from tests.venues.kalshi.fake_kalshi import FakeKalshi, serving


@pytest.fixture
async def fake() -> AsyncIterator[FakeKalshi]:
    server = FakeKalshi()
    async with serving(server):
        yield server


@pytest.fixture
async def venue(fake: FakeKalshi) -> AsyncIterator[KalshiVenue]:
    opened = KalshiVenue(config(fake.url), TestClock())
    yield opened
    await opened.close()
