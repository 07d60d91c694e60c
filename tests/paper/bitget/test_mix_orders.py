"""Classic USDT-futures over REST: both position modes, the direction of each trade, positions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.paper.bitget.builders import FUTURES, SYMBOL, Answer, Client, a_market

ORDER = "/api/v2/mix/order"
USDT = {"productType": "USDT-FUTURES"}
HELD = "/api/v2/mix/position/all-position"


async def place(client: Client, **changes: Any) -> Answer:
    """A limit bid at 2400, unless told otherwise; None leaves a parameter out."""
    terms = USDT | {"symbol": SYMBOL, "marginMode": "crossed", "marginCoin": "USDT"}
    terms |= {"side": "buy", "orderType": "limit", "force": "gtc", "size": "1", "price": "2400"}
    params = {k: v for k, v in (terms | changes).items() if v is not None}
    return await client.post(f"{ORDER}/place-order", **params)


async def take(client: Client, side: str, **changes: Any) -> str:
    """A market order that must be accepted; its id."""
    terms: dict[str, Any] = {"orderType": "market", "force": None, "price": None, "side": side}
    made = await place(client, **terms | changes)
    return str(made.data["orderId"])


async def held(client: Client) -> list[tuple[str, str, str, str]]:
    rows = (await client.get(HELD, **USDT, marginCoin="USDT")).data
    return [(r["holdSide"], r["total"], r["openPriceAvg"], r["posMode"]) for r in rows]


async def fills(client: Client, **params: Any) -> Any:
    return (await client.get(f"{ORDER}/fills", **USDT, **params)).data["fillList"]


async def test_one_way_trades_net_and_say_single() -> None:
    async with a_market(FUTURES) as alice:
        opened = await take(alice, "buy")
        assert await held(alice) == [("long", "1", "2501", "one_way_mode")]
        closed = await take(alice, "sell", size="0.4", reduceOnly="YES")
        found = (await alice.get(f"{ORDER}/detail", **USDT, symbol=SYMBOL, orderId=closed)).data
        assert [found[k] for k in ("state", "side", "tradeSide", "posSide", "reduceOnly")] == [
            *("filled", "sell", "sell_single", "net", "yes")
        ]
        # 0.1 % of 0.4 at 2499, and the loss of 2 on each.
        assert (found["fee"], found["totalProfits"]) == ("-0.9996", "-0.8")
        rows = await fills(alice)
        assert [(f["orderId"], f["side"], f["tradeSide"]) for f in rows] == [
            (closed, "sell", "sell_single"),
            (opened, "buy", "buy_single"),
        ]
        assert rows[0]["feeDetail"] == [
            {"deduction": "no", "feeCoin": "USDT", "totalDeductionFee": "0", "totalFee": "-0.9996"}
        ]
        truth = await alice.truth()
        assert truth["positions"][0]["qty"] == "0.6"
        await take(alice, "sell")
        assert await held(alice) == [("short", "0.4", "2499", "one_way_mode")]


async def test_in_hedge_mode_side_names_the_position() -> None:
    async with a_market(FUTURES, "bob") as bob:
        ids = [
            await take(bob, "buy", tradeSide="open"),
            await take(bob, "sell", tradeSide="open", size="0.5"),
            await take(bob, "buy", tradeSide="close", size="0.3"),
            await take(bob, "sell", tradeSide="close", size="0.2"),
        ]
        assert await held(bob) == [
            ("long", "0.7", "2501", "hedge_mode"),
            ("short", "0.3", "2499", "hedge_mode"),
        ]
        rows = {f["orderId"]: (f["side"], f["tradeSide"]) for f in await fills(bob)}
        assert [rows[number] for number in ids] == [
            ("buy", "open"),
            ("sell", "open"),
            ("buy", "close"),
            ("sell", "close"),
        ]
        truth = [(f["side"], f["position_side"], f["qty"]) for f in (await bob.truth())["fills"]]
        assert truth == [
            ("bid", "long", "1"),
            ("ask", "short", "0.5"),
            ("ask", "long", "0.3"),
            ("bid", "short", "0.2"),
        ]


@pytest.mark.parametrize(
    ("account", "changes", "code"),
    [
        ("alice", {"productType": None}, "40019"),
        ("alice", {"productType": "COIN-FUTURES"}, "40020"),
        ("alice", {"marginCoin": None}, "40019"),
        ("alice", {"marginMode": "x"}, "40020"),
        ("alice", {"price": "2400.001"}, "45115"),
        ("alice", {"size": "1.0001"}, "40808"),
        ("alice", {"size": "0.0001"}, "45111"),
        ("alice", {"size": "9999"}, "45112"),
        ("alice", {"size": "0.001"}, "45110"),
        ("alice", {"size": "1000"}, "40762"),
        ("alice", {"reduceOnly": "YES"}, "22002"),
        ("bob", {}, "40774"),
        ("bob", {"tradeSide": "close"}, "22002"),
    ],
)
async def test_a_refused_order(account: str, changes: dict[str, Any], code: str) -> None:
    async with a_market(FUTURES, account) as client:
        found = await place(client, **changes)
        assert (found.status, found.code) == (400, code)
        assert (await client.truth())["orders"] == []


async def test_lists_are_in_an_object_and_null_when_empty() -> None:
    async with a_market(FUTURES) as alice:
        empty = (await alice.get(f"{ORDER}/orders-pending", **USDT)).data
        assert empty == {"entrustedList": None, "endId": None}
        assert (await alice.get(f"{ORDER}/fill-history", **USDT)).data["fillList"] is None
        made = (await place(alice, clientOid="x", productType="usdt-futures")).data
        rows = (await alice.get(f"{ORDER}/orders-pending", **USDT)).data
        assert rows["endId"] == made["orderId"]
        (row,) = rows["entrustedList"]
        assert (row["status"], row["priceAvg"], row["fee"]) == ("live", "", "")
        ids = USDT | {"symbol": SYMBOL, "marginCoin": "USDT", "clientOid": "x"}
        assert (await alice.post(f"{ORDER}/cancel-order", **ids)).data == made
        past = (await alice.get(f"{ORDER}/orders-history", **USDT)).data["entrustedList"]
        assert [(r["status"], r["cancelReason"]) for r in past] == [("canceled", "normal_cancel")]
        gone = await alice.get(f"{ORDER}/detail", **USDT, symbol=SYMBOL, clientOid="y")
        assert (gone.status, gone.code) == (400, "40109")
        other = await alice.post(f"{ORDER}/cancel-order", **ids | {"clientOid": "y"})
        assert other.code == "22001"


async def test_margin_modes_and_leverage() -> None:
    async with a_market(FUTURES) as alice:
        (row,) = (await alice.get("/api/v2/mix/account/accounts", **USDT)).data
        assert (row["marginCoin"], row["accountEquity"], row["posMode"]) == (
            *("USDT", "10000", "one_way_mode"),
        )
        leverage = USDT | {"symbol": SYMBOL, "marginCoin": "USDT", "leverage": "10"}
        path = "/api/v2/mix/account/set-leverage"
        assert (await alice.post(path, **leverage)).data["crossMarginLeverage"] == "10"
        assert (await alice.post(path, **leverage | {"leverage": "999"})).code == "40020"
        mode = "/api/v2/mix/account/set-position-mode"
        for _ in range(2):
            found = await alice.post(mode, **USDT, posMode="hedge_mode")
            assert found.data == {"posMode": "hedge_mode"}
        await take(alice, "buy", tradeSide="open")
        assert (await alice.post(mode, **USDT, posMode="one_way_mode")).code == "40920"
        one = {"symbol": SYMBOL, "marginCoin": "USDT"}
        row = (await alice.get("/api/v2/mix/account/account", **USDT, **one)).data
        # Ten times leverage: a tenth of 2501, the fee, and the mark price of the last trade.
        assert (row["available"], row["crossedMaxAvailable"]) == ("9997.499", "9747.399")
        (held_row,) = (await alice.get("/api/v2/mix/position/single-position", **USDT, **one)).data
        assert held_row["leverage"] == "10"


@pytest.mark.parametrize(
    ("account", "origin", "trade_side"),
    [
        ("alice", "liquidation", "burst_sell_single"),
        ("alice", "adl", "dte_sys_adl_sell_in_single_side_mode"),
        ("bob", "liquidation", "burst_close_long"),
        ("bob", "adl", "dte_sys_adl_close_long"),
    ],
)
async def test_a_forced_close(account: str, origin: str, trade_side: str) -> None:
    async with a_market(FUTURES, account) as client:
        side = "long" if account == "bob" else "both"
        await take(client, "buy", tradeSide="open")
        close = {"symbol": SYMBOL, "price": "2000", "origin": origin, "position_side": side}
        await client.admin("POST", f"/accounts/{account}/close", close)
        row = (await fills(client))[0]
        assert (row["tradeSide"], row["enterPointSource"]) == (trade_side, "sys")
        assert row["side"] == ("buy" if account == "bob" else "sell")
        assert await held(client) == []
