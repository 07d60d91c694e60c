"""The unified account over v3 REST, both markets: fees above zero, side is the trade's."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.paper.bitget import calls
from daemon.paper.bitget.routes import MIX_ROUTES, SPOT_ROUTES, UTA_ROUTES
from daemon.paper.bitget.uta_views import trade_word
from daemon.paper.crypto.model import PositionSide
from daemon.paper.model import Side
from tests.paper.bitget.builders import FUTURES, SPOT, SYMBOL, Answer, Client, a_market

TRADE = "/api/v3/trade"
WORDS = {SPOT: calls.SPOT, FUTURES: calls.FUTURES}


async def place(client: Client, **changes: Any) -> Answer:
    """A limit bid at 2400, unless told otherwise; None leaves a parameter out."""
    terms = {"category": WORDS[client.venue], "symbol": SYMBOL, "side": "buy", "qty": "1"}
    terms |= {"orderType": "limit", "timeInForce": "gtc", "price": "2400"}
    params = {k: v for k, v in (terms | changes).items() if v is not None}
    return await client.post(f"{TRADE}/place-order", **params)


async def rows(client: Client, path: str, **params: Any) -> Any:
    return (await client.get(path, **params)).data["list"]


@pytest.mark.parametrize("venue", [SPOT, FUTURES])
async def test_a_partial_fill_and_its_cancel(venue: str) -> None:
    async with a_market(venue, dialect="uta") as alice:
        made = (await place(alice, clientOid="x")).data
        await alice.sweep("ask", "2400", "0.4")
        category = {"category": WORDS[venue]}
        (opened,) = await rows(alice, f"{TRADE}/unfilled-orders", **category)
        assert (opened["orderStatus"], opened["cumExecQty"]) == ("partially_filled", "0.4")
        ids = {"orderId": made["orderId"], **category}
        assert (await alice.post(f"{TRADE}/cancel-order", **ids)).data == made
        found = (await alice.get(f"{TRADE}/order-info", clientOid="x")).data
        assert (found["orderStatus"], found["avgPrice"]) == ("cancelled", "2400")
        fee, coin = ("0.0004", "ETH") if venue == SPOT else ("0.96", "USDT")
        assert found["feeDetail"] == [{"feeCoin": coin, "fee": fee}]
        (fill,) = await rows(alice, f"{TRADE}/fills")
        assert (fill["execQty"], fill["tradeScope"], fill["execType"]) == ("0.4", "maker", "normal")
        assert fill["feeDetail"] == found["feeDetail"]
        assert await rows(alice, f"{TRADE}/history-orders", **category) == [found]
        assert await rows(alice, f"{TRADE}/history-orders", category="MARGIN") == []
        truth = (await alice.truth())["fills"]
        assert [(str(f["trade_id"]), f["fee"]) for f in truth] == [(fill["execId"], fee)]


async def test_a_spot_market_buy_is_of_money_and_coins_are_told() -> None:
    async with a_market(SPOT, dialect="uta") as alice:
        terms = {"orderType": "market", "price": None, "timeInForce": None, "qty": "500"}
        made = (await place(alice, **terms)).data
        found = (await alice.get(f"{TRADE}/order-info", orderId=made["orderId"])).data
        assert (found["qty"], found["amount"], found["cumExecQty"]) == ("0", "500", "0.1999")
        assets = (await alice.get("/api/v3/account/assets")).data["assets"]
        assert {row["coin"]: row["balance"] for row in assets} == {
            "USDT": "9500.0501",
            "ETH": "10.1997001",
        }


async def test_in_hedge_mode_the_position_is_named_apart() -> None:
    async with a_market(FUTURES, "bob", dialect="uta") as bob:
        market = {"orderType": "market", "price": None, "timeInForce": None}
        assert (await place(bob, **market)).code == "25225"
        await place(bob, **market, posSide="long")
        await place(bob, **market | {"qty": "0.4"}, side="sell", posSide="long")
        fills = await rows(bob, f"{TRADE}/fills", category="usdt-futures")
        assert [(f["side"], f["holdSide"], f["tradeSide"]) for f in fills] == [
            ("sell", "long", "close"),
            ("buy", "long", "open"),
        ]
        (held,) = await rows(bob, "/api/v3/position/current-position", category="USDT-FUTURES")
        assert (held["posSide"], held["total"], held["holdMode"]) == ("long", "0.6", "hedge_mode")
        settings = (await bob.get("/api/v3/account/settings")).data
        assert settings["holdMode"] == "hedge_mode"
        assert (await place(bob, side="buy", posSide="short")).code == "25226"


def test_a_trade_opens_or_closes() -> None:
    assert trade_word(PositionSide.SHORT, Side.ASK, closes=True) == "open"
    assert trade_word(PositionSide.BOTH, Side.ASK, closes=True) == "close"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"category": None}, "40019"),
        ({"category": "X"}, "40020"),
        ({"category": "SPOT"}, "25101"),
        ({"symbol": "NONE"}, "25101"),
        ({"price": "2400.001"}, "25610"),
        ({"qty": "0.0001"}, "25207"),
        ({"qty": "1000"}, "25202"),
        ({"reduceOnly": "yes"}, "25226"),
        ({"clientOid": "a" * 33}, "40305"),
    ],
)
async def test_a_refused_order(changes: dict[str, Any], code: str) -> None:
    async with a_market(FUTURES, dialect="uta") as alice:
        found = await place(alice, **changes)
        assert (found.status, found.code) == (400, code)


async def test_modes_are_set_while_nothing_is_held() -> None:
    async with a_market(FUTURES, dialect="uta") as alice:
        path, hedge = "/api/v3/account/set-hold-mode", {"holdMode": "hedge_mode"}
        assert (await alice.post(path, **hedge)).data == "success"
        await place(alice, posSide="long")
        assert (await alice.post(path, holdMode="one_way_mode")).code == "25574"
        leverage = {"symbol": SYMBOL, "leverage": "10"}
        assert (await alice.post("/api/v3/account/set-leverage", **leverage)).data == "success"
        assert (await alice.get(f"{TRADE}/order-info", clientOid="nobody's")).code == "25204"
        assert await rows_of_none(alice) is None


async def rows_of_none(client: Client) -> Any:
    return await rows(client, "/api/v3/position/current-position", category="USDT-FUTURES")


async def test_each_kind_of_account_has_its_own_api() -> None:
    async with a_market(SPOT, dialect="uta") as unified, a_market(SPOT) as classic:
        found = await unified.get("/api/v2/spot/account/assets")
        assert (found.status, found.code) == (400, "40085")
        assert found.body["msg"].startswith("You are in Unified Account mode")
        assert (await classic.get("/api/v3/account/settings")).code == "40084"
    own = {path for routes in (SPOT_ROUTES, MIX_ROUTES) for _method, path in routes}
    assert not own & {path for _method, path in UTA_ROUTES}
