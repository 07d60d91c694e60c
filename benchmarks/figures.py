"""What a benchmark says: a figure, the floor of the same run, a budget, and whether it holds.

Absolute numbers drift with the machine, so most budgets are ratios to a floor that was measured
in the same run. A figure without a budget is told and never judged.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Bounds that all have to hold: on the figure itself and on its ratio to the floor."""

    at_least: float | None = None
    at_most: float | None = None
    ratio_at_least: float | None = None
    ratio_at_most: float | None = None

    def holds(self, ours: float, ratio: float | None) -> bool:
        """True when no bound is broken; one on a ratio that is not known is."""
        if self.at_least is not None and ours < self.at_least:
            return False
        if self.at_most is not None and ours > self.at_most:
            return False
        if self.ratio_at_least is not None and (ratio is None or ratio < self.ratio_at_least):
            return False
        return self.ratio_at_most is None or (ratio is not None and ratio <= self.ratio_at_most)

    def __str__(self) -> str:
        bounds = (
            (">= ", self.at_least, ""),
            ("<= ", self.at_most, ""),
            (">= ", self.ratio_at_least, "x"),
            ("<= ", self.ratio_at_most, "x"),
        )
        said = [f"{sign}{number(b)}{unit}" for sign, b, unit in bounds if b is not None]
        return " and ".join(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `floor` is what the machine allows, in the same unit."""

    name: str
    ours: float
    unit: str
    floor: float | None = None
    floor_is: str = ""
    budget: Budget | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours to the floor."""
        return self.ours / self.floor if self.floor else None

    @property
    def holds(self) -> bool | None:
        """Whether it keeps its budget; None without one."""
        return None if self.budget is None else self.budget.holds(self.ours, self.ratio)


def number(value: float) -> str:
    """Three digits that matter, thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` (0 to 1) of them do not exceed: nearest rank."""
    ordered = sorted(values)
    rank = max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))
    return ordered[rank]


def spread(values: Sequence[float], unit: str) -> str:
    """The percentiles of a latency as words."""
    shares = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    said = (f"{name} {number(percentile(values, share))}" for share, name in shares)
    return f"{', '.join(said)} {unit} of {len(values)}"


def middle(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)
