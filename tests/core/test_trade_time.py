"""The time of a trade: what rests is canceled when that of the whole trade is up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core.commands import CancelOrder, StartTimer
from daemon.core.terms import NANOS, OrdStatus, RejectReason, Side, TimeInForce
from tests import builders as make
from tests.core.play import only
from tests.core.test_trading import flat, trade

D = Decimal


@pytest.mark.parametrize(("restart", "left_s"), [(False, "20"), (True, "17")])
def test_one_that_rests_is_canceled_when_its_time_is_up(restart: bool, left_s: str) -> None:
    play = flat()
    resting = trade(side=Side.BUY, time_in_force=TimeInForce.GTC, timeout_s=D(20))
    play.tell(resting, make.accepted(order_id=play.order_id if play.placed else None))
    play.tell(make.accepted(order_id=play.order_id))
    timer = f"timeout|{play.order_id}"
    told = play.restart() if restart else play.commands
    assert [c.delay_s for c in only(told, StartTimer) if c.timer == timer] == [D(left_s)]
    seen = make.snapshot(order_id=play.order_id, side=Side.BUY, leaves_qty="40")
    assert not only(play.tell(seen, after="10"), CancelOrder)
    assert only(play.tell(make.timer(timer)), CancelOrder)


@pytest.mark.parametrize(("restart", "left_s"), [(False, "4.5"), (True, "2.5")])
def test_a_further_attempt_rests_for_what_is_left_of_the_trades_time(
    restart: bool, left_s: str
) -> None:
    play = flat()
    first = trade(side=Side.BUY, time_in_force=TimeInForce.GTC, timeout_s=D(20))
    play.tell(first)
    play.tell(make.rejected(order_id=play.order_id, reason=RejectReason.NETWORK))
    play.tell(replace(first, attempt=2, reason=RejectReason.NETWORK), after="14.5")
    play.tell(make.accepted(order_id=play.order_id))
    told = play.restart() if restart else play.commands
    timer = f"timeout|{play.order_id}"
    assert [c.delay_s for c in only(told, StartTimer) if c.timer == timer] == [D(left_s)]
    seen = make.snapshot(order_id=play.order_id, side=Side.BUY, leaves_qty="40")
    assert not only(play.tell(seen, after="1"), CancelOrder)
    assert only(play.tell(seen, after="5"), CancelOrder)


def test_one_whose_time_was_up_while_nobody_ran_is_canceled_when_it_is_found() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY, time_in_force=TimeInForce.GTC, timeout_s=D(20)))
    play.now_ns += 100 * NANOS
    play.restart()
    assert play.order.status is OrdStatus.IN_DOUBT
    assert not only(play.tell(make.timer(f"timeout|{play.order_id}")), CancelOrder)
    seen = make.snapshot(order_id=play.order_id, side=Side.BUY, leaves_qty="40")
    assert only(play.tell(seen, after="1"), CancelOrder)


def test_one_whose_time_was_up_while_it_was_in_doubt_is_canceled_all_the_same() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY, time_in_force=TimeInForce.GTC, timeout_s=D(20)))
    play.tell(make.in_doubt(order_id=play.order_id))
    assert not only(play.tell(make.timer(f"timeout|{play.order_id}"), after="20"), CancelOrder)
    seen = make.snapshot(order_id=play.order_id, side=Side.BUY, leaves_qty="40")
    assert only(play.tell(seen), CancelOrder)
    play.tell(make.cancel_rejected(order_id=play.order_id, reason=RejectReason.RATE_LIMIT))
    assert play.order.status is OrdStatus.IN_DOUBT
    assert only(play.tell(seen), CancelOrder)
