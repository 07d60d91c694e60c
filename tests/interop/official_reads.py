"""The reading half of the official client's drive: lists, pages, markets, the account."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.interop.door import Door, Row
from tests.interop.room import SHARD, ticker
from tests.interop.sheet import Sheet, require, same

A, B, C = (ticker("official", which) for which in "ABC")
D = Decimal


class Reads:
    """Reads everything back and compares it with the oracle."""

    def __init__(self, client: Any, door: Door, sheet: Sheet) -> None:
        self.client, self.door, self.sheet = client, door, sheet

    async def pages(self, call: Any, name: str, **query: Any) -> list[Any]:
        """All rows of a list, page by page; an empty cursor ends it."""
        rows: list[Any] = []
        cursor = None
        for _ in range(100):
            page = await call(cursor=cursor, **query)
            rows += getattr(page, name)
            cursor = page.cursor
            if not cursor:
                return rows
        raise AssertionError(f"{name}: the cursor never ends")

    async def portfolio(self) -> None:
        """Orders, fills, positions, balance."""
        check, truth = self.sheet.check, self.door.truth()
        orders = {order["order_id"]: order for order in truth["orders"]}
        with check("get_order"):
            wanted = truth["orders"][-1]
            found = (await self.client.get_order(wanted["order_id"])).order
            self.same_order(found, wanted)
        with check("get_orders, all pages of 3"):
            rows = await self.pages(self.client.get_orders, "orders", limit=3)
            same("the orders", sorted(row.order_id for row in rows), sorted(orders))
            for row in rows:
                self.same_order(row, orders[row.order_id])
            times = [row.created_time for row in rows]
            require(times == sorted(times, reverse=True), "the newest order is not first")
        with check("get_orders by ticker and status"):
            wanted_ids = sorted(
                i for i, o in orders.items() if o["ticker"] == A and o["status"] == "canceled"
            )
            rows = await self.pages(self.client.get_orders, "orders", ticker=A, status="canceled")
            same("the orders", sorted(row.order_id for row in rows), wanted_ids)
        with check("get_fills, all pages of 2"):
            wanted_fills = self.door.fills()
            rows = await self.pages(self.client.get_fills, "fills", limit=2)
            same("the fills", [r.trade_id for r in rows], [f["trade_id"] for f in wanted_fills])
            for row, fill in zip(rows, wanted_fills, strict=True):
                self.same_fill(row, fill)
        with check("get_fills by order"):
            order_id = self.door.fills()[0]["order_id"]
            rows = (await self.client.get_fills(order_id=order_id)).fills
            same("the fills", len(rows), len(self.door.fills(order_id=order_id)))
        with check("get_positions"):
            found = await self.client.get_positions(ticker=A)
            self.same_position(found.market_positions[0], self.door.position(A))
            event = found.event_positions[0]
            same("event_ticker", event.event_ticker, A.rpartition("-")[0])
        with check("get_balance"):
            found = await self.client.get_balance()
            cash = self.door.available()
            same("balance_dollars", found.balance_dollars, cash.quantize(D("0.0001")))
            same("balance", found.balance, int(cash * 100))
            same("shards", sorted(b.exchange_index for b in found.balance_breakdown), [0, SHARD])
        await self.resting()

    async def resting(self) -> None:
        """What is said about an order that waits."""
        check = self.sheet.check
        made = await self.client.create_order_v2(
            ticker=B,
            side="bid",
            count="2",
            price="0.5500",
            time_in_force="good_till_canceled",
            self_trade_prevention_type="maker",
            client_order_id="official-waits",
            exchange_index=0,
        )
        with check("get_order_queue_position"):
            found = await self.client.get_order_queue_position(made.order_id)
            same("ahead", found.queue_position_fp, D(4))
        with check("get_order_queue_positions"):
            found = await self.client.get_order_queue_positions(market_tickers=B)
            same("orders", [q.order_id for q in found.queue_positions], [made.order_id])
        with check("get_portfolio_resting_order_total_value"):
            found = await self.client.get_portfolio_resting_order_total_value()
            held = sum((D(c["reserved"]) for c in self.door.truth()["cash"]), D(0))
            same("cents", found.total_resting_order_value, int(held * 100))
        with check("a maker's fill and fee on a series with maker fees"):
            body = {"side": "ask", "price": "0.55", "count": "6"}
            self.door.ask("POST", f"/markets/{B}/orders", body)
            rows = (await self.client.get_fills(order_id=made.order_id)).fills
            require(rows, "no fill of the resting order")
            same("is_taker", rows[0].is_taker, False)
            self.same_fill(rows[0], self.door.fills(order_id=made.order_id)[0])
            require(D(rows[0].fee_cost) > 0, "a maker's fill without a fee")

    async def settled(self) -> None:
        """Settle a market through the admin door and read what it paid."""
        check = self.sheet.check
        made = await self.client.create_order_v2(
            ticker=C,
            side="bid",
            count="8",
            price="0.58",
            time_in_force="immediate_or_cancel",
            self_trade_prevention_type="maker",
            client_order_id="official-settles",
        )
        same("bought", made.fill_count, D(8))
        self.door.settle(C, "yes")
        paid = self.door.settlement(C)
        with check("get_settlements"):
            found = (await self.client.get_settlements(ticker=C)).settlements
            same("rows", len(found), 1)
            row = found[0]
            same("market_result", row.market_result, paid["result"])
            same("yes_count_fp", row.yes_count_fp, D(paid["qty"]))
            same("yes_total_cost_dollars", row.yes_total_cost_dollars, D(paid["cost"]))
            same("no_count_fp", row.no_count_fp, D(0))
            same("revenue", row.revenue, int(D(paid["payout"]) * 100))
            same("value", row.value, 100)
            same("fee_cost", row.fee_cost, D(paid["fees"]))
        with check("get_positions settled"):
            rows = (await self.client.get_positions(settlement_status="settled")).market_positions
            same("tickers", [row.ticker for row in rows], [C])
            unsettled = (await self.client.get_positions()).market_positions
            require(C not in [row.ticker for row in unsettled], "a settled position is unsettled")
        with check("get_market finalized"):
            market = (await self.client.get_market(C)).market
            same("status", market.status, "finalized")
            same("result", market.result, "yes")
            same("settlement_value_dollars", market.settlement_value_dollars, D(1))
            require(isinstance(market.settlement_ts, datetime), "no settlement_ts")

    async def markets(self) -> None:
        """Markets, books, the tape."""
        check, listed = self.sheet.check, self.door.market(A)
        with check("get_market"):
            found = (await self.client.get_market(A)).market
            for name in (
                "status",
                "yes_bid_dollars",
                "yes_ask_dollars",
                "yes_bid_size_fp",
                "volume_fp",
            ):
                same(name, getattr(found, name), listed["market"][name])
            same("exchange_index", found.exchange_index, SHARD)
            same("price_ranges", [r.step for r in found.price_ranges], ["0.0100"])
        with check("get_markets, all pages of 2"):
            event = A.rpartition("-")[0]
            rows = await self.pages(self.client.get_markets, "markets", event_ticker=event, limit=2)
            same("tickers", sorted(row.ticker for row in rows), [A, B, C])
        with check("get_markets by status"):
            rows = (await self.client.get_markets(status="settled")).markets
            same("tickers", [row.ticker for row in rows], [C])
        with check("get_market_orderbook"):
            found = (await self.client.get_market_orderbook(A)).orderbook_fp
            self.same_book(found, listed["orderbook_fp"])
        with check("get_market_orderbook depth 1"):
            found = (await self.client.get_market_orderbook(A, depth=1)).orderbook_fp
            same("yes", found.yes_dollars, listed["orderbook_fp"]["yes_dollars"][-1:])
        with check("get_market_orderbooks"):
            found = (await self.client.get_market_orderbooks([A, B])).orderbooks
            same("tickers", [book.ticker for book in found], [A, B])
            self.same_book(found[0].orderbook_fp, listed["orderbook_fp"])
        with check("get_trades"):
            rows = (await self.client.get_trades(ticker=A, limit=1000)).trades
            ours = {f["trade_id"]: f for f in self.door.fills(ticker=A)}
            seen = {row.trade_id: row for row in rows}
            require(set(ours) <= set(seen), "our own trades are not on the public tape")
            for trade_id, fill in ours.items():
                same("count_fp", seen[trade_id].count_fp, D(fill["qty"]))
                same("yes_price_dollars", seen[trade_id].yes_price_dollars, D(fill["yes_price"]))
        await self.events()

    async def events(self) -> None:
        """What the markets belong to."""
        with self.sheet.check("get_event, get_events, get_series, get_series_list"):
            event = A.rpartition("-")[0]
            found = await self.client.get_event(event, with_nested_markets=True)
            same("markets", sorted(m.ticker for m in found.event.markets), [A, B, C])
            found = await self.client.get_events(limit=10)
            require(event in [e.event_ticker for e in found.events], "the event is not listed")
            series = event.partition("-")[0]
            same("series", (await self.client.get_series(series)).series.ticker, series)
            listed_series = (await self.client.get_series_list()).series
            require(series in [s.ticker for s in listed_series], "the series is not listed")

    async def account(self) -> None:
        """The exchange's state, the account's limits, the archive."""
        check, client = self.sheet.check, self.client
        with check("get_exchange_status, as it is and paused"):
            found = await client.get_exchange_status()
            same("trading_active", found.trading_active, True)
            self.door.ask("PUT", "/exchange", {"trading_active": False, "shards": [SHARD]})
            found = await client.get_exchange_status()
            shards = {s.exchange_index: s.trading_active for s in found.exchange_index_statuses}
            self.door.ask("PUT", "/exchange", {"trading_active": True})
            same("shards", shards, {0: True, SHARD: False})
        with check("get_exchange_schedule"):
            hours = (await client.get_exchange_schedule()).schedule.standard_hours[0]
            same("thursday", [h.close_time for h in hours.thursday], ["03:00", "00:00"])
        with check("get_user_data_timestamp"):
            require((await client.get_user_data_timestamp()).as_of_time, "no as_of_time")
        with check("get_account_api_limits"):
            found = await client.get_account_api_limits()
            same("usage_tier", found.usage_tier, "prestige")
            same("write", (found.write.refill_rate, found.write.bucket_capacity), (9600, 28800))
        with check("get_account_endpoint_costs"):
            costs = await client.get_account_endpoint_costs()
            rows = {(c.method, c.path): c.cost for c in costs.endpoint_costs}
            cancel = next(v for (m, p), v in rows.items() if m == "DELETE" and p.endswith("_id}"))
            same("cancel", cancel, 2)
        with check("get_api_keys"):
            require((await client.get_api_keys()).api_keys, "no key")
        with check("get_historical_*, all empty but the cutoff"):
            require((await client.get_historical_cutoff()).market_settled_ts, "no cutoff")
            same("orders", (await client.get_historical_orders()).orders, [])
            same("fills", (await client.get_fills_historical()).fills, [])
            same("markets", (await client.get_historical_markets()).markets, [])
            same("trades", (await client.get_trades_historical()).trades, [])
        with check("create_subaccount, apply_subaccount_transfer, get_subaccount_balances"):
            await self.subaccounts()
        with check("upgrade_account_api_usage_level"):
            await client.upgrade_account_api_usage_level()
        with check("get_series_fee_changes"):
            same("changes", (await client.get_series_fee_changes()).series_fee_change_arr, [])

    async def subaccounts(self) -> None:
        """Money moves between subaccounts, and the oracle sees it."""
        client = self.client
        number = (await client.create_subaccount()).subaccount_number
        await client.apply_subaccount_transfer(
            client_transfer_id="00000000-0000-4000-8000-000000000001",
            from_subaccount=0,
            to_subaccount=number,
            amount_cents=1234,
            exchange_index=0,
        )
        held = [c for c in self.door.truth()["cash"] if c["subaccount"] == number]
        same("cash", sum((D(c["cash"]) for c in held), D(0)), D("12.34"))
        rows = (await client.get_subaccount_balances()).subaccount_balances
        found = [r for r in rows if r.subaccount_number == number and r.exchange_index == 0]
        same("balance", found[0].balance, D("12.34"))

    # Comparisons

    def same_order(self, found: Any, truth: Row) -> None:
        """An order as read and as it is."""
        same("ticker", found.ticker, truth["ticker"])
        same("status", found.status, truth["status"])
        same("book_side", found.book_side, truth["side"])
        same("client_order_id", found.client_order_id, truth["client_order_id"])
        same("yes_price_dollars", found.yes_price_dollars, D(truth["price"]))
        same("initial_count_fp", found.initial_count_fp, D(truth["initial"]))
        same("fill_count_fp", found.fill_count_fp, D(truth["filled"]))
        same("remaining_count_fp", found.remaining_count_fp, D(truth["remaining"]))
        fees = D(found.taker_fees_dollars) + D(found.maker_fees_dollars)
        same("fees", fees, D(truth["fees"]))

    def same_fill(self, found: Any, truth: Row) -> None:
        """A fill as read and as it is."""
        same("order_id", found.order_id, truth["order_id"])
        same("ticker", found.ticker, truth["ticker"])
        same("book_side", found.book_side, truth["side"])
        same("count_fp", found.count_fp, D(truth["qty"]))
        same("yes_price_dollars", found.yes_price_dollars, D(truth["yes_price"]))
        same("fee_cost", found.fee_cost, D(truth["fee"]))
        same("is_taker", found.is_taker, truth["is_taker"])
        same("exchange_index", found.exchange_index, truth["exchange_index"])

    def same_position(self, found: Any, truth: Row) -> None:
        """A position as read and as it is."""
        same("position_fp", found.position_fp, D(truth["qty"]))
        same("market_exposure_dollars", found.market_exposure_dollars, D(truth["cost"]))
        realized = D(truth["realized_pnl"]).quantize(D("0.000001"))
        same("realized_pnl_dollars", found.realized_pnl_dollars, realized)
        same("fees_paid_dollars", found.fees_paid_dollars, D(truth["fees"]))

    def same_book(self, found: Any, listed: Row) -> None:
        """Both sides of a book, level by level."""
        same("yes", found.yes_dollars, listed["yes_dollars"])
        same("no", found.no_dollars, listed["no_dollars"])
