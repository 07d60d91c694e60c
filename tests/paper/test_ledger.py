"""Average cost, netting, realised profit, and every way through zero."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.ledger import Position, cash_change
from daemon.paper.model import Owner

D = Decimal


def a_position() -> Position:
    return Position(owner=Owner("a"), ticker="T", event_ticker="E", exchange_index=0)


def test_a_position_costs_its_average_and_realises_the_difference() -> None:
    position = a_position()
    position.move(D(10), D("0.40"))
    position.move(D(10), D("0.60"))
    position.move(D(-5), D("0.70"))
    assert (position.qty, position.cost, position.realized) == (D(15), D("7.5"), D("1.0"))
    assert position.traded == D("13.5")


def test_crossing_zero_closes_first_and_opens_the_rest() -> None:
    position = a_position()
    position.move(D(4), D("0.50"))
    position.move(D(-6), D("0.30"))
    assert (position.qty, position.cost, position.realized) == (D(-2), D("1.40"), D("-0.80"))


def test_cash_of_opening_and_closing() -> None:
    assert cash_change(D(0), D(10), D("0.40")) == D("-4.0")
    assert cash_change(D(10), D(-10), D("0.30")) == D("3.0")
    assert cash_change(D(0), D(-10), D("0.30")) == D("-7.0")
    assert cash_change(D(-10), D(10), D("0.30")) == D("7.0")
    assert cash_change(D(5), D(-10), D("0.30")) == D("1.5") - D("3.5")


def test_the_furthest_way_past_zero_is_remembered() -> None:
    position = a_position()
    for change in (3, -5, 4):
        before = position.qty
        position.move(D(change), D("0.5"))
        position.watch(before, 1, f"o{change}")
    assert position.max_short == D(2)
    assert position.crossings == [(1, "o-5", D(3), D(-2))]
    assert (position.lowest, position.highest) == (D(-2), D(3))
