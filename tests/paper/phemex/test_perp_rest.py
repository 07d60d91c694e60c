"""USDT perpetuals over REST: orders, positions, lists, refusals, against the oracle.

Drives daemon.paper.phemex.perp, daemon.paper.phemex.perp_orders, daemon.paper.phemex.perp_reads,
daemon.paper.phemex.perp_views, daemon.paper.phemex.placing and daemon.paper.phemex.calls.
"""

from __future__ import annotations

from typing import Any

import pytest

from daemon.paper.crypto.config import CoinAccountConfig
from daemon.paper.crypto.refusal import Why
from daemon.paper.phemex.errors import NEVER, REFUSALS
from tests.paper.phemex.builders import PERP, a_market

MARKET = {"ordType": "Market", "priceRp": None}
DATA = "/api-data/g-futures"


async def test_a_position_is_opened_and_closed_and_everything_agrees() -> None:
    async with a_market(PERP) as alice:
        ack = (await alice.place(**MARKET, orderQtyRq="3", clOrdID="open-1")).data
        assert (ack["ordStatus"], ack["execStatus"], ack["cumQtyRq"]) == (
            *("Created", "PendingNew", "0"),
        )
        await alice.place(**MARKET, side="Sell", reduceOnly=True)
        trades = await alice.get(f"{DATA}/trades")
        truth = await alice.truth()
        assert [(t["execQtyRq"], t["execFeeRv"], t["execStatus"]) for t in trades[::-1]] == [
            ("2", "3.0012", "TakerFill"),
            ("1", "1.5012", "TakerFill"),
            ("1", "1.4994", "TakerFill"),
        ]
        assert len({t["execID"] for t in trades}) == 3
        assert trades[0]["closedPnlRv"] == "-2.33333333"
        assert [t["execPriceRp"] for t in trades[::-1]] == [f["price"] for f in truth["fills"]]
        (row,) = await alice.get(f"{DATA}/orders/by-order-id", clOrdID="open-1")
        assert (row["orderId"], row["ordStatus"], row["cumQtyRq"]) == (
            *(ack["orderID"], "Filled", "3"),
        )
        found = (await alice.call("GET", "/g-accounts/accountPositions", currency="USDT")).data
        assert found["account"]["accountBalanceRv"] == truth["balances"]["USDT"]["total"]
        held = {p["symbol"]: (p["side"], p["size"], p["posSide"]) for p in found["positions"]}
        assert held == {
            "ETHUSDT": ("Buy", "2", "Merged"),
            "BTCUSDT": ("None", "0", "Merged"),
        }
        profits = (await alice.call("GET", "/g-accounts/positions", currency="USDT")).data
        assert [p["sizeRq"] for p in profits["positions"]] == ["2", "0"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": "NONE"}, 11027),
        ({"symbol": None}, 412),
        ({"priceRp": "2400.001"}, 30000),
        ({"orderQtyRq": "1.001"}, 30000),
        ({"orderQtyRq": "9999"}, 11056),
        ({"orderQtyRq": "0"}, 11058),
        ({"orderQtyRq": "90"}, 11001),
        ({"orderQtyRq": None}, 412),
        ({"orderQtyRq": "x"}, 30000),
        ({"priceRp": None}, 412),
        ({"reduceOnly": True}, 11011),
        ({"reduceOnly": "maybe"}, 30000),
        ({"posSide": "Long"}, 20004),
        ({"posSide": "Long", "reduceOnly": True}, 11011),
        ({"posSide": None}, 412),
        ({"side": "Up"}, 11034),
        ({"ordType": "Stop", "stopPxRp": "2000"}, 30000),
        ({"ordType": "Stop"}, 11035),
        ({"timeInForce": "X"}, 11036),
        ({"clOrdID": "x" * 41}, 30000),
    ],
)
async def test_a_refused_order_is_a_code_under_http_200(changes: dict[str, Any], code: int) -> None:
    async with a_market(PERP) as alice:
        found = await alice.place(**changes)
        assert (found.status, found.code, found.body["data"]) == (200, code, None)
        assert (await alice.truth())["orders"] == []


def test_every_reason_has_its_words() -> None:
    assert set(REFUSALS) | NEVER == set(Why)


