"""Drives the official `kalshi_python_async` against the paper exchange, and asks the oracle.

Runs in the client's own environment: python -m tests.interop.official REST_URL ADMIN_URL KEY_ID
KEY_FILE SHEET.
"""

# The client is installed in .interop/official only, so ours cannot see its types.
# mypy: disable-error-code="import-not-found, no-untyped-call"

from __future__ import annotations

import asyncio
import json
import sys
from decimal import ROUND_DOWN, Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import kalshi_python_async as official
from kalshi_python_async.exceptions import (
    ApiException,
    BadRequestException,
    ConflictException,
    NotFoundException,
)

from tests.interop.door import Door
from tests.interop.official_reads import Reads
from tests.interop.room import SHARD, ticker
from tests.interop.sheet import MismatchError, Sheet, require, same

A, B, C = (ticker("official", which) for which in "ABC")
D = Decimal
ABSENT = "not part of the paper exchange"
SKIPPED = (
    "order groups",
    "communications (RFQ, quotes, block trades)",
    "candlesticks, search, live data, milestones, structured targets, multivariate, incentives",
    "deposits, withdrawals, FCM, target balance allocation, netting",
)


class Drive:
    """One run: the client, the oracle, the sheet, and the running number of client_order_id."""

    def __init__(self, client: Any, door: Door, sheet: Sheet) -> None:
        self.client, self.door, self.sheet = client, door, sheet
        self._number = 0

    async def create(self, count: str, price: str, **terms: Any) -> Any:
        """Place an order: a bid for A, immediate or cancel, unless told otherwise."""
        self._number += 1
        fields: dict[str, Any] = {
            "ticker": A,
            "side": "bid",
            "count": count,
            "price": price,
            "time_in_force": "immediate_or_cancel",
            "self_trade_prevention_type": "maker",
            "client_order_id": f"official-{self._number}",
        }
        return await self.client.create_order_v2(**fields | terms)

    async def rest_order(self, count: str, price: str, **terms: Any) -> Any:
        """Place an order that stays."""
        return await self.create(count, price, time_in_force="good_till_canceled", **terms)

    # Creating

    async def creating(self) -> None:
        """Every time in force, and what is refused."""
        check = self.sheet.check
        with check("create_order_v2 immediate_or_cancel, swept"):
            made = await self.create("8", "0.57")
            truth = self.door.order(made.order_id)
            fills = self.door.fills(order_id=made.order_id)
            same("fill_count", made.fill_count, D(truth["filled"]))
            same("filled of a book of 5.5", D(made.fill_count), D("5.5"))
            same("remaining_count", made.remaining_count, D(0))
            same("average_fill_price", made.average_fill_price, D("0.57"))
            fee = sum((D(f["fee"]) for f in fills), D(0))
            per_contract = fee / D(made.fill_count)
            truncated = per_contract.quantize(D("0.0001"), ROUND_DOWN)
            same("average_fee_paid", made.average_fee_paid, truncated)
            same("client_order_id", made.client_order_id, truth["client_order_id"])
        with check("create_order_v2 immediate_or_cancel, nothing there"):
            made = await self.create("1", "0.10")
            same("fill_count", made.fill_count, D(0))
            same("remaining_count", made.remaining_count, D(0))
            same("average_fill_price", made.average_fill_price, None)
            same("status", self.door.order(made.order_id)["status"], "canceled")
        with check("create_order_v2 good_till_canceled"):
            made = await self.rest_order("3.25", "0.20")
            same("remaining_count", made.remaining_count, D("3.25"))
            same("status", self.door.order(made.order_id)["status"], "resting")
        with check("create_order_v2 fill_or_kill"):
            made = await self.create("2", "0.58", time_in_force="fill_or_kill")
            same("fill_count", made.fill_count, D(2))
        with check("create_order_v2 fill_or_kill, killed: 409"):
            code = await self.refused(
                ConflictException, self.create("900", "0.58", time_in_force="fill_or_kill")
            )
            same("code", code, "fill_or_kill_insufficient_resting_volume")
        with check("create_order_v2 post_only"):
            made = await self.rest_order("1", "0.21", post_only=True)
            same("remaining_count", made.remaining_count, D(1))
        with check("create_order_v2 post_only that would cross: 400"):
            code = await self.refused(
                BadRequestException, self.rest_order("1", "0.60", post_only=True)
            )
            same("code", code, "invalid_order")
        await self.reducing()
        await self.refusals()

    async def reducing(self) -> None:
        """Reduce only: capped, and never resting."""
        check = self.sheet.check
        with check("create_order_v2 reduce_only, capped at the position"):
            before = D(self.door.position(A)["qty"])
            made = await self.create("500", "0.50", side="ask", reduce_only=True)
            same("fill_count", made.fill_count, before)
            same("position", self.door.position(A)["qty"], D(0))
            fills = self.door.fills(order_id=made.order_id)
            prices = sorted({f["yes_price"] for f in fills}, key=D, reverse=True)
            same("the sweep", [D(p) for p in prices], [D("0.55"), D("0.54"), D("0.50")])
        with check("create_order_v2 reduce_only that rests: 400"):
            code = await self.refused(
                BadRequestException, self.rest_order("1", "0.20", reduce_only=True)
            )
            same("code", code, "invalid_order")

    async def refusals(self) -> None:
        """What the exchange must not take."""
        check = self.sheet.check
        with check("create_order_v2 repeated client_order_id: 409"):
            code = await self.refused(
                ConflictException, self.create("1", "0.10", client_order_id="official-1")
            )
            same("code", code, "order_already_exists")
        with check("create_order_v2 off the price grid: 400"):
            code = await self.refused(BadRequestException, self.create("1", "0.1234"))
            same("code", code, "invalid_price")
        with check("create_order_v2 beyond the cash: 400"):
            code = await self.refused(BadRequestException, self.rest_order("900000", "0.40"))
            same("code", code, "insufficient_balance")
        with check("create_order_v2 to open NO, then out again"):
            opened = await self.create("4", "0.50", side="ask")
            same("fill_count", opened.fill_count, D(4))
            same("position", self.door.position(A)["qty"], D(-4))
            closed = await self.create("4", "0.58", reduce_only=True)
            same("fill_count", closed.fill_count, D(4))
            same("position", self.door.position(A)["qty"], D(0))

    async def refused(self, kind: type[Exception], call: Any) -> str:
        """The code in the body of a request that must be refused with this exception."""
        try:
            await call
        except ApiException as error:
            require(isinstance(error, kind), f"{type(error).__name__}, not {kind.__name__}")
            return self.code(error)
        raise MismatchError("the exchange took what it must refuse")

    def code(self, error: Any) -> str:
        """The code as the client shows it, or out of the raw body, which is a note."""
        body = json.loads(error.body)
        shown = getattr(error.data, "code", None)
        nested = body.get("error") if isinstance(body, dict) else None
        if isinstance(nested, dict) and shown is None:
            self.sheet.note(
                "error bodies",
                "the OpenAPI and the client know {code, message} only, the venue was recorded with "
                f"{{error: {{code, message}}}}; error.data.code is {shown!r} where "
                f"the body says {nested.get('code')!r}; read error.body",
            )
            return str(nested.get("code"))
        return str(shown)

    # Changing and canceling

    async def changing(self) -> None:
        """Amend, decrease, cancel, and both batches."""
        check = self.sheet.check
        made = await self.rest_order("10", "0.30")
        with check("amend_order_v2 price and size"):
            changed = await self.client.amend_order_v2(
                made.order_id, ticker=A, side="bid", price="0.31", count="12", exchange_index=SHARD
            )
            truth = self.door.order(made.order_id)
            same("order_id", changed.order_id, made.order_id)
            same("remaining_count", changed.remaining_count, D(truth["remaining"]))
            same("price", truth["price"], D("0.31"))
            same("size", truth["remaining"], D(12))
        with check("decrease_order_v2 reduce_by"):
            less = await self.client.decrease_order_v2(
                made.order_id, reduce_by="2", market_ticker=A, exchange_index=SHARD
            )
            same("remaining_count", less.remaining_count, D(10))
        with check("decrease_order_v2 reduce_to"):
            less = await self.client.decrease_order_v2(
                made.order_id, reduce_to="4", exchange_index=SHARD
            )
            same("remaining_count", less.remaining_count, D(4))
            same("remaining", self.door.order(made.order_id)["remaining"], D(4))
        with check("amend_order_v2 of what has filled in part"):
            self.door.ask("PUT", f"/markets/{A}/book", {"bids": [["0.30", "50"]]})
            body = {"side": "ask", "price": "0.31", "count": "1.5"}
            self.door.ask("POST", f"/markets/{A}/orders", body)
            same("filled", self.door.order(made.order_id)["filled"], D("1.5"))
            changed = await self.client.amend_order_v2(
                made.order_id, ticker=A, side="bid", price="0.31", count="2.5"
            )
            same("fill_count", changed.fill_count, D("1.5"))
            same("remaining_count", changed.remaining_count, D(1))
            same("remaining", self.door.order(made.order_id)["remaining"], D(1))
        with check("cancel_order_v2"):
            gone = await self.client.cancel_order_v2(made.order_id, market_ticker=A)
            same("reduced_by", gone.reduced_by, D(1))
            same("status", self.door.order(made.order_id)["status"], "canceled")
        with check("cancel_order_v2 again: 404"):
            code = await self.refused(
                NotFoundException, self.client.cancel_order_v2(made.order_id, market_ticker=A)
            )
            same("code", code, "not_found")
        await self.batches()

    async def batches(self) -> None:
        """Batches, whose items fail one by one."""
        check = self.sheet.check
        made: list[Any] = []
        with check("batch_create_orders_v2, one item refused"):
            orders = [
                official.CreateOrderV2Request(
                    ticker=B,
                    side="bid",
                    count=count,
                    price=price,
                    time_in_force="good_till_canceled",
                    self_trade_prevention_type="taker_at_cross",
                    client_order_id=f"official-batch-{at}",
                )
                for at, (count, price) in enumerate((("1", "0.10"), ("2", "0.9999"), ("3", "0.12")))
            ]
            found = await self.client.batch_create_orders_v2(orders=orders)
            made = [row for row in found.orders if row.error is None]
            same("created", len(made), 2)
            same("code", found.orders[1].error.code, "invalid_price")
            for row in made:
                same(
                    "remaining_count",
                    row.remaining_count,
                    D(self.door.order(row.order_id)["remaining"]),
                )
        with check("batch_cancel_orders_v2, one item unknown"):
            rows = [{"order_id": row.order_id, "market_ticker": B} for row in made]
            rows.append({"order_id": "no-such-order", "market_ticker": B})
            found = await self.client.batch_cancel_orders_v2(
                orders=[official.BatchCancelOrdersV2RequestOrdersInner(**row) for row in rows]
            )
            same("reduced_by", [D(r.reduced_by) for r in found.orders], [D(1), D(3), D(0)])
            same("code", found.orders[2].error.code, "not_found")
        with check("cancel_all_orders"):
            await self.client.cancel_all_orders(subaccount=0)
            resting = [o for o in self.door.truth()["orders"] if o["status"] == "resting"]
            same("resting orders", resting, [])


async def run(arguments: list[str]) -> Sheet:
    """Everything, in order."""
    rest_url, admin_url, key_id, key_file = arguments
    sheet = Sheet("kalshi_python_async", version("kalshi_python_async"))
    sheet.skipped.update(dict.fromkeys(SKIPPED, ABSENT))
    configuration = official.Configuration(host=rest_url)
    configuration.api_key_id = key_id
    configuration.private_key_pem = Path(key_file).read_text(encoding="utf-8")
    async with official.KalshiClient(configuration) as client:
        drive = Drive(client, Door(admin_url, "official"), sheet)
        await drive.creating()
        await drive.changing()
        reads = Reads(client, drive.door, sheet)
        await reads.portfolio()
        await reads.settled()
        await reads.markets()
        await reads.account()
    return sheet


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1:-1])).write(Path(sys.argv[-1]))
