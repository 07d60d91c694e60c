"""A paper Phemex on loopback and a client that signs by hand: nothing of daemon.venues."""

from __future__ import annotations

import asyncio
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
from websockets.asyncio.client import ClientConnection, connect
from yarl import URL

from daemon.paper.config import PaperConfig
from daemon.paper.crypto.config import CoinAccountConfig, InstrumentConfig
from daemon.paper.phemex.config import PhemexConfig
from daemon.paper.server import PaperServer, serve

SPOT, PERP = "phemex_spot", "phemex_usdt_perp"
SYMBOLS = {SPOT: "sETHUSDT", PERP: "ETHUSDT"}
NO_EXECUTION = "00000000-0000-0000-0000-000000000000"
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

    @property
    def code(self) -> int:
        """The envelope's code."""
        return int(self.body["code"])

    @property
    def data(self) -> Any:
        """What a success brought."""
        assert (self.status, self.body["code"]) == (200, 0), self.body
        return self.body["data"]


class Client:
    """A member's requests to one market, and the operator's."""

    def __init__(
        self, server: PaperServer, http: aiohttp.ClientSession, venue: str, account: str
    ) -> None:
        self.venue, self.account = venue, account
        self.symbol = SYMBOLS[venue]
        self.key = server.doors[venue].venue.keys[account]
        self.urls = server.coin_urls[venue]
        self.admin_url = server.admin_url
        self._http = http

    def sign(self, text: str) -> str:
        """HMAC-SHA256, lower-case hex."""
        return hmac.new(self.key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    async def call(self, method: str, path: str, **params: Any) -> Answer:
        """A signed request with its parameters in the query."""
        return await self.signed(method, path, urlencode(params), "")

    async def post(self, path: str, body: Json) -> Answer:
        """A signed request with a JSON body."""
        return await self.signed("POST", path, "", msgspec.json.encode(body).decode())

    async def signed(self, method: str, path: str, query: str, body: str) -> Answer:
        """A request that expires in a minute."""
        expiry = str(time.time_ns() // 10**9 + 60)
        headers = {
            "x-phemex-access-token": self.key.api_key,
            "x-phemex-request-expiry": expiry,
            "x-phemex-request-signature": self.sign(f"{path}{query}{expiry}{body}"),
        }
        return await self.raw(method, path, query, body, headers)

    async def get(self, path: str, **params: Any) -> Any:
        """A signed look-up of this symbol; the body."""
        return (await self.call("GET", path, symbol=self.symbol, **params)).body

    async def raw(
        self, method: str, path: str, query: str, body: str, headers: dict[str, str]
    ) -> Answer:
        """A request exactly as written."""
        target = URL(self.urls["REST_URL"] + path + (f"?{query}" if query else ""), encoded=True)
        async with self._http.request(
            method, target, data=body.encode() or None, headers=headers
        ) as response:
            raw = await response.read()
            found = msgspec.json.decode(raw) if raw[:1] in (b"{", b"[") else raw.decode()
            return Answer(response.status, found, dict(response.headers))

    async def place(self, **changes: Any) -> Answer:
        """A limit bid of 1 at 2400, unless told otherwise; None leaves a parameter out."""
        terms: Json = {"symbol": self.symbol, "side": "Buy", "ordType": "Limit"}
        if self.venue == PERP:
            terms |= {"posSide": "Merged", "orderQtyRq": "1", "priceRp": "2400"}
            path = "/g-orders"
        else:
            terms |= {"qtyType": "ByBase", "baseQtyEv": 10**8, "priceEp": 2400 * 10**8}
            path = "/spot/orders"
        body = {k: v for k, v in (terms | changes).items() if v is not None}
        return await self.post(path, body)

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        """An operator's request that must succeed."""
        url = f"{self.admin_url}/admin/{self.venue}{path}"
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

    async def sweep(self, side: str, price: str, qty: str) -> None:
        """Another trader takes."""
        body = {"side": side, "price": price, "qty": qty}
        await self.admin("POST", f"/instruments/{self.symbol}/orders", body)

    def socket(self) -> connect:
        """A websocket that never pings by itself."""
        return connect(self.urls["WS_URL"], ping_interval=None)

    def login(self, ahead_s: int = 60) -> Json:
        """`user.auth`."""
        expiry = time.time_ns() // 10**9 + ahead_s
        params = ["API", self.key.api_key, self.sign(f"{self.key.api_key}{expiry}"), expiry]
        return {"id": 1, "method": "user.auth", "params": params}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[ClientConnection]:
        """A connection that is logged in and subscribed; its snapshot is still to be read."""
        async with self.socket() as socket:
            assert (await ask(socket, self.login()))["result"] == {"status": "success"}
            channel = "aop_p" if self.venue == PERP else "wo"
            command = {"id": 2, "method": f"{channel}.subscribe", "params": []}
            assert (await ask(socket, command))["result"] == {"status": "success"}
            yield socket


async def received(socket: ClientConnection) -> Any:
    """The next frame, within a limit."""
    async with asyncio.timeout(PATIENCE_S):
        return msgspec.json.decode(await socket.recv())


async def ask(socket: ClientConnection, message: Json) -> Any:
    """Send a command and wait for its answer; pushes before it are passed over."""
    await socket.send(msgspec.json.encode(message).decode())
    while True:
        frame = await received(socket)
        if "id" in frame:
            return frame


async def rows_of(socket: ClientConnection, wanted: int, *path: str) -> list[Json]:
    """So many rows of one list, from one push or more."""
    found: list[Json] = []
    while len(found) < wanted:
        frame = await received(socket)
        assert frame["type"] == "incremental", frame
        for name in path:
            frame = frame.get(name, {})
        found += frame or []
    return found


def market_config(venue: str, **changes: Any) -> PhemexConfig:
    """ETH and BTC; alice one-way, bob in hedge mode."""
    spot = venue == SPOT
    rates: Json = {} if spot else {"maker_rate": "-0.0001", "taker_rate": "0.0006", "lot": "0.01"}
    names = ("sETHUSDT", "sBTCUSDT") if spot else ("ETHUSDT", "BTCUSDT")
    coins = {"USDT": "10000"} | ({"ETH": "10"} if spot else {})
    fields: Json = {
        "instruments": [
            InstrumentConfig(symbol=name, base=base, min_notional="1", **LEVELS, **rates)
            for name, base in zip(names, ("ETH", "BTC"), strict=True)
        ],
        "accounts": [
            CoinAccountConfig(name="alice", balances=coins),
            CoinAccountConfig(name="bob", balances=coins, hedge_mode=not spot),
        ],
        "rows": "together",
    }
    return PhemexConfig(**fields | changes)


@asynccontextmanager
async def a_market(venue: str, account: str = "alice", **changes: Any) -> AsyncIterator[Client]:
    """A member's client on a running exchange."""
    tables: Json = {venue: market_config(venue, **changes)}
    async with (
        await serve(PaperConfig(tick_ms=10, **tables)) as server,
        aiohttp.ClientSession() as http,
    ):
        yield Client(server, http, venue, account)
