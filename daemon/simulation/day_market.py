"""A market of a trading day: it mostly stands still, walks a cent, gaps now and then."""

from __future__ import annotations

import random
from dataclasses import replace

from typing_extensions import override

from daemon.core.terms import NANOS
from daemon.simulation.day_plan import Temper
from daemon.simulation.market import Market
from daemon.simulation.plan import PAYOUT_CENTS, SymbolPlan
from daemon.simulation.venue import BIRTH_NS

_ABOVE_ENTRY = 2
_GAP_CENTS = (3, 12)


class DayMarket(Market):
    """One simulated market; `moves` counts how often others changed its book."""

    def __init__(self, plan: SymbolPlan, rng: random.Random, temper: Temper) -> None:
        super().__init__(plan, rng)
        self.temper = temper
        self.moves = 0
        self.empty_side = temper.empties
        self._news = list(temper.news)
        self.held_cents = min(plan.entry + _ABOVE_ENTRY, PAYOUT_CENTS - 3)
        if temper.close_s is not None:
            close_ns = BIRTH_NS + int(temper.close_s * NANOS)
            self.instrument = replace(self.instrument, close_time_ns=close_ns)

    @override
    def moved_cents(self, now_s: float, rng: random.Random) -> int:
        self.moves += 1
        cents = self.held_cents
        if self.calm:
            return cents
        while self._news and self._news[0][0] <= now_s:
            cents -= self._news.pop(0)[1]
        if rng.random() < self.temper.gaps:
            cents -= rng.randint(*_GAP_CENTS)
        elif rng.random() < self.temper.walks:
            cents += rng.choice((-1, 1))
        return min(max(cents, 1), PAYOUT_CENTS - 3)
