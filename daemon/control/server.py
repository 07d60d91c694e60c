"""The door itself: a unix socket of mode 0600 that only its owner and root may use.

Requests are limited in size, number and time; what comes out late may still have been committed,
and the answer says so. A socket left behind by a dead daemon is replaced, a living one is not.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import struct
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from daemon.control.bodies import BadInputError
from daemon.control.door import Door, DoorError, Refusal
from daemon.control.routes import DOOR, add_routes, refuse

# The largest import that its body allows fits.
REQUEST_BYTES_MAX: Final = 8 << 20
REQUEST_S_MAX: Final = 10.0
REQUESTS_MAX: Final = 32
_SHUTDOWN_S: Final = 1.0
_BACKLOG: Final = 64
_PATH_BYTES_MAX: Final = 107
_CREDENTIALS: Final = struct.Struct("3i")


async def serve_door(path: Path, door: Door) -> None:
    """Serve at `path` until cancelled; DoorError when the socket cannot be made."""
    listener = listen(path)
    made = os.stat(path)  # noqa: PTH116 - the inode, to unlink no other one's socket
    runner = web.AppRunner(
        make_app(door), access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_S
    )
    try:
        await runner.setup()
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
        listener.close()
        _remove(path, made)


def make_app(door: Door, *, request_s: float = REQUEST_S_MAX) -> web.Application:
    """The routes behind their limits."""
    app = web.Application(
        middlewares=[_peers_only, _limited(REQUESTS_MAX, request_s), _explained],
        client_max_size=REQUEST_BYTES_MAX,
    )
    app[DOOR] = door
    add_routes(app)
    return app


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


def _limited(most: int, seconds: float) -> Middleware:
    running = 0

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal running
        if running >= most:
            return refuse(Refusal(503, f"{most} requests are running already: ask again"))
        running += 1
        try:
            async with asyncio.timeout(seconds):
                return await handler(request)
        except TimeoutError:
            text = f"no answer within {seconds:g} s; an action may still be committed: see status"
            return refuse(Refusal(504, text))
        finally:
            running -= 1

    return limit


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
    except web.HTTPException as error:
        phrase = HTTPStatus(error.status).phrase.lower()
        return refuse(Refusal(error.status, f"{request.method} {request.path}: {phrase}"))
