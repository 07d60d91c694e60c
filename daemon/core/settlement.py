"""What a settled position pays, and whether the venue's row says the same. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.core.events import Settlement
from daemon.core.terms import ONE, ZERO, PositionKey

# The venue's revenue is in whole cents, and a scalar payout is rounded down before that.
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSettlement:
    """A settlement row that waits until the exit's orders are proven dead."""

    key: PositionKey
    settlement: Settlement


def expected_revenue(
    position_qty: Decimal, settl_px: Decimal, payout_px: Decimal | None
) -> Decimal:
    """Dollars paid for `position_qty` (signed) when one long contract is worth `settl_px`.

    A short of a binary market holds the complement: it is paid `payout_px - settl_px` each.
    """
    if position_qty >= ZERO:
        return position_qty * settl_px
    return -position_qty * ((ONE if payout_px is None else payout_px) - settl_px)


def revenue_differs(expected: Decimal, revenue: Decimal, settl_px: Decimal) -> bool:
    """True beyond rounding: a cent, and another one where the result is a scalar."""
    scalar = settl_px not in {ZERO, ONE}
    return abs(revenue - expected) >= (_CENT + _CENT if scalar else _CENT)
