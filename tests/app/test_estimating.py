"""What is handed to the loop: estimates of what is held and priced, and delays that are news."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.analytics.lessons import DelayLesson, Outcome
from daemon.app.estimating import Estimator, Held, estimate, make_model, model_problems
from daemon.app.slippage_model import LEAST, SlippageModel
from daemon.core.book import Book
from daemon.core.estimates import EstimateSource, RetryDelayLearned, SlippageEstimated
from daemon.core.events import Event, Quote
from daemon.core.terms import NANOS
from daemon.settings import Settings, SettingsError
from tests import builders as make
from tests.analytics.test_lessons import estimate as made_estimate
from tests.app.test_launch import settings
from tests.core.play import Play, guarded
from tests.venues.kalshi.builders import ManualClock

D = Decimal
ON = {"FILLD_ANALYTICS__ESTIMATE_SLIPPAGE": "true", "FILLD_EXITS__LEARN_RETRY_DELAY": "true"}
LONG = Held(make.KEY, D(100), make.instrument())


class Stand:
    """An estimator over the book of a story."""

    def __init__(self, folder: Path, play: Play, *, model: bool = True) -> None:
        self.clock, self.told, self.play = ManualClock(), list[Event](), play
        made = settings(folder, **ON) if model else settings(folder)
        self.model = SlippageModel() if model else None
        self.estimator = Estimator(made, self.model, self.told.append, self.clock)

    def price(self, **prices: str) -> None:
        quote = make.quote(**prices)
        now = (self.clock.wall_ns(), self.clock.mono_ns())
        self.estimator.observe(0, replace(quote, receive_time_ns=now[0], mono_ns=now[1]), ())

    async def turn(self, after_s: int = 1) -> list[SlippageEstimated]:
        """A second's look, and what was told by it."""
        self.clock.now_ns += after_s * NANOS
        before = len(self.told)

        class _OverError(Exception):
            """Ends the loop."""

        async def look(read: Callable[[Book], list[Held]]) -> list[Held]:
            found = read(self.play.engine.book)
            assert self.model is not None
            self.estimator._estimate(self.model, found)
            raise _OverError

        with pytest.raises(_OverError):
            await self.estimator.run(look)
        return [event for event in self.told[before:] if isinstance(event, SlippageEstimated)]


def test_what_is_shown_in_full_is_expected_to_slip_nothing() -> None:
    found = estimate(LONG, make.quote(bid="0.60", ask="0.62", bid_qty="100"), D(0))
    assert found is not None
    assert (found.source, found.expected_px, found.bound_px) == (EstimateSource.SHOWN, D(0), None)
    assert (found.held_px, found.spread_px, found.shown_qty) == (D("0.60"), D("0.02"), D(100))


def test_beyond_what_is_shown_half_the_spread_is_expected_until_more_is_known() -> None:
    found = estimate(LONG, make.quote(bid="0.60", ask="0.62", bid_qty="99"), D(0))
    assert found is not None
    assert (found.source, found.expected_px) == (EstimateSource.MODEL, D("0.01"))


def test_a_no_is_bought_back_at_the_ask_and_held_in_the_price_of_no() -> None:
    held = LONG._replace(qty=D(-100))
    found = estimate(held, make.quote(bid="0.60", ask="0.62", ask_qty="7"), D(0))
    assert found is not None
    assert (found.qty, found.held_px, found.shown_qty) == (D(100), D("0.38"), D(7))


def test_a_one_sided_book_says_nothing() -> None:
    assert estimate(LONG, make.quote(bid="0.60", ask=None), D(0)) is None
    assert estimate(LONG, make.quote(bid=None, ask="0.60"), D(0)) is None


async def test_it_tells_of_what_is_held_and_not_with_every_quote(tmp_path: Path) -> None:
    stand = Stand(tmp_path, guarded())
    stand.price(bid="0.65", ask="0.66")
    (first,) = await stand.turn()
    assert (first.symbol, first.qty) == (make.SYMBOL, D(100))
    stand.play.tell(first)
    assert stand.play.position.estimate is not None
    stand.price(bid="0.65", ask="0.66")
    assert await stand.turn() == []
    stand.price(bid="0.60", ask="0.66", bid_qty="5")
    assert await stand.turn() == [], "five seconds at least lie between two"
    stand.price(bid="0.60", ask="0.66", bid_qty="5")
    (second,) = await stand.turn(5)
    assert second.expected_px == D("0.03")
    assert second.volatility_px > 0
    stand.price(bid="0.60", ask="0.66", bid_qty="5")
    assert len(await stand.turn(20)) == 0, "a price of long ago is none"
    stand.price(bid="0.60", ask="0.66", bid_qty="5")
    assert len(await stand.turn()) == 1, "the same again, before it is too old to be used"


async def test_once_it_has_learnt_it_says_a_bound(tmp_path: Path) -> None:
    stand = Stand(tmp_path, guarded())
    for _ in range(LEAST):
        stand.estimator.learn(Outcome(estimate=made_estimate(), slippage_px=D("0.02")), news=False)
    stand.price(bid="0.65", ask="0.66")
    (found,) = await stand.turn()
    assert found.bound_px is not None
    assert found.bound_px >= 0
    assert found.expected_px == 0, "what is shown is nearer than any guess"


def test_a_delay_is_handed_in_when_it_is_news_and_wanted(tmp_path: Path) -> None:
    lesson = DelayLesson(account=make.ACCOUNT, venue=make.VENUE, reason="unfilled", delay_s=D(4))
    stand = Stand(tmp_path, guarded())
    stand.estimator.learn(lesson, news=False)
    assert stand.told == []
    stand.estimator.learn(lesson, news=True)
    (told,) = stand.told
    assert isinstance(told, RetryDelayLearned)
    assert (told.reason, told.delay_s) == ("unfilled", D(4))
    unwanted = Stand(tmp_path, guarded(), model=False)
    unwanted.estimator.learn(lesson, news=True)
    assert unwanted.told == []


def bounded(folder: Path) -> Settings:
    return settings(folder, FILLD_EXITS__MAX_SLIPPAGE_PX="model")


def test_without_the_extra_the_setting_is_refused_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not model_problems(bounded(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match=r"max_slippage_px = model.*filld.analysis"):
        make_model(bounded(tmp_path))
    with pytest.raises(SettingsError, match=r"estimate_slippage = true.*filld.analysis"):
        make_model(settings(tmp_path, FILLD_ANALYTICS__ESTIMATE_SLIPPAGE="true"))
    assert make_model(settings(tmp_path)) is None


def test_a_reload_cannot_load_a_model(tmp_path: Path) -> None:
    estimator = Estimator(settings(tmp_path), None, list[Event]().append, ManualClock())
    with pytest.raises(SettingsError, match="restart"):
        estimator.follow(bounded(tmp_path))


def test_quotes_are_not_kept_where_nobody_asks(tmp_path: Path) -> None:
    stand = Stand(tmp_path, guarded(), model=False)
    stand.price(bid="0.65", ask="0.66")
    assert isinstance(make.quote(), Quote)
    assert not stand.estimator._seen
