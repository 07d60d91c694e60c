"""Positions: entry price, realized profit, reduce-only, hedge mode, funding, liquidation, ADL."""

from __future__ import annotations

import pytest

from daemon.paper.crypto.happenings import AccountMoved, Cause, OrderFilled
from daemon.paper.crypto.holdings import locked_by
from daemon.paper.crypto.model import Ending, Origin, Position, PositionSide, Status, TimeInForce
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.crypto.upkeep import Seed
from daemon.paper.refusal import OperatorError
from tests.paper.crypto.builders import SYMBOL, D, Room, perp, spot

BOTH, LONG, SHORT = PositionSide.BOTH, PositionSide.LONG, PositionSide.SHORT
IOC = TimeInForce.IOC


def trade(room: Room, side: str, qty: str, price: str, **terms: object) -> None:
    """Alice trades against bob at a price."""
    other = "ask" if side == "bid" else "bid"
    bobs = (
        {}
        if not room.exchange.accounts["bob"].hedge_mode
        else {"position_side": SHORT if side == "bid" else LONG}
    )
    room.place("bob", other, qty, price, **bobs)
    room.place("alice", side, qty, price, **terms)


def test_a_position_averages_its_entry_and_realizes_what_it_closes() -> None:
    position = Position(account="a", symbol="s", position_side=BOTH)
    step = D("0.00000001")
    assert position.move(D(1), D(100), step) == 0
    assert position.move(D(1), D(110), step) == 0
    assert position.entry_px == D(105)
    assert position.move(D("-0.5"), D(115), step) == D(5)
    # Through zero: 1.5 are closed at a loss of 15, the rest is a new short.
    assert position.move(D("-2.5"), D(95), step) == D(-15)
    assert (position.qty, position.entry_px) == (D(-1), D(95))
    assert (position.realized, position.lowest, position.highest) == (D(-10), D(-1), D(2))


def test_cash_moves_by_realized_profit_and_fees_alone() -> None:
    room = perp()
    trade(room, "bid", "1", "100")
    assert room.held("alice") == "1"
    assert room.free("alice", "USDT") == "999.9"
    trade(room, "ask", "1", "120")
    # 20 realized, 0.1 % of 100 and of 120 paid.
    assert room.free("alice", "USDT") == "1019.78"
    assert [str(f.realized.normalize()) for f in room.exchange.fills["alice"]] == ["0", "2E+1"]


def test_margin_bounds_what_can_be_opened() -> None:
    room = perp()
    room.exchange.accounts["alice"].leverage = 2
    for qty, why in (("21", Why.FUNDS), ("20", None)):
        if why is None:
            room.place("alice", "bid", qty, "100")
            continue
        with pytest.raises(CoinRefusalError) as found:
            room.place("alice", "bid", qty, "100")
        assert found.value.why is why
    assert room.venue.orders.available_margin("alice", "USDT") == 0


def test_reduce_only_never_turns_a_position() -> None:
    room = perp()
    with pytest.raises(CoinRefusalError) as found:
        room.place("alice", "ask", "1", "100", reduce_only=True)
    assert found.value.why is Why.REDUCE_ONLY
    trade(room, "bid", "1", "100")
    room.place("bob", "bid", "3", "99")
    order = room.place("alice", "ask", "3", reduce_only=True)
    assert (str(order.filled), order.ending) == ("1", Ending.REDUCE_ONLY)
    assert room.held("alice") == "0"


def test_resting_reduce_only_orders_never_exceed_the_position() -> None:
    room = perp()
    trade(room, "bid", "2", "100")
    older = room.place("alice", "ask", "1", "110", reduce_only=True)
    younger = room.place("alice", "ask", "1", "109", reduce_only=True)
    room.place("bob", "bid", "1", "100")
    room.place("alice", "ask", "1", "100")
    assert (older.is_open, younger.ending) == (True, Ending.REDUCE_ONLY)
    # A sweep through both of an account's orders stops where the position does.
    second = room.place("alice", "ask", "1", "110")
    room.place("bob", "bid", "5", "120", time_in_force=IOC)
    assert (older.status, second.status) == (Status.FILLED, Status.FILLED)
    assert room.held("alice") == "-1"


def test_a_small_closing_order_needs_no_notional() -> None:
    room = perp()
    trade(room, "bid", "1", "100")
    room.place("bob", "bid", "1", "99")
    assert room.place("alice", "ask", "0.01", "99", reduce_only=True).status is Status.FILLED


