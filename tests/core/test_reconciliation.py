"""What a difference between venue and book may mean."""

from __future__ import annotations

from decimal import Decimal

from daemon.core.events import PositionRow
from daemon.core.position import Position
from daemon.core.reconciliation import Cause, Difference, derived_id, inferred_px, is_fresh, split
from daemon.core.terms import ClientOrderId, Side, client_order_id, trade_order_id
from tests import builders as make
from tests.core.test_exits import order

D = Decimal


def test_a_missing_quantity_goes_to_the_orders_that_may_have_filled_it() -> None:
    first, second = order("30"), order("20")
    assert list(split(D(40), Side.SELL, [first, second])) == [
        (D(30), first.client_order_id),
        (D(10), second.client_order_id),
    ]
    assert list(split(D(60), Side.SELL, [first, second]))[-1] == (D(10), None)
    assert list(split(D(5), Side.BUY, [first])) == [(D(5), None)]


def test_an_order_counted_to_its_end_comes_before_one_that_may_never_have_lived() -> None:
    doubtful, counted = order("137"), order("0.7")
    counted.client_order_id = ClientOrderId("counted")
    counted.end_at(D("0.7"))
    assert list(split(D("0.7"), Side.SELL, [doubtful, counted])) == [(D("0.7"), "counted")]


def test_a_read_is_fresh_when_asked_and_stamped_after_what_moved() -> None:
    position = Position(key=make.KEY, touched_ns=10, touched_mono_ns=10)
    assert is_fresh(position, make.positions(as_of_ns=11, asked_mono_ns=11))
    assert not is_fresh(position, make.positions(as_of_ns=10, asked_mono_ns=11))
    assert not is_fresh(position, make.positions(as_of_ns=11, asked_mono_ns=10))


def test_an_addition_to_what_is_held_has_no_price_of_its_own() -> None:
    row = PositionRow(symbol=make.SYMBOL, position_qty=D(150), cost=D(90))
    seen = Difference(difference=D(50), as_of_ns=1, mono_ns=1, row=row)
    held = Position(key=make.KEY)
    held.apply(Side.BUY, D(100), D("0.65"), D(0), 0)
    assert inferred_px(held, seen, None, None, make.instrument()) is None
    assert inferred_px(Position(key=make.KEY), seen, None, None, make.instrument()) == D("0.6")
    assert inferred_px(Position(key=make.KEY), seen, None, None, None) is None
    one_sided = make.quote(bid=None)
    fewer = Difference(difference=D(-50), as_of_ns=1, mono_ns=1, row=None)
    assert inferred_px(held, fewer, None, one_sided, make.instrument()) == D("0.65")


def test_only_ids_that_would_come_next_are_derived() -> None:
    position = Position(key=make.KEY, exit_count=3, generation=2)
    soon = client_order_id(make.JOURNAL, make.KEY, 2, 4, 1)
    assert derived_id(make.JOURNAL, position, soon) == Cause(exit_no=4, attempt=1)
    traded = trade_order_id(make.JOURNAL, make.KEY, 2, 1)
    assert derived_id(make.JOURNAL, position, traded) == Cause(trade_no=2, attempt=1)
    far = client_order_id(make.JOURNAL, make.KEY, 2, 400, 1)
    assert derived_id(make.JOURNAL, position, far) is None
