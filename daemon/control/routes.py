"""The door's routes: each reads a request, asks the daemon, and writes JSON. Decides nothing.

An action is answered after its commit, a trade when it has begun. Errors are `{"error": one line,
"near": [names]}`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Final, TypeVar

from aiohttp import web
from msgspec import Meta

from daemon.analytics.exit_views import (
    DEFAULT_LIMIT,
    exits_turns,
    find_order,
    find_orders,
    order_life_view,
    orders_turns,
)
from daemon.analytics.scene import Scene, View
from daemon.analytics.trade_views import trade_view
from daemon.analytics.views import positions_turns, status_turns
from daemon.control import acts
from daemon.control.answers import (
    AccountsDone,
    Done,
    ImportDone,
    Positions,
    PositionsDone,
    Said,
    Status,
)
from daemon.control.bodies import (
    NAME_CHARACTERS,
    BadInputError,
    Body,
    ExitBody,
    HaltBody,
    ImportBody,
    ReloadBody,
    ResolveBody,
    SymbolBody,
    TradeBody,
    UnguardBody,
    whole,
)
from daemon.control.door import Door, Refusal
from daemon.control.order_answers import Exits, OrderDone, OrderLife, Orders, Trade, TradeBegun
from daemon.control.table import DOOR, Parameter, Route, answer, read_body, read_rows, refuse, told
from daemon.core.errors import TheirsError
from daemon.core.events import Event

LIMIT_MAX: Final = 5_000
_TRUTH: Final = {"1": True, "true": True, "0": False, "false": False}
_NOT_AS_THINGS_STAND: Final = 409
_NOT_FOUND: Final = 404

Ask = TypeVar("Ask", bound=Body)


async def _status(request: web.Request) -> web.Response:
    return await told(request.app[DOOR], status_turns)


async def _positions(request: web.Request) -> web.Response:
    every = _truth("every", request.query.get("every", "0"))
    return await told(request.app[DOOR], partial(positions_turns, every=every))


async def _orders(request: web.Request) -> web.Response:
    limit = _limit(request)
    return await told(request.app[DOOR], partial(orders_turns, limit=limit))


async def _exits(request: web.Request) -> web.Response:
    limit = _limit(request)
    return await told(request.app[DOOR], partial(exits_turns, limit=limit))


async def _order(request: web.Request) -> web.Response:
    where = (request.query.get("venue"), request.query.get("symbol"))
    found = await request.app[DOOR].look(order_reader(request.match_info["id"], *where))
    return refuse(found) if isinstance(found, Refusal) else answer(found)


def order_reader(
    name: str, venue: str | None = None, symbol: str | None = None
) -> Callable[[Scene], View | Refusal]:
    """Reads the life of the order that `name` (either id) means, at venue and symbol where said."""

    def read(scene: Scene) -> View | Refusal:
        found = find_orders(scene.book, name, venue, symbol)
        return (
            order_life_view(scene, found[0])
            if len(found) == 1
            else acts.no_order(name, found, scene)
        )

    return read


async def _trade(request: web.Request) -> web.Response:
    """Begun, not done: the trade's own route tells how it goes."""
    body = await read_body(request, TradeBody)
    begun = await request.app[DOOR].trade(lambda scene: acts.trade(scene, body))
    if isinstance(begun, Refusal):
        return refuse(begun)
    return answer({"token": body.token, "again": begun}, 202)


async def _trade_life(request: web.Request) -> web.Response:
    token = request.match_info["token"]
    found = await request.app[DOOR].look(lambda scene: _trade_or_none(scene, token))
    if found is None:
        return refuse(Refusal(404, f"token = {token!r}: no such trade is in the book"))
    return answer(found)


def _trade_or_none(scene: Scene, token: str) -> View | None:
    """A trade that has begun and has asked for nothing yet is a view as well."""
    if token in scene.trading:
        return trade_view(scene, token) or {"token": token, "status": "working", "done": False}
    return trade_view(scene, token)


async def _reload(request: web.Request) -> web.Response:
    await read_body(request, ReloadBody)
    try:
        waiting = await request.app[DOOR].reload()
    except TheirsError as error:
        return answer({"error": str(error), "near": []}, 400)
    text = "the rules were read again and are in force"
    if waiting:
        text += f"; changed too, and only read at a start: {', '.join(waiting)}"
    return answer({"text": text})


def _act(
    path: str,
    text: str,
    kind: type[Ask],
    make: Callable[[Scene, Ask], Event | Refusal],
    gives: type[Done],
) -> Route:
    async def act(request: web.Request) -> web.Response:
        body = await read_body(request, kind)
        door = request.app[DOOR]
        done = await door.act(lambda scene: make(scene, body))
        if isinstance(done, Refusal):
            return refuse(done)
        outcome = await _outcome(door, body)
        return answer({"committed_seq": done, "changed": done > 0, **outcome})

    errors = (_NOT_FOUND, _NOT_AS_THINGS_STAND)
    return Route(
        method="POST", path=path, text=text, handle=act, gives=gives, takes=kind, errors=errors
    )


