"""What the Bitget adapter has to be told. Reads no file and no environment."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.core.terms import ZERO, Account, Symbol
from daemon.venues.bitget.sign import BitgetSigner
from daemon.venues.bitget.wire import Dialect, Market
from daemon.venues.breaker import Told, nobody
from daemon.venues.rest import RepeatPolicy

REST_URL = "https://api.bitget.com"
WS_URL = "wss://ws.bitget.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A coin on spot to be guarded under `symbol`: all of it, but for `reserve_qty` of base coin.

    A balance has no memory of what it was bought for: what is to stay is said here.
    """

    symbol: Symbol
    reserve_qty: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class BitgetConfig:
    """One account's connection to one market. Names ending in `_s` are seconds.

    `dialect` None: the venue is asked. `margin_mode` (`crossed` or `isolated`) is for futures
    whose own mode no position has told yet. `read_lag_s` is how far account reads may lag behind
    what happened: Bitget does not say, so answers are dated earlier by as much. `feed_alive_s`
    and `feed_lag_s` bound a live feed (semantics ruling 12), `refresh_active_s` is the pace of
    REST order books where there is none. `funding_s` is how often at most a look at the account
    asks for funding, which is paid every few hours. `ping_s`: Bitget wants one every 30 s.
    """

    account: Account
    market: Market
    signer: BitgetSigner
    dialect: Dialect | None = None
    rest_url: str = REST_URL
    ws_url: str = WS_URL
    demo: bool = False
    margin_mode: str = "crossed"
    holdings: tuple[Holding, ...] = ()
    read_lag_s: float = 1.0
    feed_alive_s: float = 15.0
    feed_lag_s: float = 5.0
    refresh_active_s: float = 2.0
    ping_s: float = 10.0
    connect_timeout_s: float = 5.0
    order_timeout_s: float = 10.0
    query_timeout_s: float = 5.0
    confirm_s: float = 10.0
    missed_fill_s: float = 10.0
    funding_s: float = 60.0
    first_reconnect_s: float = 0.5
    longest_reconnect_s: float = 30.0
    seed: int | None = None
    repeat: RepeatPolicy = RepeatPolicy()
    reads_shut: Told = nobody
