"""The demo on Kalshi: six positions, each with a misfortune of its own.

Prices in YES dollars where they are an order book's, in the held side's where they are a stop's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from daemon.cli.demo_report import Truth, positions
from daemon.cli.demo_world import ACCOUNT, Json, Tell, World, toml_table

REST_ALONE_S = 2.5
VENUE = "kalshi"


@dataclass(frozen=True, slots=True)
class KalshiScene:
    """One position: signed contracts (minus is NO) at a YES price, its stop, what will happen."""

    symbol: str
    count: str
    price: str
    stop_px: str | None
    calm: tuple[str, str]
    story: str
    plot: Callable[[World, KalshiScene, Tell], None]

    @property
    def venue(self) -> str:
        """As filld calls it."""
        return VENUE

    @property
    def qty(self) -> str:
        """Contracts, unsigned."""
        return self.count.removeprefix("-")

    @property
    def side(self) -> str:
        """What is held."""
        return "no" if self.count.startswith("-") else "yes"

    def play(self, world: World, tell: Tell) -> None:
        """Let its misfortune happen."""
        self.plot(world, self, tell)

    def truth(self, world: World) -> Truth:
        """From the exchange's own position."""
        oracle = world.admin("GET", f"/oracle/{ACCOUNT}")
        rows = cast("list[Json]", oracle["positions"])
        found = next(row for row in rows if row["ticker"] == self.symbol)
        fees = Decimal(str(found["fees"]))
        return Truth(
            left=abs(Decimal(str(found["qty"]))),
            fees={"USD": fees},
            pnl=Decimal(str(found["realized_pnl"])) - fees,
            oversold=bool(found["crossings"]),
        )


def paper_toml(scenes: Sequence[KalshiScene]) -> str:
    """The paper exchange of the demo, calm, with the positions."""
    parts: list[str] = []
    for scene in scenes:
        bid, ask = scene.calm
        books: Json = {"bids": [(bid, "500")], "asks": [(ask, "500")]}
        parts.append(toml_table("[[markets]]", ticker=scene.symbol, settlement_timer_s=1, **books))
    parts.append(toml_table("[[accounts]]", name=ACCOUNT, cash="5000.00"))
    for scene in scenes:
        held: Json = {"ticker": scene.symbol, "count": scene.count, "price": scene.price}
        parts.append(toml_table("[[accounts.positions]]", **held, age_s=3600))
    return "".join(parts)


def filld_toml(scenes: Sequence[KalshiScene]) -> str:
    """What the daemon is told of them."""
    rules = (
        toml_table("[[stops]]", venue=VENUE, symbol=scene.symbol, stop_px=scene.stop_px or "0.01")
        for scene in scenes
    )
    return "".join([toml_table("[kalshi]", place_live_orders=True), *rules])


def set_book(world: World, scene: KalshiScene, **sides: list[tuple[str, str]]) -> None:
    """Replace the other traders' liquidity: `bids` and `asks`, [(YES price, contracts)]."""
    world.admin("PUT", f"/markets/{scene.symbol}/book", cast("Json", sides))


def _wait_held(world: World, scene: KalshiScene, at_most: int, limit_s: float = 20) -> None:
    world.until(
        f"{scene.symbol} to fall to {at_most}",
        lambda: scene.truth(world).left <= at_most,
        limit_s,
    )


def partial_then_rest(world: World, scene: KalshiScene, tell: Tell) -> None:
    """The first seed's story: the stop fires into a thin book, half fills, then the rest."""
    set_book(world, scene, bids=[("0.58", "50")], asks=[("0.60", "500")])
    tell("price falls to 0.58, only 50 contracts are bid for")
    _wait_held(world, scene, 50)
    tell("50 of 100 sold; the remaining 50 are guarded again")
    set_book(world, scene, bids=[("0.57", "30"), ("0.56", "200")], asks=[("0.59", "500")])
    _wait_held(world, scene, 0)


