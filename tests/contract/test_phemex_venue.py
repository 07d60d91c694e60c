"""PhemexVenue against the paper exchange, which shares no code with it: orders and look-ups."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from daemon.core.commands import QueryBook, QueryMarket, QueryQuote
from daemon.core.events import (
    CancelRejected,
    Fill,
    FillsRead,
    MarketPhase,
    MarketRead,
    OrderAbsent,
    OrderAccepted,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
    OrdersRead,
    PositionSnapshot,
    Quote,
    Undecodable,
)
from daemon.core.terms import Liquidity, OrdStatus, RejectReason, Side, TimeInForce
from daemon.paper.crypto.model import Phase
from daemon.paper.faults import FaultKind
from daemon.venues.errors import WrongClockError, WrongKeyError
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import SPOT
from tests.contract.phemex_room import (
    ALPHA,
    ROOMS,
    D,
    Guest,
    Room,
    entered,
    ids,
    kinds,
    of,
    order_id_of,
    settings,
)
from tests.venues.kalshi.builders import TestClock

EACH = pytest.mark.parametrize("room", ROOMS, ids=str)


@EACH
async def test_opening_and_reading_the_account(room: Room) -> None:
    async with entered(room) as guest:
        query = QueryBook(account=ALPHA, venue=room.market, since_ns=0)
        events = await guest.venue.book(query)
        assert not of(events, Undecodable)
        assert {OrdersRead, FillsRead, PositionSnapshot} <= set(kinds(events))
        (positions,) = of(events, PositionSnapshot)
        assert [(row.symbol, row.position_qty, row.position_side) for row in positions.rows] == [
            (room.symbol, D(5), room.held)
        ]
        ask = QueryMarket(account=ALPHA, venue=room.market, symbol=room.symbol)
        (market,) = await guest.venue.market(ask)
        assert isinstance(market, MarketRead)
        assert (market.phase, market.instrument.lot_qty) == (MarketPhase.ACTIVE, D("0.001"))
        assert market.instrument.min_notional == D(5)
        (quote,) = await guest.venue.quote(
            QueryQuote(account=ALPHA, venue=room.market, symbol=room.symbol)
        )
        assert isinstance(quote, Quote)
        assert [quote.bid_px, quote.bid_qty, quote.ask_px] == [D(2499), D(2), D(2501)]


@EACH
async def test_a_key_that_is_not_theirs(room: Room) -> None:
    async with entered(room, opens=False) as guest:
        stranger = PhemexVenue(settings(room, guest.paper, key_id="nobody"), TestClock())
        with pytest.raises(WrongKeyError):
            await stranger.open()
        await stranger.close()


@EACH
@pytest.mark.parametrize("history", ["bare", "envelope"])
async def test_a_partial_exit_and_its_fills(room: Room, history: str) -> None:
    async with entered(room, table={"history": history}) as guest:
        made = await guest.place(1)
        assert kinds(made) == [OrderAccepted]
        found = await guest.look(1, order_id_of(made))
        assert not of(found, Undecodable)
        (fill,) = of(found, Fill)
        (row,) = guest.told(1)
        assert [fill.last_px, fill.last_qty, fill.side, fill.liquidity, fill.position_side] == [
            *(D(2499), D(2), Side.SELL, Liquidity.TAKER, room.held),
        ]
        assert (fill.commission, fill.commission_currency) == (Decimal(row["fee"]), "USDT")
        (snapshot,) = of(found, OrderSnapshot)
        assert (snapshot.status, snapshot.cum_qty) == (OrdStatus.CANCELED, D(2))
        assert (snapshot.order_qty, snapshot.side) == (D(3), Side.SELL)
        assert ids(await guest.fills()) >= {fill.exec_id}


@EACH
async def test_a_fill_or_kill_is_accepted_and_then_canceled(room: Room) -> None:
    async with entered(room) as guest:
        made = await guest.place(1, force=TimeInForce.FOK)
        assert kinds(made) == [OrderAccepted]
        (snapshot,) = of(await guest.look(1, order_id_of(made)), OrderSnapshot)
        assert snapshot.status in {OrdStatus.CANCELED, OrdStatus.EXPIRED}
        assert snapshot.cum_qty == D(0)


@EACH
async def test_a_used_id_is_looked_up_and_found(room: Room) -> None:
    async with entered(room) as guest:
        first = await guest.rest(1)
        (doubt,) = await guest.place(1)
        assert isinstance(doubt, OrderInDoubt)
        assert doubt.reason is RejectReason.DUPLICATE_ID
        (snapshot,) = of(await guest.look(1), OrderSnapshot)
        assert (snapshot.venue_order_id, snapshot.status) == (first, OrdStatus.NEW)


@EACH
@pytest.mark.parametrize("resting", [False, True])
@pytest.mark.parametrize(
    ("kind", "lived"),
    [
        (FaultKind.HTTP_LOSE_AFTER, True),
        (FaultKind.HTTP_LOSE_BEFORE, False),
        (FaultKind.HTTP_ERROR_AFTER, True),
        (FaultKind.HTTP_ERROR_BEFORE, False),
    ],
)
async def test_a_lost_answer_is_a_doubt_that_a_look_resolves(
    room: Room, kind: FaultKind, lived: bool, resting: bool
) -> None:
    async with entered(room) as guest:
        guest.arm(kind, endpoint=room.place_path)
        terms: dict[str, Any] = {"limit": "2500", "force": TimeInForce.GTC} if resting else {}
        (doubt,) = await guest.place(1, qty="1", **terms)
        assert isinstance(doubt, OrderInDoubt)
        found = await guest.look(1)
        assert isinstance(found[-1], OrderSnapshot if lived else OrderAbsent)
        assert len(of(found, Fill)) == (1 if lived and not resting else 0)


async def test_answers_that_come_too_late_or_prove_nothing() -> None:
    async with entered(ROOMS[1]) as guest:
        guest.arm(FaultKind.HTTP_DELAY_AFTER, endpoint=ROOMS[1].place_path, seconds=1.5)
        (doubt,) = await guest.place(1, qty="1")
        assert isinstance(doubt, OrderInDoubt)
        assert doubt.reason is RejectReason.TIMEOUT
        for number, code in enumerate(("19999", "11107", "10001"), start=2):
            guest.arm(FaultKind.HTTP_ERROR_AFTER, code=code, status=200)
            (doubt,) = await guest.place(number, qty="0.1")
            assert isinstance(doubt, OrderInDoubt)
            assert of(await guest.look(number), OrderSnapshot)


@EACH
async def test_a_429_was_not_processed_and_the_same_id_may_go_again(room: Room) -> None:
    async with entered(room) as guest:
        guest.arm(FaultKind.HTTP_429, endpoint=room.place_path, seconds=1)
        (refused,) = await guest.place(1, qty="1")
        assert isinstance(refused, OrderRejected)
        assert refused.reason is RejectReason.RATE_LIMIT
        assert kinds(await guest.place(1, qty="1")) == [OrderAccepted]


@EACH
@pytest.mark.parametrize("ahead_s", [90, -90])
async def test_a_wrong_clock_places_all_the_same(room: Room, ahead_s: float) -> None:
    async with entered(room, ahead_s=ahead_s) as guest:
        made = await guest.place(1, qty="1")
        assert kinds(made) == [OrderAccepted]
        assert abs(guest.venue.skew_ns / 1e9 - ahead_s) < 1.2
        (snapshot,) = of(await guest.look(1, order_id_of(made)), OrderSnapshot)
        assert snapshot.status is OrdStatus.FILLED


async def test_a_clock_that_is_minutes_wrong_is_named() -> None:
    async with entered(ROOMS[1], ahead_s=-300, opens=False) as guest:
        with pytest.raises(WrongClockError):
            await guest.venue.open()


@EACH
async def test_canceling_what_rests_and_what_does_not(room: Room) -> None:
    async with entered(room) as guest:
        order_id = await guest.rest(1)
        guest.buy("0.4")
        asked = await guest.cancel(1, order_id)
        # An acknowledgement: the order is still shown as it was.
        assert isinstance(asked, OrderSnapshot)
        assert (asked.status, asked.cum_qty) == (OrdStatus.PARTIALLY_FILLED, D("0.4"))
        again = await guest.cancel(1, order_id)
        assert isinstance(again, CancelRejected)
        assert again.reason is RejectReason.NOT_FOUND
        (snapshot,) = of(await guest.look(1, order_id), OrderSnapshot)
        assert (snapshot.status, snapshot.cum_qty) == (OrdStatus.CANCELED, D("0.4"))


@EACH
@pytest.mark.parametrize("code", ["", "accepted"])
async def test_a_cancel_that_meets_the_last_fill(room: Room, code: str) -> None:
    async with entered(room) as guest:
        order_id = await guest.rest(1)
        guest.arm(FaultKind.CANCEL_RACE, code=code)
        answer = await guest.cancel(1, order_id)
        assert isinstance(answer, OrderSnapshot if code else CancelRejected)
        found = await guest.look(1, order_id)
        (snapshot,) = of(found, OrderSnapshot)
        assert (snapshot.status, snapshot.cum_qty) == (OrdStatus.FILLED, D(3))
        assert [fill.liquidity for fill in of(found, Fill)] == [Liquidity.MAKER]


@EACH
async def test_refusals_and_a_halt(room: Room) -> None:
    async with entered(room) as guest:
        await refused(guest, 1, RejectReason.INVALID_ORDER, limit="2499.001")
        await refused(guest, 2, RejectReason.INVALID_ORDER, qty="9001")
        guest.exchange.upkeep.set_phase(room.symbol, Phase.HALTED)
        await refused(guest, 3, RejectReason.MARKET_INACTIVE)
        await guest.venue.shelf.read()
        query = QueryMarket(account=ALPHA, venue=room.market, symbol=room.symbol)
        (market,) = await guest.venue.market(query)
        assert isinstance(market, MarketRead)
        assert market.phase is MarketPhase.PAUSED
        guest.exchange.upkeep.set_phase(room.symbol, Phase.TRADING)
        if room.market == SPOT:
            await refused(guest, 4, RejectReason.INSUFFICIENT_FUNDS, qty="6")
        else:
            await guest.place(5, qty="5", limit="2400")
            await refused(guest, 6, RejectReason.NO_POSITION)


@EACH
async def test_a_refusal_inside_the_answer(room: Room) -> None:
    async with entered(room, table={"refusals": "data"}) as guest:
        if room.market == SPOT:
            await refused(guest, 1, RejectReason.INSUFFICIENT_FUNDS, qty="6")
        else:
            await guest.place(1, qty="5", limit="2400")
            await refused(guest, 2, RejectReason.NO_POSITION)


async def refused(guest: Guest, number: int, reason: RejectReason, **changes: Any) -> None:
    (event,) = await guest.place(number, **changes)
    assert isinstance(event, OrderRejected)
    assert event.reason is reason
