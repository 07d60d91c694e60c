"""Exits of many sizes into books of many shapes: what was expected of them, and what came."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from daemon.analytics.figures import Figures
from daemon.analytics.lessons import Outcome
from daemon.app.estimating import walked
from daemon.core.estimates import EstimateSource, SlippageEstimated
from daemon.journal.sqlite import read_only
from daemon.paper.faults import FaultKind
from tests.acceptance.play import Held, Levels, Play
from tests.acceptance.stage import Stage, staged
from tests.acceptance.test_coins import VENUES, Coins
from tests.acceptance.test_coins import play_of as play_of_coins

D = Decimal
CENT = D("0.01")
CALM, CRASHED = D("0.88"), D("0.58")
SHOWN, MODEL = EstimateSource.SHOWN, EstimateSource.MODEL


@dataclass(frozen=True)
class Shape:
    """A market: what is held of it, and how its book lies round any price (in cents)."""

    symbol: str
    qty: int
    spread: int
    gap: int
    level_qty: int

    def book(self, bid_px: Decimal) -> tuple[Levels, Levels]:
        """Bids that can take all of it, level by level."""
        steps = range(1 + max(self.qty // self.level_qty, 3))
        bids = [(f"{bid_px - n * self.gap * CENT}", f"{self.level_qty}") for n in steps]
        return bids, [(f"{bid_px + self.spread * CENT}", "500")]

    def held(self) -> Held:
        """The position, in a calm market."""
        bids, asks = self.book(CALM)
        return Held(symbol=self.symbol, count=str(self.qty), price="0.90", bids=bids, asks=asks)


def shapes(seed: int, number: int) -> list[Shape]:
    rng = random.Random(seed)
    return [
        Shape(
            symbol=f"KXSHAPE-{n:03}",
            qty=rng.randint(5, 100),
            spread=rng.randint(1, 4),
            gap=rng.randint(1, 2),
            level_qty=rng.choice([12, 20, 40, 120]),
        )
        for n in range(number)
    ]


def play_of(markets: Sequence[Shape]) -> Play:
    """An exit may go as far as these books do."""
    return Play(
        held=[market.held() for market in markets],
        stops=[{"symbol": "*", "stop_px": "0.60"}],
        settings={"exits.max_slippage_px": "0.40", "analytics.estimate_slippage": True},
    )


async def model_row(stage: Stage) -> dict[str, Any]:
    """What the figures say of all days."""
    rows = (await stage.ask("/slippage"))["model"]
    return next((row for row in rows if row["day"] == "all"), {"orders": 0})


async def crash(
    stage: Stage, markets: Sequence[Shape], source: EstimateSource, *, bounded: bool
) -> None:
    """All fall through their stops, once something is expected of each; until it is learnt."""
    known = (await model_row(stage))["orders"]

    def expected() -> bool:
        told = {
            event.symbol
            for event in stage.happened(SlippageEstimated)
            if isinstance(event, SlippageEstimated)
            and (event.source is source or event.shown_qty >= event.qty)
            and (event.bound_px is not None) is bounded
        }
        return told >= {market.symbol for market in markets}

    await stage.until("estimates", expected, 40)
    for market in markets:
        stage.book(*market.book(CRASHED), market.symbol)
    for market in markets:
        await stage.until_left("0", market.symbol)

    async def learnt() -> bool:
        return bool((await model_row(stage))["orders"] == known + len(markets))

    await stage.until("the figures to follow", learnt)


def outcomes(stage: Stage) -> list[Outcome]:
    """Of every exit in the journal, in order: what was expected, and what came."""
    figures = Figures().fold(read_only(stage.journal).replay())
    return [lesson for lesson in figures.lessons if isinstance(lesson, Outcome)]


def mean(numbers: Iterable[Decimal]) -> Decimal:
    known = list(numbers)
    return sum(known, D(0)) / len(known)


async def test_a_book_tells_to_the_cent_what_an_exit_will_slip(tmp_path: Path) -> None:
    markets = shapes(7, 24)
    async with staged(tmp_path, play_of(markets)) as stage:
        await stage.started_and_armed()
        await crash(stage, markets, SHOWN, bounded=False)
        found = outcomes(stage)
        assert len(found) == len(markets)
        assert {one.estimate.source for one in found} == {SHOWN}
        assert sum(one.slippage_px > 0 for one in found) > len(found) / 3
        assert all(one.estimate.expected_px == one.slippage_px for one in found)


async def test_where_no_book_is_told_of_a_model_learns_it_from_exits(tmp_path: Path) -> None:
    markets = shapes(7, 110)
    async with staged(tmp_path, play_of(markets)) as stage:
        stage.arm(FaultKind.WS_DROP, channel="orderbook_delta", count=None)
        nowhere = {"endpoint": "GET /markets/*/orderbook", "status": 404, "code": "not_found"}
        stage.arm(FaultKind.HTTP_ERROR_BEFORE, count=None, **nowhere)
        await stage.started_and_armed()
        await crash(stage, markets[:40], MODEL, bounded=False)
        await crash(stage, markets[40:75], MODEL, bounded=True)
        await crash(stage, markets[75:], MODEL, bounded=True)
        found = [one for one in outcomes(stage) if one.estimate.source is MODEL]
        judged = [one for one in found if one.estimate.bound_px is not None]
        before = mean(one.slippage_px for one in found if one.estimate.bound_px is None)
        error = mean(abs(one.estimate.expected_px - one.slippage_px) for one in judged)
        assert len(judged) > 30
        for guess in (
            mean(abs(one.estimate.spread_px / 2 - one.slippage_px) for one in judged),
            mean(abs(before - one.slippage_px) for one in judged),
            mean(abs(one.slippage_px) for one in judged),
        ):
            assert error < guess * D("0.9"), "half the spread, the mean of before, nothing"
        assert (await model_row(stage))["better"]
        code, said = await stage.run("slippage", "--model")
        assert code == 0
        assert "naive mae bps" in said


async def test_every_venue_is_asked_for_its_book(tmp_path: Path) -> None:
    venues = list({venue.table: venue for venue in reversed(VENUES)}.values())
    bids = [("2499.00", "0.5"), ("2498.00", "0.5"), ("2496.00", "50")]
    asks = [("2501.00", "0.5"), ("2502.00", "0.5"), ("2504.00", "50")]
    play = play_of_coins(*venues)
    wanted = {**play.settings, "analytics.estimate_slippage": True}
    async with staged(tmp_path, replace(play, settings=wanted)) as stage:
        for venue in venues:
            Coins(stage, venue).book(bids, asks)
        await stage.start()
        levels = tuple((D(px), D(qty)) for px, qty in bids)
        expected = {venue.name: walked(levels, venue.net_qty).mean_px for venue in venues}

        def told() -> bool:
            found = {
                event.venue: event.expected_px
                for event in stage.happened(SlippageEstimated)
                if isinstance(event, SlippageEstimated) and event.source is SHOWN
            }
            return found == expected

        await stage.until(f"the books of {len(venues)} venues", told, 30)
