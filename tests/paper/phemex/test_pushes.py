"""The private stream: login, old rows on each subscription, every fill once, forced orders.

Drives daemon.paper.phemex.door, daemon.paper.phemex.session, daemon.paper.phemex.hub,
daemon.paper.phemex.pieces, daemon.paper.phemex.perp_push, daemon.paper.phemex.perp_rows and
daemon.paper.phemex.spot_push.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from daemon.paper.crypto.config import CoinAccountConfig
from tests.paper.phemex.builders import NO_EXECUTION, PERP, SPOT, a_market, ask, received, rows_of

MARKET = {"ordType": "Market", "priceRp": None}


def steps(rows: list[Any]) -> list[tuple[str, str, str, str]]:
    return [(r["ordStatus"], r["execStatus"], r["action"], r["execQty"]) for r in rows]


async def test_an_order_lives_in_rows_and_only_fills_have_ids() -> None:
    async with a_market(PERP) as alice, alice.listening() as socket:
        await received(socket)
        await alice.place(priceRp="2501", orderQtyRq="3", clOrdID="mine")
        frame = await received(socket)
        assert steps(frame["orders_p"]) == [
            ("New", "New", "New", "0"),
            ("PartiallyFilled", "TakerFill", "New", "2"),
        ]
        new, fill = frame["orders_p"]
        assert new["execID"] == NO_EXECUTION != fill["execID"]
        assert "lastLiquidityInd" not in new
        assert (fill["execFeeRv"], fill["cumFeeRv"], fill["curPosSize"]) == ("3.0012", "0", "2")
        (position,) = frame["positions_p"]
        assert (position["side"], position["size"]) == ("Buy", "2")
        assert frame["accounts_p"][0]["accountBalanceRv"] == "9996.9988"
        ids = {"symbol": alice.symbol, "clOrdID": "mine", "posSide": "Merged"}
        await alice.call("DELETE", "/g-orders/cancel", **ids)
        (gone,) = await rows_of(socket, 1, "orders_p")
        # Of a canceled row execQty is what was left, and no fill.
        assert steps([gone]) == [("Canceled", "Canceled", "Cancel", "1")]
        assert (gone["cumQty"], gone["leavesQty"], gone["execID"]) == ("2", "0", NO_EXECUTION)


@pytest.mark.parametrize(
    ("changes", "ended", "reason"),
    [
        ({"priceRp": "2501", "timeInForce": "PostOnly"}, "Aborted", 101),
        ({"priceRp": "2501", "timeInForce": "FillOrKill", "orderQtyRq": "3"}, "Expired", 100),
        ({"timeInForce": "ImmediateOrCancel"}, "Canceled", 0),
    ],
)
async def test_what_is_accepted_and_then_canceled(
    changes: dict[str, Any], ended: str, reason: int
) -> None:
    async with a_market(PERP) as alice, alice.listening() as socket:
        await received(socket)
        assert (await alice.place(**changes)).code == 0
        _new, gone = await rows_of(socket, 2, "orders_p")
        assert (gone["ordStatus"], gone["execStatus"], gone["cxlRejReason"]) == (
            *("Canceled", ended, reason),
        )


async def test_an_amended_order_and_a_maker_with_a_rebate() -> None:
    async with a_market(PERP) as alice, alice.listening() as socket:
        await received(socket)
        made = (await alice.place()).data
        ids = {"symbol": alice.symbol, "orderID": made["orderID"], "posSide": "Merged"}
        await alice.call("PUT", "/g-orders/replace", **ids, priceRp="2500")
        await alice.sweep("ask", "2500", "1")
        rows = await rows_of(socket, 3, "orders_p")
        assert [row["action"] for row in rows] == ["New", "Replace", "New"]
        assert (rows[1]["tradeType"], rows[1]["priceRp"]) == ("Amend", "2500")
        assert (rows[2]["execStatus"], rows[2]["lastLiquidityInd"]) == (
            *("MakerFill", "AddedLiquidity"),
        )
        assert rows[2]["execFeeRv"] == "-0.25"


async def test_a_late_rejection() -> None:
    async with a_market(PERP, refusals="stream") as alice, alice.listening() as socket:
        await received(socket)
        made = (await alice.place(orderQtyRq="90")).data
        (row,) = await rows_of(socket, 1, "orders_p")
        assert (row["ordStatus"], row["execStatus"], row["code"]) == (
            *("Rejected", "CreateRejected", 11001),
        )
        assert (row["orderID"], row["execSeq"]) == (made["orderID"], 0)


async def test_a_liquidation_is_an_order_that_nobody_sent() -> None:
    async with a_market(PERP) as alice:
        await alice.place(**MARKET, orderQtyRq="2")
        async with alice.listening() as socket:
            await received(socket)
            close: dict[str, Any] = {"symbol": alice.symbol, "price": "2000"}
            await alice.admin(
                "POST", "/accounts/alice/close", close | {"origin": "adl", "qty": "1"}
            )
            await alice.admin("POST", "/accounts/alice/close", close)
            rows = await rows_of(socket, 4, "orders_p")
            fills = [row for row in rows if row["execID"] != NO_EXECUTION]
            assert [row["tradeType"] for row in fills] == ["AdlTrade", "LiqTrade"]
            assert [row["clOrdID"] for row in fills] == ["", ""]


async def test_a_subscription_repeats_old_fills_open_orders_and_ends() -> None:
    async with a_market(PERP) as alice:
        seed = {"symbol": alice.symbol, "qty": "1", "price": "2500", "age_s": 3600}
        await alice.admin("POST", "/accounts/alice/positions", seed)
        async with alice.listening() as socket:
            await received(socket)
            await alice.place(**MARKET)
            (fill,) = [row for row in await rows_of(socket, 2, "orders_p") if row["execQty"] == "1"]
        await alice.place(timeInForce="ImmediateOrCancel")
        await alice.place()
        for _ in range(2):
            async with alice.listening() as socket:
                frame = await received(socket)
                assert frame["type"] == "snapshot"
                kinds = [row["execStatus"] for row in frame["orders_p"]]
                assert kinds == ["TakerFill", "TakerFill", "Canceled", "New"]
                assert frame["orders_p"][1] == fill
                held = {p["symbol"]: p["size"] for p in frame["positions_p"]}
                assert held == {"ETHUSDT": "2", "BTCUSDT": "0"}


async def test_a_hundred_old_fills_are_repeated_and_no_more() -> None:
    async with a_market(PERP) as alice:
        for _ in range(3):
            await alice.admin("PUT", f"/instruments/{alice.symbol}/book", {"asks": [
                [f"{2501 + step}", "0.01"] for step in range(40)
            ]})  # fmt: skip
            await alice.place(**MARKET, orderQtyRq="0.4")
        await alice.place()
        async with alice.listening() as socket:
            first, second = await received(socket), await received(socket)
            assert [f["type"] for f in (first, second)] == ["snapshot"] * 2
            assert [len(f["orders_p"]) for f in (first, second)] == [100, 1]
            assert second["sequence"] > first["sequence"]
            assert "positions_p" not in second
            assert len((await alice.truth())["fills"]) == 120


async def test_the_rows_of_one_moment_may_come_apart() -> None:
    async with a_market(PERP, rows="apart") as alice, alice.listening() as socket:
        await received(socket)
        await alice.arm("ws_reorder", channel="aop_p", ticker=alice.symbol)
        await alice.place(**MARKET)
        rows = await rows_of(socket, 2, "orders_p")
        assert [row["execStatus"] for row in rows] == ["TakerFill", "New"]


async def test_spot_tells_fills_states_and_wallets() -> None:
    async with a_market(SPOT) as alice, alice.listening() as socket:
        whole = await received(socket)
        assert whole["type"] == "snapshot"
        assert {w["currency"] for w in whole["wallets"]} == {"USDT", "ETH"}
        await alice.place(priceEp=2501 * 10**8, baseQtyEv=3 * 10**8, clOrdID="mine")
        frame = await received(socket)
        (fill,), (state,) = frame["orders"]["fills"], frame["orders"]["open"]
        assert (fill["execBaseQtyEv"], fill["feeCurrency"]) == (2 * 10**8, "ETH")
        assert "ordStatus" not in fill
        assert (state["ordStatus"], state["cumBaseQtyEv"]) == ("PartiallyFilled", 2 * 10**8)
        ids = {"symbol": alice.symbol, "clOrdID": "mine"}
        await alice.call("DELETE", "/spot/orders", **ids)
        (gone,) = await rows_of(socket, 1, "orders", "closed")
        assert (gone["ordStatus"], gone["action"]) == ("Canceled", "Cancel")
        assert gone["cumBaseQtyEv"] == 2 * 10**8
    async with a_market(SPOT) as alice:
        await alice.place(side="Sell", priceEp=2499 * 10**8)
        async with alice.listening() as socket:
            again = (await received(socket))["orders"]
            assert [len(again[name]) for name in ("fills", "closed", "open")] == [1, 1, 0]


async def test_a_fill_on_spot_never_comes_without_its_orders_state() -> None:
    async with a_market(SPOT, rows="apart") as alice, alice.listening() as socket:
        await received(socket)
        await alice.place(priceEp=2501 * 10**8, baseQtyEv=2 * 10**8)
        orders: dict[str, Any] = {"fills": []}
        while not orders["fills"]:
            orders = (await received(socket))["orders"]
        assert [row["ordStatus"] for row in orders["closed"]] == ["Filled"]
        assert [row["ordStatus"] for row in orders["open"]] == []


async def test_spot_may_reject_late() -> None:
    async with a_market(SPOT, refusals="stream") as alice, alice.listening() as socket:
        await received(socket)
        await alice.place(side="Sell", baseQtyEv=11 * 10**8)
        (row,) = await rows_of(socket, 1, "orders", "closed")
        assert (row["ordStatus"], row["bizError"]) == ("Rejected", 11105)


async def test_tokens_pay_on_the_stream_as_well() -> None:
    members = [CoinAccountConfig(name="alice", balances={"USDT": "9999", "PT": "9"}, fee_coin="PT")]
    terms: dict[str, Any] = {"accounts": members, "fee_coin_px": "2"}
    async with a_market(PERP, **terms) as alice, alice.listening() as socket:
        await received(socket)
        await alice.place(**MARKET)
        _new, fill = await rows_of(socket, 2, "orders_p")
        assert (fill["execFeeRv"], fill["ptFeeRv"], fill["ptPriceRp"]) == ("0", "0.7503", "2")


async def test_commands_and_who_may_give_them() -> None:
    async with a_market(PERP) as alice, alice.socket() as socket:
        subscribe = {"id": 5, "method": "aop_p.subscribe", "params": []}
        assert (await ask(socket, subscribe))["error"]["code"] == 6011
        for wrong in (alice.login(300), alice.login(-1), alice.login() | {"params": ["API"]}):
            assert (await ask(socket, wrong))["error"] is not None
        forged = alice.login()
        forged["params"][2] = "0" * 64
        assert (await ask(socket, forged))["error"]["code"] == 6012
        ping = {"id": 7, "method": "server.ping", "params": []}
        assert await ask(socket, ping) == {"error": None, "id": 7, "result": "pong"}
        assert (await ask(socket, ping | {"method": "wo.subscribe"}))["error"]["code"] == 6001
        await socket.send("nonsense")
        assert (await received(socket))["error"] == {"code": 6001, "message": "invalid argument"}
        assert (await ask(socket, alice.login()))["result"] == {"status": "success"}
        assert (await ask(socket, subscribe))["error"] is None
        await received(socket)
        await ask(socket, subscribe | {"method": "aop_p.unsubscribe"})
        await alice.place()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await socket.recv()


async def test_five_connections_of_one_member() -> None:
    async with a_market(PERP) as alice:
        opened = [await alice.socket() for _ in range(6)]
        answers = [await ask(socket, alice.login()) for socket in opened]
        assert [answer["error"] is None for answer in answers] == [True] * 5 + [False]
        for socket in opened:
            await socket.close()


async def test_a_silent_client_is_cut_and_a_pinging_one_is_not() -> None:
    async with (
        a_market(PERP, ping_interval_s=0.02, pong_limit_s=0.1) as alice,
        alice.socket() as silent,
    ):
        with pytest.raises(ConnectionClosed):
            await received(silent)
    # Longer than a machine may stall.
    async with (
        a_market(PERP, ping_interval_s=0.02, pong_limit_s=4.0) as alice,
        alice.socket() as alive,
    ):
        for _ in range(10):
            await (await alive.ping())
            await asyncio.sleep(0.5)


async def test_connections_are_cut_refused_and_dumb() -> None:
    async with a_market(PERP) as alice:
        async with alice.listening() as socket:
            await received(socket)
            assert (await alice.arm("ws_disconnect", account="alice"))["hit"] == 1
            with pytest.raises(ConnectionClosed):
                await received(socket)
        await alice.arm("ws_refuse", status=503)
        with pytest.raises(InvalidStatus):
            await alice.socket()
        async with alice.listening() as socket:
            await received(socket)
            await alice.arm("ws_silent", count=None, channel="aop_p")
            await alice.place()
            ping = {"id": 7, "method": "server.ping", "params": []}
            assert (await ask(socket, ping))["result"] == "pong"
