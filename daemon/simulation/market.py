"""One simulated market: a seeded price path, liquidity that thins out, phases. Knows no account."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from decimal import Decimal

from daemon.core.events import MarketPhase
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.terms import ZERO, Side
from daemon.simulation.plan import DEEP_CENTS, NOISE_CENTS, PAYOUT_CENTS, VENUE, SymbolPlan

CENT = Decimal("0.01")
_KEPT_TOPS = 200


@dataclass(slots=True)
class PriceLevel:
    """Somebody's willingness: `qty` at `px` (YES dollars)."""

    px: Decimal
    qty: Decimal


@dataclass(frozen=True, slots=True)
class Top:
    """The best of both sides from `from_s` (virtual seconds) on."""

    from_s: float
    bid_px: Decimal | None
    bid_qty: Decimal
    ask_px: Decimal | None
    ask_qty: Decimal


class Market:
    """Book and phase of one symbol. `tops` remembers what was the best, and since when."""

    def __init__(self, plan: SymbolPlan, rng: random.Random) -> None:
        self.plan = plan
        self.phases = [(0.0, MarketPhase.ACTIVE)]
        self.settl_px: Decimal | None = None
        self.calm = False
        self.empty_side = 0.04  # how often nobody is there, in each move
        self.held_cents = plan.entry + 2
        self.bids: list[PriceLevel] = []
        self.asks: list[PriceLevel] = []
        self.tops: deque[Top] = deque(maxlen=_KEPT_TOPS)
        self._rng = rng
        self.instrument = Instrument(
            venue=VENUE,
            symbol=plan.symbol,
            price_ranges=(PriceRange(start_px=ZERO, end_px=Decimal(1), step_px=CENT),),
            lot_qty=plan.lot_qty,
            payout_px=Decimal(1),
        )

    @property
    def phase(self) -> MarketPhase:
        """Where it stands now."""
        return self.phases[-1][1]

    def enter(self, phase: MarketPhase, now_s: float) -> None:
        """It moves on."""
        self.phases.append((now_s, phase))

    def phase_at(self, then_s: float) -> MarketPhase:
        """Where it stood at that virtual second."""
        return next((was for from_s, was in reversed(self.phases) if from_s <= then_s), self.phase)

    def tick(self, now_s: float) -> None:
        """The price moves and liquidity is new."""
        plan, rng = self.plan, self._rng
        self.held_cents = self.moved_cents(now_s, rng)
        thin = 3.0 if self.calm else plan.thin
        spread = 1 if self.calm else rng.randint(1, 3)
        near = self._side(self.held_cents, -1, thin)
        far = self._side(self.held_cents + spread, 1, thin)
        if plan.long:
            self.bids, self.asks = near, far
        else:
            self.bids, self.asks = _mirrored(far), _mirrored(near)
        self.note_top(now_s)

    def moved_cents(self, now_s: float, rng: random.Random) -> int:
        """Where the price of the held side goes next; `now_s` is virtual time."""
        del now_s
        plan = self.plan
        if self.calm:
            return plan.entry - DEEP_CENTS if plan.ends_deep else plan.entry + 2
        moved = self.held_cents + rng.randint(-4, 3)
        return min(max(moved, plan.entry - NOISE_CENTS), plan.entry + 6)

    def _side(self, cents: int, step: int, thin: float) -> list[PriceLevel]:
        if not self.calm and self._rng.random() < self.empty_side:
            return []
        levels = []
        for number in range(3):
            px = cents + step * number * self._rng.randint(1, 2)
            lots = int(self.plan.lots * thin * self._rng.uniform(0.5, 1.0)) + 1
            if 1 <= px < PAYOUT_CENTS:
                levels.append(PriceLevel(px * CENT, lots * self.plan.lot_qty))
        return levels

    def note_top(self, now_s: float) -> None:
        """Remember the best of both sides as of now."""
        bid = self.bids[0] if self.bids else None
        ask = self.asks[0] if self.asks else None
        self.tops.append(
            Top(
                now_s,
                bid.px if bid else None,
                bid.qty if bid else ZERO,
                ask.px if ask else None,
                ask.qty if ask else ZERO,
            )
        )

    def take(
        self, side: Side, limit_px: Decimal, most: Decimal, now_s: float
    ) -> list[tuple[Decimal, Decimal]]:
        """Trade `most` at `limit_px` or better at once; returns (px, qty) of each part."""
        levels = self.bids if side is Side.SELL else self.asks
        parts = []
        left = most
        while left and levels and _good(side, levels[0].px, limit_px):
            best = levels[0]
            qty = min(left, best.qty)
            parts.append((best.px, qty))
            best.qty -= qty
            left -= qty
            if not best.qty:
                levels.pop(0)
        if parts:
            self.note_top(now_s)
        return parts

    def was_top(self, want: Top, since_s: float) -> bool:
        """Whether these were the best prices at some instant after `since_s`."""
        later = float("inf")
        for top in reversed(self.tops):
            if later < since_s:
                return False
            same = (top.bid_px, top.bid_qty, top.ask_px, top.ask_qty)
            if same == (want.bid_px, want.bid_qty, want.ask_px, want.ask_qty):
                return True
            later = top.from_s
        return False


def _good(side: Side, px: Decimal, limit_px: Decimal) -> bool:
    return px >= limit_px if side is Side.SELL else px <= limit_px


def _mirrored(levels: list[PriceLevel]) -> list[PriceLevel]:
    return [PriceLevel(1 - level.px, level.qty) for level in levels]
