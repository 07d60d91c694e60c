"""What happens in the demo: six positions, each with a misfortune of its own.

Prices in YES dollars where they are an order book's, in the held side's where they are a stop's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from daemon.cli.demo_world import ACCOUNT, Json, World

REST_ALONE_S = 2.5
Tell = Callable[[str], None]
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Scene:
    """One position: signed contracts (minus is NO) at a YES price, its stop, what will happen."""

    symbol: str
    count: str
    price: str
    stop_px: str | None
    calm: tuple[str, str]
    story: str
    play: Callable[[World, Scene, Tell], None]


def paper_toml(scenes: tuple[Scene, ...]) -> str:
    """The paper exchange of the demo."""
    parts = ["seed = 7", "tick_ms = 20"]
    for scene in scenes:
        parts += ["[[markets]]", f'ticker = "{scene.symbol}"', "settlement_timer_s = 1"]
    parts += ["[[accounts]]", f'name = "{ACCOUNT}"', 'cash = "5000.00"']
    for scene in scenes:
        parts += [
            "[[accounts.positions]]",
            f'ticker = "{scene.symbol}"',
            f'count = "{scene.count}"',
            f'price = "{scene.price}"',
            "age_s = 3600",
        ]
    return "\n".join(parts) + "\n"


def filld_toml(scenes: tuple[Scene, ...], folder: str) -> str:
    """The daemon's configuration in the demo."""
    parts = [
        'refresh_active = "1"',
        'refresh_idle = "2"',
        'reconcile_interval_s = "2"',
        'grace_s = "1"',
        "[kalshi]",
        "place_live_orders = true",
        "[journal]",
        f'path = "{folder}/journal.db"',
        f'state_dir = "{folder}"',
        "[control]",
        f'socket = "{folder}/filld.sock"',
    ]
    for scene in scenes:
        stop = scene.stop_px or "0.01"
        parts += ["[[stops]]", f'symbol = "{scene.symbol}"', f'stop_px = "{stop}"']
    return "\n".join(parts) + "\n"


def set_book(world: World, scene: Scene, **sides: list[tuple[str, str]]) -> None:
    """Replace the other traders' liquidity: `bids` and `asks`, [(YES price, contracts)]."""
    world.admin("PUT", f"/markets/{scene.symbol}/book", cast("Json", sides))


def held(world: World, symbol: str) -> float:
    """What the exchange's truth says the account holds, unsigned contracts."""
    oracle = world.admin("GET", f"/oracle/{ACCOUNT}")
    for position in cast("list[Row]", oracle["positions"]):
        if position["ticker"] == symbol:
            return abs(float(str(position["qty"])))
    return 0.0


def _wait_held(world: World, scene: Scene, at_most: float, limit_s: float = 20) -> None:
    world.until(
        f"{scene.symbol} to fall to {at_most:g}",
        lambda: held(world, scene.symbol) <= at_most,
        limit_s,
    )


def partial_then_rest(world: World, scene: Scene, tell: Tell) -> None:
    """The first seed's story: the stop fires into a thin book, half fills, then the rest."""
    set_book(world, scene, bids=[("0.58", "50")], asks=[("0.60", "500")])
    tell("price falls to 0.58, only 50 contracts are bid for")
    _wait_held(world, scene, 50)
    tell("50 of 100 sold; the remaining 50 are guarded again")
    set_book(world, scene, bids=[("0.57", "30"), ("0.56", "200")], asks=[("0.59", "500")])
    _wait_held(world, scene, 0)


def no_side(world: World, scene: Scene, tell: Tell) -> None:
    """A NO position: closing it buys YES."""
    set_book(world, scene, bids=[("0.38", "300")], asks=[("0.41", "15")])
    tell("NO falls to 0.59 (YES asked at 0.41), only 15 contracts")
    _wait_held(world, scene, 25)
    set_book(world, scene, bids=[("0.39", "300")], asks=[("0.42", "200")])
    _wait_held(world, scene, 0)


def lost_answer(world: World, scene: Scene, tell: Tell) -> None:
    """The order trades, but the exchange's answer never arrives."""
    body: Json = {"kind": "http_lose_after", "endpoint": "POST /portfolio/events/orders"}
    world.admin("POST", "/faults", body)
    set_book(world, scene, bids=[("0.61", "25")], asks=[("0.64", "500")])
    tell("the answer to the exit order is lost after it traded: nobody knows")
    _wait_held(world, scene, 35)
    tell("looked up by its id: 25 sold, nothing is sent twice")
    set_book(world, scene, bids=[("0.60", "200")], asks=[("0.63", "500")])
    _wait_held(world, scene, 0)


def no_websocket(world: World, scene: Scene, tell: Tell) -> None:
    """The websocket is gone: the daemon works on REST alone."""
    world.admin("POST", "/faults", {"kind": "ws_refuse", "count": None})
    world.admin("POST", "/disconnect")
    tell("every websocket is cut and none is let in again")
    time.sleep(REST_ALONE_S)
    set_book(world, scene, bids=[("0.48", "100")], asks=[("0.52", "100")])
    _wait_held(world, scene, 0)
    world.admin("DELETE", "/faults?kind=ws_refuse")
    tell("sold by REST alone; websockets are back")


def killed(world: World, scene: Scene, tell: Tell) -> None:
    """kill -9 between two parts of one exit."""
    set_book(world, scene, bids=[("0.70", "30")], asks=[("0.75", "300")])
    _wait_held(world, scene, 50)
    world.kill_daemon()
    tell("30 of 80 sold, then kill -9")
    set_book(world, scene, bids=[("0.69", "200")], asks=[("0.74", "300")])
    world.start_daemon()
    tell("started again on the same journal")
    _wait_held(world, scene, 0)


def scalar_settlement(world: World, scene: Scene, tell: Tell) -> None:
    """No exit: the market settles at 0.37 and the position is paid out."""
    body: Json = {"result": "scalar", "settlement_value": "0.37"}
    world.admin("POST", f"/markets/{scene.symbol}/close", {"in_s": 0})
    world.admin("POST", f"/markets/{scene.symbol}/determine", body)
    world.admin("POST", f"/markets/{scene.symbol}/settle")
    tell("the market settles at 0.37")

    def booked() -> bool:
        rows = cast("list[Row]", world.ask("/positions?every=true")["positions"])
        return any(row["symbol"] == scene.symbol and row["settled"] for row in rows)

    world.until("the settlement to be booked", booked, 25)


SCENES = (
    Scene(
        "NFL-TEAMWINS-20250101-Y", "100", "0.65", "0.60", ("0.64", "0.66"),
        "thin book: 50 of 100 first", partial_then_rest,
    ),
    Scene("KXRAINNYC-26NOV22", "-40", "0.35", "0.60", ("0.33", "0.36"), "a NO position", no_side),
    Scene(
        "KXCPIYOY-26DEC", "60", "0.70", "0.62", ("0.69", "0.71"),
        "the order's answer is lost", lost_answer,
    ),
    Scene(
        "KXHIGHCHI-26NOV22", "30", "0.55", "0.50", ("0.54", "0.56"),
        "no websocket at all", no_websocket,
    ),
    Scene(
        "KXNBAGAME-26NOV22", "80", "0.80", "0.72", ("0.79", "0.81"),
        "kill -9 in the middle", killed,
    ),
    Scene(
        "KXGDP-26Q4", "25", "0.50", None, ("0.49", "0.51"),
        "scalar settlement at 0.37", scalar_settlement,
    ),
)  # fmt: skip
