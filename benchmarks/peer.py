"""The other side of the loopback, in a process of its own: a websocket that bursts, a bare HTTP.

It stamps each order at its last byte with the monotonic clock that all processes of a machine
share. It is no exchange: whatever is asked is answered with as little as will do.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from itertools import count
from multiprocessing.connection import Connection
from typing import Final, Self

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Data

BARE_PATH: Final = "/bare"
_REPLY: Final = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


class _Params(msgspec.Struct):
    channels: list[str] | None = None


class _Command(msgspec.Struct):
    id: int
    cmd: str
    params: _Params


class _Order(msgspec.Struct):
    client_order_id: str
    ticker: str
    count: str


Seen = list[tuple[str, int]]


class Burst(msgspec.Struct):
    """Frames for all connections of one path, `pause_s` apart (0: as fast as they go)."""

    path: str
    frames: Sequence[bytes]
    pause_s: float = 0.0


class _Http(asyncio.Protocol):
    """HTTP/1.1 with a Content-Length and nothing else."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._pending = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pending += data
        head, end, rest = self._pending.partition(b"\r\n\r\n")
        length = _length(head)
        if not end or len(rest) < length:
            return
        now_ns = time.monotonic_ns()
        self._pending = rest[length:]
        assert self._transport is not None
        self._transport.write(self._answer(head, rest[:length], now_ns))

    def _answer(self, head: bytes, body: bytes, now_ns: int) -> bytes:
        if not head.startswith(b"POST"):
            return _REPLY % (b"404 Not Found", 2, b"{}")
        order = msgspec.json.decode(body, type=_Order)
        self._seen.append((order.ticker, now_ns))
        answer = msgspec.json.encode(
            {
                "order_id": f"order-{len(self._seen)}",
                "client_order_id": order.client_order_id,
                "fill_count": order.count,
                "remaining_count": "0.00",
            }
        )
        return _REPLY % (b"201 Created", len(answer), answer)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


class _Peer:
    def __init__(self, line: Connection) -> None:
        self._line = line
        self._sockets: dict[str, set[ServerConnection]] = {}
        self._seen: Seen = []
        self._sids = count(1)
        self._over = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        http = await loop.create_server(lambda: _Http(self._seen), "127.0.0.1", 0)
        async with (
            serve(self._serve, "127.0.0.1", 0, compression=None, ping_interval=None) as socket,
            http,
            asyncio.TaskGroup() as group,
        ):
            self._line.send([next(iter(s.sockets)).getsockname()[1] for s in (http, socket)])
            loop.add_reader(self._line.fileno(), self._told, group)
            await self._over.wait()
            loop.remove_reader(self._line.fileno())

    def _told(self, group: asyncio.TaskGroup) -> None:
        try:
            word = self._line.recv()
        except EOFError:  # who asked is gone
            word = "over"
        if isinstance(word, Burst):
            group.create_task(self._burst(word), name="burst")
        elif word == "seen":
            self._line.send(list(self._seen))
            self._seen.clear()
        else:
            self._over.set()

    async def _burst(self, burst: Burst) -> None:
        for frame in burst.frames:
            for socket in self._sockets.get(burst.path, set()):
                await socket.send(frame, text=True)
            if burst.pause_s:
                await asyncio.sleep(burst.pause_s)
        self._line.send("sent")

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        ours = self._sockets.setdefault(socket.request.path, set())
        ours.add(socket)
        try:
            async for message in socket:
                await self._answer(socket, message)
        except ConnectionClosed:
            pass
        finally:
            ours.discard(socket)

    async def _answer(self, socket: ServerConnection, message: Data) -> None:
        command = msgspec.json.decode(message, type=_Command)
        if command.cmd != "subscribe":
            await socket.send(msgspec.json.encode({"id": command.id, "type": "ok"}), text=True)
        for channel in command.params.channels or ():
            on = {"channel": channel, "sid": next(self._sids)}
            answer = {"id": command.id, "type": "subscribed", "msg": on}
            await socket.send(msgspec.json.encode(answer), text=True)


def _main(line: Connection) -> None:
    asyncio.run(_Peer(line).run())


class Peer:
    """The process, seen from ours."""

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_main, args=(theirs,), name="peer", daemon=True)
        self._process.start()
        http, socket = self._line.recv()
        self.rest_url = f"http://127.0.0.1:{http}/trade-api/v2"
        self.ws_url = f"ws://127.0.0.1:{socket}/trade-api/ws/v2"
        self.bare_url = f"ws://127.0.0.1:{socket}{BARE_PATH}"
        return self

    def __exit__(self, *error: object) -> None:
        self._line.send("over")
        self._process.join(5)

    def burst(self, url: str, frames: Sequence[bytes], pause_s: float = 0.0) -> None:
        """Send `frames` to whoever is connected to `url`; does not wait."""
        path = "/" + url.split("/", 3)[3]
        self._line.send(Burst(path, frames, pause_s))

    async def sent(self) -> None:
        """Until a burst has been sent."""
        await asyncio.to_thread(self._line.recv)

    async def seen(self) -> Seen:
        """The orders since the last call: ticker and stamp."""
        self._line.send("seen")
        answer: Seen = await asyncio.to_thread(self._line.recv)
        return answer
