"""What a unified account is pushed: topics, fees above zero, positions that end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.paper.bitget.builders import (
    FUTURES,
    SPOT,
    SYMBOL,
    Client,
    a_market,
    hear,
    listen,
    say,
    socket_to,
)


def topics(*names: str) -> list[dict[str, str]]:
    return [{"instType": "UTA", "topic": name} for name in names]


async def place(client: Client, **changes: Any) -> Any:
    category = "SPOT" if client.venue == SPOT else "USDT-FUTURES"
    order = {"category": category, "symbol": SYMBOL, "side": "buy", "orderType": "limit"}
    terms = order | {"qty": "1", "price": "2400", "timeInForce": "gtc"}
    return (await client.post("/api/v3/trade/place-order", **terms | changes)).data


@pytest.mark.parametrize("venue", [SPOT, FUTURES])
async def test_an_order_and_its_fill(venue: str) -> None:
    async with (
        a_market(venue, dialect="uta") as alice,
        socket_to(alice, "/v3/ws/private") as socket,
    ):
        await listen(alice, socket, *topics("order", "fill", "fast-fill"))
        await place(alice, clientOid="x")
        live = await hear(socket, "order")
        assert (live["orderStatus"], live["clientOid"]) == ("live", "x")
        assert ("leverage" in live) is (venue == FUTURES)
        await alice.sweep("ask", "2400", "0.4")
        fast = await hear(socket, "fast-fill")
        assert "feeDetail" not in fast
        part = await hear(socket, "order")
        assert (part["orderStatus"], part["cumExecQty"]) == ("partially_filled", "0.4")
        fill = await hear(socket, "fill")
        assert fill["execId"] == fast["execId"]
        coin, fee = ("ETH", "0.0004") if venue == SPOT else ("USDT", "0.96")
        assert fill["feeDetail"] == [{"feeCoin": coin, "fee": fee}]
        assert fill["category"] == ("SPOT" if venue == SPOT else "USDT-FUTURES")
        truth = (await alice.truth())["fills"]
        assert [str(f["trade_id"]) for f in truth] == [fill["execId"]]
        cancel = {"category": fill["category"], "clientOid": "x"}
        await alice.post("/api/v3/trade/cancel-order", **cancel)
        assert (await hear(socket, "order"))["orderStatus"] == "cancelled"


async def test_coins_and_positions_are_dumped_and_told() -> None:
    async with a_market(FUTURES, "bob", dialect="uta") as bob:
        market = {"orderType": "market", "posSide": "long"}
        await place(bob, **market)
        async with socket_to(bob, "/v3/ws/private") as socket:
            await listen(bob, socket)
            await say(socket, {"op": "subscribe", "args": topics("position", "account")})
            held = await hear(socket, "position")
            assert (held["posSide"], held["size"]) == ("long", "1")
            coins = (await hear(socket, "account"))["coin"]
            assert [(c["coin"], c["balance"]) for c in coins] == [("USDT", "9997.499")]
            await place(bob, **market, side="sell")
            ended = await hear(socket, "position")
            assert (ended["size"], ended["positionStatus"]) == ("0", "ended")


async def test_an_adl_has_a_notice_and_a_type() -> None:
    async with (
        a_market(FUTURES, dialect="uta") as alice,
        socket_to(alice, "/v3/ws/private") as socket,
    ):
        await listen(alice, socket, *topics("adl-notification"))
        await place(alice, orderType="market")
        close = {"symbol": SYMBOL, "price": "2000", "origin": "adl"}
        await alice.admin("POST", "/accounts/alice/close", close)
        assert (await hear(socket))["symbol"] == SYMBOL
        rows = (await alice.get("/api/v3/trade/fills")).data["list"]
        assert [row["execType"] for row in rows] == ["reduce", "normal"]
