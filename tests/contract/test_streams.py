"""Every venue's client against its paper exchange: live feeds, and what can go wrong with them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from daemon.core.events import (
    Fill,
    OrderCanceled,
    OrderExpired,
    OrderSnapshot,
    Quote,
    QuoteSource,
    StreamLost,
    StreamRestored,
    Undecodable,
)
from daemon.core.terms import OrdStatus, Side
from daemon.paper.faults import FaultKind
from tests.contract.guest import D, Guest, entered, ids, listening, name, of
from tests.contract.rooms import ALPHA, COIN_ROOMS, ROOMS, Room, each
from tests.venues.listening import Heard, until


async def ready(guest: Guest, times: int = 1) -> None:
    """Fills are subscribed, and there is a price."""
    heard = guest.heard
    await until(lambda: len(heard.of(StreamRestored)) >= times and heard.of(Quote))
    assert not heard.of(Undecodable)


def bid(heard: Heard) -> object:
    """The newest that the stream itself told."""
    quotes = [quote for quote in heard.of(Quote) if quote.source is not QuoteSource.REST]
    return quotes[-1].bid_px if quotes else None


def ends(guest: Guest, number: int) -> set[object]:
    """How much of an exit everything that ended it says to have filled."""
    found: list[OrderCanceled | OrderExpired | OrderSnapshot] = [
        *guest.heard.of(OrderCanceled),
        *guest.heard.of(OrderExpired),
        *(order for order in guest.heard.of(OrderSnapshot) if order.status.terminal),
    ]
    return {end.cum_qty for end in found if end.client_order_id == name(number)}


def filled(guest: Guest, number: int) -> bool:
    """Whether every trade of an exit has been heard."""
    return len(ids(guest.exits(number))) == len(guest.told(number))


@each(ROOMS)
async def test_prices_orders_and_fills_over_the_sockets(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest)
        place = "instruments" if room.coins else "markets"
        await guest.call("PUT", f"/{place}/{room.symbol}/book", bids=[[room.prices[0], "9"]])
        await until(lambda: bid(heard) == D(room.prices[0]))
        await guest.rest(1)
        guest.buy("1")
        await until(lambda: guest.exits(1))
        (row,) = guest.told(1)
        said = {(f.last_qty, f.last_px, f.side, f.position_side) for f in guest.exits(1)}
        assert said == {(D(1), D(room.prices[2]), Side.SELL, room.held)}
        assert {fill.commission for fill in guest.exits(1)} == {D(row["fee"])}
        guest.buy("9")
        await until(lambda: OrdStatus.FILLED in {o.status for o in heard.of(OrderSnapshot)})
        await until(lambda: filled(guest, 1))
        by_rest = [f for f in await guest.look(1) if isinstance(f, Fill)]
        assert ids(guest.exits(1)) == ids(by_rest)
        assert len(ids(by_rest)) == 2
        assert not heard.of(Undecodable)


@each(ROOMS)
async def test_a_partial_exit_ends_with_what_filled(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest)
        await guest.place(1)
        await until(lambda: ends(guest, 1) and filled(guest, 1))
        assert ends(guest, 1) == {D(2)}
        assert {fill.last_qty for fill in guest.exits(1)} == {D(2)}
        assert not heard.of(Undecodable)


@each(ROOMS)
async def test_after_a_lost_connection_what_was_missed_is_read_back(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest)
        since_ns = time.time_ns()
        await guest.rest(1)
        await guest.arm(FaultKind.WS_REFUSE, count=2)
        assert await guest.arm(FaultKind.WS_DISCONNECT) > 0
        await until(lambda: heard.of(StreamLost))
        guest.buy("1")
        await until(lambda: len(heard.of(StreamRestored)) == 2)
        read = of(await guest.look(1), Fill)
        assert len(ids(read)) == len(guest.told(1)) == 1
        assert ids(await guest.fills(since_ns - 10**9)) >= ids(read)
        guest.buy("1")
        await until(lambda: len(ids([*read, *guest.exits(1)])) == 2)


@each(ROOMS)
@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        (FaultKind.WS_DUPLICATE, {"count": None}),
        (FaultKind.WS_REORDER, {"count": 1}),
        (FaultKind.WS_DELAY, {"count": 2, "seconds": 0.1}),
    ],
)
async def test_frames_twice_out_of_order_or_late_name_the_same_fills(
    room: Room, kind: FaultKind, terms: dict[str, Any]
) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest)
        await guest.rest(1)
        await guest.arm(kind, account=ALPHA, **terms)
        for _ in range(3):
            guest.buy("1")
        await guest.strikes(kind)
        await guest.calm()
        await guest.place(2, qty="1", limit=room.prices[0])
        await until(lambda: filled(guest, 1) and filled(guest, 2))
        assert len(guest.told(1)) == 3
        assert not heard.of(Undecodable)


@each(ROOMS)
async def test_a_fill_may_come_before_the_answer_to_its_order(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest)
        await guest.call("PUT", "/reads", private_frames="before_ack")
        await guest.arm(FaultKind.HTTP_DELAY_AFTER, endpoint=room.place_path, seconds=0.3)
        answered = await guest.place(1)
        assert heard.of(Fill)
        assert ids(heard.of(Fill)) >= ids(of(answered, Fill))
        await until(lambda: filled(guest, 1))


@each(COIN_ROOMS)
async def test_a_connection_that_only_answers_pings_is_given_up(room: Room) -> None:
    async with entered(room, **room.echo) as guest, listening(guest) as heard:
        await ready(guest)
        where = room.silent or {"account": ALPHA}
        await guest.arm(FaultKind.WS_SILENT, count=None, **where)
        await asyncio.sleep(1.1 if "missed_fill_s" in room.echo else 0)
        await guest.place(1, qty="1")
        await asyncio.sleep(0.2)
        await guest.look(1)
        await until(lambda: heard.of(StreamLost))
        await guest.calm()
        await ready(guest, 2)


@each(COIN_ROOMS)
async def test_a_connection_that_has_lived_its_life_is_replaced(room: Room) -> None:
    table = {"life_s": 0.6, "ping_interval_s": 0.2}
    async with entered(room, table=table) as guest, listening(guest) as heard:
        await ready(guest)
        await ready(guest, 2)
        await guest.call("PUT", "/reads", private_frames="before_ack")
        assert heard.of(StreamLost)
        for number in range(1, 20):  # one may fall between two lives
            await guest.place(number, qty="0.1")
            if heard.of(Fill):
                break
            await asyncio.sleep(0.1)
        assert heard.of(Fill)


@each([room for room in COIN_ROOMS if not room.spot])
@pytest.mark.parametrize("origin", ["liquidation", "adl"])
async def test_a_forced_close_is_a_fill_of_the_position(room: Room, origin: str) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest)
        side = "long" if room.hedged else "both"
        where = {"symbol": room.symbol, "position_side": side}
        path = f"/accounts/{ALPHA}/close"
        order = await guest.call("POST", path, price="2000", origin=origin, **where)
        await until(lambda: heard.of(Fill))
        assert {(f.side, f.position_side, f.last_qty, f.last_px) for f in heard.of(Fill)} == {
            (Side.SELL, room.held, D(5), D(2000))
        }
        assert not [fill for fill in heard.of(Fill) if str(fill.client_order_id).startswith("fd")]
        assert order["filled"] == "5"
        assert not heard.of(Undecodable)
