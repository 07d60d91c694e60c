"""Every venue's client against its paper exchange: orders, cancels, look-ups, bans, clocks."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from daemon.core.commands import QueryMarket, QueryQuote
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
from daemon.paper.faults import FaultKind
from daemon.venues.bitget.wire import Dialect
from daemon.venues.errors import WrongClockError, WrongKeyError
from tests.contract.guest import D, Guest, entered, ids, kinds, of, order_id_of
from tests.contract.rooms import ALPHA, COIN_ROOMS, ROOMS, Room, each
from tests.venues.kalshi.builders import StandingClock, TestClock

ENDED = {OrdStatus.CANCELED, OrdStatus.EXPIRED}


async def snapshot_of(guest: Guest, number: int) -> OrderSnapshot:
    (snapshot,) = of(await guest.look(number), OrderSnapshot)
    return snapshot


async def refused(guest: Guest, number: int, *reasons: RejectReason, **changes: Any) -> None:
    (event,) = await guest.place(number, **changes)
    assert isinstance(event, OrderRejected)
    assert event.reason in reasons


@each(ROOMS)
async def test_opening_and_reading_the_account(room: Room) -> None:
    async with entered(room) as guest:
        events = await guest.book()
        assert not of(events, Undecodable)
        assert {OrdersRead, FillsRead, PositionSnapshot} <= set(kinds(events))
        (positions,) = of(events, PositionSnapshot)
        assert [(row.symbol, row.position_qty, row.position_side) for row in positions.rows] == [
            (room.symbol, D(5), room.held)
        ]
        where: dict[str, Any] = {"account": ALPHA, "venue": room.venue, "symbol": room.symbol}
        (market,) = await guest.venue.market(QueryMarket(**where))
        assert isinstance(market, MarketRead)
        assert market.phase is MarketPhase.ACTIVE
        if room.coins:
            # USD-M's minimum does not hold for what only reduces (-4164).
            least = D(0) if room.name.startswith("binance-usdm") else D(5)
            terms = market.instrument
            assert (terms.lot_qty, terms.min_notional) == (D("0.001"), least)
        (quote,) = await guest.venue.quote(QueryQuote(**where))
        assert isinstance(quote, Quote)
        _, bid, _, ask = room.prices
        assert [quote.bid_px, quote.bid_qty, quote.ask_px] == [D(bid), D(2), D(ask)]


@each(ROOMS)
async def test_a_key_that_is_not_theirs(room: Room) -> None:
    async with entered(room, opens=False, **room.stranger) as guest:
        with pytest.raises(WrongKeyError):
            await guest.venue.open()


@each(ROOMS)
async def test_a_partial_exit_and_its_fills(room: Room) -> None:
    async with entered(room) as guest:
        made = await guest.place(1)
        assert isinstance(made[0], OrderAccepted)
        found = await guest.look(1, order_id_of(made))
        assert not of(found, Undecodable)
        (fill,), (row,) = of(found, Fill), guest.told(1)
        assert [fill.last_px, fill.last_qty, fill.side] == [D(room.prices[1]), D(2), Side.SELL]
        assert (fill.position_side, fill.liquidity) == (room.held, Liquidity.TAKER)
        assert fill.commission == Decimal(row["fee"]) > 0
        assert fill.commission_currency == row.get("fee_coin", "USD")
        (snapshot,) = of(found, OrderSnapshot)
        assert snapshot.status in ENDED
        assert [snapshot.cum_qty, snapshot.order_qty, snapshot.side] == [D(2), D(3), Side.SELL]
        assert fill.exec_id in ids(await guest.fills())
        assert {event.exec_id for event in of(made, Fill)} <= {fill.exec_id}


@each(ROOMS)
async def test_a_fill_or_kill_that_cannot_fill_sells_nothing(room: Room) -> None:
    async with entered(room) as guest:
        first = (await guest.place(1, force=TimeInForce.FOK))[0]
        if isinstance(first, OrderRejected):
            assert first.reason is RejectReason.NO_LIQUIDITY
        else:
            assert isinstance(first, OrderAccepted)
            found = await snapshot_of(guest, 1)
            assert (found.status in ENDED, found.cum_qty) == (True, D(0))
        assert not guest.told(1)


@each(ROOMS)
async def test_a_used_id_is_looked_up_and_found(room: Room) -> None:
    async with entered(room) as guest:
        first = await guest.rest(1)
        (doubt,) = await guest.place(1)
        assert isinstance(doubt, OrderInDoubt)
        assert doubt.reason is RejectReason.DUPLICATE_ID
        found = await snapshot_of(guest, 1)
        assert (found.venue_order_id, found.status) == (first, OrdStatus.NEW)


@each(ROOMS)
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
        await guest.arm(kind, endpoint=room.place_path)
        terms = {"limit": room.prices[2], "force": TimeInForce.GTC} if resting else {}
        (doubt,) = await guest.place(1, qty="1", **terms)
        assert isinstance(doubt, OrderInDoubt)
        found = await guest.look(1)
        assert isinstance(found[-1], OrderSnapshot if lived else OrderAbsent)
        assert len(of(found, Fill)) == len(guest.told(1)) == (1 if lived and not resting else 0)


@each(ROOMS)
async def test_an_answer_that_comes_too_late_is_a_doubt(room: Room) -> None:
    async with entered(room, order_timeout_s=0.3) as guest:
        await guest.arm(FaultKind.HTTP_DELAY_AFTER, endpoint=room.place_path, seconds=0.6)
        (doubt,) = await guest.place(1, qty="1")
        assert isinstance(doubt, OrderInDoubt)
        assert doubt.reason is RejectReason.TIMEOUT
        assert (await snapshot_of(guest, 1)).cum_qty == D(1)


@each(ROOMS)
async def test_a_limit_was_not_processed_and_its_wait_is_kept(room: Room) -> None:
    clock = StandingClock(quick=True)
    async with entered(room, clock=clock) as guest:
        await guest.arm(room.ban, endpoint=room.place_path, seconds=1)
        await refused(guest, 1, RejectReason.RATE_LIMIT, qty="1")
        before = len(clock.slept)
        assert isinstance((await guest.place(1, qty="1"))[0], OrderAccepted)
        assert (sum(clock.slept[before:]) > 0.8) is room.names_wait


@each([room for room in ROOMS if room.names_wait])
async def test_while_banned_nothing_is_sent_and_no_other_venue_waits(room: Room) -> None:
    other = ROOMS[ROOMS.index(room) - 1]
    async with entered(room) as guest, entered(other) as elsewhere:
        await guest.arm(room.ban, endpoint=room.place_path, seconds=60)
        await refused(guest, 1, RejectReason.RATE_LIMIT, qty="1")
        before = dict(guest.truth()["client_order_ids"])
        async with asyncio.TaskGroup() as tasks:
            again = refused(guest, 2, RejectReason.RATE_LIMIT, qty="1")
            tasks.create_task(again, name="the banned one tries again")
            assert isinstance((await elsewhere.place(1, qty="1"))[0], OrderAccepted)
            assert sum(elsewhere.clock.slept) < 0.5
        assert guest.truth()["client_order_ids"] == before
        assert await guest.struck(room.ban) == 1


@each(ROOMS)
@pytest.mark.parametrize("ahead_s", [90, -90])
async def test_a_wrong_clock_places_all_the_same(room: Room, ahead_s: float) -> None:
    async with entered(room, clock=TestClock(ahead_s)) as guest:
        assert isinstance((await guest.place(1, qty="1"))[0], OrderAccepted)
        assert abs(guest.venue.skew_ns / 1e9 - ahead_s) < 6
        assert (await snapshot_of(guest, 1)).status is OrdStatus.FILLED


@each(ROOMS)
async def test_a_clock_that_is_minutes_wrong_is_named(room: Room) -> None:
    async with entered(room, clock=TestClock(-300), opens=False) as guest:
        with pytest.raises(WrongClockError):
            await guest.venue.open()


@each(ROOMS)
async def test_canceling_what_rests_and_what_does_not(room: Room) -> None:
    async with entered(room) as guest:
        order_id = await guest.rest(1)
        guest.buy("1")
        canceled = await guest.cancel(1, order_id)
        assert not isinstance(canceled, CancelRejected)
        found = await snapshot_of(guest, 1)
        assert (found.status, found.cum_qty) == (OrdStatus.CANCELED, D(1))
        await asyncio.sleep(room.cancel_pause_s)
        again = await guest.cancel(1, order_id)
        assert isinstance(again, CancelRejected)
        assert again.reason is RejectReason.NOT_FOUND


@each(ROOMS)
async def test_a_cancel_that_meets_the_last_fill(room: Room) -> None:
    async with entered(room) as guest:
        order_id = await guest.rest(1)
        if room.coins:
            await guest.arm(FaultKind.CANCEL_RACE)
        else:
            guest.buy("3")
        refusal = await guest.cancel(1, order_id)
        assert isinstance(refusal, CancelRejected)
        assert refusal.reason is RejectReason.NOT_FOUND
        found = await guest.look(1, order_id)
        (snapshot,) = of(found, OrderSnapshot)
        assert (snapshot.status, snapshot.cum_qty) == (OrdStatus.FILLED, D(3))
        assert {fill.liquidity for fill in of(found, Fill)} == {Liquidity.MAKER}


@each(ROOMS)
async def test_refusals_and_a_halt(room: Room) -> None:
    async with entered(room) as guest:
        await refused(guest, 1, RejectReason.INVALID_ORDER, limit=room.prices[1] + "1")
        if not room.coins:
            await guest.call("POST", f"/markets/{room.symbol}/pause")
            halted = (RejectReason.MARKET_INACTIVE, RejectReason.EXCHANGE_PAUSED)
            await refused(guest, 2, *halted)
            return
        await refused(guest, 3, RejectReason.INVALID_ORDER, qty="9001")
        await guest.call("PUT", f"/instruments/{room.symbol}/phase", phase="halted")
        await refused(guest, 4, RejectReason.MARKET_INACTIVE)
        await guest.call("PUT", f"/instruments/{room.symbol}/phase", phase="trading")
        if room.spot:
            await refused(guest, 5, RejectReason.INSUFFICIENT_FUNDS, qty="6")
        else:
            await guest.place(6, qty="5", limit=room.prices[0])
            await refused(guest, 7, RejectReason.NO_POSITION)


@each([room for room in COIN_ROOMS if room.fee_coin])
async def test_a_fee_in_a_third_coin(room: Room) -> None:
    balances = {"USDT": "100000", room.fee_coin: "50"} | ({"ETH": "5"} if room.spot else {})
    account = {"fee_coin": room.fee_coin, "balances": balances}
    async with entered(room, account=account) as guest:
        made = await guest.place(1)
        (fill,), (row,) = of(await guest.look(1, order_id_of(made)), Fill), guest.told(1)
        assert (fill.commission_currency, row["fee_coin"]) == (room.fee_coin, room.fee_coin)
        assert fill.commission == Decimal(row["fee"]) > 0


@each(ROOMS)
async def test_the_account_is_read_before_it_is_proven(room: Room) -> None:
    """The engine begins when the first of its venues is open; this one may not be."""
    known: dict[str, Any] = {}
    if "dialect" in room.options:
        known["dialect"] = Dialect(room.options["dialect"])
    async with entered(room, opens=False, **known) as guest:
        events = await guest.book()
        assert not of(events, Undecodable)
        assert {OrdersRead, FillsRead, PositionSnapshot} <= set(kinds(events))
        if not room.name.startswith("phemex"):  # orders there need the products' scales
            assert isinstance((await guest.place(1))[0], OrderAccepted)
            assert len(of(await guest.look(1), Fill)) == 1
