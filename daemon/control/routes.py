"""The door's routes: each reads a request, asks the daemon, and writes JSON. Decides nothing.

GET /status /positions /orders /orders/{id} /exits; POST /halt /resume /exit /confirm /unguard
/resolve /import-positions /reload. An action is answered after its commit. Errors are
`{"error": one line, "near": [names]}` with status 400, 404, 409, 413, 503 or 504.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from aiohttp import web

from daemon.analytics.exit_views import (
    DEFAULT_LIMIT,
    exits_view,
    find_order,
    order_life_view,
    orders_view,
)
from daemon.analytics.scene import Scene, View
from daemon.analytics.views import positions_view, status_view
from daemon.control import acts
from daemon.control.bodies import (
    BadInputError,
    Body,
    ExitBody,
    HaltBody,
    ImportBody,
    ReloadBody,
    ResolveBody,
    SymbolBody,
    UnguardBody,
    read_json,
    typed,
    whole,
)
from daemon.control.door import Door, Refusal
from daemon.core.events import Event

LIMIT_MAX = 5_000
_TRUTH = {"1": True, "true": True, "0": False, "false": False}
DOOR: web.AppKey[Door] = web.AppKey("door")

Ask = TypeVar("Ask", bound=Body)


def add_routes(app: web.Application) -> None:
    """Every route of the door."""
    app.router.add_get("/status", _status)
    app.router.add_get("/positions", _positions)
    app.router.add_get("/orders", _orders)
    app.router.add_get("/orders/{id}", _order)
    app.router.add_get("/exits", _exits)
    _add_act(app, "/halt", HaltBody, acts.halt)
    _add_act(app, "/resume", HaltBody, acts.resume)
    _add_act(app, "/exit", ExitBody, acts.leave)
    _add_act(app, "/confirm", SymbolBody, acts.confirm)
    _add_act(app, "/unguard", UnguardBody, acts.unguard)
    _add_act(app, "/resolve", ResolveBody, acts.resolve)
    _add_act(app, "/import-positions", ImportBody, acts.take_in)
    app.router.add_post("/reload", _reload)


def answer(view: View, status: int = 200) -> web.Response:
    """A view as JSON."""
    body = msgspec.json.encode(view)
    return web.Response(body=body, status=status, content_type="application/json")


def refuse(refusal: Refusal) -> web.Response:
    """A refusal as JSON."""
    return answer({"error": refusal.text, "near": list(refusal.near)}, refusal.status)


async def _status(request: web.Request) -> web.Response:
    _options(request, ())
    return answer(await request.app[DOOR].look(status_view))


async def _positions(request: web.Request) -> web.Response:
    every = _truth("every", _options(request, ("every",)).get("every", "0"))

    def read(scene: Scene) -> View:
        return positions_view(scene, every=every)

    return answer(await request.app[DOOR].look(read))


async def _orders(request: web.Request) -> web.Response:
    limit = _limit(_options(request, ("limit",)))

    def read(scene: Scene) -> View:
        return orders_view(scene, limit=limit)

    return answer(await request.app[DOOR].look(read))


async def _exits(request: web.Request) -> web.Response:
    limit = _limit(_options(request, ("limit",)))

    def read(scene: Scene) -> View:
        return exits_view(scene, limit=limit)

    return answer(await request.app[DOOR].look(read))


async def _order(request: web.Request) -> web.Response:
    _options(request, ())
    found = await request.app[DOOR].look(order_reader(request.match_info["id"]))
    return refuse(found) if isinstance(found, Refusal) else answer(found)


def order_reader(name: str) -> Callable[[Scene], View | Refusal]:
    """Reads the life of the order that `name` (either id) means."""

    def read(scene: Scene) -> View | Refusal:
        order = find_order(scene.book, name)
        return acts.unknown_order(scene, name) if order is None else order_life_view(scene, order)

    return read


async def _reload(request: web.Request) -> web.Response:
    await _body(request, ReloadBody)
    problems = await request.app[DOOR].reload()
    if problems:
        return answer({"error": "\n".join(problems), "near": []}, 400)
    return answer({"text": "the rules were read again and are in force"})


def _add_act(
    app: web.Application,
    path: str,
    kind: type[Ask],
    make: Callable[[Scene, Ask], Event | Refusal],
) -> None:
    async def act(request: web.Request) -> web.Response:
        body = await _body(request, kind)
        door = request.app[DOOR]
        done = await door.act(lambda scene: make(scene, body))
        if isinstance(done, Refusal):
            return refuse(done)
        return answer(await door.look(lambda scene: _outcome(scene, body, done)))

    app.router.add_post(path, act)


def _outcome(scene: Scene, body: Body, seq: int) -> View:
    """What an action left behind: the symbol's positions, or the account at a glance."""
    view: View = {"committed_seq": seq, "changed": seq > 0}
    if isinstance(body, SymbolBody):
        shown = positions_view(scene, every=True)["positions"]
        assert isinstance(shown, list)
        view["positions"] = [p for p in shown if p["symbol"] == body.symbol]
    elif isinstance(body, ResolveBody):
        order = find_order(scene.book, body.order)
        view["order"] = None if order is None else order_life_view(scene, order)["order"]
    elif isinstance(body, ImportBody):
        view["positions_held"] = status_view(scene)["positions_held"]
    else:
        view["status"] = status_view(scene)
    return view


async def _body(request: web.Request, kind: type[Ask]) -> Ask:
    raw = await request.read()
    return typed(read_json(raw or b"{}", "body"), kind, "body")


def _options(request: web.Request, known: tuple[str, ...]) -> Mapping[str, str]:
    for name in request.query:
        if name not in known:
            accepted = ", ".join(known) or "none"
            raise BadInputError(f"{name}: unknown parameter; accepted: {accepted}")
    return request.query


def _truth(name: str, text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise BadInputError(f"{name} = {text!r}: accepted: {', '.join(_TRUTH)}")
    return _TRUTH[text.lower()]


def _limit(options: Mapping[str, str]) -> int:
    try:
        return whole(options.get("limit", str(DEFAULT_LIMIT)), 0, LIMIT_MAX)
    except BadInputError as error:
        raise BadInputError(f"limit = {error}") from None
