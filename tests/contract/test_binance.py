"""What Binance alone has: goodbyes, listen keys that run out, quick twins, three kinds of 503."""

from __future__ import annotations

import pytest

from daemon.core.book import Book
from daemon.core.events import (
    Fill,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
    StreamLost,
    StreamRestored,
    Undecodable,
)
from daemon.core.fold import apply_event
from daemon.core.terms import RejectReason
from daemon.paper.faults import FaultKind
from tests.contract.guest import entered, ids, listening, of
from tests.contract.rooms import ALPHA, Room, each, rooms_of
from tests.venues.listening import until

SPOT, USDM = rooms_of("binance-spot"), rooms_of("binance-usdm")


@each(SPOT)
async def test_a_venue_that_says_goodbye_is_left_for_a_new_connection(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await until(lambda: heard.of(StreamRestored))
        assert await guest.arm(FaultKind.WS_GOODBYE) == 1
        await until(lambda: len(heard.of(StreamRestored)) == 2)
        await guest.place(1, qty="1")
        await until(lambda: heard.of(Fill))
        assert not heard.of(Undecodable)


@each(USDM)
async def test_a_listen_key_that_runs_out_is_replaced(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await until(lambda: heard.of(StreamRestored))
        assert await guest.arm(FaultKind.KEY_EXPIRES) == 1
        await until(lambda: heard.of(StreamLost) and len(heard.of(StreamRestored)) == 2)
        await guest.place(1, qty="1")
        await until(lambda: heard.of(Fill))


@each(USDM)
@pytest.mark.parametrize("lost", ["TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"])
async def test_a_fill_is_booked_once_whichever_of_its_frames_is_lost(room: Room, lost: str) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await until(lambda: heard.of(StreamRestored))
        await guest.arm(FaultKind.WS_DROP, channel=lost, count=None)
        await guest.place(1, qty="1")
        (row,) = guest.told(1)
        trade_id = str(row["trade_id"])
        await until(lambda: trade_id in ids(heard.of(Fill)))
        (fill,) = [fill for fill in heard.of(Fill) if fill.exec_id == trade_id]
        assert str(fill.commission) == row["fee"]


@each([*SPOT, *USDM])
@pytest.mark.parametrize("code", ["-1006", "-1007", "unknown"])
async def test_an_answer_that_proves_nothing(room: Room, code: str) -> None:
    async with entered(room) as guest:
        await guest.arm(FaultKind.HTTP_ERROR_AFTER, code=code, status=503)
        (doubt,) = await guest.place(1, qty="1")
        assert isinstance(doubt, OrderInDoubt)
        assert of(await guest.look(1), OrderSnapshot)


@each(USDM)
async def test_an_overload_did_not_place_the_order(room: Room) -> None:
    async with entered(room) as guest:
        await guest.arm(FaultKind.HTTP_ERROR_BEFORE, code="-1008", status=503)
        (refused,) = await guest.place(1, qty="1")
        assert isinstance(refused, OrderRejected)
        assert refused.reason is RejectReason.RATE_LIMIT


@each(USDM)
async def test_one_trade_id_on_two_symbols_is_two_fills(room: Room) -> None:
    async with entered(room) as guest:
        await guest.call("POST", "/instruments", symbol="BTCUSDT", base="BTC")
        seed = {"symbol": "BTCUSDT", "qty": "1", "price": "60000"}
        side = "long" if room.hedged else "both"
        await guest.call("POST", f"/accounts/{ALPHA}/positions", position_side=side, **seed)
        await guest.book()  # shows the position; its trades are read from then on
        fills = of(await guest.book(), Fill)
        assert {fill.symbol for fill in fills} == {"ETHUSDT", "BTCUSDT"}
        assert len(ids(fills)) == 1
        book = Book()
        for fill in (*fills, *fills):
            apply_event(book, fill)
        assert sorted(position.qty for position in book.positions.values()) == [1, 5]
