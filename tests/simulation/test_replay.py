"""The same seed is the same story: in another process, under another order of hashes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from daemon.simulation.episode import run_episode

SEEDS = range(7_000, 7_012)
TELL = (
    "from daemon.simulation.episode import run_episode\n"
    f"print([run_episode(seed).digest for seed in range({SEEDS.start}, {SEEDS.stop})])"
)


@pytest.fixture(scope="module")
def here() -> list[str]:
    return [run_episode(seed).digest for seed in SEEDS]


def test_every_seed_has_a_story_of_its_own(here: list[str]) -> None:
    assert all(here)
    assert len(set(here)) == len(here)


def test_twice_in_one_process(here: list[str]) -> None:
    assert [run_episode(seed).digest for seed in SEEDS] == here


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_in_another_process(here: list[str], hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    told = subprocess.run(
        [sys.executable, "-c", TELL], capture_output=True, check=True, env=environment, text=True
    )
    assert told.stdout.strip() == str(here)
