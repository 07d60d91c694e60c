"""The venues that the settings name, made for a run. The only file that names their classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypedDict

from daemon.core.terms import Account, Symbol, Venue
from daemon.ports import Clock
from daemon.ports import Venue as VenuePort
from daemon.runtime.outbox import Owner
from daemon.settings import CryptoSettings, KalshiSettings, Settings
from daemon.settings.accounts import (
    BinanceSpotSettings,
    BinanceUsdmSettings,
    BitgetFuturesSettings,
    BitgetSettings,
    PhemexSettings,
)
from daemon.venues.binance.config import BinanceConfig, Urls
from daemon.venues.binance.sign import BinanceSigner
from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.bitget.config import BitgetConfig, Holding
from daemon.venues.bitget.sign import BitgetSigner
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.bitget.wire import Dialect, Market
from daemon.venues.breaker import Told, nobody
from daemon.venues.errors import WrongKeyError
from daemon.venues.kalshi.config import KalshiConfig, load_signer
from daemon.venues.kalshi.sign import KalshiSigner
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.phemex.config import PhemexConfig
from daemon.venues.phemex.sign import PhemexSigner
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.terms_first import TermsFirst

Warn = Callable[[str], None]
Section = KalshiSettings | CryptoSettings
Client = KalshiVenue | BinanceVenue | BitgetVenue | PhemexVenue

_BITGET_MARKETS: Final = {"bitget-spot": Market.SPOT, "bitget-usdt-futures": Market.FUTURES}


class _Pace(TypedDict):
    """What all adapters are told of waiting, in seconds, and who hears that reads are shut."""

    feed_alive_s: float
    feed_lag_s: float
    refresh_active_s: float
    connect_timeout_s: float
    order_timeout_s: float
    query_timeout_s: float
    reads_shut: Told


def make_venues(
    settings: Settings, clock: Clock, warn: Warn, told: Told = nobody
) -> Mapping[Owner, VenuePort]:
    """Every venue in use; `warn` is told of key files that others may read, `told` of breakers.

    Raises WrongKeyError with what to do.
    """
    venues: dict[Owner, VenuePort] = {}
    for name, section in settings.accounts.items():
        account = Account(section.account)
        venue = make_client(settings, name, section, clock, warn, told)
        crypto = isinstance(section, CryptoSettings)
        venues[account, name] = TermsFirst(venue, account, name) if crypto else venue
    return venues


def writers(settings: Settings) -> list[tuple[Venue, str]]:
    """(venue, key id) of each account that a run writes to: one writer each (semantics.md 3)."""
    return [
        (venue, section.key_id if isinstance(section, KalshiSettings) else section.api_key)
        for venue, section in settings.accounts.items()
    ]


def check_keys(settings: Settings) -> list[str]:
    """Read every key that a run would use; the warnings. Raises WrongKeyError with what to do."""
    warnings: list[str] = []
    for venue, section in settings.accounts.items():
        check_key(venue, section, warnings.append)
    return warnings


def check_key(venue: Venue, section: Section, warn: Warn) -> None:
    """Read one venue's key; raises WrongKeyError with what to do."""
    match section:
        case KalshiSettings():
            _kalshi_key(section, warn)
        case BitgetSettings():
            _bitget_key(venue, section)
        case BinanceSpotSettings() | BinanceUsdmSettings():
            BinanceSigner.from_secret(_secret(venue, section))
        case _:
            _secret(venue, section)


def make_client(
    settings: Settings,
    venue: Venue,
    section: Section,
    clock: Clock,
    warn: Warn,
    told: Told = nobody,
) -> Client:
    """One venue's adapter, not opened yet. Raises WrongKeyError with what to do."""
    pace = _Pace(
        feed_alive_s=float(settings.feed_alive_s),
        feed_lag_s=float(settings.feed_lag_s),
        refresh_active_s=float(settings.refresh_active),
        connect_timeout_s=float(section.connect_timeout_s),
        order_timeout_s=float(section.request_timeout_s),
        query_timeout_s=float(section.request_timeout_s),
        reads_shut=told,
    )
    kept = {Symbol(h.symbol): h.kept_qty for h in settings.holdings if h.venue == venue}
    match section:
        case KalshiSettings():
            return _kalshi(section, pace, clock, warn)
        case BinanceSpotSettings() | BinanceUsdmSettings():
            return _binance(venue, section, kept, pace, clock)
        case BitgetSettings():
            return _bitget(venue, section, kept, pace, clock)
        case PhemexSettings():
            return _phemex(venue, section, kept, pace, clock)
        case _:
            raise TypeError(f"no adapter takes {type(section).__name__}")


