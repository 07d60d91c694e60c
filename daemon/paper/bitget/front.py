"""Every REST request of one market: who signed it, what it costs, what strikes it, what it says.

An answer is `{"code", "msg", "requestTime", "data"}`; anything but "00000" is an error. `Date` is
the exchange's own time, skewed where it is skewed.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from http import HTTPStatus

import msgspec
from aiohttp import hdrs, web

from daemon.paper import mishaps
from daemon.paper.bitget.auth import check_request
from daemon.paper.bitget.calls import Call, Dialect, Route
from daemon.paper.bitget.errors import FAULT_TEXTS, UTA, ApiError, Row, too_many
from daemon.paper.bitget.limits import LEFT_HEADER, Limits
from daemon.paper.bitget.params import Params
from daemon.paper.bitget.words import Json
from daemon.paper.clock import SECOND_NS
from daemon.paper.crypto.oracle import plain
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import Fault, FaultKind, Where
from daemon.paper.units import millis

Routes = dict[tuple[str, str], Route]
# Order books of futures come as numbers, everything else as texts.
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_UNIFIED = (
    "40085",
    "You are in Unified Account mode, and the Classic Account API is not supported at this time",
)
_CLASSIC = (
    "40084",
    "You are in Classic Account mode, and the Unified Account API is not supported at this time",
)


@dataclass(slots=True)
class Front:
    """One market's door for requests. `refusals`: of the classic API."""

    venue: CoinVenue
    dialect: Dialect
    limits: Limits
    refusals: dict[Why, Row]
    routes: Routes

    def add_routes(self, app: web.Application) -> None:
        """Serve every REST endpoint, and say of all else that there is no such thing."""
        for (method, path), route in self.routes.items():
            app.router.add_route(method, path, partial(self._serve, route))
        app.router.add_route("*", "/{path:.*}", self._nothing)

    async def _nothing(self, _request: web.Request) -> web.StreamResponse:
        return self._response(ApiError("40404", "Request URL NOT FOUND", HTTPStatus.NOT_FOUND))

    async def _serve(self, route: Route, request: web.Request) -> web.StreamResponse:
        self.venue.tick()
        body, left = await request.read(), 0
        endpoint = Where(endpoint=f"{request.method} {request.path}")
        try:
            account = self._who(route, request, body.decode())
            params = Params.of_request(request.raw_path.partition("?")[2], body)
            who = account or str(request.remote)
            left = self.limits.charge(who, request.path, route.per_s, self.venue.now_ns())
            call = Call(
                venue=self.venue,
                limits=self.limits,
                account=account,
                params=params,
                where=Where(endpoint=endpoint.endpoint, account=account, ticker=params.symbol()),
                stamp=request.headers.get("ACCESS-TIMESTAMP", ""),
            )
            return self._response(await self._answer(route, call, request), left)
        except mishaps.HungUpError:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        except ApiError as error:
            return self._response(error, left)

    def _who(self, route: Route, request: web.Request, body: str) -> str:
        if route.dialect is None:
            return ""
        key = check_request(self.venue, request.headers, request.method, request.raw_path, body)
        if route.dialect != self.dialect:
            raise ApiError(*(_UNIFIED if self.dialect == "uta" else _CLASSIC))
        return key.account

    async def _answer(self, route: Route, call: Call, request: web.Request) -> object:
        """Let the faults strike, and handle; an error of the handler's is an answer, too."""
        exchange = self.venue.exchange
        if fault := await mishaps.before(exchange.faults, request, call.where):
            raise self._error_of(fault)
        self.venue.tick()
        answer = self._handled(route, call)
        pause_s = 0.0
        if exchange.reads.private_frames == "before_ack" and call.account:
            # One turn of the loop lets every websocket writer send what the request caused.
            pause_s = exchange.reads.after_ack_ms / 1000
        if fault := await mishaps.after(exchange.faults, request, call.where, pause_s):
            raise self._error_of(fault)
        return answer

    def _handled(self, route: Route, call: Call) -> object:
        try:
            return route.handler(call)
        except CoinRefusalError as refusal:
            rows = UTA if route.dialect == "uta" else self.refusals
            code, text = rows[refusal.why]
            return ApiError(code, text.format(**self._numbers(call.params.symbol())))
        except ApiError as refused:
            return refused

    def _numbers(self, symbol: str) -> dict[str, str]:
        """What a refusal's text may name."""
        found = self.venue.exchange.instruments.get(symbol)
        names = ("tick", "lot", "min_qty", "max_qty", "min_notional")
        return {name: plain(getattr(found, name)) if found else "" for name in names}

    @staticmethod
    def _error_of(fault: Fault) -> ApiError:
        if fault.kind in (FaultKind.HTTP_429, FaultKind.HTTP_418):
            return too_many()
        code, text = FAULT_TEXTS.get(fault.code, (fault.code, "error"))
        return ApiError(code, text, fault.status, page=fault.shape == "html")

    def _response(self, answer: object, left: int = 0) -> web.Response:
        headers = {
            LEFT_HEADER: str(left),
            hdrs.DATE: formatdate(self.venue.door_ns() // SECOND_NS, usegmt=True),
        }
        status, code, msg, found = 200, "00000", "success", answer
        if isinstance(answer, ApiError):
            status, code, msg, found = answer.status, answer.code, answer.msg, None
            if answer.page:
                page = f"<html><body><h1>{status}</h1></body></html>"
                return web.Response(
                    text=page, status=status, content_type="text/html", headers=headers
                )
        view: Json = {"code": code, "msg": msg}
        view |= {"requestTime": millis(self.venue.door_ns()), "data": found}
        return web.Response(
            body=_ENCODER.encode(view),
            status=status,
            content_type="application/json",
            headers=headers,
        )
