"""What is handed to the loop: estimates of what is held and priced, and delays that are news."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.analytics.lessons import DelayLesson, Outcome
from daemon.app.depths import Depths, Where
from daemon.app.estimating import (
    Estimator,
    Held,
    estimate,
    held_of,
    make_model,
    model_problems,
    walked,
)
from daemon.app.slippage_model import LEAST, SlippageModel
from daemon.core.book import Book
from daemon.core.estimates import EstimateSource, RetryDelayLearned, SlippageEstimated
from daemon.core.events import Event, Quote, QuoteSource
from daemon.core.terms import NANOS, Symbol
from daemon.ports import Depth
from daemon.settings import Settings, SettingsError
from tests import builders as make
from tests.analytics.test_lessons import estimate as made_estimate
from tests.app.test_launch import settings
from tests.core.play import Play, guarded
from tests.runtime.fake_venue import OWNER, FakeVenue
from tests.venues.kalshi.builders import ManualClock

D = Decimal
ON = {"FILLD_ANALYTICS__ESTIMATE_SLIPPAGE": "true", "FILLD_EXITS__LEARN_RETRY_DELAY": "true"}
WHERE = (make.ACCOUNT, make.VENUE, make.SYMBOL)
BIDS = (("0.60", 30), ("0.59", 40), ("0.57", 100))


def held(qty: str = "100", **prices: Any) -> Held:
    return Held(make.KEY, D(qty), make.instrument(), make.quote(**prices))


def shows(*bids: tuple[str, int], asks: Sequence[tuple[str, int]] = (), at_ns: int = 0) -> Depth:
    sides = [tuple((D(px), D(qty)) for px, qty in side) for side in (bids, asks)]
    return Depth(
        symbol=Symbol(make.SYMBOL),
        bids=sides[0],
        asks=sides[1],
        source=QuoteSource.REST,
        mono_ns=at_ns,
    )


class Stand:
    """An estimator over the book of a story."""

    def __init__(self, folder: Path, play: Play, *, model: bool = True) -> None:
        self.clock, self.told, self.play = ManualClock(), list[Event](), play
        made = settings(folder, **ON) if model else settings(folder)
        self.model = SlippageModel() if model else None
        self.prices: dict[Where, Quote] = {}
        self.venue = FakeVenue()
        self.depths = Depths({OWNER: self.venue}, self.told.append, self.clock)
        self.estimator = Estimator(
            made,
            self.model,
            self.told.append,
            self.clock,
            prices=lambda: self.prices,
            depths=self.depths,
        )

    def price(self, **prices: str) -> None:
        quote = make.quote(**prices)
        now = (self.clock.wall_ns(), self.clock.mono_ns())
        quote = replace(quote, receive_time_ns=now[0], mono_ns=now[1])
        self.prices[WHERE] = quote
        self.estimator.observe(0, quote, ())

    def held(self) -> list[Held]:
        return held_of(self.prices.items(), self.play.engine.book)

    async def read(self, *bids: tuple[str, int]) -> None:
        """The order book is read, if it is wanted."""
        self.venue.books[Symbol(make.SYMBOL)] = shows(*bids, at_ns=self.clock.mono_ns())
        await self.depths._read(OWNER, self.venue)

    async def turn(self, after_s: int = 1) -> list[SlippageEstimated]:
        """A look after so many seconds, and what was told by it."""
        self.clock.now_ns += after_s * NANOS
        before = len(self.told)
        assert self.model is not None

        async def look(read: Callable[[Book], list[Held]]) -> list[Held]:
            return read(self.play.engine.book)

        await self.estimator._turn(self.model, look)
        return [event for event in self.told[before:] if isinstance(event, SlippageEstimated)]


def test_what_is_shown_in_full_is_expected_to_slip_nothing() -> None:
    found = estimate(held(bid="0.60", ask="0.62", bid_qty="100"), D(0))
    assert found is not None
    assert (found.source, found.expected_px, found.bound_px) == (EstimateSource.SHOWN, D(0), None)
    assert (found.held_px, found.spread_px, found.shown_qty) == (D("0.60"), D("0.02"), D(100))


def test_beyond_what_is_shown_half_the_spread_is_expected_until_more_is_known() -> None:
    found = estimate(held(bid="0.60", ask="0.62", bid_qty="99"), D(0))
    assert found is not None
    assert (found.source, found.expected_px) == (EstimateSource.MODEL, D("0.01"))


@pytest.mark.parametrize(
    ("qty", "whole", "mean", "reach"),
    [
        ("30", True, "0", "0"),
        ("40", True, "0.0025", "0.01"),
        ("100", True, "0.013", "0.03"),
        ("200", False, "0.0215", "0.03"),
    ],
)
def test_a_book_is_walked_level_by_level(qty: str, whole: bool, mean: str, reach: str) -> None:
    assert walked(shows(*BIDS).bids, D(qty)) == (whole, D(mean), D(reach))
    assert walked((), D(qty)) == (False, D(0), D(0))


def test_what_a_book_shows_is_expected_of_the_side_that_is_held() -> None:
    book = shows(*BIDS, asks=[("0.62", 10), ("0.63", 90)])
    whole = held(bid="0.60", ask="0.62", bid_qty="30")
    other = held("-100", bid="0.60", ask="0.62", ask_qty="10")
    long = estimate(whole, D(0), walked(whole.side(book), D(100)))
    short = estimate(other, D(0), walked(other.side(book), D(100)))
    assert long is not None
    assert short is not None
    assert (long.source, long.expected_px) == (EstimateSource.SHOWN, D("0.013"))
    assert (short.source, short.expected_px) == (EstimateSource.SHOWN, D("0.009"))
    assert (long.shown_qty, long.held_px) == (D(30), D("0.60")), "as the price says"


def test_a_book_that_is_too_small_says_how_far_it_is_at_least() -> None:
    for asked, expected in (("0.62", "0.0215"), ("0.70", "0.05")):
        large = held("200", bid="0.60", ask=asked, bid_qty="30")
        found = estimate(large, D(0), walked(shows(*BIDS).bids, D(200)))
        assert found is not None
        assert (found.source, found.expected_px) == (EstimateSource.MODEL, D(expected))


def test_a_no_is_bought_back_at_the_ask_and_held_in_the_price_of_no() -> None:
    found = estimate(held("-100", bid="0.60", ask="0.62", ask_qty="7"), D(0))
    assert found is not None
    assert (found.qty, found.held_px, found.shown_qty) == (D(100), D("0.38"), D(7))


def test_a_one_sided_book_says_nothing() -> None:
    assert estimate(held(bid="0.60", ask=None), D(0)) is None
    assert estimate(held(bid=None, ask="0.60"), D(0)) is None


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
    assert await stand.turn(19) == [], "nothing new"
    assert len(await stand.turn()) == 1, "the same again, before it is too old to be used"
    stand.prices.clear()
    assert await stand.turn(20) == [], "without a live price"


async def test_a_quiet_market_is_estimated_too(tmp_path: Path) -> None:
    stand = Stand(tmp_path, guarded())
    stand.price(bid="0.65", ask="0.66")
    for _ in range(2):
        assert len(await stand.turn(600)) == 1, "its price stands until it is taken back"


async def test_a_book_is_read_where_the_price_shows_too_little(tmp_path: Path) -> None:
    stand = Stand(tmp_path, guarded())
    stand.price(bid="0.65", ask="0.66", bid_qty="100")
    await stand.turn()
    await stand.read(*BIDS)
    assert stand.depths.get(WHERE) is None, "nobody wanted it"
    stand.price(bid="0.65", ask="0.69", bid_qty="30")
    (guess,) = await stand.turn(5)
    assert (guess.source, guess.expected_px) == (EstimateSource.MODEL, D("0.02"))
    await stand.read(*BIDS)
    (found,) = await stand.turn()
    assert (found.source, found.expected_px) == (EstimateSource.SHOWN, D("0.013"))
    (late,) = await stand.turn(20)
    assert late.source is EstimateSource.MODEL, "that book is too old now"


async def test_the_nearer_its_stop_the_sooner_a_book_is_read(tmp_path: Path) -> None:
    stand = Stand(tmp_path, guarded())
    stand.price(bid="0.66", ask="0.68", bid_qty="30")
    (far,) = stand.held()
    stand.price(bid="0.62", ask="0.64", bid_qty="30")
    (near,) = stand.held()
    assert D(0) < near.room < far.room < D(1)
    stand.play.tell(make.quote(bid="0.58", ask="0.60"))
    assert stand.play.exit is not None
    (exiting,) = stand.held()
    assert exiting.room == 0
    assert held().room > far.room, "nothing guards it"


async def test_it_looks_every_second(tmp_path: Path) -> None:
    class _OverError(Exception):
        """Ends the loop."""

    stand, looks = Stand(tmp_path, guarded()), 0
    stand.price(bid="0.65", ask="0.66")

    async def look(read: Callable[[Book], list[Held]]) -> list[Held]:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise _OverError
        return read(stand.play.engine.book)

    with pytest.RaisesGroup(_OverError):
        await stand.estimator.run(look)
    assert [type(event) for event in stand.told] == [SlippageEstimated]
    assert stand.clock.slept == [1.0, 1.0]


async def test_once_it_has_learnt_it_says_a_bound(tmp_path: Path) -> None:
    stand = Stand(tmp_path, guarded())
    for _ in range(LEAST):
        stand.estimator.learn(Outcome(estimate=made_estimate(), slippage_px=D("0.02")), news=False)
    stand.price(bid="0.65", ask="0.66")
    (found,) = await stand.turn()
    assert found.bound_px is not None
    assert found.bound_px >= 0
    assert found.expected_px == 0, "what is shown is nearer than any guess"


async def test_a_bound_reaches_the_last_level_that_is_needed(tmp_path: Path) -> None:
    stand = Stand(tmp_path, guarded())
    for _ in range(LEAST):
        stand.estimator.learn(Outcome(estimate=made_estimate(), slippage_px=D(0)), news=False)
    stand.price(bid="0.65", ask="0.66", bid_qty="30")
    (guess,) = await stand.turn()
    assert guess.bound_px is not None
    assert guess.bound_px < D("0.05")
    await stand.read(("0.65", 30), ("0.60", 70))
    (found,) = await stand.turn()
    assert (found.expected_px, found.bound_px) == (D("0.035"), D("0.05"))


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
    estimator = Stand(tmp_path, guarded(), model=False).estimator
    with pytest.raises(SettingsError, match="restart"):
        estimator.follow(bounded(tmp_path))


async def test_nothing_is_followed_where_nobody_asks(tmp_path: Path) -> None:
    stand = Stand(tmp_path, guarded(), model=False)
    stand.price(bid="0.65", ask="0.66")
    assert not stand.estimator._moves

    async def look(_read: Callable[[Book], list[Held]]) -> list[Held]:
        raise AssertionError

    await stand.estimator.run(look)


async def test_many_are_looked_at_some_at_a_time(tmp_path: Path) -> None:
    stand, looks = Stand(tmp_path, guarded()), list[int]()
    stand.price(bid="0.65", ask="0.66")
    others = {(*WHERE[:2], Symbol(f"NBA-{n}")): stand.prices[WHERE] for n in range(200)}
    stand.prices = {**others, **stand.prices}

    async def look(read: Callable[[Book], list[Held]]) -> list[Held]:
        found = read(stand.play.engine.book)
        looks.append(len(found))
        return found

    assert stand.model is not None
    await stand.estimator._turn(stand.model, look)
    assert looks == [0, 0, 0, 0, 1]
    assert [type(event) for event in stand.told] == [SlippageEstimated]