def _kalshi_key(kalshi: KalshiSettings, warn: Warn) -> KalshiSigner:
    if not kalshi.key_id:
        raise WrongKeyError("kalshi.key_id is not set: the id of your API key", venue="kalshi")
    if kalshi.private_key is not None:
        return KalshiSigner.from_pem(kalshi.private_key.get_secret_value().encode())
    if kalshi.private_key_file is None:
        text = "kalshi.private_key_file is not set: the path of the key's PEM file"
        raise WrongKeyError(text, venue="kalshi")
    key, warning = load_signer(kalshi.private_key_file)
    if warning is not None:
        warn(warning)
    return key


def _kalshi(kalshi: KalshiSettings, pace: _Pace, clock: Clock, warn: Warn) -> KalshiVenue:
    config = KalshiConfig(
        **pace,
        account=Account(kalshi.account),
        key_id=kalshi.key_id,
        signer=_kalshi_key(kalshi, warn),
        rest_url=kalshi.rest_url,
        ws_url=kalshi.ws_url,
        subaccount=kalshi.subaccount,
    )
    return KalshiVenue(config, clock)


def _secret(venue: Venue, section: CryptoSettings) -> str:
    if section.api_secret is None:
        name = venue.replace("-", "_")
        text = f"{name}.api_secret is not set: FILLD_{name.upper()}__API_SECRET or a credential"
        raise WrongKeyError(f"{text} {name}_api_secret", venue=venue)
    return section.api_secret.get_secret_value()


def _binance(
    venue: Venue,
    section: BinanceSpotSettings | BinanceUsdmSettings,
    kept: Mapping[Symbol, Decimal],
    pace: _Pace,
    clock: Clock,
) -> BinanceVenue:
    urls = Urls(rest=section.rest_url, private=section.ws_url, public=section.public_ws_url)
    config = BinanceConfig(
        **pace,
        venue=venue,
        account=Account(section.account),
        api_key=section.api_key,
        signer=BinanceSigner.from_secret(_secret(venue, section)),
        urls=urls,
        kept_qty=kept,
    )
    return BinanceVenue(config, clock)


def _bitget_key(venue: Venue, section: BitgetSettings) -> BitgetSigner:
    secret = _secret(venue, section)
    if section.passphrase is None:
        name = venue.replace("-", "_")
        text = f"{name}.passphrase is not set: Bitget asks for the one of the key"
        raise WrongKeyError(text, venue=venue)
    return BitgetSigner.from_secret(section.api_key, section.passphrase.get_secret_value(), secret)


def _bitget(
    venue: Venue,
    section: BitgetSettings,
    kept: Mapping[Symbol, Decimal],
    pace: _Pace,
    clock: Clock,
) -> BitgetVenue:
    config = BitgetConfig(
        **pace,
        account=Account(section.account),
        market=_BITGET_MARKETS[venue],
        signer=_bitget_key(venue, section),
        dialect=None if section.dialect == "auto" else Dialect[section.dialect.upper()],
        rest_url=section.rest_url,
        ws_url=section.ws_url,
        demo=section.demo,
        margin_mode=section.margin_mode
        if isinstance(section, BitgetFuturesSettings)
        else "crossed",
        holdings=tuple(Holding(symbol=name, reserve_qty=qty) for name, qty in kept.items()),
    )
    return BitgetVenue(config, clock)


def _phemex(
    venue: Venue,
    section: PhemexSettings,
    kept: Mapping[Symbol, Decimal],
    pace: _Pace,
    clock: Clock,
) -> PhemexVenue:
    config = PhemexConfig(
        **pace,
        venue=venue,
        account=Account(section.account),
        key_id=section.api_key,
        signer=PhemexSigner(_secret(venue, section)),
        rest_url=section.rest_url,
        ws_url=section.ws_url,
        kept_qty=kept,
    )
    return PhemexVenue(config, clock)
