"""What the Binance adapter has to be told, and where each market's endpoints are. Reads no file.

Weights, windows and limits: Binance docs, REST API of spot and of USD-M futures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from daemon.core.terms import Account, Symbol, Venue
from daemon.venues.binance.sign import BinanceSigner
from daemon.venues.binance.wire import SPOT, USDM
from daemon.venues.breaker import Told, nobody
from daemon.venues.rest import RepeatPolicy

HOUR_S: Final = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A path and the request weight that it costs."""

    path: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One market's REST endpoints, its limits, and what its streams are like.

    `trades_window_s` is the widest span of a trade query, `trades_kept_s` how far back trades are
    told at all (None: all of them, by id). `orders_limit` is orders per 10 s. `silence_s` is how
    long the private socket may say nothing: a little more than two of the server's pings.
    """

    order: Endpoint
    open_orders: Endpoint
    trades: Endpoint
    account: Endpoint
    exchange_info: Endpoint
    ticker: Endpoint
    depth: Endpoint
    trades_window_s: int
    trades_kept_s: int | None
    weight_limit: int
    orders_limit: int
    silence_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Urls:
    """Where a market is served: REST, the private websocket and the market's websocket."""

    rest: str
    private: str
    public: str


APIS: Final[Mapping[Venue, Api]] = {
    SPOT: Api(
        order=Endpoint(path="/api/v3/order", weight=4),
        open_orders=Endpoint(path="/api/v3/openOrders", weight=80),
        trades=Endpoint(path="/api/v3/myTrades", weight=20),
        account=Endpoint(path="/api/v3/account", weight=20),
        exchange_info=Endpoint(path="/api/v3/exchangeInfo", weight=20),
        ticker=Endpoint(path="/api/v3/ticker/bookTicker", weight=2),
        depth=Endpoint(path="/api/v3/depth", weight=5),
        trades_window_s=24 * HOUR_S,
        trades_kept_s=None,
        weight_limit=6_000,
        orders_limit=50,
        silence_s=50.0,
    ),
    USDM: Api(
        order=Endpoint(path="/fapi/v1/order", weight=1),
        open_orders=Endpoint(path="/fapi/v1/openOrders", weight=40),
        trades=Endpoint(path="/fapi/v1/userTrades", weight=5),
        account=Endpoint(path="/fapi/v3/positionRisk", weight=5),
        exchange_info=Endpoint(path="/fapi/v1/exchangeInfo", weight=1),
        ticker=Endpoint(path="/fapi/v1/ticker/bookTicker", weight=2),
        depth=Endpoint(path="/fapi/v1/depth", weight=5),
        trades_window_s=7 * 24 * HOUR_S,
        trades_kept_s=180 * 24 * HOUR_S,
        weight_limit=2_400,
        orders_limit=300,
        silence_s=420.0,
    ),
}

PRODUCTION: Final[Mapping[Venue, Urls]] = {
    SPOT: Urls(
        rest="https://api.binance.com",
        private="wss://ws-api.binance.com:443/ws-api/v3",
        public="wss://stream.binance.com:9443/ws",
    ),
    USDM: Urls(
        rest="https://fapi.binance.com",
        private="wss://fstream.binance.com/private/ws",
        public="wss://fstream.binance.com/public/ws",
    ),
}
"""The unprefixed USD-M paths still connect and ping, and never deliver anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinanceConfig:
    """One account's connection to one market, `venue`. Names ending in `_s` are seconds.

    `kept_qty` names the spot pairs whose base coin is a guarded position, each with the quantity
    of that coin (>= 0) that lies on the account and is none of the daemon's business.
    `read_lag_s` is how much older than its asking an account read may be: Binance dates none.
    `funding_s` is how often at most a look at the account asks for funding, which is paid every few
    hours. `echo_s` is how soon the private stream must speak of an order that REST has accepted.
    """

    venue: Venue
    account: Account
    api_key: str = field(repr=False)
    signer: BinanceSigner = field(repr=False)
    urls: Urls
    kept_qty: Mapping[Symbol, Decimal] = field(default_factory=dict)
    recv_window_ms: int = 5_000
    feed_alive_s: float = 15.0
    feed_lag_s: float = 5.0
    refresh_active_s: float = 2.0
    read_lag_s: float = 1.0
    funding_s: float = 60.0
    echo_s: float = 10.0
    hint_s: float = 1.5
    connect_timeout_s: float = 5.0
    order_timeout_s: float = 10.0
    query_timeout_s: float = 5.0
    confirm_s: float = 10.0
    renew_key_s: float = 1_800.0
    longest_life_s: float = 23.0 * HOUR_S
    first_reconnect_s: float = 0.5
    longest_reconnect_s: float = 30.0
    seed: int | None = None
    repeat: RepeatPolicy = RepeatPolicy()
    reads_shut: Told = nobody

    @property
    def api(self) -> Api:
        """The market's endpoints."""
        return APIS[self.venue]
