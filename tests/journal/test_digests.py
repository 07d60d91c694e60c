"""The set of digests: what was added is in it, and nothing else."""

from __future__ import annotations

from daemon.journal.digests import Digests


def test_what_was_met_is_known() -> None:
    met = Digests()
    met.add(b"one")
    met.add(b"one")
    assert b"one" in met
    assert b"two" not in met
    met.close()
    met.close()
