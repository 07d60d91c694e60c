"""A few scripted endpoints on a real socket: what the client sends is kept, what it gets is set.

Not an exchange. It checks every signature, answers logins and subscriptions, and can say what no
exchange would.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.venues.bitget.builders import frame

SECRET = "fake-secret"


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
    body: dict[str, str]
    headers: dict[str, str]


def ok(name: str) -> Answer:
    return Answer(200, frame(name))


def success(data: object, time_ms: int = 1_796_113_800_500) -> Answer:
    body = {"code": "00000", "msg": "success", "requestTime": time_ms, "data": data}
    return Answer(200, json.dumps(body).encode())


def refused(code: str, status: int = 400) -> Answer:
    body = {"code": code, "msg": "why", "requestTime": 1_796_113_800_500, "data": None}
    return Answer(status, json.dumps(body).encode())


DEFAULTS = {
    "GET /api/v2/public/time": success({"serverTime": "1796113800500"}),
    "GET /api/v2/spot/account/assets": ok("spot_rest_assets"),
    "GET /api/v2/spot/public/symbols": ok("spot_rest_symbols"),
    "GET /api/v2/spot/market/orderbook": ok("spot_rest_orderbook"),
    "GET /api/v2/spot/trade/unfilled-orders": ok("spot_rest_unfilled"),
    "GET /api/v2/spot/trade/history-orders": success([]),
    "GET /api/v2/spot/trade/orderInfo": ok("spot_rest_order"),
    "GET /api/v2/spot/trade/fills": ok("spot_rest_fills"),
    "POST /api/v2/spot/trade/place-order": ok("place"),
    "POST /api/v2/spot/trade/cancel-order": ok("cancel"),
    "GET /api/v2/mix/position/all-position": ok("mix_rest_positions"),
    "GET /api/v2/mix/market/contracts": ok("mix_rest_contracts"),
    "GET /api/v2/mix/market/merge-depth": ok("mix_rest_depth"),
    "GET /api/v2/mix/order/orders-pending": ok("mix_rest_pending"),
    "GET /api/v2/mix/order/orders-history": success({"entrustedList": None, "endId": None}),
    "GET /api/v2/mix/order/detail": ok("mix_rest_detail"),
    "GET /api/v2/mix/order/fills": ok("mix_rest_fills"),
    "POST /api/v2/mix/order/place-order": ok("place"),
    "GET /api/v2/mix/account/bill": success({"bills": None, "endId": None}),
    "GET /api/v3/account/settings": ok("uta_rest_settings"),
    "GET /api/v3/account/assets": ok("uta_rest_assets"),
    "GET /api/v3/account/financial-records": success({"list": [], "cursor": ""}),
    "GET /api/v3/position/current-position": ok("uta_rest_positions"),
    "GET /api/v3/market/instruments": ok("uta_rest_instruments"),
    "GET /api/v3/market/orderbook": ok("uta_rest_orderbook"),
    "GET /api/v3/trade/unfilled-orders": success({"list": []}),
    "GET /api/v3/trade/history-orders": success({"list": []}),
    "GET /api/v3/trade/order-info": ok("uta_rest_order"),
    "GET /api/v3/trade/fills": ok("uta_rest_fills"),
    "POST /api/v3/trade/place-order": ok("place"),
}


class FakeBitget:
    """Answers by `METHOD /path`; a list of answers is used up, its last one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {key: [a] for key, a in DEFAULTS.items()}
        self.seen: list[Seen] = []
        self.sockets: dict[str, list[web.WebSocketResponse]] = {}
        self.said: list[tuple[str, str]] = []
        self.refuse_login = ""
        self.mute_pongs = False
        self.silent_channels: set[str] = set()
        self.url = ""

    def script(self, what: str, *answers: Answer) -> None:
        self.answers[what] = list(answers)

    def paths(self) -> list[str]:
        return [f"{seen.method} {seen.path}" for seen in self.seen]

    def last(self, what: str) -> Seen:
        return next(s for s in reversed(self.seen) if f"{s.method} {s.path}" == what)

    def all(self, what: str) -> list[Seen]:
        return [s for s in self.seen if f"{s.method} {s.path}" == what]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if "/ws/" in request.path:
            return await self.socket(request)
        raw = await request.read()
        self.check(request, raw)
        body = json.loads(raw) if raw else {}
        self.seen.append(
            Seen(request.method, request.path, dict(request.query), body, dict(request.headers))
        )
        scripted = self.answers.get(f"{request.method} {request.path}")
        if scripted is None:
            answer = refused("40404", 404)
        else:
            answer = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if answer.hang:
            await asyncio.Event().wait()
        if answer.drop:
            assert request.transport is not None
            request.transport.close()
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    def check(self, request: web.Request, body: bytes) -> None:
        """The documented text, over the bytes that came."""
        text = request.headers["ACCESS-TIMESTAMP"] + request.method + request.raw_path
        digest = hmac.new(SECRET.encode(), text.encode() + body, hashlib.sha256).digest()
        assert base64.b64decode(request.headers["ACCESS-SIGN"]) == digest
        assert request.headers["ACCESS-PASSPHRASE"] == "words"

    async def socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.setdefault(request.path, []).append(socket)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            self.said.append((request.path, message.data))
            if message.data == "ping":
                if not self.mute_pongs:
                    await socket.send_str("pong")
                continue
            await self.command(socket, json.loads(message.data))
        return socket

    async def command(
        self, socket: web.WebSocketResponse, command: dict[str, list[dict[str, str]]]
    ) -> None:
        if str(command["op"]) == "login":
            await self.login(socket, command["args"][0])
        elif str(command["op"]) == "subscribe":
            for arg in command["args"]:
                if (arg.get("channel") or arg.get("topic")) not in self.silent_channels:
                    await socket.send_json({"event": "subscribe", "arg": arg})

    async def login(self, socket: web.WebSocketResponse, arg: dict[str, str]) -> None:
        text = arg["timestamp"] + "GET/user/verify"
        digest = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()
        assert base64.b64decode(arg["sign"]) == digest
        seconds = len(arg["timestamp"]) == 10
        if self.refuse_login == "seconds" and seconds:
            await socket.send_json({"event": "error", "code": "30005", "msg": "error"})
            await socket.close()
        else:
            await socket.send_json({"event": "login", "code": 0, "msg": ""})

    def logins(self) -> list[str]:
        """The timestamps of all logins."""
        sent = [json.loads(text) for _path, text in self.said if text != "ping"]
        return [command["args"][0]["timestamp"] for command in sent if command["op"] == "login"]

    def subscribed(self, path: str, op: str = "subscribe") -> list[dict[str, str]]:
        """The arguments of all subscriptions of one socket."""
        sent = [json.loads(text) for where, text in self.said if where == path and text != "ping"]
        return [arg for command in sent if command["op"] == op for arg in command["args"]]

    async def say(self, path: str, *frames: bytes) -> None:
        for one in frames:
            await self.sockets[path][-1].send_str(one.decode())


@asynccontextmanager
async def serving(fake: FakeBitget) -> AsyncIterator[str]:
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
