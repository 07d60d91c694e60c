"""USD-M over REST: orders, positions, modes, refusals, each with its body, and the oracle.

Drives daemon.paper.binance.usdm_orders and daemon.paper.binance.usdm_reads.
"""

from __future__ import annotations

from typing import Any

import pytest

from daemon.paper.binance.errors import USDM
from daemon.paper.crypto.refusal import Why
from tests.paper.binance.builders import SYMBOL, Answer, Client, a_market

ORDER = "/fapi/v1/order"


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


async def read(client: Client, path: str, **params: Any) -> Any:
    return (await client.call("GET", f"/fapi/{path}", **params)).body


async def test_a_position_is_opened_and_closed_and_everything_agrees() -> None:
    async with a_market("binance_usdm") as alice:
        made = await order(alice, **market(quantity="3", newOrderRespType="RESULT"))
        assert (made.status, "fills" in made.body) == (200, False)
        assert (made.body["status"], made.body["avgPrice"]) == ("FILLED", "2501.33333333")
        assert made.body["cumQuote"] == "7504"
        ack = (await order(alice, **market(side="SELL", reduceOnly="true"))).body
        assert (ack["status"], ack["executedQty"], ack["reduceOnly"]) == ("NEW", "0", True)
        seen = await read(alice, "v1/order", symbol=SYMBOL, orderId=ack["orderId"])
        assert (seen["status"], seen["avgPrice"]) == ("FILLED", "2499")
        trades = await read(alice, "v1/userTrades", symbol=SYMBOL)
        assert [(t["qty"], t["realizedPnl"], t["commission"]) for t in trades] == [
            ("2", "0", "2.0008"),
            ("1", "0", "1.0008"),
            ("1", "-2.33333333", "0.9996"),
        ]
        assert trades[0].keys() == {
            *("symbol", "id", "orderId", "side", "price", "qty", "quoteQty", "realizedPnl"),
            *("commission", "commissionAsset", "time", "positionSide", "buyer", "maker"),
        }
        (row,) = await read(alice, "v3/positionRisk")
        assert (row["positionAmt"], row["entryPrice"]) == ("2", "2501.33333333")
        assert row["unRealizedProfit"] == "-4.66666667"
        (cash,) = await read(alice, "v3/balance")
        truth = await alice.truth()
        assert cash["balance"] == truth["balances"]["USDT"]["total"] == "9993.66546667"
        assert [t["id"] for t in trades] == [f["trade_id"] for f in truth["fills"]]
        whole = await read(alice, "v3/account")
        assert whole["totalWalletBalance"] == cash["balance"]
        assert whole["positions"][0]["positionAmt"] == "2"
        kinds = [r["incomeType"] for r in await read(alice, "v1/income")]
        assert kinds == ["COMMISSION"] * 3 + ["REALIZED_PNL"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": "NONE"}, -1121),
        ({"price": "2400.001"}, -1111),
        ({"quantity": "1.0001"}, -1111),
        ({"quantity": "9999"}, -4005),
        ({"quantity": "0.000"}, -4004),
        ({"quantity": "0.001"}, -4164),
        ({"quantity": "90"}, -2019),
        ({"reduceOnly": "true"}, -2022),
        ({"positionSide": "LONG"}, -4061),
        ({"positionSide": "UP"}, -4015),
        ({"positionSide": "LONG", "reduceOnly": "true"}, -1106),
        ({"timeInForce": "FOK", "price": "2501", "quantity": "2.5"}, -5021),
        ({"timeInForce": "GTX", "price": "2501"}, -5022),
        ({"timeInForce": "X"}, -1115),
        ({"type": "STOP_MARKET", "stopPrice": "2300"}, -4120),
        ({"type": "X"}, -1116),
        ({"quantity": None}, -1102),
        ({"price": None}, -1102),
        ({"reduceOnly": "maybe"}, -1130),
        ({"newClientOrderId": "a b"}, -1100),
        ({"selfTradePreventionMode": "X"}, -1130),
    ],
)
async def test_a_refused_order(changes: dict[str, Any], code: int) -> None:
    async with a_market("binance_usdm") as alice:
        found = await order(alice, **changes)
        assert (found.status, found.body["code"]) == (400, code)
        assert (await alice.truth())["orders"] == []


def test_every_reason_has_its_words() -> None:
    assert set(USDM) == set(Why)


