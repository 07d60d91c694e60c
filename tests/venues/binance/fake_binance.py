"""A few scripted endpoints on a real socket: what the client sends is kept, what it gets is set.

Not an exchange: it can say what none would. Signatures are checked, since the client makes them.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

from daemon.core.terms import Symbol, Venue
from daemon.venues.binance.config import BinanceConfig, Urls
from daemon.venues.binance.sign import BinanceSigner
from daemon.venues.binance.wire import SPOT
from daemon.venues.rest import RepeatPolicy
from tests.venues.binance.builders import ACCOUNT, frame

SECRET = "a-secret-of-the-tests"
API_KEY = "key-of-the-tests"


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

    what: str
    query: dict[str, str]
    headers: dict[str, str]


def ok(name: str) -> Answer:
    return Answer(body=frame(name))


def refused(status: int, code: int, msg: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps({"code": code, "msg": msg}).encode(), named)


DEFAULTS = {
    "POST /api/v3/order": ok("spot_order_full"),
    "DELETE /api/v3/order": ok("spot_cancel"),
    "GET /api/v3/order": ok("spot_query"),
    "GET /api/v3/openOrders": Answer(body=b"[]"),
    "GET /api/v3/myTrades": ok("spot_trades"),
    "GET /api/v3/account": ok("spot_account"),
    "GET /api/v3/exchangeInfo": ok("spot_exchange_info"),
    "GET /api/v3/ticker/bookTicker": ok("spot_book_ticker"),
    "POST /fapi/v1/order": ok("usdm_order_result"),
    "GET /fapi/v1/openOrders": Answer(body=b"[]"),
    "GET /fapi/v1/userTrades": ok("usdm_trades"),
    "GET /fapi/v1/forceOrders": ok("usdm_forced"),
    "GET /fapi/v1/income": ok("usdm_income"),
    "GET /fapi/v3/positionRisk": ok("usdm_positions"),
    "GET /fapi/v1/exchangeInfo": ok("usdm_exchange_info"),
    "GET /fapi/v1/ticker/bookTicker": ok("usdm_book_ticker"),
    "PUT /fapi/v1/listenKey": Answer(body=b'{"listenKey":"key1"}'),
}


class FakeBinance:
    """Answers by `METHOD /path`; a list of answers is used up, its last one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {key: [a] for key, a in DEFAULTS.items()}
        self.seen: list[Seen] = []
        self.badly_signed: list[str] = []
        self.keys = 0
        self.private: list[web.WebSocketResponse] = []
        self.public: list[web.WebSocketResponse] = []
        self.addresses: list[str] = []
        self.requests: list[dict[str, object]] = []
        self.refuse_sockets = 0
        self.replies: list[dict[str, object]] = []
        self.url = ""

    def script(self, what: str, *answers: Answer) -> None:
        self.answers[what] = list(answers)

    def sent(self, what: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.what == what]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self.socket(request)
        what = f"{request.method} {request.path}"
        self.seen.append(Seen(what, dict(request.query), dict(request.headers)))
        self.check(request.query_string)
        if what == "POST /fapi/v1/listenKey" and what not in self.answers:
            self.keys += 1
            return web.json_response({"listenKey": f"key{self.keys}"})
        scripted = self.answers.get(what, [refused(404, 0)])
        answer = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if answer.hang:
            await asyncio.Event().wait()
        if answer.drop:
            assert request.transport is not None
            request.transport.close()
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    def check(self, query: str) -> None:
        text, found, signature = query.rpartition("&signature=")
        if (
            found
            and signature != hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        ):
            self.badly_signed.append(query)
        stale = abs(int(dict(parse_qsl(text)).get("timestamp", _now_ms())) - _now_ms())
        if found and stale > 20_000:
            self.badly_signed.append(f"{stale} ms off: {query}")

    async def socket(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=self.refuse_sockets)
        self.addresses.append(request.path_qs)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        mine = self.public if request.path in {"/ws", "/public/ws"} else self.private
        mine.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self.asked(socket, json.loads(message.data))
        return socket

    async def asked(self, socket: web.WebSocketResponse, message: dict[str, object]) -> None:
        self.requests.append(message)
        params = message.get("params")
        if isinstance(params, dict) and "signature" in params:
            text = "&".join(f"{k}={params[k]}" for k in sorted(params) if k != "signature")
            signed = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
            if params["signature"] != signed:
                self.badly_signed.append(text)
        reply = self.replies.pop(0) if self.replies else {"status": 200, "result": {}}
        if reply:
            await socket.send_json({"id": message["id"], **reply})

    def asked_for(self, method: str) -> list[dict[str, object]]:
        return [message for message in self.requests if message.get("method") == method]

    async def say(self, name: str, *, to: str = "private") -> None:
        await self.say_raw(frame(name), to=to)

    async def say_raw(self, raw: bytes, *, to: str = "private") -> None:
        socket = (self.private if to == "private" else self.public)[-1]
        await socket.send_str(raw.decode())


def _now_ms() -> int:
    return time.time_ns() // 10**6


@asynccontextmanager
async def serving(fake: FakeBinance) -> AsyncIterator[str]:
    """Run the fake on a free port; gives its address."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", fake.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    addresses: Sequence[tuple[str, int]] = runner.addresses
    fake.url = f"127.0.0.1:{addresses[0][1]}"
    try:
        yield fake.url
    finally:
        await runner.cleanup()


def config(venue: Venue, address: str, kept: dict[Symbol, str] | None = None) -> BinanceConfig:
    """A quick connection to the fake."""
    spot = venue == SPOT
    return BinanceConfig(
        venue=venue,
        account=ACCOUNT,
        api_key=API_KEY,
        signer=BinanceSigner.from_secret(SECRET),
        urls=Urls(
            rest=f"http://{address}",
            private=f"ws://{address}" + ("/ws-api/v3" if spot else "/private/ws"),
            public=f"ws://{address}" + ("/ws" if spot else "/public/ws"),
        ),
        kept_qty={} if kept is None else {name: Decimal(text) for name, text in kept.items()},
        refresh_active_s=0.2,
        order_timeout_s=30.0,
        query_timeout_s=30.0,
        hint_s=0.2,
        first_reconnect_s=0.02,
        longest_reconnect_s=0.1,
        seed=7,
        repeat=RepeatPolicy(attempts=3, first_wait_s=0.01, longest_wait_s=0.05, total_s=60.0),
    )
