"""Steps out of a named file pass as they are, and whoever waits is told how far it is."""

from __future__ import annotations

from daemon.cli.fill_file import counted
from daemon.ports import Record
from tests import builders as make


def test_steps_are_counted_as_they_pass() -> None:
    steps = [Record(seq, make.started(), ()) for seq in (999, 1_000, 1_001, 2_000)]
    told: list[tuple[int, int]] = []
    passed = list(counted(steps, 2_000, lambda done, total: told.append((done, total))))
    assert passed == steps
    assert told == [(1_000, 2_000), (2_000, 2_000)]
