"""BitgetVenue against the paper exchange, which shares no code with it: orders and look-ups."""

from __future__ import annotations

import asyncio

import pytest

from daemon.core.commands import QueryBook, QueryFills, QueryMarket, QueryQuote
from daemon.core.events import (
    CancelRejected,
    Fill,
    FillsRead,
    MarketPhase,
    MarketRead,
    OrderAbsent,
    OrderAccepted,
    OrderCanceled,
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
from daemon.venues.bitget.sign import BitgetSigner
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.bitget.wire import Dialect, Market
from daemon.venues.errors import WrongKeyError
from tests.contract.bitget_room import (
    ALPHA,
    ETH,
    ROOMS,
    D,
    Guest,
    Room,
    entered,
    kinds,
    name,
    of,
    order_id_of,
    settings,
)
from tests.venues.bitget.builders import TestClock

EACH = pytest.mark.parametrize("room", ROOMS, ids=str)
CANCEL_PAUSE_S = 1.01


@EACH
async def test_opening_and_reading_the_account(room: Room) -> None:
    async with entered(room) as guest:
        assert guest.venue.session.modes.dialect.value == room.dialect
        venue_name = room.market.venue
        query = QueryBook(account=ALPHA, venue=venue_name, since_ns=0)
        events = await guest.venue.book(query)
        assert not of(events, Undecodable)
        assert {OrdersRead, FillsRead, PositionSnapshot} <= set(kinds(events))
        (positions,) = of(events, PositionSnapshot)
        assert [(row.symbol, row.position_qty, row.position_side) for row in positions.rows] == [
            (ETH, D(5), room.held)
        ]
        (market,) = await guest.venue.market(
            QueryMarket(account=ALPHA, venue=venue_name, symbol=ETH)
        )
        assert isinstance(market, MarketRead)
        assert market.phase is MarketPhase.ACTIVE
        instrument = market.instrument
        assert (instrument.lot_qty, instrument.min_notional) == (D("0.001"), D(5))
        (quote,) = await guest.venue.quote(QueryQuote(account=ALPHA, venue=venue_name, symbol=ETH))
        assert isinstance(quote, Quote)
        assert [quote.bid_px, quote.bid_qty, quote.ask_px] == [D(2499), D(2), D(2501)]


@EACH
async def test_fills_are_read_before_the_account_is_proven(room: Room) -> None:
    """The engine begins when the first of its venues is open; this one may not be."""
    dialect = Dialect(room.dialect)
    async with entered(room, opens=False, dialect=dialect) as guest:
        query = QueryBook(account=ALPHA, venue=room.market.venue, since_ns=0)
        events = await guest.venue.book(query)
        assert not of(events, Undecodable)
        assert {OrdersRead, FillsRead, PositionSnapshot} <= set(kinds(events))
        assert kinds(await guest.place(1)) == [OrderAccepted]
        stranger = BitgetVenue(guest.settings, TestClock())
        assert len(of(await stranger.order(guest.query(1)), Fill)) == 1
        await stranger.close()


@EACH
async def test_a_key_that_is_not_theirs(room: Room) -> None:
    async with entered(room, opens=False) as guest:
        signer = BitgetSigner.from_secret("nobody", "words", "secret")
        stranger = BitgetVenue(settings(room, guest.paper, signer=signer), TestClock())
        with pytest.raises(WrongKeyError):
            await stranger.open()
        await stranger.close()


@EACH
async def test_a_partial_exit_and_its_fills(room: Room) -> None:
    async with entered(room) as guest:
        made = await guest.place(1)
        assert kinds(made) == [OrderAccepted]
        found = await guest.look(1, order_id_of(made))
        assert not of(found, Undecodable)
        (fill,) = of(found, Fill)
        (told,) = [row for row in guest.truth("fills") if row["client_order_id"] == name(1)]
        assert [fill.last_px, fill.last_qty, fill.side] == [D(2499), D(2), Side.SELL]
        assert (fill.position_side, fill.liquidity) == (room.held, Liquidity.TAKER)
        assert [fill.exec_id, str(fill.commission), fill.commission_currency] == [
            str(told["trade_id"]),
            *(told["fee"], told["fee_coin"]),
        ]
        assert fill.commission > 0
        (snapshot,) = of(found, OrderSnapshot)
        assert (snapshot.status, snapshot.cum_qty) == (OrdStatus.CANCELED, D(2))
        assert (snapshot.order_qty, snapshot.side) == (D(3), Side.SELL)
        ask = QueryFills(account=ALPHA, venue=room.market.venue, symbol=ETH, since_ns=0)
        assert len(of(await guest.venue.fills(ask), Fill)) == len(guest.truth("fills"))


@EACH
async def test_a_fill_or_kill_is_accepted_and_then_canceled(room: Room) -> None:
    async with entered(room) as guest:
        made = await guest.place(1, force=TimeInForce.FOK)
        assert kinds(made) == [OrderAccepted]
        (snapshot,) = of(await guest.look(1), OrderSnapshot)
        assert (snapshot.status, snapshot.cum_qty) == (OrdStatus.CANCELED, D(0))


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
    room: Room, kind: FaultKind, lived: bool
) -> None:
    async with entered(room) as guest:
        guest.arm(kind, endpoint=room.place_path)
        (doubt,) = await guest.place(1, qty="1")
        assert isinstance(doubt, OrderInDoubt)
        found = await guest.look(1)
        assert isinstance(found[-1], OrderSnapshot if lived else OrderAbsent)
        assert len(of(found, Fill)) == (1 if lived else 0)