async def test_an_order_is_listed_amended_and_canceled() -> None:
    async with a_market(PERP) as alice:
        query = {"symbol": alice.symbol, "clOrdID": "mine", "side": "Buy", "posSide": "Merged"}
        terms = {"orderQtyRq": "1", "priceRp": "2400"}
        made = (await alice.call("PUT", "/g-orders/create", **query, **terms)).data
        assert (await alice.place(clOrdID="mine")).code == 11085
        ids = {"symbol": alice.symbol, "orderID": made["orderID"], "posSide": "Merged"}
        changed = await alice.call("PUT", "/g-orders/replace", **ids, priceRp="2410")
        assert (changed.data["priceRp"], changed.data["orderQtyRq"]) == ("2410", "1")
        assert (await alice.call("PUT", "/g-orders/replace", **ids, priceRp="2410")).code == 11065
        (row,) = (await alice.get("/g-orders/activeList"))["data"]["rows"]
        assert (row["ordStatus"], row["execStatus"], row["leavesQtyRq"]) == ("New", "New", "1")
        assert (await alice.get("/g-orders/active", clOrdID="mine"))["data"]["priceRp"] == "2410"
        hidden = await alice.call("DELETE", "/g-orders/cancel", **ids | {"posSide": "Long"})
        assert hidden.code == 10002
        gone = (await alice.call("DELETE", "/g-orders/cancel", **ids)).data
        assert (gone["ordStatus"], gone["execStatus"]) == ("New", "PendingCancel")
        assert (await alice.call("DELETE", "/g-orders/cancel", **ids)).code == 11062
        assert (await alice.call("PUT", "/g-orders/replace", **ids, priceRp="2420")).code == 11066
        assert (await alice.get("/g-orders/activeList"))["code"] == 10002
        assert (await alice.get("/g-orders/active", orderID=made["orderID"]))["code"] == 10002
        assert (await alice.get(f"{DATA}/orders"))[0]["ordStatus"] == "Canceled"
        assert (await alice.place(clOrdID="mine")).code == 0


async def test_ids_may_be_taken_for_ever_and_an_empty_list_may_be_one() -> None:
    async with a_market(PERP, client_ids="for_ever", empty_list="rows") as alice:
        await alice.place(**MARKET, clOrdID="mine")
        assert (await alice.place(clOrdID="mine")).code == 11085
        assert (await alice.get("/g-orders/activeList"))["data"] == {"rows": [], "nextPageArg": ""}
        assert [(await alice.place()).code for _ in range(2)] == [0, 0]


async def test_many_are_canceled_at_once() -> None:
    async with a_market(PERP) as alice:
        ids = [(await alice.place()).data["orderID"] for _ in range(3)]
        some = {"symbol": alice.symbol, "orderID": f"{ids[0]},nobody", "posSide": "Merged"}
        first, unknown = (await alice.call("DELETE", "/g-orders", **some)).data
        assert (first["orderID"], unknown["bizError"]) == (ids[0], 10002)
        again = (await alice.call("DELETE", "/g-orders", **some)).data
        assert again[0]["bizError"] == 11062
        assert (await alice.call("DELETE", "/g-orders/all", symbol=alice.symbol)).data == 2


async def test_the_numbered_lists() -> None:
    async with a_market(PERP) as alice:
        await alice.place(priceRp="2501", orderQtyRq="3", timeInForce="ImmediateOrCancel")
        await alice.place()
        lists = {"currency": "USDT", "limit": 200}
        (order,) = (await alice.get("/exchange/order/v2/orderList", **lists))["data"]["rows"]
        numbers = ("side", "ordType", "ordStatus", "execStatus", "execQtyRq", "execFeeRv")
        assert [order[name] for name in numbers] == [1, 2, 8, 11, "2", "3.0012"]
        found = (await alice.get("/exchange/order/v2/tradingList", **lists))["data"]
        (trade,) = found["rows"]
        assert (found["total"], trade["execStatus"], trade["posSide"]) == (1, 7, 3)
        assert len(trade["execId"]) == 7
        assert "orderID" not in trade


async def test_trades_have_pages_spans_and_fundings() -> None:
    async with a_market(PERP) as alice:
        await alice.place(**MARKET, orderQtyRq="3")
        await alice.admin("POST", f"/instruments/{alice.symbol}/funding", {"rate": "0.001"})
        rows = await alice.get(f"{DATA}/trades")
        assert [row["tradeType"] for row in rows] == ["Funding", "Trade", "Trade"]
        assert (rows[0]["execQtyRq"], rows[0]["orderID"]) == ("3", "")
        truth = await alice.truth()
        assert truth["cash_moves"][-1]["deltas"] == {"USDT": f"-{rows[0]['execFeeRv']}"}
        assert await alice.get(f"{DATA}/trades", limit=1, offset=2) == [rows[2]]
        assert await alice.get(f"{DATA}/trades", end=1_000_000_000_000) == []
        both = (await alice.call("GET", f"{DATA}/trades", currency="USDT")).body
        assert both == rows
        seed = {"symbol": alice.symbol, "qty": "1", "price": "2500", "age_s": 3 * 86_400}
        await alice.admin("POST", "/accounts/alice/positions", seed)
        assert len(await alice.get(f"{DATA}/trades")) == 3
        assert len(await alice.get(f"{DATA}/trades", start=1_600_000_000_000)) == 4


