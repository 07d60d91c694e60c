"""Opening proves host, clock, key and dialect; quotes and markets; RSA keys; the port."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from daemon.core.commands import QueryMarket, QueryQuote
from daemon.core.events import MarketRead, QueryFailed, Quote, Undecodable
from daemon.core.terms import NANOS, RejectReason
from daemon.ports import Venue
from daemon.venues.bitget.markets import BitgetMarkets
from daemon.venues.bitget.session import Call
from daemon.venues.bitget.sign import BitgetSigner
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.bitget.wire import Dialect, Market
from daemon.venues.errors import (
    RateLimitError,
    UnreachableHostError,
    VenueSetupError,
    WrongClockError,
    WrongKeyError,
)
from tests.venues.bitget.builders import ACCOUNT, ETH, SOL, D
from tests.venues.bitget.conftest import Make
from tests.venues.bitget.fake_bitget import Answer, FakeBitget, ok, refused, success
from tests.venues.kalshi.builders import TestClock

ASSETS = "GET /api/v2/spot/account/assets"
POSITIONS = "GET /api/v2/mix/position/all-position"
SETTINGS = "GET /api/v3/account/settings"


def ask_market(market: Market) -> QueryMarket:
    symbol = SOL if market is Market.SPOT else ETH
    return QueryMarket(account=ACCOUNT, venue=market.venue, symbol=symbol)


def ask_quote(market: Market) -> QueryQuote:
    symbol = SOL if market is Market.SPOT else ETH
    return QueryQuote(account=ACCOUNT, venue=market.venue, symbol=symbol)


async def test_it_is_a_venue(fake: FakeBitget, spot: BitgetVenue) -> None:
    port: Venue = spot
    assert await port.open() == ()
    assert fake.paths() == ["GET /api/v2/public/time", ASSETS]
    assert spot.session.modes.dialect is Dialect.CLASSIC


@pytest.mark.parametrize(("market", "proof"), [(Market.SPOT, ASSETS), (Market.FUTURES, POSITIONS)])
async def test_the_dialect_is_asked_of_the_venue(
    fake: FakeBitget, make: Make, market: Market, proof: str
) -> None:
    fake.script(proof, refused("40085"))
    venue = make(market)
    await venue.open()
    assert venue.session.modes.dialect is Dialect.UTA
    assert venue.session.modes.hedged is True
    assert fake.paths()[-1] == SETTINGS


async def test_a_dialect_that_was_set_is_proven(fake: FakeBitget, make: Make) -> None:
    await make(Market.FUTURES, dialect=Dialect.UTA).open()
    assert fake.paths()[1:] == [SETTINGS]
    fake.script(POSITIONS, refused("40085"))
    with pytest.raises(WrongKeyError, match="set its dialect to uta"):
        await make(Market.FUTURES, dialect=Dialect.CLASSIC).open()


async def test_settings_that_cannot_be_read(fake: FakeBitget, make: Make) -> None:
    fake.script(SETTINGS, ok("place"))
    with pytest.raises(UnreachableHostError, match="dialect uta"):
        await make(Market.FUTURES, dialect=Dialect.UTA).open()


async def test_an_unreachable_host(make: Make) -> None:
    venue = make(Market.SPOT, rest_url="http://127.0.0.1:9")
    with pytest.raises(UnreachableHostError, match=r"127\.0\.0\.1:9.*check the address"):
        await venue.open()


@pytest.mark.parametrize(
    ("answer", "kind", "hint"),
    [
        (refused("40009"), WrongKeyError, "passphrase"),
        (refused("40018"), WrongKeyError, "IP"),
        (Answer(403, b"nope"), WrongKeyError, "key-1"),
        (refused("40008"), WrongClockError, "NTP"),
        (Answer(503, b""), UnreachableHostError, "try again later"),
    ],
)
async def test_opening_says_what_to_do(
    fake: FakeBitget,
    spot: BitgetVenue,
    answer: Answer,
    kind: type[VenueSetupError],
    hint: str,
) -> None:
    fake.script(ASSETS, answer)
    with pytest.raises(kind, match=hint) as caught:
        await spot.open()
    assert "words" not in str(caught.value)
    assert "fake-secret" not in str(caught.value)


@pytest.mark.parametrize(("ahead_s", "opens"), [(-90, True), (200, False)])
async def test_a_wrong_clock(make: Make, ahead_s: float, *, opens: bool) -> None:
    venue = make(Market.SPOT, clock=TestClock(ahead_s))
    if opens:
        await venue.open()
    else:
        with pytest.raises(WrongClockError, match="NTP"):
            await venue.open()
    assert abs(venue.skew_ns / NANOS - ahead_s) < 6


async def test_an_rsa_key_signs_off_the_loop(fake: FakeBitget, make: Make) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    venue = make(Market.SPOT, signer=BitgetSigner.from_secret("key-1", "words", pem))
    signed = venue.session.presign(Call(path="/x"))
    assert isinstance(signed.made, Future)
    assert signed.made.result()["ACCESS-KEY"] == "key-1"
    timestamp, passphrase, sign = await venue.session.login(seconds=False)
    assert (len(timestamp), passphrase, bool(sign)) == (13, "words", True)


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("market", Market)
async def test_a_quote_and_a_market(
    fake: FakeBitget, make: Make, market: Market, dialect: Dialect
) -> None:
    if market is Market.SPOT and dialect is Dialect.UTA:
        fake.script("GET /api/v3/market/instruments", ok("spot_rest_symbols"))
        fake.script("GET /api/v3/market/orderbook", ok("spot_rest_orderbook"))
    venue = make(market, dialect=dialect)
    (quote,) = await venue.quote(ask_quote(market))
    assert isinstance(quote, Quote)
    assert quote.bid_px == D("150.28" if market is Market.SPOT else "3049.5")
    assert fake.seen[-1].query["limit"] == "1"
    (read,) = await venue.market(ask_market(market))
    assert isinstance(read, MarketRead)
    assert read.instrument.venue == market.venue
    named = {"category": market.value}
    if dialect is Dialect.CLASSIC:
        named = {} if market is Market.SPOT else {"productType": "USDT-FUTURES"}
    symbol = "SOLUSDT" if market is Market.SPOT else "ETHUSDT"
    assert fake.seen[-1].query == {**named, "symbol": symbol}


async def test_a_market_that_no_row_is_of_is_not_found(fake: FakeBitget, spot: BitgetVenue) -> None:
    fake.script("GET /api/v2/spot/public/symbols", success([]))
    (failed,) = await spot.market(ask_market(Market.SPOT))
    assert isinstance(failed, QueryFailed)
    assert failed.reason is RejectReason.NOT_FOUND


async def test_a_quote_and_a_market_that_cannot_be_had(fake: FakeBitget, spot: BitgetVenue) -> None:
    fake.script("GET /api/v2/spot/market/orderbook", refused("40034"))
    fake.script("GET /api/v2/spot/public/symbols", Answer(503))
    for failed in (
        *await spot.quote(ask_quote(Market.SPOT)),
        *await spot.market(ask_market(Market.SPOT)),
    ):
        assert isinstance(failed, QueryFailed)
        assert failed.symbol == SOL
    fake.script("GET /api/v2/spot/market/orderbook", ok("place"))
    fake.script("GET /api/v2/spot/public/symbols", ok("mix_rest_contracts"))
    for unread, failed in (
        await spot.quote(ask_quote(Market.SPOT)),
        await spot.market(ask_market(Market.SPOT)),
    ):
        assert isinstance(unread, Undecodable)
        assert isinstance(failed, QueryFailed)
        assert failed.reason is RejectReason.VENUE_ERROR


async def test_terms_are_read_once(fake: FakeBitget, spot: BitgetVenue) -> None:
    markets = BitgetMarkets(spot.session)
    assert await markets.terms(SOL) is await markets.terms(SOL)
    assert len(fake.seen) == 1


async def test_a_question_waits_for_its_tokens(spot: BitgetVenue) -> None:
    spot.session.buckets["read"].shut(60)
    with pytest.raises(RateLimitError, match="our own rate limit"):
        await spot.session.get_once(Call(path="/x", patience_s=0.01))
