"""The reading half of `kalshi-sdk`'s drive: what its REST models make of the exchange's answers."""

# The client is installed in .interop/community only, so ours cannot see its types.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kalshi import models

from tests.interop.door import Door
from tests.interop.room import SHARD, ticker
from tests.interop.sheet import Sheet, require, same

A, B, C = (ticker("community", which) for which in "ABC")
D = Decimal


class Reads:
    """Reads back what the streams' part did, and compares it with the oracle."""

    models = models

    def __init__(self, client: Any, door: Door, sheet: Sheet) -> None:
        self.client, self.door, self.sheet = client, door, sheet

    async def run(self) -> None:
        """Everything, in order."""
        await self.portfolio()
        await self.orders()
        await self.markets()
        await self.account()

    async def portfolio(self) -> None:
        """Orders, fills, positions, settlements, balance."""
        check, client, truth = self.sheet.check, self.client, self.door.truth()
        orders = {order["order_id"]: order for order in truth["orders"]}
        with check("orders.list_all, pages of 2"):
            rows = [row async for row in client.orders.list_all(limit=2)]
            same("the orders", sorted(row.order_id for row in rows), sorted(orders))
            for row in rows:
                same("status", row.status, orders[row.order_id]["status"])
                same("fill_count", row.fill_count, D(orders[row.order_id]["filled"]))
                same("initial_count", row.initial_count, D(orders[row.order_id]["initial"]))
        with check("orders.get"):
            wanted = truth["orders"][-1]
            found = await client.orders.get(wanted["order_id"])
            same("remaining_count", found.remaining_count, D(wanted["remaining"]))
        with check("portfolio.fills_all, pages of 2"):
            rows = [row async for row in client.portfolio.fills_all(limit=2)]
            wanted_fills = self.door.fills()
            same("the fills", [r.trade_id for r in rows], [f["trade_id"] for f in wanted_fills])
            for row, fill in zip(rows, wanted_fills, strict=True):
                same("count", row.count, D(fill["qty"]))
                same("yes_price", row.yes_price, D(fill["yes_price"]))
                same("fee_cost", row.fee_cost, D(fill["fee"]))
        with check("portfolio.positions"):
            found = await client.portfolio.positions()
            for row in found.market_positions:
                position = self.door.position(row.ticker)
                same("position", row.position, D(position["qty"]))
                same("fees_paid", row.fees_paid, D(position["fees"]))
            require(A in [row.ticker for row in found.market_positions], "A is missing")
        with check("portfolio.settlements"):
            found = await client.portfolio.settlements(ticker=C)
            paid = self.door.settlement(C)
            same("yes_count", found.items[0].yes_count, D(paid["qty"]))
            same("revenue", found.items[0].revenue, int(D(paid["payout"]) * 100))
            same("fee_cost", found.items[0].fee_cost, D(paid["fees"]))
        with check("portfolio.balance"):
            found = await client.portfolio.balance()
            cash = self.door.available()
            same("balance_dollars", found.balance_dollars, cash.quantize(D("0.0001")))
        with check("portfolio.total_resting_order_value"):
            found = await client.portfolio.total_resting_order_value()
            held = sum((D(c["reserved"]) for c in self.door.truth()["cash"]), D(0))
            same("cents", found.total_resting_order_value, int(held * 100))

    async def orders(self) -> None:
        """Its own writes: amend, decrease, batches, cancel all."""
        check, orders = self.sheet.check, self.client.orders
        made = await orders.create_v2(request=self.request("community-rest", "4", "0.20"))
        with check("orders.create_v2, amend_v2, decrease_v2"):
            change = models.AmendOrderV2Request(
                ticker=A, side="bid", price=D("0.22"), count=D(6), exchange_index=SHARD
            )
            changed = await orders.amend_v2(made.order_id, request=change)
            same("remaining_count", changed.remaining_count, D(6))
            less = models.DecreaseOrderV2Request(reduce_to=D("1.5"), exchange_index=SHARD)
            found = await orders.decrease_v2(made.order_id, request=less)
            same("remaining_count", found.remaining_count, D("1.5"))
            truth = self.door.order(made.order_id)
            same("price", truth["price"], D("0.22"))
            same("remaining", truth["remaining"], D("1.5"))
        with check("orders.queue_position, queue_positions"):
            ahead = [D(q) for p, q in self.door.market(A)["orderbook_fp"]["yes_dollars"]
                     if D(p) > D("0.22")]  # fmt: skip
            same("ahead", await orders.queue_position(made.order_id), sum(ahead, D(0)))
            rows = await orders.queue_positions(market_tickers=[A])
            same("orders", [row.order_id for row in rows], [made.order_id])
        with check("orders.batch_create_v2, batch_cancel_v2"):
            wanted = [self.request(f"community-batch-{at}", "1", "0.15") for at in range(3)]
            batch = models.BatchCreateOrdersV2Request(orders=wanted)
            rows = (await orders.batch_create_v2(request=batch)).orders
            same("errors", [row.error for row in rows], [None] * 3)
            gone = models.BatchCancelOrdersV2Request(
                orders=[
                    models.BatchCancelOrdersV2RequestOrder(order_id=row.order_id, market_ticker=A)
                    for row in rows
                ]
            )
            rows = (await orders.batch_cancel_v2(request=gone)).orders
            same("reduced_by", [row.reduced_by for row in rows], [D(1)] * 3)
        with check("orders.cancel_all_v2"):
            await orders.cancel_all_v2()
            same("status", self.door.order(made.order_id)["status"], "canceled")

    def request(self, name: str, count: str, price: str) -> Any:
        """An order that rests."""
        return models.CreateOrderV2Request(
            ticker=A,
            side="bid",
            count=D(count),
            price=D(price),
            time_in_force="good_till_canceled",
            self_trade_prevention_type="taker_at_cross",
            client_order_id=name,
        )

    async def markets(self) -> None:
        """Markets, books, the tape, events and series."""
        check, client, listed = self.sheet.check, self.client, self.door.market(A)
        with check("markets.get"):
            found = await client.markets.get(A)
            same("yes_bid", found.yes_bid, D(listed["market"]["yes_bid_dollars"]))
            same("yes_ask", found.yes_ask, D(listed["market"]["yes_ask_dollars"]))
            same("volume", found.volume, D(listed["market"]["volume_fp"]))
            same("exchange_index", found.exchange_index, SHARD)
        with check("markets.list_all, pages of 1"):
            event = A.rpartition("-")[0]
            rows = [row async for row in client.markets.list_all(event_ticker=event, limit=1)]
            same("tickers", sorted(row.ticker for row in rows), [A, B, C])
        with check("markets.orderbook, bulk_orderbooks"):
            found = await client.markets.orderbook(A)
            wanted = [(D(p), D(q)) for p, q in listed["orderbook_fp"]["no_dollars"]]
            same("no", [(level.price, level.quantity) for level in found.no], wanted)
            rows = await client.markets.bulk_orderbooks(tickers=[A, B])
            same("tickers", [row.ticker for row in rows], [A, B])
        with check("markets.list_trades"):
            rows = (await client.markets.list_trades(ticker=A)).items
            same(
                "trades",
                {r.trade_id for r in rows},
                {f["trade_id"] for f in self.door.fills(ticker=A)},
            )
        with check("events.get, events.list, series.get, series.list, fee_changes"):
            event = A.rpartition("-")[0]
            series = event.partition("-")[0]
            same("event", (await client.events.get(event)).event_ticker, event)
            rows = (await client.events.list(series_ticker=series)).items
            require(event in [row.event_ticker for row in rows], "the event is not listed")
            same("series", (await client.series.get(series)).ticker, series)
            require(await client.series.list(), "no series")
            same("changes", await client.series.fee_changes(), [])

    async def account(self) -> None:
        """The exchange and the account."""
        check, client = self.sheet.check, self.client
        with check("exchange.status, schedule, user_data_timestamp"):
            same("trading_active", (await client.exchange.status()).trading_active, True)
            hours = (await client.exchange.schedule()).standard_hours[0]
            same("thursday", len(hours.thursday), 2)
            require((await client.exchange.user_data_timestamp()).as_of_time, "no as_of_time")
        with check("account.limits, endpoint_costs"):
            same("tier", (await client.account.limits()).usage_tier, "prestige")
            require((await client.account.endpoint_costs()).endpoint_costs, "no costs")
            await client.account.upgrade()
        with check("api_keys.list"):
            require(await client.api_keys.list(), "no key")
        with check("historical.cutoff, orders, fills, positions, markets, trades"):
            require((await client.historical.cutoff()).market_settled_ts, "no cutoff")
            history = client.historical
            for call in (history.orders, history.fills, history.markets, history.trades):
                same(call.__name__, (await call()).items, [])
            same("positions", (await history.positions()).market_positions, [])
        with check("subaccounts.list_balances"):
            require(await client.subaccounts.list_balances(), "no balances")
