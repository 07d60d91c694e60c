"""The observed fees, to the last digit, and the roundings that come back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.paper.fees import FeeRules, charge, model_fee
from daemon.paper.units import ONE, ZERO

OBSERVED = [
    ("1", "0.52", "0.0175"),
    ("1", "0.71", "0.0145"),
    ("1", "0.929", "0.0047"),
    ("1", "0.27", "0.0138"),
    ("1", "0.07", "0.0046"),
    ("1", "0.99", "0.0007"),
    ("12", "0.48", "0.2097"),
    ("8.93", "0.67", "0.1383"),
    ("10", "0.50", "0.1750"),
    ("100", "0.50", "1.7500"),
    ("100", "0.05", "0.3325"),
    ("100", "0.90", "0.6300"),
]


def fee_of(rules: FeeRules, qty: str, price: str, kind: str = "quadratic", *, taker: bool) -> str:
    model = model_fee(rules, kind, ONE, is_taker=taker, qty=Decimal(qty), price=Decimal(price))
    revenue = -Decimal(qty) * Decimal(price)
    return f"{charge(rules, model, revenue, ZERO).fee:.4f}"


@pytest.mark.parametrize(("qty", "price", "fee"), OBSERVED)
def test_a_taker_pays_what_was_seen(qty: str, price: str, fee: str) -> None:
    assert fee_of(FeeRules(), qty, price, taker=True) == fee


def test_makers_pay_nothing_or_their_share() -> None:
    assert fee_of(FeeRules(), "100", "0.50", taker=False) == "0.0000"
    maker = "quadratic_with_maker_fees"
    assert fee_of(FeeRules(), "100", "0.50", maker, taker=False) == "0.4375"
    assert fee_of(FeeRules(), "1", "0.50", maker, taker=False) == "0.0044"
    assert fee_of(FeeRules(), "1", "0.50", "a new type", taker=False) == "0.0000"


def test_an_account_behind_a_broker_pays_whole_cents() -> None:
    rules = FeeRules(precision=Decimal("0.01"))
    assert fee_of(rules, "1", "0.50", taker=True) == "0.0200"
    assert fee_of(rules, "100", "0.05", taker=True) == "0.3400"


def test_roundings_above_a_cent_come_back() -> None:
    rules = FeeRules(precision=Decimal("0.01"))
    first = charge(rules, Decimal("0.0175"), Decimal("-0.50"), Decimal("0.009"))
    assert (first.fee, first.carry) == (Decimal("0.0100"), Decimal("0.0015"))
