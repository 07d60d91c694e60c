"""Orders over real HTTP: create, cancel, amend, batches, and every refusal with its body."""

from __future__ import annotations

from typing import Any

from daemon.paper.config import ShardConfig
from daemon.paper.kalshi.errors import STATUS
from daemon.paper.listing import MarketSpec
from daemon.paper.refusal import Code
from tests.paper.builders import TICKER, a_client, a_config

ORDERS = "/portfolio/events/orders"


def nested(code: str, **more: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": code.replace("_", " "), **more}}


async def test_an_ioc_sweeps_and_everything_agrees() -> None:
    async with a_client() as alice:
        made = await alice.order("bid", "30", "0.55", client_order_id="x-1")
        assert made.status == 201
        assert made.body.keys() == {
            *("order_id", "client_order_id", "fill_count", "remaining_count", "ts_ms"),
            *("average_fill_price", "average_fee_paid"),
        }
        assert made.body["fill_count"] == "30.00"
        assert made.body["average_fill_price"] == "0.5300"
        order_id = made.body["order_id"]
        fills = (await alice.call("GET", f"/portfolio/fills?order_id={order_id}")).body["fills"]
        prices = [(f["yes_price_dollars"], f["count_fp"], f["fee_cost"]) for f in fills]
        assert prices == [("0.5500", "10.00", "0.173300"), ("0.5200", "20.00", "0.349500")]
        assert fills[0]["fill_id"] == fills[0]["trade_id"]
        assert "client_order_id" not in fills[0]
        assert (fills[0]["side"], fills[0]["outcome_side"]) == ("yes", "yes")
        order = (await alice.call("GET", f"/portfolio/orders/{order_id}")).body["order"]
        assert (order["status"], order["taker_fees_dollars"]) == ("executed", "0.522800")
        rows = (await alice.call("GET", "/portfolio/positions")).body
        assert rows["market_positions"][0]["position_fp"] == "40.00"
        assert rows["event_positions"][0]["event_ticker"] == "KXT-26"
        balance = (await alice.call("GET", "/portfolio/balance")).body
        # 1000 - 5.00 - 0.175 (the seed) - 15.90 - 0.5228
        assert (balance["balance_dollars"], balance["balance"]) == ("978.4022", 97840)
        tape = (await alice.call("GET", f"/markets/trades?ticker={TICKER}")).body["trades"]
        assert {t["trade_id"] for t in tape} >= {f["trade_id"] for f in fills}


async def test_an_exit_that_finds_nobody_is_a_201_without_a_fill() -> None:
    async with a_client() as alice:
        await alice.admin("PUT", f"/markets/{TICKER}/book", {"bids": [], "asks": []})
        made = await alice.order("ask", "10", "0.01", reduce_only=True)
        assert (made.status, made.body["fill_count"]) == (201, "0.00")
        assert made.body["remaining_count"] == "0.00"
        assert "average_fill_price" not in made.body
        order_id = made.body["order_id"]
        order = (await alice.call("GET", f"/portfolio/orders/{order_id}")).body["order"]
        assert (order["status"], order["remaining_count_fp"]) == ("canceled", "0.00")
        book = (await alice.call("GET", f"/markets/{TICKER}/orderbook")).body
        assert book == {"orderbook_fp": {"yes_dollars": [], "no_dollars": []}}
        market = (await alice.call("GET", f"/markets/{TICKER}")).body["market"]
        assert (market["yes_bid_dollars"], market["yes_ask_dollars"]) == ("0.0000", "1.0000")


CREATE_ERRORS: list[tuple[dict[str, Any], int, dict[str, Any]]] = [
    ({"price": "0.5050"}, 400, nested("invalid_price")),
    ({"price": "1.00"}, 400, nested("invalid_price")),
    (
        {"price": "0.50001"},
        400,
        nested("invalid_order", details="price has more than 4 decimal places"),
    ),
    ({"count": "0.001"}, 400, nested("invalid_order_size")),
    ({"count": "0"}, 400, nested("invalid_order_size")),
    ({"count": "5000", "price": "0.60"}, 400, nested("insufficient_balance")),
    (
        {"reduce_only": True, "time_in_force": "good_till_canceled"},
        400,
        nested("invalid_order", details="reduce_only can only be used with IoC orders"),
    ),
    (
        {"post_only": True, "time_in_force": "good_till_canceled", "price": "0.53"},
        400,
        nested("invalid_order", details="post only cross"),
    ),
    (
        {"time_in_force": "fill_or_kill", "count": "999", "price": "0.60"},
        409,
        nested("fill_or_kill_insufficient_resting_volume"),
    ),
    ({"ticker": "NONE"}, 404, nested("market_not_found")),
    ({"exchange_index": 7}, 404, nested("market_not_found")),
    (
        {"client_order_id": "a.b"},
        400,
        nested("invalid_parameters", details="client_order_id is not valid"),
    ),
    ({"side": "yes"}, 400, nested("invalid_parameters", details="'yes' is not valid")),
    (
        {"self_trade_prevention_type": ""},
        400,
        nested("missing_parameters", details="missing self_trade_prevention_type"),
    ),
    (
        {"count": 1},
        400,
        {
            "code": "bad_request",
            "message": "bad request",
            "details": "json: cannot unmarshal number into Go struct field "
            "CreateOrderV2Request.count of type string",
        },
    ),
]


async def test_every_refusal_of_create_has_its_body() -> None:
    async with a_client() as alice:
        for terms, status, body in CREATE_ERRORS:
            refused = await alice.order(**terms)
            assert (refused.status, refused.body) == (status, body), terms
        broken = await alice.call("POST", ORDERS, raw=b"{")
        assert (broken.status, broken.body["code"]) == (400, "bad_request")
        assert not (await alice.admin("GET", "/oracle/bob"))["orders"]
    assert set(STATUS) == set(Code)


async def test_an_id_is_used_up_for_ever() -> None:
    async with a_client() as alice:
        assert (await alice.order("ask", client_order_id="once")).status == 201
        again = await alice.order("ask", client_order_id="once")
        assert (again.status, again.body) == (409, nested("order_already_exists"))
        ids = (await alice.admin("GET", "/oracle/alice"))["client_order_ids"]["once"]
        assert (ids["times"], ids["identical"]) == (2, True)
        assert ids["answers"] == {"created": 1, "order_already_exists": 1}
        await alice.order("bid", client_order_id="once")
        ids = (await alice.admin("GET", "/oracle/alice"))["client_order_ids"]["once"]
        assert not ids["identical"]


async def test_cancel_amend_decrease_and_the_queue() -> None:
    gtc = {"time_in_force": "good_till_canceled", "price": "0.40"}
    async with a_client() as alice:
        order = (await alice.order(count="10", client_order_id="q", **gtc)).body
        path = f"{ORDERS}/{order['order_id']}"
        terms = {"ticker": TICKER, "side": "bid", "price": "0.4100", "count": "8.00"}
        amended = await alice.call("POST", f"{path}/amend", terms)
        assert (amended.status, amended.body["remaining_count"]) == (200, "8.00")
        wrong = await alice.call("POST", f"{path}/amend", terms | {"side": "ask"})
        assert wrong.body == nested("order_side_mismatch")
        smaller = await alice.call("POST", f"{path}/decrease", {"reduce_by": "2.00"})
        assert (smaller.status, smaller.body["remaining_count"]) == (200, "6.00")
        both = await alice.call("POST", f"{path}/decrease", {"reduce_by": "1", "reduce_to": "1"})
        assert both.body["error"]["code"] == "invalid_parameters"
        ahead = await alice.call("GET", f"/portfolio/orders/{order['order_id']}/queue_position")
        assert ahead.body == {"queue_position_fp": "50.00"}
        rows = await alice.call("GET", f"/portfolio/orders/queue_positions?market_tickers={TICKER}")
        assert rows.body["queue_positions"][0]["queue_position_fp"] == "50.00"
        gone = await alice.call("DELETE", path)
        assert gone.status == 200
        assert (gone.body["reduced_by"], gone.body["client_order_id"]) == ("6.00", "q")
        for _ in range(2):
            again = await alice.call("DELETE", path)
            assert (again.status, again.body) == (404, nested("not_found"))


async def test_batches_and_cancel_all() -> None:
    async with a_client() as alice:
        one = {
            "ticker": TICKER,
            "side": "bid",
            "count": "1",
            "price": "0.30",
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "maker",
        }
        made = await alice.call(
            "POST", f"{ORDERS}/batched", {"orders": [one, one | {"price": "9"}]}
        )
        good, bad = made.body["orders"]
        assert (made.status, good["error"], good["remaining_count"]) == (201, None, "1.00")
        assert ("order_id" in bad, bad["error"]["code"]) == (False, "invalid_price")
        items = [{"order_id": good["order_id"]}, {"order_id": "nobody"}]
        gone = await alice.call("DELETE", f"{ORDERS}/batched", {"orders": items})
        assert [o["reduced_by"] for o in gone.body["orders"]] == ["1.00", "0.00"]
        assert gone.body["orders"][1]["error"]["code"] == "not_found"
        await alice.call("POST", f"{ORDERS}/batched", {"orders": [one, one]})
        assert (await alice.call("DELETE", ORDERS)).status == 204
        left = await alice.call("GET", "/portfolio/orders?status=resting")
        assert left.body == {"orders": [], "cursor": ""}


async def test_an_order_on_another_shard_is_found_only_there() -> None:
    far = MarketSpec(ticker="KXF-26-B", exchange_index=2)
    config = a_config(markets=[*a_config().markets, far], shards=[ShardConfig(index=2)])
    async with a_client(config) as alice:
        terms = {"ticker": "KXF-26-B", "time_in_force": "good_till_canceled"}
        path = f"{ORDERS}/{(await alice.order(**terms)).body['order_id']}"
        for query in ("", "?exchange_index=0", f"?market_ticker={TICKER}"):
            assert (await alice.call("DELETE", path + query)).status == 404
        assert (await alice.call("DELETE", f"{path}?market_ticker=KXF-26-B")).status == 200
        terms |= {"count": "1500", "price": "0.90"}
        assert (await alice.order(**terms)).body == nested("insufficient_balance")
        move = {"source": "event_contract", "destination": "event_contract", "amount": 9_000_000}
        moved = await alice.call(
            "POST",
            "/portfolio/intra_exchange_instance_transfer",
            move | {"destination_exchange_shard": 2},
        )
        assert moved.status == 200
        assert (await alice.order(**terms)).status == 201
        breakdown = (await alice.call("GET", "/portfolio/balance")).body["balance_breakdown"]
        assert [row["exchange_index"] for row in breakdown] == [0, 2]


async def test_legacy_writes_are_gone_and_reads_stay() -> None:
    async with a_client() as alice:
        for method, path in (
            ("POST", ""),
            ("DELETE", "/x"),
            ("POST", "/x/amend"),
            ("POST", "/batched"),
        ):
            gone = await alice.call(method, f"/portfolio/orders{path}")
            assert gone.status == 410
            assert gone.body["error"]["code"] == "deprecated_v1_order_endpoint"
        assert (await alice.call("GET", "/portfolio/orders")).status == 200
        assert (await alice.call("GET", f"{ORDERS}/x")).status in (404, 405)
        slash = await alice.call("GET", "/portfolio/orders/")
        assert (slash.status, slash.headers["Location"]) == (301, "/trade-api/v2/portfolio/orders")
