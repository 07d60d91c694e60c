"""ccxt (pro) against the paper Binance, spot and USD-M; what it says is held against the oracle.

Run by the interpreter of .interop/ccxt, with the addresses and keys of the run.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ccxt.pro as ccxtpro  # type: ignore[import-not-found]
from ccxt.base.errors import ExchangeError, InsufficientFunds, NetworkError, OrderNotFound  # type: ignore[import-not-found]

from tests.interop.coin_door import SYMBOL, CoinDoor
from tests.interop.sheet import MismatchError, Sheet, require, same

D = Decimal
PATIENCE_S = 10
OPENING_S = 0.5
PARTS = ("0.4", "0.35", "0.25")
Row = dict[str, Any]
Watch = Callable[[str], Awaitable[list[Row]]]


def spot_client(urls: Row) -> Any:
    """ccxt's binance with its addresses turned to the paper exchange."""
    client = ccxtpro.binance(
        {
            "apiKey": urls["API_KEY"],
            "secret": urls["API_SECRET"],
            "enableRateLimit": False,
            "options": {"fetchCurrencies": False, "fetchMargins": False},
        }
    )
    client.options["fetchMarkets"] = {"types": ["spot"]}
    for name in ("public", "private"):
        client.urls["api"][name] = f"{urls['REST_URL']}/api/v3"
    client.urls["api"]["ws"]["ws-api"]["spot"] = urls["WS_URL"]
    client.urls["api"]["ws"]["spot"] = urls["PUBLIC_WS_URL"]
    return client


def usdm_client(urls: Row) -> Any:
    """ccxt's binanceusdm likewise."""
    client = ccxtpro.binanceusdm(
        {
            "apiKey": urls["API_KEY"],
            "secret": urls["API_SECRET"],
            "enableRateLimit": False,
            "options": {"fetchCurrencies": False, "fetchMargins": False},
        }
    )
    client.options["fetchMarkets"] = {"types": ["linear"]}
    for side in ("Public", "Private"):
        for number in ("", "V2", "V3"):
            path = {"": "v1", "V2": "v2", "V3": "v3"}[number]
            client.urls["api"][f"fapi{side}{number}"] = f"{urls['REST_URL']}/fapi/{path}"
    base = urls["WS_URL"].removesuffix("/private/ws")
    client.urls["api"]["ws"]["linear"] = f"{base}/ws"
    return client


