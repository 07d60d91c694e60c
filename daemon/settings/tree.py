"""The tree of settings: every key, its type, its default, what is accepted. Reads no source.

Unknown keys are refused; money is never a float; secrets are SecretStr.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from daemon.core.commands import NoticeKind
from daemon.core.terms import HUNDRED, ONE, RuleKind, Venue
from daemon.settings.accounts import (
    AnyVenue,
    BinanceSpotSettings,
    BinanceUsdmSettings,
    BitgetFuturesSettings,
    BitgetSettings,
    CryptoSettings,
    HoldingSettings,
    KalshiSettings,
    PhemexSettings,
)
from daemon.settings.kinds import (
    Bound,
    Level,
    Money,
    Pattern,
    Place,
    PlaceOrNone,
    Seconds,
    Section,
    none,
    web,
)

KALSHI: Final = Venue("kalshi")

# What semantics.md wants alerted; urgent notices always are.
DEFAULT_NOTICES: Final = (
    NoticeKind.FIRST_LIVE_ORDER,
    NoticeKind.EXIT_STALLED,
    NoticeKind.EXIT_AT_FLOOR,
    NoticeKind.ORDER_IN_DOUBT,
    NoticeKind.STOP_REFUSED,
    NoticeKind.UNCONFIRMED,
    NoticeKind.NO_RULE,
    NoticeKind.UNGUARDED,
    NoticeKind.MISSED_CLOSE,
    NoticeKind.PAUSE_AHEAD,
    NoticeKind.OWN_CROSSING,
    NoticeKind.FOREIGN_WRITER,
    NoticeKind.HALTED,
    NoticeKind.LIMIT_EXCEEDED,
    NoticeKind.SETTLEMENT_DIFFERENCE,
    NoticeKind.UNDECODABLE,
)


class JournalSettings(Section):
    """[journal]: the file, and where the locks of accounts lie."""

    path: Place = Path("~/.local/state/filld/journal.db").expanduser()
    state_dir: Place = Path("~/.local/state/filld").expanduser()


class ExitSettings(Section):
    """[exits]: how to get out. Prices and contracts are Kalshi's, dollars of the held side.

    On the crypto venues `crypto_slippage_bps` stands for them; a rule may give any of them.
    """

    order: Literal["ioc", "gtc"] = "ioc"
    max_slippage_px: Bound = Decimal("0.05")
    max_slippage_bps: Bound = None
    crypto_slippage_bps: Annotated[Money, Field(gt=0, lt=10_000)] = Decimal(100)
    floor_px: Level = None
    resubmit: Literal["retrigger", "until_flat"] = "retrigger"
    fill_check_s: Seconds = Decimal(5)
    order_timeout_s: Seconds = Decimal(10)
    retry_delay_s: Seconds = Decimal(1)
    retry_delay_max_s: Seconds = Decimal(30)
    max_attempts: Annotated[int, Field(ge=1)] = 5
    trigger_min_qty: Annotated[Money, Field(ge=0)] = Decimal(1)
    trigger_confirm_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 0
    max_spread_px: Level = None
    adopt: Literal["hold", "fire"] = "hold"
    own_crossing: Literal["cancel", "leave"] = "cancel"


LEVELS: Final = {
    "stop_px": (RuleKind.ABSOLUTE, False),
    "stop_distance": (RuleKind.DISTANCE, False),
    "stop_percent": (RuleKind.PERCENT, True),
    "trailing_distance": (RuleKind.TRAILING, False),
    "trailing_percent": (RuleKind.TRAILING, True),
    "take_profit_px": (RuleKind.TAKE_PROFIT, False),
    "exit_before_close_s": (RuleKind.TIME, False),
}


def wrong_levels(given: Sequence[str]) -> str | None:
    """What is wrong with a rule that names these levels; None for exactly one."""
    if len(given) == 1:
        return None
    return f"needs exactly one of {', '.join(LEVELS)}; has {' and '.join(given) or 'none'}"


class StopSettings(ExitSettings):
    """[[stops]]: one rule for the symbols that match; every key of [exits] may be overridden."""

    venue: AnyVenue = "kalshi"
    symbol: Pattern
    stop_px: Level = None
    stop_distance: Level = None
    stop_percent: Level = None
    trailing_distance: Level = None
    trailing_percent: Level = None
    take_profit_px: Level = None
    exit_before_close_s: Seconds | None = None

    @property
    def level_key(self) -> str:
        """The one key that says where to get out."""
        return next(key for key in LEVELS if getattr(self, key) is not None)

    @model_validator(mode="after")
    def _check_level(self) -> StopSettings:
        given = [key for key in LEVELS if getattr(self, key) is not None]
        problem = wrong_levels(given)
        if problem is not None:
            raise ValueError(problem)
        level, key = Decimal(getattr(self, given[0])), given[0]
        if key.endswith("_percent") and level >= HUNDRED:
            raise ValueError(f"{key} = {level}: accepted are per cents above 0 and below 100")
        if self.venue == "kalshi":
            if key.endswith(("_px", "_distance")) and level >= ONE:
                raise ValueError(f"{key} = {level}: a Kalshi price lies above 0 and below 1 dollar")
        elif key == "exit_before_close_s":
            raise ValueError(f"{key}: markets of {self.venue} do not close")
        return self

    @model_validator(mode="after")
    def _check_bound(self) -> StopSettings:
        """[exits] bounds crypto in basis points: a rule may not take that away altogether."""
        own = self.model_fields_set
        px = self.max_slippage_px if "max_slippage_px" in own else None
        unbound = "max_slippage_bps" in own and self.max_slippage_bps is None and px is None
        if unbound and self.venue != "kalshi":
            raise ValueError(f"max_slippage_bps: {self.venue} takes no order without a bound")
        return self


class IgnoreSettings(Section):
    """[[ignore]]: symbols that are nobody's business here."""

    venue: AnyVenue = "kalshi"
    symbol: Pattern


