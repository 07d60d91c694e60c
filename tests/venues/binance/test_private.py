"""The private streams over real sockets: the way in, loss and recovery, dead and ended streams."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from daemon.core.events import (
    Fill,
    OrderAccepted,
    PositionSnapshot,
    StreamLost,
    StreamRestored,
    Undecodable,
)
from daemon.core.terms import Venue
from daemon.venues.binance.logins import ListenKeyLogin, SpotLogin
from daemon.venues.binance.private import PrivateStream
from daemon.venues.binance.sign import BinanceSigner
from daemon.venues.binance.stream import BinanceStream
from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.binance.wire import SPOT, USDM
from tests.venues.binance.builders import SOL, SUI, changed, frame, key, place_order
from tests.venues.binance.fake_binance import API_KEY, Answer, FakeBinance, config, refused
from tests.venues.kalshi.builders import TestClock
from tests.venues.listening import Heard, closing, running, until

SUBSCRIBE = "userDataStream.subscribe.signature"
USDM_TRADES = "GET /fapi/v1/userTrades"


def lost(heard: Heard) -> str:
    """Why the stream was lost."""
    event = heard.of(StreamLost)[-1]
    assert isinstance(event, StreamLost)
    return event.text


def venue_of(fake: FakeBinance, venue: Venue, **settings: object) -> BinanceVenue:
    return BinanceVenue(replace(config(venue, fake.url), **settings), TestClock())  # type: ignore[arg-type]


async def test_spot_subscribes_with_a_signature_and_delivers(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    async with running(spot) as heard:
        await heard.wait(StreamRestored)
        (request,) = fake.asked_for(SUBSCRIBE)
        params = request["params"]
        assert isinstance(params, dict)
        assert params["apiKey"] == API_KEY
        assert params["timestamp"] == int(params["timestamp"])
        await fake.say("spot_new")
        await fake.say("spot_trade_partial")
        await heard.wait(Fill)
        assert len(heard.of(OrderAccepted)) == 1
    assert isinstance(spot.stream, BinanceStream)
    assert isinstance(spot.stream._login, SpotLogin)


async def test_an_ed25519_key_logs_on_first(fake: FakeBinance) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    async with closing(venue_of(fake, SPOT, signer=BinanceSigner(private))) as venue:
        async with running(venue) as heard:
            await heard.wait(StreamRestored)
            methods = [message["method"] for message in fake.requests]
            assert methods == ["session.logon", "userDataStream.subscribe"]
            assert "params" not in fake.requests[1]
        fake.badly_signed.clear()  # the fake knows HMAC only


async def test_a_refused_subscription_is_tried_again(fake: FakeBinance, spot: BinanceVenue) -> None:
    fake.replies = [{"status": 400, "error": {"code": -1022, "msg": "Signature is not valid."}}]
    async with running(spot) as heard:
        await heard.wait(StreamLost)
        assert "-1022" in lost(heard)
        await heard.wait(StreamRestored)
        assert len(fake.asked_for(SUBSCRIBE)) == 2


async def test_a_ban_shuts_every_door(fake: FakeBinance, spot: BinanceVenue) -> None:
    (banned,) = [json.loads(frame("spot_banned"))]
    del banned["id"]
    fake.replies = [banned]
    async with running(spot) as heard:
        await heard.wait(StreamLost)
        assert "-1003" in lost(heard)
        assert spot.session.weight.take(1, urgent=True) > 500
        await until(lambda: fake.public)
        sockets, requests = len(fake.addresses), len(fake.seen)
        await fake.public[-1].close()
        await asyncio.sleep(0.4)
        assert (len(fake.addresses), len(fake.seen)) == (sockets, requests)


async def test_a_subscription_that_nobody_confirms(fake: FakeBinance) -> None:
    async with closing(venue_of(fake, SPOT, confirm_s=0.2)) as venue:
        fake.replies = [{}]
        async with running(venue) as heard:
            await heard.wait(StreamLost)
            assert "not confirmed" in lost(heard)
            await heard.wait(StreamRestored)


@pytest.mark.parametrize("name", ["spot_terminated", "spot_shutdown", "spot_revoked"])
async def test_a_spot_stream_that_ends_is_begun_anew(
    fake: FakeBinance, spot: BinanceVenue, name: str
) -> None:
    async with running(spot) as heard:
        await heard.wait(StreamRestored)
        await fake.say(name)
        await heard.wait(StreamRestored, 2)
        assert len(heard.of(StreamLost)) == 1
        assert len(fake.private) == 2


async def test_a_lost_connection_is_told_once_and_restored_once(
    fake: FakeBinance, usdm: BinanceVenue
) -> None:
    async with running(usdm) as heard:
        await heard.wait(StreamRestored)
        fake.refuse_sockets = 502
        await fake.private[-1].close()
        await heard.wait(StreamLost)
        await asyncio.sleep(0.3)
        fake.refuse_sockets = 0
        await heard.wait(StreamRestored, 2)
        told = [type(e) for e in heard if isinstance(e, StreamLost | StreamRestored)]
        assert told == [StreamRestored, StreamLost, StreamRestored]


async def test_usdm_puts_a_listen_key_into_the_private_path(
    fake: FakeBinance, usdm: BinanceVenue
) -> None:
    async with running(usdm) as heard:
        await heard.wait(StreamRestored)
        assert "/private/ws?listenKey=key1" in fake.addresses
        (asked,) = fake.sent("POST /fapi/v1/listenKey")
        assert asked.headers["X-MBX-APIKEY"] == API_KEY
        assert asked.query == {}
        await fake.say("usdm_trade_partial")
        await heard.wait(Fill)
    assert isinstance(usdm.stream._login, ListenKeyLogin)


async def test_a_listen_key_that_cannot_be_had_is_asked_for_again(
    fake: FakeBinance, usdm: BinanceVenue
) -> None:
    what = "POST /fapi/v1/listenKey"
    fake.script(what, refused(401, -2015, "Invalid API-key"), Answer(body=b"{}"),
                Answer(body=b'{"listenKey":"key9"}'))  # fmt: skip
    async with running(usdm) as heard:
        await heard.wait(StreamLost)
        assert "-2015" in lost(heard)
        await heard.wait(StreamRestored)
        assert "/private/ws?listenKey=key9" in fake.addresses
        assert "key9" not in repr(heard)


async def test_a_listen_key_is_renewed_and_one_that_is_gone_is_replaced(fake: FakeBinance) -> None:
    async with closing(venue_of(fake, USDM, renew_key_s=0.1)) as venue:
        renew = "PUT /fapi/v1/listenKey"
        async with running(venue) as heard:
            await heard.wait(StreamRestored)
            await until(lambda: len(fake.sent(renew)) >= 2)
            assert not heard.of(StreamLost)
            fake.script(renew, Answer(500, b""))
            count = len(fake.sent(renew))
            await until(lambda: len(fake.sent(renew)) >= count + 4)
            assert not heard.of(StreamLost)
            fake.script(renew, refused(400, -1125, "This listenKey does not exist."), Answer())
            await heard.wait(StreamRestored, 2)
            assert [way for way in fake.addresses if "Key=" in way][-1].endswith("=key2")


async def test_an_expired_listen_key_is_replaced(fake: FakeBinance, usdm: BinanceVenue) -> None:
    async with running(usdm) as heard:
        await heard.wait(StreamRestored)
        await fake.say("usdm_key_expired")
        await heard.wait(StreamRestored, 2)
        assert "expired" in lost(heard)
        assert [way for way in fake.addresses if "Key=" in way][-1].endswith("=key2")


async def test_a_stream_that_pings_and_does_not_tell_of_our_orders_is_dead(
    fake: FakeBinance,
) -> None:
    clock = TestClock()
    async with (
        closing(BinanceVenue(config(USDM, fake.url), clock)) as venue,
        running(venue) as heard,
    ):
        await heard.wait(StreamRestored)
        order = place_order(key(USDM, SUI), order_qty="310.5", limit_px="3.412")
        await venue.place(order)
        for _ in range(3):
            await fake.private[-1].ping(b"heartbeat")
            await asyncio.sleep(0.05)
        assert not heard.of(StreamLost)
        clock.pass_s(11)
        await heard.wait(StreamLost)
        assert "our own orders" in lost(heard)
        await heard.wait(StreamRestored, 2)
        await venue.place(order)
        await fake.say("usdm_new")
        await heard.wait(OrderAccepted)
        clock.pass_s(11)
        await asyncio.sleep(1.2)
        assert len(heard.of(StreamLost)) == 1


async def test_a_stream_that_told_before_the_answer_came_owes_nothing(fake: FakeBinance) -> None:
    async with closing(venue_of(fake, SPOT, echo_s=0.3)) as venue, running(venue) as heard:
        await heard.wait(StreamRestored)
        asked_ns = venue.session.clock.mono_ns()
        await fake.say("spot_new")
        await heard.wait(OrderAccepted)
        venue.stream.private.owed(asked_ns)
        await asyncio.sleep(1.0)
        assert not heard.of(StreamLost)


async def test_a_silent_socket_and_an_old_one_are_given_up(fake: FakeBinance) -> None:
    quiet = venue_of(fake, SPOT)
    old = venue_of(fake, SPOT, longest_life_s=0.2)
    async with running(old) as heard:
        await heard.wait(StreamRestored, 2)
        assert "age" in lost(heard)
    async with running(quiet) as heard:
        await heard.wait(StreamRestored)
        private = quiet.stream.private
        assert private.overdue() is None
        private._heard_ns -= int(60e9)
        assert private.overdue() == "the socket is silent"
        private.pinged()
        assert private.overdue() is None
    await old.close()
    await quiet.close()


async def test_a_hint_whose_row_does_not_come_is_asked_for(
    fake: FakeBinance, usdm: BinanceVenue
) -> None:
    async with running(usdm) as heard:
        await heard.wait(StreamRestored)
        await fake.say("usdm_trade_lite")
        fill = await heard.wait(Fill)
        assert isinstance(fill, Fill)
        assert (fill.exec_id, str(fill.commission)) == ("70011201", "0.18857378")
        assert fake.sent(USDM_TRADES)[0].query["symbol"] == SUI
        await asyncio.sleep(0.6)
        assert len(fake.sent(USDM_TRADES)) == 1


async def test_a_hint_whose_row_comes_in_either_order_asks_nothing(fake: FakeBinance) -> None:
    clock = TestClock()
    async with (
        closing(BinanceVenue(replace(config(USDM, fake.url), hint_s=10.0), clock)) as venue,
        running(venue) as heard,
    ):
        await heard.wait(StreamRestored)
        for name in ("usdm_trade_lite", "usdm_trade_partial", "usdm_trade_lite"):
            await fake.say(name)
        await heard.wait(Fill)
        await asyncio.sleep(0.1)
        clock.pass_s(11)
        await asyncio.sleep(0.8)
        assert not fake.sent(USDM_TRADES)
        assert len(heard.of(Fill)) == 1


async def test_a_fill_that_cannot_be_read_has_its_trades_read(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    async with running(spot) as heard:
        await heard.wait(StreamRestored)
        await fake.say_raw(changed("spot_trade_partial", "event", L="0.00000000"))
        await heard.wait(Fill)
        assert len(heard.of(Undecodable)) == 1
        assert fake.sent("GET /api/v3/myTrades")[0].query["symbol"] == SOL


async def test_balances_that_move_without_a_trade_are_looked_at(
    fake: FakeBinance, spot: BinanceVenue
) -> None:
    async with running(spot) as heard:
        await heard.wait(StreamRestored)
        spot.watch([SOL])
        await fake.say("spot_balance_update")
        snapshot = await heard.wait(PositionSnapshot)
        assert isinstance(snapshot, PositionSnapshot)
        assert [row.symbol for row in snapshot.rows] == [SOL]


async def test_noise_is_said_and_the_stream_goes_on(fake: FakeBinance, usdm: BinanceVenue) -> None:
    async with running(usdm) as heard:
        await heard.wait(StreamRestored)
        await fake.say_raw(b'{"e":"NOVELTY"}')
        await fake.say("usdm_new")
        await heard.wait(OrderAccepted)
        assert len(heard.of(Undecodable)) == 1
    assert isinstance(usdm.stream.private, PrivateStream)
    assert json.loads(frame("usdm_new"))["e"] == "ORDER_TRADE_UPDATE"
