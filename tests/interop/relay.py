"""A loopback relay that writes down every answer and frame which passes, and changes none.

It stands between a client and the paper exchange; what it wrote is validated afterwards. Bodies
and frames pass as the bytes they are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp import WSMsgType, hdrs, web
from multidict import CIMultiDict
from yarl import URL

from tests.interop.room import Paper

_HOP = {hdrs.HOST, hdrs.CONNECTION, hdrs.TRANSFER_ENCODING, hdrs.UPGRADE, hdrs.KEEP_ALIVE}
_DROPPED = {name.lower() for name in _HOP} | {"content-length", "accept-encoding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One exchange or frame. `sent` is the client's side of it, `answer` the exchange's."""

    client: str
    kind: str
    method: str = ""
    target: str = ""
    status: int = 0
    content_type: str = ""
    sent: str = ""
    answer: str = ""


class Relay:
    """A port for one client."""

    def __init__(self, client: str, paper: Paper, record: list[Passed]) -> None:
        self._client, self._record = client, record
        self._origin = URL(paper.rest_url).origin()
        self._ws_path = urlsplit(paper.ws_url).path
        self._session = aiohttp.ClientSession(auto_decompress=False)
        self.port = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass one request on."""
        if request.path == self._ws_path:
            return await self._socket(request)
        raw = await request.read()
        url = URL(f"{self._origin}{request.raw_path}", encoded=True)
        async with self._session.request(
            request.method, url, data=raw or None, headers=_kept(request), allow_redirects=False
        ) as found:
            answer = await found.read()
            kept = [(k, v) for k, v in found.headers.items() if k.lower() not in _DROPPED]
            self._note(request, found.status, raw.decode(), answer.decode())
            return web.Response(body=answer, status=found.status, headers=CIMultiDict(kept))

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        url = URL(f"{self._origin}{request.raw_path}", encoded=True)
        headers = {k: v for k, v in request.headers.items() if k.upper().startswith("KALSHI-")}
        try:
            upstream = await self._session.ws_connect(url, headers=headers)
        except aiohttp.WSServerHandshakeError as error:
            return web.Response(status=error.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async with asyncio.TaskGroup() as group:
            down = group.create_task(self._down(upstream, socket), name="relay-down")
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._record.append(
                        Passed(client=self._client, kind="command", sent=message.data)
                    )
                    await upstream.send_str(message.data)
            await upstream.close()
            down.cancel()
        return socket

    async def _down(
        self, upstream: aiohttp.ClientWebSocketResponse, socket: web.WebSocketResponse
    ) -> None:
        async for message in upstream:
            if message.type is WSMsgType.TEXT:
                self._record.append(Passed(client=self._client, kind="frame", answer=message.data))
                await socket.send_str(message.data)
        await socket.close()

    def _note(self, request: web.Request, status: int, sent: str, answer: str) -> None:
        passed = Passed(
            client=self._client,
            kind="rest",
            method=request.method,
            target=request.raw_path,
            status=status,
            content_type=request.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0],
            sent=sent,
            answer=answer,
        )
        self._record.append(passed)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._session.close()


@asynccontextmanager
async def relaying(client: str, paper: Paper, record: list[Passed]) -> AsyncIterator[Paper]:
    """The exchange as one client sees it: behind a relay of its own."""
    relay = Relay(client, paper, record)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", relay.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host = f"127.0.0.1:{runner.addresses[0][1]}"
        yield Paper(
            rest_url=f"http://{host}{urlsplit(paper.rest_url).path}",
            ws_url=f"ws://{host}{urlsplit(paper.ws_url).path}",
            admin_url=paper.admin_url,
            folder=paper.folder,
        )
    finally:
        await runner.cleanup()
        await relay.close()


def write_record(record: list[Passed], path: Path) -> None:
    """One line an exchange or frame."""
    lines = (json.dumps(asdict(passed)) for passed in record)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _kept(request: web.Request) -> CIMultiDict[str]:
    kept = [(k, v) for k, v in request.headers.items() if k.lower() not in _DROPPED]
    return CIMultiDict(kept)
