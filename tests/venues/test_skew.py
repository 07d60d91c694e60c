"""Bounds of the skew out of headers that only name seconds."""

from __future__ import annotations

from email.utils import formatdate

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.terms import NANOS
from daemon.venues.skew import FORGET_AFTER_NS, SkewGauge

START = 1_796_113_800


def date(venue_ns: int) -> str:
    return formatdate(venue_ns // NANOS, usegmt=True)


def test_a_right_clock_is_left_alone() -> None:
    gauge = SkewGauge()
    for tenth in range(50):
        now = START * NANOS + tenth * NANOS // 10
        gauge.observe(date(now), now - 10**7, now + 10**7)
    assert [gauge.measured, gauge.skew_ns] == [True, 0]


@given(st.integers(-600, 600), st.lists(st.integers(0, 5_000), min_size=1, max_size=40))
def test_many_answers_narrow_the_skew_down(skew_s: int, moments_ms: list[int]) -> None:
    gauge = SkewGauge()
    for moment_ms in sorted(moments_ms):
        venue_ns = START * NANOS + moment_ms * 10**6
        ours = venue_ns + skew_s * NANOS
        gauge.observe(date(venue_ns), ours - 10**7, ours + 10**7)
    if abs(skew_s) > 1:
        assert abs(gauge.skew_ns - skew_s * NANOS) < 0.55 * NANOS


def test_a_clock_that_is_set_is_measured_anew_and_old_bounds_are_forgotten() -> None:
    gauge = SkewGauge()
    now = START * NANOS
    gauge.observe(date(now), now, now)
    for ours in (now + 90 * NANOS, now + 90 * NANOS + 2 * FORGET_AFTER_NS):
        gauge.observe(date(ours - 90 * NANOS), ours, ours)
        assert abs(gauge.skew_ns - 90 * NANOS) < NANOS
    gauge.observe(date(now), now, now)
    assert gauge.skew_ns == 0


def test_a_header_that_is_no_date_changes_nothing() -> None:
    gauge = SkewGauge()
    assert not gauge.observe("yesterday", 0, 0)
    assert not gauge.measured
