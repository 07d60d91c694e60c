"""KalshiVenue against the paper exchange, which shares no code with it: live feeds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from daemon.core.commands import QueryFills
from daemon.core.events import (
    Fill,
    OrderSnapshot,
    Quote,
    QuoteSource,
    StreamLost,
    StreamRestored,
    Undecodable,
    VenuePaused,
    VenueResumed,
)
from daemon.paper.faults import Fault, FaultKind
from daemon.paper.lifecycle import Switches
from daemon.paper.server import PaperServer
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.kalshi.wire import VENUE
from tests.contract.kalshi_room import ALPHA, RAIN, D, arm, kinds, look, place
from tests.venues.kalshi.test_stream import Heard as Delivered
from tests.venues.kalshi.test_stream import until


class Heard(Delivered):
    """What the venue delivered, and the newest price in it."""

    def best(self) -> Quote | None:
        quotes = [event for event in self if isinstance(event, Quote)]
        return quotes[-1] if quotes else None

    def bid(self) -> Decimal | None:
        best = self.best()
        return None if best is None or best.source is not QuoteSource.BOOK else best.bid_px


@asynccontextmanager
async def running(venue: KalshiVenue) -> AsyncIterator[Heard]:
    heard = Heard()
    venue.watch([RAIN])
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(venue.run(heard.append))
        try:
            await until(lambda: bool(heard.of(StreamRestored)) and heard.bid() is not None)
            yield heard
        finally:
            task.cancel()
    assert not heard.of(Undecodable)


def set_bids(paper: PaperServer, *bids: tuple[str, str]) -> None:
    paper.venue.traders.set_book(RAIN, [(D(px), D(qty)) for px, qty in bids], None)


async def test_prices_and_fills_over_the_socket(paper: PaperServer, venue: KalshiVenue) -> None:
    async with running(venue) as heard:
        best = heard.best()
        assert best is not None
        assert [best.bid_px, best.ask_px] == [D("0.55"), D("0.57")]
        set_bids(paper, ("0.52", "9"))
        await until(lambda: heard.bid() == D("0.52"))
        await place(venue, 1, qty="5", limit="0.50")
        await until(lambda: bool(heard.of(Fill)))
        fill = heard.of(Fill)[0]
        assert isinstance(fill, Fill)
        assert [fill.last_qty, fill.last_px, fill.position_qty] == [D(5), D("0.52"), D(15)]
        await until(lambda: bool(heard.of(OrderSnapshot)))
        by_rest = await venue.order(look(1))
        assert fill.exec_id in {event.exec_id for event in by_rest if isinstance(event, Fill)}


async def test_a_gap_in_the_sequence_heals_to_the_true_book(
    paper: PaperServer, venue: KalshiVenue
) -> None:
    async with running(venue) as heard:
        arm(paper, FaultKind.WS_SEQ_GAP, channel="orderbook_delta")
        set_bids(paper, ("0.53", "9"))
        await until(lambda: venue.stream.counts.gaps > 0)
        set_bids(paper, ("0.51", "2"))
        await until(lambda: heard.bid() == D("0.51"))


@pytest.mark.parametrize("kind", [FaultKind.WS_DISCONNECT, FaultKind.WS_ERROR_25])
async def test_after_a_lost_connection_everything_is_there_again(
    paper: PaperServer, venue: KalshiVenue, kind: FaultKind
) -> None:
    async with running(venue) as heard:
        since_ns = time.time_ns()
        paper.exchange.faults.arm(Fault(kind=kind, on_frame=True))
        set_bids(paper, ("0.53", "9"))
        await until(lambda: bool(heard.of(StreamLost)))
        await place(venue, 1, qty="2", limit="0.50")
        await until(lambda: len(heard.of(StreamRestored)) == 2)
        ask = QueryFills(account=ALPHA, venue=VENUE, symbol=None, since_ns=since_ns - 10**9)
        assert Fill in kinds(await venue.fills(ask))
        await until(lambda: heard.bid() == D("0.53"))


async def test_a_pause_of_the_exchange_is_told(paper: PaperServer, venue: KalshiVenue) -> None:
    async with running(venue) as heard:
        paper.venue.markets.switch(Switches(trading_active=False))
        await until(lambda: any(
            isinstance(e, VenuePaused) and not e.pause_time_ns for e in heard
        ))  # fmt: skip
        paper.venue.markets.switch(Switches(trading_active=True))
        await until(lambda: bool(heard.of(VenueResumed)))
