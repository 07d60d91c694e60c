"""Opening a venue: host, clock, key and pairs are proven, or the operator is told what to do."""

from __future__ import annotations

import time
from decimal import Decimal
from email.utils import formatdate

import pytest

from daemon.core.terms import Symbol
from daemon.ports import Venue
from daemon.venues.errors import (
    UnreachableHostError,
    VenueSetupError,
    WrongClockError,
    WrongKeyError,
)
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.kalshi.builders import TestClock
from tests.venues.listening import closing
from tests.venues.phemex.builders import ETH, config, frame
from tests.venues.phemex.fake_phemex import Answer, FakePhemex, refused

PRODUCTS = "GET /public/products"
POSITIONS = "GET /g-accounts/accountPositions"


async def opened(fake: FakePhemex) -> PhemexVenue:
    venue = PhemexVenue(config(PERP, fake.url), TestClock())
    try:
        assert await venue.open() == ()
    finally:
        await venue.close()
    return venue


async def test_all_is_well(fake: FakePhemex) -> None:
    venue: Venue = await opened(fake)
    assert isinstance(venue, PhemexVenue)
    assert abs(venue.skew_ns) < 6 * 10**9
    assert fake.asked(POSITIONS)[0].well_signed


@pytest.mark.parametrize(
    ("what", "answer", "kind", "text"),
    [
        (PRODUCTS, refused(0, 500), UnreachableHostError, "check the address"),
        (PRODUCTS, Answer(body=b"<html>"), UnreachableHostError, "check the address"),
        (POSITIONS, refused(0, 401), WrongKeyError, "check key and secret"),
        (POSITIONS, refused(10500, 200, "API Signature verification failed"), WrongKeyError, "key"),
        (POSITIONS, refused(0, 401, "request expired"), WrongClockError, "NTP"),
        (POSITIONS, refused(77777), UnreachableHostError, "try again later"),
    ],
)
async def test_what_is_wrong_is_said(
    fake: FakePhemex, what: str, answer: Answer, kind: type[VenueSetupError], text: str
) -> None:
    fake.script(what, answer)
    with pytest.raises(kind, match=text):
        await opened(fake)


async def test_nobody_there() -> None:
    async with closing(PhemexVenue(config(PERP), TestClock())) as venue:
        with pytest.raises(UnreachableHostError):
            await venue.open()


async def test_a_clock_that_is_minutes_off(fake: FakePhemex) -> None:
    wrong = {"Date": formatdate(time.time_ns() // 10**9 - 600, usegmt=True)}
    fake.script(PRODUCTS, Answer(body=frame("products"), headers=wrong))
    with pytest.raises(WrongClockError, match="NTP"):
        await opened(fake)


@pytest.mark.parametrize(
    ("pairs", "text"),
    [(["sNEWUSDT"], "does not list"), (["sETHUSDT", "sETHUSDC"], "one wallet only")],
)
async def test_pairs_that_cannot_be_guarded(fake: FakePhemex, pairs: list[str], text: str) -> None:
    body = frame("products").replace(b'"sSHIBUSDT"', b'"sETHUSDC"')
    body = body.replace(b'"baseCurrency": "SHIB"', b'"baseCurrency": "ETH"')
    fake.script(PRODUCTS, Answer(body=body))
    kept = dict.fromkeys((Symbol(pair) for pair in pairs), Decimal(0))
    async with closing(PhemexVenue(config(SPOT, fake.url, kept_qty=kept), TestClock())) as venue:
        with pytest.raises(VenueSetupError, match=text):
            await venue.open()


async def test_a_guarded_pair_is_kept_in_mind_from_the_start(
    fake: FakePhemex, spot: PhemexVenue
) -> None:
    assert spot.shelf.tracked == (ETH,)
    spot.watch([ETH])
    assert spot.shelf.tracked == (ETH,)
    assert fake.asked("GET /spot/wallets")[0].well_signed
