"""Binance USD-M futures on one port: REST /fapi, the private stream, public market streams."""

from __future__ import annotations

from aiohttp import web

from daemon.paper.binance import market_reads, usdm_orders, usdm_reads
from daemon.paper.binance.calls import Call, Handler, Route, Security
from daemon.paper.binance.config import UsdmConfig
from daemon.paper.binance.errors import USDM, bad
from daemon.paper.binance.front import Front
from daemon.paper.binance.limits import Limits, OrderLimit
from daemon.paper.binance.listen_keys import ListenKey, ListenKeys
from daemon.paper.binance.streams import MarketStreams
from daemon.paper.binance.usdm_hub import PrivateStream
from daemon.paper.binance.usdm_views import symbol_view
from daemon.paper.clock import Clock
from daemon.paper.crypto.exchange import Rules
from daemon.paper.crypto.venue import CoinVenue, Nature, make_venue
from daemon.paper.faults import Fault, FaultKind
from daemon.paper.units import millis

NATURE = Nature(
    name="binance_usdm",
    is_contract=True,
    rules=Rules(refuses_fok=True, refuses_post_only=True, ids_are_for_ever=False),
)
_ORDER_LIMITS = (
    OrderLimit("10S", 10, 300, "SECOND", 10),
    OrderLimit("1M", 60, 1200, "MINUTE", 1),
)


class UsdmDoor:
    """REST, private stream and market streams over one venue."""

    def __init__(self, venue: CoinVenue, config: UsdmConfig) -> None:
        self.venue = venue
        self._keys = ListenKeys(venue.exchange.clock, config.listen_key_s, self._expired)
        limits = Limits(2400, _ORDER_LIMITS, config.rate_limits)
        self._front = Front(venue, limits, USDM, self._routes())
        self._private = PrivateStream(venue, self._keys, config.account_frames)
        self._streams = MarketStreams(venue)

    def make_app(self) -> web.Application:
        """Everything on one port. Paths without a prefix were retired on 2026-04-23."""
        app = web.Application()
        self._front.add_routes(app)
        for path in ("/private/ws", "/private/ws/{key}", "/private/stream"):
            app.router.add_get(path, self._private.serve)
        for prefix in ("/public", "/market"):
            for path in ("/ws", "/ws/{streams:.+}", "/stream"):
                app.router.add_get(prefix + path, self._streams.serve)
        for path in ("/ws", "/ws/{streams:.+}", "/stream"):
            app.router.add_get(path, self._streams.serve_silently)
        return app

    def urls(self, address: str) -> dict[str, str]:
        """What a client's settings call them."""
        return {
            "REST_URL": f"http://{address}",
            "WS_URL": f"ws://{address}/private/ws",
            "PUBLIC_WS_URL": f"ws://{address}/public/ws",
        }

    def tick(self) -> None:
        """Let the other traders move and listen keys run out."""
        self.venue.tick()
        self._keys.tick()

    def strike(self, fault: Fault) -> int:
        """Disconnects and expiring keys, of one account or of all."""
        if fault.kind is FaultKind.KEY_EXPIRES:
            return self._keys.expire(fault.account)
        if fault.kind is FaultKind.WS_DISCONNECT:
            return self._private.strike(fault) + self._streams.strike(fault)
        return 0

    def close(self) -> None:
        """Cut every websocket."""
        self._private.strike(Fault(kind=FaultKind.WS_DISCONNECT))
        self._streams.close()

    def _expired(self, key: ListenKey) -> None:
        self._private.expired(key)

    # Listen keys

    def _open_key(self, call: Call) -> object:
        """POST /fapi/v1/listenKey"""
        return {"listenKey": self._keys.open(call.account)}

    def _keep_key(self, call: Call) -> object:
        """PUT /fapi/v1/listenKey"""
        text = self._keys.keep(call.account)
        if text is None:
            raise bad(-1125, "This listenKey does not exist.")
        return {"listenKey": text}

    def _delete_key(self, call: Call) -> object:
        """DELETE /fapi/v1/listenKey"""
        self._keys.delete(call.account)
        return {}

    def _info(self, _call: Call) -> object:
        """GET /fapi/v1/exchangeInfo: always all symbols."""
        known = self.venue.exchange.instruments.values()
        coins = dict.fromkeys(instrument.quote for instrument in known)
        return {
            "timezone": "UTC",
            "serverTime": millis(self.venue.door_ns()),
            "futuresType": "U_MARGINED",
            "rateLimits": self._front.limits.info(),
            "exchangeFilters": [],
            "assets": [{"asset": coin, "marginAvailable": True} for coin in coins],
            "symbols": [symbol_view(instrument) for instrument in known],
        }

    def _routes(self) -> dict[tuple[str, str], Route]:
        key_rows = {"POST": self._open_key, "PUT": self._keep_key, "DELETE": self._delete_key}
        found = {
            (method, "/fapi/v1/listenKey"): Route(handler=handler, security=Security.KEY)
            for method, handler in key_rows.items()
        }
        return {
            **found,
            ("GET", "/fapi/v1/exchangeInfo"): Route(handler=self._info),
            **_PUBLIC,
            **_ORDERS,
            **_READS,
        }


