"""Facts about an order in the book: old news, refusals, refusals that were lies."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from daemon.core.commands import PlaceOrder, QueryFills, StartTimer
from daemon.core.terms import OrdStatus
from tests import builders as make
from tests.core.play import Play, guarded, only

D = Decimal
THROUGH = make.quote(bid="0.58", ask="0.60")


def triggered() -> Play:
    play = guarded()
    play.tell(THROUGH)
    return play


def test_a_late_ack_that_counts_more_than_we_saw_is_looked_into() -> None:
    play = triggered()
    told = play.tell(make.snapshot(order_id=play.order_id, status=OrdStatus.NEW, cum_qty="50"))
    assert not only(told, QueryFills)
    assert play.order.status is OrdStatus.NEW


def test_an_older_snapshot_takes_nothing_back() -> None:
    play = triggered()
    play.tell(make.canceled(order_id=play.order_id, cum_qty="0"))
    older = make.snapshot(order_id=play.order_id, status=OrdStatus.NEW, leaves_qty="100")
    play.tell(replace(older, as_of_ns=1))
    assert (play.order.status, play.order.dead) == (OrdStatus.CANCELED, True)
    assert not play.engine.changed


def test_a_refusal_after_an_ack_is_looked_into() -> None:
    play = triggered()
    play.tell(make.accepted(order_id=play.order_id))
    told = play.tell(make.rejected(order_id=play.order_id))
    assert play.order.status is OrdStatus.IN_DOUBT
    assert any(c.timer == f"check|{play.order_id}" for c in only(told, StartTimer))


def test_a_refused_order_backs_off_and_is_tried_again() -> None:
    play = triggered()
    play.tell(make.rejected(order_id=play.order_id))
    assert play.order.dead
    assert only(play.tell(THROUGH, after="2"), PlaceOrder)[0].attempt == 2


def test_a_refusal_that_was_a_lie_counts_its_fills() -> None:
    play = triggered()
    play.tell(make.rejected(order_id=play.order_id))
    play.tell(make.fill(order_id=play.order_id, last_qty="30"))
    assert play.order.status is OrdStatus.IN_DOUBT
    assert (play.position.qty, play.undead_qty) == (D(70), D(70))
    assert not only(play.tell(THROUGH, after="40"), PlaceOrder)
