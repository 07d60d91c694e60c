"""Slippage of each fill of ours against three prices, and how orders spread round them. Pure.

Signed, + = worse for us. Prices are those of the side held (semantics.md 13): a NO sold counts in
NO dollars, so basis points are of the NO price. Inferred fills are left out: their price is ours.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from decimal import Decimal

from daemon.analytics.scene import Scene
from daemon.analytics.tables import Cell
from daemon.core.estimates import SlippageEstimated
from daemon.core.order import Order
from daemon.core.terms import ONE, ZERO, quotient

BPS = Decimal(10_000)
# A spread counts whole ten-thousandths of a basis point.
BPS_UNIT = Decimal(10_000)


class Against(enum.Enum):
    """What a fill is measured by.

    The executable price that triggered this order; the middle of the quote at the decision to
    send it; its limit. An order of a trade has no trigger, and not every decision has a quote.
    """

    TRIGGER = "trigger"
    ARRIVAL_MID = "arrival_mid"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """What an order was sent at: our wall clock (UTC ns) at its first sending, and prices.

    `estimate` is what was expected of it, `retry` why it repeats one that brought nothing, and how
    long after it (ns).
    """

    sent_ns: int
    trigger_px: Decimal | None = None
    mid_px: Decimal | None = None
    estimate: SlippageEstimated | None = None
    retry: tuple[str, int] | None = None


@dataclass(slots=True, kw_only=True)
class SlipCell(Cell):
    """Sums over fills: `cost` is slippage times quantity, `base` the price it is from times it."""

    fills: int = 0
    qty: Decimal = ZERO
    cost: Decimal = ZERO
    base: Decimal = ZERO

    @property
    def px(self) -> Decimal | None:
        """The average in price, weighted by quantity, to 1e-10; None without fills."""
        return quotient(self.cost, self.qty) if self.qty else None

    @property
    def bps(self) -> Decimal | None:
        """The average in basis points, weighted by notional, to 1e-10; None without notional."""
        return quotient(self.cost * BPS, self.base) if self.base > ZERO else None


def sign_of(order: Order) -> Decimal:
    """The side held that an order is about: what it closes, or what it opens."""
    closes = bool(order.exit_no) or order.reduce_only
    return -order.side.sign if closes else order.side.sign


def slipped(
    scene: Scene, order: Order, ref_px: Decimal, qty: Decimal, notional: Decimal, fills: int = 1
) -> SlipCell:
    """How much worse than `ref_px` (instrument's) `qty` went for `notional`."""
    return SlipCell(
        fills=fills,
        qty=qty,
        cost=(notional - ref_px * qty) * order.side.sign,
        base=scene.held_px(order.key, ref_px, sign_of(order)) * qty,
    )


def prices_of(order: Order, ref: Ref | None) -> list[tuple[Against, Decimal]]:
    """Each price that there is to measure a fill of the order by."""
    known = [(Against.LIMIT, order.limit_px)]
    if ref is not None:
        known += [(Against.TRIGGER, ref.trigger_px), (Against.ARRIVAL_MID, ref.mid_px)]
    return [(against, px) for against, px in known if px is not None]


def units_of(cell: SlipCell) -> int | None:
    """The average in whole ten-thousandths of a basis point, for a spread."""
    if cell.base <= ZERO:
        return None
    return int(quotient(cell.cost * BPS * BPS_UNIT, cell.base, ONE))
