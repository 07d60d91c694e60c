"""The seed document's three samples, a clock that counts, and fills of many kinds."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from daemon.core.terms import Account
from daemon.fill_handler.form import Context
from daemon.venues.phemex.product_wire import decode_products
from daemon.venues.phemex.wire import SPOT

VENUES = Path(__file__).resolve().parent.parent / "venues"

BINANCE = {
    "orderId": "123456789",
    "symbol": "BTCUSDT",
    "side": "BUY",
    "fills": [
        {
            "tradeId": "987654321",
            "qty": "0.001",
            "price": "50000.00",
            "commission": "0.000001",
            "commissionAsset": "BTC",
            "takerOrMaker": "taker",
        }
    ],
}
BITGET = {
    "orderId": "456789123",
    "tradeId": "321654987",
    "symbol": "BTCUSDT",
    "side": "SELL",
    "baseVolume": "0.002",
    "fillPrice": "51000.00",
    "fillFee": "0.102",
    "fillFeeCoin": "USDT",
    "tradeScope": "maker",
}
PHEMEX = {
    "orderID": "789123456",
    "execID": "147258369",
    "symbol": "BTCUSDT",
    "side": "BUY",
    "execQty": "0.003",
    "execPriceRp": "52000.00",
    "execFeeRv": "0.156",
    "feeCurrency": "USDT",
    "execStatus": "taker",
}


class Counting:
    """ports.Clock that goes a second on at each look at its wall clock; sleeps at once."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000_000_000_000
        self.slept: list[float] = []

    def wall_ns(self) -> int:
        self.wall += 1_000_000_000
        return self.wall

    def mono_ns(self) -> int:
        return self.wall

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def frame(venue: str, name: str) -> object:
    """A recorded message as plain JSON."""
    return json.loads((VENUES / venue / "frames" / f"{name}.json").read_text())


def context(*, hedged: bool | None = True) -> Context:
    products = decode_products((VENUES / "phemex/frames/products.json").read_bytes(), SPOT)
    return Context(
        account=Account("main"), receive_time_ns=1, mono_ns=1, hedged=hedged, products=products
    )


def placed(
    order_id: str,
    trade_id: int,
    qty: str,
    px: str = "100",
    fee: str = "0.1",
    *,
    symbol: str = "SOLUSDT",
    order: dict[str, object] | None = None,
) -> dict[str, object]:
    """A Binance spot order answer with one trade; `order` is what it says of the order itself."""
    trade = {"tradeId": trade_id, "qty": qty, "price": px, "commission": fee}
    return {
        "orderId": int(order_id),
        "symbol": symbol,
        "side": "BUY",
        **(order or {}),
        "fills": [{**trade, "commissionAsset": "USDT"}],
    }


def stands(qty: str, cum: str, status: str) -> dict[str, object]:
    """What an order answer says of the order itself."""
    return {
        "origQty": qty,
        "executedQty": cum,
        "status": status,
        "transactTime": 1_790_000_000_000,
        "price": "101",
    }


D = Decimal
