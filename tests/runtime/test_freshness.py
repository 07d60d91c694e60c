"""The last comparison of each account with its venue is remembered."""

from __future__ import annotations

from dataclasses import replace

from daemon.core.events import QueryFailed
from daemon.core.terms import RejectReason
from daemon.runtime.freshness import Freshness
from tests import builders as make
from tests.runtime.fake_venue import OWNER

FAILED = QueryFailed(**make.AT_VENUE, query="positions", reason=RejectReason.TIMEOUT)


def test_it_counts_reads_and_keeps_the_last_stamp() -> None:
    freshness = Freshness()
    freshness.observe(1, make.fill(), ())
    assert freshness.compared == {}
    for stamp in (5, 9):
        freshness.observe(0, replace(make.positions(), receive_time_ns=stamp, mono_ns=stamp), ())
    compared = freshness.compared[OWNER]
    assert (compared.reads, compared.receive_time_ns, compared.mono_ns) == (2, 9, 9)


def test_an_error_is_an_answer_but_no_comparison() -> None:
    freshness = Freshness()
    freshness.observe(0, replace(FAILED, mono_ns=7), ())
    assert freshness.answered_ns == {OWNER: 7}
    assert freshness.compared == {}
