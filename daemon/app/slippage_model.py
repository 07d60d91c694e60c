"""Learns how far exits slip, one outcome after the other. Knows no loop and no journal.

Two linear models of river per venue, fitted to a quantile each: the middle of what came, and what
nine in ten stayed within. Each outcome is taken more than once while it is young. They count in
spreads, so that a cent of Kalshi and a dollar of bitcoin are alike. What comes out is a guess: the
core's caps bound it.
"""

from __future__ import annotations

import math
from collections import deque
from decimal import Decimal
from typing import Final, Protocol

from daemon.analytics.lessons import HELD_SHARE, Outcome
from daemon.app import extras
from daemon.core.estimates import EstimateSource, SlippageEstimated
from daemon.core.terms import NANOS, ZERO, Venue, quotient

# Before so many outcomes of a venue nothing is said of it.
LEAST: Final = 30
# Exits are rare: the first ones move it far, and each is taken again with those after it, so that
# it does not matter much in which order they came.
_RATE: Final = 0.3
_SLOWING: Final = 0.5
_KEPT: Final = 200
_AGAIN: Final = 8
_HOUR_NS: Final = 3_600 * NANOS
_DAY_HOURS: Final = 24
_LEAST_SPREAD: Final = Decimal("1e-4")
# Further than any exit goes; a wild guess would not fit a price.
_MOST_SPREADS: Final = 1_000.0
_MOST_TIMES: Final = 10_000.0
_STEP: Final = Decimal("1e-6")

Features = dict[str, float]


class _Regressor(Protocol):
    """What river's regressors do."""

    def learn_one(self, x: Features, y: float) -> None: ...
    def predict_one(self, x: Features) -> float: ...


class SlippageModel:
    """The models of every venue. Raises ExtraMissingError where river is not installed."""

    def __init__(self) -> None:
        self._linear = extras.load("river.linear_model")
        self._losses = extras.load("river.optim.losses")
        self._optim = extras.load("river.optim")
        self._schedulers = extras.load("river.optim.schedulers")
        self._preprocessing = extras.load("river.preprocessing")
        self._models: dict[Venue, tuple[_Regressor, _Regressor]] = {}
        self._kept: dict[Venue, deque[Outcome]] = {}
        self._seen: dict[Venue, int] = {}

    def learn(self, outcome: Outcome) -> None:
        """Take one outcome in, and some of the last ones again."""
        venue = outcome.estimate.venue
        if venue not in self._models:
            self._models[venue] = (self._made(0.5), self._made(float(HELD_SHARE)))
            self._kept[venue] = deque(maxlen=_KEPT)
        kept = self._kept[venue]
        for known in [kept.popleft() for _ in range(min(_AGAIN, len(kept)))]:
            self._teach(known)
            kept.append(known)
        self._teach(outcome)
        kept.append(outcome)
        self._seen[venue] = self._seen.get(venue, 0) + 1

    def _teach(self, outcome: Outcome) -> None:
        estimate = outcome.estimate
        spreads = float(quotient(outcome.slippage_px, _spread_px(estimate)))
        known, came = features(estimate), max(min(spreads, _MOST_SPREADS), -_MOST_SPREADS)
        for model in self._models[estimate.venue]:
            model.learn_one(known, came)

    def predict(self, estimate: SlippageEstimated) -> tuple[Decimal, Decimal] | None:
        """The middle and the bound (held side, bound >= 0 and >= the middle); None: too soon."""
        if self._seen.get(estimate.venue, 0) < LEAST:
            return None
        known = features(estimate)
        middle, bound = (_px(m.predict_one(known), estimate) for m in self._models[estimate.venue])
        return middle, max(bound, middle, ZERO)

    def _made(self, share: float) -> _Regressor:
        rate = self._schedulers.InverseScaling(_RATE, _SLOWING)
        linear = self._linear.LinearRegression(
            optimizer=self._optim.SGD(rate), loss=self._losses.Quantile(share), intercept_lr=rate
        )
        made: _Regressor = self._preprocessing.StandardScaler() | linear
        return made


def features(estimate: SlippageEstimated) -> Features:
    """What a guess is made of, without units."""
    times = float(quotient(estimate.qty, max(estimate.shown_qty, _LEAST_SPREAD)))
    spread = _spread_px(estimate)
    is_shown = estimate.source is EstimateSource.SHOWN
    walk_px = estimate.expected_px if is_shown else ZERO
    turn = 2 * math.pi * (estimate.receive_time_ns // _HOUR_NS % _DAY_HOURS) / _DAY_HOURS
    return {
        "shown": float(is_shown),
        "walk": float(quotient(walk_px, spread)),
        "size": math.log(times or float(_LEAST_SPREAD)),
        "impact": math.sqrt(min(times, _MOST_TIMES)),
        "spread": math.log(float(quotient(spread, estimate.held_px)) or float(_LEAST_SPREAD)),
        "volatility": float(quotient(estimate.volatility_px, spread)),
        "hour sine": math.sin(turn),
        "hour cosine": math.cos(turn),
    }


def _spread_px(estimate: SlippageEstimated) -> Decimal:
    """The unit: the spread, or where there is none a hundredth of a per cent of the price."""
    return max(estimate.spread_px, estimate.held_px * _LEAST_SPREAD)


def _px(spreads: float, estimate: SlippageEstimated) -> Decimal:
    bounded = max(min(spreads, _MOST_SPREADS), -_MOST_SPREADS)
    return quotient(Decimal(str(round(bounded, 6))) * _spread_px(estimate), Decimal(1), _STEP)
