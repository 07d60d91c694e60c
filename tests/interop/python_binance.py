"""python-binance against the paper Binance, spot and USD-M, held against the oracle.

Run by the interpreter of .interop/python_binance, with the addresses and keys of the run.
"""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from binance import AsyncClient, BinanceSocketManager  # type: ignore[import-not-found]
from binance.exceptions import BinanceAPIException  # type: ignore[import-not-found]

from tests.interop.coin_door import SYMBOL, CoinDoor
from tests.interop.sheet import MismatchError, Sheet, same

D = Decimal
PATIENCE_S = 10
Row = dict[str, Any]
LIMIT = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}


async def next_event(socket: Any, *kinds: str) -> Row:
    """The next event of these kinds."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            event: Row = await socket.recv()
            if event.get("e") in kinds:
                return event


async def refused(call: Any, code: int) -> None:
    """A request that must be refused with a code."""
    try:
        await call
    except BinanceAPIException as error:
        same("code", error.code, code)
    else:
        raise MismatchError(f"{code} was expected, the exchange took it")


async def spot(client: Any, door: CoinDoor, sheet: Sheet) -> None:
    """Spot."""
    door.fresh_book()
    with sheet.check("spot: create_order FULL, its fills"):
        made = await client.create_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity="3")
        same("status", made["status"], "FILLED")
        wanted = door.fills()
        same("ids", [f["tradeId"] for f in made["fills"]], [f["trade_id"] for f in wanted])
        same("fee", sum(D(f["commission"]) for f in made["fills"]),
             sum((D(f["fee"]) for f in wanted), D(0)))  # fmt: skip
    with sheet.check("spot: get_my_trades, get_account"):
        trades = await client.get_my_trades(symbol=SYMBOL)
        same("ids", [t["id"] for t in trades], [f["trade_id"] for f in door.fills()])
        account = await client.get_account()
        for row in account["balances"]:
            same(row["asset"], D(row["free"]) + D(row["locked"]), door.balance(row["asset"]))
    with sheet.check("spot: what is refused"):
        await refused(client.create_order(**LIMIT, quantity="5000", price="2400"), -2010)
        await refused(client.get_order(symbol=SYMBOL, orderId=1), -2013)
        await refused(client.cancel_order(symbol=SYMBOL, orderId=1), -2011)
        await refused(client.create_order(**LIMIT, quantity="1", price="2400.001"), -1013)
    with sheet.check("spot: ws_create_order, ws_cancel_order"):
        made = await client.ws_create_order(**LIMIT, quantity="1", price="2300")
        same("status", made["status"], "NEW")
        gone = await client.ws_cancel_order(symbol=SYMBOL, orderId=made["orderId"])
        same("status", gone["status"], "CANCELED")


async def spot_stream(client: Any, door: CoinDoor, sheet: Sheet) -> None:
    """Spot's user data."""
    manager = BinanceSocketManager(client)
    async with manager.user_socket() as socket:
        with sheet.check("spot: user_socket: NEW, three partial fills, the account"):
            door.no_bids()
            known = len(door.fills())
            made = await client.create_order(**LIMIT, quantity="1", price="2400")
            event = await next_event(socket, "executionReport")
            same("x", event["x"], "NEW")
            for qty in ("0.4", "0.35", "0.25"):
                door.sweep("ask", "2400", qty)
                event = await next_event(socket, "executionReport")
                same("l", D(event["l"]), D(qty))
                fill = door.fills()[-1]
                same("t", event["t"], fill["trade_id"])
                same("n", D(event["n"]), D(fill["fee"]))
            same("X", event["X"], "FILLED")
            same("fills", len(door.fills()) - known, 3)
            await next_event(socket, "outboundAccountPosition")
        with sheet.check("spot: user_socket: a cancel has the order's id in C"):
            made = await client.create_order(**LIMIT, quantity="1", price="2400")
            await client.cancel_order(symbol=SYMBOL, orderId=made["orderId"])
            event = {"x": ""}
            while event["x"] != "CANCELED":
                event = await next_event(socket, "executionReport")
            same("C", event["C"], made["clientOrderId"])


