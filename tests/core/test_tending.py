"""Doubt and time: lost answers, absence, resending the same id, timeouts, cancels that race."""

from __future__ import annotations

from decimal import Decimal

from daemon.core.commands import CancelOrder, NoticeKind, PlaceOrder, QueryOrder, StartTimer
from daemon.core.decisions import CloseExit, DeclareDead, ExitEnd, OpenExit
from daemon.core.events import MarketPhase
from daemon.core.requests import HaltRequested
from daemon.core.terms import OrdStatus, RejectReason, RuleKind, Side, TimeInForce
from tests import builders as make
from tests.core.play import Play, guarded, notices, only

D = Decimal


def doubted(*, resend: bool = True) -> Play:
    """The exit order was sent and its answer lost."""
    play = guarded(account=make.account_policy(resend=resend))
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.in_doubt(order_id=play.order_id))
    return play


def resting() -> Play:
    """A GTC exit that the venue has."""
    play = guarded(make.rule(policy=make.exits(order=TimeInForce.GTC)))
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.accepted(order_id=play.order_id))
    return play


def test_a_lost_answer_is_asked_for_and_nothing_else_is_sent() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    told = play.tell(make.in_doubt(order_id=play.order_id))
    assert only(told, QueryOrder)[0].client_order_id == play.order_id
    assert play.order.status is OrdStatus.IN_DOUBT
    assert not only(play.tell(make.quote(bid="0.55", ask="0.57"), after="60"), PlaceOrder)
    assert play.undead_qty == D(100)


def test_absent_within_the_read_lag_grace_proves_nothing() -> None:
    play = doubted()
    told = play.tell(make.absent(order_id=play.order_id))
    assert not only(told, PlaceOrder)
    assert not only(told, DeclareDead)


def test_absent_after_the_grace_is_sent_again_with_the_same_bytes() -> None:
    play = doubted()
    (again,) = only(play.tell(make.absent(order_id=play.order_id), after="5"), PlaceOrder)
    first = play.placed[0]
    assert again.resend
    assert again.client_order_id == first.client_order_id
    assert (again.order_qty, again.limit_px, again.side) == (
        first.order_qty,
        first.limit_px,
        first.side,
    )
    assert play.order.sendings == 2
    assert len(play.engine.book.orders) == 1


def test_a_duplicate_answer_proves_that_it_lives_and_the_query_finds_it() -> None:
    play = doubted()
    play.tell(make.absent(order_id=play.order_id), after="5")
    duplicate = make.in_doubt(order_id=play.order_id, reason=RejectReason.DUPLICATE_ID)
    assert only(play.tell(duplicate), QueryOrder)
    assert not play.tell(make.absent(order_id=play.order_id), after="300"), "it exists: no proof"
    play.tell(
        make.snapshot(order_id=play.order_id, status=OrdStatus.CANCELED, cum_qty="50"),
        make.fill(),
    )
    assert play.order.dead
    assert play.position.qty == D(50)
    (rest,) = only(play.tell(make.quote(bid="0.57", ask="0.59")), PlaceOrder)
    assert (rest.order_qty, rest.attempt) == (D(50), 2)


def test_absent_beyond_the_in_flight_bound_is_dead_and_the_rest_goes_on() -> None:
    play = doubted(resend=False)
    assert not only(play.tell(make.absent(order_id=play.order_id), after="60"), DeclareDead)
    (dead,) = only(play.tell(make.absent(order_id=play.order_id), after="30"), DeclareDead)
    assert dead.reason is RejectReason.ABSENT
    assert play.order.dead
    assert only(play.tell(make.quote(bid="0.57", ask="0.59"), after="2"), PlaceOrder)


def test_a_listing_from_before_the_sending_is_no_proof() -> None:
    play = doubted(resend=False)
    old = make.absent(order_id=play.order_id, as_of_ns=play.order.sent_time_ns)
    assert not play.tell(old, after="300")


def test_an_exit_at_work_goes_on_while_halted() -> None:
    play = doubted()
    play.tell(HaltRequested(receive_time_ns=0, mono_ns=0))
    assert only(play.tell(make.absent(order_id=play.order_id), after="6"), PlaceOrder)


def test_nothing_is_sent_again_while_the_market_is_closed() -> None:
    other = doubted()
    other.tell(make.market_read(phase=MarketPhase.PAUSED))
    assert not only(other.tell(make.absent(order_id=other.order_id), after="6"), PlaceOrder)


