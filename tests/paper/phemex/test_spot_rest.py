"""Spot over REST: scaled integers, orders, wallets, trades, against the oracle.

Drives daemon.paper.phemex.spot, daemon.paper.phemex.spot_orders, daemon.paper.phemex.spot_reads
and daemon.paper.phemex.spot_views.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from daemon.paper.crypto.config import CoinAccountConfig, InstrumentConfig
from tests.paper.phemex.builders import SPOT, a_market

E8 = 10**8
MARKET = {"ordType": "Market", "priceEp": None}
DATA = "/api-data/spots"


async def test_coins_are_bought_and_sold_and_everything_agrees() -> None:
    async with a_market(SPOT) as alice:
        ack = (await alice.place(**MARKET, baseQtyEv=3 * E8, clOrdID="first")).data
        assert (ack["ordStatus"], ack["cumBaseQtyEv"], ack["leavesBaseQtyEv"]) == ("Created", 0, 0)
        await alice.place(**MARKET, side="Sell")
        sold, second, first = await alice.get(f"{DATA}/trades")
        assert (first["execBaseQtyEv"], first["execPriceEp"]) == (2 * E8, 2501 * E8)
        assert (first["feeCurrency"], first["execFeeEv"]) == ("ETH", 200_000)
        assert (sold["feeCurrency"], sold["execFeeEv"]) == ("USDT", 249_900_000)
        assert (second["orderID"], second["execId"]) != (first["orderID"], first["execId"])
        (order,) = await alice.get(f"{DATA}/orders/by-order-id", orderID=ack["orderID"])
        assert (order["ordStatus"], order["cumBaseValueEv"]) == ("Filled", 3 * E8)
        assert (order["feeCurrency"], "clOrdID" in order) == ("2", False)
        wallets = {w["currency"]: w for w in (await alice.call("GET", "/spot/wallets")).data}
        truth = await alice.truth()
        for coin, wallet in wallets.items():
            assert Decimal(wallet["balanceEv"]).scaleb(-8) == Decimal(
                truth["balances"][coin]["total"]
            )
        rows = (await alice.get("/exchange/spot/order/trades"))["data"]["rows"]
        assert rows == [sold, second, first]


async def test_what_rests_is_locked_and_listed() -> None:
    async with a_market(SPOT) as alice:
        query: dict[str, Any] = {"symbol": alice.symbol, "clOrdID": "mine", "side": "Buy"}
        query |= {"qtyType": "ByBase", "baseQtyEv": E8, "priceEp": 2400 * E8}
        made = (await alice.call("PUT", "/spot/orders/create", **query)).data
        (row,) = (await alice.get("/spot/orders"))["data"]
        assert (row["ordStatus"], row["leavesBaseQtyEv"], row["clOrdID"]) == ("New", E8, "mine")
        (usdt,) = (await alice.call("GET", "/spot/wallets", currency="USDT")).data
        assert (usdt["balanceEv"], usdt["lockedTradingBalanceEv"]) == (10_000 * E8, 2400 * E8)
        ids = {"symbol": alice.symbol, "orderID": made["orderID"]}
        assert (await alice.call("PUT", "/spot/orders", **ids)).code == 412
        changed = (await alice.call("PUT", "/spot/orders", **ids, baseQtyEv=2 * E8)).data
        assert changed["baseQtyEv"] == 2 * E8
        assert (await alice.get("/spot/orders/active", clOrdID="mine"))["data"]["baseQtyEv"]
        gone = (await alice.call("DELETE", "/spot/orders", **ids)).data
        assert (gone["ordStatus"], gone["action"]) == ("New", "Cancel")
        assert (await alice.call("DELETE", "/spot/orders", **ids)).code == 11062
        assert (await alice.get("/spot/orders"))["code"] == 10002
        assert (await alice.get("/spot/orders/active", clOrdID="mine"))["code"] == 10002
        assert (await alice.get("/spot/orders/active"))["code"] == 412
        await alice.place()
        everything = await alice.call("DELETE", "/spot/orders/all", symbol=alice.symbol)
        assert everything.data == {"total": 1}
        assert [o["ordStatus"] for o in await alice.get(f"{DATA}/orders")] == ["Canceled"] * 2


async def test_history_may_come_in_an_envelope() -> None:
    async with a_market(SPOT, history="envelope") as alice:
        await alice.place(**MARKET)
        assert len((await alice.get(f"{DATA}/trades"))["data"]) == 1
        assert len((await alice.get(f"{DATA}/orders"))["data"]) == 1


async def test_by_quote_quantity() -> None:
    async with a_market(SPOT) as alice:
        terms = {"qtyType": "ByQuote", "quoteQtyEv": 2600 * E8, "baseQtyEv": None}
        await alice.place(**MARKET, **terms)
        (trade,) = await alice.get(f"{DATA}/trades")
        assert (trade["execBaseQtyEv"], trade["quoteQtyEv"]) == (103_950_000, 2600 * E8)
        assert (await alice.place(**terms)).code == 11112


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": "ETHUSDT"}, 11027),
        ({"qtyType": None}, 412),
        ({"qtyType": "X"}, 11112),
        ({"baseQtyEv": None}, 412),
        ({"baseQtyEv": 1}, 11058),
        ({"baseQtyEv": 9 * E8}, 11106),
        ({"side": "Sell", "baseQtyEv": 11 * E8}, 11105),
        ({"priceEp": 240_000_000_001}, 30000),
        ({"priceEp": E8, "baseQtyEv": E8 // 2}, 11115),
        ({"priceEp": -1}, 30000),
        ({"stopPxEp": 1}, 30000),
    ],
)
async def test_a_refused_order(changes: dict[str, Any], code: int) -> None:
    async with a_market(SPOT) as alice:
        found = await alice.place(**changes)
        assert (found.status, found.code) == (200, code)
        assert (await alice.truth())["orders"] == []


async def test_scales_are_of_the_coin_and_of_the_symbol() -> None:
    shib = InstrumentConfig(
        symbol="sSHIBUSDT",
        base="SHIB",
        tick="0.00000001",
        lot="1",
        min_notional="1",
        max_qty="1000000000",
        asks=[("0.00002345", "900000")],
    )
    members = [CoinAccountConfig(name="alice", balances={"USDT": "100", "SHIB": "5.5"})]
    async with a_market(
        SPOT,
        instruments=[shib],
        accounts=members,
        value_scales={"SHIB": 2},
        price_scales={"sSHIBUSDT": 10},
    ) as alice:
        alice.symbol = "sSHIBUSDT"
        listed = (await alice.raw("GET", "/public/products", "", "", {})).data
        scales = {c["currency"]: c["valueScale"] for c in listed["currencies"]}
        assert scales == {"USDT": 8, "SHIB": 2}
        (row,) = listed["products"]
        assert (row["priceScale"], row["quoteTickSizeEv"], row["baseTickSizeEv"]) == (10, 100, 100)
        made = await alice.place(baseQtyEv=100_000_00, priceEp=234_500)
        assert made.data["priceEp"] == 234_500
        (trade,) = await alice.get(f"{DATA}/trades")
        assert (trade["execBaseQtyEv"], trade["execPriceEp"], trade["execFeeEv"]) == (
            *(100_000_00, 234_500, 100_00),
        )
        assert trade["execQuoteQtyEv"] == 234_500_000
        (wallet,) = (await alice.call("GET", "/spot/wallets", currency="SHIB")).data
        assert wallet["balanceEv"] == 99_905_50


async def test_a_fee_in_tokens() -> None:
    coins = {"USDT": "10000", "PT": "10"}
    members = [CoinAccountConfig(name="alice", balances=coins, fee_coin="PT")]
    async with a_market(SPOT, accounts=members, fee_coin_px="1") as alice:
        await alice.place(**MARKET)
        (trade,) = await alice.get(f"{DATA}/trades")
        assert (trade["feeCurrency"], trade["execFeeEv"]) == ("PT", 250_100_000)
