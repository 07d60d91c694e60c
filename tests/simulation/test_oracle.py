"""The judge judges: what it must refuse, it refuses; the ledger adds up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from daemon.core.commands import PlaceOrder
from daemon.core.terms import ClientOrderId, PositionKey, Side, Symbol, TimeInForce
from daemon.simulation.ledger import Ledger
from daemon.simulation.oracle import Oracle, ViolationError
from daemon.simulation.plan import ACCOUNT, VENUE

SYMBOL = Symbol("SIM-0")
TEN, PX = Decimal(10), Decimal("0.60")
ORDER = PlaceOrder(
    key=PositionKey(account=ACCOUNT, venue=VENUE, symbol=SYMBOL),
    client_order_id=ClientOrderId("fd1"),
    exit_no=1,
    attempt=1,
    side=Side.SELL,
    order_qty=TEN,
    limit_px=PX,
    time_in_force=TimeInForce.IOC,
    reduce_only=True,
)


@pytest.fixture
def oracle() -> Oracle:
    judge = Oracle(lambda: 1.0)
    judge.decide(ORDER, Decimal(0))
    judge.commit(ORDER)
    return judge


def test_selling_what_is_held_is_fine(oracle: Oracle) -> None:
    oracle.filled(ORDER, TEN, PX, TEN)


def test_selling_more_than_is_held_is_not(oracle: Oracle) -> None:
    with pytest.raises(ViolationError, match="never oversold"):
        oracle.filled(ORDER, TEN, PX, Decimal(9))


def test_what_a_stranger_sold_meanwhile_excuses(oracle: Oracle) -> None:
    oracle.strangers[SYMBOL, Side.SELL] = Decimal(1)
    oracle.filled(ORDER, TEN, PX, Decimal(9))


def test_a_price_beyond_the_limit_is_refused(oracle: Oracle) -> None:
    with pytest.raises(ViolationError, match="limit"):
        oracle.filled(ORDER, TEN, Decimal("0.59"), TEN)


def test_filling_more_than_was_ordered_is_refused(oracle: Oracle) -> None:
    oracle.filled(ORDER, TEN, PX, Decimal(20))
    with pytest.raises(ViolationError, match="filled <= ordered"):
        oracle.filled(ORDER, TEN, PX, TEN)


def test_one_id_carries_one_content(oracle: Oracle) -> None:
    with pytest.raises(ViolationError, match="same bytes"):
        oracle.decide(replace(ORDER, limit_px=Decimal("0.5")), Decimal(0))
    with pytest.raises(ViolationError, match="placed once"):
        oracle.decide(ORDER, Decimal(0))
    oracle.decide(replace(ORDER, resend=True), Decimal(0))


def test_an_order_that_nobody_decided_is_refused() -> None:
    with pytest.raises(ViolationError, match="nobody decided"):
        Oracle(lambda: 1.0).arrived(ORDER)


def test_the_ledger_adds_up() -> None:
    ledger = Ledger()
    ledger.trade(Side.BUY, TEN, Decimal("0.65"), Decimal("0.01"))
    ledger.trade(Side.SELL, Decimal(4), PX, Decimal("0.02"))
    ledger.settle(Decimal("0.5"))
    assert ledger.position == 0
    assert ledger.fees == Fraction(3, 100)
    assert ledger.cash == Fraction("-6.5") + Fraction("2.4") + 3 - Fraction(3, 100)
