"""A few scripted endpoints on a real socket: what the client sends is kept, what it gets is set.

Not an exchange: that is `daemon.paper`. This one can say what no exchange would.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.venues.kalshi.builders import frame

ROOT = "/trade-api/v2"


@dataclass
class Answer:
    """One scripted answer; `hang` never answers, `drop` cuts the connection after reading."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False


@dataclass
class Seen:
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str]


def ok(name: str, status: int = 200) -> Answer:
    return Answer(status, frame(name))


def refused(status: int, code: str, details: str = "") -> Answer:
    error = {"code": code, "message": code.replace("_", " "), "details": details}
    return Answer(status, json.dumps({"error": error}).encode())


DEFAULTS = {
    "GET /exchange/status": ok("exchange_status"),
    "GET /exchange/schedule": ok("exchange_schedule"),
    "GET /exchange/user_data_timestamp": ok("user_data_timestamp"),
    "GET /portfolio/balance": ok("balance"),
    "GET /portfolio/orders": ok("orders"),
    "GET /portfolio/fills": ok("fills"),
    "GET /portfolio/positions": ok("positions"),
    "GET /portfolio/settlements": ok("settlements"),
    "GET /historical/cutoff": ok("cutoff"),
    "GET /historical/orders": Answer(body=b'{"orders":[],"cursor":""}'),
    "GET /historical/fills": Answer(body=b'{"fills":[],"cursor":""}'),
    "GET /account/limits": ok("account_limits"),
    "GET /account/endpoint_costs": ok("endpoint_costs"),
    "POST /portfolio/events/orders": ok("create_partial_ioc", 201),
}


class FakeKalshi:
    """Answers by `METHOD /path`; a list of answers is used up, its last one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {key: [a] for key, a in DEFAULTS.items()}
        self.seen: list[Seen] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.commands: list[dict[str, object]] = []
        self.refuse_socket = 0
        self.silent = False
        self.sids: dict[str, int] = {}
        self.url = ""

    def script(self, what: str, *answers: Answer) -> None:
        self.answers[what] = list(answers)

    def paths(self) -> list[str]:
        return [f"{seen.method} {seen.path}" for seen in self.seen]

    def last(self, what: str) -> Seen:
        return next(s for s in reversed(self.seen) if f"{s.method} {s.path}" == what)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/trade-api/ws/v2":
            return await self.socket(request)
        path = request.path.removeprefix(ROOT)
        seen = Seen(
            request.method, path, dict(request.query), await request.read(), dict(request.headers)
        )
        self.seen.append(seen)
        scripted = self.answers.get(f"{request.method} {path}")
        if scripted is None:
            answer = refused(404, "not_found")
        else:
            answer = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if answer.hang:
            await asyncio.Event().wait()
        if answer.drop:
            assert request.transport is not None
            request.transport.close()
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    async def socket(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_socket:
            return web.json_response(
                {"code": "token_authentication_failure"}, status=self.refuse_socket
            )
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self.command(socket, json.loads(message.data))
        return socket

    async def command(self, socket: web.WebSocketResponse, command: dict[str, object]) -> None:
        self.commands.append(command)
        params = command["params"]
        assert isinstance(params, dict)
        if command["cmd"] != "subscribe" or self.silent:
            return
        for channel in params["channels"]:
            sid = self.sids.setdefault(channel, len(self.sids) + 1)
            msg = {"channel": channel, "sid": sid}
            await socket.send_json({"type": "subscribed", "id": command["id"], "msg": msg})

    async def say(self, *frames: dict[str, object]) -> None:
        for one in frames:
            await self.sockets[-1].send_json(one)


@asynccontextmanager
async def serving(fake: FakeKalshi) -> AsyncIterator[str]:
    """Run the fake on a free port; gives the REST address."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", fake.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    addresses: Sequence[tuple[str, int]] = runner.addresses
    fake.url = f"http://127.0.0.1:{addresses[0][1]}{ROOT}"
    try:
        yield fake.url
    finally:
        await runner.cleanup()
