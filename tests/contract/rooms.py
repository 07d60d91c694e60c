"""Every venue and market: its paper exchange and its client, told apart in data alone.

The account holds 5, long. Best bid and ask leave one price free between them, where exits rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

import pytest

from daemon.core.terms import (
    Account,
    PositionKey,
    PositionSide,
    Symbol,
    Venue,
)
from daemon.paper.binance.config import UsdmConfig
from daemon.paper.bitget.config import BitgetConfig as BitgetTable
from daemon.paper.config import AccountConfig, PaperConfig, SeedConfig, ShardConfig
from daemon.paper.crypto.config import (
    CoinAccountConfig,
    CoinConfig,
    CoinSeedConfig,
    InstrumentConfig,
)
from daemon.paper.faults import FaultKind
from daemon.paper.listing import MarketSpec
from daemon.paper.phemex.config import PhemexConfig as PhemexTable
from daemon.paper.server import PaperServer
from daemon.ports import Clock
from daemon.venues.binance.config import Urls
from daemon.venues.binance.sign import BinanceSigner
from daemon.venues.binance.venue import BinanceVenue
from daemon.venues.binance.wire import SPOT as BINANCE_SPOT
from daemon.venues.binance.wire import USDM as BINANCE_USDM
from daemon.venues.bitget.config import Holding
from daemon.venues.bitget.sign import BitgetSigner
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.bitget.wire import Market
from daemon.venues.kalshi.config import KalshiConfig
from daemon.venues.kalshi.sign import KalshiSigner
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.kalshi.wire import VENUE as KALSHI
from daemon.venues.phemex.sign import PhemexSigner
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import PERP as PHEMEX_PERP
from daemon.venues.phemex.wire import SPOT as PHEMEX_SPOT
from daemon.venues.rest import RepeatPolicy
from tests.venues.binance.fake_binance import config as binance_config
from tests.venues.bitget.builders import config as bitget_config
from tests.venues.phemex.builders import config as phemex_config

ALPHA = Account("alpha")
ETH = Symbol("ETHUSDT")
SHARD = 2
D = Decimal
Client = KalshiVenue | BinanceVenue | BitgetVenue | PhemexVenue


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One market in one mode. `fee_coin`: what may pay fees there besides what is traded.

    `table`: the exchange's, empty for Kalshi. `place_path`: where orders are placed, as faults
    call it. `ban`: how the venue turns us away, with a wait in `seconds` where `names_wait`.
    `echo`: settings that soon miss a fill on the stream; `silent`: what is silenced for that.
    """

    name: str
    venue: Venue
    client: Callable[[Room, PaperServer, Clock, Mapping[str, Any]], Client]
    place_path: str
    table: str = ""
    config: type[CoinConfig] = CoinConfig
    options: Mapping[str, Any] = field(default_factory=dict)
    key_type: Literal["hmac", "rsa", "ed25519"] = "hmac"
    symbol: Symbol = ETH
    hedged: bool = False
    prices: tuple[str, str, str, str] = ("2498.00", "2499.00", "2500.00", "2501.00")
    ban: FaultKind = FaultKind.HTTP_429
    names_wait: bool = True
    cancel_pause_s: float = 0
    fee_coin: str = ""
    stranger: Mapping[str, Any] = field(default_factory=dict)
    echo: Mapping[str, Any] = field(default_factory=dict)
    silent: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def coins(self) -> bool:
        """Not Kalshi."""
        return bool(self.table)

    @property
    def spot(self) -> bool:
        """Coins are held, not contracts."""
        return self.table.endswith("spot")

    @property
    def held(self) -> PositionSide:
        """The position side of what is held."""
        return PositionSide.LONG if self.hedged else PositionSide.NET

    @property
    def key(self) -> PositionKey:
        """The position that is held."""
        return PositionKey(
            account=ALPHA, venue=self.venue, symbol=self.symbol, position_side=self.held
        )

    def paper(self, account: Mapping[str, Any], table: Mapping[str, Any]) -> PaperConfig:
        """The exchange, with changes to the account and to the venue's table."""
        low, bid, _, ask = self.prices
        bids, asks = [(bid, "2"), (low, "30")], [(ask, "20")]
        if not self.coins:
            held = SeedConfig(ticker=self.symbol, count="5", price="0.60")
            market = MarketSpec(ticker=self.symbol, exchange_index=SHARD, bids=bids, asks=asks)
            member = AccountConfig(
                name=ALPHA, key_type="ed25519", tier="prestige", positions=[held]
            )
            shards = [ShardConfig(index=SHARD, description="Weather")]
            return PaperConfig(tick_ms=20, shards=shards, markets=[market], accounts=[member])
        side: Literal["long", "both"] = "long" if self.hedged else "both"
        seed = CoinSeedConfig(
            symbol=self.symbol, qty="5", price="2400", position_side=side, age_s=60
        )
        fields: dict[str, Any] = {
            "name": ALPHA,
            "key_type": self.key_type,
            "balances": {"USDT": "100000"} | ({"ETH": "5"} if self.spot else {}),
            "hedge_mode": self.hedged,
            "positions": [] if self.spot else [seed],
        }
        instrument = InstrumentConfig(
            symbol=self.symbol, base="ETH", lot="0.001", taker_rate="0.0006", bids=bids, asks=asks
        )
        market_table = self.config(
            instruments=[instrument],
            accounts=[CoinAccountConfig(**fields | dict(account))],
            **{**self.options, **table},
        )
        tables: dict[str, Any] = {self.table: market_table}
        return PaperConfig(tick_ms=20, **tables)


