"""ccxt (pro) against the paper Phemex, spot; what it says is held against the oracle.

Run by the interpreter of .interop/ccxt, with the address and key of the run. Execution ids are
UUIDs that the oracle does not know by: fills are compared in their order.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ccxt.pro as ccxtpro  # type: ignore[import-not-found]
from ccxt.base.errors import InsufficientFunds, NetworkError, OrderNotFound  # type: ignore[import-not-found]

from tests.interop.ccxt_binance import PARTS, D, Drive, Row, eventually, ids
from tests.interop.coin_door import CoinDoor
from tests.interop.sheet import MismatchError, Sheet, same

TABLE, PHEMEX_SYMBOL = "phemex_spot", "sETHUSDT"


def spot_client(urls: Row) -> Any:
    """ccxt's phemex with its addresses turned to the paper exchange."""
    client = ccxtpro.phemex(
        {
            "apiKey": urls["API_KEY"],
            "secret": urls["API_SECRET"],
            "enableRateLimit": False,
            "options": {"defaultType": "spot"},
        }
    )
    base = urls["REST_URL"]
    client.urls["api"].update({"v1": f"{base}/v1", "v2": base, "private": base})
    client.urls["api"].update({"public": f"{base}/exchange/public", "ws": urls["WS_URL"]})
    return client


def in_order(trades: Sequence[Row]) -> list[Row]:
    """Oldest first; those of one moment by their price, as a buyer takes them."""
    return sorted(trades, key=lambda trade: (trade["timestamp"], trade["price"]))


class PhemexDrive(Drive):
    """The same story as on Binance, in ccxt's Phemex words."""

    async def orders(self) -> None:
        """Place, query, list, cancel; a placing is an acknowledgement only."""
        self.door.fresh_book()
        with self.check("create_order market, fetch_order"):
            terms = {"qtyType": "ByBase"}
            made = await self.client.create_order(self.symbol, "market", "buy", 3, None, terms)
            seen = await self.client.fetch_order(made["id"], self.symbol)
            same("filled", D(str(seen["filled"])), D(3))
            same("status", seen["status"], "closed")
        with self.check("fetch_my_trades is the oracle's fills"):
            trades = in_order(await self.client.fetch_my_trades(self.symbol))
            self.same_fills(trades, self.door.fills())
        with self.check("create_order limit, fetch_open_orders, cancel_order"):
            made = await self.client.create_order(self.symbol, "limit", "buy", 1, 2400)
            opened = await self.client.fetch_open_orders(self.symbol)
            same("open", [order["id"] for order in opened], [made["id"]])
            await self.client.cancel_order(made["id"], self.symbol)
            seen = await self.client.fetch_order(made["id"], self.symbol)
            same("status", seen["status"], "canceled")
            same("none is open", await self.client.fetch_open_orders(self.symbol), [])
        with self.check("IOC: the rest is canceled after it was accepted"):
            self.door.fresh_book()
            terms = {"timeInForce": "ImmediateOrCancel"}
            made = await self.client.create_order(self.symbol, "limit", "buy", 2.5, 2501, terms)
            seen = await self.client.fetch_order(made["id"], self.symbol)
            same("filled", D(str(seen["filled"])), D(2))
            same("status", seen["status"], "canceled")
            same("oracle", self.door.truth()["orders"][-1]["ending"], "ioc_rest")

    def same_fills(self, trades: Sequence[Row], wanted: Sequence[Row]) -> None:
        """Each trade is the oracle's fill in its place; no two have one id."""
        same("how many", len({trade["id"] for trade in trades}), len(wanted))
        for trade, fill in zip(trades, wanted, strict=True):
            same("qty", D(str(trade["amount"])), D(fill["qty"]))
            same("price", D(str(trade["price"])), D(fill["price"]))
            same("fee", D(str(trade["fee"]["cost"])), D(fill["fee"]))
            same("fee coin", trade["fee"]["currency"], fill["fee_coin"])

    async def streams(self) -> None:
        """Partial fills as they come."""
        with self.check("watch_my_trades: every partial fill, once"):
            self.door.no_bids()
            async with self.hearing(self.client.watch_my_trades) as trades:
                made = await self.client.create_order(self.symbol, "limit", "buy", 1, 2400)
                known = len(self.door.fills())

                def heard() -> list[Row]:
                    own = [trade for trade in trades if trade["order"] == made["id"]]
                    return list({trade["id"]: trade for trade in own}.values())

                def has(number: int) -> bool:
                    return len(heard()) == number

                # Of two pushes that come before it is asked again, ccxt 4.5.90 yields only one.
                for number, qty in enumerate(PARTS, start=1):
                    self.door.sweep("ask", "2400", qty)
                    await eventually(f"trade {number}", partial(has, number))
            self.same_fills(heard(), self.door.fills()[known:])
            same("all are known by REST", ids(heard()) <= await self.known_ids(), True)
        with self.check("watch_orders: a cancel"):
            self.door.no_bids()
            async with self.hearing(self.client.watch_orders) as orders:
                made = await self.client.create_order(self.symbol, "limit", "buy", 1, 2400)
                await self.client.cancel_order(made["id"], self.symbol)
                await eventually(
                    "the cancel",
                    lambda: (made["id"], "canceled") in [(o["id"], o["status"]) for o in orders],
                )

    async def known_ids(self) -> set[str]:
        """What REST lists."""
        return ids(await self.client.fetch_my_trades(self.symbol))

    async def refusals(self) -> None:
        """Errors that the client has classes for."""
        with self.check("insufficient funds"):
            try:
                await self.client.create_order(self.symbol, "limit", "buy", 5000, 2400)
            except InsufficientFunds:
                pass
            else:
                raise MismatchError("an order without funds was taken")
        with self.check("an unknown order"):
            try:
                await self.client.fetch_order("1", self.symbol)
            except OrderNotFound:
                pass
            else:
                raise MismatchError("an order that is not there was found")
        with self.check("a lost answer: the order is found by its client id"):
            self.door.arm("http_lose_after", endpoint="POST /spot/orders")
            terms = {"clientOrderId": "lost-1"}
            try:
                await self.client.create_order(self.symbol, "limit", "buy", 1, 2300, terms)
            except NetworkError:
                pass
            else:
                raise MismatchError("the lost answer was not lost")
            found = await self.client.fetch_order(None, self.symbol, terms)
            same("status", found["status"], "open")
            await self.client.cancel_order(found["id"], self.symbol)

    async def money(self) -> None:
        """Balances: the total of a wallet counts what is locked."""
        with self.check("fetch_balance is the oracle's"):
            balance = await self.client.fetch_balance({"type": "spot"})
            for coin in ("USDT", "ETH"):
                same(coin, D(str(balance[coin]["total"])), self.door.balance(coin))


async def run(admin_url: str, urls: Row) -> Sheet:
    """One market."""
    sheet = Sheet("ccxt (phemex)", version("ccxt"))
    client = spot_client(urls)
    door = CoinDoor(admin_url, TABLE, "ccxt", PHEMEX_SYMBOL)
    try:
        await PhemexDrive("spot", client, door, sheet).run()
    finally:
        await client.close()
    return sheet


if __name__ == "__main__":
    admin, settings, out = sys.argv[1:]
    asyncio.run(run(admin, json.loads(settings))).write(Path(out))
