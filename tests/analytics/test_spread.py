"""Percentiles against the sorted values themselves; merge and restart lose nothing."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from daemon.analytics.spread import GREATEST, Spread, Spreads
from daemon.analytics.sums import Tables

VALUES = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=60)


def spread_of(values: list[int]) -> Spread:
    spread = Spread()
    for value in values:
        spread.record(value)
    return spread


@given(VALUES, st.integers(0, 100))
def test_a_percentile_is_within_one_per_cent_of_the_value_of_that_rank(
    values: list[int], percent: int
) -> None:
    rank = max(-(-percent * len(values) // 100), 1)
    true = sorted(values)[rank - 1]
    found = spread_of(values).percentile(percent)
    assert found is not None
    assert abs(found - true) <= abs(true) // 100 + 1


@given(VALUES)
def test_the_average_is_exact(values: list[int]) -> None:
    spread = spread_of(values)
    assert (spread.total, spread.count) == (sum(values), len(values))
    assert (spread.least, spread.greatest) == (min(values), max(values))


@given(VALUES, VALUES)
def test_merging_is_recording_both(one: list[int], other: list[int]) -> None:
    merged = spread_of(one)
    merged.merge(spread_of(other))
    assert merged.state() == spread_of([*one, *other]).state()


@given(VALUES)
def test_a_state_makes_the_same_spread(values: list[int]) -> None:
    spread = spread_of(values)
    again = Spread(spread.state())
    assert again.state() == spread.state()
    assert again.count == spread.count
    assert again.percentile(90) == spread.percentile(90)


def test_nothing_has_neither_average_nor_percentile() -> None:
    assert (Spread().average, Spread().percentile(50)) == (None, None)


def test_what_is_beyond_counts_in_full_in_the_sum() -> None:
    spread = spread_of([GREATEST * 4])
    assert spread.average == Decimal(GREATEST * 4)
    found = spread.percentile(50)
    assert found is not None
    assert found >= GREATEST


def test_spreads_are_one_by_venue_and_one_of_all() -> None:
    spreads = Spreads()
    spreads.at("kalshi", "x").record(10)
    spreads.at("phemex-spot", "x").record(30)
    averages = [spreads.of("x").average, spreads.of("x", "kalshi").average]
    assert averages == [Decimal(20), Decimal(10)]
    assert Tables().timing.of("x").count == 0