def test_nothing_is_sent_again_that_could_sell_more_than_is_held() -> None:
    play = doubted()
    play.tell(make.fill(exec_id="s", venue_order_id="w1", last_qty="60"))
    assert not only(play.tell(make.absent(order_id=play.order_id), after="6"), PlaceOrder)
    play.tell(make.fill(exec_id="s2", venue_order_id="w2", last_qty="40"))
    assert not only(play.tell(make.absent(order_id=play.order_id), after="6"), PlaceOrder)


def test_a_doubt_does_not_block_what_surely_remains() -> None:
    play = doubted()
    play.tell(
        make.fill(exec_id="b", side=Side.BUY, last_qty="30", last_px="0.5", venue_order_id="w1")
    )
    (order,) = only(play.tell(make.quote(bid="0.57", ask="0.59")), PlaceOrder)
    assert order.order_qty == D(30)
    assert play.undead_qty == play.position.held_qty


def test_a_doubt_that_lasts_is_told_once() -> None:
    play = doubted()
    name = f"check|{play.order_id}"
    assert NoticeKind.ORDER_IN_DOUBT not in notices(play.tell(make.timer(name)))
    told = play.tell(make.timer(name), after="10")
    assert NoticeKind.ORDER_IN_DOUBT in notices(told)
    assert only(told, QueryOrder)
    assert NoticeKind.ORDER_IN_DOUBT not in notices(play.tell(make.timer(name)))


def test_a_check_of_a_dead_or_unknown_order_does_nothing() -> None:
    play = doubted()
    play.tell(make.canceled(order_id=play.order_id))
    assert not play.tell(make.timer(f"check|{play.order_id}"))
    assert not play.tell(make.timer("timeout|fdnobody"))


def test_a_resting_exit_is_canceled_at_its_timeout_and_counts_what_filled() -> None:
    play = resting()
    (placed,) = play.placed
    assert placed.reduce_only
    assert StartTimer(timer=f"timeout|{play.order_id}", delay_s=D(10)) in play.commands
    (cancel,) = only(play.tell(make.timer(f"timeout|{play.order_id}"), after="10"), CancelOrder)
    assert cancel.client_order_id == play.order_id
    assert play.order.status is OrdStatus.PENDING_CANCEL
    assert not only(play.tell(make.quote(bid="0.57", ask="0.59")), PlaceOrder)
    play.tell(make.fill(last_qty="30"))
    assert play.order.status is OrdStatus.PENDING_CANCEL
    play.tell(make.canceled(order_id=play.order_id, cum_qty="30"))
    (rest,) = only(play.tell(make.quote(bid="0.57", ask="0.59")), PlaceOrder)
    assert rest.order_qty == D(70)


def test_a_canceled_order_with_fills_on_their_way_is_asked_for_them() -> None:
    play = resting()
    play.tell(make.timer(f"timeout|{play.order_id}"), after="10")
    told = play.tell(make.canceled(order_id=play.order_id, cum_qty="30"))
    assert StartTimer(timer=f"check|{play.order_id}", delay_s=D("0.5")) in told
    assert only(play.tell(make.timer(f"check|{play.order_id}")), QueryOrder)
    assert play.undead_qty == D(30)
    (rest,) = only(play.tell(make.quote(bid="0.57", ask="0.59")), PlaceOrder)
    assert rest.order_qty == D(70), "what surely remains is sold, the missing 30 waits for proof"


def test_a_cancel_that_finds_nothing_says_neither_canceled_nor_filled() -> None:
    play = resting()
    play.tell(make.timer(f"timeout|{play.order_id}"), after="10")
    told = play.tell(make.cancel_rejected(order_id=play.order_id))
    assert play.order.status is OrdStatus.IN_DOUBT
    assert only(told, StartTimer)[0].timer == f"check|{play.order_id}"
    assert not only(play.tell(make.quote(bid="0.57", ask="0.59")), PlaceOrder)
    play.tell(make.snapshot(order_id=play.order_id, status=OrdStatus.FILLED, cum_qty="100"))
    assert not play.order.dead
    told = play.tell(make.fill(last_qty="100"))
    assert only(told, CloseExit)


def test_a_cancel_without_an_answer_is_sent_again_when_the_order_still_rests() -> None:
    play = resting()
    play.tell(make.timer(f"timeout|{play.order_id}"), after="10")
    play.tell(make.cancel_rejected(order_id=play.order_id, reason=RejectReason.TIMEOUT))
    alive = make.snapshot(order_id=play.order_id, status=OrdStatus.NEW, leaves_qty="100")
    assert only(play.tell(alive), CancelOrder)


def test_an_order_whose_time_is_up_before_its_ack_is_canceled_with_the_ack() -> None:
    play = guarded(make.rule(policy=make.exits(order=TimeInForce.GTC)))
    play.tell(make.quote(bid="0.58", ask="0.60"))
    assert not play.tell(make.timer(f"timeout|{play.order_id}"), after="10")
    assert only(play.tell(make.accepted(order_id=play.order_id)), CancelOrder)


