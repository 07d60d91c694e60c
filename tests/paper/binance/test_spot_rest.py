"""Spot over REST: orders, reads, refusals, limits, each with its body, and the oracle beside it.

Drives daemon.paper.binance.spot_orders, daemon.paper.binance.spot_reads,
daemon.paper.binance.market_reads and daemon.paper.binance.spot_views.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from daemon.paper.binance.errors import SPOT
from daemon.paper.binance.spot import NATURE
from daemon.paper.crypto.refusal import Why
from tests.paper.binance.builders import SYMBOL, Answer, Client, a_market, now_ms

ORDER = "/api/v3/order"


async def order(client: Client, **changes: Any) -> Answer:
    """A limit bid at 2400, unless told otherwise; None leaves a parameter out."""
    terms = {
        "symbol": SYMBOL,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "2400",
    }
    params = {k: v for k, v in (terms | changes).items() if v is not None}
    return await client.call("POST", ORDER, **params)


def market(**terms: Any) -> dict[str, Any]:
    return {"type": "MARKET", "price": None, "timeInForce": None} | terms


async def test_a_sweep_is_told_in_full_and_everything_agrees() -> None:
    async with a_market() as alice:
        made = await order(alice, quantity="3", price="2502", timeInForce="IOC")
        assert made.status == 200
        body = made.body
        assert body["status"] == "FILLED"
        assert (body["executedQty"], body["cummulativeQuoteQty"]) == ("3.00000000", "7504.00000000")
        ids = [f.pop("tradeId") for f in body["fills"]]
        assert ids[1] == ids[0] + 1
        assert body["fills"] == [
            {
                "price": "2501.00000000",
                "qty": "2.00000000",
                "commission": "0.00200000",
                "commissionAsset": "ETH",
            },
            {
                "price": "2502.00000000",
                "qty": "1.00000000",
                "commission": "0.00100000",
                "commissionAsset": "ETH",
            },
        ]
        trades = (await alice.call("GET", "/api/v3/myTrades", symbol=SYMBOL)).body
        assert [t["id"] for t in trades] == ids
        assert trades[0].keys() == {
            *("symbol", "id", "orderId", "orderListId", "price", "qty", "quoteQty"),
            *("commission", "commissionAsset", "time", "isBuyer", "isMaker", "isBestMatch"),
        }
        assert (trades[0]["isBuyer"], trades[0]["isMaker"]) == (True, False)
        rows = (await alice.call("GET", "/api/v3/account")).body["balances"]
        held = {row["asset"]: (row["free"], row["locked"]) for row in rows}
        assert held == {
            "USDT": ("2496.00000000", "0.00000000"),
            "ETH": ("12.99700000", "0.00000000"),
        }
        truth = await alice.truth()
        assert [f["trade_id"] for f in truth["fills"]] == ids
        assert truth["balances"]["ETH"]["total"] == "12.997"


async def test_a_resting_order_is_read_traded_and_canceled() -> None:
    async with a_market() as alice:
        made = (await order(alice, newClientOrderId="mine")).body
        assert (made["status"], made["fills"]) == ("NEW", [])
        await alice.admin("PUT", f"/instruments/{SYMBOL}/book", {"bids": []})
        sweep = {"side": "ask", "price": "2400", "qty": "0.4"}
        await alice.admin("POST", f"/instruments/{SYMBOL}/orders", sweep)
        seen = (await alice.call("GET", ORDER, symbol=SYMBOL, origClientOrderId="mine")).body
        assert (seen["status"], seen["executedQty"]) == ("PARTIALLY_FILLED", "0.40000000")
        assert "fills" not in seen
        opened = (await alice.call("GET", "/api/v3/openOrders", symbol=SYMBOL)).body
        assert [row["orderId"] for row in opened] == [made["orderId"]]
        rows = (await alice.call("GET", "/api/v3/account", omitZeroBalances="true")).body
        locked = {row["asset"]: row["locked"] for row in rows["balances"]}
        assert locked == {"USDT": "1440.00000000", "ETH": "0.00000000"}
        gone = await alice.call(
            "DELETE", ORDER, symbol=SYMBOL, orderId=made["orderId"], newClientOrderId="bye"
        )
        assert (gone.body["origClientOrderId"], gone.body["clientOrderId"]) == ("mine", "bye")
        assert (gone.body["status"], gone.body["executedQty"]) == ("CANCELED", "0.40000000")
        again = await alice.call("DELETE", ORDER, symbol=SYMBOL, orderId=made["orderId"])
        assert (again.status, again.body) == (400, {"code": -2011, "msg": "Unknown order sent."})
        trades = await alice.call("GET", "/api/v3/myTrades", symbol=SYMBOL, orderId=made["orderId"])
        assert [t["isMaker"] for t in trades.body] == [True]


@pytest.mark.parametrize(
    ("changes", "code", "msg"),
    [
        ({"symbol": "NONE"}, -1121, "Invalid symbol."),
        ({"price": "2400.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"quantity": "1.00001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "9999"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.001"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "1.000000001"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"quantity": "5"}, -2010, SPOT[Why.FUNDS][1]),
        ({"quantity": "a"}, -1100, "Illegal characters found in parameter 'quantity'; "),
        ({"side": "UP"}, -1117, "Invalid side."),
        ({"type": "STOP"}, -1116, "Invalid orderType."),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"timeInForce": None}, -1102, "Mandatory parameter 'timeInForce' was not sent, "),
        ({"price": None}, -1102, "Mandatory parameter 'price' was not sent, "),
        ({"quoteOrderQty": "5"}, -1106, "Parameter 'quoteOrderQty' sent when not required."),
        (market(timeInForce="GTC"), -1106, "Parameter 'timeInForce' sent when not required."),
        (market(price="5"), -1106, "Parameter 'price' sent when not required."),
        (market(quoteOrderQty="5"), -1102, "Mandatory parameter 'quantity' was not sent, "),
        (
            {"type": "LIMIT_MAKER", "timeInForce": None, "price": "2501"},
            -2010,
            "Order would immediately match and take.",
        ),
        ({"selfTradePreventionMode": "X"}, -1130, "Data sent for parameter"),
        ({"newOrderRespType": "X"}, -1130, "Data sent for parameter"),
        ({"newClientOrderId": "a b"}, -1100, "Illegal characters found in parameter"),
    ],
)
async def test_a_refused_order(changes: dict[str, Any], code: int, msg: str) -> None:
    async with a_market() as alice:
        found = await order(alice, **changes)
        assert (found.status, found.body["code"]) == (400, code)
        assert found.body["msg"].startswith(msg)
        assert (await alice.truth())["orders"] == []


def test_every_reason_that_spot_can_have_has_its_words() -> None:
    never = {Why.FOK, Why.REDUCE_ONLY, Why.POSITION_SIDE, Why.NO_CHANGE, Why.MODE_IN_USE}
    assert set(SPOT) == set(Why) - never
    assert not NATURE.rules.refuses_fok


async def test_duplicate_ids_are_refused_while_their_order_is_open() -> None:
    async with a_market() as alice:
        await order(alice, newClientOrderId="x")
        twice = await order(alice, newClientOrderId="x")
        assert twice.body == {"code": -2010, "msg": "Duplicate order sent."}
        await alice.call("DELETE", "/api/v3/openOrders", symbol=SYMBOL)
        assert (await order(alice, newClientOrderId="x")).status == 200
        heard = (await alice.truth())["client_order_ids"]["x"]
        assert (heard["times"], heard["identical"]) == (3, True)
        assert heard["answers"] == {"created": 2, "duplicate_id": 1}
        await alice.call("DELETE", "/api/v3/openOrders", symbol=SYMBOL)
        none = await alice.call("DELETE", "/api/v3/openOrders", symbol=SYMBOL)
        assert none.body["code"] == -2011


async def test_orders_that_end_by_themselves() -> None:
    async with a_market() as alice:
        ioc = (await order(alice, price="2501", timeInForce="IOC", quantity="2.5")).body
        assert (ioc["status"], ioc["executedQty"]) == ("EXPIRED", "2.00000000")
        fok = (await order(alice, price="2501", timeInForce="FOK")).body
        assert (fok["status"], fok["fills"]) == ("EXPIRED", [])
        rows = (await alice.call("GET", "/api/v3/allOrders", symbol=SYMBOL)).body
        assert [row["expiryReason"] for row in rows] == [
            "UNFILLED_IOC_QUANTITY_EXPIRED",
            "UNFILLED_FOK_ORDER_EXPIRED",
        ]
        far = (await order(alice, **market(side="SELL", quantity="9"))).body
        assert (far["status"], far["executedQty"]) == ("EXPIRED", "5.00000000")
        spent = (await order(alice, **market(quantity=None, quoteOrderQty="1000"))).body
        assert (spent["status"], spent["price"]) == ("FILLED", "0.00000000")
        assert Decimal(spent["cummulativeQuoteQty"]) <= 1000
        await order(alice, side="SELL", price="2503")
        own = await order(alice, price="2503", quantity="3", selfTradePreventionMode="EXPIRE_TAKER")
        assert own.body["status"] == "EXPIRED_IN_MATCH"


async def test_the_answer_has_the_form_that_was_asked_for() -> None:
    async with a_market() as alice:
        ack = (await order(alice, newOrderRespType="ACK")).body
        assert ack.keys() == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
        result = (await order(alice, newOrderRespType="RESULT")).body
        assert "fills" not in result
        assert result["workingTime"] == result["transactTime"]
        tested = await alice.call(
            "POST", "/api/v3/order/test", symbol=SYMBOL, side="BUY", type="MARKET", quantity="1"
        )
        assert (tested.status, tested.body) == (200, {})


async def test_an_order_is_found_by_either_id_or_not_at_all() -> None:
    async with a_market() as alice:
        made = (await order(alice, newClientOrderId="x")).body
        for found, code in (
            ({"orderId": made["orderId"], "origClientOrderId": "y"}, -2039),
            ({"orderId": 1}, -2013),
            ({"origClientOrderId": "y"}, -2013),
            ({}, -1102),
        ):
            reply = await alice.call("GET", ORDER, symbol=SYMBOL, **found)
            assert (reply.status, reply.body["code"]) == (400, code)
        assert (await alice.call("GET", ORDER, symbol="NONE", orderId=1)).body["code"] == -1121
        other = await alice.call("GET", ORDER, symbol="BNBUSDT", orderId=made["orderId"])
        assert other.body["code"] == -2013


async def test_trades_are_paged_by_id_and_by_time() -> None:
    async with a_market() as alice:
        for _ in range(5):
            await order(alice, price="2502", quantity="0.1", timeInForce="IOC")

        async def trades(**params: Any) -> Any:
            found = await alice.call("GET", "/api/v3/myTrades", symbol=SYMBOL, **params)
            return found.body["code"] if found.status != 200 else [t["id"] for t in found.body]

        ids = await trades()
        assert await trades(limit=2) == ids[-2:]
        assert await trades(fromId=ids[1], limit=2) == ids[1:3]
        assert await trades(startTime=0, limit=2) == ids[:2]
        assert await trades(endTime=1) == []
        assert await trades(fromId=ids[1], startTime=0) == -1128
        assert await trades(startTime=0, endTime=86_400_001) == -1127
        assert await trades(limit=0) == -1130


async def test_what_anybody_may_ask() -> None:
    async with a_market() as alice:

        async def read(path: str, **params: Any) -> Any:
            return (await alice.call("GET", f"/api/v3/{path}", signed=False, **params)).body

        assert await read("ping") == {}
        assert abs((await read("time"))["serverTime"] - now_ms()) < 1000
        depth = await read("depth", symbol=SYMBOL, limit=1)
        assert depth["bids"] == [["2499.00000000", "2.00000000"]]
        top = await read("ticker/bookTicker", symbol=SYMBOL)
        assert (top["askPrice"], top["askQty"]) == ("2501.00000000", "2.00000000")
        assert len(await read("ticker/bookTicker")) == 2
        assert len(await read("ticker/bookTicker", symbols='["BNBUSDT"]')) == 1
        assert (await read("ticker/bookTicker", symbols='["X"]'))["code"] == -1121
        assert (await read("ticker/bookTicker", symbols="["))["code"] == -1100
        assert (await read("ticker/price", symbol=SYMBOL))["price"] == "0.00000000"
        info = await read("exchangeInfo", symbol=SYMBOL)
        filters = {row["filterType"]: row for row in info["symbols"][0]["filters"]}
        assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
        assert filters["LOT_SIZE"]["stepSize"] == "0.00010000"
        assert filters["NOTIONAL"]["minNotional"] == "5.00000000"
        assert [row["limit"] for row in info["rateLimits"]] == [6000, 50, 160_000]
        await alice.admin("PUT", f"/instruments/{SYMBOL}/phase", {"phase": "halted"})
        assert (await read("exchangeInfo"))["symbols"][0]["status"] == "HALT"
        assert (await order(alice)).body == {"code": -2010, "msg": "Market is closed."}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_the_listen_key_of_spot_is_gone(method: str) -> None:
    async with a_market() as alice:
        found = await alice.call(method, "/api/v3/userDataStream", signed=False)
        assert found.status == 410


async def test_weights_and_order_counts_are_in_the_headers() -> None:
    async with a_market() as alice:
        first = await order(alice)
        second = await order(alice)
        used = [int(a.headers["X-MBX-USED-WEIGHT-1M"]) for a in (first, second)]
        # One more, or the first of the next minute.
        assert used[1] in (used[0] + 1, 1)
        assert int(second.headers["X-MBX-ORDER-COUNT-10S"]) in (1, 2)
        assert "X-MBX-ORDER-COUNT-1D" in second.headers
        rates = (await alice.call("GET", "/api/v3/rateLimit/order")).body
        assert [row["intervalNum"] for row in rates] == [10, 1]


async def test_too_much_is_429_and_going_on_is_a_ban() -> None:
    async with a_market() as alice:
        limits = alice.server.doors["binance_spot"]._front.limits  # type: ignore[attr-defined]
        limits.weight = 2
        codes = [(await alice.call("GET", "/api/v3/ping", signed=False)).status for _ in range(14)]
        assert set(codes) == {200, 429, 418}
        banned = await alice.call("GET", "/api/v3/ping", signed=False)
        assert (banned.status, banned.body["code"]) == (418, -1003)
        assert 100 < int(banned.headers["Retry-After"]) <= 121


async def test_too_many_orders_are_refused_with_their_own_code() -> None:
    async with a_market() as alice:
        codes = []
        for _ in range(52):
            made = await order(alice, quantity="0.01")
            codes.append((made.status, made.body.get("code")))
        assert (429, -1015) in codes[45:]
