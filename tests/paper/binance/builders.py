"""A paper Binance on loopback and a client that signs by hand: nothing of daemon.venues."""

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
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from websockets.asyncio.client import ClientConnection, connect
from yarl import URL

from daemon.paper.binance.config import UsdmConfig
from daemon.paper.config import PaperConfig
from daemon.paper.crypto.config import CoinAccountConfig, CoinConfig, InstrumentConfig
from daemon.paper.crypto.keys import ApiKey
from daemon.paper.server import PaperServer, serve

SYMBOL = "ETHUSDT"
PATIENCE_S = 30
LEVELS: dict[str, Any] = {
    "bids": [("2499.00", "2"), ("2498.00", "3")],
    "asks": [("2501.00", "2"), ("2502.00", "3")],
}
Json = dict[str, Any]


@dataclass
class Answer:
    """Status, decoded body, headers."""

    status: int
    body: Any
    headers: dict[str, str]


def sign(key: ApiKey, payload: str) -> str:
    """The signature in the form of the key's type."""
    if key.pair is None:
        return hmac.new(key.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    private = serialization.load_pem_private_key(key.pair.private_pem.encode(), None)
    if isinstance(private, Ed25519PrivateKey):
        return base64.b64encode(private.sign(payload.encode())).decode()
    assert isinstance(private, RSAPrivateKey)
    raw = private.sign(payload.encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(raw).decode()


def now_ms() -> int:
    """The machine's clock."""
    return time.time_ns() // 1_000_000


class Client:
    """A member's requests to one market, and the operator's."""

    def __init__(
        self, server: PaperServer, http: aiohttp.ClientSession, venue: str, account: str = "alice"
    ) -> None:
        self.server = server
        self.venue = venue
        self.key = server.doors[venue].venue.keys[account]
        self.account = account
        self.urls = server.coin_urls[venue]
        self.base = self.urls["REST_URL"].replace("http://", "ws://")
        self._http = http

    async def call(
        self, method: str, path: str, *, signed: bool = True, in_body: bool = False, **params: Any
    ) -> Answer:
        """A request with its parameters in the query or in a form body."""
        headers = {"X-MBX-APIKEY": self.key.api_key} if signed else {}
        text = urlencode(params)
        if signed:
            params = {"timestamp": now_ms()} | params
            text = urlencode(params)
            text += f"&signature={quote(sign(self.key, text), safe='')}"
        return await self.raw(method, path, "" if in_body else text, text * in_body, headers)

    async def raw(
        self, method: str, path: str, query: str, body: str, headers: dict[str, str]
    ) -> Answer:
        """A request exactly as written."""
        url = self.urls["REST_URL"] + path + (f"?{query}" if query else "")
        if body:
            headers = headers | {"Content-Type": "application/x-www-form-urlencoded"}
        target = URL(url, encoded=True)
        async with self._http.request(
            method, target, data=body.encode() or None, headers=headers
        ) as response:
            raw = await response.read()
            found = msgspec.json.decode(raw) if raw[:1] in (b"{", b"[") else raw.decode()
            return Answer(response.status, found, dict(response.headers))

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        """An operator's request that must succeed."""
        url = f"{self.server.admin_url}/admin/{self.venue}{path}"
        data = None if body is None else msgspec.json.encode(body)
        async with self._http.request(method, url, data=data) as response:
            found = msgspec.json.decode(await response.read())
            assert response.status < 400, found
            return found

    async def arm(self, kind: str, **terms: Any) -> Any:
        """Arm a fault."""
        return await self.admin("POST", "/faults", {"kind": kind} | terms)

    async def truth(self) -> Any:
        """What the exchange itself knows about the account."""
        return await self.admin("GET", f"/oracle/{self.account}")

    def message(self, method: str, *, signed: bool = True, **params: Any) -> Json:
        """A request of the websocket API."""
        if signed:
            params = {"apiKey": self.key.api_key, "timestamp": now_ms()} | params
            payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
            params["signature"] = sign(self.key, payload)
        return {"id": method, "method": method, "params": params}


async def received(socket: ClientConnection) -> str | bytes:
    """The next frame, within a limit."""
    async with asyncio.timeout(PATIENCE_S):
        return await socket.recv()


async def ask(socket: ClientConnection, message: Json) -> Any:
    """Send a request and wait for its answer; events before it are passed over."""
    await socket.send(msgspec.json.encode(message).decode())
    while True:
        frame = msgspec.json.decode(await received(socket))
        if frame.get("id") == message["id"]:
            return frame


async def hear(socket: ClientConnection, *kinds: str) -> Any:
    """The next event of these types (all without), out of its wrapper."""
    while True:
        frame = msgspec.json.decode(await received(socket))
        event = frame.get("event", frame.get("data", frame))
        if not kinds or event.get("e") in kinds:
            return event


def socket_to(url: str) -> connect:
    """A websocket that never pings by itself."""
    return connect(url, ping_interval=None)


def spot_config(**changes: Any) -> CoinConfig:
    """ETHUSDT and BNBUSDT; alice with coins, bob signs by Ed25519, carol by RSA."""
    coins = {"USDT": "10000", "ETH": "10"}
    fields: dict[str, Any] = {
        "instruments": [
            InstrumentConfig(symbol=SYMBOL, base="ETH", **LEVELS),
            InstrumentConfig(symbol="BNBUSDT", base="BNB", **LEVELS),
        ],
        "accounts": [
            CoinAccountConfig(name="alice", balances=coins),
            CoinAccountConfig(name="bob", balances=coins, key_type="ed25519"),
            CoinAccountConfig(name="carol", balances=coins, key_type="rsa"),
        ],
    }
    return CoinConfig(**fields | changes)


def usdm_config(**changes: Any) -> UsdmConfig:
    """ETHUSDT; alice one-way, bob in hedge mode."""
    terms: dict[str, Any] = {"lot": "0.001", "maker_rate": "0.0002", "taker_rate": "0.0004"}
    fields: dict[str, Any] = {
        "instruments": [
            InstrumentConfig(symbol=SYMBOL, base="ETH", **LEVELS, **terms),
            InstrumentConfig(symbol="BTCUSDT", base="BTC", **LEVELS, **terms),
        ],
        "accounts": [
            CoinAccountConfig(name="alice", balances={"USDT": "10000"}),
            CoinAccountConfig(name="bob", balances={"USDT": "10000"}, hedge_mode=True),
        ],
        "account_frames": "after",
    }
    return UsdmConfig(**fields | changes)


@asynccontextmanager
async def a_market(
    venue: str = "binance_spot", account: str = "alice", **changes: Any
) -> AsyncIterator[Client]:
    """A member's client on a running exchange."""
    tables: dict[str, Any] = {}
    if venue == "binance_spot":
        tables[venue] = spot_config(**changes)
    else:
        tables[venue] = usdm_config(**changes)
    async with (
        await serve(PaperConfig(tick_ms=10, **tables)) as server,
        aiohttp.ClientSession() as http,
    ):
        yield Client(server, http, venue, account)
