"""Frames on their way to one websocket, and the faults that strike there. It knows no protocol.

They wait in one bounded queue and leave in order; each may have a time before which it stays.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from daemon.paper.clock import SECOND_NS, Clock
from daemon.paper.faults import FaultKind, Faults, Where


@dataclass(slots=True)
class _Waiting:
    not_before_ns: int
    text: str


class Outgoing:
    """One connection's queue. `overflow` is called when the reader is too slow; it may queue."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        faults: Faults,
        clock: Clock,
        max_queue: int,
        overflow: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._faults = faults
        self._clock = clock
        self._max_queue = max_queue
        self._overflow = overflow
        self._queue: deque[_Waiting] = deque()
        self._held: _Waiting | None = None
        self._wake = asyncio.Event()

    def send(self, text: str, where: Where, after_ns: int = 0) -> None:
        """Queue a frame, not to leave before `after_ns` from now, as far as the faults let it."""
        if self._faults.take(FaultKind.WS_SILENT, where):
            return
        if self._faults.take(FaultKind.WS_DROP, where):
            return
        if delay := self._faults.take(FaultKind.WS_DELAY, where):
            after_ns = int(delay.seconds * SECOND_NS)
        waiting = _Waiting(self._clock.mono_ns() + after_ns, text)
        if self._held is None and self._faults.take(FaultKind.WS_REORDER, where):
            self._held = waiting
            return
        self._put(waiting)
        if self._faults.take(FaultKind.WS_DUPLICATE, where):
            self._put(waiting)
        if self._held is not None:
            self._put(self._held)
            self._held = None

    def _put(self, waiting: _Waiting) -> None:
        if len(self._queue) >= self._max_queue:
            self._queue.clear()
            self._overflow()
        self._queue.append(waiting)
        self._wake.set()

    async def write(self) -> None:
        """Send what is queued, in order, each not before its time, until the connection ends."""
        while True:
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
                continue
            wait_ns = self._queue[0].not_before_ns - self._clock.mono_ns()
            if wait_ns > 0:
                await asyncio.sleep(wait_ns / SECOND_NS)
                continue
            try:
                await self._socket.send_str(self._queue.popleft().text)
            except ConnectionError:
                return


def cut(request: web.Request) -> None:
    """End a request's connection without a closing handshake."""
    if request.transport is not None:
        request.transport.abort()
