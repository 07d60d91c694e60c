"""A coin venue's table in `config/paper.toml`: instruments, members, other traders.

Unknown keys are refused. Numbers of money are strings; seconds and milliseconds plain numbers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from daemon.paper.crypto.model import Account, Instrument, PositionSide
from daemon.paper.crypto.upkeep import Seed
from daemon.paper.reading import ReadRules
from daemon.paper.traders import ScriptSpec
from daemon.paper.units import decimal_of

Bounds = tuple[int, int]
Levels = list[tuple[str, str]]


class InstrumentConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One symbol, in the venue's spelling. Rates: a maker's may be negative (a rebate)."""

    symbol: str
    base: str
    quote: str = "USDT"
    tick: str = "0.01"
    lot: str = "0.0001"
    min_qty: str = ""
    max_qty: str = "9000"
    min_notional: str = "5"
    maker_rate: str = "0.001"
    taker_rate: str = "0.001"
    mark_px: str = ""
    bids: Levels = []
    asks: Levels = []


class CoinSeedConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A starting position: signed base coin or contracts, traded at a price `age_s` ago."""

    symbol: str
    qty: str
    price: str
    position_side: Literal["both", "long", "short"] = "both"
    age_s: int = 0


class CoinAccountConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A member with a key of its own, which trades, and withdraws where `withdraws` says so.

    `fee_coin` pays its fees while it lasts.
    """

    name: str
    key_type: Literal["hmac", "rsa", "ed25519"] = "hmac"
    balances: dict[str, str] = {}
    fee_coin: str = ""
    hedge_mode: bool = False
    leverage: int = 20
    withdraws: bool = False
    positions: list[CoinSeedConfig] = []


class CoinReadConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How late writes become readable, [least, most] ms, and when private frames are sent."""

    order_lag_ms: Bounds = (0, 0)
    fill_lag_ms: Bounds = (0, 0)
    position_lag_ms: Bounds = (0, 0)
    private_frames: Literal["before_ack", "after_ack", "race"] = "race"
    after_ack_ms: int = 30


class CoinConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One coin venue. Port 0 takes any free port; `life_s`: a websocket is closed at that age."""

    port: int = 0
    rate_limits: bool = True
    ping_interval_s: float = 20
    pong_limit_s: float = 60
    life_s: float = 86_400
    max_queue: int = 10_000
    fee_coin_px: str = "500"
    reads: CoinReadConfig = msgspec.field(default_factory=CoinReadConfig)
    instruments: list[InstrumentConfig] = []
    accounts: list[CoinAccountConfig] = []
    scripts: list[ScriptSpec] = []

    def read_rules(self) -> ReadRules:
        """The lags in force at the start."""
        return ReadRules(**msgspec.structs.asdict(self.reads))


def instrument_from(spec: InstrumentConfig, *, is_contract: bool) -> Instrument:
    """The instrument that a specification describes; `ValueError` for a number that is none."""
    return Instrument(
        symbol=spec.symbol,
        base=spec.base,
        quote=spec.quote,
        tick=decimal_of("tick", spec.tick),
        lot=decimal_of("lot", spec.lot),
        min_qty=decimal_of("min_qty", spec.min_qty or spec.lot),
        max_qty=decimal_of("max_qty", spec.max_qty),
        min_notional=decimal_of("min_notional", spec.min_notional),
        is_contract=is_contract,
        maker_rate=signed_of("maker_rate", spec.maker_rate),
        taker_rate=decimal_of("taker_rate", spec.taker_rate),
        mark_px=decimal_of("mark_px", spec.mark_px) if spec.mark_px else None,
    )


def account_from(spec: CoinAccountConfig) -> Account:
    """The member that a specification describes, without coins."""
    return Account(
        name=spec.name,
        fee_coin=spec.fee_coin,
        hedge_mode=spec.hedge_mode,
        leverage=spec.leverage,
        withdraws=spec.withdraws,
    )


def seed_from(account: str, spec: CoinSeedConfig) -> Seed:
    """A starting position as numbers."""
    return Seed(
        account=account,
        symbol=spec.symbol,
        qty=signed_of("qty", spec.qty),
        price=decimal_of("price", spec.price),
        position_side=PositionSide(spec.position_side),
        age_s=spec.age_s,
    )


def signed_of(name: str, text: str) -> Decimal:
    """A written number that may have a minus; `ValueError` when it is none."""
    value = decimal_of(name, text.removeprefix("-"))
    return -value if text.startswith("-") else value