def kalshi(_room: Room, paper: PaperServer, clock: Clock, changes: Mapping[str, Any]) -> Client:
    known = paper.credential(ALPHA)
    fields: dict[str, Any] = {
        "account": ALPHA,
        "key_id": known.key_id,
        "signer": KalshiSigner.from_pem(known.private_pem.encode()),
        "rest_url": paper.rest_url,
        "ws_url": paper.ws_url,
        "refresh_active_s": 0.2,
        "order_timeout_s": 30.0,
        "query_timeout_s": 30.0,
        "first_reconnect_s": 0.02,
        "longest_reconnect_s": 0.1,
        "status_poll_s": 0.1,
        "seed": 3,
        "repeat": RepeatPolicy(attempts=3, first_wait_s=0.01, longest_wait_s=0.05),
    }
    return KalshiVenue(KalshiConfig(**fields | dict(changes)), clock)


def binance(room: Room, paper: PaperServer, clock: Clock, changes: Mapping[str, Any]) -> Client:
    known, urls = paper.doors[room.table].venue.keys[ALPHA], paper.coin_urls[room.table]
    fields: dict[str, Any] = {
        "api_key": known.api_key,
        "signer": BinanceSigner.from_secret(known.pair.private_pem if known.pair else known.secret),
        "urls": Urls(rest=urls["REST_URL"], private=urls["WS_URL"], public=urls["PUBLIC_WS_URL"]),
        "kept_qty": {room.symbol: D(0)} if room.spot else {},
        "order_timeout_s": 30.0,
        "query_timeout_s": 30.0,
        "read_lag_s": 0.0,
    }
    return BinanceVenue(replace(binance_config(room.venue, ""), **fields | dict(changes)), clock)


def bitget(room: Room, paper: PaperServer, clock: Clock, changes: Mapping[str, Any]) -> Client:
    known, urls = paper.doors[room.table].venue.keys[ALPHA], paper.coin_urls[room.table]
    secret = known.pair.private_pem if known.pair else known.secret
    fields: dict[str, Any] = {
        "signer": BitgetSigner.from_secret(known.api_key, known.passphrase, secret),
        "ws_url": urls["WS_URL"],
        "order_timeout_s": 30.0,
        "query_timeout_s": 30.0,
        "holdings": (Holding(symbol=room.symbol),),
    }
    market = Market.SPOT if room.spot else Market.FUTURES
    return BitgetVenue(bitget_config(market, urls["REST_URL"], **fields | dict(changes)), clock)


