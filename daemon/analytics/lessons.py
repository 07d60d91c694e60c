"""What exits teach: how well slippage was expected, and which delay serves before a retry. Pure.

An order that did not fill whole went further than its limit for what is left, nobody knows how
far: that part counts at the limit and one spread. Without it a bound would teach itself to shrink.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from daemon.analytics.tables import Cell, Key
from daemon.core.estimates import SlippageEstimated
from daemon.core.order import Order
from daemon.core.terms import NANOS, ZERO, Account, Venue, quotient

# The share of exits that `bound_px` of an estimate is to hold for.
HELD_SHARE: Final = Decimal("0.9")
# An estimate from longer before its order than this is not what was expected of it.
RECENT_NS: Final = 60 * NANOS
_BPS: Final = Decimal(10_000)
_HALF: Final = Decimal("0.5")
# So many retries in all, and after one delay, before they say which delay serves best.
_LEAST_IN_ALL: Final = 8
_LEAST_OF_ONE: Final = 3


@dataclass(slots=True, kw_only=True)
class ErrorCell(Cell):
    """Sums over exits' first orders that had an estimate: basis points of the price held.

    `error` is how far the expected slippage lay from what came, `naive_error` how far half the
    spread did; `pinball` is the loss of the bound as a quantile, `naive_pinball` that of half the
    spread; of `bounded` ones `held` stayed within the bound.
    """

    orders: int = 0
    slippage: Decimal = ZERO
    error: Decimal = ZERO
    naive_error: Decimal = ZERO
    bounded: int = 0
    held: int = 0
    pinball: Decimal = ZERO
    naive_pinball: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was expected, and `slippage_px` that came of it (held side, + = worse)."""

    estimate: SlippageEstimated
    slippage_px: Decimal

    def cell(self) -> ErrorCell:
        """What it adds to the sums."""
        found, real = self.estimate, self.slippage_px
        naive = found.spread_px * _HALF
        cell = ErrorCell(
            orders=1,
            slippage=self._bps(real),
            error=self._bps(abs(found.expected_px - real)),
            naive_error=self._bps(abs(naive - real)),
        )
        if found.bound_px is not None:
            cell.bounded, cell.held = 1, int(real <= found.bound_px)
            cell.pinball = self._bps(_pinball(real, found.bound_px))
            cell.naive_pinball = self._bps(_pinball(real, naive))
        return cell

    def _bps(self, px: Decimal) -> Decimal:
        return quotient(px * _BPS, self.estimate.held_px)


def _pinball(real: Decimal, bound: Decimal) -> Decimal:
    over = real - bound
    return over * HELD_SHARE if over > ZERO else -over * (1 - HELD_SHARE)


def outcome_of_estimate(
    estimate: SlippageEstimated, order: Order, trigger_px: Decimal
) -> Outcome | None:
    """What came of an order that has ended; None where its limit is not known."""
    if order.limit_px is None or not estimate.held_px:
        return None
    left = order.order_qty - order.cum_qty
    worst = (order.limit_px - trigger_px) * order.side.sign + estimate.spread_px
    cost = (order.notional - trigger_px * order.cum_qty) * order.side.sign + worst * left
    return Outcome(estimate=estimate, slippage_px=quotient(cost, order.order_qty))


@dataclass(slots=True, kw_only=True)
class RetryCell(Cell):
    """Retries after one delay: how many, and how many of them filled something."""

    tries: int = 0
    filled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayLesson:
    """Before a retry for `reason` a wait of `delay_s` costs the least time until a fill."""

    account: Account
    venue: Venue
    reason: str
    delay_s: Decimal


Lesson = Outcome | DelayLesson


def delay_key(venue: Venue, reason: str, delay_ns: int) -> Key:
    """The key of a retry: venue, reason, its delay in whole seconds to the power of two below."""
    seconds = max(delay_ns // NANOS, 1)
    return (venue, reason, str(1 << (seconds.bit_length() - 1)))


def best_delay_s(cells: Mapping[Key, RetryCell], venue: Venue, reason: str) -> Decimal | None:
    """The delay with the least expected time until a fill; None while too little is known.

    Were every try like the ones seen, a delay of d seconds that fills with chance p takes d / p.
    """
    mine = {int(key[2]): cell for key, cell in cells.items() if key[:2] == (venue, reason)}
    if sum(cell.tries for cell in mine.values()) < _LEAST_IN_ALL:
        return None
    costs = [
        (quotient(Decimal(delay * (cell.tries + 2)), Decimal(cell.filled + 1)), delay)
        for delay, cell in mine.items()
        if cell.tries >= _LEAST_OF_ONE
    ]
    return Decimal(min(costs)[1]) if costs else None
