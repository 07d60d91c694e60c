"""A few planted bugs, found within a few seeds; `make mutants` hunts them all."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS, hunt

QUICK = {
    "send_before_commit": 10,
    "no_bound": 20,
    "apply_a_duplicate": 20,
    "drop_an_orphan": 40,
    "same_id_for_the_next_exit": 40,
    "size_from_a_stale_position": 60,
}


@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_found(name: str) -> None:
    found = hunt(name, most=QUICK[name])
    assert found.seeds is not None, f"{name} got away for {QUICK[name]} seeds"


def test_there_are_enough_of_them() -> None:
    assert len(MUTANTS) >= 10