def test_hedge_mode_keeps_two_positions_of_one_symbol() -> None:
    room = perp(hedge_mode=True)
    with pytest.raises(CoinRefusalError) as found:
        room.place("alice", "bid", "1", "100")
    assert found.value.why is Why.POSITION_SIDE
    trade(room, "bid", "2", "100", position_side=LONG)
    room.place("bob", "bid", "1", "100", position_side=LONG)
    room.place("alice", "ask", "1", "100", position_side=SHORT)
    assert (room.held("alice", LONG), room.held("alice", SHORT)) == ("2", "-1")
    room.place("bob", "bid", "5", "99", position_side=LONG)
    closing = room.place("alice", "ask", "3", "99", position_side=LONG, time_in_force=IOC)
    assert (str(closing.filled), closing.ending) == ("2", Ending.REDUCE_ONLY)
    assert (room.held("alice", LONG), room.held("alice", SHORT)) == ("0", "-1")


def test_the_mode_changes_only_when_nothing_is_open() -> None:
    room = perp()
    keep = room.venue.upkeep
    with pytest.raises(CoinRefusalError) as found:
        keep.set_mode("alice", hedge_mode=False)
    assert found.value.why is Why.NO_CHANGE
    order = room.place("alice", "bid", "1", "100")
    with pytest.raises(CoinRefusalError) as found:
        keep.set_mode("alice", hedge_mode=True)
    assert found.value.why is Why.MODE_IN_USE
    room.venue.orders.cancel(order)
    keep.set_mode("alice", hedge_mode=True)
    assert room.exchange.accounts["alice"].hedge_mode


def test_funding_goes_from_longs_to_shorts_at_the_mark_price() -> None:
    room = perp()
    trade(room, "bid", "2", "100")
    room.exchange.instrument(SYMBOL).mark_px = D(200)
    assert room.exchange.unrealized(room.exchange.holdings.position("alice", SYMBOL, BOTH)) == 200
    before = room.exchange.holdings.total("alice", "USDT")
    room.told.clear()
    assert room.venue.upkeep.pay_funding(SYMBOL, D("0.001")) == 2
    assert room.exchange.holdings.total("alice", "USDT") - before == D("-0.4")
    moved = [t for t in room.told if isinstance(t, AccountMoved)]
    assert [(t.account, t.cause, t.deltas["USDT"]) for t in moved] == [
        ("bob", Cause.FUNDING, D("0.4")),
        ("alice", Cause.FUNDING, D("-0.4")),
    ]
    with pytest.raises(OperatorError, match="no contract"):
        spot().venue.upkeep.pay_funding(SYMBOL, D(1))


def test_a_liquidation_is_an_order_that_nobody_placed() -> None:
    room = perp()
    trade(room, "bid", "2", "100")
    resting = room.place("alice", "ask", "1", "110", reduce_only=True)
    keep = room.venue.upkeep
    adl = keep.force_close("alice", SYMBOL, BOTH, Origin.ADL, D(105), D("0.5"))
    assert (adl.client_order_id, str(adl.filled), resting.is_open) == ("adl_autoclose", "0.5", True)
    room.told.clear()
    forced = keep.force_close("alice", SYMBOL, BOTH, Origin.LIQUIDATION, D(90))
    assert forced.client_order_id.startswith("autoclose-1")
    assert (forced.status, room.held("alice")) == (Status.FILLED, "0")
    assert resting.ending is Ending.LIQUIDATED
    fill = next(t.fill for t in room.told if isinstance(t, OrderFilled))
    assert (fill.origin, str(fill.realized.normalize())) == (Origin.LIQUIDATION, "-15")
    with pytest.raises(OperatorError, match="no both position"):
        keep.force_close("alice", SYMBOL, BOTH, Origin.ADL, D(90))


def test_somebody_can_take_the_rest_of_an_order_before_its_cancel_arrives() -> None:
    room = perp()
    room.place("bob", "bid", "1", "101")
    order = room.place("alice", "bid", "2", "100")
    room.venue.upkeep.fill_rest(order)
    assert (order.status, room.held("alice")) == (Status.FILLED, "2")
    assert room.exchange.fills["alice"][0].is_maker


def test_a_seed_is_an_old_trade_that_nobody_was_told() -> None:
    room = perp()
    room.told.clear()
    then = room.clock.wall_ns() - 60 * 10**9
    room.venue.upkeep.seed(Seed(account="alice", symbol=SYMBOL, qty=D(-2), price=D(100), age_s=60))
    assert room.held("alice") == "-2"
    assert room.exchange.fills["alice"][0].time_ns == then
    assert room.told == []
    for bad in ("0", "1"):
        with pytest.raises(OperatorError):
            room.venue.upkeep.seed(
                Seed(account="alice", symbol=SYMBOL, qty=D(bad), price=D("0.001"))
            )


def test_a_contract_locks_no_coin() -> None:
    room = perp()
    order = room.place("alice", "bid", "1", "100")
    assert locked_by(order, room.exchange.instrument(SYMBOL)) == ("USDT", D(0))
    room.venue.upkeep.set_leverage("alice", SYMBOL, 5)
    assert room.exchange.accounts["alice"].leverage == 5
