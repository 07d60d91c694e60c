"""One caller's connection: one request, soon asked and soon read, and not too many at a time.

aiohttp waits for ever for the head of a request, and for ever for its answer to be read: a caller
that trickles bytes would hold its connection, and many of them the door.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from typing_extensions import override

from daemon.control.door import Refusal
from daemon.control.table import JSON, refuse

CONNECTIONS_MAX: Final = 64
HEAD_S_MAX: Final = 5.0
# From the head of the request until the answer has been read.
WHOLE_S_MAX: Final = 30.0
_LINGER_S: Final = 1.0


@dataclass(slots=True, kw_only=True)
class Hall:
    """How many callers one door has, and what it bears. Seconds."""

    callers: int = 0
    callers_max: int = CONNECTIONS_MAX
    head_s: float = HEAD_S_MAX
    whole_s: float = WHOLE_S_MAX


class _Explaining(web.RequestHandler):
    """aiohttp's own handler, which tells JSON what else it would tell as text and in its log."""

    __slots__ = ()

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What became of a request that is no HTTP, and of one that met a bug of ours."""
        text = "the request cannot be read"
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log_exception("a request met a bug", exc_info=exc)
            text = "a bug of filld's: its log says more"
        if request.writer.output_size:
            raise ConnectionError("half of the answer has been sent")
        return refuse(Refusal(status, text))

    @override
    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer, JSON whoever made it, and end the connection."""
        if isinstance(resp, web.HTTPException):
            resp = refuse(Refusal(resp.status, HTTPStatus(resp.status).phrase.lower()))
        resp.force_close()
        return await super().finish_response(request, resp, start_time)


class Caller(asyncio.Protocol):
    """aiohttp's own handler of a connection, behind these limits."""

    def __init__(self, handler: web.RequestHandler, hall: Hall) -> None:
        handler.__class__ = _Explaining  # aiohttp makes it, and asks nobody of which class
        self._handler, self._hall = handler, hall
        self._transport: asyncio.Transport | None = None
        self._inside = self._turned_away = False
        self._patience: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._hall.callers >= self._hall.callers_max:
            text = f"{self._hall.callers_max} callers are connected already: ask again"
            self._turn_away(Refusal(503, text))
            return
        self._inside = True
        self._hall.callers += 1
        self._handler.connection_made(transport)
        self._wait(self._hall.head_s)

    def asked(self) -> None:
        """The head of the request is there."""
        self._wait(self._hall.whole_s)

    def _wait(self, seconds: float) -> None:
        asking = self._patience is None
        if self._patience is not None:
            self._patience.cancel()
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        late = self._never_asked if asking else self._transport.abort
        self._patience = loop.call_later(seconds, late)

    def _never_asked(self) -> None:
        self._turn_away(Refusal(408, f"no request within {self._hall.head_s:g} s"))

    def _turn_away(self, refusal: Refusal) -> None:
        """Say why and hang up; what still comes is dropped, or the kernel would reset the line."""
        assert self._transport is not None
        self._turned_away = True
        self._transport.write(_refused(refusal))
        self._transport.write_eof()
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(_LINGER_S, self._transport.abort)

    @override
    def data_received(self, data: bytes) -> None:
        if self._inside and not self._turned_away:
            self._handler.data_received(data)

    @override
    def eof_received(self) -> None:
        if self._inside and not self._turned_away:
            self._handler.eof_received()

    @override
    def pause_writing(self) -> None:
        self._handler.pause_writing()

    @override
    def resume_writing(self) -> None:
        self._handler.resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        if self._inside:
            self._hall.callers -= 1
            self._handler.connection_lost(exc)


def _refused(refusal: Refusal) -> bytes:
    """An answer where no request is being handled."""
    body = msgspec.json.encode({"error": refusal.text, "near": list(refusal.near)})
    phrase = HTTPStatus(refusal.status).phrase
    head = (
        f"HTTP/1.1 {refusal.status} {phrase}\r\nContent-Type: {JSON}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


@web.middleware
async def one_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The head has come."""
    caller = None if request.transport is None else request.transport.get_protocol()
    if isinstance(caller, Caller):
        caller.asked()
    return await handler(request)