def _signed(handler: Handler, weight: int = 1, weight_all: int | None = None) -> Route:
    return Route(handler=handler, weight=weight, weight_all=weight_all, security=Security.SIGNED)


_PUBLIC = {
    ("GET", "/fapi/v1/ping"): Route(handler=market_reads.ping),
    ("GET", "/fapi/v1/time"): Route(handler=market_reads.time),
    ("GET", "/fapi/v1/depth"): Route(handler=market_reads.depth, weight=5),
    ("GET", "/fapi/v1/ticker/bookTicker"): Route(
        handler=market_reads.book_ticker, weight=2, weight_all=5
    ),
    ("GET", "/fapi/v1/ticker/price"): Route(handler=market_reads.price, weight=1, weight_all=2),
}
_PLACE = Route(handler=usdm_orders.place, weight=0, security=Security.SIGNED, is_order=True)
_AMEND = Route(handler=usdm_orders.amend, security=Security.SIGNED, is_order=True)
_ORDERS = {
    ("POST", "/fapi/v1/order"): _PLACE,
    ("PUT", "/fapi/v1/order"): _AMEND,
    ("POST", "/fapi/v1/order/test"): _signed(usdm_orders.test),
    ("GET", "/fapi/v1/order"): _signed(usdm_reads.order),
    ("DELETE", "/fapi/v1/order"): _signed(usdm_orders.cancel),
    ("DELETE", "/fapi/v1/allOpenOrders"): _signed(usdm_orders.cancel_all),
    ("GET", "/fapi/v1/openOrder"): _signed(usdm_reads.open_order),
    ("GET", "/fapi/v1/openOrders"): _signed(usdm_reads.open_orders, 1, 40),
    ("GET", "/fapi/v1/allOrders"): _signed(usdm_reads.all_orders, 5),
    ("GET", "/fapi/v1/forceOrders"): _signed(usdm_reads.force_orders, 20, 50),
    ("GET", "/fapi/v1/userTrades"): _signed(usdm_reads.user_trades, 5),
}
_READS = {
    ("GET", "/fapi/v2/positionRisk"): _signed(usdm_reads.positions, 5),
    ("GET", "/fapi/v3/positionRisk"): _signed(usdm_reads.positions, 5),
    ("GET", "/fapi/v2/balance"): _signed(usdm_reads.balances, 5),
    ("GET", "/fapi/v3/balance"): _signed(usdm_reads.balances, 5),
    ("GET", "/fapi/v2/account"): _signed(usdm_reads.account, 5),
    ("GET", "/fapi/v3/account"): _signed(usdm_reads.account, 5),
    ("GET", "/fapi/v1/leverageBracket"): _signed(usdm_reads.brackets),
    ("GET", "/fapi/v1/income"): _signed(usdm_reads.income, 30),
    ("GET", "/fapi/v1/positionSide/dual"): _signed(usdm_reads.mode, 30),
    ("POST", "/fapi/v1/positionSide/dual"): _signed(usdm_orders.set_mode),
    ("POST", "/fapi/v1/leverage"): _signed(usdm_orders.set_leverage),
    ("POST", "/fapi/v1/marginType"): _signed(usdm_orders.set_margin_type),
}


def make_usdm(config: UsdmConfig, clock: Clock, seed: int) -> UsdmDoor:
    """The venue and its door, not yet populated and not yet listening."""
    return UsdmDoor(make_venue(NATURE, config, clock, seed), config)
