"""PhemexVenue against the paper exchange, which shares no code with it: live feeds."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from daemon.core.events import (
    Event,
    Fill,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderSnapshot,
    Quote,
    QuoteSource,
    StreamLost,
    StreamRestored,
    Undecodable,
)
from daemon.core.terms import OrdStatus, RejectReason, Side
from daemon.paper.crypto.model import Origin, PositionSide
from daemon.paper.faults import FaultKind
from daemon.venues.phemex.wire import PERP, SPOT
from tests.contract.phemex_room import ALPHA, ROOMS, D, Room, entered, ids, listening, name, of
from tests.venues.bitget.test_stream import Heard, until

EACH = pytest.mark.parametrize("room", ROOMS, ids=str)
PERPS = pytest.mark.parametrize("room", [room for room in ROOMS if room.market == PERP], ids=str)


async def ready(heard: Heard, times: int = 1) -> None:
    """The account is subscribed, and there is a price of the stream's own."""
    await until(lambda: len(heard.of(StreamRestored)) >= times and bid(heard))
    assert not heard.of(Undecodable)


def bid(heard: Heard) -> object:
    quotes = [quote for quote in heard.of(Quote) if quote.source is QuoteSource.BOOK]
    return quotes[-1].bid_px if quotes else None


def exits(events: Sequence[Event], number: int) -> list[Fill]:
    """The fills of an exit."""
    return [fill for fill in of(events, Fill) if fill.client_order_id == name(number)]


def ends(heard: Heard) -> list[OrderCanceled | OrderExpired]:
    """Orders that ended with something unfilled."""
    return [*heard.of(OrderCanceled), *heard.of(OrderExpired)]


@EACH
@pytest.mark.parametrize("rows", ["together", "apart"])
async def test_prices_orders_and_fills_over_the_sockets(room: Room, rows: str) -> None:
    async with entered(room, table={"rows": rows}) as guest, listening(guest) as heard:
        await ready(heard)
        assert bid(heard) == D(2499)
        guest.exchange.traders.set_book(room.symbol, [(D(2490), D(9))], None)
        await until(lambda: bid(heard) == D(2490))
        await guest.rest(1)
        guest.buy("0.4")
        await until(lambda: exits(heard.events, 1))
        (fill,), (row,) = exits(heard.events, 1), guest.told(1)
        assert [fill.last_qty, fill.last_px, fill.side, fill.position_side] == [
            *(D("0.4"), D(2500), Side.SELL, room.held),
        ]
        assert fill.commission == D(row["fee"])
        guest.buy("9")
        await until(lambda: OrdStatus.FILLED in {o.status for o in heard.of(OrderSnapshot)})
        by_rest = [f for f in await guest.fills() if f.client_order_id == name(1)]
        assert ids(exits(heard.events, 1)) == ids(by_rest)
        assert len(exits(heard.events, 1)) == len(guest.told(1)) == 2
        assert not heard.of(Undecodable)


@EACH
@pytest.mark.parametrize("word", ["Canceled", "Expired"])
async def test_a_partial_exit_ends_with_what_filled(room: Room, word: str) -> None:
    async with entered(room, table={"ioc_rest": word}) as guest, listening(guest) as heard:
        await ready(heard)
        await guest.place(1)
        # Spot's stream has no execStatus: what expired is canceled there.
        is_expired = word == "Expired" and room.market != SPOT
        kind = OrderExpired if is_expired else OrderCanceled
        await until(lambda: ends(heard) and exits(heard.events, 1))
        assert [(type(end), end.cum_qty) for end in ends(heard)] == [(kind, D(2))]
        assert [fill.last_qty for fill in exits(heard.events, 1)] == [D(2)]
        assert not heard.of(Undecodable)


