"""What a route is: how it is asked, what it takes and gives, who answers it.

The door is made from tables of these, and so is its description (`description.py`): what is not
in a table can neither be asked nor be promised.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from daemon.analytics.scene import Scene, View
from daemon.analytics.turns import Turns
from daemon.control.bodies import BadInputError, Body, read_json, typed
from daemon.control.door import Door, Refusal

JSON: Final = "application/json"
BODY_S_MAX: Final = 5.0
_PIECE_ROWS: Final = 100
DOOR: web.AppKey[Door] = web.AppKey("door")

Ask = TypeVar("Ask", bound=Body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A part of the query or of the path; `kind` is its type, limits included."""

    name: str
    text: str
    kind: object
    place: Literal["query", "path"] = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route. `gives` is the type of the answer with `status`, and with 503 too for `verdict`.

    `or_gives` is another that it may have; `errors` are the statuses besides those that every
    route may answer (`description.py`).
    """

    method: Literal["GET", "POST"]
    path: str
    text: str
    handle: Handler
    gives: object
    or_gives: object = None
    takes: type[Body] | None = None
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = ()
    status: int = 200
    media: str = JSON
    verdict: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """The names that the query may have."""
        return tuple(p.name for p in self.parameters if p.place == "query")


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Serve them."""
    for route in routes:
        # Alone, `{name}` takes no braces, which a token or an id may have.
        path = route.path.replace("}", ":[^/]+}")
        app.router.add_route(route.method, path, _checked(route))


def _checked(route: Route) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        for name in request.query:
            if name not in route.options:
                accepted = ", ".join(route.options) or "none"
                raise BadInputError(f"{name}: unknown parameter; accepted: {accepted}")
        return await route.handle(request)

    return handle


def answer(view: View, status: int = 200) -> web.Response:
    """A view as JSON."""
    return web.Response(body=msgspec.json.encode(view), status=status, content_type=JSON)


@dataclass(frozen=True, slots=True)
class Rows:
    """A view whose lists are JSON already, row by row."""

    head: View
    lists: Mapping[str, Sequence[bytes]]

    @property
    def view(self) -> View:
        """All of it."""
        lists = {name: msgspec.Raw(b"[%b]" % b",".join(rows)) for name, rows in self.lists.items()}
        return {**self.head, **lists}

    def pieces(self) -> Iterator[bytes]:
        """The JSON of all of it, no piece longer than a hundred rows."""
        begin = b"{"
        for name, value in self.head.items():
            yield begin + msgspec.json.encode(name) + b":"
            begin = b","
            rows = self.lists.get(name)
            if rows is None:
                yield msgspec.json.encode(value)
                continue
            for at in range(0, len(rows), _PIECE_ROWS):
                yield (b"," if at else b"[") + b",".join(rows[at : at + _PIECE_ROWS])
            yield b"]"
        yield b"}"


async def read_rows(door: Door, begin: Callable[[Scene], Turns[View]]) -> Rows:
    """The view that `begin` begins; its rows become JSON one by one, as they are made."""
    lists: dict[str, list[bytes]] = {}

    def take(name: str, row: View) -> None:
        lists.setdefault(name, []).append(msgspec.json.encode(row))

    return Rows(await door.read(begin, take), lists)


async def told(door: Door, begin: Callable[[Scene], Turns[View]]) -> web.Response:
    """The view that `begin` begins as JSON, sent a piece at a time: it may be megabytes."""
    rows = await read_rows(door, begin)
    length = {"Content-Length": str(sum(map(len, rows.pieces())))}
    return web.Response(body=_one_by_one(rows.pieces()), headers=length, content_type=JSON)


async def _one_by_one(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


def refuse(refusal: Refusal) -> web.Response:
    """A refusal as JSON."""
    return answer({"error": refusal.text, "near": list(refusal.near)}, refusal.status)


async def read_body(request: web.Request, kind: type[Ask]) -> Ask:
    """The request's body as a `kind`; raises BadInputError, HTTPRequestTimeout."""
    try:
        async with asyncio.timeout(BODY_S_MAX):
            raw = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except web.RequestPayloadError:
        raise BadInputError("body: cannot be read") from None
    return typed(read_json(raw or b"{}", "body"), kind, "body")
