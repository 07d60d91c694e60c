"""One market of the paper Phemex on a port of its own: REST, and one websocket for everything."""

from __future__ import annotations

from aiohttp import web

from daemon.paper.crypto.connection import Connection
from daemon.paper.faults import Fault, FaultKind, Where
from daemon.paper.phemex.front import Front, Routes
from daemon.paper.phemex.hub import BookHub, PrivateHub
from daemon.paper.phemex.limits import Limits
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.pieces import Teller
from daemon.paper.phemex.public import COMMON
from daemon.paper.phemex.session import Session

SOCKET_PATH = "/ws"
_CONNECTIONS_MOST = 5


class PhemexDoor:
    """`Door` of either market: they differ by their routes and their teller."""

    def __init__(self, market: Market, routes: Routes, teller: Teller) -> None:
        self.venue = market.venue
        self._market = market
        self._sessions: list[Session] = []
        limits = Limits(market.config.rate_limits)
        self._front = Front(market, limits, {**COMMON, **routes})
        self._private = PrivateHub(market, teller, self._sessions)
        self._books = BookHub(market, self._sessions)
        self._channels = (teller.channel, self._books.channel)

    def make_app(self) -> web.Application:
        """Everything on one port; production has the websocket at the root of a host of its own."""
        app = web.Application()
        app.router.add_get(SOCKET_PATH, self._serve)
        self._front.add_routes(app)
        return app

    def urls(self, address: str) -> dict[str, str]:
        """What a client's settings call them."""
        return {"REST_URL": f"http://{address}", "WS_URL": f"ws://{address}{SOCKET_PATH}"}

    def tick(self) -> None:
        """Let the other traders move, and tell whole books when it is time."""
        self.venue.tick()
        self._books.tick()

    def strike(self, fault: Fault) -> int:
        """Disconnects, of one account or of all."""
        if fault.kind is not FaultKind.WS_DISCONNECT:
            return 0
        chosen = [s for s in self._sessions if fault.account in ("", s.account)]
        for session in chosen:
            session.connection.cut()
        return len(chosen)

    def close(self) -> None:
        """Cut every websocket."""
        for session in list(self._sessions):
            session.connection.cut()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """GET /ws"""
        where = Where(channel="websocket")
        if refused := self.venue.exchange.faults.take(FaultKind.WS_REFUSE, where):
            return web.Response(status=refused.status)
        connection = Connection(self.venue, request, pings=False, hears_pings=True)
        session = Session(
            self._market, connection, self._channels, admit=self._admits, begin=self._begin
        )
        self._sessions.append(session)
        try:
            return await connection.talk(session.obey)
        finally:
            self._sessions.remove(session)

    def _admits(self, account: str) -> bool:
        known = sum(session.account == account for session in self._sessions)
        return known < _CONNECTIONS_MOST or not self._market.config.rate_limits

    def _begin(self, session: Session, symbol: str) -> None:
        if symbol:
            self._books.begin(session, symbol)
        else:
            self._private.begin(session)
