"""The stage of a day over sockets: markets, strangers, stops, and what happens when. Seeded.

A trading day is pressed into a few minutes, so prices move once a second or so, and limits that
count by the minute are wide.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

ACCOUNT = "demo"
STEP = "0.01"
GAP = "0.06"
STOPS = ("stop_distance", "stop_percent", "trailing_distance", "stop_px", "take_profit_px")
SETTLING = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One market with a position: signed contracts (minus is NO) at the YES price in cents."""

    symbol: str
    count: int
    cents: int
    stop: str
    level: str
    gtc: bool
    size: int
    interval_ms: int
    result: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that happens once, `share` (0 to 1) of the day after its beginning."""

    share: float
    what: str
    symbol: str = ""
    result: str = ""


def draw(seed: int, markets: int) -> tuple[Held, ...]:
    """The markets of `seed`; the first few settle within the day."""
    rng = random.Random(seed)
    return tuple(_held(rng, number) for number in range(markets))


def _held(rng: random.Random, number: int) -> Held:
    yes = rng.random() < 0.6
    held_cents = rng.randint(25, 75)
    stop = rng.choice(STOPS)
    far = rng.randint(5, 10)
    cents = {"stop_px": held_cents - far, "take_profit_px": held_cents + far}.get(stop, far)
    level = str(far * 2) if stop == "stop_percent" else f"{Decimal(cents) / 100}"
    return Held(
        symbol=f"KXDAY-26NOV21-T{number:03d}",
        count=rng.choice((5, 10, 20, 40, 100, 200)) * (1 if yes else -1),
        cents=held_cents if yes else 100 - held_cents,
        stop=stop,
        level=level,
        gtc=rng.random() < 0.2,
        size=rng.choice((4, 20, 60, 200)),
        interval_ms=rng.choice((1_500, 3_000, 6_000)),
        result=rng.choice(("yes", "no", "scalar")) if number < SETTLING else None,
    )


def paper_toml(seed: int, markets: tuple[Held, ...], tier: str) -> str:
    """The paper exchange: every market with a script of its own."""
    parts = [f"seed = {seed}", "tick_ms = 50", "[reads]", "order_lag_ms = [0, 300]"]
    parts += ["fill_lag_ms = [0, 200]", "position_lag_ms = [0, 200]"]
    for held in markets:
        mid = Decimal(held.cents) / 100
        levels = [f'["{mid - step * Decimal("0.01")}", "{held.size}"]' for step in (1, 2, 3)]
        others = [f'["{mid + step * Decimal("0.01")}", "{held.size}"]' for step in (1, 2, 3)]
        parts += [
            "[[markets]]", f'ticker = "{held.symbol}"', "settlement_timer_s = 2",
            f"bids = [{', '.join(levels)}]", f"asks = [{', '.join(others)}]",
            "[[scripts]]", f'name = "{held.symbol}"', f'ticker = "{held.symbol}"',
            f"interval_ms = {held.interval_ms}", f'start = "{mid}"', f'step = "{STEP}"',
            "depth = 3", f'size = "{held.size}"', 'floor = "0.05"', 'ceiling = "0.95"',
            f'gap = "{GAP}"', "gap_per_million = 4000", "thin_per_million = 20000",
        ]  # fmt: skip
    parts += ["[[accounts]]", f'name = "{ACCOUNT}"', 'cash = "1000000.00"', f'tier = "{tier}"']
    for held in markets:
        parts += [
            "[[accounts.positions]]", f'ticker = "{held.symbol}"', f'count = "{held.count}"',
            f'price = "{Decimal(held.cents) / 100}"', "age_s = 3600",
        ]  # fmt: skip
    return "\n".join(parts) + "\n"


def filld_toml(markets: tuple[Held, ...], folder: str) -> str:
    """The daemon's configuration: defaults, but for the limits that count by the minute."""
    parts = [
        "[kalshi]", "place_live_orders = true",
        "[limits]", "max_orders_per_minute = 2000",
        "[journal]", f'path = "{folder}/journal.db"', f'state_dir = "{folder}"',
        "[control]", f'socket = "{folder}/filld.sock"',
    ]  # fmt: skip
    for held in markets:
        parts += ["[[stops]]", f'symbol = "{held.symbol}"', f'{held.stop} = "{held.level}"']
        parts += ['order = "gtc"'] if held.gtc else []
    return "\n".join(parts) + "\n"


def schedule(markets: tuple[Held, ...]) -> list[Deed]:
    """What happens besides prices, in order of time."""
    ends = [
        Deed(share=0.2 + 0.1 * number, what="settle", symbol=held.symbol, result=held.result)
        for number, held in enumerate(markets)
        if held.result is not None
    ]
    others = [
        Deed(share=0.15, what="disconnect"),
        Deed(share=0.3, what="pause"),
        Deed(share=0.38, what="resume"),
        Deed(share=0.5, what="terminate"),
        Deed(share=0.65, what="disconnect"),
        Deed(share=0.75, what="kill"),
    ]
    return sorted((*ends, *others), key=lambda deed: deed.share)


FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "http_lose_after", "endpoint": "POST /portfolio/events/orders", "per_million": 10_000},
    {"kind": "http_lose_before", "endpoint": "POST /portfolio/events/orders", "per_million": 5_000},
    {"kind": "http_error_after", "endpoint": "POST /portfolio/events/orders", "per_million": 5_000},
    {"kind": "http_429", "endpoint": "POST /portfolio/events/orders", "per_million": 10_000},
    {"kind": "http_error_before", "endpoint": "GET *", "per_million": 3_000},
    {"kind": "http_delay_before", "endpoint": "GET *", "per_million": 10_000, "seconds": 1},
    {"kind": "ws_drop", "channel": "fill", "per_million": 20_000},
    {"kind": "ws_delay", "channel": "fill", "per_million": 20_000, "seconds": 1},
    {"kind": "ws_seq_gap", "channel": "orderbook_delta", "per_million": 100},
)
