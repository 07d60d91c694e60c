"""The views: what they say of an order that only part is known of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.core.terms import Side
from daemon.fill_handler.ledger import Ledger
from daemon.fill_handler.state import as_dict, fill_view, order_state, partial_fill_result
from tests import builders as make

TOLERANCE = Decimal("0.01")


def test_a_sell_below_its_limit_is_worse() -> None:
    ledger = Ledger()
    resting = make.snapshot(order_id=None, venue_order_id="v1", limit_px="0.60", order_qty="50")
    ledger.fold(resting)
    ledger.fold(make.fill(side=Side.SELL, last_px="0.57"))
    (life,) = ledger
    state = order_state(life, TOLERANCE)
    assert (state.slippage, state.within_tolerance) == (Decimal("0.05"), False)
    assert order_state(life, Decimal("0.05")).within_tolerance


def test_nothing_is_ordered_again_of_an_order_of_unknown_size() -> None:
    ledger = Ledger()
    ledger.fold(make.fill())
    (life,) = ledger
    result = partial_fill_result(order_state(life, TOLERANCE), duplicate=False)
    assert (result.remaining, result.resubmit, result.is_complete) == (None, None, False)


def test_a_fill_is_shown_as_it_was() -> None:
    view = fill_view(make.fill(commission="-0.1"), notes=("a note",))
    assert (view.fee, view.fee_currency, view.liquidity) == (Decimal("-0.1"), "USD", None)
    assert as_dict(view)["notes"] == ["a note"]


def test_plain_json_of_anything() -> None:
    @dataclass
    class Any:
        one: Decimal
        many: dict[str, tuple[Decimal, ...]]

    assert as_dict(Any(Decimal("1.50"), {"a": (Decimal("2E+1"),)})) == {
        "one": "1.5",
        "many": {"a": ["20"]},
    }
