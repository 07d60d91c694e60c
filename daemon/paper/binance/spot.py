"""Binance spot on one port: REST /api/v3, the websocket API, public market streams."""

from __future__ import annotations

from aiohttp import web

from daemon.paper.binance import market_reads, spot_orders, spot_reads
from daemon.paper.binance.calls import Call, Json, Route, Security
from daemon.paper.binance.errors import SPOT
from daemon.paper.binance.front import Front
from daemon.paper.binance.limits import Limits, OrderLimit
from daemon.paper.binance.spot_socket import SpotSession
from daemon.paper.binance.spot_views import (
    balance_event,
    end_report,
    fill_report,
    position_event,
    report,
    symbol_view,
)
from daemon.paper.binance.streams import MarketStreams
from daemon.paper.clock import Clock
from daemon.paper.crypto.config import CoinConfig
from daemon.paper.crypto.connection import Connection
from daemon.paper.crypto.exchange import Rules
from daemon.paper.crypto.happenings import (
    AccountMoved,
    Cause,
    Happening,
    OrderAccepted,
    OrderEnded,
    OrderFilled,
)
from daemon.paper.crypto.venue import CoinVenue, Nature, make_venue
from daemon.paper.faults import Fault, FaultKind, Where
from daemon.paper.units import millis

NATURE = Nature(
    name="binance_spot",
    is_contract=False,
    rules=Rules(refuses_fok=False, refuses_post_only=True, ids_are_for_ever=False),
)
SOCKET_PATH = "/ws-api/v3"
_ORDER_LIMITS = (
    OrderLimit("10S", 10, 50, "SECOND", 10),
    OrderLimit("1D", 86_400, 160_000, "DAY", 1),
)
_SIGNED = Security.SIGNED
_PLACE = Route(handler=spot_orders.place, security=_SIGNED, is_order=True)
_TEST = Route(handler=spot_orders.test, security=_SIGNED)
_CANCEL = Route(handler=spot_orders.cancel, security=_SIGNED)
_CANCEL_ALL = Route(handler=spot_orders.cancel_all, security=_SIGNED)
_ORDER = Route(handler=spot_reads.order, weight=4, security=_SIGNED)
_OPEN = Route(handler=spot_reads.open_orders, weight=6, weight_all=80, security=_SIGNED)
_ALL = Route(handler=spot_reads.all_orders, weight=20, security=_SIGNED)
_TRADES = Route(handler=spot_reads.my_trades, weight=20, security=_SIGNED)
_ACCOUNT = Route(handler=spot_reads.account, weight=20, security=_SIGNED)
_RESTRICTIONS = Route(handler=spot_reads.key_restrictions, security=_SIGNED)
_PING = Route(handler=market_reads.ping)
_TIME = Route(handler=market_reads.time)
_DEPTH = Route(handler=market_reads.depth, weight=5)
_BOOK_TICKER = Route(handler=market_reads.book_ticker, weight=2, weight_all=4)
_GONE = Route(handler=spot_orders.no_listen_key)


