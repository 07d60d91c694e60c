"""The daemon in thousands of seeded worlds: fresh ones each run, and those that once hurt."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from daemon.simulation.run import run_seeds, simulate

EPISODES = 2_000
# Each kind of fault has to have happened this often, else the run proves little of it.
LEAST = 25
WORKERS = 2
SEEDS = Path(__file__).with_name("seeds.txt")


def first_seed() -> int:
    given = os.environ.get("FILLD_SEED")
    return int(given) if given else int.from_bytes(os.urandom(4), "big")


def test_fresh_seeds_break_no_promise(capfd: pytest.CaptureFixture[str]) -> None:
    seed = first_seed()
    report = simulate(seed, EPISODES, WORKERS)
    text = "\n".join(report.lines())
    with capfd.disabled():
        print(f"simulation: FILLD_SEED={seed}\n{text}", file=sys.stderr)
    assert report.ok, text
    assert report.episodes == EPISODES
    assert not report.unreached(LEAST), f"hardly reached: {report.unreached(LEAST)}"


@pytest.mark.parametrize("trading", [False, True])
def test_seeds_that_once_failed(trading: bool) -> None:
    """Without trades each tells the story that once failed, with them another one."""
    lines = SEEDS.read_text("utf-8").splitlines()
    seeds = tuple(int(line.split()[0]) for line in lines if line and not line.startswith("#"))
    report = run_seeds(seeds, WORKERS, trading=trading)
    assert report.ok, "\n".join(report.lines())