def phemex(room: Room, paper: PaperServer, clock: Clock, changes: Mapping[str, Any]) -> Client:
    known, urls = paper.doors[room.table].venue.keys[ALPHA], paper.coin_urls[room.table]
    fields: dict[str, Any] = {
        "account": ALPHA,
        "key_id": known.api_key,
        "signer": PhemexSigner(known.secret),
        "ws_url": urls["WS_URL"],
        "kept_qty": {room.symbol: D(0)} if room.spot else {},
        "order_timeout_s": 30.0,
        "query_timeout_s": 30.0,
        "read_lag_s": 0.0,
    }
    settings = phemex_config(room.venue, urls["REST_URL"], **fields | dict(changes))
    return PhemexVenue(settings, clock)


def _binance_room(name: str, **terms: Any) -> Room:
    spot = name == "binance-spot"
    return Room(
        name=name,
        venue=BINANCE_SPOT if spot else BINANCE_USDM,
        client=binance,
        table="binance_spot" if spot else "binance_usdm",
        config=CoinConfig if spot else UsdmConfig,
        place_path="POST /api/v3/order" if spot else "POST /fapi/v1/order",
        ban=FaultKind.HTTP_418,
        fee_coin="BNB",
        stranger={"api_key": "nobody"},
        echo={"echo_s": 0.2, "confirm_s": 2.0},
        **terms,
    )


def _bitget_room(market: Market, dialect: str, *, hedged: bool = False) -> Room:
    spot = market is Market.SPOT
    path = f"POST /api/v2/{'spot/trade' if spot else 'mix/order'}/place-order"
    return Room(
        name=f"{market.venue}-{dialect}{'-hedged' if hedged else ''}",
        venue=market.venue,
        client=bitget,
        table="bitget_spot" if spot else "bitget_usdt_futures",
        config=BitgetTable,
        options={"dialect": dialect},
        key_type="rsa" if dialect == "uta" and hedged else "hmac",
        place_path="POST /api/v3/trade/place-order" if dialect == "uta" else path,
        hedged=hedged,
        names_wait=False,
        cancel_pause_s=1.01,
        fee_coin="BGB",
        stranger={"signer": BitgetSigner.from_secret("nobody", "words", "secret")},
        echo={"missed_fill_s": 0.1, "confirm_s": 2.0},
    )


def _phemex_room(name: str, venue: Venue, *, hedged: bool = False) -> Room:
    spot = venue == PHEMEX_SPOT
    return Room(
        name=name,
        venue=venue,
        client=phemex,
        table="phemex_spot" if spot else "phemex_usdt_perp",
        config=PhemexTable,
        place_path="POST /spot/orders" if spot else "POST /g-orders",
        symbol=Symbol("sETHUSDT") if spot else ETH,
        hedged=hedged,
        fee_coin="" if spot else "PT",
        stranger={"key_id": "nobody"},
        echo={"echo_s": 0.2, "confirm_s": 2.0},
        silent={"channel": "wo" if spot else "aop_p"},
    )


KALSHI_ROOM = Room(
    name="kalshi",
    venue=KALSHI,
    client=kalshi,
    place_path="POST /portfolio/events/orders",
    symbol=Symbol("KXRAIN-26DEC31-NYC"),
    prices=("0.5400", "0.5500", "0.5600", "0.5700"),
    names_wait=False,
    stranger={"key_id": "nobody"},
)
ROOMS = [
    KALSHI_ROOM,
    _binance_room("binance-spot", key_type="ed25519"),
    _binance_room("binance-usdm", key_type="rsa"),
    _binance_room("binance-usdm-hedged", hedged=True),
    *(
        _bitget_room(market, dialect, hedged=hedged)
        for market, hedged in (
            (Market.SPOT, False),
            (Market.FUTURES, False),
            (Market.FUTURES, True),
        )
        for dialect in ("classic", "uta")
    ),
    _phemex_room("phemex-spot", PHEMEX_SPOT),
    _phemex_room("phemex-perp", PHEMEX_PERP),
    _phemex_room("phemex-perp-hedged", PHEMEX_PERP, hedged=True),
]
COIN_ROOMS = [room for room in ROOMS if room.coins]


def each(rooms: Sequence[Room]) -> pytest.MarkDecorator:
    """Once in each of these rooms."""
    return pytest.mark.parametrize("room", rooms, ids=str)


def rooms_of(start: str) -> list[Room]:
    """The rooms whose name begins so."""
    return [room for room in ROOMS if room.name.startswith(start)]
