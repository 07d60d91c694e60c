"""Averages and percentiles of whole numbers: exact sums, sketched ranks, bounded, mergeable.

The one home of hdrhistogram. A percentile is within 1 % of a value that was recorded; what lies
beyond `GREATEST` counts as `GREATEST` there, and in full in the sum.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate
from typing import Final

from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped] # it has no stubs

from daemon.analytics.tables import Key
from daemon.core.terms import quotient

# 13 days in ns; as ten-thousandths of a basis point far beyond any price.
GREATEST: Final = 2**50
_DIGITS: Final = 2
_PERCENT: Final = 100


@dataclass(slots=True, kw_only=True)
class SpreadState:
    """A spread as plain values: `ranks` are (a value of the bucket, how many)."""

    total: int = 0
    least: int = 0
    greatest: int = 0
    ranks: list[tuple[int, int]] = field(default_factory=list)


class Spread:
    """Values in units of the caller's (ns, or ten-thousandths of a basis point), of either sign.

    A histogram knows no sign: those below 0 have one of their own.
    """

    __slots__ = ("_above", "_below", "count", "greatest", "least", "total")

    def __init__(self, state: SpreadState | None = None) -> None:
        given = SpreadState() if state is None else state
        self.total, self.least, self.greatest = given.total, given.least, given.greatest
        self.count = 0
        self._below = HdrHistogram(1, GREATEST, _DIGITS)
        self._above = HdrHistogram(1, GREATEST, _DIGITS)
        for value, times in given.ranks:
            self._rank(value, times)

    def record(self, value: int) -> None:
        """Count one value."""
        self.total += value
        self.least = min(self.least, value) if self.count else value
        self.greatest = max(self.greatest, value) if self.count else value
        self._rank(value, 1)

    def _rank(self, value: int, times: int) -> None:
        self.count += times
        half = self._below if value < 0 else self._above
        half.record_value(min(abs(value), GREATEST), times)

    def merge(self, other: Spread) -> None:
        """Take in what another spread has seen."""
        if not other.count:
            return
        self.least = min(self.least, other.least) if self.count else other.least
        self.greatest = max(self.greatest, other.greatest) if self.count else other.greatest
        self.count += other.count
        self.total += other.total
        self._below.add(other._below)
        self._above.add(other._above)

    @property
    def average(self) -> Decimal | None:
        """The exact sum through the count, to 1e-10; None before the first."""
        return quotient(Decimal(self.total), Decimal(self.count)) if self.count else None

    def percentile(self, percent: int) -> int | None:
        """A value that `percent` (0 to 100) of them do not exceed; None before the first."""
        if not self.count:
            return None
        rank = max(-(-percent * self.count // _PERCENT), 1)  # the nearest one, rounded up
        below = int(self._below.get_total_count())
        if rank <= below:
            found = -_ranked(self._below, below - rank + 1)
        else:
            found = _ranked(self._above, rank - below)
        return min(max(found, self.least), self.greatest)

    def state(self) -> SpreadState:
        """All of it as plain values."""
        ranks = [(-value, times) for value, times in _ranks(self._below)]
        ranks += _ranks(self._above)
        return SpreadState(total=self.total, least=self.least, greatest=self.greatest, ranks=ranks)


def _ranked(histogram: HdrHistogram, rank: int) -> int:
    """The value of that rank, 1 for the smallest."""
    # One look over the counts as a list: hdrhistogram's own takes fifty times as long.
    index = bisect_left(list(accumulate(histogram.counts)), rank)
    bucket = histogram.get_value_from_index(index)
    return int(histogram.get_highest_equivalent_value(bucket))


def _ranks(histogram: HdrHistogram) -> list[tuple[int, int]]:
    counts = enumerate(histogram.counts)
    return [(int(histogram.get_value_from_index(at)), int(times)) for at, times in counts if times]


class Spreads:
    """Spreads by venue, what they are of and, where that is of money, its currency.

    `rows` are of a state.
    """

    def __init__(self, rows: Iterable[tuple[Key, SpreadState]] = ()) -> None:
        self.by_key = {key: Spread(state) for key, state in rows}

    def at(self, *key: str) -> Spread:
        """The spread of that key, made empty if there is none."""
        found = self.by_key.get(key)
        if found is None:
            found = self.by_key[key] = Spread()
        return found

    def merge(self, other: Spreads) -> None:
        """Take in what another one has seen."""
        for key, spread in other.by_key.items():
            self.at(*key).merge(spread)

    def of(self, what: str, venue: str | None = None, currency: str | None = None) -> Spread:
        """A copy of the spread of one venue and currency, or of all together."""
        found = Spread()
        for key, spread in self.by_key.items():
            if key[1] == what and venue in {None, key[0]} and currency in {None, *key[2:]}:
                found.merge(spread)
        return found

    def rows(self) -> list[tuple[Key, SpreadState]]:
        """All of it as plain values."""
        return [(key, spread.state()) for key, spread in self.by_key.items()]