class SpotDoor:
    """REST, websocket API and market streams over one venue; it turns happenings into events."""

    def __init__(self, venue: CoinVenue) -> None:
        self.venue = venue
        limits = Limits(6000, _ORDER_LIMITS, venue.config.rate_limits)
        info = Route(handler=self._info, weight=20)
        rates = Route(handler=self._rates, weight=40, security=_SIGNED)
        self._front = Front(venue, limits, SPOT, _rest_routes(info, rates))
        self._methods = _methods(info, rates)
        self._streams = MarketStreams(venue)
        self._sessions: list[SpotSession] = []
        self._execution_id = venue.exchange.first_id
        venue.exchange.observers.append(self._hear)

    def make_app(self) -> web.Application:
        """Everything on one port."""
        app = web.Application()
        self._front.add_routes(app)
        app.router.add_get(SOCKET_PATH, self._serve)
        for path in ("/ws", "/ws/{streams:.+}", "/stream"):
            app.router.add_get(path, self._streams.serve)
        return app

    def urls(self, address: str) -> dict[str, str]:
        """What a client's settings call them."""
        return {
            "REST_URL": f"http://{address}",
            "WS_URL": f"ws://{address}{SOCKET_PATH}",
            "PUBLIC_WS_URL": f"ws://{address}/ws",
        }

    def tick(self) -> None:
        """Let the other traders move."""
        self.venue.tick()

    def strike(self, fault: Fault) -> int:
        """Disconnects and goodbyes, of one account or of all."""
        chosen = [s for s in self._sessions if fault.account in ("", s.connection.account)]
        if fault.kind is FaultKind.WS_GOODBYE:
            for session in chosen:
                session.say_goodbye()
            return len(chosen)
        if fault.kind is FaultKind.WS_DISCONNECT:
            for session in chosen:
                session.connection.cut()
            return len(chosen) + self._streams.strike(fault)
        return 0

    def close(self) -> None:
        """Cut every websocket."""
        for session in list(self._sessions):
            session.connection.cut()
        self._streams.close()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """GET /ws-api/v3"""
        refused = self.venue.exchange.faults.take(FaultKind.WS_REFUSE, Where(channel="private"))
        if refused:
            return web.Response(status=refused.status)
        connection = Connection(self.venue, request)
        session = SpotSession(
            self._front, self._methods, connection, request, millis(self.venue.now_ns())
        )
        self._sessions.append(session)
        try:
            return await connection.talk(session.obey)
        finally:
            self._sessions.remove(session)

    def _info(self, call: Call) -> object:
        """GET /api/v3/exchangeInfo"""
        known = self.venue.exchange.instruments.values()
        chosen = [call.instrument()] if "symbol" in call.params else list(known)
        return {
            "timezone": "UTC",
            "serverTime": millis(self.venue.door_ns()),
            "rateLimits": self._front.limits.info(),
            "exchangeFilters": [],
            "symbols": [symbol_view(instrument) for instrument in chosen],
        }

    def _rates(self, call: Call) -> object:
        """GET /api/v3/rateLimit/order"""
        return self._front.limits.views(call.account, self.venue.now_ns(), orders=True)[:-1]

    # Events

    def _hear(self, happening: Happening) -> None:
        event_ns = self.venue.door_ns()
        match happening:
            case OrderAccepted(order=order):
                event = report(order, happening.time_ns, self._next_id())
                self._tell(order.account, event, order.symbol)
            case OrderFilled(order=order, fill=fill):
                event = fill_report(order, fill, event_ns, self._next_id())
                self._tell(order.account, event, order.symbol)
            case OrderEnded(order=order):
                event = end_report(happening, self._next_id())
                self._tell(order.account, event, order.symbol)
            case AccountMoved():
                self._tell_moved(happening, event_ns)
            case _:
                pass

    def _tell_moved(self, moved: AccountMoved, event_ns: int) -> None:
        if moved.cause is not Cause.ORDER:
            for coin in moved.deltas:
                self._tell(moved.account, balance_event(moved, coin, event_ns), "")
        balances = self.venue.exchange.balances(moved.account)
        self._tell(moved.account, position_event(moved, balances, event_ns), "")

    def _tell(self, account: str, event: Json, symbol: str) -> None:
        for session in self._sessions:
            session.tell(account, event, symbol)

    def _next_id(self) -> int:
        self._execution_id += 1
        return self._execution_id


def _rest_routes(info: Route, rates: Route) -> dict[tuple[str, str], Route]:
    rows = {
        ("GET", "ping"): _PING,
        ("GET", "time"): _TIME,
        ("GET", "exchangeInfo"): info,
        ("GET", "depth"): _DEPTH,
        ("GET", "ticker/bookTicker"): _BOOK_TICKER,
        ("GET", "ticker/price"): Route(handler=market_reads.price, weight=2, weight_all=4),
        ("POST", "order"): _PLACE,
        ("POST", "order/test"): _TEST,
        ("GET", "order"): _ORDER,
        ("DELETE", "order"): _CANCEL,
        ("GET", "openOrders"): _OPEN,
        ("DELETE", "openOrders"): _CANCEL_ALL,
        ("GET", "allOrders"): _ALL,
        ("GET", "myTrades"): _TRADES,
        ("GET", "account"): _ACCOUNT,
        ("GET", "rateLimit/order"): rates,
        ("POST", "userDataStream"): _GONE,
        ("PUT", "userDataStream"): _GONE,
        ("DELETE", "userDataStream"): _GONE,
    }
    ours = {(method, f"/api/v3/{path}"): route for (method, path), route in rows.items()}
    return {**ours, ("GET", "/sapi/v1/account/apiRestrictions"): _RESTRICTIONS}


def _methods(info: Route, rates: Route) -> dict[str, Route]:
    return {
        "ping": _PING,
        "time": _TIME,
        "exchangeInfo": info,
        "depth": _DEPTH,
        "ticker.book": _BOOK_TICKER,
        "order.place": _PLACE,
        "order.test": _TEST,
        "order.status": _ORDER,
        "order.cancel": _CANCEL,
        "openOrders.status": _OPEN,
        "openOrders.cancelAll": _CANCEL_ALL,
        "allOrders": _ALL,
        "myTrades": _TRADES,
        "account.status": _ACCOUNT,
        "account.rateLimits.orders": rates,
        "userDataStream.start": _GONE,
        "userDataStream.ping": _GONE,
        "userDataStream.stop": _GONE,
    }


def make_spot(config: CoinConfig, clock: Clock, seed: int) -> SpotDoor:
    """The venue and its door, not yet populated and not yet listening."""
    return SpotDoor(make_venue(NATURE, config, clock, seed))
