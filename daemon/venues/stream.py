"""One websocket for life: connects, reads, writes, and connects again. Knows no venue.

Who uses it says what to send and what a message means. A lost connection is mended with
exponential back-off and full jitter, for ever; nothing is raised but cancellation.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

from daemon.core.terms import NANOS
from daemon.ports import Clock
from daemon.venues.errors import VenueError

MESSAGE_LIMIT: Final = 8 * 1024 * 1024
QUEUED_MESSAGES: Final = 1_024
QUEUED_COMMANDS: Final = 1_024
OVERDUE_EVERY_S: Final = 0.5
PROVEN_NS: Final = 60 * NANOS


class SocketUser(Protocol):
    """Speaks the protocol over the socket. No method may block."""

    async def headers(self) -> Mapping[str, str]:
        """The headers of the next handshake."""
        ...

    def opened(self, send: Callable[[bytes], None]) -> None:
        """A new connection stands; `send` queues a text message on it."""
        ...

    def received(self, raw: bytes) -> None:
        """A message came."""
        ...

    def pinged(self) -> None:
        """The server sent a ping (its pong goes out by itself)."""
        ...

    def overdue(self) -> str | None:
        """Asked all the time: why this connection should be given up, or None."""
        ...

    def closed(self, text: str) -> None:
        """The connection is gone, or could not be made."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketLimits:
    """Times in seconds."""

    open_s: float = 10.0
    first_reconnect_s: float = 0.5
    longest_reconnect_s: float = 30.0


class _DroppedError(Exception):
    """This connection ends; carries why."""


class _Connection(ClientConnection):
    """A connection that tells of the server's pings, which the library answers silently."""

    on_ping: Callable[[], None] | None = None

    # `typing.override` begins with Python 3.12.
    def process_event(self, event: Event) -> None:  # type: ignore[explicit-override]
        if isinstance(event, Frame) and event.opcode is Opcode.PING and self.on_ping is not None:
            self.on_ping()
        super().process_event(event)


class SocketForLife:
    """Keeps one connection for its user, to `url` or to what `url()` gives for each connection.

    A `VenueError` out of `url()` counts as a connection that could not be made.
    """

    def __init__(
        self,
        url: str | Callable[[], Awaitable[str]],
        user: SocketUser,
        clock: Clock,
        rng: random.Random,
        limits: SocketLimits | None = None,
    ) -> None:
        self._url = url
        self._user = user
        self._clock = clock
        self._rng = rng
        self._limits = limits or SocketLimits()

    async def run(self) -> None:
        """Connect again and again until cancelled."""
        failures = 0
        while True:
            began_ns = self._clock.mono_ns()
            text = await self._one_connection()
            self._user.closed(text)
            if self._clock.mono_ns() - began_ns > PROVEN_NS:
                failures = 0
            ceiling = self._limits.first_reconnect_s * float(2 ** min(failures, 16))
            wait_s = self._rng.uniform(0.0, min(self._limits.longest_reconnect_s, ceiling))
            failures += 1
            await self._clock.sleep(wait_s)

    async def _one_connection(self) -> str:
        """Live through one connection; returns why it ended."""
        try:
            url = self._url if isinstance(self._url, str) else await self._url()
            async with connect(
                url,
                additional_headers=await self._user.headers(),
                compression=None,
                proxy=None,
                open_timeout=self._limits.open_s,
                ping_interval=None,
                close_timeout=1,
                max_size=MESSAGE_LIMIT,
                max_queue=QUEUED_MESSAGES,
                create_connection=_Connection,
            ) as socket:
                return await self._live(socket)
        except InvalidStatus as error:
            status = error.response.status_code
            hint = ": the key is refused" if status in {401, 403} else ""
            return f"websocket handshake answered HTTP {status}{hint}"
        except (OSError, TimeoutError, WebSocketException, VenueError) as error:
            return f"{type(error).__name__}: {error}"

    async def _live(self, socket: ClientConnection) -> str:
        outbox: asyncio.Queue[bytes] = asyncio.Queue(maxsize=QUEUED_COMMANDS)
        overflow: list[str] = []

        def send(message: bytes) -> None:
            try:
                outbox.put_nowait(message)
            except asyncio.QueueFull:
                overflow.append("too many commands wait to be sent")

        if isinstance(socket, _Connection):
            socket.on_ping = self._user.pinged
        self._user.opened(send)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(socket), name="websocket read")
                tasks.create_task(self._write(socket, outbox), name="websocket write")
                tasks.create_task(self._watch(overflow), name="websocket watch")
        except* _DroppedError as group:
            overflow.append(str(group.exceptions[0]))
        return overflow[-1]

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            try:
                raw = await socket.recv(decode=False)
            except ConnectionClosed as error:
                raise _DroppedError(str(error)) from None
            self._user.received(raw)

    async def _write(self, socket: ClientConnection, outbox: asyncio.Queue[bytes]) -> None:
        while True:
            message = await outbox.get()
            try:
                await socket.send(message, text=True)
            except ConnectionClosed as error:
                raise _DroppedError(str(error)) from None

    async def _watch(self, overflow: list[str]) -> None:
        while True:
            await self._clock.sleep(OVERDUE_EVERY_S)
            reason = overflow[0] if overflow else self._user.overdue()
            if reason is not None:
                raise _DroppedError(reason)
