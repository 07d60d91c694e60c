"""Opening says what is wrong; quotes and markets; pauses ahead; keys in files; the session."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from daemon.core.commands import QueryMarket, QueryQuote
from daemon.core.events import (
    MarketRead,
    QueryFailed,
    Quote,
    Settlement,
    Undecodable,
    VenuePaused,
    VenueResumed,
)
from daemon.core.terms import NANOS, RejectReason
from daemon.ports import Venue
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import (
    RateLimitError,
    UnreachableHostError,
    VenueSetupError,
    WrongClockError,
    WrongKeyError,
)
from daemon.venues.kalshi.config import load_signer
from daemon.venues.kalshi.exchange_wire import Pause, decode_pauses, decode_status
from daemon.venues.kalshi.listing import account_call
from daemon.venues.kalshi.markets import DEPTH
from daemon.venues.kalshi.pauses import PauseWatch
from daemon.venues.kalshi.session import KalshiSession
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.kalshi.wire import VENUE
from tests.venues.kalshi.builders import ACCOUNT, AT_NS, TICKER, TestClock, config, frame
from tests.venues.kalshi.fake_kalshi import Answer, FakeKalshi, ok, refused
from tests.venues.listening import closing

BOOK = f"GET /markets/{TICKER}/orderbook"
MARKET = f"GET /markets/{TICKER}"
HOUR = 3_600 * NANOS


async def test_it_is_a_venue(fake: FakeKalshi, venue: KalshiVenue) -> None:
    port: Venue = venue
    await port.open()
    session = venue.session
    assert (session.read_tokens.capacity, session.write_tokens.capacity) == (900, 600)
    assert session.costs == {("DELETE", "/portfolio/events/orders/{order_id}"): 2}
    assert fake.last("GET /portfolio/balance").query == {"subaccount": "0"}


async def test_limits_that_cannot_be_read_leave_the_lowest_tiers(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    fake.script("GET /account/limits", Answer(body=b"{}"))
    await venue.open()
    assert venue.session.write_tokens.capacity == 100


async def test_an_unreachable_host() -> None:
    async with closing(
        KalshiVenue(config("http://127.0.0.1:9/trade-api/v2"), TestClock())
    ) as venue:
        with pytest.raises(UnreachableHostError, match=r"127\.0\.0\.1:9.*check the address"):
            await venue.open()


@pytest.mark.parametrize(
    ("answer", "kind", "hint"),
    [
        (refused(401, "authentication_error", "NOT_FOUND"), WrongKeyError, "demo and production"),
        (Answer(403, b"nope"), WrongKeyError, "private key"),
        (refused(401, "header_timestamp_expired"), WrongClockError, "NTP"),
        (refused(404, "not_found"), UnreachableHostError, "/trade-api/v2"),
        (Answer(503, b""), UnreachableHostError, "try again later"),
    ],
)
async def test_opening_says_what_to_do(
    fake: FakeKalshi,
    venue: KalshiVenue,
    answer: Answer,
    kind: type[VenueSetupError],
    hint: str,
) -> None:
    fake.script("GET /portfolio/balance", answer)
    with pytest.raises(kind, match=hint):
        await venue.open()


async def test_a_wrong_clock_is_corrected_at_opening(fake: FakeKalshi) -> None:
    async with closing(KalshiVenue(config(fake.url), TestClock(ahead_s=-90))) as venue:
        await venue.open()
        assert abs(venue.skew_ns / NANOS + 90) < 6
        stamps = [int(s.headers["KALSHI-ACCESS-TIMESTAMP"]) for s in fake.seen]
        assert stamps[1] - stamps[0] > 88_000


async def test_a_closed_exchange_is_told_at_opening(fake: FakeKalshi, venue: KalshiVenue) -> None:
    body = b'{"exchange_active":true,"trading_active":false,"exchange_estimated_resume_time":null}'
    fake.script("GET /exchange/status", Answer(503, body))
    events = await venue.open()
    assert isinstance(events[0], VenuePaused)


def ask_quote() -> QueryQuote:
    return QueryQuote(account=ACCOUNT, venue=VENUE, symbol=TICKER)


async def test_a_quote(fake: FakeKalshi, venue: KalshiVenue) -> None:
    fake.script(BOOK, ok("orderbook"))
    (quote,) = await venue.quote(ask_quote())
    assert isinstance(quote, Quote)
    assert (quote.bid_px, quote.ask_px) == (Decimal("0.41"), Decimal("0.44"))
    assert fake.last(BOOK).query == {"depth": DEPTH}


async def test_a_quote_that_cannot_be_had(fake: FakeKalshi, venue: KalshiVenue) -> None:
    (failed,) = await venue.quote(ask_quote())
    assert isinstance(failed, QueryFailed)
    assert (failed.reason, failed.symbol) == (RejectReason.NOT_FOUND, TICKER)
    fake.script(BOOK, Answer(body=b"{}"))
    unread, failed = await venue.quote(ask_quote())
    assert isinstance(unread, Undecodable)
    assert isinstance(failed, QueryFailed)


def ask_market() -> QueryMarket:
    return QueryMarket(account=ACCOUNT, venue=VENUE, symbol=TICKER)


async def test_a_market_that_trades(fake: FakeKalshi, venue: KalshiVenue) -> None:
    fake.script(MARKET, ok("market"))
    (market,) = await venue.market(ask_market())
    assert isinstance(market, MarketRead)


async def test_a_market_that_is_over_comes_with_its_settlement(
    fake: FakeKalshi, venue: KalshiVenue
) -> None:
    body = json.loads(frame("market"))
    body["market"].update(status="finalized", result="no", settlement_value_dollars="0.0000")
    fake.script(f"GET /historical/markets/{TICKER}", Answer(body=json.dumps(body).encode()))
    market, paid = await venue.market(ask_market())
    assert isinstance(market, MarketRead)
    assert market.settl_px == 0
    assert isinstance(paid, Settlement)
    assert fake.last("GET /portfolio/settlements").query["ticker"] == TICKER
    fake.script("GET /portfolio/settlements", Answer(503, b""))
    market, failed = await venue.market(ask_market())
    assert isinstance(failed, QueryFailed)


async def test_a_market_that_cannot_be_read(fake: FakeKalshi, venue: KalshiVenue) -> None:
    (failed,) = await venue.market(ask_market())
    assert isinstance(failed, QueryFailed)
    fake.script(MARKET, Answer(body=b'{"market":{}}'))
    unread, failed = await venue.market(ask_market())
    assert isinstance(unread, Undecodable)


def test_the_weekly_pause_is_in_new_yorks_time_and_windows_are_added() -> None:
    pauses = decode_pauses(frame("exchange_schedule"), AT_NS)
    thursday_0800_utc = AT_NS - 8 * HOUR - HOUR // 2 + 2 * 24 * HOUR + 8 * HOUR
    window = AT_NS - 8 * HOUR - HOUR // 2 + 4 * 24 * HOUR + 7 * HOUR
    assert pauses == (
        Pause(start_ns=thursday_0800_utc, end_ns=thursday_0800_utc + 2 * HOUR),
        Pause(start_ns=window, end_ns=window + HOUR),
    )


def test_within_a_pause_it_is_still_listed_and_a_summer_pause_is_an_hour_earlier() -> None:
    first = decode_pauses(frame("exchange_schedule"), AT_NS)[0]
    assert decode_pauses(frame("exchange_schedule"), first.start_ns + HOUR)[0] == first
    july = AT_NS - 153 * 24 * HOUR
    assert decode_pauses(frame("exchange_schedule"), july)[0].start_ns % (24 * HOUR) == 7 * HOUR


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"schedule":{"standard_hours":[{"start_time":"x","end_time":"y"}]}}',
        frame("exchange_schedule").replace(b"03:00", b"three"),
    ],
)
def test_a_schedule_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode_pauses(body, AT_NS)
    over = frame("exchange_schedule").replace(b"2027-12-31", b"2026-12-01")
    assert len(decode_pauses(over, AT_NS)) == 1
    empty = b'{"schedule":{"standard_hours":[],"maintenance_windows":null}}'
    assert decode_pauses(empty, AT_NS) == ()


def test_the_status_speaks_for_shard_0_and_names_the_closed_ones() -> None:
    status = decode_status(frame("exchange_status"))
    assert (status.trading, status.closed_shards) == (True, (2,))


class FixedClock(TestClock):
    """A wall clock of our choice."""

    wall = AT_NS

    def wall_ns(self) -> int:
        return self.wall


async def test_a_pause_within_a_day_is_announced_once(fake: FakeKalshi) -> None:
    clock = FixedClock()
    async with closing(KalshiVenue(config(fake.url), clock)) as venue:
        for key in list(fake.answers):
            for answer in fake.answers[key]:
                answer.headers["Date"] = "not a date"
        watch = PauseWatch(venue.session)
        assert await watch.poll() == ()
        clock.wall = AT_NS + 30 * HOUR
        (paused,) = await watch.poll()
        assert isinstance(paused, VenuePaused)
        assert 0 < paused.pause_time_ns - clock.wall < 24 * HOUR
        assert paused.resume_time_ns == paused.pause_time_ns + 2 * HOUR
        assert list(await watch.poll()) == []
        off = b'{"exchange_active":true,"trading_active":false}'
        fake.script("GET /exchange/status", Answer(body=off))
        (now,) = await watch.poll()
        assert isinstance(now, VenuePaused)
        assert now.pause_time_ns == 0
        assert list(await watch.poll()) == []
        fake.script("GET /exchange/status", Answer(500, b""), ok("exchange_status"))
        assert list(await watch.poll()) == []
        (resumed,) = await watch.poll()
        assert isinstance(resumed, VenueResumed)
        fake.script("GET /exchange/status", Answer(body=b"[]"))
        (unread,) = await watch.poll()
        assert isinstance(unread, Undecodable)


async def test_a_429_is_waited_out(fake: FakeKalshi, venue: KalshiVenue) -> None:
    session: KalshiSession = venue.session
    fake.script("GET /x", refused(429, "too_many_requests"), Answer(body=b"1"))
    assert await session.get(account_call(session, "/x")) == b"1"
    fake.script("GET /x", refused(429, "too_many_requests"))
    with pytest.raises(RateLimitError):
        await session.get(account_call(session, "/x", urgent=True))


def test_a_key_file(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with pytest.raises(WrongKeyError, match="cannot read"):
        load_signer(path)
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    path.write_bytes(pem)
    path.chmod(0o600)
    assert load_signer(path)[1] is None
    path.chmod(0o644)
    assert "0644" in (load_signer(path)[1] or "")


def test_a_config_can_be_changed_by_copy() -> None:
    assert replace(config(), subaccount=3).subaccount == 3
