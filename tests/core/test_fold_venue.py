"""Facts about a venue and its markets in the book: strangers' orders, cursors."""

from __future__ import annotations

from decimal import Decimal

from daemon.core.events import OrdersRead
from daemon.core.terms import OrdStatus, Side
from tests import builders as make
from tests.core.play import guarded

D = Decimal


def test_strangers_orders_are_counted_until_they_rest_no_more() -> None:
    play = guarded()
    other = make.snapshot(order_id=None, venue_order_id="w1", leaves_qty="30")
    play.tell(other, other)
    assert not play.engine.changed
    assert len(play.engine.book.resting) == 1
    play.tell(make.canceled(order_id=None, venue_order_id="w1"))
    assert not play.engine.book.resting
    play.tell(other, OrdersRead(**make.AT_VENUE, resting=(), as_of_ns=0, asked_mono_ns=0))
    assert not play.engine.book.resting
    play.tell(other, make.snapshot(order_id=None, venue_order_id="w1", status=OrdStatus.FILLED))
    assert not play.engine.book.resting


def test_a_complete_list_of_fills_moves_the_cursor_seldom() -> None:
    play = guarded()
    play.tell(make.fills_read(symbol=None), after="700")
    assert play.engine.changed
    play.tell(make.fills_read(symbol=None))
    assert not play.engine.changed


def test_a_buy_of_ours_against_a_short_is_counted_as_reducing() -> None:
    play = guarded(qty="-100", px="0.35")
    other = make.snapshot(order_id=None, venue_order_id="w1", side=Side.BUY, leaves_qty="30")
    play.tell(other)
    assert play.engine.book.strangers_reducing_qty(play.position) == D(30)
