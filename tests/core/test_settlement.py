"""What a settlement pays, and which difference is one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.core.settlement import expected_revenue, revenue_differs
from tests import builders as make

D = Decimal


@pytest.mark.parametrize(
    ("qty", "px", "payout", "revenue"),
    [
        ("100", "1", "1", "100"),
        ("-100", "1", "1", "0"),
        ("-100", "0.25", "1", "75"),
        ("100", "0.25", None, "25"),
        ("-100", "0.25", None, "75"),
        ("0", "1", "1", "0"),
    ],
)
def test_a_settlement_pays_the_held_side(
    qty: str, px: str, payout: str | None, revenue: str
) -> None:
    assert expected_revenue(D(qty), D(px), make.number(payout)) == D(revenue)


def test_a_cent_is_a_difference_and_a_scalars_rounding_is_not() -> None:
    assert not revenue_differs(D(100), D("99.991"), D(1))
    assert revenue_differs(D(100), D("99.99"), D(1))
    assert not revenue_differs(D("43.216"), D("43.20"), D("0.4321"))
    assert revenue_differs(D("43.22"), D("43.20"), D("0.4321"))
