"""Opening an account, spot holdings out of balances, terms and prices, over a real socket."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core.commands import QueryMarket, QueryQuote
from daemon.core.events import (
    MarketRead,
    PositionRow,
    PositionSnapshot,
    QueryFailed,
    Quote,
    QuoteSource,
    Undecodable,
)
from daemon.core.terms import Symbol
from daemon.venues.binance.config import APIS
from daemon.venues.binance.holdings import BinanceHoldings
from daemon.venues.binance.markets import BinanceMarkets
from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.binance.wire import SPOT, USDM
from daemon.venues.errors import (
    BusyVenueError,
    UnreachableHostError,
    VenueSetupError,
    WrongClockError,
    WrongKeyError,
)
from tests.venues.binance.builders import ACCOUNT, SOL, SUI
from tests.venues.binance.fake_binance import Answer, FakeBinance, config, ok, refused
from tests.venues.kalshi.builders import TestClock
from tests.venues.listening import closing

D = Decimal


async def test_a_spot_holding_is_its_balance_less_what_is_kept(fake: FakeBinance) -> None:
    async with closing(BinanceVenue(config(SPOT, fake.url, {SOL: "5.5"}), TestClock())) as venue:
        (snapshot,) = await venue.reader.positions()
        assert isinstance(snapshot, PositionSnapshot)
        assert snapshot.rows == (PositionRow(symbol=SOL, position_qty=D("7.5")),)
        assert fake.sent("GET /api/v3/account")[0].query["omitZeroBalances"] == "true"


async def test_a_spot_holding_taken_from_fills_is_its_whole_balance(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    (nothing,) = await spot.reader.positions()
    assert isinstance(nothing, PositionSnapshot)
    assert nothing.rows == ()
    spot.reader.note([SOL])
    (snapshot,) = await spot.reader.positions()
    assert isinstance(snapshot, PositionSnapshot)
    assert snapshot.rows == (PositionRow(symbol=SOL, position_qty=D(13)),)


async def test_one_coin_is_held_once_and_a_pair_that_is_gone_is_passed_over(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    other = ok("spot_exchange_info").body.replace(b"SOLUSDT", b"SOLUSDC")
    fake.script("GET /api/v3/exchangeInfo", ok("spot_exchange_info"), Answer(body=other))
    spot.reader.note([SOL, Symbol("SOLUSDC"), Symbol("GONEUSDT")])
    (snapshot,) = await spot.reader.positions()
    assert isinstance(snapshot, PositionSnapshot)
    assert [row.symbol for row in snapshot.rows] == [SOL]
    assert isinstance(spot.reader._holdings, BinanceHoldings)


async def test_more_kept_than_there_is_holds_nothing(fake: FakeBinance) -> None:
    async with closing(BinanceVenue(config(SPOT, fake.url, {SOL: "20"}), TestClock())) as venue:
        (snapshot,) = await venue.reader.positions()
        assert isinstance(snapshot, PositionSnapshot)
        assert snapshot.rows == ()


async def test_terms_and_prices(fake: FakeBinance, usdm: BinanceVenue) -> None:
    ask = QueryMarket(account=ACCOUNT, venue=USDM, symbol=SUI)
    for _ in range(2):
        (market,) = await usdm.market(ask)
        assert isinstance(market, MarketRead)
    assert len(fake.sent("GET /fapi/v1/exchangeInfo")) == 1
    assert usdm.session.weight.capacity == 2_400
    (quote,) = await usdm.quote(QueryQuote(account=ACCOUNT, venue=USDM, symbol=SUI))
    assert isinstance(quote, Quote)
    assert quote.source is QuoteSource.REST
    assert "X-MBX-APIKEY" not in fake.sent("GET /fapi/v1/ticker/bookTicker")[0].headers


async def test_terms_and_prices_that_cannot_be_told(fake: FakeBinance, spot: BinanceVenue) -> None:
    ask, price = "GET /api/v3/exchangeInfo", "GET /api/v3/ticker/bookTicker"
    for answer in (Answer(500, b""), Answer(body=b"[]"), Answer(body=b'{"symbols":[]}')):
        fake.script(ask, answer)
        (failed,) = await spot.market(QueryMarket(account=ACCOUNT, venue=SPOT, symbol=SOL))
        assert isinstance(failed, QueryFailed)
    odd = ok("spot_exchange_info").body.replace(b'"TRADING"', b'"PONDERING"')
    fake.script(ask, Answer(body=odd))
    said, failed = await spot.market(QueryMarket(account=ACCOUNT, venue=SPOT, symbol=SOL))
    assert isinstance(said, Undecodable)
    fake.script(price, Answer(500, b""), Answer(500, b""), Answer(500, b""), Answer(body=b"[]"))
    (failed,) = await spot.quote(QueryQuote(account=ACCOUNT, venue=SPOT, symbol=SOL))
    assert isinstance(failed, QueryFailed)
    said, failed = await spot.quote(QueryQuote(account=ACCOUNT, venue=SPOT, symbol=SOL))
    assert isinstance(said, Undecodable)
    assert isinstance(failed, QueryFailed)
    assert isinstance(spot._markets, BinanceMarkets)


async def test_an_account_that_opens(fake: FakeBinance) -> None:
    for venue, kept in ((SPOT, {SOL: "1"}), (USDM, None)):
        async with closing(BinanceVenue(config(venue, fake.url, kept), TestClock())) as opened:
            assert await opened.open() == ()
            assert opened.session.config.api is APIS[venue]


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (refused(401, -2015, "Invalid API-key"), WrongKeyError, "API key"),
        (refused(400, -1022, "Signature"), WrongKeyError, "API key"),
        (refused(400, -1021, "Timestamp"), WrongClockError, "NTP"),
        (refused(418, -1003, "banned", Retry_After="60"), BusyVenueError, "banned"),
        (Answer(404, b"<html>"), UnreachableHostError, "address"),
    ],
)
async def test_an_account_that_does_not_open_says_what_to_do(
    fake: FakeBinance, spot: BinanceVenue, answer: Answer, error: type[Exception], says: str
) -> None:
    fake.script("GET /api/v3/account", answer)
    with pytest.raises(error, match=says):
        await spot.open()


async def test_a_clock_that_is_minutes_off(fake: FakeBinance) -> None:
    async with closing(BinanceVenue(config(SPOT, fake.url), TestClock(ahead_s=600))) as venue:
        with pytest.raises(WrongClockError, match=r"(59|60)\d s"):
            await venue.open()
        fake.badly_signed.clear()  # it was, until the venue's clock was known


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        ({SOL: "-1"}, "below 0"),
        ({Symbol("GONEUSDT"): "0"}, "GONEUSDT"),
        ({SOL: "0", Symbol("SOLUSDC"): "0"}, "same SOL"),
    ],
)
async def test_pairs_that_cannot_be_held(
    fake: FakeBinance, kept: dict[Symbol, str], says: str
) -> None:
    both = json.loads(ok("spot_exchange_info").body)
    both["symbols"].append({**both["symbols"][0], "symbol": "SOLUSDC"})
    fake.script("GET /api/v3/exchangeInfo", Answer(body=json.dumps(both).encode()))
    async with closing(BinanceVenue(config(SPOT, fake.url, kept), TestClock())) as venue:
        with pytest.raises(VenueSetupError, match=says):
            await venue.open()


def test_no_secret_is_shown(fake: FakeBinance) -> None:
    shown = repr(replace(config(SPOT, "127.0.0.1:1")))
    assert "secret" not in shown
    assert "key-of-the-tests" not in shown
