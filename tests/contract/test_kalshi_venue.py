"""KalshiVenue against the paper exchange, which shares no code with it: orders and look-ups."""

from __future__ import annotations

import pytest

from daemon.core.commands import CancelOrder, QueryBook, QueryFills, QueryMarket, QueryQuote
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
    Settlement,
    Undecodable,
)
from daemon.core.terms import OrdStatus, RejectReason, Side, TimeInForce
from daemon.paper.faults import FaultKind
from daemon.paper.lifecycle import Switches
from daemon.paper.model import Side as PaperSide
from daemon.paper.oracle import account_truth
from daemon.paper.server import PaperServer
from daemon.venues.errors import WrongKeyError
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.kalshi.wire import VENUE
from tests.contract.kalshi_room import (
    ALPHA,
    CREATE,
    RAIN,
    D,
    arm,
    key,
    key_of,
    kinds,
    look,
    order_id_of,
    place,
)
from tests.venues.kalshi.builders import TestClock


async def test_opening_and_reading_the_account(paper: PaperServer, venue: KalshiVenue) -> None:
    assert venue.session.write_tokens.capacity > 1_000
    events = await venue.book(QueryBook(account=ALPHA, venue=VENUE, since_ns=0))
    assert not [event for event in events if isinstance(event, Undecodable)]
    assert {OrdersRead, FillsRead, PositionSnapshot} <= set(kinds(events))
    (positions,) = (event for event in events if isinstance(event, PositionSnapshot))
    assert [(row.symbol, row.position_qty) for row in positions.rows] == [(RAIN, D(20))]
    (market,) = await venue.market(QueryMarket(account=ALPHA, venue=VENUE, symbol=RAIN))
    assert isinstance(market, MarketRead)
    assert (market.instrument.shard, market.phase) == (2, MarketPhase.ACTIVE)
    (quote,) = await venue.quote(QueryQuote(account=ALPHA, venue=VENUE, symbol=RAIN))
    assert isinstance(quote, Quote)
    assert [quote.bid_px, quote.bid_qty, quote.ask_px] == [D("0.55"), D(4), D("0.57")]


async def test_a_key_that_is_not_theirs(paper: PaperServer) -> None:
    stranger = KalshiVenue(key_of(paper, key_id="nobody"), TestClock())
    with pytest.raises(WrongKeyError):
        await stranger.open()
    await stranger.close()


async def test_a_partial_exit_and_its_fills(paper: PaperServer, venue: KalshiVenue) -> None:
    events = await place(venue, 1)
    assert kinds(events) == [OrderAccepted, OrderCanceled]
    canceled = events[1]
    assert isinstance(canceled, OrderCanceled)
    assert canceled.cum_qty == D(7)
    found = await venue.order(look(1, order_id_of(events)))
    fills = [event for event in found if isinstance(event, Fill)]
    assert [[f.last_px, f.last_qty, f.side] for f in fills] == [
        [D("0.55"), D(4), Side.SELL],
        [D("0.54"), D(3), Side.SELL],
    ]
    last = found[-1]
    assert isinstance(last, OrderSnapshot)
    assert (last.status, str(last.cum_qty)) == (OrdStatus.CANCELED, "7.00")
    truth = account_truth(paper.exchange, "alpha")
    told = truth["fills"]
    assert isinstance(told, list)
    assert {str(fill.exec_id) for fill in fills} <= {row["trade_id"] for row in told}
    ask = QueryFills(account=ALPHA, venue=VENUE, symbol=RAIN, since_ns=0)
    assert kinds(await venue.fills(ask)).count(Fill) == 3


async def test_an_exit_into_nothing_and_a_fill_or_kill(venue: KalshiVenue) -> None:
    accepted, canceled = await place(venue, 1, limit="0.56")
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(canceled, OrderCanceled)
    assert canceled.cum_qty == D(0)
    (killed,) = await place(venue, 2, limit="0.55", time_in_force=TimeInForce.FOK)
    assert isinstance(killed, OrderRejected)
    assert killed.reason is RejectReason.NO_LIQUIDITY


async def test_a_used_id_is_looked_up_and_found(venue: KalshiVenue) -> None:
    first = await place(venue, 1, qty="2")
    (doubt,) = await place(venue, 1, qty="2")
    assert isinstance(doubt, OrderInDoubt)
    assert doubt.reason is RejectReason.DUPLICATE_ID
    found = await venue.order(look(1))
    assert isinstance(found[-1], OrderSnapshot)
    assert found[-1].venue_order_id == order_id_of(first)


