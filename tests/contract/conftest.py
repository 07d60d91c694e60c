"""A running paper exchange, and the venue's client opened on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from daemon.paper.server import PaperServer
from daemon.venues.kalshi.venue import KalshiVenue
from tests.contract.kalshi_room import key_of, paper_config
from tests.venues.kalshi.builders import TestClock


@pytest.fixture
async def paper() -> AsyncIterator[PaperServer]:
    async with PaperServer(paper_config()) as server:
        yield server


@pytest.fixture
async def venue(paper: PaperServer) -> AsyncIterator[KalshiVenue]:
    opened = KalshiVenue(key_of(paper), TestClock())
    await opened.open()
    yield opened
    await opened.close()
