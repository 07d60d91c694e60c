"""Reads over real HTTP: pages, lags, the archive, settlement."""

from __future__ import annotations

from typing import Any

from daemon.paper.config import AccountConfig, ReadConfig, SeedConfig
from tests.paper.builders import TICKER, a_client, a_config

ORDERS = "/portfolio/events/orders"


def nested(code: str, **more: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": code.replace("_", " "), **more}}


async def test_pages_and_their_validation() -> None:
    async with a_client() as alice:
        for _ in range(4):
            await alice.order("bid", price="0.10")
        seen, cursor, pages = [], "", 0
        while True:
            page = (await alice.call("GET", f"/portfolio/orders?limit=2&cursor={cursor}")).body
            seen += [o["order_id"] for o in page["orders"]]
            cursor, pages = page["cursor"], pages + 1
            if not cursor:
                break
        assert (len(set(seen)), pages) == (5, 3)
        wrong = await alice.call("GET", "/portfolio/orders?limit=1001")
        assert wrong.status == 400
        assert wrong.body.keys() == {"msg"}
        assert "Error:Field validation for 'Limit' failed on the 'lte' tag" in wrong.body["msg"]
        garbage = await alice.call("GET", "/portfolio/orders?cursor=garbage&status=nonsense")
        assert (garbage.status, garbage.body) == (200, {"orders": [], "cursor": ""})
        depth = await alice.call("GET", f"/markets/{TICKER}/orderbook?depth=1")
        assert depth.body["orderbook_fp"]["yes_dollars"] == [["0.4800", "20.00"]]
        assert depth.body["orderbook_fp"]["no_dollars"] == [["0.4800", "20.00"]]


async def test_old_fills_are_in_the_archive_and_older_ones_nowhere() -> None:
    seeds = [
        SeedConfig(ticker=TICKER, count="1", price="0.50", archived=True),
        SeedConfig(ticker=TICKER, count="2", price="0.50", historical=True),
    ]
    account = AccountConfig(name="alice", key_type="ed25519", tier="prestige", positions=seeds)
    async with a_client(a_config(accounts=[account])) as alice:
        assert (await alice.call("GET", "/portfolio/fills")).body["fills"] == []
        old = (await alice.call("GET", "/historical/fills")).body["fills"]
        assert [f["count_fp"] for f in old] == ["1.00"]
        assert len((await alice.call("GET", "/historical/orders")).body["orders"]) == 1
        rows = (await alice.call("GET", "/portfolio/positions")).body["market_positions"]
        assert rows[0]["position_fp"] == "3.00"
        cutoff = (await alice.call("GET", "/historical/cutoff")).body
        assert cutoff["trades_created_ts"] < cutoff["orders_updated_ts"]


async def test_settlement_over_rest() -> None:
    async with a_client() as alice:
        await alice.order("ask", "3.5", "0.01", reduce_only=True)
        await alice.admin(
            "POST",
            f"/markets/{TICKER}/determine",
            {"result": "scalar", "settlement_value": "0.3333"},
        )
        late = await alice.order("ask", "1", "0.01")
        assert (late.status, late.body["error"]["code"]) == (400, "market_inactive")
        paid = (await alice.call("GET", "/portfolio/settlements")).body["settlements"][0]
        assert (paid["market_result"], paid["yes_count_fp"]) == ("scalar", "6.50")
        assert (paid["revenue"], paid["value"]) == (216, 33)
        truth = await alice.admin("GET", "/oracle/alice")
        assert truth["settlements"][0]["payout"] == "2.1664"
        rows = await alice.call("GET", "/portfolio/positions")
        assert rows.body["market_positions"] == []
        rows = await alice.call("GET", "/portfolio/positions?settlement_status=settled")
        assert rows.body["market_positions"][0]["position_fp"] == "0.00"
        market = (await alice.call("GET", f"/markets/{TICKER}")).body["market"]
        assert (market["status"], market["settlement_value_dollars"]) == ("finalized", "0.3333")


async def test_reads_lag_behind_writes() -> None:
    reads = ReadConfig(order_lag_ms=(60_000, 60_000), fill_lag_ms=(60_000, 60_000))
    async with a_client(a_config(reads=reads)) as alice:
        made = await alice.order("ask", "1", "0.01")
        order_id = made.body["order_id"]
        missing = await alice.call("GET", f"/portfolio/orders/{order_id}")
        assert (missing.status, missing.body) == (404, nested("not_found"))
        assert len((await alice.call("GET", "/portfolio/fills")).body["fills"]) == 1
        as_of = (await alice.call("GET", "/exchange/user_data_timestamp")).body["as_of_time"]
        fills = (await alice.admin("GET", "/oracle/alice"))["fills"]
        assert len(fills) == 2
        assert as_of.endswith("Z")
        counts = (await alice.admin("GET", "/faults"))["applied"]
        assert counts["order_not_readable_yet"] == 1


async def test_markets_come_out_of_a_cache_and_books_do_not() -> None:
    async with a_client(a_config(reads=ReadConfig(markets_cache_s=60))) as alice:
        await alice.call("GET", f"/markets/{TICKER}")
        await alice.admin("PUT", f"/markets/{TICKER}/book", {"bids": [["0.10", "1"]]})
        market = (await alice.call("GET", f"/markets/{TICKER}")).body["market"]
        assert market["yes_bid_dollars"] == "0.4800"
        book = (await alice.call("GET", f"/markets/{TICKER}/orderbook")).body["orderbook_fp"]
        assert book["yes_dollars"] == [["0.1000", "1.00"]]


async def test_filters_of_the_lists() -> None:
    async with a_client() as alice:
        await alice.order("bid", "1", "0.52")
        for path, key, count in (
            ("/portfolio/fills?ticker=none", "fills", 0),
            ("/portfolio/fills?min_ts=9999999999", "fills", 0),
            ("/portfolio/fills?max_ts=9999999999&subaccount=0&exchange_index=0", "fills", 2),
            ("/portfolio/orders?event_ticker=KXT-26&status=executed", "orders", 2),
            ("/portfolio/positions?count_filter=position", "market_positions", 1),
            ("/portfolio/positions?ticker=none", "market_positions", 0),
            ("/portfolio/positions?subaccount=3", "market_positions", 0),
        ):
            assert len((await alice.call("GET", path)).body[key]) == count, path
        odd = await alice.call("GET", "/portfolio/positions?settlement_status=x")
        assert odd.body["error"]["code"] == "invalid_parameters"
        none = await alice.call("GET", "/portfolio/orders/queue_positions")
        assert none.body["error"]["code"] == "missing_parameters"
