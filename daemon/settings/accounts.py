"""The tables of the venues: one account on one market each. Times in seconds.

A crypto venue is used when its `api_key` is set, Kalshi also when nothing else is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from daemon.settings.kinds import Money, Name, PlaceOrNone, Seconds, Section, Web, WebSocket

CryptoVenue = Literal[
    "binance-spot",
    "binance-usdm",
    "bitget-spot",
    "bitget-usdt-futures",
    "phemex-spot",
    "phemex-usdt-perp",
]
SpotVenue = Literal["binance-spot", "bitget-spot", "phemex-spot"]
AnyVenue = Literal["kalshi"] | CryptoVenue


class KalshiSettings(Section):
    """[kalshi]: one account. Times in seconds."""

    rest_url: Web = "https://external-api.kalshi.com/trade-api/v2"
    ws_url: WebSocket = "wss://external-api-ws.kalshi.com/trade-api/ws/v2"
    key_id: str = ""
    private_key_file: PlaceOrNone = None
    private_key: SecretStr | None = None
    account: Name = "main"
    subaccount: Annotated[int, Field(ge=0)] = 0
    place_live_orders: bool = False
    connect_timeout_s: Seconds = Decimal(5)
    request_timeout_s: Seconds = Decimal(10)


class CryptoSettings(Section):
    """What every crypto venue has. `api_secret` is an HMAC secret, or a PEM (not on Phemex)."""

    api_key: str = ""
    api_secret: SecretStr | None = None
    account: Name = "main"
    place_live_orders: bool = False
    connect_timeout_s: Seconds = Decimal(5)
    request_timeout_s: Seconds = Decimal(10)


class BinanceSpotSettings(CryptoSettings):
    """[binance_spot]: `ws_url` is the WS-API, `public_ws_url` the market's streams."""

    rest_url: Web = "https://api.binance.com"
    ws_url: WebSocket = "wss://ws-api.binance.com:443/ws-api/v3"
    public_ws_url: WebSocket = "wss://stream.binance.com:9443/ws"


class BinanceUsdmSettings(CryptoSettings):
    """[binance_usdm]: USD-M futures, one-way or hedge mode."""

    rest_url: Web = "https://fapi.binance.com"
    ws_url: WebSocket = "wss://fstream.binance.com/private/ws"
    public_ws_url: WebSocket = "wss://fstream.binance.com/public/ws"


class BitgetSettings(CryptoSettings):
    """[bitget_spot]: `dialect` is the kind of the account; `auto` asks the venue."""

    passphrase: SecretStr | None = None
    rest_url: Web = "https://api.bitget.com"
    ws_url: WebSocket = "wss://ws.bitget.com"
    dialect: Literal["auto", "classic", "uta"] = "auto"
    demo: bool = False


class BitgetFuturesSettings(BitgetSettings):
    """[bitget_usdt_futures]: `margin_mode` is for symbols whose own no position has told yet."""

    margin_mode: Literal["crossed", "isolated"] = "crossed"


class PhemexSettings(CryptoSettings):
    """[phemex_spot] and [phemex_usdt_perp]."""

    rest_url: Web = "https://api.phemex.com"
    ws_url: WebSocket = "wss://ws.phemex.com"


class HoldingSettings(Section):
    """[[holdings]]: a spot pair whose base coin is guarded, all of it but for `kept_qty`."""

    venue: SpotVenue
    symbol: Annotated[str, Field(min_length=1, max_length=64)]
    kept_qty: Annotated[Money, Field(ge=0)] = Decimal(0)