@EACH
async def test_after_a_lost_connection_what_was_missed_is_there(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(heard)
        since_ns = time.time_ns()
        await guest.rest(1)
        guest.arm(FaultKind.WS_REFUSE, count=2)
        guest.paper.doors[room.table].close()
        await until(lambda: heard.of(StreamLost))
        guest.buy("0.4")
        await until(lambda: len(heard.of(StreamRestored)) == 2)
        # The snapshot repeats the fill; the back-fill names it by the same id.
        await until(lambda: exits(heard.events, 1))
        read = await guest.fills(since_ns - 10**9)
        assert ids(read) >= ids(exits(heard.events, 1))
        guest.buy("0.6")
        await until(lambda: len(ids(exits(heard.events, 1))) == 2)


@EACH
@pytest.mark.parametrize("kind", [FaultKind.WS_DUPLICATE, FaultKind.WS_REORDER])
async def test_frames_twice_or_out_of_order_name_the_same_fills(
    room: Room, kind: FaultKind
) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(heard)
        guest.arm(kind, account=ALPHA, count=None, per_million=500_000)
        await guest.rest(1)
        for _ in range(6):
            guest.buy("0.5")
        guest.exchange.exchange.faults.clear()
        await guest.place(2, qty="0.1", limit="2400")
        await until(lambda: len(ids(exits(heard.events, 1))) == 6 and exits(heard.events, 2))
        assert ids(of(heard.events, Fill)) <= ids(await guest.fills())
        assert not heard.of(Undecodable)


@EACH
async def test_the_engine_rejects_after_the_acknowledgement(room: Room) -> None:
    async with (
        entered(room, table={"refusals": "stream"}) as guest,
        listening(guest) as heard,
    ):
        await ready(heard)
        if room.market == SPOT:
            await guest.place(1, qty="6")
        else:
            await guest.place(2, qty="5", limit="2400")
            await guest.place(1)
        await until(lambda: heard.of(OrderRejected))
        (rejected,) = heard.of(OrderRejected)
        reason = RejectReason.NO_POSITION
        if room.market == SPOT:
            reason = RejectReason.INSUFFICIENT_FUNDS
        assert (rejected.client_order_id, rejected.reason) == (name(1), reason)
        assert not exits(heard.events, 1)


@PERPS
@pytest.mark.parametrize("origin", [Origin.LIQUIDATION, Origin.ADL])
async def test_a_forced_close_is_a_fill_of_the_position(room: Room, origin: Origin) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(heard)
        side = PositionSide.LONG if room.hedged else PositionSide.BOTH
        guest.exchange.upkeep.force_close(ALPHA, room.symbol, side, origin, D(2000))
        await until(lambda: heard.of(Fill))
        assert {(f.side, f.position_side, f.last_qty, f.last_px) for f in heard.of(Fill)} == {
            (Side.SELL, room.held, D(5), D(2000))
        }
        assert {fill.client_order_id for fill in heard.of(Fill)} == {None}
        assert not heard.of(Undecodable)


@EACH
async def test_old_fills_of_the_snapshot_are_left_to_the_back_fill(room: Room) -> None:
    async with entered(room, opens=False) as guest:
        await guest.venue.open()
        guest.venue.watch([room.symbol])
        await guest.place(1)
        async with listening(guest) as heard:
            await ready(heard)
            assert not heard.of(Fill)
            assert len(exits(await guest.fills(), 1)) == 1


async def test_a_stream_that_only_pongs_is_given_up() -> None:
    room = ROOMS[1]
    async with entered(room, echo_s=0.2) as guest, listening(guest) as heard:
        await ready(heard)
        guest.arm(FaultKind.WS_SILENT, channel="aop_p", count=None)
        await guest.place(1, qty="0.1")
        await until(lambda: heard.of(StreamLost))
        assert "says nothing" in heard.of(StreamLost)[0].text
        guest.exchange.exchange.faults.clear()
        await ready(heard, 2)


async def test_a_funding_is_no_fill() -> None:
    async with entered(ROOMS[1]) as guest, listening(guest) as heard:
        await ready(heard)
        before = len(await guest.fills())
        guest.exchange.upkeep.pay_funding(guest.room.symbol, D("0.001"))
        assert len(await guest.fills()) == before
        assert not heard.of(Undecodable)
