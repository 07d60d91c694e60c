"""How a stage is set up: the positions, the calm books round them, the rules and the settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from daemon.paper.clock import SECOND_NS, SystemClock
from daemon.paper.config import AccountConfig, PaperConfig, ReadConfig, SeedConfig
from daemon.paper.crypto.config import CoinConfig
from daemon.paper.listing import MarketSpec

ACCOUNT = "main"
Levels = Sequence[tuple[str, str]]

# A daemon in a hurry: what takes seconds in earnest takes tenths here.
QUICK: Mapping[str, object] = {
    "refresh_active": 0.2,
    "refresh_idle": 0.5,
    "reconcile_interval_s": 0.5,
    "grace_s": 0.4,
    "doubt_alert_s": 3,
    "exits.fill_check_s": 0.3,
    "exits.order_timeout_s": 1,
    "exits.retry_delay_s": 0.1,
    "exits.retry_delay_max_s": 0.5,
    "kalshi.place_live_orders": True,
    "kalshi.request_timeout_s": 2,
    "kalshi.connect_timeout_s": 2,
    "limits.max_orders_per_minute": 10_000,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A position at the start and the calm book round it. Signed contracts, YES prices."""

    symbol: str = "NFL-TEAM-Y"
    count: str = "100"
    price: str = "0.65"
    bids: Levels = (("0.64", "500"),)
    asks: Levels = (("0.66", "500"),)
    market_type: str = "binary"
    structure: str = "linear_cent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """How a stage is set up; `settings` are dotted keys, `stops` the rules."""

    held: Sequence[Held] = (Held(),)
    stops: Sequence[Mapping[str, object]] = ({"symbol": "*", "stop_px": "0.60"},)
    settings: Mapping[str, object] = field(default_factory=dict)
    reads: ReadConfig = field(default_factory=ReadConfig)
    tier: str = "prestige"
    seed: int = 1
    ahead_s: int = 0  # how far the exchange's clock is ahead of ours
    quick: bool = True  # False: the times that a user gets
    coins: Mapping[str, CoinConfig] = field(default_factory=dict)  # tables of coin venues
    holdings: Sequence[Mapping[str, object]] = ()


def toml(
    settings: Mapping[str, object],
    stops: Sequence[Mapping[str, object]],
    holdings: Sequence[Mapping[str, object]] = (),
) -> str:
    """Dotted keys, [[stops]], [[holdings]] as TOML: JSON's scalars and lists are TOML's."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    for name, tables in (("stops", stops), ("holdings", holdings)):
        for table in tables:
            lines += [f"[[{name}]]", *(f"{key} = {json.dumps(v)}" for key, v in table.items())]
    return "\n".join([*lines, ""])


def paper_config(play: Play) -> PaperConfig:
    config = PaperConfig(
        tick_ms=20,
        seed=play.seed,
        reads=play.reads,
        markets=[
            MarketSpec(
                ticker=held.symbol,
                market_type=held.market_type,
                price_level_structure=held.structure,
                settlement_timer_s=0,
                bids=list(held.bids),
                asks=list(held.asks),
            )
            for held in play.held
        ],
        accounts=[
            AccountConfig(
                name=ACCOUNT,
                key_type="ed25519" if play.quick else "rsa",
                tier=play.tier,  # type: ignore[arg-type]
                cash="10000.00",
                positions=[
                    SeedConfig(ticker=held.symbol, count=held.count, price=held.price, age_s=3600)
                    for held in play.held
                    if Decimal(held.count)
                ],
            )
        ],
    )
    return msgspec.structs.replace(config, **play.coins)


class OtherClock(SystemClock):
    """The clock of an exchange that does not agree with ours."""

    def __init__(self, ahead_s: int) -> None:
        self._ahead_ns = ahead_s * SECOND_NS

    def wall_ns(self) -> int:
        return super().wall_ns() + self._ahead_ns
