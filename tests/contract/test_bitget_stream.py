"""BitgetVenue against the paper exchange, which shares no code with it: live feeds."""

from __future__ import annotations

import asyncio
import time

import pytest

from daemon.core.commands import QueryFills
from daemon.core.events import (
    Fill,
    OrderCanceled,
    OrderSnapshot,
    Quote,
    QuoteSource,
    StreamLost,
    StreamRestored,
    Undecodable,
)
from daemon.core.terms import ExecId, OrdStatus, Side
from daemon.paper.crypto.model import Origin, PositionSide
from daemon.paper.faults import FaultKind
from daemon.venues.bitget.wire import Market
from tests.contract.bitget_room import (
    ALPHA,
    ETH,
    ROOMS,
    D,
    Guest,
    Room,
    entered,
    listening,
    name,
    of,
)
from tests.venues.bitget.test_stream import Heard, until

EACH = pytest.mark.parametrize("room", ROOMS, ids=str)
FUTURES = pytest.mark.parametrize(
    "room", [room for room in ROOMS if room.market is Market.FUTURES], ids=str
)


async def ready(guest: Guest, heard: Heard, times: int = 1) -> None:
    """Fills are subscribed, and there is a price of the stream's own."""
    await until(lambda: len(heard.of(StreamRestored)) >= times and bid(heard))
    assert not heard.of(Undecodable)
    assert guest.venue.stream.private.confirmed


def bid(heard: Heard) -> object:
    quotes = [quote for quote in heard.of(Quote) if quote.source is QuoteSource.BOOK]
    return quotes[-1].bid_px if quotes else None


def told(guest: Guest, number: int) -> dict[str, dict[str, str]]:
    """The exchange's own fills of an order, by trade id."""
    rows = guest.truth("fills")
    return {str(row["trade_id"]): row for row in rows if row["client_order_id"] == name(number)}


def ids(fills: list[Fill]) -> set[ExecId]:
    return {fill.exec_id for fill in fills}


@EACH
async def test_prices_orders_and_fills_over_the_sockets(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest, heard)
        assert bid(heard) == D(2499)
        guest.exchange.traders.set_book(ETH, [(D(2490), D(9))], None)
        await until(lambda: bid(heard) == D(2490))
        await guest.rest(1)
        guest.buy("0.4")
        await until(lambda: len(heard.of(Fill)) >= (1 if room.dialect == "uta" else 2))
        fills = heard.of(Fill)
        (row,) = told(guest, 1).values()
        # The same trade by orders and by fill: one id, one fee, whichever sign they write.
        assert {(f.exec_id, f.last_qty, f.last_px, f.side, f.position_side) for f in fills} == {
            (str(row["trade_id"]), D("0.4"), D(2500), Side.SELL, room.held)
        }
        assert {(str(f.commission), f.commission_currency) for f in fills} == {
            (row["fee"], row["fee_coin"])
        }
        assert name(1) in {fill.client_order_id for fill in fills}
        guest.buy("9")
        await until(lambda: OrdStatus.FILLED in {o.status for o in heard.of(OrderSnapshot)})
        assert ids(heard.of(Fill)) == told(guest, 1).keys()
        assert not heard.of(Undecodable)


@EACH
async def test_a_partial_exit_ends_with_what_filled(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest, heard)
        await guest.place(1)
        await until(lambda: heard.of(OrderCanceled))
        assert heard.of(OrderCanceled)[-1].cum_qty == D(2)
        await until(lambda: ids(heard.of(Fill)) == told(guest, 1).keys())
        assert not heard.of(Undecodable)


@EACH
async def test_after_a_lost_connection_what_was_missed_is_read_back(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest, heard)
        since_ns = time.time_ns()
        await guest.rest(1)
        guest.arm(FaultKind.WS_REFUSE, count=2)
        guest.paper.doors[room.table].close()
        await until(lambda: heard.of(StreamLost))
        guest.buy("0.4")
        await until(lambda: len(heard.of(StreamRestored)) == 2)
        assert not ids(heard.of(Fill)) & told(guest, 1).keys()
        venue = room.market.venue
        ask = QueryFills(account=ALPHA, venue=venue, symbol=None, since_ns=since_ns - 10**9)
        read = of(await guest.venue.fills(ask), Fill)
        assert ids(read) >= told(guest, 1).keys()
        guest.buy("0.6")
        await until(lambda: ids(heard.of(Fill)) | ids(read) >= told(guest, 1).keys())


@EACH
@pytest.mark.parametrize("kind", [FaultKind.WS_DUPLICATE, FaultKind.WS_REORDER])
async def test_frames_twice_or_out_of_order_name_the_same_fills(
    room: Room, kind: FaultKind
) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest, heard)
        guest.arm(kind, account=ALPHA, count=None, per_million=500_000)
        await guest.rest(1)
        for _ in range(6):
            guest.buy("0.5")
        guest.exchange.exchange.faults.clear()
        await guest.place(2, qty="0.1", limit="2400")
        wanted = told(guest, 1).keys() | told(guest, 2).keys()
        await until(lambda: ids(heard.of(Fill)) >= wanted)
        assert ids(heard.of(Fill)) == wanted
        assert not heard.of(Undecodable)


@pytest.mark.parametrize("channel", ["orders", "fill"])
async def test_one_of_the_two_channels_is_enough(channel: str) -> None:
    async with entered(ROOMS[0]) as guest, listening(guest) as heard:
        await ready(guest, heard)
        guest.arm(FaultKind.WS_DROP, channel=channel, count=None)
        await guest.place(1)
        await until(lambda: ids(heard.of(Fill)) == told(guest, 1).keys())
        assert len(heard.of(Fill)) == 1


@FUTURES
@pytest.mark.parametrize("origin", [Origin.LIQUIDATION, Origin.ADL])
async def test_a_forced_close_is_a_fill_of_the_position(room: Room, origin: Origin) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest, heard)
        side = PositionSide.LONG if room.hedged else PositionSide.BOTH
        order = guest.exchange.upkeep.force_close(ALPHA, ETH, side, origin, D(2000))
        await until(lambda: heard.of(Fill))
        assert {(f.side, f.position_side, f.last_qty, f.last_px) for f in heard.of(Fill)} == {
            (Side.SELL, room.held, D(5), D(2000))
        }
        assert {fill.venue_order_id for fill in heard.of(Fill)} == {str(order.order_id)}
        assert not heard.of(Undecodable)


async def test_a_stream_that_only_pongs_is_given_up_when_rest_shows_a_fill() -> None:
    async with entered(ROOMS[0], missed_fill_s=0.1) as guest, listening(guest) as heard:
        await ready(guest, heard)
        guest.arm(FaultKind.WS_SILENT, account=ALPHA, count=None)
        await asyncio.sleep(1.1)
        await guest.place(1, qty="0.1", limit="2400")
        await asyncio.sleep(0.2)
        guest.exchange.exchange.faults.clear()
        assert len(of(await guest.look(1), Fill)) == 1
        await ready(guest, heard, 2)
        assert "did not deliver" in heard.of(StreamLost)[0].text