@pytest.mark.parametrize(
    ("kind", "lived"),
    [
        (FaultKind.HTTP_LOSE_AFTER, True),
        (FaultKind.HTTP_LOSE_BEFORE, False),
        (FaultKind.HTTP_ERROR_AFTER, True),
        (FaultKind.HTTP_ERROR_BEFORE, False),
        (FaultKind.HTTP_DELAY_AFTER, True),
    ],
)
async def test_a_lost_answer_is_a_doubt_that_a_look_resolves(
    paper: PaperServer, venue: KalshiVenue, kind: FaultKind, lived: bool
) -> None:
    arm(paper, kind, endpoint=CREATE)
    (doubt,) = await place(venue, 1, qty="4")
    assert isinstance(doubt, OrderInDoubt)
    found = await venue.order(look(1))
    assert isinstance(found[-1], OrderSnapshot if lived else OrderAbsent)
    assert kinds(found).count(Fill) == (1 if lived else 0)
    received = account_truth(paper.exchange, "alpha")["client_order_ids"]
    assert isinstance(received, dict)
    assert len(received) == (1 if lived else 0)


async def test_a_429_was_not_processed_and_the_same_id_may_go_again(
    paper: PaperServer, venue: KalshiVenue
) -> None:
    arm(paper, FaultKind.HTTP_429, endpoint=CREATE)
    (refused,) = await place(venue, 1, qty="4")
    assert isinstance(refused, OrderRejected)
    assert refused.reason is RejectReason.RATE_LIMIT
    assert kinds(await place(venue, 1, qty="4")) == [OrderAccepted]


async def test_a_wrong_clock_places_all_the_same(paper: PaperServer) -> None:
    venue = KalshiVenue(key_of(paper), TestClock(ahead_s=300))
    assert kinds(await place(venue, 1, qty="4")) == [OrderAccepted]
    assert abs(venue.skew_ns / 1e9 - 300) < 1.2
    await venue.close()


async def test_canceling_what_rests_and_what_does_not(
    paper: PaperServer, venue: KalshiVenue
) -> None:
    resting = await place(venue, 1, limit="0.56", time_in_force=TimeInForce.GTC)
    assert kinds(resting) == [OrderAccepted]
    order_id = order_id_of(resting)
    paper.venue.traders.send(RAIN, PaperSide.BID, D("0.56"), D(5))
    command = CancelOrder(
        key=key(),
        client_order_id=look(1).client_order_id,
        venue_order_id=order_id,
        shard=2,
    )
    (canceled,) = await venue.cancel(command)
    assert isinstance(canceled, OrderCanceled)
    assert canceled.cum_qty == D(5)
    (again,) = await venue.cancel(command)
    assert isinstance(again, CancelRejected)
    assert again.reason is RejectReason.NOT_FOUND


async def test_the_price_grid_and_the_pause(paper: PaperServer, venue: KalshiVenue) -> None:
    (off_grid,) = await place(venue, 1, limit="0.545")
    assert isinstance(off_grid, OrderRejected)
    assert off_grid.reason is RejectReason.INVALID_ORDER
    paper.venue.markets.switch(Switches(trading_active=False))
    (paused,) = await place(venue, 2)
    assert isinstance(paused, OrderRejected)
    assert paused.reason is RejectReason.EXCHANGE_PAUSED
    paper.venue.markets.switch(Switches(trading_active=True))
    paper.venue.markets.pause(RAIN)
    (inactive,) = await place(venue, 3)
    assert isinstance(inactive, OrderRejected)
    assert inactive.reason in {RejectReason.MARKET_INACTIVE, RejectReason.EXCHANGE_PAUSED}


async def test_a_settled_market(paper: PaperServer, venue: KalshiVenue) -> None:
    paper.venue.markets.move_close(RAIN, paper.venue.now_ns() - 1)
    paper.venue.tick()
    paper.venue.markets.determine(RAIN, "yes", None)
    paper.venue.markets.settle_now(RAIN)
    market, paid = await venue.market(QueryMarket(account=ALPHA, venue=VENUE, symbol=RAIN))
    assert isinstance(market, MarketRead)
    assert (market.phase, str(market.settl_px)) == (MarketPhase.SETTLED, "1.0000")
    assert isinstance(paid, Settlement)
    assert [paid.position_qty, paid.revenue, paid.settl_px] == [D(20), D(20), D(1)]
