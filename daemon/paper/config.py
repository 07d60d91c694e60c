"""The paper exchange's configuration: what may be written in `config/paper.toml`, and no more.

Unknown keys are refused with the keys that are accepted. Numbers of money and contracts are
strings; seconds and milliseconds are plain numbers. It starts nothing.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from daemon.paper.binance.config import UsdmConfig
from daemon.paper.bitget.config import BitgetConfig
from daemon.paper.crypto.config import (
    CoinAccountConfig,
    CoinConfig,
    CoinReadConfig,
    CoinSeedConfig,
    InstrumentConfig,
)
from daemon.paper.fees import FeeRules
from daemon.paper.listing import MarketSpec
from daemon.paper.phemex.config import PhemexConfig
from daemon.paper.reading import ReadRules
from daemon.paper.refusal import OperatorError
from daemon.paper.traders import ScriptSpec
from daemon.paper.units import decimal_of

Bounds = tuple[int, int]
Tier = Literal["basic", "advanced", "expert", "premier", "paragon", "prime", "prestige"]


class SeedConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A starting position: signed contracts (minus is NO) at a YES price."""

    ticker: str
    count: str
    price: str
    subaccount: int = 0
    age_s: int = 0
    archived: bool = False
    historical: bool = False


class AccountConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A member with a key of its own. `cash` in dollars lies on every shard."""

    name: str
    key_type: Literal["rsa", "ed25519"] = "rsa"
    tier: Tier = "basic"
    cash: str = "1000.00"
    positions: list[SeedConfig] = []


class ShardConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One exchange_index."""

    index: int
    description: str = ""


class FeeConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The constants of the fee formula, dollars."""

    taker_rate: str = "0.07"
    fee_step: str = "0.0001"
    precision: str = "0.0001"
    rebate: str = "0.01"


class ReadConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How late writes become readable, [least, most] ms, and when private frames are sent."""

    order_lag_ms: Bounds = (0, 0)
    fill_lag_ms: Bounds = (0, 0)
    position_lag_ms: Bounds = (0, 0)
    private_frames: Literal["before_ack", "after_ack", "race"] = "race"
    after_ack_ms: int = 30
    orders_archive_s: int = 1_209_600
    fills_archive_s: int = 5_184_000
    markets_cache_s: int = 0


class WebsocketConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The socket's own numbers."""

    ping_interval_s: float = 10
    max_queue: int = 10_000
    max_commands_per_s: int = 10_000
    max_markets: int = 500_000


class PaperConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """All paper exchanges: Kalshi's own keys, and a table for each coin venue that is wanted.

    Port 0 takes any free port.
    """

    host: str = "127.0.0.1"
    port: int = 0
    admin_port: int = 0
    seed: int = 1
    tick_ms: int = 50
    auth_skew_s: int = 30
    rate_limits: bool = True
    flat_reduce_only: Literal["accept", "refuse"] = "accept"
    close_cancel_delay_s: float = 0
    shards: list[ShardConfig] = []
    fees: FeeConfig = msgspec.field(default_factory=FeeConfig)
    reads: ReadConfig = msgspec.field(default_factory=ReadConfig)
    websocket: WebsocketConfig = msgspec.field(default_factory=WebsocketConfig)
    markets: list[MarketSpec] = []
    accounts: list[AccountConfig] = []
    scripts: list[ScriptSpec] = []
    binance_spot: CoinConfig | None = None
    binance_usdm: UsdmConfig | None = None
    bitget_spot: BitgetConfig | None = None
    bitget_usdt_futures: BitgetConfig | None = None
    phemex_spot: PhemexConfig | None = None
    phemex_usdt_perp: PhemexConfig | None = None

    def coin_venues(self) -> dict[str, CoinConfig]:
        """The coin venues that are configured, by the name of their table."""
        named = {name: getattr(self, name) for name in COIN_VENUES}
        return {name: config for name, config in named.items() if config is not None}

    def fee_rules(self) -> FeeRules:
        """The fee constants as numbers."""
        return FeeRules(
            taker_rate=decimal_of("fees.taker_rate", self.fees.taker_rate),
            fee_step=decimal_of("fees.fee_step", self.fees.fee_step),
            precision=decimal_of("fees.precision", self.fees.precision),
            rebate=decimal_of("fees.rebate", self.fees.rebate),
        )

    def read_rules(self) -> ReadRules:
        """The lags in force at the start."""
        return ReadRules(
            order_lag_ms=self.reads.order_lag_ms,
            fill_lag_ms=self.reads.fill_lag_ms,
            position_lag_ms=self.reads.position_lag_ms,
            private_frames=self.reads.private_frames,
            after_ack_ms=self.reads.after_ack_ms,
        )


COIN_VENUES: dict[str, type[CoinConfig]] = {
    "binance_spot": CoinConfig,
    "binance_usdm": UsdmConfig,
    "bitget_spot": BitgetConfig,
    "bitget_usdt_futures": BitgetConfig,
    "phemex_spot": PhemexConfig,
    "phemex_usdt_perp": PhemexConfig,
}
_COIN_TABLES: dict[str, type[msgspec.Struct]] = {
    "reads": CoinReadConfig,
    "instruments": InstrumentConfig,
    "accounts": CoinAccountConfig,
    "accounts.positions": CoinSeedConfig,
    "scripts": ScriptSpec,
}
_TABLES: dict[str, type[msgspec.Struct]] = {
    "": PaperConfig,
    "fees": FeeConfig,
    "reads": ReadConfig,
    "websocket": WebsocketConfig,
    "shards": ShardConfig,
    "markets": MarketSpec,
    "accounts": AccountConfig,
    "accounts.positions": SeedConfig,
    "scripts": ScriptSpec,
    **COIN_VENUES,
    **{f"{venue}.{name}": each for venue in COIN_VENUES for name, each in _COIN_TABLES.items()},
}


def load_config(path: Path) -> PaperConfig:
    """Read a configuration file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}") from error
    return parse_config(text, str(path))


def parse_config(text: str, origin: str = "paper.toml") -> PaperConfig:
    """Turn TOML into a configuration, or say which key is wrong and what is accepted."""
    try:
        tables: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OperatorError(f"{origin}: {error}") from error
    try:
        config = msgspec.convert(tables, PaperConfig, strict=True)
    except msgspec.ValidationError as error:
        raise OperatorError(f"{origin}: {_explain(str(error), tables)}") from error
    check_loopback(config.host)
    return config


def check_loopback(host: str) -> None:
    """Refuse to listen where a stranger could call: this exchange has no secrets worth having."""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    if not is_loopback:
        raise OperatorError(
            f"host = {host!r}: only loopback is accepted (127.0.0.1, ::1, localhost)"
        )


def _explain(message: str, tables: dict[str, object]) -> str:
    """Add the field's name, its value, and the accepted keys to msgspec's sentence."""
    problem, _, path = message.partition(" - at ")
    where = path.strip("`").removeprefix("$").removeprefix(".")
    unknown = re.search(r"unknown field `([^`]+)`", problem)
    if unknown is None:
        return f"{where} = {_value_at(tables, where)!r}: {problem}"
    table = _TABLES.get(re.sub(r"\[\d+\]", "", where))
    accepted = ", ".join(table.__struct_fields__) if table else "none"
    key = f"{where}.{unknown[1]}".removeprefix(".")
    return f"{key} = {_value_at(tables, key)!r}: unknown key, accepted are {accepted}"


def _value_at(tables: dict[str, object], where: str) -> object:
    value: object = tables
    for part in re.findall(r"[^.\[\]]+", where):
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(part)
    return value
