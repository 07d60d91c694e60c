"""A storm becomes a few lines and a count: daemon.telemetry.repeats, and the log that uses it."""

from __future__ import annotations

import dataclasses

from daemon.core.events import QueryFailed, Undecodable
from daemon.core.terms import NANOS, RejectReason
from daemon.telemetry.repeats import WINDOW_S, Ended, Repeats
from tests import builders as make
from tests.telemetry.test_logs import QUOTE, Lines

KIND = ("undecodable",)
MINUTE = WINDOW_S * NANOS


def test_so_many_in_a_minute_then_a_count_then_the_end() -> None:
    repeats = Repeats()
    assert [repeats.admits(KIND, 2, n) for n in range(5)] == [True, True, False, False, False]
    assert repeats.ended(MINUTE - 1) == []
    assert repeats.ended(MINUTE) == [Ended(KIND, 3, over=False)]
    assert repeats.admits(KIND, 2, MINUTE), "each minute has its own"
    assert repeats.ended(2 * MINUTE) == []
    assert repeats.ended(3 * MINUTE) == [], "it was never limited again: nothing to tell"
    assert repeats.admits(KIND, 2, 3 * MINUTE)


def test_with_a_limit_of_one_only_the_first_until_it_is_over() -> None:
    repeats = Repeats()
    assert repeats.admits(KIND, 1, 0)
    assert repeats.ended(MINUTE) == []
    assert not repeats.admits(KIND, 1, MINUTE)
    assert repeats.ended(2 * MINUTE) == [Ended(KIND, 1, over=False)]
    assert repeats.ended(3 * MINUTE) == [Ended(KIND, 0, over=True)]
    assert repeats.admits(KIND, 1, 3 * MINUTE), "a new failure is a first one"


def test_kinds_have_a_limit() -> None:
    repeats = Repeats()
    assert all(repeats.admits((n, m), 1, 0) for n in range(3_000) for m in (1,))
    assert repeats.admits((2_999, 1), 1, 0), "what there is no room for is said"
    assert not repeats.admits((0, 1), 1, 0)


def storm(seconds: int) -> Undecodable:
    event = Undecodable(**make.AT_VENUE, source="fills", raw="{", text="no JSON")
    return dataclasses.replace(event, mono_ns=seconds * NANOS)


def test_a_storm_in_the_log() -> None:
    lines = Lines()
    for _ in range(1_000):
        lines.observer.observe(0, storm(0), ())
    lines.observer.observe(0, storm(WINDOW_S), ())
    lines.observer.observe(0, dataclasses.replace(QUOTE, mono_ns=3 * MINUTE), ())
    read = lines.read()
    assert [line["event"] for line in read] == [
        *(["undecodable"] * 20),
        *("lines_left_out", "undecodable", "quote"),
    ]
    left = read[20]
    assert (left["of"], left["count"], left["venue"]) == ("undecodable", 980, "kalshi")
    assert left["in_s"] == WINDOW_S


def test_a_look_that_fails_is_told_when_it_begins_and_when_it_is_over() -> None:
    lines = Lines()
    down = RejectReason.NETWORK
    failed = QueryFailed(**make.AT_VENUE, query="positions", reason=down, text="down")
    for seconds in range(0, 300, 10):
        lines.observer.observe(0, dataclasses.replace(failed, mono_ns=seconds * NANOS), ())
    for seconds in (360, 430):
        lines.observer.observe(0, dataclasses.replace(QUOTE, mono_ns=seconds * NANOS), ())
    names = [str(line["event"]) for line in lines.read() if line["event"] != "quote"]
    assert names == ["query_failed", *(["lines_left_out"] * 5), "quiet_again"]