async def test_an_answer_that_comes_too_late_and_one_that_knows_nothing() -> None:
    async with entered(ROOMS[0]) as guest:
        guest.arm(FaultKind.HTTP_DELAY_AFTER, endpoint=ROOMS[0].place_path, seconds=1.5)
        (doubt,) = await guest.place(1, qty="1")
        assert isinstance(doubt, OrderInDoubt)
        assert doubt.reason is RejectReason.TIMEOUT
        for number, code in enumerate(("40010", "45001", "40015"), start=2):
            guest.arm(FaultKind.HTTP_ERROR_AFTER, code=code, status=400)
            (doubt,) = await guest.place(number, qty="0.1")
            assert isinstance(doubt, OrderInDoubt)
            assert of(await guest.look(number), OrderSnapshot)


@EACH
async def test_a_429_was_not_processed_and_the_same_id_may_go_again(room: Room) -> None:
    async with entered(room) as guest:
        guest.arm(FaultKind.HTTP_429, endpoint=room.place_path)
        (refused,) = await guest.place(1, qty="1")
        assert isinstance(refused, OrderRejected)
        assert refused.reason is RejectReason.RATE_LIMIT
        assert kinds(await guest.place(1, qty="1")) == [OrderAccepted]


@EACH
async def test_a_wrong_clock_places_all_the_same(room: Room) -> None:
    async with entered(room, ahead_s=90) as guest:
        assert kinds(await guest.place(1, qty="1")) == [OrderAccepted]
        assert abs(guest.venue.skew_ns / 1e9 - 90) < 1.2
        (snapshot,) = of(await guest.look(1), OrderSnapshot)
        assert snapshot.status is OrdStatus.FILLED


@EACH
async def test_canceling_what_rests_and_what_does_not(room: Room) -> None:
    async with entered(room) as guest:
        order_id = await guest.rest(1)
        guest.buy("0.4")
        canceled = await guest.cancel(1, order_id)
        assert isinstance(canceled, OrderCanceled)
        again = await guest.cancel(1, order_id)
        assert isinstance(again, CancelRejected)
        assert again.reason is RejectReason.RATE_LIMIT
        await asyncio.sleep(CANCEL_PAUSE_S)
        again = await guest.cancel(1, order_id)
        assert isinstance(again, CancelRejected)
        assert again.reason is RejectReason.NOT_FOUND
        (snapshot,) = of(await guest.look(1), OrderSnapshot)
        assert (snapshot.status, snapshot.cum_qty) == (OrdStatus.CANCELED, D("0.4"))


@EACH
async def test_a_cancel_that_meets_the_last_fill(room: Room) -> None:
    async with entered(room) as guest:
        order_id = await guest.rest(1)
        guest.arm(FaultKind.CANCEL_RACE)
        refused = await guest.cancel(1, order_id)
        assert isinstance(refused, CancelRejected)
        assert refused.reason is RejectReason.NOT_FOUND
        found = await guest.look(1)
        (snapshot,) = of(found, OrderSnapshot)
        assert (snapshot.status, snapshot.cum_qty) == (OrdStatus.FILLED, D(3))
        assert [fill.liquidity for fill in of(found, Fill)] == [Liquidity.MAKER]


@EACH
async def test_refusals_and_a_halt(room: Room) -> None:
    async with entered(room) as guest:
        await refused(guest, 1, RejectReason.INVALID_ORDER, limit="2499.001")
        await refused(guest, 2, RejectReason.INVALID_ORDER, qty="9001")
        guest.exchange.upkeep.set_phase(ETH, Phase.HALTED)
        await refused(guest, 3, RejectReason.MARKET_INACTIVE)
        query = QueryMarket(account=ALPHA, venue=room.market.venue, symbol=ETH)
        (market,) = await guest.venue.market(query)
        assert isinstance(market, MarketRead)
        assert market.phase is MarketPhase.PAUSED
        guest.exchange.upkeep.set_phase(ETH, Phase.TRADING)
        if room.market is Market.SPOT:
            await refused(guest, 4, RejectReason.INSUFFICIENT_FUNDS, qty="6")
        else:
            await guest.place(5, qty="5", limit="2400")
            await refused(guest, 6, RejectReason.NO_POSITION)


async def refused(guest: Guest, number: int, reason: RejectReason, **changes: object) -> None:
    (event,) = await guest.place(number, **changes)
    assert isinstance(event, OrderRejected)
    assert event.reason is reason
