"""Classic spot over REST: orders, reads, refusals, each with its body, and the oracle beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.paper.bitget.errors import MIX, SPOT, UTA
from daemon.paper.crypto.config import CoinAccountConfig
from daemon.paper.crypto.refusal import Why
from tests.paper.bitget.builders import SYMBOL, Answer, Client, a_market

TRADE = "/api/v2/spot/trade"


async def place(client: Client, **changes: Any) -> Answer:
    """A limit bid at 2400, unless told otherwise; None leaves a parameter out."""
    terms = {"symbol": SYMBOL, "side": "buy", "orderType": "limit", "force": "GTC"}
    params = terms | {"size": "1", "price": "2400"} | changes
    return await client.post(
        f"{TRADE}/place-order", **{k: v for k, v in params.items() if v is not None}
    )


async def info(client: Client, **params: Any) -> Any:
    return (await client.get(f"{TRADE}/orderInfo", **params)).data


async def test_a_sweep_is_answered_with_ids_and_everything_agrees() -> None:
    async with a_market() as alice:
        made = (await place(alice, size="3", price="2502", force="ioc", clientOid="mine")).data
        assert made == {"orderId": made["orderId"], "clientOid": "mine"}
        (row,) = await info(alice, clientOid="mine")
        assert (row["status"], row["baseVolume"], row["quoteVolume"]) == ("filled", "3", "7504")
        fees = msgspec.json.decode(row["feeDetail"])
        assert fees["ETH"]["totalFee"] == fees["newFees"]["t"] == -0.003
        fills = (await alice.get(f"{TRADE}/fills", symbol=SYMBOL)).data
        assert [(f["priceAvg"], f["size"], f["amount"]) for f in fills] == [
            ("2502", "1", "2502"),
            ("2501", "2", "5002"),
        ]
        assert [f["feeDetail"] for f in fills] == [
            {"deduction": "no", "feeCoin": "ETH", "totalDeductionFee": "", "totalFee": "-0.001"},
            {"deduction": "no", "feeCoin": "ETH", "totalDeductionFee": "", "totalFee": "-0.002"},
        ]
        assert {f["tradeScope"] for f in fills} == {"taker"}
        rows = (await alice.get("/api/v2/spot/account/assets")).data
        assert {r["coin"]: (r["available"], r["frozen"]) for r in rows} == {
            "USDT": ("2496", "0"),
            "ETH": ("12.997", "0"),
        }
        truth = await alice.truth()
        told = {str(f["trade_id"]): (f["qty"], f["fee"]) for f in truth["fills"]}
        assert {f["tradeId"]: (f["size"], f["feeDetail"]["totalFee"][1:]) for f in fills} == told
        assert truth["balances"]["ETH"]["total"] == "12.997"


async def test_a_resting_order_is_read_traded_and_canceled() -> None:
    async with a_market() as alice:
        made = (await place(alice, clientOid="x")).data
        await alice.sweep("ask", "2400", "0.4")
        (opened,) = (await alice.get(f"{TRADE}/unfilled-orders", symbol=SYMBOL)).data
        assert (opened["status"], opened["baseVolume"]) == ("partially_filled", "0.4")
        # The venue's own name here: the price that was asked for.
        assert (opened["priceAvg"], "price" in opened) == ("2400", False)
        (usdt,) = (await alice.get("/api/v2/spot/account/assets", coin="usdt")).data
        assert (usdt["available"], usdt["frozen"]) == ("7600", "1440")
        gone = await alice.post(f"{TRADE}/cancel-order", symbol=SYMBOL, orderId=made["orderId"])
        assert gone.data == made
        again = await alice.post(f"{TRADE}/cancel-order", symbol=SYMBOL, orderId=made["orderId"])
        assert again.code == "45129"
        assert (await alice.get(f"{TRADE}/unfilled-orders")).data == []
        (past,) = (await alice.get(f"{TRADE}/history-orders", symbol=SYMBOL)).data
        assert (past["status"], past["cancelReason"]) == ("cancelled", "normal_cancel")
        assert (past["baseVolume"], past["size"]) == ("0.4", "1")


@pytest.mark.parametrize(
    ("changes", "code", "msg"),
    [
        ({"symbol": "NONE"}, "40034", "Parameter symbol does not exist"),
        ({"symbol": None}, "40019", "Parameter symbol cannot be empty"),
        ({"side": "up"}, "40020", "Parameter side error"),
        ({"orderType": None}, "40019", "Parameter orderType cannot be empty"),
        ({"force": None}, "40019", "Parameter force cannot be empty"),
        ({"price": None}, "40019", "Parameter price cannot be empty"),
        ({"size": "a"}, "40020", "Parameter size error"),
        ({"price": "2400.001"}, "43028", "Please enter an integer multiple of 0.01 for price"),
        ({"size": "1.00001"}, "40808", "Parameter verification exception size checkBDScale"),
        ({"size": "0.00001"}, "43006", "The order quantity is less than the minimum"),
        ({"size": "9999"}, "43007", "The order quantity is greater than the maximum"),
        ({"size": "0.001"}, "45110", "less than the minimum amount 5 USDT"),
        ({"size": "5"}, "43012", "Insufficient balance"),
        ({"clientOid": "a b"}, "40305", "Client_oid length is not greater than 50"),
    ],
)
async def test_a_refused_order(changes: dict[str, Any], code: str, msg: str) -> None:
    async with a_market() as alice:
        found = await place(alice, **changes)
        assert (found.status, found.code) == (400, code)
        assert found.body["msg"].startswith(msg)
        assert (await alice.truth())["orders"] == []


def test_every_reason_that_a_market_can_have_has_its_words() -> None:
    futures = set(Why) - {Why.FOK, Why.POST_ONLY, Why.NO_CHANGE}
    assert set(MIX) == set(UTA) == futures
    assert set(SPOT) == futures - {Why.REDUCE_ONLY, Why.POSITION_SIDE, Why.MODE_IN_USE}


@pytest.mark.parametrize(
    ("changes", "filled"),
    [
        ({"price": "2501", "force": "ioc", "size": "3"}, "2"),
        ({"price": "2501", "force": "fok", "size": "3"}, "0"),
        ({"price": "2501", "force": "post_only"}, "0"),
    ],
)
async def test_what_cannot_stay_is_accepted_and_then_canceled(
    changes: dict[str, Any], filled: str
) -> None:
    async with a_market() as alice:
        made = (await place(alice, **changes)).data
        (row,) = await info(alice, orderId=made["orderId"])
        assert (row["status"], row["baseVolume"]) == ("cancelled", filled)
        assert (row["feeDetail"] == "") is (filled == "0")


async def test_the_size_of_a_market_buy_is_money() -> None:
    async with a_market() as alice:
        terms: dict[str, Any] = {"orderType": "market", "price": None, "force": None}
        made = (await place(alice, **terms, size="500")).data
        (row,) = await info(alice, orderId=made["orderId"])
        assert (row["size"], row["baseVolume"], row["price"]) == ("500", "0.1999", "0")
        sold = (await place(alice, **terms, size="2", side="sell")).data
        (row,) = await info(alice, orderId=sold["orderId"])
        assert (row["baseVolume"], row["priceAvg"]) == ("2", "2499")


@pytest.mark.parametrize("lifetime", ["while_open", "for_ever"])
async def test_a_client_id_is_taken_while_its_order_is_open_or_for_ever(lifetime: str) -> None:
    async with a_market(client_ids=lifetime) as alice:
        made = (await place(alice, clientOid="y", price="2502", force="ioc")).data
        again = await place(alice, clientOid="y")
        assert again.code == ("00000" if lifetime == "while_open" else "43118")
        assert (await place(alice, clientOid="x")).data["clientOid"] == "x"
        again = await place(alice, clientOid="x")
        assert (again.status, again.code) == (400, "43118")
        received = (await alice.truth())["client_order_ids"]["x"]
        assert (received["times"], received["identical"]) == (2, True)
        assert received["answers"] == {"created": 1, "duplicate_id": 1}
        assert (await place(alice)).data["clientOid"]
        found = (await info(alice, clientOid="y"))[0]["orderId"]
        assert (found == made["orderId"]) is (lifetime == "for_ever")


async def test_an_order_is_found_by_either_id_or_not_at_all() -> None:
    async with a_market() as alice:
        made = (await place(alice, clientOid="x")).data
        assert await info(alice, orderId="1") == []
        assert await info(alice, clientOid="y") == []
        assert (await alice.get(f"{TRADE}/orderInfo")).code == "40019"
        for params in ({"clientOid": "x"}, {"orderId": made["orderId"]}):
            assert [row["clientOid"] for row in await info(alice, **params)] == ["x"]
        gone = await alice.post(f"{TRADE}/cancel-order", symbol=SYMBOL, clientOid="y")
        assert (gone.status, gone.code) == (400, "43001")
        other = await alice.post(f"{TRADE}/cancel-order", symbol="BTCUSDT", clientOid="x")
        assert other.code == "43001"


async def test_fees_in_the_fee_coin_are_deductions() -> None:
    rich = CoinAccountConfig(name="alice", balances={"USDT": "9999", "BGB": "9"}, fee_coin="BGB")
    async with a_market(accounts=[rich], fee_coin_px="5") as alice:
        await place(alice, price="2501", force="ioc", clientOid="x")
        (fill,) = (await alice.get(f"{TRADE}/fills")).data
        # 0.1 % of 2501 USDT, a fifth off, at 5 USDT each.
        assert fill["feeDetail"] == {
            "deduction": "yes",
            "feeCoin": "BGB",
            "totalDeductionFee": "-0.40016",
            "totalFee": "-0.40016",
        }
        (row,) = await info(alice, clientOid="x")
        detail = msgspec.json.decode(row["feeDetail"])
        assert detail["BGB"]["deduction"] is True
        assert Decimal(str(detail["newFees"]["d"])) == Decimal("-0.40016")
        assert (await alice.truth())["balances"]["ETH"]["total"] == "1"
