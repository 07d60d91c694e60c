"""A venue that lies, an operator who changes his mind: sold once, nothing left behind unsaid."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core.commands import CancelOrder, NoticeKind, PlaceOrder
from daemon.core.decisions import CloseExit
from daemon.core.events import Fill, QueryFailed, Undecodable
from daemon.core.requests import OrderResolved, UnguardRequested
from daemon.core.rules import StopRule
from daemon.core.terms import NANOS, OrdStatus, RejectReason, Side, TimeInForce, client_order_id
from tests import builders as make
from tests.core.play import WALL_NS, Play, guarded, notices, only

D = Decimal
THROUGH = make.quote(bid="0.58", ask="0.60")


def resting(*, until_flat: bool = False) -> StopRule:
    """A stop whose exits rest."""
    return make.rule(policy=make.exits(order=TimeInForce.GTC, until_flat=until_flat))


def at_work() -> Play:
    """A position whose exit rests at the venue as v1."""
    play = guarded(resting())
    play.tell(THROUGH)
    play.tell(make.accepted(order_id=play.order_id))
    return play


def test_an_order_that_rests_though_its_cancel_was_confirmed_is_not_sold_again() -> None:
    play = at_work()
    play.tell(make.timer(f"timeout|{play.order_id}"), after="11")
    play.tell(make.canceled(order_id=play.order_id, cum_qty="0"))
    shown = make.snapshot(order_id=play.order_id, leaves_qty="100")
    told = play.tell(replace(shown, as_of_ns=WALL_NS + play.now_ns + NANOS), after="2")
    assert NoticeKind.ORDER_IN_DOUBT in notices(told)
    play.tell(THROUGH, after="5")
    assert len(play.placed) == 1
    told = play.tell(replace(shown, as_of_ns=WALL_NS + play.now_ns + NANOS), after="7")
    assert only(told, CancelOrder), "it is known to rest again, and long overdue"
    play.tell(make.canceled(order_id=play.order_id, cum_qty="0"))
    play.tell(THROUGH, after="40")
    assert len(play.placed) == 2


def test_what_the_operator_resolved_stays_so_whatever_the_venue_shows() -> None:
    play = at_work()
    play.tell(OrderResolved(**make.NOW, client_order_id=play.order_id, cum_qty=D(0)))
    shown = make.snapshot(order_id=play.order_id, leaves_qty="100")
    play.tell(replace(shown, as_of_ns=WALL_NS + play.now_ns + 9 * NANOS))
    assert play.order.dead


@pytest.mark.parametrize(
    "lie",
    [
        make.fill(exec_id="z", symbol="NFL-2", last_qty="100"),
        make.fill(exec_id="z", side=Side.BUY, last_qty="100"),
    ],
    ids=["another symbol", "another side"],
)
def test_a_fill_that_cannot_be_our_orders_does_not_end_it(lie: Fill) -> None:
    play = at_work()
    told = play.tell(lie)
    # Ids are counted per symbol: the same id on another symbol is another order, and no conflict.
    assert (NoticeKind.FILL_CONFLICT in notices(told)) is (lie.symbol == make.SYMBOL)
    assert play.undead_qty == D(100)
    play.tell(THROUGH, after="5")
    assert len(play.placed) == 1


def test_a_second_order_of_the_venue_under_our_id_does_not_end_the_first() -> None:
    play = at_work()
    other = make.snapshot(order_id=play.order_id, venue_order_id="v2", status=OrdStatus.CANCELED)
    told = play.tell(other)
    assert NoticeKind.FOREIGN_WRITER in notices(told)
    play.tell(THROUGH, after="5")
    assert (play.undead_qty, len(play.placed)) == (D(100), 1)


def test_the_id_of_an_adopted_attempt_is_not_used_again() -> None:
    play = at_work()
    lost = client_order_id(make.JOURNAL, make.KEY, 1, 1, 2)
    play.tell(make.snapshot(order_id=lost, venue_order_id="v2", leaves_qty="100"))
    play.tell(
        make.canceled(order_id=lost, venue_order_id="v2"),
        make.canceled(order_id=play.order_id),
    )
    (again,) = only(play.tell(THROUGH, after="40"), PlaceOrder)
    assert (again.attempt, again.client_order_id == lost) == (3, False)


def test_an_exit_that_an_adopted_order_alone_completes_ends_without_a_crash() -> None:
    tight = make.account_policy(notional="1")
    play = guarded(resting(), account=tight)
    play.tell(THROUGH)
    assert play.exit is not None
    assert not play.placed
    lost = client_order_id(make.JOURNAL, make.KEY, 1, 1, 1)
    play.tell(make.snapshot(order_id=lost, venue_order_id="v1", leaves_qty="100"))
    told = play.tell(make.fill(order_id=lost, last_qty="100"))
    assert only(told, CloseExit)
    assert play.position.qty == 0


def test_what_a_fresh_read_does_not_show_is_not_sold_before_it_is_explained() -> None:
    play = guarded(resting())
    play.agrees = False
    play.tell(make.positions("40"), after="3")
    (order,) = only(play.tell(THROUGH), PlaceOrder)
    assert order.order_qty == D(40)


def test_a_price_from_before_the_last_answer_triggers_nothing_when_it_is_offered_again() -> None:
    play = guarded()
    play.tell(THROUGH)
    priced_ns = play.now_ns
    play.tell(make.canceled(order_id=play.order_id, cum_qty="50"))
    play.tell(make.fill(order_id=play.order_id, last_qty="50"))
    assert not only(play.tell(replace(THROUGH, priced_mono_ns=priced_ns), after="40"), PlaceOrder)
    assert only(play.tell(THROUGH), PlaceOrder)


def test_another_hands_resting_orders_hold_an_exit_back_aloud() -> None:
    play = guarded(resting())
    play.tell(make.snapshot(order_id=None, venue_order_id="mine", leaves_qty="100", limit_px="0.9"))
    told = play.tell(THROUGH)
    assert not only(told, PlaceOrder)
    assert NoticeKind.EXIT_BLOCKED in notices(told)
    play.tell(make.canceled(order_id=None, venue_order_id="mine"))
    assert only(play.tell(THROUGH), PlaceOrder)


def test_a_market_that_cannot_be_read_is_told_while_it_is_held() -> None:
    play = Play()
    play.tell(make.started(), make.rules_loaded(make.rule()))
    play.tell(make.fill(side=Side.BUY, last_qty="100"))
    silent = QueryFailed(**make.AT_VENUE, query="market", reason=RejectReason.NOT_FOUND)
    told = play.tell(THROUGH, silent, make.timer(f"verify|{make.KEY.name}"), after="5")
    assert NoticeKind.UNGUARDED in notices(told)


def test_a_row_that_can_never_be_booked_is_told_in_the_end() -> None:
    play = Play()
    play.agrees = False
    play.tell(make.started(), make.rules_loaded(make.rule()))
    told = []
    for _ in range(10):
        told += play.tell(make.fills_read(), make.positions("100"), after="3")
    assert notices(told).count(NoticeKind.UNGUARDED) == 1
    assert play.position.qty == 0


def test_an_order_that_may_not_rest_and_seems_to_is_told() -> None:
    play = guarded()
    play.tell(THROUGH)
    play.tell(make.accepted(order_id=play.order_id), make.in_doubt(order_id=play.order_id))
    told = play.tell(make.timer(f"check|{play.order_id}"), after="12")
    assert NoticeKind.ORDER_IN_DOUBT in notices(told)


def test_out_of_guard_an_exit_does_not_insist() -> None:
    play = guarded(resting(until_flat=True))
    play.tell(THROUGH)
    play.tell(make.canceled(order_id=play.order_id))
    play.tell(UnguardRequested(**make.ON_SYMBOL))
    assert only(play.tell(THROUGH, after="40"), CloseExit)
    play.tell(THROUGH, after="40")
    assert len(play.placed) == 1


def test_an_order_that_rests_on_because_live_is_off_is_told() -> None:
    play = at_work()
    play.tell(make.rules_loaded(resting(), account=make.account_policy(live=False)))
    told = play.tell(make.fill(exec_id="hand", venue_order_id="h", last_qty="100"))
    assert not only(told, CancelOrder)
    assert NoticeKind.EXIT_WITHHELD in notices(told)


def test_a_venue_that_changed_its_words_fills_neither_journal_nor_memory() -> None:
    play = guarded()
    journalled, told = 0, []
    for number in range(100):
        unread = Undecodable(**make.AT_VENUE, source="ticker", raw="x", text=f"seq {number}")
        told += play.tell(unread)
        journalled += play.engine.changed
    assert journalled == len(told) == 20
