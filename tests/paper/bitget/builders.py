"""A paper Bitget on loopback and a client that signs by hand: nothing of daemon.venues."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from websockets.asyncio.client import ClientConnection, connect
from yarl import URL

from daemon.paper.bitget.config import BitgetConfig
from daemon.paper.config import PaperConfig
from daemon.paper.crypto.config import CoinAccountConfig, InstrumentConfig
from daemon.paper.crypto.keys import ApiKey
from daemon.paper.server import PaperServer, serve

SYMBOL = "ETHUSDT"
SPOT, FUTURES = "bitget_spot", "bitget_usdt_futures"
PATIENCE_S = 30
BOOK = f"/instruments/{SYMBOL}/book"
SEND = f"/instruments/{SYMBOL}/orders"
LEVELS: dict[str, Any] = {
    "bids": [("2499.00", "2"), ("2498.00", "3")],
    "asks": [("2501.00", "2"), ("2502.00", "3")],
}


@dataclass
class Answer:
    """Status, decoded body, headers."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def data(self) -> Any:
        """What is in the envelope of a success."""
        assert (self.status, self.body["code"]) == (200, "00000"), self.body
        return self.body["data"]

    @property
    def code(self) -> str:
        """The envelope's code."""
        return str(self.body["code"])


def sign(key: ApiKey, payload: str) -> str:
    """The signature in the form of the key's type."""
    if key.pair is None:
        raw = hmac.new(key.secret.encode(), payload.encode(), hashlib.sha256).digest()
    else:
        private = serialization.load_pem_private_key(key.pair.private_pem.encode(), None)
        assert isinstance(private, RSAPrivateKey)
        raw = private.sign(payload.encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(raw).decode()


def now_ms() -> int:
    """The machine's clock."""
    return time.time_ns() // 1_000_000


class Client:
    """A member's requests to one market, and the operator's."""

    def __init__(
        self, server: PaperServer, http: aiohttp.ClientSession, venue: str, account: str
    ) -> None:
        self.server = server
        self.venue = venue
        self.key = server.doors[venue].venue.keys[account]
        self.account = account
        self.urls = server.coin_urls[venue]
        self._http = http

    def headers(self, method: str, target: str, body: str = "", **changes: str) -> dict[str, str]:
        """The headers of a signed request."""
        stamp = changes.get("ACCESS-TIMESTAMP", str(now_ms()))
        return {
            "ACCESS-KEY": self.key.api_key,
            "ACCESS-SIGN": sign(self.key, f"{stamp}{method}{target}{body}"),
            "ACCESS-TIMESTAMP": stamp,
            "ACCESS-PASSPHRASE": self.key.passphrase,
            "Content-Type": "application/json",
            "locale": "en-US",
        } | changes

    async def get(self, path: str, **params: Any) -> Answer:
        """A signed read."""
        target = path + (f"?{urlencode(params)}" if params else "")
        return await self.raw("GET", target, "", self.headers("GET", target))

    async def post(self, path: str, **params: Any) -> Answer:
        """A signed write."""
        body = msgspec.json.encode(params).decode()
        return await self.raw("POST", path, body, self.headers("POST", path, body))

    async def ask(self, path: str, **params: Any) -> Answer:
        """A read that anybody may make."""
        return await self.raw("GET", path + (f"?{urlencode(params)}" if params else ""), "", {})

    async def raw(self, method: str, target: str, body: str, headers: dict[str, str]) -> Answer:
        """A request exactly as written."""
        url = URL(self.urls["REST_URL"] + target, encoded=True)
        async with self._http.request(
            method, url, data=body.encode() or None, headers=headers
        ) as response:
            raw = await response.read()
            found = msgspec.json.decode(raw) if raw[:1] == b"{" else raw.decode()
            return Answer(response.status, found, dict(response.headers))

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        """An operator's request that must succeed."""
        url = f"{self.server.admin_url}/admin/{self.venue}{path}"
        data = None if body is None else msgspec.json.encode(body)
        async with self._http.request(method, url, data=data) as response:
            found = msgspec.json.decode(await response.read())
            assert response.status < 400, found
            return found

    async def sweep(self, side: str, price: str, qty: str) -> None:
        """Another trader takes so much; nothing of the house is in its way."""
        await self.admin("PUT", BOOK, {"bids" if side == "ask" else "asks": []})
        await self.admin("POST", SEND, {"side": side, "price": price, "qty": qty})

    async def arm(self, kind: str, **terms: Any) -> Any:
        """Arm a fault."""
        return await self.admin("POST", "/faults", {"kind": kind} | terms)

    async def truth(self) -> Any:
        """What the exchange itself knows about the account."""
        return await self.admin("GET", f"/oracle/{self.account}")

    def login(self, changes: dict[str, str] | None = None, *, in_s: bool = False) -> dict[str, Any]:
        """The first message of a private websocket."""
        changes = changes or {}
        stamp = changes.get("timestamp", str(now_ms() // (1000 if in_s else 1)))
        arg = {
            "apiKey": self.key.api_key,
            "passphrase": self.key.passphrase,
            "timestamp": stamp,
            "sign": sign(self.key, f"{stamp}GET/user/verify"),
        }
        return {"op": "login", "args": [arg | changes]}


async def received(socket: ClientConnection) -> Any:
    """The next frame, within a limit; JSON is decoded."""
    async with asyncio.timeout(PATIENCE_S):
        raw = await socket.recv()
    return msgspec.json.decode(raw) if raw[:1] == "{" else raw


async def say(socket: ClientConnection, message: Any) -> None:
    """Send a message."""
    await socket.send(msgspec.json.encode(message).decode())


async def hear(socket: ClientConnection, *channels: str) -> Any:
    """The next row of these channels (all without) that is pushed."""
    while True:
        frame = await received(socket)
        arg = frame.get("arg", {})
        name = arg.get("channel") or arg.get("topic")
        if "data" in frame and (not channels or name in channels):
            return frame["data"][0] if isinstance(frame["data"], list) else frame["data"]


async def listen(client: Client, socket: ClientConnection, *args: dict[str, str]) -> None:
    """Log in and subscribe; every subscription is acknowledged in the same words."""
    await say(socket, client.login())
    assert await received(socket) == {"event": "login", "code": "0", "msg": ""}
    await say(socket, {"op": "subscribe", "args": args})
    left = list(args)
    while left:
        frame = await received(socket)
        if frame.get("event") == "subscribe":
            left.remove(frame["arg"])


def socket_to(client: Client, path: str = "/v2/ws/private") -> connect:
    """A websocket that never pings by itself."""
    return connect(client.urls["WS_URL"] + path, ping_interval=None)


def table(venue: str, **changes: Any) -> BitgetConfig:
    """ETHUSDT and BTCUSDT; bob signs by RSA and is in hedge mode where there is one."""
    coins = {"USDT": "10000"} | ({"ETH": "10"} if venue == SPOT else {})
    terms: dict[str, Any] = {"lot": "0.001"} if venue == FUTURES else {}
    fields: dict[str, Any] = {
        "instruments": [
            InstrumentConfig(symbol=SYMBOL, base="ETH", **LEVELS, **terms),
            InstrumentConfig(symbol="BTCUSDT", base="BTC", **LEVELS, **terms),
        ],
        "accounts": [
            CoinAccountConfig(name="alice", balances=coins),
            CoinAccountConfig(
                name="bob", balances=coins, key_type="rsa", hedge_mode=venue == FUTURES
            ),
        ],
        "fill_frames": "after",
    }
    return BitgetConfig(**fields | changes)


@asynccontextmanager
async def a_market(
    venue: str = SPOT, account: str = "alice", **changes: Any
) -> AsyncIterator[Client]:
    """A member's client on a running exchange."""
    tables: dict[str, Any] = {venue: table(venue, **changes)}
    async with (
        await serve(PaperConfig(tick_ms=10, **tables)) as server,
        aiohttp.ClientSession() as http,
    ):
        yield Client(server, http, venue, account)