class LimitSettings(Section):
    """[limits] per account: beyond them filld halts. Notional in dollars."""

    max_exit_notional: Level = None
    max_orders_per_minute: Annotated[int, Field(ge=1)] = 60


class ControlSettings(Section):
    """[control]: the operator's unix socket; empty = filld.sock in the state directory."""

    socket: PlaceOrNone = None


class AlertSettings(Section):
    """[alerts]: one webhook or one command, and the notices that are sent besides urgent ones."""

    webhook_url: Annotated[SecretStr | None, BeforeValidator(none), AfterValidator(web)] = None
    command: tuple[str, ...] = ()
    timeout_s: Seconds = Decimal(10)
    notices: tuple[NoticeKind, ...] = DEFAULT_NOTICES

    @model_validator(mode="after")
    def _check_one(self) -> AlertSettings:
        if self.webhook_url is not None and self.command:
            raise ValueError("webhook_url and command are both given: accepted is one of them")
        return self


class LogSettings(Section):
    """[logs]: what is written to standard output."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "pretty"] = "json"


class Settings(BaseSettings):
    """Everything an operator can set. Made by `read_settings`."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    refresh_active: Seconds = Decimal(2)
    refresh_idle: Seconds = Decimal(30)
    reconcile_interval_s: Seconds = Decimal(30)
    grace_s: Seconds = Decimal(5)
    doubt_alert_s: Seconds = Decimal(10)
    feed_alive_s: Seconds = Decimal(15)
    feed_lag_s: Seconds = Decimal(5)
    on_stop: Literal["leave", "cancel"] = "leave"
    kalshi: KalshiSettings = KalshiSettings()
    binance_spot: BinanceSpotSettings = BinanceSpotSettings()
    binance_usdm: BinanceUsdmSettings = BinanceUsdmSettings()
    bitget_spot: BitgetSettings = BitgetSettings()
    bitget_usdt_futures: BitgetFuturesSettings = BitgetFuturesSettings()
    phemex_spot: PhemexSettings = PhemexSettings()
    phemex_usdt_perp: PhemexSettings = PhemexSettings()
    journal: JournalSettings = JournalSettings()
    exits: ExitSettings = ExitSettings()
    limits: LimitSettings = LimitSettings()
    control: ControlSettings = ControlSettings()
    alerts: AlertSettings = AlertSettings()
    logs: LogSettings = LogSettings()
    holdings: tuple[HoldingSettings, ...] = ()
    stops: tuple[StopSettings, ...] = ()
    ignore: tuple[IgnoreSettings, ...] = ()
    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(  # type: ignore[explicit-override] # typing has it from 3.12
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `read_settings` hands in: it knows where each value came from."""
        return (init_settings,)

    def with_sources(self, sources: Mapping[str, str]) -> Settings:
        """The same settings, knowing for each dotted key where its value came from."""
        self._sources = dict(sources)
        return self

    def source(self, key: str) -> str:
        """Where the value of a dotted key came from: a file, `environment`, ..., `default`."""
        return self._sources.get(key, "default")

    @property
    def accounts(self) -> dict[Venue, KalshiSettings | CryptoSettings]:
        """The venues in use: those with a key, and Kalshi where there is none at all."""
        crypto: dict[str, CryptoSettings] = {
            "binance-spot": self.binance_spot,
            "binance-usdm": self.binance_usdm,
            "bitget-spot": self.bitget_spot,
            "bitget-usdt-futures": self.bitget_usdt_futures,
            "phemex-spot": self.phemex_spot,
            "phemex-usdt-perp": self.phemex_usdt_perp,
        }
        used: dict[Venue, KalshiSettings | CryptoSettings] = {
            Venue(name): section for name, section in crypto.items() if section.api_key
        }
        return used if used and not self.kalshi.key_id else {KALSHI: self.kalshi, **used}

    @property
    def socket_path(self) -> Path:
        """Where the operator's door is."""
        return self.control.socket or self.journal.state_dir / "filld.sock"