async def usdm(client: Any, door: CoinDoor, sheet: Sheet) -> None:
    """USD-M."""
    door.fresh_book()
    with sheet.check("usdm: futures_create_order, futures_account_trades"):
        terms = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "3"}
        made = await client.futures_create_order(**terms, newOrderRespType="RESULT")
        same("executedQty", D(made["executedQty"]), D(3))
        trades = await client.futures_account_trades(symbol=SYMBOL)
        wanted = door.fills()
        same("ids", [t["id"] for t in trades], [f["trade_id"] for f in wanted])
        same("commission", [D(t["commission"]) for t in trades], [D(f["fee"]) for f in wanted])
    with sheet.check("usdm: futures_position_information, futures_account_balance"):
        (position,) = await client.futures_position_information(symbol=SYMBOL)
        same("positionAmt", D(position["positionAmt"]), door.position())
        rows = await client.futures_account_balance()
        cash = next(row for row in rows if row["asset"] == "USDT")
        same("balance", D(cash["balance"]), door.balance("USDT"))
    with sheet.check("usdm: what is refused"):
        bid = {**LIMIT, "quantity": "1", "price": "2400"}
        await refused(client.futures_create_order(**bid | {"quantity": "900"}), -2019)
        await refused(client.futures_create_order(**bid, reduceOnly="true"), -2022)
        await refused(client.futures_get_order(symbol=SYMBOL, orderId=1), -2013)


async def usdm_stream(client: Any, door: CoinDoor, sheet: Sheet) -> None:
    """USD-M's user data."""
    manager = BinanceSocketManager(client)
    base = client.FUTURES_URL.removesuffix("/fapi").replace("http", "ws")
    manager.FSTREAM_URL = f"{base}/"
    async with manager.futures_user_socket() as socket:
        with sheet.check("usdm: futures_user_socket: three partial fills, twice each"):
            door.no_bids()
            made = await client.futures_create_order(**LIMIT, quantity="1", price="2400")
            event = await next_event(socket, "ORDER_TRADE_UPDATE")
            same("x", event["o"]["x"], "NEW")
            seen: dict[str, Row] = {}
            for qty in ("0.4", "0.35", "0.25"):
                door.sweep("ask", "2400", qty)
                seen.clear()
                while {"TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"} - seen.keys():
                    event = await next_event(
                        socket, "TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"
                    )
                    seen[event["e"]] = event
                same("t", seen["TRADE_LITE"]["t"], seen["ORDER_TRADE_UPDATE"]["o"]["t"])
                same("l", D(seen["ORDER_TRADE_UPDATE"]["o"]["l"]), D(qty))
                same("pa", D(seen["ACCOUNT_UPDATE"]["a"]["P"][0]["pa"]), door.position())
            same("X", seen["ORDER_TRADE_UPDATE"]["o"]["X"], "FILLED")
        with sheet.check("usdm: a cancel, then a liquidation that nobody placed"):
            made = await client.futures_create_order(**LIMIT, quantity="1", price="2300")
            await client.futures_cancel_order(symbol=SYMBOL, orderId=made["orderId"])
            row = {"x": ""}
            while row["x"] != "CANCELED":
                row = (await next_event(socket, "ORDER_TRADE_UPDATE"))["o"]
            close = {"symbol": SYMBOL, "price": "2000"}
            door.ask("POST", "/accounts/python_binance/close", close)
            while row["x"] != "CALCULATED":
                row = (await next_event(socket, "ORDER_TRADE_UPDATE"))["o"]
            same("c", row["c"].startswith("autoclose-"), True)
            same("position", door.position(), D(0))


async def run(arguments: list[str]) -> Sheet:
    """Both markets."""
    admin_url, spot_text, usdm_text = arguments
    sheet = Sheet("python-binance", version("python-binance"))
    urls = json.loads(spot_text)
    client: Any = AsyncClient(urls["API_KEY"], urls["API_SECRET"])
    client.API_URL = f"{urls['REST_URL']}/api"
    client.ws_api._url = urls["WS_URL"]
    try:
        door = CoinDoor(admin_url, "binance_spot", "python_binance")
        await spot(client, door, sheet)
        await spot_stream(client, door, sheet)
    finally:
        await client.close_connection()
    urls = json.loads(usdm_text)
    client = AsyncClient(urls["API_KEY"], urls["API_SECRET"])
    client.FUTURES_URL = f"{urls['REST_URL']}/fapi"
    try:
        door = CoinDoor(admin_url, "binance_usdm", "python_binance")
        await usdm(client, door, sheet)
        await usdm_stream(client, door, sheet)
    finally:
        await client.close_connection()
    return sheet


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1:-1])).write(Path(sys.argv[-1]))
