"""What Kalshi alone has: settlement, sequence gaps, errors that end a connection, pauses."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.core.commands import QueryMarket
from daemon.core.events import (
    Fill,
    MarketPhase,
    MarketRead,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    Quote,
    QuoteSource,
    Settlement,
    StreamLost,
    StreamRestored,
    VenuePaused,
    VenueResumed,
)
from daemon.core.terms import RejectReason
from daemon.paper.faults import FaultKind
from daemon.venues.kalshi.venue import KalshiVenue
from tests.contract.guest import D, Guest, entered, kinds, listening, of
from tests.contract.rooms import ALPHA, KALSHI_ROOM, SHARD
from tests.venues.listening import until

BOOK = f"/markets/{KALSHI_ROOM.symbol}/book"
WHERE: dict[str, Any] = {"account": ALPHA, "venue": KALSHI_ROOM.venue, "symbol": KALSHI_ROOM.symbol}


def bid(guest: Guest) -> object:
    quotes = [quote for quote in guest.heard.of(Quote) if quote.source is QuoteSource.BOOK]
    return quotes[-1].bid_px if quotes else None


async def test_the_tier_and_the_shard_are_learned() -> None:
    async with entered(KALSHI_ROOM) as guest:
        assert isinstance(guest.venue, KalshiVenue)
        assert guest.venue.session.write_tokens.capacity > 1_000
        (market,) = await guest.venue.market(QueryMarket(**WHERE))
        assert isinstance(market, MarketRead)
        assert market.instrument.shard == SHARD


async def test_the_answer_says_what_was_canceled_at_once() -> None:
    async with entered(KALSHI_ROOM) as guest:
        events = await guest.place(1)
        assert kinds(events) == [OrderAccepted, OrderCanceled]
        assert of(events, OrderCanceled)[0].cum_qty == D(2)


async def test_the_exchange_pauses_and_says_so() -> None:
    async with entered(KALSHI_ROOM) as guest, listening(guest) as heard:
        await until(lambda: heard.of(StreamRestored))
        await guest.call("PUT", "/exchange", trading_active=False)
        await until(lambda: any(not pause.pause_time_ns for pause in heard.of(VenuePaused)))
        (paused,) = await guest.place(1)
        assert isinstance(paused, OrderRejected)
        assert paused.reason is RejectReason.EXCHANGE_PAUSED
        await guest.call("PUT", "/exchange", trading_active=True)
        await until(lambda: heard.of(VenueResumed))


async def test_a_settled_market() -> None:
    async with entered(KALSHI_ROOM) as guest:
        venue = guest.paper.venue
        venue.markets.move_close(KALSHI_ROOM.symbol, venue.now_ns() - 1)
        venue.tick()
        venue.markets.determine(KALSHI_ROOM.symbol, "yes", None)
        venue.markets.settle_now(KALSHI_ROOM.symbol)
        market, paid = await guest.venue.market(QueryMarket(**WHERE))
        assert isinstance(market, MarketRead)
        assert (market.phase, str(market.settl_px)) == (MarketPhase.SETTLED, "1.0000")
        assert isinstance(paid, Settlement)
        assert [paid.position_qty, paid.revenue, paid.settl_px] == [D(5), D(5), D(1)]


async def test_a_fill_says_what_is_held_after_it() -> None:
    async with entered(KALSHI_ROOM) as guest, listening(guest) as heard:
        await until(lambda: heard.of(StreamRestored))
        await guest.place(1)
        await until(lambda: heard.of(Fill))
        assert heard.of(Fill)[0].position_qty == D(3)


async def test_a_gap_in_the_sequence_heals_to_the_true_book() -> None:
    async with entered(KALSHI_ROOM) as guest, listening(guest):
        await until(lambda: bid(guest) is not None)
        assert isinstance(guest.venue, KalshiVenue)
        counts = guest.venue.stream.counts
        await guest.arm(FaultKind.WS_SEQ_GAP, channel="orderbook_delta")
        await guest.call("PUT", BOOK, bids=[["0.53", "9"]])
        await until(lambda: counts.gaps > 0)
        await guest.call("PUT", BOOK, bids=[["0.51", "2"]])
        await until(lambda: bid(guest) == D("0.51"))


@pytest.mark.parametrize(
    "kind", [FaultKind.WS_DISCONNECT, FaultKind.WS_ERROR_25, FaultKind.WS_ERROR_10]
)
async def test_an_error_in_the_middle_of_a_frame_ends_the_connection(kind: FaultKind) -> None:
    async with entered(KALSHI_ROOM) as guest, listening(guest) as heard:
        await until(lambda: bid(guest) is not None and heard.of(StreamRestored))
        await guest.arm(kind, on_frame=True)
        await guest.call("PUT", BOOK, bids=[["0.53", "9"]])
        await until(lambda: heard.of(StreamLost))
        await until(lambda: len(heard.of(StreamRestored)) == 2)
        await until(lambda: bid(guest) == D("0.53"))
