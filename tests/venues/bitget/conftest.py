"""Bitget venues of both markets that talk to a scripted server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.bitget.wire import Market
from tests.venues.bitget.builders import config
from tests.venues.bitget.fake_bitget import FakeBitget, serving
from tests.venues.kalshi.builders import TestClock

Make = Callable[..., BitgetVenue]


@pytest.fixture
async def fake() -> AsyncIterator[FakeBitget]:
    server = FakeBitget()
    async with serving(server):
        yield server


@pytest.fixture
async def make(fake: FakeBitget) -> AsyncIterator[Make]:
    """Makes venues and closes them."""
    made: list[BitgetVenue] = []

    def venue(market: Market, *, clock: TestClock | None = None, **changes: object) -> BitgetVenue:
        made.append(BitgetVenue(config(market, fake.url, **changes), clock or TestClock()))
        return made[-1]

    yield venue
    for one in made:
        await one.close()


@pytest.fixture
def spot(make: Make) -> BitgetVenue:
    return make(Market.SPOT)


@pytest.fixture
def futures(make: Make) -> BitgetVenue:
    return make(Market.FUTURES)
