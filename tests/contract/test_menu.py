"""The rest of the fault menu in every room: limits, late parts, one trade id on two symbols."""

from __future__ import annotations

import time

from daemon.core.book import Book
from daemon.core.commands import QueryMarket
from daemon.core.events import Fill, OrderAccepted, OrderSnapshot, QueryFailed
from daemon.core.fold import apply_event
from daemon.core.terms import OrdStatus, RejectReason, Symbol
from daemon.paper.faults import FaultKind
from tests.contract.guest import D, entered, ids, listening, of
from tests.contract.rooms import ALPHA, ROOMS, Room, each, rooms_of
from tests.contract.test_orders import refused
from tests.contract.test_streams import filled, ready
from tests.venues.listening import until


@each(rooms_of("binance"))
async def test_a_limit_names_its_wait_as_a_ban_does(room: Room) -> None:
    """The ban, 418, is these rooms' own in `test_orders`."""
    async with entered(room) as guest:
        await guest.arm(FaultKind.HTTP_429, endpoint=room.place_path, seconds=1)
        await refused(guest, 1, RejectReason.RATE_LIMIT, qty="1")
        began = time.monotonic()
        assert isinstance((await guest.place(1, qty="1"))[0], OrderAccepted)
        assert time.monotonic() - began > 0.8


@each(ROOMS)
async def test_a_market_that_the_venue_does_not_have_is_not_found(room: Room) -> None:
    async with entered(room) as guest:
        where = QueryMarket(account=ALPHA, venue=room.venue, symbol=Symbol("NOSUCH-ABC"))
        (failed,) = await guest.venue.market(where)
        assert isinstance(failed, QueryFailed)
        assert (failed.query, failed.reason) == ("market", RejectReason.NOT_FOUND), failed
        assert failed.symbol == where.symbol
        assert failed.text


@each(ROOMS)
async def test_a_part_that_comes_after_the_order_was_full(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(guest)
        order_id = await guest.rest(1)
        guest.buy("1")
        await until(lambda: filled(guest, 1))
        early = [event for event in heard if isinstance(event, Fill | OrderSnapshot)]
        guest.buy("9")
        await until(lambda: filled(guest, 1) and len(guest.told(1)) == 2)
        found = await guest.look(1, order_id)
        book = Book()
        for event in (*found, *early, *heard, *early):
            apply_event(book, event)
        assert [position.qty for position in book.positions.values()] == [D(-3)]
        (last,) = of(found, OrderSnapshot)
        assert last.status is OrdStatus.FILLED


@each(rooms_of("binance-spot"))
async def test_one_trade_id_on_two_pairs_is_two_fills(room: Room) -> None:
    pairs = (room.symbol, Symbol("BTCUSDT"))
    async with entered(room, opens=False, kept_qty=dict.fromkeys(pairs, D(0))) as guest:
        await guest.call("POST", "/instruments", symbol="BTCUSDT", base="BTC")
        for pair in pairs:
            await guest.call(
                "POST", f"/accounts/{ALPHA}/positions", symbol=pair, qty="1", price="60000"
            )
        fills = await guest.fills()
        assert {fill.symbol for fill in fills} == set(pairs)
        assert len(ids(fills)) == 1
        book = Book()
        for fill in (*fills, *fills):
            apply_event(book, fill)
        assert [position.qty for position in book.positions.values()] == [D(1), D(1)]