async def _outcome(door: Door, body: Body) -> View:
    """What an action left behind: the positions that were meant, or the account at a glance."""
    if isinstance(body, SymbolBody):
        here = partial(positions_turns, every=True, meant=partial(acts.is_meant, body))
        return {"positions": (await read_rows(door, here)).view["positions"]}
    if isinstance(body, ResolveBody):
        return {"order": await door.look(lambda scene: _resolved(scene, body))}
    status = (await read_rows(door, status_turns)).view
    if isinstance(body, ImportBody):
        return {"positions_held": status["positions_held"]}
    return {"status": status}


def _resolved(scene: Scene, body: ResolveBody) -> object:
    order = find_order(scene.book, body.order)
    return None if order is None else order_life_view(scene, order)["order"]


def _truth(name: str, text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise BadInputError(f"{name} = {text!r}: accepted: {', '.join(_TRUTH)}")
    return _TRUTH[text.lower()]


def _limit(request: web.Request) -> int:
    try:
        return whole(request.query.get("limit", str(DEFAULT_LIMIT)), 0, LIMIT_MAX)
    except BadInputError as error:
        raise BadInputError(f"limit = {error}") from None


_LIMIT: Final = Parameter(
    name="limit",
    text=f"Past ones shown; {DEFAULT_LIMIT} unless given.",
    kind=Annotated[int, Meta(ge=0, le=LIMIT_MAX)],
)


def _named(name: str, text: str) -> Parameter:
    kind = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS)]
    return Parameter(name=name, text=text, kind=kind, place="path")


ROUTES: Final = (
    Route(
        method="GET",
        path="/status",
        text="Everything at a glance, and every held position that nothing watches.",
        handle=_status,
        gives=Status,
    ),
    Route(
        method="GET",
        path="/positions",
        text="Positions held, at work or not yet settled.",
        handle=_positions,
        gives=Positions,
        parameters=(Parameter(name="every", text="Also flat and settled ones.", kind=bool),),
    ),
    Route(
        method="GET",
        path="/orders",
        text="Our orders, those that may still fill first, and strangers' resting ones.",
        handle=_orders,
        gives=Orders,
        parameters=(_LIMIT,),
    ),
    Route(
        method="GET",
        path="/orders/{id}",
        text="The life of one order.",
        handle=_order,
        gives=OrderLife,
        parameters=(
            _named("id", "Our id of it or the venue's."),
            Parameter(name="venue", text="Where several have the id.", kind=str),
            Parameter(name="symbol", text="Where several have the id.", kind=str),
        ),
        errors=(_NOT_FOUND,),
    ),
    Route(
        method="GET",
        path="/exits",
        text="Exits at work and past ones.",
        handle=_exits,
        gives=Exits,
        parameters=(_LIMIT,),
    ),
    _act("/halt", "No new exits, on one account or all.", HaltBody, acts.halt, AccountsDone),
    _act("/resume", "New exits again.", HaltBody, acts.resume, AccountsDone),
    _act("/exit", "Out of a position, or of a part of it.", ExitBody, acts.leave, PositionsDone),
    _act("/confirm", "A stop first seen met is meant.", SymbolBody, acts.confirm, PositionsDone),
    _act(
        "/unguard",
        "Out of guard for a while, for good, or guarded again.",
        UnguardBody,
        acts.unguard,
        PositionsDone,
    ),
    _act("/resolve", "Your word on a doubtful order.", ResolveBody, acts.resolve, OrderDone),
    _act(
        "/import-positions",
        "Positions that another program held.",
        ImportBody,
        acts.take_in,
        ImportDone,
    ),
    Route(
        method="POST",
        path="/reload",
        text="Read the rules again; all of them come into force, or none.",
        handle=_reload,
        gives=Said,
        takes=ReloadBody,
    ),
    Route(
        method="POST",
        path="/trade",
        text="Begin a trade, once per token; its own route tells how it goes.",
        handle=_trade,
        gives=TradeBegun,
        takes=TradeBody,
        errors=(_NOT_FOUND, _NOT_AS_THINGS_STAND),
        status=202,
    ),
    Route(
        method="GET",
        path="/trades/{token}",
        text="How a trade goes.",
        handle=_trade_life,
        gives=Trade,
        or_gives=TradeBegun,
        parameters=(_named("token", "The caller's name of it."),),
        errors=(_NOT_FOUND,),
    ),
)
