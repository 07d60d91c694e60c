"""Pauses, lost streams and prices, and the end of this process."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core.commands import CancelOrder, NoticeKind, Notify, PlaceOrder, StartTimer
from daemon.core.decisions import OpenExit
from daemon.core.events import StopRequested, VenuePaused
from daemon.core.requests import CancelRequested
from daemon.core.rules import AccountPolicy
from daemon.core.terms import NANOS, ClientOrderId, Side, Symbol, TimeInForce
from tests import builders as make
from tests.core.play import WALL_NS, Play, guarded, notices, only

D = Decimal
THROUGH = make.quote(bid="0.58", ask="0.60")
STOP = StopRequested(**make.NOW)


def resting(account: AccountPolicy | None = None) -> Play:
    play = guarded(make.rule(policy=make.exits(order=TimeInForce.GTC)), account=account)
    play.tell(THROUGH)
    play.tell(make.accepted(order_id=play.order_id))
    return play


def test_a_pause_far_ahead_is_told_ten_minutes_before() -> None:
    play = guarded()
    at_ns = WALL_NS + play.now_ns + 3_601 * NANOS
    far = VenuePaused(**make.AT_VENUE, pause_time_ns=at_ns)
    told = play.tell(far)
    assert not notices(told)
    (wake,) = only(told, StartTimer)
    assert wake.delay_s == D(3_000)
    assert notices(play.tell(make.timer(wake.timer), after="3000")) == [NoticeKind.PAUSE_AHEAD]
    assert not notices(play.tell(make.timer(wake.timer)))


def test_a_pause_names_a_few_of_many_positions_and_counts_the_rest() -> None:
    play = guarded()
    for number in range(1, 40):
        name = Symbol(f"NFL-1-{number:02d}")
        play.tell(make.fill(exec_id=f"t{number}", side=Side.BUY, last_qty="5", symbol=name))
    (told,) = only(play.tell(VenuePaused(**make.AT_VENUE)), Notify)
    assert "exposed: 40 positions: 100 NFL-1, 5 NFL-1-01, " in told.text
    assert told.text.endswith("5 NFL-1-09, and 30 more")


def test_a_process_that_stops_sends_nothing_new() -> None:
    play = guarded()
    play.tell(STOP)
    assert not only(play.tell(THROUGH), OpenExit)
    at_work = guarded()
    at_work.tell(THROUGH)
    at_work.tell(STOP, make.canceled(order_id=at_work.order_id))
    assert not only(at_work.tell(THROUGH, after="40"), PlaceOrder)
    at_work.restart()
    assert only(at_work.tell(THROUGH, after="40"), PlaceOrder)


@pytest.mark.parametrize("cancels", [True, False])
def test_resting_exits_stay_or_go_with_the_process_as_was_asked(*, cancels: bool) -> None:
    play = resting(replace(make.account_policy(), cancel_on_stop=cancels))
    assert bool(only(play.tell(STOP), CancelOrder)) is cancels


def test_an_exit_that_nobody_awaits_any_more_is_canceled() -> None:
    play = resting()
    ask = CancelRequested(**make.NOW, client_order_id=play.order_id)
    assert only(play.tell(ask), CancelOrder)
    play.tell(make.canceled(order_id=play.order_id))
    assert not play.tell(ask)
    nobody = CancelRequested(**make.NOW, client_order_id=ClientOrderId("fdnobody"))
    assert not play.tell(nobody)


def test_nothing_is_sold_before_a_read_of_this_process_agreed_with_the_book() -> None:
    play = guarded()
    play.agrees = False
    play.restart()
    assert not only(play.tell(THROUGH), OpenExit)
    told = play.tell(make.timer(f"verify|{make.KEY.name}"), after="10")
    assert notices(told) == [NoticeKind.UNGUARDED]
    play.tell(make.positions("100"))
    assert only(play.tell(THROUGH), PlaceOrder)
    assert not play.tell(make.timer(f"verify|{make.KEY.name}"))
