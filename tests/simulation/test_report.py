"""The report of a run: what people and machines read."""

from __future__ import annotations

import json

from daemon.simulation.episode import Outcome
from daemon.simulation.faults import Fault
from daemon.simulation.report import Report
from daemon.simulation.run import simulate


def test_a_failure_says_how_to_see_it_again() -> None:
    report = Report(first_seed=5)
    report.add(Outcome(5))
    report.add(Outcome(6, failure="[2 never oversold] ..."))
    text = "\n".join(report.lines())
    assert not report.ok
    assert "seed 6: [2 never oversold] ..." in text
    assert "filld simulate --seed 6 --episodes 1" in text
    told = json.loads(report.as_json())
    assert told["failures"] == [{"seed": 6, "text": "[2 never oversold] ..."}]
    assert told["episodes"] == 2


def test_faults_that_were_hardly_reached_are_named() -> None:
    report = Report(first_seed=0)
    report.counts[Fault.KILLED.value] = 10
    assert Fault.KILLED not in report.unreached(10)
    assert Fault.STALE_READ in report.unreached(10)


def test_a_run_counts_and_reports_progress() -> None:
    seen: list[int] = []
    report = simulate(40, 3, progress=lambda so_far: seen.append(so_far.episodes))
    assert seen == [1, 2, 3]
    assert report.ok, list(report.lines())
    assert report.virtual_s > 600
    assert report.counts["lives"] >= 3
