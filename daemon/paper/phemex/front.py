"""Every REST request of one market: who signed it, what it costs, what strikes it, what it says.

An answer is `{"code", "msg", "data"}`; `/api-data` and `/md` answer bare. `Date` is the exchange's
own time, skewed where it is skewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from http import HTTPStatus

import msgspec
from aiohttp import hdrs, web

from daemon.paper import mishaps
from daemon.paper.clock import SECOND_NS
from daemon.paper.faults import Fault, FaultKind, Where
from daemon.paper.phemex.auth import check_request
from daemon.paper.phemex.calls import Call, Route
from daemon.paper.phemex.errors import FAULT_TEXTS, ApiError, too_many
from daemon.paper.phemex.limits import Limits
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.params import Params

Routes = Mapping[tuple[str, str], Route]


@dataclass(slots=True)
class Front:
    """One market's door for requests."""

    market: Market
    limits: Limits
    routes: Routes

    def add_routes(self, app: web.Application) -> None:
        """Serve every REST endpoint, and say of all else that there is no such thing."""
        for (method, path), route in self.routes.items():
            app.router.add_route(method, path, partial(self._serve, route))
        app.router.add_route("*", "/{path:.*}", self._nothing)

    async def _nothing(self, _request: web.Request) -> web.StreamResponse:
        return self._response(ApiError(404, "Not Found", HTTPStatus.NOT_FOUND), "", None)

    async def _serve(self, route: Route, request: web.Request) -> web.StreamResponse:
        """One REST request."""
        venue = self.market.venue
        venue.tick()
        body, account = await request.read(), ""
        endpoint = f"{request.method} {request.path}"
        try:
            self.limits.enter(str(request.remote), venue.now_ns())
            if route.is_private:
                target = request.raw_path
                account = check_request(venue, request.headers, target, body).account
                self.limits.charge(account, route.group, route.weight, venue.now_ns())
            params = Params.of_request(request.raw_path.partition("?")[2], body)
            where = Where(endpoint=endpoint, account=account, ticker=params.text("symbol"))
            call = Call(self.market, account, params, where)
            answer = await self._answer(route, call, request)
        except mishaps.HungUpError:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        except ApiError as error:
            answer = error
        return self._response(answer, account, route)

    async def _answer(self, route: Route, call: Call, request: web.Request) -> object:
        """Let the faults strike, and handle; an error of the handler's is an answer, too."""
        exchange = call.exchange
        if fault := await mishaps.before(exchange.faults, request, call.where):
            raise self._error_of(fault)
        self.market.venue.tick()
        try:
            answer = route.handler(call)
        except ApiError as refused:
            answer = refused
        pause_s = 0.0
        if exchange.reads.private_frames == "before_ack" and route.is_private:
            # One turn of the loop lets every websocket writer send what the request caused.
            pause_s = exchange.reads.after_ack_ms / 1000
        if fault := await mishaps.after(exchange.faults, request, call.where, pause_s):
            raise self._error_of(fault)
        return answer

    @staticmethod
    def _error_of(fault: Fault) -> ApiError:
        if fault.kind is FaultKind.HTTP_429:
            return too_many(max(int(fault.seconds), 1))
        if fault.kind is FaultKind.HTTP_418:
            return too_many(None)
        code = int(fault.code) if fault.code.isdecimal() else fault.status
        text = FAULT_TEXTS.get(fault.code, "Internal Server Error")
        return ApiError(code, text, fault.status, page=fault.shape == "html")

    def _is_bare(self, route: Route) -> bool:
        return route.is_bare or (route.is_history and self.market.config.history == "bare")

    def _response(self, answer: object, account: str, route: Route | None) -> web.Response:
        venue = self.market.venue
        headers: dict[str, str] = {hdrs.DATE: formatdate(venue.door_ns() // SECOND_NS, usegmt=True)}
        group = route.group if route else ""
        if account:
            headers |= self.limits.headers(account, group, venue.now_ns())
        if not isinstance(answer, ApiError):
            is_bare = route is not None and self._is_bare(route)
            return _json(answer if is_bare else {"code": 0, "msg": "", "data": answer}, headers)
        if answer.retry_after_s is not None:
            headers[f"x-ratelimit-retry-after{group}"] = str(answer.retry_after_s)
        if answer.page:
            page = f"<html><body><h1>{answer.status}</h1></body></html>"
            return web.Response(
                text=page, status=answer.status, content_type="text/html", headers=headers
            )
        view = {"code": answer.code, "msg": answer.msg, "data": None}
        return _json(view, headers, answer.status)


def _json(view: object, headers: dict[str, str], status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(view),
        status=status,
        content_type="application/json",
        headers=headers,
    )