def no_side(world: World, scene: KalshiScene, tell: Tell) -> None:
    """A NO position: closing it buys YES."""
    set_book(world, scene, bids=[("0.38", "300")], asks=[("0.41", "15")])
    tell("NO falls to 0.59 (YES asked at 0.41), only 15 contracts")
    _wait_held(world, scene, 25)
    set_book(world, scene, bids=[("0.39", "300")], asks=[("0.42", "200")])
    _wait_held(world, scene, 0)


def lost_answer(world: World, scene: KalshiScene, tell: Tell) -> None:
    """The order trades, but the exchange's answer never arrives."""
    body: Json = {"kind": "http_lose_after", "endpoint": "POST /portfolio/events/orders"}
    world.admin("POST", "/faults", body)
    set_book(world, scene, bids=[("0.61", "25")], asks=[("0.64", "500")])
    tell("the answer to the exit order is lost after it traded: nobody knows")
    _wait_held(world, scene, 35)
    tell("looked up by its id: 25 sold, nothing is sent twice")
    set_book(world, scene, bids=[("0.60", "200")], asks=[("0.63", "500")])
    _wait_held(world, scene, 0)


def no_websocket(world: World, scene: KalshiScene, tell: Tell) -> None:
    """The websocket is gone: the daemon works on REST alone."""
    world.admin("POST", "/faults", {"kind": "ws_refuse", "count": None})
    world.admin("POST", "/disconnect")
    tell("every websocket is cut and none is let in again")
    time.sleep(REST_ALONE_S)
    set_book(world, scene, bids=[("0.48", "100")], asks=[("0.52", "100")])
    _wait_held(world, scene, 0)
    world.admin("DELETE", "/faults?kind=ws_refuse")
    tell("sold by REST alone; websockets are back")


def killed(world: World, scene: KalshiScene, tell: Tell) -> None:
    """kill -9 between two parts of one exit."""
    set_book(world, scene, bids=[("0.70", "30")], asks=[("0.75", "300")])
    _wait_held(world, scene, 50)
    world.kill_daemon()
    tell("30 of 80 sold, then kill -9")
    set_book(world, scene, bids=[("0.69", "200")], asks=[("0.74", "300")])
    world.start_daemon()
    tell("started again on the same journal")
    _wait_held(world, scene, 0)


def scalar_settlement(world: World, scene: KalshiScene, tell: Tell) -> None:
    """No exit: the market settles at 0.37 and the position is paid out."""
    body: Json = {"result": "scalar", "settlement_value": "0.37"}
    world.admin("POST", f"/markets/{scene.symbol}/close", {"in_s": 0})
    world.admin("POST", f"/markets/{scene.symbol}/determine", body)
    world.admin("POST", f"/markets/{scene.symbol}/settle")
    tell("the market settles at 0.37")

    def booked() -> bool:
        return bool(positions(world)[VENUE, scene.symbol]["settled"])

    world.until("the settlement to be booked", booked, 25)


SCENES = (
    KalshiScene(
        "NFL-TEAMWINS-20250101-Y", "100", "0.65", "0.60", ("0.64", "0.66"),
        "thin book: 50 of 100 first", partial_then_rest,
    ),
    KalshiScene(
        "KXRAINNYC-26NOV22", "-40", "0.35", "0.60", ("0.33", "0.36"),
        "a NO position", no_side,
    ),
    KalshiScene(
        "KXCPIYOY-26DEC", "60", "0.70", "0.62", ("0.69", "0.71"),
        "the order's answer is lost", lost_answer,
    ),
    KalshiScene(
        "KXHIGHCHI-26NOV22", "30", "0.55", "0.50", ("0.54", "0.56"),
        "no websocket at all", no_websocket,
    ),
    KalshiScene(
        "KXNBAGAME-26NOV22", "80", "0.80", "0.72", ("0.79", "0.81"),
        "kill -9 in the middle", killed,
    ),
    KalshiScene(
        "KXGDP-26Q4", "25", "0.50", None, ("0.49", "0.51"),
        "scalar settlement at 0.37", scalar_settlement,
    ),
)  # fmt: skip
