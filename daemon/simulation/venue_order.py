"""An order as the simulated venue has it, with its whole history, and what a trade costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from daemon.core.commands import PlaceOrder
from daemon.core.terms import (
    ZERO,
    ClientOrderId,
    OrdStatus,
    Side,
    Symbol,
    TimeInForce,
    VenueOrderId,
)

WORKING = frozenset({OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED})
_FEE = Decimal("0.07")
_FEE_STEP = Decimal("0.0001")


@dataclass(slots=True)
class VenueOrder:
    """An order as the venue has it; `history` holds (time, status, filled)."""

    venue_order_id: VenueOrderId
    client_order_id: ClientOrderId | None
    symbol: Symbol
    side: Side
    qty: Decimal
    limit_px: Decimal
    time_in_force: TimeInForce
    created_ns: int
    command: PlaceOrder | None
    status: OrdStatus = OrdStatus.NEW
    filled: Decimal = ZERO
    history: list[tuple[int, OrdStatus, Decimal]] = field(default_factory=list)

    @property
    def working(self) -> bool:
        """True while it may still fill."""
        return self.status in WORKING

    def note(self, now_ns: int) -> None:
        """Write down what it is now."""
        self.history.append((now_ns, self.status, self.filled))


def fee_of(qty: Decimal, px: Decimal) -> Decimal:
    """A taker's fee, rounded up to a hundredth of a cent."""
    return (_FEE * qty * px * (1 - px)).quantize(_FEE_STEP, rounding=ROUND_CEILING)
