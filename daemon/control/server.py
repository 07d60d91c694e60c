"""The door itself: a unix socket of mode 0600 that only its owner and root may use.

Beside it, where one is configured, a loopback address for who has a token (`tcp.py`). Requests are
limited in size, number, rate and time; what comes out late may still have been committed, and the
answer says so. A socket left behind by a dead daemon is replaced, a living one is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from daemon.analytics.scene import View
from daemon.control.bodies import BadInputError
from daemon.control.connection import Caller, Hall, one_request
from daemon.control.description import describe
from daemon.control.door import Door, DoorError, Refusal
from daemon.control.figures import FIGURE_ROUTES, FIGURES, FigureSource
from daemon.control.health import HEALTH, HEALTH_ROUTES, HealthSource
from daemon.control.limits import Limits, limited
from daemon.control.lines import LINE_ROUTES, LINES, LineSource
from daemon.control.metrics import METRICS, METRICS_ROUTES, MetricsSource
from daemon.control.routes import ROUTES
from daemon.control.table import BODY_S_MAX, DOOR, Route, add_routes, answer, refuse
from daemon.control.tcp import TcpDoor, listen_tcp, token_only
from daemon.control.why import WHY, WHY_ROUTES, WhySource

# The largest import that its body allows fits.
REQUEST_BYTES_MAX: Final = 8 << 20
_SHUTDOWN_S: Final = 1.0
# How long a body that was refused is read on, so that its sender reads why.
_LINGER_S: Final = 1.0
_BACKLOG: Final = 64
_PATH_BYTES_MAX: Final = 107
_CREDENTIALS: Final = struct.Struct("3i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Who knows what the book does not hold; without one its routes are not there."""

    figures: FigureSource | None = None
    health: HealthSource | None = None
    metrics: MetricsSource | None = None
    lines: LineSource | None = None
    why: WhySource | None = None


_NOTHING: Final = Sources()


async def serve_door(
    path: Path, door: Door, sources: Sources = _NOTHING, tcp: TcpDoor | None = None
) -> None:
    """Serve at `path`, and at `tcp`, until cancelled; DoorError where a socket cannot be made."""
    listener = listen(path)
    made = os.stat(path)  # noqa: PTH116 - the inode, to unlink no other one's socket
    try:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(served(make_app(door, sources), listener))
            if tcp is not None:
                app = make_app(door, sources, tcp=tcp)
                await stack.enter_async_context(served(app, listen_tcp(tcp)))
            await asyncio.Event().wait()
    finally:
        listener.close()
        _remove(path, made)


@contextlib.asynccontextmanager
async def served(
    app: web.Application, listener: socket.socket, hall: Hall | None = None
) -> AsyncIterator[None]:
    """Serve at a listening socket, which is closed at the end."""
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=_SHUTDOWN_S,
        lingering_time=_LINGER_S,
        auto_decompress=False,  # a megabyte could become a gigabyte
    )
    hall = hall or Hall()
    await runner.setup()
    handler = runner.server
    assert handler is not None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Caller(handler(), hall), sock=listener, backlog=_BACKLOG
    )
    try:
        yield
    finally:
        server.close()
        await runner.cleanup()


def make_app(
    door: Door,
    sources: Sources = _NOTHING,
    *,
    tcp: TcpDoor | None = None,
    limits: Limits | None = None,
) -> web.Application:
    """The routes behind their limits.

    Who comes in is asked of the kernel, or, on the loopback interface, told by the token.
    """
    gate = _peers_only if tcp is None else token_only(tcp)
    app = web.Application(
        middlewares=[one_request, limited(limits or Limits()), gate, _explained],
        client_max_size=REQUEST_BYTES_MAX,
    )
    app[DOOR] = door
    routes: tuple[Route, ...] = ROUTES
    if sources.metrics is not None:
        app[METRICS] = sources.metrics
        routes += METRICS_ROUTES
    if sources.lines is not None:
        app[LINES] = sources.lines
        routes += LINE_ROUTES
    if sources.figures is not None:
        app[FIGURES] = sources.figures
        routes += FIGURE_ROUTES
    if sources.health is not None:
        app[HEALTH] = sources.health
        routes += HEALTH_ROUTES
    if sources.why is not None:
        app[WHY] = sources.why
        routes += WHY_ROUTES
    add_routes(app, with_description(routes, token=tcp is not None))
    return app


def with_description(routes: tuple[Route, ...], *, token: bool) -> tuple[Route, ...]:
    """The routes, and one that tells all of them."""
    document: View = {}

    async def tell(_: web.Request) -> web.Response:
        return answer(document)

    every = (
        *routes,
        Route(
            method="GET",
            path="/openapi.json",
            text="This description.",
            handle=tell,
            gives=dict[str, msgspec.Raw],
        ),
    )
    document.update(describe(every, token=token))
    return every


def listen(path: Path) -> socket.socket:
    """A listening socket of mode 0600 at `path`, in place of a dead one."""
    if len(os.fsencode(path)) > _PATH_BYTES_MAX:
        text = f"control.socket = {path}: too long; accepted: at most {_PATH_BYTES_MAX} bytes"
        raise DoorError(text)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear(path)
        # Before the bind: Linux makes the file with the socket's own mode, so it is never open.
        os.fchmod(listener.fileno(), stat.S_IRUSR | stat.S_IWUSR)
        listener.bind(str(path))
        listener.listen(_BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - positional in the standard library
    except OSError as error:
        listener.close()
        text = f"control.socket = {path}: cannot be made ({error.strerror}); set another path"
        raise DoorError(text) from error
    except DoorError:
        listener.close()
        raise
    return listener


def _clear(path: Path) -> None:
    """Remove a socket that nobody listens at."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise DoorError(f"control.socket = {path}: there is a file that is no socket; move it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise DoorError(f"control.socket = {path}: another daemon answers there; set another path")


def _remove(path: Path, made: os.stat_result) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if (found.st_dev, found.st_ino) == (made.st_dev, made.st_ino):
        path.unlink()


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end, as the kernel says."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _pid, uid, _gid = _CREDENTIALS.unpack(raw)
    return int(uid)


def may_enter(uid: int) -> bool:
    """Root and the daemon's own user."""
    return uid in {0, os.geteuid()}


@web.middleware
async def _peers_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    transport = request.transport
    connection = None if transport is None else transport.get_extra_info("socket")
    if connection is None or not may_enter(peer_uid(connection)):
        return refuse(Refusal(403, "only the user that runs filld, and root, may use this socket"))
    return await handler(request)


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error as one JSON line."""
    try:
        return await handler(request)
    except BadInputError as error:
        return refuse(Refusal(400, str(error)))
    except web.HTTPRequestEntityTooLarge:
        text = f"body: too large; accepted: at most {REQUEST_BYTES_MAX} bytes"
        return refuse(Refusal(413, text))
    except web.HTTPRequestTimeout:
        return refuse(Refusal(408, f"body: not there within {BODY_S_MAX:g} s"))
    except web.HTTPException as error:
        phrase = HTTPStatus(error.status).phrase.lower()
        refused = refuse(Refusal(error.status, f"{request.method} {request.path}: {phrase}"))
        if isinstance(error, web.HTTPMethodNotAllowed):
            refused.headers["Allow"] = error.headers["Allow"]
        return refused