async def test_trades_of_two_symbols_share_their_number_and_not_their_id() -> None:
    async with a_market(PERP) as alice:
        for symbol in ("ETHUSDT", "BTCUSDT"):
            await alice.place(**MARKET, symbol=symbol)
        numbers = {fill["trade_id"] for fill in (await alice.truth())["fills"]}
        rows = (await alice.call("GET", f"{DATA}/trades", currency="USDT")).body
        assert (len(numbers), len({row["execID"] for row in rows})) == (1, 2)


async def test_hedge_mode_by_its_endpoint_and_its_orders() -> None:
    async with a_market(PERP, "bob") as bob:
        assert (await bob.place()).code == 20004
        await bob.place(**MARKET, posSide="Long", orderQtyRq="2")
        await bob.place(**MARKET, posSide="Short", side="Sell")
        assert (await bob.place(**MARKET, posSide="Short", side="Sell", reduceOnly=True)).code
        closing = await bob.place(**MARKET, posSide="Long", side="Sell", reduceOnly=True)
        assert closing.code == 0
        found = (await bob.get("/g-accounts/accountPositions", currency="USDT"))["data"]
        rows = [(p["posSide"], p["side"], p["size"], p["posMode"]) for p in found["positions"]]
        assert rows == [("Long", "Buy", "1", "Hedged"), ("Short", "Sell", "1", "Hedged")]
        mode = {"symbol": bob.symbol, "targetPosMode": "OneWay"}
        path = "/g-positions/switch-pos-mode-sync"
        assert (await bob.call("PUT", path, **mode)).code == 20004
        for side, held in (("Sell", "Long"), ("Buy", "Short")):
            await bob.place(**MARKET, posSide=held, side=side)
        assert (await bob.call("PUT", path, **mode)).data == "ok"
        assert (await bob.call("PUT", path, **mode)).data == "ok"
        assert (await bob.call("PUT", path, **mode | {"targetPosMode": "X"})).code == 30000
        assert (await bob.place()).code == 0


async def test_leverage() -> None:
    async with a_market(PERP) as alice:
        path, symbol = "/g-positions/leverage", alice.symbol
        assert (await alice.call("PUT", path, symbol=symbol)).code == 412
        assert (await alice.call("PUT", path, symbol=symbol, leverageRr="500")).code == 11004
        assert (await alice.call("PUT", path, symbol=symbol, leverageRr="-5")).data == "ok"
        found = (await alice.get("/g-accounts/accountPositions", currency="USDT"))["data"]
        assert found["positions"][0]["leverageRr"] == "-5"


async def test_a_fee_in_tokens_is_no_fee_in_dollars() -> None:
    coins = {"USDT": "10000", "PT": "1"}
    members = [CoinAccountConfig(name="alice", balances=coins, fee_coin="PT")]
    async with a_market(PERP, accounts=members, fee_coin_px="2") as alice:
        await alice.place(**MARKET, orderQtyRq="2")
        await alice.place(**MARKET, side="Sell")
        by_hand, in_tokens = await alice.get(f"{DATA}/trades")
        names = ("execFeeRv", "ptFeeRv", "ptPriceRp")
        # 3.0012 USDT are 1.5006 PT: more than there is; then 1.4994 USDT are 0.7497 PT.
        assert [in_tokens[name] for name in names] == ["3.0012", "0", "0"]
        assert [by_hand[name] for name in names] == ["0", "0.7497", "2"]
        assert (await alice.truth())["balances"]["PT"]["total"] == "0.2503"


@pytest.mark.parametrize("way", ["data", "stream"])
async def test_the_engine_may_refuse_elsewhere(way: str) -> None:
    async with a_market(PERP, refusals=way) as alice:
        found = (await alice.place(orderQtyRq="90", clOrdID="poor")).data
        said = (found["bizError"], found["ordStatus"])
        assert said == ((11001, "Rejected") if way == "data" else (0, "Created"))
        rows = await alice.get(f"{DATA}/orders/by-order-id", clOrdID="poor")
        assert [row["ordStatus"] for row in rows] == (["Rejected"] if way == "stream" else [])
        assert (await alice.place(orderQtyRq="x")).code == 30000
        received = (await alice.truth())["client_order_ids"]["poor"]
        assert received["answers"] == {"11001": 1}


async def test_halts_and_closing_only() -> None:
    async with a_market(PERP) as alice:
        await alice.place(**MARKET)
        path = f"/instruments/{alice.symbol}/phase"
        await alice.admin("PUT", path, {"phase": "no_opening"})
        assert (await alice.place()).code == 11150
        assert (await alice.place(**MARKET, side="Sell", orderQtyRq="0.5", reduceOnly=True)).data
        await alice.admin("PUT", path, {"phase": "halted"})
        assert (await alice.place()).code == 11070
