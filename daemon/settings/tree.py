"""The tree of settings: every key, its type, its default, what is accepted. Reads no source.

Unknown keys are refused; money is never a float; secrets are SecretStr.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

from pydantic import Field, PrivateAttr, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from daemon.core.terms import HUNDRED, ONE, USD, Currency, RuleKind, Venue
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
from daemon.settings.alerts import AlertSettings
from daemon.settings.kinds import (
    Bound,
    BoundOrModel,
    Level,
    Loopback,
    Money,
    Pattern,
    Place,
    PlaceOrNone,
    Seconds,
    Section,
    Token,
    state_home,
)

KALSHI: Final = Venue("kalshi")


RetryableError = Literal["network_error", "rate_limit", "timeout", "exchange_error"]
RETRYABLE_ERRORS: Final[tuple[RetryableError, ...]] = get_args(RetryableError)


class JournalSettings(Section):
    """[journal]: the file, where the locks of accounts lie, and the keys that seal what is kept.

    `former_keys`: several with white space or commas between them. `require_sealed`: a journal
    that is not sealed from its first record on is refused, whoever put it there.
    """

    path: Place = state_home() / "journal.db"
    state_dir: Place = state_home()
    key: SecretStr | None = None
    former_keys: SecretStr | None = None
    require_sealed: bool = False


class ExitSettings(Section):
    """[exits]: how to get out. Prices and contracts are Kalshi's, dollars of the held side.

    On the crypto venues `crypto_slippage_bps` stands for them; a rule may give any of them.
    With `max_slippage_px = "model"` what was learnt of fills bounds an exit's first order, and
    `slippage_cap_px`, or the basis points, whatever was learnt.
    """

    order: Literal["ioc", "gtc"] = "ioc"
    max_slippage_px: BoundOrModel = Decimal("0.05")
    slippage_cap_px: Bound = Decimal("0.05")
    estimate_max_age_s: Seconds = Decimal(60)
    max_slippage_bps: Bound = None
    crypto_slippage_bps: Annotated[Money, Field(gt=0, lt=10_000)] = Decimal(100)
    floor_px: Level = None
    resubmit: Literal["retrigger", "until_flat"] = "retrigger"
    fill_check_s: Seconds = Decimal(5)
    order_timeout_s: Seconds = Decimal(10)
    retry_delay_s: Seconds = Decimal(1)
    retry_delay_max_s: Seconds = Decimal(30)
    learn_retry_delay: bool = False
    max_attempts: Annotated[int, Field(ge=1)] = 5
    trigger_min_qty: Annotated[Money, Field(ge=0)] = Decimal(1)
    trigger_confirm_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 0
    max_spread_px: Level = None
    adopt: Literal["hold", "fire"] = "hold"
    own_crossing: Literal["cancel", "leave"] = "cancel"

    @property
    def bound_px(self) -> Decimal | None:
        """The hard bound in price: the cap where a model is asked."""
        return self.slippage_cap_px if self.max_slippage_px == "model" else self.max_slippage_px


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
        if px == "model":
            px = self.slippage_cap_px if "slippage_cap_px" in own else None
        unbound = "max_slippage_bps" in own and self.max_slippage_bps is None and px is None
        if unbound and self.venue != "kalshi":
            raise ValueError(f"max_slippage_bps: {self.venue} takes no order without a bound")
        return self


class IgnoreSettings(Section):
    """[[ignore]]: symbols that are nobody's business here."""

    venue: AnyVenue = "kalshi"
    symbol: Pattern


class LimitSettings(Section):
    """[limits] per account: beyond them filld halts, but refuses a trade. In quote currency."""

    max_exit_notional: Level = None
    max_trade_notional: Level = None
    max_orders_per_minute: Annotated[int, Field(ge=1)] = 60


class TradeSettings(Section):
    """[trades]: how often, and after which waits (seconds), the rest of a trade is tried again.

    A wait grows by `exponential_base` from `base_delay` to `max_delay`, and by chance up to the
    share `jitter_factor` of itself. `timeout_s` is for all attempts and waits together.
    """

    max_retries: Annotated[int, Field(ge=0, le=100)] = 3
    base_delay: Seconds = Decimal(1)
    max_delay: Seconds = Decimal(30)
    exponential_base: Annotated[Money, Field(ge=1, le=10)] = Decimal(2)
    jitter_factor: Annotated[Money, Field(ge=0, le=1)] = Decimal("0.1")
    retryable_errors: tuple[RetryableError, ...] = RETRYABLE_ERRORS
    timeout_s: Seconds = Decimal(30)


class ControlSettings(Section):
    """[control]: the operator's unix socket; empty = filld.sock in the state directory.

    `tcp`: a loopback address beside it, for who has the `token`; empty = none.
    """

    socket: PlaceOrNone = None
    tcp: Loopback = None
    token: Token = None


class AnalyticsSettings(Section):
    """[analytics]: what figures are measured by. A rate is CURRENCY=what one of it is worth.

    `estimate_slippage`: expect, and note beside what came of it, also where no exit uses it.
    """

    slippage_tolerance: Annotated[Money, Field(gt=0, le=1)] = Decimal("0.005")
    estimate_slippage: bool = False
    reporting_currency: Annotated[Currency, Field(pattern=r"^[A-Za-z0-9]{1,16}$")] = USD
    rates: tuple[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,16}=[0-9]{1,12}(\.[0-9]{1,18})?$")], ...
    ] = ()

    @property
    def reporting_rates(self) -> dict[Currency, Decimal]:
        """What one of each currency is in the reporting one."""
        pairs = (rate.partition("=") for rate in self.rates)
        return {Currency(name): Decimal(rate) for name, _, rate in pairs}


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
    trades: TradeSettings = TradeSettings()
    control: ControlSettings = ControlSettings()
    alerts: AlertSettings = AlertSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
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
