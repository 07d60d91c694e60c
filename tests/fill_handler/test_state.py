"""The views: what they say of an order that only part is known of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from daemon.core.terms import Currency, Side
from daemon.fill_handler.ledger import Ledger
from daemon.fill_handler.state import as_dict, fill_view, order_state, partial_fill_result
from daemon.fill_handler.tally import Tally, statistics
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


def test_numbers_carry_no_padding_and_no_exponent() -> None:
    ledger = Ledger()
    ledger.fold(make.snapshot(order_id=None, venue_order_id="v1", limit_px="4E+3", order_qty="3"))
    for n, px in enumerate(("3999.00", "4000.0", "3999.50")):
        fill = make.fill(exec_id=str(n), last_px=px, last_qty="1.0", commission="0.10")
        ledger.fold(replace(fill, commission_currency=Currency("USDT")))
    (life,) = ledger
    state = order_state(life, TOLERANCE)
    result = partial_fill_result(state, duplicate=False)
    shown = {
        "original_amount": state.original_amount,
        "filled_amount": result.filled,
        "average_price": result.average_price,
        "limit_price": state.limit_price,
        "total_fees": result.fees["USDT"],
        "slippage": state.slippage,
        "amount": state.fills[0].amount,
        "price": state.fills[0].price,
        "fee": state.fills[0].fee,
    }
    assert {name: str(number) for name, number in shown.items()} == {
        "original_amount": "3",
        "filled_amount": "3",
        "average_price": "3999.5",
        "limit_price": "4000",
        "total_fees": "0.3",
        "slippage": "0.000125",
        "amount": "1",
        "price": "3999",
        "fee": "0.1",
    }
    sums = statistics(Tally().with_all(ledger))
    assert [str(sums[name]) for name in ("completion_rate", "retry_rate")] == ["1", "0"]
    assert str(statistics(Tally())["completion_rate"]) == "0"
    assert str(sums["total_fees"]) == "{'USDT': Decimal('0.3')}"
