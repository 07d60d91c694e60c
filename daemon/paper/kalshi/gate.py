"""The door of REST: who is asking, may they ask so often, and which fault strikes the answer.

It knows no order. Every request passes here exactly once, before any handler.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import hdrs, web

from daemon.paper import mishaps
from daemon.paper.faults import Fault, FaultKind, Where
from daemon.paper.kalshi.auth import Member
from daemon.paper.kalshi.context import VENUE, Venue
from daemon.paper.kalshi.errors import TOO_MANY, ApiError, from_refusal, nested, shaped
from daemon.paper.kalshi.wire import failure
from daemon.paper.refusal import RefusalError
from daemon.paper.units import rfc3339

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PREFIX = "/trade-api/v2"
SOCKET_PATH = "/trade-api/ws/v2"
MEMBER: web.RequestKey[Member] = web.RequestKey("member", Member)
ENDPOINT: web.RequestKey[str] = web.RequestKey("endpoint", str)
NOBODY = Member("", "")
_OPEN = ("/markets", "/events", "/series", "/exchange/", "/account/endpoint_costs")
_OPEN_HISTORY = ("/historical/markets", "/historical/trades", "/historical/cutoff")
_JSON_METHODS = frozenset({hdrs.METH_POST, hdrs.METH_PUT})


def is_open(path: str) -> bool:
    """Whether a path (without the prefix) needs no signature. /events/orders is not below it."""
    return path.startswith(_OPEN + _OPEN_HISTORY)


@web.middleware
async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Everything between the socket and the handler."""
    venue = request.app[VENUE]
    if request.path == SOCKET_PATH:
        return await handler(request)
    if request.path.endswith("/") and len(request.path) > 1:
        raise web.HTTPMovedPermanently(request.path.rstrip("/"))
    venue.tick()
    endpoint = f"{request.method} {request.path.removeprefix(PREFIX)}"
    request[ENDPOINT] = endpoint
    try:
        request[MEMBER] = _identify(venue, request)
        where = Where(endpoint=endpoint, account=request[MEMBER].account)
        if fault := await mishaps.before(venue.exchange.faults, request, where):
            raise _error_of(venue, fault, where)
        venue.tick()
        response = await _handled(venue, request, handler)
        pause_s = 0.0
        if venue.exchange.reads.private_frames == "before_ack" and request.method != "GET":
            # One turn of the loop lets every websocket writer send what the request caused.
            pause_s = venue.exchange.reads.after_ack_ms / 1000
        if fault := await mishaps.after(venue.exchange.faults, request, where, pause_s):
            raise _error_of(venue, fault, where)
    except ApiError as error:
        return failure(error)
    except mishaps.HungUpError:
        return web.Response(status=503)
    return response


async def _handled(venue: Venue, request: web.Request, handler: Handler) -> web.StreamResponse:
    """The handler's answer, or the error it means; what was refused is an answer too."""
    try:
        await _check_request(venue, request)
        return await handler(request)
    except RefusalError as refusal:
        return failure(from_refusal(refusal))
    except ApiError as error:
        return failure(error)
    except web.HTTPNotFound:
        return failure(ApiError(404, nested("not_found")))


def _identify(venue: Venue, request: web.Request) -> Member:
    if is_open(request.path.removeprefix(PREFIX)):
        return NOBODY
    return venue.keyring.identify(request.headers, request.method, request.path, venue.door_ns())


async def _check_request(venue: Venue, request: web.Request) -> None:
    if not venue.config.rate_limits or request[MEMBER] is NOBODY:
        return
    resource = request.match_info.route.resource
    pattern = resource.canonical.removeprefix(PREFIX) if resource else ""
    items = await _batch_size(request) if pattern.endswith("/batched") else 1
    now_ns = venue.exchange.clock.mono_ns()
    if not venue.limits.allows(request[MEMBER].account, request.method, pattern, items, now_ns):
        venue.exchange.faults.note("rate_limited")
        raise ApiError(429, TOO_MANY)


async def _batch_size(request: web.Request) -> int:
    try:
        body: object = msgspec.json.decode(await request.read())
    except msgspec.DecodeError:
        return 1
    items = body.get("orders") if isinstance(body, dict) else None
    return max(len(items), 1) if isinstance(items, list) else 1


def _error_of(venue: Venue, fault: Fault, where: Where) -> ApiError:
    """The error of a fault; the exchange's status has a body of its own shape even then."""
    if fault.kind is FaultKind.HTTP_429:
        return ApiError(429, shaped(fault.shape, "too_many_requests"))
    if where.endpoint == "GET /exchange/status":
        shard = venue.exchange.shards[0]
        body: dict[str, object] = {
            "exchange_active": shard.exchange_active,
            "trading_active": shard.trading_active,
            "exchange_estimated_resume_time": rfc3339(venue.now_ns()),
        }
        return ApiError(fault.status, body)
    return ApiError(fault.status, shaped(fault.shape, fault.code or "service_unavailable"))
