"""Prices and terms by REST, and products that are read again only when they are old."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.commands import QueryMarket, QueryQuote
from daemon.core.events import MarketPhase, MarketRead, QueryFailed, Quote, QuoteSource, Undecodable
from daemon.core.terms import RejectReason, Symbol, Venue
from daemon.venues.errors import UnreadableAnswerError
from daemon.venues.phemex.shelf import TRACKED_LIMIT
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.phemex.builders import ACCOUNT, ETH, PERPS, SOL, frame
from tests.venues.phemex.fake_phemex import Answer, FakePhemex, refused

D = Decimal
PRODUCTS = "GET /public/products"


def about(symbol: Symbol = SOL, venue: Venue = PERP) -> QueryMarket:
    return QueryMarket(account=ACCOUNT, venue=venue, symbol=symbol)


def price(symbol: Symbol = SOL, venue: Venue = PERP) -> QueryQuote:
    return QueryQuote(account=ACCOUNT, venue=venue, symbol=symbol)


async def test_a_quote_of_each_market(
    fake: FakePhemex, perps: PhemexVenue, spot: PhemexVenue
) -> None:
    (perp,) = await perps.quote(price())
    (other,) = await spot.quote(price(ETH, SPOT))
    assert isinstance(perp, Quote)
    assert isinstance(other, Quote)
    assert (perp.bid_px, perp.source) == (D("142.28"), QuoteSource.REST)
    assert other.ask_px == D("2500.1")
    (seen,) = fake.asked("GET /md/v2/orderbook")
    assert seen.query == {"symbol": "SOLUSDT"}
    assert "x-phemex-access-token" not in seen.headers


async def test_a_quote_that_is_none(fake: FakePhemex, perps: PhemexVenue) -> None:
    fake.script("GET /md/v2/orderbook", Answer(body=b"{}"))
    told, failed = await perps.quote(price())
    assert isinstance(told, Undecodable)
    assert isinstance(failed, QueryFailed)
    fake.script("GET /md/v2/orderbook", refused(0, 503))
    (failed,) = await perps.quote(price())
    assert isinstance(failed, QueryFailed)
    assert (failed.symbol, failed.query) == (SOL, "quote")


async def test_terms_are_read_once_for_a_while_and_dated_when_they_were(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    (first,) = await perps.market(about())
    (again,) = await perps.market(about())
    assert first == again
    assert isinstance(first, MarketRead)
    assert first.instrument == PERPS.product(SOL).instrument
    assert first.mono_ns == perps.shelf.stamp["mono_ns"]
    assert len(fake.asked(PRODUCTS)) == 1
    (closed,) = await perps.market(about(Symbol("XRPUSDT")))
    assert isinstance(closed, MarketRead)
    assert closed.phase is MarketPhase.CLOSED


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [("sNEWUSDT", RejectReason.NOT_FOUND), ("sODDUSDT", RejectReason.VENUE_ERROR)],
)
async def test_terms_of_what_is_not_known(
    spot: PhemexVenue, symbol: str, reason: RejectReason
) -> None:
    (failed,) = await spot.market(about(Symbol(symbol), SPOT))
    assert isinstance(failed, QueryFailed)
    assert failed.reason is reason


async def test_old_products_stay_when_new_ones_cannot_be_read(
    fake: FakePhemex, perps: PhemexVenue
) -> None:
    perps.shelf._read_ns = None
    fake.script(PRODUCTS, refused(0, 500))
    (failed,) = await perps.market(about())
    assert isinstance(failed, QueryFailed)
    assert perps.shelf.products.product(SOL).instrument.symbol == SOL
    fake.script(PRODUCTS, Answer(body=b'{"code":0,"data":{}}'))
    with pytest.raises(UnreadableAnswerError):
        await perps.shelf.read()
    body = json.loads(frame("products"))
    body["data"]["perpProductsV2"][0]["status"] = "Suspended"
    fake.script(PRODUCTS, Answer(body=json.dumps(body).encode()))
    (read,) = await perps.market(about())
    assert isinstance(read, MarketRead)
    assert read.phase is MarketPhase.PAUSED


async def test_only_so_many_symbols_are_kept_in_mind(perps: PhemexVenue, spot: PhemexVenue) -> None:
    names = [Symbol(f"S{number}USDT") for number in range(TRACKED_LIMIT + 3)]
    perps.shelf.note(names)
    perps.shelf.note(names[5:6])
    assert len(perps.shelf.tracked) == TRACKED_LIMIT
    assert perps.shelf.tracked[-1] == names[5]
    assert names[0] not in perps.shelf.tracked
    spot.shelf.note(names)
    assert spot.shelf.tracked[0] == ETH
    assert len(spot.shelf.tracked) == TRACKED_LIMIT
