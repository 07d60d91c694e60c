"""What the paper exchange's tests are made of: a small exchange, and a client that signs."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from websockets.asyncio.client import ClientConnection, connect

from daemon.paper.admission import add_account, add_market, make_venue
from daemon.paper.clock import ManualClock
from daemon.paper.config import AccountConfig, PaperConfig, SeedConfig
from daemon.paper.credentials import Credential
from daemon.paper.desk import NewOrder
from daemon.paper.kalshi.context import Venue
from daemon.paper.listing import MarketSpec
from daemon.paper.model import Order, Owner, SelfTrade, Side, TimeInForce
from daemon.paper.server import PaperServer, serve

TICKER = "KXT-26-A"
ALICE, BOB = Owner("alice"), Owner("bob")
GTC = TimeInForce.GOOD_TILL_CANCELED
IOC = TimeInForce.IMMEDIATE_OR_CANCEL
FOK = TimeInForce.FILL_OR_KILL


def a_venue(config: PaperConfig | None = None) -> tuple[Venue, ManualClock]:
    """An exchange without a socket: one market, alice and bob with 1000 dollars each."""
    clock = ManualClock()
    venue = make_venue(config or PaperConfig(), clock)
    add_market(venue, MarketSpec(ticker=TICKER, closes_in_s=3600, settlement_timer_s=10))
    for owner in (ALICE, BOB):
        add_account(venue, AccountConfig(name=owner.account, key_type="ed25519"))
    return venue, clock


def an_order(owner: Owner, side: str, qty: str, price: str, **terms: Any) -> NewOrder:
    """A GTC order unless told otherwise."""
    fields: dict[str, Any] = {
        "owner": owner,
        "ticker": TICKER,
        "side": Side(side),
        "qty": Decimal(qty),
        "price": Decimal(price),
        "time_in_force": GTC,
        "self_trade": SelfTrade.TAKER_AT_CROSS,
    }
    return NewOrder(**fields | terms)


def place(venue: Venue, owner: Owner, side: str, qty: str, price: str, **terms: Any) -> Order:
    """Place an order at the desk."""
    return venue.orders.place(an_order(owner, side, qty, price, **terms))


def sign(credential: Credential, text: str) -> str:
    """Sign as Kalshi's clients do."""
    key = serialization.load_pem_private_key(credential.private_pem.encode(), None)
    if isinstance(key, Ed25519PrivateKey):
        return base64.b64encode(key.sign(text.encode())).decode()
    assert isinstance(key, RSAPrivateKey)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    return base64.b64encode(key.sign(text.encode(), pss, hashes.SHA256())).decode()


def headers_for(credential: Credential, method: str, path: str, skew_ms: int = 0) -> dict[str, str]:
    """The three headers."""
    stamp = str(time.time_ns() // 1_000_000 + skew_ms)
    return {
        "KALSHI-ACCESS-KEY": credential.key_id,
        "KALSHI-ACCESS-TIMESTAMP": stamp,
        "KALSHI-ACCESS-SIGNATURE": sign(credential, f"{stamp}{method}{path}"),
    }


@dataclass
class Answer:
    """Status and decoded body."""

    status: int
    body: Any
    headers: dict[str, str]


class Client:
    """A member's REST and websocket client, and the operator's."""

    def __init__(self, server: PaperServer, http: aiohttp.ClientSession, account: str) -> None:
        self.server = server
        self._http = http
        self._credential = server.credential(account)

    async def call(
        self, method: str, path: str, body: Any = None, skew_ms: int = 0, raw: bytes = b""
    ) -> Answer:
        """A signed request; `path` without the prefix, with its query."""
        whole = f"/trade-api/v2{path}"
        headers = headers_for(self._credential, method, whole.partition("?")[0], skew_ms)
        url = self.server.rest_url.removesuffix("/trade-api/v2") + whole
        data = raw or (None if body is None else msgspec.json.encode(body))
        return await self._send(method, url, data, headers)

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        """An operator's request that must succeed."""
        data = None if body is None else msgspec.json.encode(body)
        found = await self._send(method, f"{self.server.admin_url}/admin{path}", data, {})
        assert found.status < 400, found
        return found.body

    async def refused(self, method: str, path: str, body: Any = None) -> str:
        """An operator's request that must be refused; the sentence."""
        data = None if body is None else msgspec.json.encode(body)
        found = await self._send(method, f"{self.server.admin_url}/admin{path}", data, {})
        assert found.status == 400
        return str(found.body["error"])

    async def order(
        self, side: str = "bid", count: str = "1.00", price: str = "0.5000", **terms: Any
    ) -> Answer:
        """Create an order, IoC unless told otherwise."""
        body: dict[str, Any] = {
            "ticker": TICKER,
            "side": side,
            "count": count,
            "price": price,
            "time_in_force": "immediate_or_cancel",
            "self_trade_prevention_type": "maker",
        }
        return await self.call("POST", "/portfolio/events/orders", body | terms)

    def socket(self) -> connect:
        """A signed websocket."""
        headers = headers_for(self._credential, "GET", "/trade-api/ws/v2")
        return connect(self.server.ws_url, additional_headers=headers, ping_interval=None)

    async def _send(
        self, method: str, url: str, data: bytes | None, headers: dict[str, str]
    ) -> Answer:
        async with self._http.request(
            method, url, data=data, headers=headers, allow_redirects=False
        ) as response:
            raw = await response.read()
            body = msgspec.json.decode(raw) if raw[:1] in (b"{", b"[") else None
            return Answer(response.status, body, dict(response.headers))


def a_config(**changes: Any) -> PaperConfig:
    """A small exchange over the wire: a book of 0.48/0.52, alice long 10, bob with cash."""
    market = MarketSpec(
        ticker=TICKER,
        settlement_timer_s=0,
        bids=[("0.48", "20"), ("0.45", "30")],
        asks=[("0.52", "20"), ("0.55", "30")],
    )
    seed = SeedConfig(ticker=TICKER, count="10", price="0.50")
    alice = AccountConfig(name="alice", key_type="ed25519", tier="prestige", positions=[seed])
    bob = AccountConfig(name="bob", key_type="ed25519", tier="prestige")
    fields: dict[str, Any] = {"markets": [market], "accounts": [alice, bob], "tick_ms": 10}
    return PaperConfig(**fields | changes)


@asynccontextmanager
async def a_client(config: PaperConfig | None = None) -> AsyncIterator[Client]:
    """Alice's client on a running exchange."""
    async with await serve(config or a_config()) as server, aiohttp.ClientSession() as http:
        yield Client(server, http, "alice")


async def say(socket: ClientConnection, **command: Any) -> None:
    """Send a command."""
    await socket.send(msgspec.json.encode(command).decode())


async def hear(socket: ClientConnection, *kinds: str) -> Any:
    """The next frame of one of these types; others are passed over."""
    while True:
        text = await socket.recv()
        assert isinstance(text, str)
        assert text.endswith("\n")
        frame = msgspec.json.decode(text)
        if not kinds or frame["type"] in kinds:
            return frame
