"""A short day of the real code in virtual time: it ends well, repeats itself, and sees bugs."""

from __future__ import annotations

import json

import pytest

from daemon.core.stops import Level
from daemon.simulation.day import run_day

SEED, MARKETS, HOURS = 5, 40, 2.0


def test_a_day_ends_well_and_repeats_itself() -> None:
    shares: list[float] = []
    report = run_day(SEED, MARKETS, HOURS, shares.append)
    assert report.ok, (report.failures, [row.differs for row in report.exits if row.differs])
    assert shares[-1] == 1.0
    assert len(report.exits) > 5
    assert all(row.late_s is not None and row.late_s < 45 for row in report.exits)
    kinds = {notice.kind for notice in report.notices}
    assert {"stop_triggered", "exit_complete", "pause_ahead", "venue_paused"} <= kinds
    assert report.facts["lives"] == 5
    assert report.unseen
    assert report.samples[-1][0] == HOURS
    first = json.dumps(report.view()["exits"])
    assert json.dumps(run_day(SEED, MARKETS, HOURS).view()["exits"]) == first


def test_stops_that_never_fire_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Level, "met", lambda *_: False)
    report = run_day(SEED, MARKETS, HOURS)
    assert not report.ok
    assert any("no exit fired" in failure for failure in report.failures)
