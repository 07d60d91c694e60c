"""What a figure says of itself: ratio, budget, whether it holds; kept and compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import Budget, Figure, number, percentile
from benchmarks.table import load, machine, render, save


@pytest.mark.parametrize(
    ("budget", "ours", "ratio", "holds"),
    [
        (Budget(at_least=10), 10, None, True),
        (Budget(at_least=10), 9, None, False),
        (Budget(at_most=5), 5.1, None, False),
        (Budget(at_least=10, ratio_at_least=0.5), 12, 0.4, False),
        (Budget(at_least=10, ratio_at_least=0.5), 12, 0.5, True),
        (Budget(ratio_at_most=1.3), 7, 1.31, False),
        (Budget(ratio_at_most=1.3), 7, None, False),
    ],
)
def test_a_budget_holds_when_all_its_bounds_do(
    budget: Budget, ours: float, ratio: float | None, holds: bool
) -> None:
    assert budget.holds(ours, ratio) is holds


def test_a_figure_without_a_budget_is_not_judged() -> None:
    assert Figure(name="rate", ours=1, unit="x").holds is None


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1)] == [50, 95, 99, 100]
    assert percentile([3.0], 0.99) == 3


@pytest.mark.parametrize(
    ("value", "text"), [(123_456.7, "123,457"), (12.34, "12.3"), (0.01234, "0.0123")]
)
def test_numbers_have_three_digits_that_matter(value: float, text: str) -> None:
    assert number(value) == text


def test_a_run_is_kept_and_compared(tmp_path: Path) -> None:
    before = Figure(name="engine", ours=50, unit="fills/s", floor=100, floor_is="bare")
    after = Figure(name="engine", ours=80, unit="fills/s", floor=100, budget=Budget(at_least=90))
    save(tmp_path / "run.json", [before], quick=True)
    table = render([after], load(tmp_path / "run.json"))
    assert "0.8x" in table
    assert "NO" in table
    assert "before: 50.0 fills/s, now 1.6 of it; ratio 0.5x -> 0.8x" in table


def test_the_machine_says_which_build_of_python_it_is() -> None:
    assert "--enable-optimizations" in machine(quick=False)
