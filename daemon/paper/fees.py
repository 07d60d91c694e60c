"""What one fill costs: Kalshi's quadratic fee, its roundings and the rebate that evens them out.

Pure. Dollars and contracts come in, dollars go out; it knows no account and no order.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.paper.units import ONE, TENTH_OF_MILL, ZERO, ceil_to, floor_to

# The maker's share of the taker's rate by fee type. An unknown type is treated as "quadratic".
MAKER_SHARE = {
    "quadratic": ZERO,
    "quadratic_with_maker_fees": Decimal("0.25"),
    "quadratic_with_combo_maker_fees": Decimal("0.5"),
    "flat": ZERO,
}


@dataclass(frozen=True, slots=True)
class FeeRules:
    """The constants of the fee page; two of them are read differently by different readers.

    `fee_step`: the model fee is rounded up to it. `precision`: the account's cash is kept on it
    (0.0001 for direct members, 0.01 behind a broker). `rebate`: paid back when the roundings of
    one order have added up to more than it.
    """

    taker_rate: Decimal = Decimal("0.07")
    fee_step: Decimal = TENTH_OF_MILL
    precision: Decimal = TENTH_OF_MILL
    rebate: Decimal = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Charge:
    """The fee of one fill, dollars, and the rounding carried on to the order's next fill."""

    fee: Decimal
    carry: Decimal


def model_fee(
    rules: FeeRules,
    fee_type: str,
    multiplier: Decimal,
    *,
    is_taker: bool,
    qty: Decimal,
    price: Decimal,
) -> Decimal:
    """The fee before account rounding, dollars: rate x C x P x (1-P), rounded up to the step."""
    share = ONE if is_taker else MAKER_SHARE.get(fee_type, ZERO)
    raw = multiplier * share * rules.taker_rate * qty * price * (ONE - price)
    return ceil_to(raw, rules.fee_step)


def charge(rules: FeeRules, trade_fee: Decimal, revenue: Decimal, carry: Decimal) -> Charge:
    """Round the cash change down to the account's precision and pay back what adds up."""
    change = revenue - trade_fee
    rounding = change - floor_to(change, rules.precision)
    carry += rounding
    rebate = ZERO
    if carry > rules.rebate:
        rebate = min(rules.rebate, trade_fee + rounding)
        carry -= rebate
    return Charge(fee=trade_fee + rounding - rebate, carry=carry)
