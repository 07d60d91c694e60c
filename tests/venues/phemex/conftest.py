"""Phemex venues that talk to a scripted server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.kalshi.builders import TestClock
from tests.venues.phemex.builders import config
from tests.venues.phemex.fake_phemex import FakePhemex, serving


@pytest.fixture
async def fake() -> AsyncIterator[FakePhemex]:
    server = FakePhemex()
    async with serving(server):
        yield server


@pytest.fixture
async def perps(fake: FakePhemex) -> AsyncIterator[PhemexVenue]:
    venue = PhemexVenue(config(PERP, fake.url), TestClock())
    await venue.open()
    yield venue
    await venue.close()


@pytest.fixture
async def spot(fake: FakePhemex) -> AsyncIterator[PhemexVenue]:
    venue = PhemexVenue(config(SPOT, fake.url), TestClock())
    await venue.open()
    yield venue
    await venue.close()