class Drive:
    """One market: the same story on both."""

    def __init__(self, name: str, client: Any, door: CoinDoor, sheet: Sheet) -> None:
        self.name, self.client, self.door, self.sheet = name, client, door, sheet
        self.symbol = "ETH/USDT" if name == "spot" else "ETH/USDT:USDT"

    def check(self, what: str) -> Any:
        """A line of the sheet."""
        return self.sheet.check(f"{self.name}: {what}")

    async def run(self) -> None:
        """All of it."""
        with self.check("load_markets"):
            await self.client.load_markets()
            market = self.client.market(self.symbol)
            same("tick", D(str(market["precision"]["price"])), D("0.01"))
            same("minimum cost", D(str(market["limits"]["cost"]["min"])), D(5))
        await self.orders()
        await self.streams()
        await self.refusals()
        await self.money()

    async def orders(self) -> None:
        """Place, query, list, cancel."""
        self.door.fresh_book()
        with self.check("create_order market: its fills"):
            made = await self.client.create_order(self.symbol, "market", "buy", 3)
            seen = await self.client.fetch_order(made["id"], self.symbol)
            same("filled", D(str(seen["filled"])), D(3))
            same("status", seen["status"], "closed")
        with self.check("fetch_my_trades is the oracle's fills"):
            trades = await self.client.fetch_my_trades(self.symbol)
            wanted = self.door.fills()
            same("ids", [t["id"] for t in trades], [str(f["trade_id"]) for f in wanted])
            for trade, fill in zip(trades, wanted, strict=True):
                same("qty", trade["amount"], D(fill["qty"]))
                same("price", trade["price"], D(fill["price"]))
                same("fee", trade["fee"]["cost"], D(fill["fee"]))
                same("fee coin", trade["fee"]["currency"], fill["fee_coin"])
                same("maker", trade["takerOrMaker"] == "maker", fill["is_maker"])
        with self.check("create_order limit, fetch_open_orders, cancel_order"):
            made = await self.client.create_order(self.symbol, "limit", "buy", 1, 2400)
            same("status", made["status"], "open")
            opened = await self.client.fetch_open_orders(self.symbol)
            same("open", [o["id"] for o in opened], [made["id"]])
            gone = await self.client.cancel_order(made["id"], self.symbol)
            same("status", gone["status"], "canceled")
        with self.check("IOC: the rest expires"):
            self.door.fresh_book()
            terms = {"timeInForce": "IOC"}
            made = await self.client.create_order(self.symbol, "limit", "buy", 2.5, 2501, terms)
            seen = await self.client.fetch_order(made["id"], self.symbol)
            same("filled", D(str(seen["filled"])), D(2))
            same("oracle", self.door.order(made["id"])["ending"], "ioc_rest")

    @asynccontextmanager
    async def hearing(self, watch: Watch) -> AsyncIterator[list[Row]]:
        """All that a watch yields meanwhile; it begins when the stream has had time to open."""
        heard: list[Row] = []

        async def listen() -> None:
            while True:
                heard.extend(await watch(self.symbol))

        async with asyncio.TaskGroup() as group:
            task = group.create_task(listen(), name="watch")
            await asyncio.sleep(OPENING_S)
            yield heard
            task.cancel()

    async def streams(self) -> None:
        """Partial fills as they come."""
        with self.check("watch_my_trades: every partial fill, once"):
            self.door.no_bids()
            async with self.hearing(self.client.watch_my_trades) as trades:
                made = await self.client.create_order(self.symbol, "limit", "buy", 1, 2400)
                known = len(self.door.fills())
                for qty in PARTS:
                    self.door.sweep("ask", "2400", qty)
                await eventually("three trades", lambda: len(ids(trades)) == len(PARTS))
            wanted = self.door.fills()[known:]
            same("ids", ids(trades), {str(f["trade_id"]) for f in wanted})
            seen = {trade["id"]: trade for trade in trades}
            for fill in wanted:
                trade = seen[str(fill["trade_id"])]
                same("order", trade["order"], made["id"])
                same("qty", trade["amount"], D(fill["qty"]))
                same("fee", trade["fee"]["cost"], D(fill["fee"]))
                same("fee coin", trade["fee"]["currency"], fill["fee_coin"])
        with self.check("watch_orders: a cancel"):
            self.door.no_bids()
            async with self.hearing(self.client.watch_orders) as orders:
                made = await self.client.create_order(self.symbol, "limit", "buy", 1, 2400)
                await self.client.cancel_order(made["id"], self.symbol)
                await eventually(
                    "the cancel",
                    lambda: (made["id"], "canceled") in [(o["id"], o["status"]) for o in orders],
                )

    async def refusals(self) -> None:
        """Errors that the client has classes for."""
        with self.check("insufficient funds, unknown order"):
            try:
                await self.client.create_order(self.symbol, "limit", "buy", 5000, 2400)
            except ExchangeError as error:
                self.funds(error)
            else:
                raise MismatchError("an order without funds was taken")
            try:
                await self.client.fetch_order("1", self.symbol)
            except OrderNotFound:
                pass
            else:
                raise MismatchError("an order that is not there was found")
        with self.check("a lost answer: the order is found by its client id"):
            path = "/api/v3/order" if self.name == "spot" else "/fapi/v1/order"
            self.door.arm("http_lose_after", endpoint=f"POST {path}")
            terms = {"clientOrderId": "lost-1"}
            try:
                await self.client.create_order(self.symbol, "limit", "buy", 1, 2300, terms)
            except NetworkError:
                pass
            else:
                raise MismatchError("the lost answer was not lost")
            found = await self.client.fetch_order(
                None, self.symbol, {"origClientOrderId": "lost-1"}
            )
            same("status", found["status"], "open")
            await self.client.cancel_order(found["id"], self.symbol)

    def funds(self, error: ExchangeError) -> None:
        """USD-M's codes have names in ccxt only where the address begins like the real one."""
        if self.name == "spot":
            require(isinstance(error, InsufficientFunds), f"{error!r}")
            return
        require('"code":-2019' in str(error), f"{error!r}")
        if not isinstance(error, InsufficientFunds):
            self.sheet.note(
                "error classes", f"ccxt picks USD-M's by the address: {type(error).__name__} here"
            )

    async def money(self) -> None:
        """Balances and positions."""
        with self.check("fetch_balance is the oracle's"):
            balance = await self.client.fetch_balance()
            if self.name == "spot":
                for coin in ("USDT", "ETH"):
                    same(coin, D(str(balance[coin]["total"])), self.door.balance(coin))
            else:
                wallet = next(a for a in balance["info"]["assets"] if a["asset"] == "USDT")
                same("USDT", D(wallet["walletBalance"]), self.door.balance("USDT"))
        if self.name == "spot":
            return
        with self.check("fetch_positions is the oracle's, reduceOnly closes it"):
            (position,) = await self.client.fetch_positions([self.symbol])
            same("contracts", D(str(position["contracts"])), self.door.position())
            self.door.fresh_book()
            self.door.ask("PUT", f"/instruments/{SYMBOL}/book", {"bids": [["2499", "50"]]})
            terms = {"reduceOnly": True}
            await self.client.create_order(
                self.symbol, "market", "sell", position["contracts"], None, terms
            )
            same("position", self.door.position(), D(0))


def ids(trades: list[Row]) -> set[str]:
    """Their ids."""
    return {trade["id"] for trade in trades}


async def eventually(what: str, is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = asyncio.get_running_loop().time() + PATIENCE_S
    while not is_so():
        if asyncio.get_running_loop().time() > end:
            raise MismatchError(f"{what}: not within {PATIENCE_S} s")
        await asyncio.sleep(0.02)


async def run(arguments: list[str]) -> Sheet:
    """Both markets."""
    admin_url, spot, usdm = arguments
    sheet = Sheet("ccxt", version("ccxt"))
    for name, venue, make, text in (
        ("spot", "binance_spot", spot_client, spot),
        ("usdm", "binance_usdm", usdm_client, usdm),
    ):
        client = make(json.loads(text))
        try:
            await Drive(name, client, CoinDoor(admin_url, venue, "ccxt"), sheet).run()
        finally:
            await client.close()
    return sheet


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1:-1])).write(Path(sys.argv[-1]))
