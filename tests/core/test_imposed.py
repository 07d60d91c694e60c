"""What the venue does by itself: forced closes under an exit, funding, margin calls."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core import known_fills
from daemon.core.commands import CancelOrder, Command, NoticeKind, Notify, PlaceOrder
from daemon.core.decisions import CloseExit, ExitEnd
from daemon.core.events import Fill, Funding, MarginCall
from daemon.core.fills import fill_key
from daemon.core.funding import booked_key
from daemon.core.requests import ExitRequested
from daemon.core.terms import (
    SHARE_STEP,
    Currency,
    ExecId,
    FillCause,
    PositionSide,
    Side,
    TimeInForce,
)
from tests import builders as make
from tests.core.play import WALL_NS, Play, guarded, notices, only
from tests.core.test_position import Count, identity

D = Decimal
THROUGH = make.quote(bid="0.58", ask="0.60")
GTC = make.exits(order=TimeInForce.GTC)


def funding(
    paid: str, *, exec_id: str = "f1", currency: str = "USD", side: PositionSide = PositionSide.NET
) -> Funding:
    return Funding(
        **make.ON_SYMBOL,
        exec_id=ExecId(exec_id),
        funding=D(paid),
        funding_currency=Currency(currency),
        transact_time_ns=WALL_NS,
        position_side=side,
    )


def forced(
    qty: str, px: str = "0.50", cause: FillCause = FillCause.LIQUIDATION, exec_id: str = "x1"
) -> Fill:
    """The venue sells."""
    sold = make.fill(exec_id=exec_id, last_qty=qty, last_px=px, venue_order_id="venue-1")
    return replace(sold, cause=cause)


def told_of(told: list[Command], kind: NoticeKind) -> list[Notify]:
    return [notice for notice in only(told, Notify) if notice.notice is kind]


def test_funding_has_a_column_and_is_part_of_the_pnl_but_of_no_generation() -> None:
    play = guarded()
    told = play.tell(funding("0.30"), funding("-0.10", exec_id="f2"))
    ours = play.position
    assert (ours.funding, ours.funding_pnl) == ({"USD": D("0.20")}, D("-0.20"))
    assert (ours.open_pnl, ours.realized_pnl) == (D(0), D("-0.20"))
    assert [notice.urgent for notice in told_of(told, NoticeKind.FUNDING)] == [False, False]
    play.tell(make.fill(last_qty="100", last_px="0.65"))
    assert (ours.wins, ours.losses, ours.realized_pnl) == (0, 0, D("-0.20"))


def test_funding_in_a_third_coin_stays_outside_the_pnl() -> None:
    play = guarded()
    play.tell(funding("0.5", currency="BNB"))
    assert (play.position.funding, play.position.realized_pnl) == ({"BNB": D("0.5")}, D(0))


def test_funding_is_counted_once_over_repeats_and_a_restart() -> None:
    play = guarded()
    play.tell(funding("0.30"))
    assert not notices(play.tell(funding("0.30")))
    play.restart()
    told = play.tell(funding("0.40"))
    assert play.position.funding_pnl == D("-0.30")
    assert len(told_of(told, NoticeKind.FILL_CONFLICT)) == 1


def test_a_funding_and_a_fill_of_one_id_are_two_things() -> None:
    play = guarded()
    same = replace(make.fill(exec_id="f1", last_qty="10", last_px="0.65"), venue_order_id=None)
    play.tell(funding("0.30"), same)
    assert (play.position.qty, play.position.funding_pnl) == (D(90), D("-0.30"))


def test_a_funding_that_memory_forgot_has_its_key_in_the_journal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play = guarded()
    monkeypatch.setattr(known_fills, "FILL_KEYS_LIMIT", 1)
    play.tell(funding("0.30"), funding("0.30", exec_id="f2"))
    kept = funding("0.30", exec_id="f2")
    assert list(play.engine.book.fills) == [booked_key(kept)]
    assert booked_key(make.fill()) == fill_key(make.fill())
    assert play.engine.book.fills.forgotten


def test_funding_of_an_unnamed_hedged_position_stands_on_the_one_that_is_held() -> None:
    play = Play()
    opened = make.fill(exec_id="s", side=Side.SELL, last_qty="40", last_px="0.50")
    play.tell(make.started(), make.rules_loaded(), make.market_read())
    play.tell(funding("1", exec_id="f0", side=PositionSide.LONG))
    play.tell(replace(opened, position_side=PositionSide.SHORT), funding("2"))
    play.tell(funding("4", exec_id="f2", side=PositionSide.LONG))
    paid = {key.position_side: p.funding_pnl for key, p in play.engine.book.positions.items()}
    assert paid == {PositionSide.LONG: D(-5), PositionSide.SHORT: D(-2)}


def test_a_liquidation_and_an_adl_have_a_column_each_and_are_urgent() -> None:
    play = guarded(commission="1")
    told = play.tell(
        forced("40"),
        forced("10", exec_id="x2"),
        replace(forced("30", "0.75", FillCause.ADL, "x3"), commission=D("0.2")),
        forced("5", "0.65", FillCause.SETTLEMENT, "x4"),
        make.fill(exec_id="hand", last_qty="15", last_px="0.65"),
    )
    ours = play.position
    assert (ours.liquidation_pnl, ours.adl_pnl) == (D("-8.0"), D("2.5"))
    assert ours.realized_pnl == ours.liquidation_pnl + ours.adl_pnl - D("0.2")
    assert [notice.urgent for notice in told_of(told, NoticeKind.LIQUIDATED)] == [True]
    assert [notice.urgent for notice in told_of(told, NoticeKind.DELEVERAGED)] == [True]
    assert ours.fees == {"USD": D("1.2")}


def test_a_forced_fill_after_it_was_inferred_still_has_its_column() -> None:
    play = guarded()
    play.agrees = False
    play.tell(make.positions("60"), make.market_read(), make.fills_read())
    play.tell(make.positions("60"), after="6")
    assert play.position.qty == D(60)
    early = replace(forced("40"), transact_time_ns=WALL_NS)
    play.tell(early)
    assert (play.position.qty, play.position.liquidation_pnl) == (D(60), D("-6.00"))
    assert play.position.realized_pnl == D("-6.00")


def test_a_forced_close_shrinks_the_exit_at_work() -> None:
    play = guarded(make.rule(policy=GTC))
    play.tell(THROUGH)
    play.tell(make.accepted(order_id=play.order_id))
    assert only(play.tell(forced("70")), CancelOrder)
    play.tell(make.fill(exec_id="p", order_id=play.order_id, last_qty="10"))
    told = play.tell(make.canceled(order_id=play.order_id, cum_qty="10"))
    assert not only(told, PlaceOrder)
    told = play.tell(THROUGH, after="5")
    assert [order.order_qty for order in only(told, PlaceOrder)] == [D(20)]
    assert play.undead_qty <= play.position.held_qty


def test_an_exit_is_flat_when_a_forced_close_took_the_rest() -> None:
    play = guarded()
    play.tell(THROUGH)
    told = play.tell(forced("100"))
    assert not only(told, CloseExit)  # what its order may still fill is not known yet
    told = play.tell(make.canceled(order_id=play.order_id))
    assert [close.end for close in only(told, CloseExit)] == [ExitEnd.FLAT]
    assert not only(play.tell(THROUGH, after="30"), PlaceOrder)


def test_a_part_asked_for_is_never_more_than_a_forced_close_left() -> None:
    play = guarded()
    play.tell(replace(ExitRequested(**make.ON_SYMBOL), qty=D(60)), make.quote())
    assert play.order.order_qty == D(60)
    play.tell(forced("75"))
    play.tell(make.canceled(order_id=play.order_id))
    told = play.tell(make.quote(), after="5")
    assert [order.order_qty for order in only(told, PlaceOrder)] == [D(25)]


def test_a_margin_call_is_urgent_and_said_again_only_after_a_while() -> None:
    play = guarded()
    call = MarginCall(**make.ON_SYMBOL, position_qty=D(100), mark_px=D("0.6"))
    first = told_of(play.tell(call), NoticeKind.MARGIN_CALL)
    assert [(notice.urgent, notice.key) for notice in first] == [(True, make.KEY)]
    assert play.engine.changed
    assert not notices(play.tell(call))
    assert notices(play.tell(call, after="600")) == [NoticeKind.MARGIN_CALL]


QTYS = st.integers(1, 40).map(D)
MONEY = st.integers(-500, 500).map(lambda cents: D(cents) / 100)
STEPS = st.one_of(
    st.tuples(st.sampled_from(Side), QTYS, MONEY, st.sampled_from(FillCause)),
    st.tuples(st.none(), MONEY, MONEY, st.just(FillCause.TRADE)),
)


@given(st.lists(STEPS, max_size=25))
def test_total_and_columns_are_what_fractions_count(
    steps: list[tuple[Side | None, Decimal, Decimal, FillCause]],
) -> None:
    """Every fill is told twice. The total is exact, a column to the steps of its shares."""
    play, count, paid = Play(), Count(), Fraction(0)
    columns = dict.fromkeys(FillCause, Fraction(0))
    play.tell(make.started(), make.rules_loaded(), make.market_read())
    for number, (side, units, money, cause) in enumerate(steps):
        if side is None:
            play.tell(funding(str(units), exec_id=f"f{number}"))
            paid += Fraction(units)
            continue
        px, fee = D("0.5") + abs(money) / 20, money / 10
        sent = make.fill(exec_id=f"t{number}", side=side, last_qty=str(units), last_px=str(px))
        sent = replace(sent, commission=fee, cause=cause)
        play.tell(sent, sent)
        before = count.realized
        count.book(int(side.sign), Fraction(units), Fraction(px), Fraction(fee))
        columns[cause] += count.realized - before
    if play.engine.book.positions:
        near = Fraction(SHARE_STEP) * 4 * len(steps)
        ours = play.position
        identity(ours, count.cash - paid)
        assert abs(Fraction(ours.liquidation_pnl) - columns[FillCause.LIQUIDATION]) <= near
        assert abs(Fraction(ours.adl_pnl) - columns[FillCause.ADL]) <= near
        assert ours.funding_pnl == -paid
