"""The way of every request: limits, faults, the handler, and its refusals as errors.

REST and the websocket API both come through here. It knows no order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import msgspec
from aiohttp import hdrs, web

from daemon.paper import mishaps
from daemon.paper.binance.auth import KEY_HEADER, check_form, key_of
from daemon.paper.binance.calls import Call, Route, Security
from daemon.paper.binance.errors import ApiError, Row, banned, fault_row, too_heavy
from daemon.paper.binance.limits import Limits
from daemon.paper.binance.params import Params
from daemon.paper.clock import SECOND_NS
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import Fault, FaultKind, Where
from daemon.paper.units import millis

Routes = dict[tuple[str, str], Route]


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and a body; `error` says what the body was made of."""

    status: int
    body: object
    error: ApiError | None = None


@dataclass(slots=True)
class Front:
    """One market's door for requests."""

    venue: CoinVenue
    limits: Limits
    refusals: dict[Why, Row]
    routes: Routes = field(default_factory=dict)

    def add_routes(self, app: web.Application) -> None:
        """Serve every REST endpoint."""
        for (method, path), route in self.routes.items():
            app.router.add_route(method, path, partial(self._serve, route))

    async def _serve(self, route: Route, request: web.Request) -> web.StreamResponse:
        """One REST request."""
        self.venue.tick()
        query = request.raw_path.partition("?")[2]
        body = (await request.read()).decode()
        where = Where(endpoint=f"{request.method} {request.path}")
        try:
            params = Params.of_form(query, body)
            account = self._who(route, request, query, body)
            where = self.where(where.endpoint, account, params)
            reply = await self.answer(route, Call(self.venue, account, params, where), request)
        except mishaps.HungUpError:
            return web.Response(status=503)
        except ApiError as error:
            reply = Reply(error.status, error.body, error)
        return self._response(route, where.account, reply)

    def _who(self, route: Route, request: web.Request, query: str, body: str) -> str:
        if route.security is Security.NONE:
            return ""
        key = key_of(self.venue, request.headers.get(KEY_HEADER, ""))
        if route.security is Security.SIGNED:
            check_form(self.venue, key, query, body)
        return key.account

    @staticmethod
    def where(endpoint: str, account: str, params: Params) -> Where:
        """The place that faults look at."""
        return Where(endpoint=endpoint, account=account, ticker=params.text("symbol"))

    async def answer(self, route: Route, call: Call, request: web.Request) -> Reply:
        """Charge, let the faults strike, and handle; raises `HungUpError` and `ApiError`."""
        exchange = self.venue.exchange
        weight = route.weight
        if route.weight_all is not None and "symbol" not in call.params:
            weight = route.weight_all
        self.limits.charge(weight, self.venue.now_ns())
        if fault := await mishaps.before(exchange.faults, request, call.where):
            raise self._error_of(fault)
        self.venue.tick()
        reply = self._handled(route, call)
        pause_s = 0.0
        if exchange.reads.private_frames == "before_ack" and route.security is Security.SIGNED:
            # One turn of the loop lets every websocket writer send what the request caused.
            pause_s = exchange.reads.after_ack_ms / 1000
        if fault := await mishaps.after(exchange.faults, request, call.where, pause_s):
            raise self._error_of(fault)
        return reply

    def _handled(self, route: Route, call: Call) -> Reply:
        """The handler's answer, or the error it means; what was refused is an answer too."""
        try:
            if route.is_order:
                self.limits.count_order(call.account, self.venue.now_ns())
            return Reply(200, route.handler(call))
        except CoinRefusalError as refusal:
            error = ApiError(400, *self.refusals[refusal.why])
        except ApiError as refused:
            error = refused
        return Reply(error.status, error.body, error)

    def _error_of(self, fault: Fault) -> ApiError:
        """The answer of a fault."""
        wait_s = max(int(fault.seconds), 1)
        if fault.kind is FaultKind.HTTP_429:
            return too_heavy(self.limits.weight, wait_s)
        if fault.kind is FaultKind.HTTP_418:
            until_ns = self.venue.door_ns() + wait_s * SECOND_NS
            return banned(millis(until_ns), wait_s)
        return ApiError(fault.status, *fault_row(fault.code), page=fault.shape == "html")

    def _response(self, route: Route, account: str, reply: Reply) -> web.Response:
        now_ns = self.venue.now_ns()
        headers = self.limits.headers(account, now_ns, orders=route.is_order)
        if reply.error and reply.error.retry_after_s is not None:
            headers[hdrs.RETRY_AFTER] = str(reply.error.retry_after_s)
        if reply.error and reply.error.page:
            page = f"<html><body><h1>{reply.status}</h1></body></html>"
            return web.Response(
                text=page, status=reply.status, content_type="text/html", headers=headers
            )
        return web.Response(
            body=msgspec.json.encode(reply.body),
            status=reply.status,
            content_type="application/json",
            headers=headers,
        )
