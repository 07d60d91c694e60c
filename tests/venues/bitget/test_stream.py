"""Live feeds over real sockets: login, subscriptions, losses, prices that are taken back."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import TypeVar

import pytest

from daemon.core.commands import QueryFills
from daemon.core.events import (
    Event,
    FeedLost,
    FeedRestored,
    Fill,
    OrderSnapshot,
    PositionSnapshot,
    Quote,
    QuoteSource,
    StreamLost,
    StreamRestored,
    Undecodable,
)
from daemon.core.terms import NANOS, PositionSide, Symbol
from daemon.ports import QuotesCanceled
from daemon.venues.bitget.heart import DEAD_PINGS, Heart
from daemon.venues.bitget.private_feed import SEEN_LIMIT, PrivateFeed
from daemon.venues.bitget.public_feed import PublicFeed
from daemon.venues.bitget.stream import BitgetStream
from daemon.venues.bitget.stream_wire import MESSAGE_BYTES, book_args, encode_subscribe
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.bitget.wire import Dialect, Market
from tests.venues.bitget.builders import ACCOUNT, ETH, SOL, D, data, frame
from tests.venues.bitget.conftest import Make
from tests.venues.bitget.fake_bitget import Answer, FakeBitget, success
from tests.venues.kalshi.builders import TestClock
from tests.venues.listening import Heard, running, until

PRIVATE, PUBLIC = "/v2/ws/private", "/v2/ws/public"
UTA_PRIVATE, UTA_PUBLIC = "/v3/ws/private", "/v3/ws/public"
Kind = TypeVar("Kind", bound=Event)


def now_book(name: str, late_ms: int = 0, **levels: object) -> bytes:
    """A book that was sent just now."""
    push = json.loads(frame(name))
    push["ts"] = time.time_ns() // 10**6 - late_ms
    push["data"][0].update(levels)
    return json.dumps(push).encode()


async def confirmed(heard: Heard, count: int = 1) -> None:
    await until(lambda: len(heard.of(StreamRestored)) == count)


async def test_login_subscriptions_and_facts(fake: FakeBitget, futures: BitgetVenue) -> None:
    async with running(futures) as heard:
        await confirmed(heard)
        channels = {arg["channel"] for arg in fake.subscribed(PRIVATE)}
        assert channels == {
            "orders", "fill", "orders-algo", "positions", "positions-history", "adl-noti",
            "account",
        }  # fmt: skip
        assert {arg["instType"] for arg in fake.subscribed(PRIVATE)} == {"USDT-FUTURES"}
        await fake.say(PRIVATE, frame("mix_orders_partial"), frame("mix_positions"), b"{}")
        await until(lambda: heard.of(Undecodable))
        assert len(heard.of(Fill)) == len(heard.of(OrderSnapshot)) == 1
        assert futures.session.modes.margin == {
            (ETH, PositionSide.LONG): "isolated",
            (ETH, PositionSide.SHORT): "isolated",
        }
        assert [len(timestamp) for timestamp in fake.logins()] == [10]
        assert not heard.of(StreamLost)


async def test_a_unified_account(fake: FakeBitget, make: Make) -> None:
    venue = make(Market.FUTURES, dialect=Dialect.UTA)
    async with running(venue) as heard:
        await confirmed(heard)
        assert {arg["topic"] for arg in fake.subscribed(UTA_PRIVATE)} == {
            "order", "fill", "account", "position", "strategy-order", "adl-notification",
        }  # fmt: skip
        await fake.say(UTA_PRIVATE, frame("uta_order"), frame("uta_fill"))
        await until(lambda: heard.of(Fill))
        assert heard.of(Fill)[0].position_side is PositionSide.LONG
        venue.watch([ETH])
        await until(lambda: fake.subscribed(UTA_PUBLIC))
        await fake.say(UTA_PUBLIC, now_book("uta_books1"))
        await until(lambda: [q for q in heard.of(Quote) if q.source is QuoteSource.BOOK])
        wanted = {"instType": "usdt-futures", "topic": "books1", "symbol": "ETHUSDT"}
        assert fake.subscribed(UTA_PUBLIC) == [wanted]


async def test_a_lost_socket_is_told_once_and_mended(fake: FakeBitget, spot: BitgetVenue) -> None:
    async with running(spot) as heard:
        await confirmed(heard)
        await fake.sockets[PRIVATE][-1].close()
        await confirmed(heard, 2)
        assert len(heard.of(StreamLost)) == 1
        assert len(fake.subscribed(PRIVATE)) == 8


async def test_a_login_in_seconds_is_refused_and_milliseconds_are_tried(
    fake: FakeBitget, spot: BitgetVenue
) -> None:
    fake.refuse_login = "seconds"
    async with running(spot) as heard:
        await confirmed(heard)
        assert [len(timestamp) for timestamp in fake.logins()] == [10, 13]
        (lost,) = heard.of(StreamLost)
        assert "30005" in lost.text


async def test_subscriptions_that_are_not_confirmed(fake: FakeBitget, make: Make) -> None:
    fake.silent_channels = {"fill"}
    async with running(make(Market.SPOT, confirm_s=0.2)) as heard:
        await until(lambda: heard.of(StreamLost))
        assert "not confirmed" in heard.of(StreamLost)[0].text
        assert not heard.of(StreamRestored)


async def test_pings_keep_a_quiet_connection(fake: FakeBitget, make: Make) -> None:
    clock = TestClock()
    async with running(make(Market.SPOT, clock=clock)) as heard:
        await confirmed(heard)
        await until(lambda: fake.sockets.get(PUBLIC))
        for number in range(DEAD_PINGS + 1):
            clock.pass_s(10)
            for path in (PRIVATE, PUBLIC):
                await until(lambda: fake.said.count((path, "ping")) > number)  # noqa: B023
            await asyncio.sleep(0.1)
        assert not heard.of(StreamLost)
        fake.mute_pongs = True
        clock.pass_s(60)
        await heard.wait(StreamLost)
        assert heard.of(StreamLost)[0].text == "the websocket is silent"


async def test_a_stream_that_answers_pings_and_delivers_nothing_is_given_up(
    fake: FakeBitget, make: Make
) -> None:
    venue = make(Market.SPOT, missed_fill_s=0.01)
    async with running(venue) as heard:
        await confirmed(heard)
        query = QueryFills(account=ACCOUNT, venue=Market.SPOT.venue, symbol=SOL, since_ns=1)
        await venue.fills(query)
        await asyncio.sleep(1.1)
        at_ms = str(time.time_ns() // 10**6 - 20)
        rows = json.loads(bytes(data("spot_rest_fills")))
        fake.script(
            "GET /api/v2/spot/trade/fills",
            success([{**rows[0], "cTime": at_ms, "tradeId": "lost"}]),
        )
        assert not heard.of(StreamLost)
        await venue.fills(query)
        await until(lambda: heard.of(StreamLost))
        assert "did not deliver fill lost" in heard.of(StreamLost)[0].text
        await confirmed(heard, 2)


async def test_what_no_order_of_ours_did_is_looked_up(
    fake: FakeBitget, futures: BitgetVenue
) -> None:
    async with running(futures) as heard:
        await confirmed(heard)
        await fake.say(PRIVATE, frame("mix_adl"))
        await until(lambda: heard.of(PositionSnapshot))
        assert heard.of(Fill)


async def test_prices(fake: FakeBitget, spot: BitgetVenue) -> None:
    fake.script("GET /api/v2/spot/market/orderbook", Answer(503))
    async with running(spot) as heard:
        spot.watch([SOL])
        await until(lambda: fake.subscribed(PUBLIC))
        await until(lambda: heard.of(FeedLost))
        await fake.say(PUBLIC, now_book("books1"), now_book("books1"), now_book("books1", seq=1))
        await until(lambda: heard.of(FeedRestored))
        await fake.say(PUBLIC, now_book("books1", bids=[["150.29", "2"]], seq=913))
        await until(lambda: len(heard.of(Quote)) == 2)
        assert [quote.bid_px for quote in heard.of(Quote)] == [D("150.28"), D("150.29")]
        assert {quote.source for quote in heard.of(Quote)} == {QuoteSource.BOOK}
        spot.watch([])
        await until(lambda: fake.subscribed(PUBLIC, "unsubscribe"))


async def test_a_quiet_symbol_is_asked_for_by_rest(fake: FakeBitget, make: Make) -> None:
    venue = make(Market.SPOT, feed_alive_s=0.3)
    async with running(venue) as heard:
        venue.watch([SOL])
        await until(lambda: fake.subscribed(PUBLIC))
        await fake.say(PUBLIC, now_book("books1"))
        await until(lambda: heard.of(QuotesCanceled))
        assert heard.of(QuotesCanceled)[0].symbols == (SOL,)
        before = len(heard.of(Quote))
        await until(lambda: len(heard.of(Quote)) > before)
        assert heard.of(Quote)[-1].source is QuoteSource.REST
        assert not heard.of(FeedLost)


async def test_a_late_push_prices_nothing(fake: FakeBitget, spot: BitgetVenue) -> None:
    async with running(spot) as heard:
        spot.watch([SOL])
        await until(lambda: fake.subscribed(PUBLIC))
        await fake.say(PUBLIC, now_book("books1"))
        await until(lambda: [q for q in heard.of(Quote) if q.source is QuoteSource.BOOK])
        await fake.say(PUBLIC, now_book("books1", late_ms=20_000, seq=999))
        await until(lambda: heard.of(QuotesCanceled))
        assert not spot.stream.public.prices(SOL)


async def test_a_lost_public_socket_takes_its_prices_back(
    fake: FakeBitget, spot: BitgetVenue
) -> None:
    async with running(spot) as heard:
        spot.watch([SOL])
        await until(lambda: fake.subscribed(PUBLIC))
        await fake.say(PUBLIC, now_book("books1"))
        await until(lambda: [q for q in heard.of(Quote) if q.source is QuoteSource.BOOK])
        await fake.sockets[PUBLIC][-1].close()
        await until(lambda: heard.of(QuotesCanceled))
        await until(lambda: len(fake.subscribed(PUBLIC)) == 2)
        assert not heard.of(StreamLost)


async def test_a_lost_private_socket_leaves_the_prices(fake: FakeBitget, spot: BitgetVenue) -> None:
    async with running(spot) as heard:
        await confirmed(heard)
        spot.watch([SOL])
        await until(lambda: fake.subscribed(PUBLIC))
        await fake.say(PUBLIC, now_book("books1"))
        await until(lambda: [q for q in heard.of(Quote) if q.source is QuoteSource.BOOK])
        await fake.sockets[PRIVATE][-1].close()
        await until(lambda: heard.of(StreamLost))
        again = heard[heard.index(heard.of(StreamLost)[0]) + 1]
        assert isinstance(again, Quote)
        assert again.source is QuoteSource.BOOK


async def test_nobody_there_is_tried_again(make: Make) -> None:
    venue = make(Market.SPOT, rest_url="http://127.0.0.1:9", ws_url="ws://127.0.0.1:9")
    async with running(venue) as heard:
        venue.watch([SOL])
        await until(lambda: heard.of(StreamLost) and heard.of(FeedLost))
        await asyncio.sleep(0.2)
        assert len(heard.of(StreamLost)) == len(heard.of(FeedLost)) == 1


@pytest.mark.parametrize("dialect", Dialect)
def test_a_subscription_is_cut_into_messages_that_bitget_takes(dialect: Dialect) -> None:
    symbols = [Symbol(f"COIN{number}USDT") for number in range(200)]
    messages = list(encode_subscribe(book_args(Market.SPOT, dialect, symbols)))
    assert all(len(message) <= MESSAGE_BYTES for message in messages)
    assert len(messages) > 1
    named = [arg for message in messages for arg in json.loads(message)["args"]]
    assert [arg.get("instId") or arg.get("symbol") for arg in named] == symbols


def test_a_heart() -> None:
    sent: list[bytes] = []
    heart = Heart(sent.append, 10.0, 0)
    heart.tick(9 * NANOS)
    heart.tick(10 * NANOS)
    heart.tick(19 * NANOS)
    assert sent == [b"ping"]
    assert not heart.silent(30 * NANOS)
    assert heart.silent(31 * NANOS)
    heart.heard(31 * NANOS)
    assert not heart.silent(61 * NANOS)


def feed(venue: BitgetVenue) -> tuple[PrivateFeed, list[Event]]:
    events: list[Event] = []
    return PrivateFeed(venue.session, events.append, lambda _symbols: None), events


def test_few_seen_fills_are_kept(futures: BitgetVenue) -> None:
    private, events = feed(futures)
    row = json.loads(frame("mix_fill"))
    for number in range(SEEN_LIMIT + 3):
        row["data"][0]["tradeId"] = str(number)
        private.received(json.dumps(row).encode())
    assert len(events) == SEEN_LIMIT + 3
    assert len(private._seen) == SEEN_LIMIT


def refusal(code: str, channel: str) -> bytes:
    arg = {"instType": "USDT-FUTURES", "channel": channel, "instId": "default"}
    return json.dumps({"event": "error", "arg": arg, "code": code, "msg": "why"}).encode()


async def test_before_it_is_confirmed_nothing_is_missed(futures: BitgetVenue) -> None:
    private, events = feed(futures)
    private.received(frame("mix_fill"))
    (fill,) = events
    assert isinstance(fill, Fill)
    private.compare([replace(fill, transact_time_ns=futures.session.venue_ns())])
    assert private.overdue() is None


@pytest.mark.parametrize(
    ("raw", "broken"),
    [
        (refusal("30001", "adl-noti"), False),
        (refusal("30001", "fill"), True),
        (frame("login_error"), True),
        (b'{"event":"error","code":30007,"msg":"over limit"}', True),
    ],
)
async def test_a_refusal_ends_the_connection_unless_we_can_do_without(
    futures: BitgetVenue, raw: bytes, *, broken: bool
) -> None:
    private, _events = feed(futures)
    await private.headers()
    private.opened(lambda _message: None)
    private.pinged()
    private.received(raw)
    assert private.errors == 1
    assert ("refused" in (private.overdue() or "")) is broken


def test_a_connection_that_begins_anew_prices_nothing(spot: BitgetVenue) -> None:
    public = PublicFeed(spot.session, lambda _event: None)
    public.opened(lambda _message: None)
    public.watch([SOL])
    public.received(now_book("books1"))
    assert public.prices(SOL)
    public.opened(lambda _message: None)
    assert not public.prices(SOL)


def test_a_public_error_is_counted(spot: BitgetVenue) -> None:
    events: list[Event] = []
    public = PublicFeed(spot.session, events.append)
    public.opened(lambda _message: None)
    public.pinged()
    public.received(frame("error"))
    public.received(b"[]")
    assert public.errors == 1
    assert len(events) == 1
    stream: BitgetStream = spot.stream
    assert not stream.public.prices(SOL)
