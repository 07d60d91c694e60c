"""Facts of one kind: what has been learnt of past exits, as numbers that the engine may use.

Whoever learns stands outside and may be wrong. So a number comes in as a fact, journalled, and is
folded as it stands (a replay learns nothing again); here are the bounds that it cannot leave.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from decimal import Decimal

from daemon.core.events import VenueEvent
from daemon.core.rules import ExitPolicy
from daemon.core.terms import NANOS, ZERO, PositionSide, Symbol


class EstimateSource(enum.Enum):
    """What an expected slippage rests on: the quantity that is shown, or what fills have taught."""

    SHOWN = "shown"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlippageEstimated(VenueEvent):
    """How much worse than the executable price an exit of `qty` would go now, held side.

    `expected_px` is the middle of what may be; `bound_px` is what only one in ten goes beyond,
    None until enough has been learnt. The rest is what both were made of: the executable price
    `held_px`, the quantity shown at it, the spread, and how far the mid moves from one quote to
    the next.
    """

    symbol: Symbol
    position_side: PositionSide = PositionSide.NET
    source: EstimateSource
    qty: Decimal
    shown_qty: Decimal
    held_px: Decimal
    spread_px: Decimal
    volatility_px: Decimal
    expected_px: Decimal
    bound_px: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDelayLearned(VenueEvent):
    """After an exit's order that brought nothing for `reason`, `delay_s` has served best.

    `reason` is a RejectReason's word, or `unfilled` where nobody gave one.
    """

    reason: str
    delay_s: Decimal


UNFILLED = "unfilled"


def bound_of(
    estimate: SlippageEstimated | None, policy: ExitPolicy, qty: Decimal, mono_ns: int
) -> Decimal | None:
    """How far an exit of `qty` may slip by the estimate, held side; None: the caps alone count.

    It has to be wanted, recent, and made for as much as is to be sold.
    """
    if estimate is None or estimate.bound_px is None or not policy.bound_by_estimate:
        return None
    recent = mono_ns - estimate.mono_ns <= policy.estimate_max_age_s * NANOS
    return max(estimate.bound_px, ZERO) if recent and qty <= estimate.qty else None
