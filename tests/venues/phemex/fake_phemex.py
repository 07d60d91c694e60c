"""A few scripted endpoints and a websocket on a real socket: what the client sends is kept.

Not an exchange: this one can say what no exchange would.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.venues.phemex.builders import frame

SECRET = "not-a-real-secret"
KEY_ID = "0f5c2a90-7b1d-4e3f-8a6b-phemex-test-key"


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
    raw_query: str
    body: bytes
    headers: dict[str, str]

    @property
    def well_signed(self) -> bool:
        """Whether the signature is that of path, query, expiry and body."""
        expiry = self.headers.get("x-phemex-request-expiry", "")
        text = f"{self.path}{self.raw_query}{expiry}{self.body.decode()}"
        mac = hmac.digest(SECRET.encode(), text.encode(), hashlib.sha256).hex()
        return self.headers.get("x-phemex-request-signature") == mac


def ok(name: str) -> Answer:
    return Answer(body=frame(name))


def refused(code: int, status: int = 200, message: str = "said") -> Answer:
    return Answer(status, json.dumps({"code": code, "msg": message, "data": None}).encode())


def rows(*found: object) -> Answer:
    """A bare array."""
    return Answer(body=json.dumps(found).encode())


DEFAULTS = {
    "GET /public/products": ok("products"),
    "POST /g-orders": ok("perp_placed"),
    "DELETE /g-orders/cancel": ok("perp_canceling"),
    "GET /g-orders/activeList": ok("perp_no_orders"),
    "GET /api-data/g-futures/orders/by-order-id": ok("perp_orders"),
    "GET /exchange/order/v2/orderList": ok("perp_order_list"),
    "GET /api-data/g-futures/trades": ok("perp_trades"),
    "GET /g-accounts/accountPositions": ok("perp_positions"),
    "GET /md/v2/orderbook": ok("perp_orderbook"),
    "POST /spot/orders": ok("spot_placed"),
    "GET /spot/orders": ok("spot_open"),
    "GET /api-data/spots/orders/by-order-id": ok("spot_orders"),
    "GET /api-data/spots/trades": ok("spot_trades"),
    "GET /spot/wallets": ok("spot_wallets"),
    "GET /md/orderbook": ok("spot_orderbook"),
}


class FakePhemex:
    """Answers by `METHOD /path`; a list of answers is used up, its last one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {key: [a] for key, a in DEFAULTS.items()}
        self.answering: dict[str, Callable[[Seen], Answer]] = {}
        self.seen: list[Seen] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.commands: list[dict[str, object]] = []
        self.private: web.WebSocketResponse | None = None
        self.refuses: dict[str, str] = {}
        self.mute = False
        self.url = ""

    def script(self, what: str, *answers: Answer) -> None:
        self.answers[what] = list(answers)

    def asked(self, what: str) -> list[Seen]:
        return [seen for seen in self.seen if f"{seen.method} {seen.path}" == what]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/ws":
            return await self.socket(request)
        seen = Seen(
            request.method,
            request.path,
            dict(request.query),
            request.rel_url.raw_query_string,
            await request.read(),
            {name.lower(): value for name, value in request.headers.items()},
        )
        self.seen.append(seen)
        answer = self.answer(f"{request.method} {request.path}", seen)
        if answer.hang:
            await asyncio.Event().wait()
        if answer.drop:
            assert request.transport is not None
            request.transport.close()
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    def answer(self, what: str, seen: Seen) -> Answer:
        if what in self.answering:
            return self.answering[what](seen)
        scripted = self.answers.get(what, [refused(10500, 404)])
        return scripted.pop(0) if len(scripted) > 1 else scripted[0]

    async def socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self.command(socket, json.loads(message.data))
        return socket

    async def command(self, socket: web.WebSocketResponse, command: dict[str, object]) -> None:
        self.commands.append(command)
        method = str(command["method"])
        if self.mute:
            return
        answer: dict[str, object] = {"error": None, "id": command["id"]}
        if method in self.refuses:
            error = {"code": 6012, "message": self.refuses[method]}
            answer.update(error=error, result=None)
        elif method == "server.ping":
            answer["result"] = "pong"
        else:
            answer["result"] = {"status": "success"}
        if method in {"aop_p.subscribe", "wo.subscribe"}:
            self.private = socket
        await socket.send_json(answer)

    def methods(self) -> list[str]:
        return [str(command["method"]) for command in self.commands]

    async def tell(self, name: str) -> None:
        """Push a frame to every connection, as it stands."""
        for socket in self.sockets:
            if not socket.closed:
                await socket.send_str(frame(name).decode())

    async def cut(self) -> None:
        """Drop every connection."""
        for socket in self.sockets:
            if not socket.closed:
                await socket.close()


@asynccontextmanager
async def serving(fake: FakePhemex) -> AsyncIterator[str]:
    """Run the fake on a free port; gives the REST address."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", fake.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    addresses: Sequence[tuple[str, int]] = runner.addresses
    fake.url = f"http://127.0.0.1:{addresses[0][1]}"
    try:
        yield fake.url
    finally:
        await runner.cleanup()
