"""One filld on Kalshi and the coin venues at once: exits on spot and on futures, long and short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.paper.binance.config import UsdmConfig
from daemon.paper.bitget.config import BitgetConfig
from daemon.paper.crypto.config import (
    CoinAccountConfig,
    CoinConfig,
    CoinSeedConfig,
    InstrumentConfig,
)
from daemon.paper.crypto.oracle import account_truth
from daemon.paper.faults import Fault, FaultKind
from daemon.paper.phemex.config import PhemexConfig
from daemon.paper.units import levels_of
from tests.acceptance.play import ACCOUNT, Levels, Play
from tests.acceptance.stage import Row, Stage, staged

D = Decimal
KEPT = "0.25"  # spot coins that are none of filld's business
CALM: Levels = [("2499.00", "50")]
CALM_ASKS: Levels = [("2501.00", "50")]


@dataclass(frozen=True)
class Venue:
    """A market: its table in the settings, what is held there, signed."""

    table: str
    config: type[CoinConfig]
    qty: str
    hedged: bool = False
    symbol: str = "ETHUSDT"
    terms: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.table.replace("_", "-")

    @property
    def spot(self) -> bool:
        return self.table.endswith("spot")

    @property
    def short(self) -> bool:
        return self.qty.startswith("-")

    @property
    def net_qty(self) -> Decimal:
        """What there is to get out of: spot was bought with a fee of 0.1 per cent in the coin."""
        return D(self.qty) * D("0.999") if self.spot else abs(D(self.qty))

    def paper(self) -> CoinConfig:
        side = ("short" if self.short else "long") if self.hedged else "both"
        seed = CoinSeedConfig(symbol=self.symbol, qty=self.qty, price="2500", position_side=side)  # type: ignore[arg-type]
        account = CoinAccountConfig(
            name=ACCOUNT,
            balances={"USDT": "10000", "ETH": KEPT},
            hedge_mode=self.hedged,
            positions=[seed],
        )
        instrument = InstrumentConfig(
            symbol=self.symbol,
            base="ETH",
            lot="0.0001" if self.spot else "0.001",
            bids=list(CALM),
            asks=list(CALM_ASKS),
        )
        return self.config(instruments=[instrument], accounts=[account], **self.terms)  # type: ignore[arg-type]


UTA = {"dialect": "uta"}
VENUES = (
    Venue("binance_spot", CoinConfig, "1.5"),
    Venue("binance_usdm", UsdmConfig, "2"),
    Venue("binance_usdm", UsdmConfig, "-2"),
    Venue("binance_usdm", UsdmConfig, "2", hedged=True),
    Venue("binance_usdm", UsdmConfig, "-2", hedged=True),
    Venue("bitget_spot", BitgetConfig, "1.5"),
    Venue("bitget_usdt_futures", BitgetConfig, "2"),
    Venue("bitget_usdt_futures", BitgetConfig, "-2"),
    Venue("bitget_usdt_futures", BitgetConfig, "-2", hedged=True),
    Venue("bitget_spot", BitgetConfig, "1.5", terms=UTA),
    Venue("bitget_usdt_futures", BitgetConfig, "2", terms=UTA),
    Venue("bitget_usdt_futures", BitgetConfig, "-2", hedged=True, terms=UTA),
    Venue("phemex_spot", PhemexConfig, "1.5", symbol="sETHUSDT"),
    Venue("phemex_usdt_perp", PhemexConfig, "2"),
    Venue("phemex_usdt_perp", PhemexConfig, "-2"),
    Venue("phemex_usdt_perp", PhemexConfig, "-2", hedged=True),
)


def play_of(*venues: Venue, held: Any = ()) -> Play:
    """A filld in a hurry on these venues; stops 4 per cent away."""
    live = {f"{venue.table}.place_live_orders": True for venue in venues}
    return Play(
        held=held,
        settings=live,
        stops=[
            {"symbol": "*", "stop_px": "0.60"},
            *(
                {"venue": venue.name, "symbol": "*", "stop_percent": "4", "adopt": "fire"}
                for venue in venues
            ),
        ],
        coins={venue.table: venue.paper() for venue in venues},
        holdings=[
            {"venue": venue.name, "symbol": venue.symbol, "kept_qty": KEPT}
            for venue in venues
            if venue.spot
        ],
    )


class Coins:
    """One coin venue of a stage."""

    def __init__(self, stage: Stage, venue: Venue) -> None:
        self.stage, self.venue = stage, venue
        self.door = stage.paper.doors[venue.table]

    def book(self, bids: Levels, asks: Levels) -> None:
        self.door.tick()
        wanted = (levels_of("bids", list(bids)), levels_of("asks", list(asks)))
        self.door.venue.traders.set_book(self.venue.symbol, *wanted)

    def against(self, part: str, px: str = "2300") -> None:
        """The price goes through the stop, with `part` of the position in the book."""
        far = "2690" if self.venue.short else px
        if self.venue.short:
            self.book([("2689.00", "50")], [(far, part)])
        else:
            self.book([(far, part)], [("2310.00", "50")])

    def arm(self, kind: FaultKind, **terms: Any) -> None:
        self.door.venue.exchange.faults.arm(Fault(kind=kind, **terms))

    def truth(self) -> Any:
        return account_truth(self.door.venue.exchange, ACCOUNT)

    def left(self) -> Decimal:
        if self.venue.spot:
            return D(self.truth()["balances"]["ETH"]["total"]) - D(KEPT)
        return sum((D(row["qty"]) for row in self.truth()["positions"]), D(0))

    def sold(self) -> Decimal:
        return sum(
            (D(f["qty"]) for f in self.truth()["fills"] if f["client_order_id"].startswith("fd")),
            D(0),
        )

    async def row(self) -> Row | None:
        rows = (await self.stage.ask("/positions", {"every": "true"}))["positions"]
        return next((row for row in rows if row["venue"] == self.venue.name), None)

    async def armed(self) -> None:
        async def look() -> bool:
            row = await self.row()
            return row is not None and row["guard"] == "ARMED"

        await self.stage.until(f"{self.venue.name} to be armed", look)

    async def flat(self) -> None:
        await self.stage.until(f"{self.venue.name} flat", lambda: not self.left())

        async def agreed() -> bool:
            row = await self.row()
            status = await self.stage.ask("/status")
            busy = status["orders_in_doubt"] or status["exits_at_work"]
            return row is not None and not D(row["position_qty"]) and not busy

        await self.stage.until(f"{self.venue.name} flat in the book", agreed)


@pytest.mark.parametrize(
    "venue", VENUES, ids=lambda v: f"{v.table}{v.qty}{'-hedged' * v.hedged}{'-uta' * bool(v.terms)}"
)
async def test_a_stop_sells_part_by_part_until_nothing_is_left(
    tmp_path: Path, venue: Venue
) -> None:
    async with staged(tmp_path, play_of(venue)) as stage:
        coins = Coins(stage, venue)
        await stage.start()
        await coins.armed()
        coins.against("0.4")
        await stage.until("a part", lambda: coins.sold() == D("0.4"))
        coins.against("50")
        await coins.flat()
        assert coins.sold() == venue.net_qty
        row = await coins.row()
        assert row is not None
        fees = sum((D(f["fee"]) for f in coins.truth()["fills"]), D(0))
        if not venue.spot:
            assert D(row["fees"].get("USDT", "0")) == fees


async def test_a_lost_answer_is_looked_up_and_nothing_is_sold_twice(tmp_path: Path) -> None:
    venue = VENUES[1]
    async with staged(tmp_path, play_of(venue)) as stage:
        coins = Coins(stage, venue)
        await stage.start()
        await coins.armed()
        coins.arm(FaultKind.HTTP_LOSE_AFTER, endpoint="POST /fapi/v1/order")
        coins.against("50")
        await coins.flat()
        assert coins.sold() == D(2)
        assert len([o for o in coins.truth()["orders"] if o["filled"] != "0"]) == 2, "and the seed"


async def test_killed_in_the_middle_of_an_exit_it_goes_on(tmp_path: Path) -> None:
    venue = VENUES[0]
    async with staged(tmp_path, play_of(venue)) as stage:
        coins = Coins(stage, venue)
        await stage.start()
        await coins.armed()
        coins.against("0.4")
        await stage.until("a part", lambda: coins.sold() == D("0.4"))
        await stage.kill()
        coins.against("50")
        await stage.start()
        await coins.flat()
        assert coins.sold() == venue.net_qty


async def test_a_dead_venue_delays_no_exit_of_another(tmp_path: Path) -> None:
    spot, usdm = VENUES[0], VENUES[1]
    async with staged(tmp_path, play_of(spot, usdm)) as stage:
        dead, well = Coins(stage, spot), Coins(stage, usdm)
        dead.arm(FaultKind.HTTP_LOSE_BEFORE, count=None)
        await stage.start()
        await well.armed()
        well.against("50")
        await well.flat()
        assert dead.left() == spot.net_qty
        dead.door.venue.exchange.faults.clear(None)
        await dead.armed()
        dead.against("50")
        await dead.flat()
