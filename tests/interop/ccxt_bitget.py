"""ccxt (pro) against the paper Bitget, USDT-futures; what it says is held against the oracle.

Run by the interpreter of .interop/ccxt, with the addresses and keys of the run.
"""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ccxt.pro as ccxtpro  # type: ignore[import-not-found]
from ccxt.base.errors import InsufficientFunds, NetworkError, OrderNotFound  # type: ignore[import-not-found]

from tests.interop.ccxt_binance import D, Drive, Row
from tests.interop.coin_door import SYMBOL, CoinDoor
from tests.interop.sheet import MismatchError, Sheet, same

TABLE = "bitget_usdt_futures"


def futures_client(urls: Row) -> Any:
    """ccxt's bitget with its addresses turned to the paper exchange."""
    client = ccxtpro.bitget(
        {
            "apiKey": urls["API_KEY"],
            "secret": urls["API_SECRET"],
            "password": urls["PASSPHRASE"],
            "enableRateLimit": False,
            "options": {"defaultType": "swap", "fetchCurrencies": False},
        }
    )
    client.has["fetchCurrencies"] = False
    client.options["fetchMarkets"] = {"types": ["swap"]}
    for name in client.urls["api"]:
        if name != "ws":
            client.urls["api"][name] = urls["REST_URL"]
    for name, part in (("public", "public"), ("private", "private")):
        client.urls["api"]["ws"][name] = f"{urls['WS_URL']}/v2/ws/{part}"
    return client


class BitgetDrive(Drive):
    """The same story as on Binance, in ccxt's Bitget words."""

    async def orders(self) -> None:
        """Place, query, list, cancel; a placing is answered with ids only."""
        self.door.fresh_book()
        with self.check("create_order market, fetch_order"):
            made = await self.client.create_order(self.symbol, "market", "buy", 3)
            seen = await self.client.fetch_order(made["id"], self.symbol)
            same("filled", D(str(seen["filled"])), D(3))
            same("status", seen["status"], "closed")
        with self.check("fetch_my_trades is the oracle's fills"):
            trades = await self.client.fetch_my_trades(self.symbol)
            wanted = {str(fill["trade_id"]): fill for fill in self.door.fills()}
            same("ids", {trade["id"] for trade in trades}, wanted.keys())
            for trade in trades:
                fill = wanted[trade["id"]]
                same("qty", D(str(trade["amount"])), D(fill["qty"]))
                same("price", D(str(trade["price"])), D(fill["price"]))
                same("fee", D(str(trade["fee"]["cost"])), D(fill["fee"]))
                same("fee coin", trade["fee"]["currency"], fill["fee_coin"])
                same("maker", trade["takerOrMaker"] == "maker", fill["is_maker"])
        with self.check("create_order limit, fetch_open_orders, cancel_order"):
            made = await self.client.create_order(self.symbol, "limit", "buy", 1, 2400)
            opened = await self.client.fetch_open_orders(self.symbol)
            same("open", [order["id"] for order in opened], [made["id"]])
            await self.client.cancel_order(made["id"], self.symbol)
            seen = await self.client.fetch_order(made["id"], self.symbol)
            same("status", seen["status"], "canceled")
        with self.check("IOC: the rest is canceled after it was accepted"):
            self.door.fresh_book()
            terms = {"timeInForce": "IOC"}
            made = await self.client.create_order(self.symbol, "limit", "buy", 2.5, 2501, terms)
            seen = await self.client.fetch_order(made["id"], self.symbol)
            same("filled", D(str(seen["filled"])), D(2))
            same("status", seen["status"], "canceled")
            same("oracle", self.door.order(made["id"])["ending"], "ioc_rest")

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
            self.door.arm("http_lose_after", endpoint="POST /api/v2/mix/order/place-order")
            terms = {"clientOrderId": "lost-1"}
            try:
                await self.client.create_order(self.symbol, "limit", "buy", 1, 2300, terms)
            except NetworkError:
                pass
            else:
                raise MismatchError("the lost answer was not lost")
            opened = await self.client.fetch_open_orders(self.symbol)
            (found,) = [order for order in opened if order["clientOrderId"] == "lost-1"]
            await self.client.cancel_order(found["id"], self.symbol)

    async def money(self) -> None:
        """Balances and positions."""
        with self.check("fetch_balance is the oracle's"):
            balance = await self.client.fetch_balance({"type": "swap"})
            wallet = next(row for row in balance["info"] if row["marginCoin"] == "USDT")
            same("USDT", D(wallet["available"]), self.door.balance("USDT"))
        with self.check("fetch_positions is the oracle's, reduceOnly closes it"):
            (position,) = await self.client.fetch_positions([self.symbol])
            same("contracts", D(str(position["contracts"])), self.door.position())
            same("side", position["side"], "long")
            self.door.ask("PUT", f"/instruments/{SYMBOL}/book", {"bids": [["2499", "50"]]})
            terms = {"reduceOnly": True}
            await self.client.create_order(
                self.symbol, "market", "sell", position["contracts"], None, terms
            )
            same("position", self.door.position(), D(0))


async def run(admin_url: str, urls: Row) -> Sheet:
    """One market."""
    sheet = Sheet("ccxt (bitget)", version("ccxt"))
    client = futures_client(urls)
    try:
        await BitgetDrive("usdt-futures", client, CoinDoor(admin_url, TABLE, "ccxt"), sheet).run()
    finally:
        await client.close()
    return sheet


if __name__ == "__main__":
    admin, settings, out = sys.argv[1:]
    asyncio.run(run(admin, json.loads(settings))).write(Path(out))
