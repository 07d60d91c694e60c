"""The model beats the naive guess where there is something to learn, and its bound holds."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.analytics.lesson_views import model_rows
from daemon.analytics.lessons import ErrorCell, Outcome
from daemon.analytics.sums import Tables
from daemon.app import extras
from daemon.app.slippage_model import LEAST, SlippageModel, features
from daemon.core.estimates import EstimateSource, SlippageEstimated
from daemon.core.terms import NANOS, Venue
from tests.analytics.test_lessons import estimate

D = Decimal


def story(rng: random.Random, number: int) -> tuple[SlippageEstimated, Decimal]:
    """A market where what is larger than what is shown slips further."""
    qty, shown, ticks = rng.randint(1, 500), rng.randint(1, 500), rng.choice((1, 2, 3))
    slipped = round(ticks * (0.8 * max(0.0, math.log(qty / shown)) + 0.3 * rng.expovariate(1)))
    made = replace(
        estimate(),
        receive_time_ns=number * 600 * NANOS,
        qty=D(qty),
        shown_qty=D(shown),
        spread_px=D(ticks) / 100,
    )
    return made, D(slipped) / 100


def test_it_beats_half_the_spread_and_its_bound_holds_nine_times_in_ten() -> None:
    rng, model, cell = random.Random(7), SlippageModel(), ErrorCell()
    for number in range(1_500):
        made, came = story(rng, number)
        guess = model.predict(made)
        assert (guess is None) is (number < LEAST)
        if guess is not None:
            made = replace(made, expected_px=guess[0], bound_px=guess[1])
            cell.add(Outcome(estimate=made, slippage_px=came).cell())
        model.learn(Outcome(estimate=made, slippage_px=came))
    assert cell.error < cell.naive_error * D("0.9")
    assert cell.pinball < cell.naive_pinball * D("0.5")
    assert D("0.85") < D(cell.held) / cell.bounded < D("0.95")


def test_where_half_the_spread_is_right_it_says_that_it_is_no_better() -> None:
    rng, model, tables = random.Random(7), SlippageModel(), Tables()
    for number in range(200):
        made, _ = story(rng, number)
        came = made.spread_px / 2
        guess = model.predict(made)
        if guess is not None:
            told = replace(made, expected_px=guess[0], bound_px=guess[1])
            cell = Outcome(estimate=told, slippage_px=came).cell()
            tables.errors.at(("kalshi", "2026-11-21")).add(cell)
        model.learn(Outcome(estimate=made, slippage_px=came))
    assert [row["better"] for row in model_rows(tables)] == [False, False]


def test_what_a_book_shows_is_a_bound_at_least_and_what_comes_beyond_it_is_learnt() -> None:
    """A market that shows twice what there is: its exits slip twice as far as its book says."""
    rng, model, held = random.Random(5), SlippageModel(), 0
    for number in range(600):
        made, _ = story(rng, number)
        shown = replace(made, source=EstimateSource.SHOWN, expected_px=D(rng.randint(0, 8)) / 100)
        guess, came = model.predict(shown), 2 * shown.expected_px
        held += guess is not None and number >= 300 and came <= guess[1]
        model.learn(Outcome(estimate=shown, slippage_px=came))
    assert held > 0.85 * 300


def test_the_same_outcomes_teach_the_same() -> None:
    guesses = []
    for _ in range(2):
        rng, model = random.Random(3), SlippageModel()
        for number in range(60):
            made, came = story(rng, number)
            model.learn(Outcome(estimate=made, slippage_px=came))
        guesses.append(model.predict(estimate()))
    assert guesses[0] == guesses[1]


def test_venues_learn_apart() -> None:
    rng, model = random.Random(5), SlippageModel()
    for number in range(LEAST):
        made, came = story(rng, number)
        model.learn(Outcome(estimate=made, slippage_px=came))
    assert model.predict(estimate()) is not None
    assert model.predict(replace(estimate(), venue=Venue("binance-usdm"))) is None


@pytest.mark.parametrize("came", ["100000000", "-100000000"])
def test_nothing_that_comes_makes_it_say_what_is_no_price(came: str) -> None:
    model = SlippageModel()
    for _ in range(200):
        model.learn(Outcome(estimate=estimate(), slippage_px=D(came)))
    guess = model.predict(estimate())
    assert guess is not None
    middle, bound = guess
    assert middle.is_finite()
    assert bound >= max(middle, D(0))
    assert bound <= 1_000 * estimate().spread_px


@pytest.mark.parametrize(
    "odd", [replace(estimate(), shown_qty=D(0)), replace(estimate(), spread_px=D(0))]
)
def test_an_odd_quote_has_features_too(odd: SlippageEstimated) -> None:
    assert all(math.isfinite(value) for value in features(odd).values())


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(extras.ExtraMissingError, match=r'pip install "filld\[analysis\]"'):
        SlippageModel()