async def test_halts_and_closing_only() -> None:
    async with a_market("binance_usdm") as alice:
        await order(alice, **market())
        path = f"/instruments/{SYMBOL}/phase"
        await alice.admin("PUT", path, {"phase": "no_opening"})
        assert (await order(alice)).body["code"] == -4140
        closing = await order(alice, **market(side="SELL", quantity="0.5", reduceOnly="true"))
        assert closing.status == 200
        await alice.admin("PUT", path, {"phase": "halted"})
        assert (await order(alice)).body["code"] == -4141
        info = (await alice.call("GET", "/fapi/v1/exchangeInfo", signed=False)).body
        assert info["symbols"][0]["status"] == "SETTLING"
        assert (info["symbols"][0]["pricePrecision"], info["symbols"][0]["quantityPrecision"]) == (
            2,
            3,
        )


async def test_an_order_is_amended_listed_and_canceled() -> None:
    async with a_market("binance_usdm") as alice:
        made = (await order(alice, newClientOrderId="mine")).body
        assert (await order(alice, newClientOrderId="mine")).body["code"] == -4116
        ids: dict[str, Any] = {"symbol": SYMBOL, "origClientOrderId": "mine"}
        new: dict[str, Any] = {"side": "BUY", "quantity": "2", "price": "2410"}
        changed = await alice.call("PUT", ORDER, **ids, **new)
        assert (changed.body["price"], changed.body["origQty"]) == ("2410", "2")
        same = await alice.call("PUT", ORDER, **ids, **new)
        assert same.body["code"] == -5027
        assert (await read(alice, "v1/openOrder", **ids))["orderId"] == made["orderId"]
        assert len(await read(alice, "v1/openOrders")) == 1
        gone = await alice.call("DELETE", ORDER, **ids)
        assert (gone.body["status"], gone.body["clientOrderId"]) == ("CANCELED", "mine")
        assert (await read(alice, "v1/openOrder", **ids))["code"] == -2013
        assert (await alice.call("DELETE", ORDER, **ids)).body["code"] == -2011
        assert (await alice.call("DELETE", ORDER, symbol=SYMBOL, orderId=1)).body["code"] == -2011
        assert (await alice.call("PUT", ORDER, symbol=SYMBOL, orderId=1, **new)).body[
            "code"
        ] == -2013
        await order(alice)
        await alice.call("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)
        assert await read(alice, "v1/openOrders") == []
        assert len(await read(alice, "v1/allOrders", symbol=SYMBOL)) == 2


async def test_hedge_mode_by_its_endpoint_and_its_orders() -> None:
    dual = "/fapi/v1/positionSide/dual"
    async with a_market("binance_usdm", "bob") as bob:
        assert await read(bob, "v1/positionSide/dual") == {"dualSidePosition": True}
        again = await bob.call("POST", dual, dualSidePosition="true")
        assert again.body["code"] == -4059
        assert (await order(bob)).body["code"] == -4061
        await order(bob, **market(positionSide="LONG", quantity="2"))
        await order(bob, **market(positionSide="SHORT", side="SELL"))
        assert (await bob.call("POST", dual, dualSidePosition="false")).body["code"] == -4068
        closed = await order(
            bob, **market(positionSide="LONG", side="SELL", quantity="3", newOrderRespType="RESULT")
        )
        assert (closed.body["status"], closed.body["executedQty"]) == ("EXPIRED", "2")
        more = await order(bob, **market(positionSide="LONG", side="SELL"))
        assert more.body["code"] == -2022
        rows = await read(bob, "v3/positionRisk", symbol=SYMBOL)
        assert [(r["positionSide"], r["positionAmt"]) for r in rows] == [("SHORT", "-1")]
        await order(bob, **market(positionSide="SHORT"))
        assert (await bob.call("POST", dual, dualSidePosition="false")).body["code"] == 200


async def test_settings_and_reads_that_clients_ask_for() -> None:
    async with a_market("binance_usdm") as alice:
        five = await alice.call("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=5)
        assert five.body["leverage"] == 5
        wrong = await alice.call("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=500)
        assert wrong.body["code"] == -4028
        cross = await alice.call("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="CROSSED")
        assert cross.body["code"] == -4046
        apart = await alice.call(
            "POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED"
        )
        assert apart.body["code"] == -4168
        assert len(await read(alice, "v1/leverageBracket")) == 2
        tested = await alice.call(
            "POST", f"{ORDER}/test", symbol=SYMBOL, side="BUY", type="MARKET", quantity="1"
        )
        assert tested.body == {}
        top = await read(alice, "v1/ticker/bookTicker", symbol=SYMBOL)
        assert (top["bidPrice"], top["bidQty"]) == ("2499", "2")
        depth = await read(alice, "v1/depth", symbol=SYMBOL, limit=5)
        assert {"E", "T", "lastUpdateId"} < depth.keys()


async def test_trades_have_a_window_of_a_week() -> None:
    async with a_market("binance_usdm") as alice:
        seed = {"symbol": SYMBOL, "qty": "1", "price": "2400", "age_s": 8 * 86_400}
        await alice.admin("POST", "/accounts/alice/positions", seed)
        assert await read(alice, "v1/userTrades", symbol=SYMBOL) == []
        old = await read(alice, "v1/userTrades", symbol=SYMBOL, fromId=0)
        assert [t["qty"] for t in old] == ["1"]
        wide = await read(alice, "v1/userTrades", symbol=SYMBOL, startTime=0, endTime=604_800_001)
        assert wide["code"] == -4165
        both = await read(alice, "v1/userTrades", symbol=SYMBOL, startTime=0, fromId=1)
        assert both["code"] == -1128


async def test_forced_orders_are_listed_by_kind() -> None:
    async with a_market("binance_usdm") as alice:
        await order(alice, **market(quantity="2"))
        close = {"symbol": SYMBOL, "price": "2300"}
        adl = await alice.admin(
            "POST", "/accounts/alice/close", close | {"origin": "adl", "qty": "0.5"}
        )
        assert adl["client_order_id"] == "adl_autoclose"
        await alice.admin("POST", "/accounts/alice/close", close)
        rows = await read(alice, "v1/forceOrders")
        assert [r["executedQty"] for r in rows] == ["0.5", "1.5"]
        only = await read(alice, "v1/forceOrders", autoCloseType="LIQUIDATION")
        assert only[0]["clientOrderId"].startswith("autoclose-")
        assert await read(alice, "v3/positionRisk") == []


async def test_503_has_three_meanings() -> None:
    async with a_market("binance_usdm") as alice:
        for kind, code, text in (
            (
                "http_error_after",
                "",
                "Unknown error, please check your request or try again later.",
            ),
            ("http_error_before", "unavailable", "Service Unavailable."),
            ("http_error_before", "-1008", "Request throttled by system-level protection."),
        ):
            await alice.arm(kind, code=code, endpoint=f"POST {ORDER}")
            found = await order(alice)
            assert found.status == 503
            assert found.body["msg"].startswith(text)
        assert len((await alice.truth())["orders"]) == 1
        await alice.arm("cancel_race")
        (row,) = await read(alice, "v1/openOrders")
        raced = await alice.call("DELETE", ORDER, symbol=SYMBOL, orderId=row["orderId"])
        assert raced.body["code"] == -2011
        assert (await alice.truth())["positions"][0]["qty"] == "1"


async def test_a_stale_read_is_stale_in_all_its_parts() -> None:
    async with a_market("binance_usdm") as alice:
        await order(alice, **market())
        await alice.arm("stale_reads", seconds=3600)
        stale = await read(alice, "v3/account")
        assert (stale["positions"], stale["assets"]) == ([], [])
        assert (await read(alice, "v3/account"))["positions"][0]["positionAmt"] == "1"


async def test_funding_is_income_and_a_read_may_lag() -> None:
    async with a_market("binance_usdm") as alice:
        await order(alice, **market())
        await alice.admin("PUT", f"/instruments/{SYMBOL}/mark", {"mark_px": "2500"})
        await alice.admin("POST", f"/instruments/{SYMBOL}/funding", {"rate": "-0.0002"})
        (paid,) = await read(alice, "v1/income", incomeType="FUNDING_FEE")
        assert (paid["symbol"], paid["income"], paid["asset"]) == (SYMBOL, "0.5", "USDT")
        rows = await read(alice, "v1/income", symbol=SYMBOL)
        assert len({row["tranId"] for row in rows}) == len(rows) == 2
        assert (await alice.truth())["funding"] == {SYMBOL: {"USDT": "-0.5"}}
        at_ms = paid["time"]
        spans = [(at_ms, at_ms, 1), (at_ms + 1, at_ms + 9, 0), (0, at_ms - 1, 0)]
        for start, end, count in spans:
            span = {"incomeType": "FUNDING_FEE", "startTime": start, "endTime": end}
            assert len(await read(alice, "v1/income", **span)) == count
        await alice.admin("PUT", "/reads", {"order_lag_ms": [10_000, 10_000]})
        made = (await order(alice)).body
        late = await read(alice, "v1/order", symbol=SYMBOL, orderId=made["orderId"])
        assert late["code"] == -2013