def test_the_timeout_of_an_ended_order_does_nothing() -> None:
    play = resting()
    play.tell(make.canceled(order_id=play.order_id, cum_qty="10"))
    assert not play.tell(make.timer(f"timeout|{play.order_id}"), after="10")


def test_a_resting_exit_of_a_position_that_shrank_is_canceled_at_once() -> None:
    play = resting()
    told = play.tell(make.fill(exec_id="s", venue_order_id="w1", last_qty="60"))
    assert only(told, CancelOrder)


def test_a_resting_exit_whose_position_was_closed_by_hand_leaves_nothing_behind() -> None:
    play = guarded(make.rule(policy=make.exits(order=TimeInForce.GTC)))
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.fill(exec_id="s", venue_order_id="w1", last_qty="100"))
    assert only(play.tell(make.accepted(order_id=play.order_id)), CancelOrder)
    assert only(play.tell(make.canceled(order_id=play.order_id)), CloseExit)


def test_crossing_zero_cancels_the_old_exit_and_guards_the_new_side_afresh() -> None:
    percent = make.rule(kind=RuleKind.PERCENT, level="10", policy=make.exits(order=TimeInForce.GTC))
    play = guarded(percent)
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.accepted(order_id=play.order_id))
    told = play.tell(make.fill(exec_id="s", venue_order_id="w1", last_qty="130", last_px="0.58"))
    assert only(told, CancelOrder)
    assert only(told, CloseExit)[0].end is ExitEnd.SUPERSEDED
    assert play.position.qty == D(-30)
    assert play.position.generation == 2
    told = play.tell(make.quote(bid="0.64", ask="0.65"))
    told += play.tell(make.canceled(order_id=play.order_id))
    told += play.tell(make.quote(bid="0.64", ask="0.65"))
    assert NoticeKind.UNCONFIRMED in notices(told)
    assert not only(told, PlaceOrder)


def test_crossing_zero_with_a_doubtful_exit_does_not_hand_it_the_new_side() -> None:
    play = guarded(make.rule(kind=RuleKind.PERCENT, level="10"))
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.in_doubt(order_id=play.order_id))
    told = play.tell(make.fill(exec_id="s", venue_order_id="w1", last_qty="230", last_px="0.58"))
    told += play.tell(make.quote(bid="0.57", ask="0.58"), after="30")
    assert not only(told, PlaceOrder)
    told = play.tell(make.quote(bid="0.64", ask="0.65"))
    assert only(told, OpenExit)[0].exit_no == 2
    assert only(told, PlaceOrder)[0].side is Side.BUY


def test_an_unacknowledged_order_of_a_superseded_exit_is_canceled_with_its_ack() -> None:
    play = guarded(make.rule(policy=make.exits(order=TimeInForce.GTC)))
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.fill(exec_id="s", venue_order_id="w1", last_qty="130"))
    assert only(play.tell(make.accepted(order_id=play.order_id)), CancelOrder)


def test_with_live_orders_off_even_a_cancel_is_withheld() -> None:
    play = resting()
    play.tell(make.rules_loaded(make.rule(), account=make.account_policy(live=False)))
    told = play.tell(make.timer(f"timeout|{play.order_id}"), after="10")
    assert not only(told, CancelOrder)


def test_a_full_count_with_fills_that_never_come_ends_with_the_inferred_ones() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.accepted(order_id=play.order_id))
    play.tell(make.snapshot(order_id=play.order_id, status=OrdStatus.FILLED, cum_qty="100"))
    play.tell(make.positions(), make.fills_read(), make.market_read())
    told = play.tell(make.positions(), after="6")
    assert NoticeKind.FILL_INFERRED in notices(told)
    assert only(told, CloseExit)
    assert play.order.dead


def test_a_trigger_that_leads_to_no_order_changes_nothing() -> None:
    play = doubted()
    play.tell(make.quote(bid="0.55", ask="0.57"), make.quote(bid="0.54", ask="0.57"), after="30")
    assert not play.engine.changed


def test_a_doubtful_order_is_not_sent_again_while_another_works() -> None:
    play = doubted()
    first = play.order_id
    more = make.fill(exec_id="b", side=Side.BUY, last_qty="30", venue_order_id="w1")
    play.tell(more, make.quote(bid="0.57", ask="0.59"))
    assert len(play.placed) == 2
    assert not only(play.tell(make.absent(order_id=first), after="6"), PlaceOrder)
    play.tell(make.canceled(order_id=play.order_id))
    assert only(play.tell(make.absent(order_id=first)), PlaceOrder)[0].resend
