"""One websocket of a coin venue: its frames out, its texts in, its heartbeat and its age.

It knows no channel and no command; the venue's own session does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import WSMsgType, web

from daemon.paper.clock import MILLI_NS, SECOND_NS
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import FaultKind, Where
from daemon.paper.outgoing import Outgoing, cut
from daemon.paper.units import millis

Obey = Callable[[str], Awaitable[None]]


class Connection:
    """`account` is empty until somebody has signed. `heard_ns`: the last frame that came in.

    `pings` False: the exchange does not ping; the client has to, and its session calls `alive`.
    `hears_pings`: a client's ping frame is a sign of life as well.
    """

    def __init__(
        self,
        venue: CoinVenue,
        request: web.Request,
        account: str = "",
        *,
        pings: bool = True,
        hears_pings: bool = False,
    ) -> None:
        self._venue = venue
        self._pings = pings
        self._hears_pings = hears_pings
        self._request = request
        self.account = account
        self.socket = web.WebSocketResponse(autoping=False)
        exchange = venue.exchange
        self._clock = exchange.clock
        self.opened_ns = self.heard_ns = self._ponged_ns = self._clock.mono_ns()
        self.outgoing = Outgoing(
            self.socket, exchange.faults, exchange.clock, venue.config.max_queue, self.cut
        )

    def tell(self, frame: object, channel: str = "", symbol: str = "") -> None:
        """Queue a frame. `channel`: what faults call it; "" is the answer to a request."""
        text = msgspec.json.encode(frame).decode()
        self.outgoing.send(text, Where(channel=channel, account=self.account, ticker=symbol))

    def tell_private(self, frame: object, channel: str, symbol: str = "") -> None:
        """Queue a frame of the member's own, late where the exchange is told to be."""
        reads = self._venue.exchange.reads
        is_late = reads.private_frames == "after_ack"
        where = Where(channel=channel, account=self.account, ticker=symbol)
        text = msgspec.json.encode(frame).decode()
        self.outgoing.send(text, where, reads.after_ack_ms * MILLI_NS if is_late else 0)
        if self._venue.exchange.faults.take(FaultKind.WS_DISCONNECT, where):
            self.cut()

    def alive(self) -> None:
        """The client has shown that it is there: it is not cut for its silence now."""
        self._ponged_ns = self._clock.mono_ns()

    def cut(self) -> None:
        """End the connection without a closing handshake."""
        cut(self._request)

    async def talk(self, obey: Obey) -> web.WebSocketResponse:
        """Shake hands, then read until the connection ends; a writer and a pinger live as long."""
        await self.socket.prepare(self._request)
        async with asyncio.TaskGroup() as group:
            tasks = (
                group.create_task(self.outgoing.write(), name=f"paper-writer-{self.account}"),
                group.create_task(self._ping(), name=f"paper-pinger-{self.account}"),
            )
            async for message in self.socket:
                self.heard_ns = self._clock.mono_ns()
                if message.type is WSMsgType.TEXT:
                    await obey(message.data)
                elif message.type is WSMsgType.PING:
                    with contextlib.suppress(ConnectionError):
                        await self.socket.pong(message.data)
                    if self._hears_pings:
                        self.alive()
                elif message.type is WSMsgType.PONG:
                    self.alive()
            for task in tasks:
                task.cancel()
        return self.socket

    async def _ping(self) -> None:
        """Ping; end what is not alive within the limit, and what has lived its life."""
        config = self._venue.config
        while True:
            await asyncio.sleep(config.ping_interval_s)
            now = self._clock.mono_ns()
            is_old = now - self.opened_ns > config.life_s * SECOND_NS
            if is_old or now - self._ponged_ns > config.pong_limit_s * SECOND_NS:
                self.cut()
                return
            if not self._pings:
                continue
            try:
                await self.socket.ping(str(millis(self._venue.door_ns())).encode())
            except ConnectionError:
                return
