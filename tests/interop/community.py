"""Drives `kalshi-sdk` against the paper exchange: its typed websocket channels, and its reads.

Runs in the client's own environment: python -m tests.interop.community REST_URL WS_URL ADMIN_URL
KEY_ID KEY_FILE SHEET.
"""

# The client is installed in .interop/community only, so ours cannot see its types.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kalshi import AsyncKalshiClient, KalshiConfig
from kalshi.errors import KalshiSubscriptionError

from tests.interop.community_reads import Reads
from tests.interop.disagreements import disagreements
from tests.interop.door import Door, Row
from tests.interop.room import ticker
from tests.interop.sheet import MismatchError, Sheet, require, same

A, B, C = (ticker("community", which) for which in "ABC")
D = Decimal
PATIENCE_S = 5
ABSENT = "not part of the paper exchange"
SKIPPED = (
    "order_group_updates, communications, multivariate_market_lifecycle, cfbenchmarks_value",
    "event_lifecycle and event_fee_update on market_lifecycle_v2",
)


class Ears:
    """Every message of one channel, as the client decoded it."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.heard: list[Any] = []
        self.error: BaseException | None = None

    async def listen(self, stream: Any) -> None:
        """Take messages until the stream ends."""
        try:
            async for message in stream:
                self.heard.append(message)
        except Exception as error:  # noqa: BLE001 - what ends a stranger's stream is a finding
            self.error = error

    async def hear(self, what: str, fits: Callable[[Any], bool]) -> Any:
        """The first message that fits, now or within the time."""
        end = asyncio.get_running_loop().time() + PATIENCE_S
        while asyncio.get_running_loop().time() < end:
            found = next((message for message in self.heard if fits(message)), None)
            if found is not None:
                return found
            await asyncio.sleep(0.01)
        raise MismatchError(f"{self.channel}: {what}: not heard in {PATIENCE_S} s, {self.error!r}")


class Streams:
    """All channels at once, while things happen."""

    def __init__(self, client: Any, door: Door, sheet: Sheet) -> None:
        self.client, self.door, self.sheet = client, door, sheet
        names = ("fill", "user_orders", "market_positions", "ticker", "trade", "orderbook_delta")
        self.ears = {name: Ears(name) for name in (*names, "market_lifecycle_v2")}
        self._number = 0

    async def create(self, count: str, price: str, **terms: Any) -> Any:
        """Place an order by REST: a bid for A, immediate or cancel, unless told otherwise."""
        self._number += 1
        fields: dict[str, Any] = {
            "ticker": A,
            "side": "bid",
            "count": D(count),
            "price": D(price),
            "time_in_force": "immediate_or_cancel",
            "self_trade_prevention_type": "maker",
            "client_order_id": f"community-{self._number}",
        }
        request = Reads.models.CreateOrderV2Request(**fields | terms)
        return await self.client.orders.create_v2(request=request)

    async def run(self) -> None:
        """Subscribe to everything, act, and compare what is heard with what happened."""
        async with self.client.ws.connect() as session, asyncio.TaskGroup() as group:
            # The books come last: see `disagreements.snapshot_lost`.
            subscribed = {
                "ticker": await session.subscribe_ticker(tickers=[A]),
                "trade": await session.subscribe_trade(tickers=[A]),
                "fill": await session.subscribe_fill(),
                "user_orders": await session.subscribe_user_orders(),
                "market_positions": await session.subscribe_market_positions(),
                "market_lifecycle_v2": await session.subscribe_market_lifecycle(),
                "orderbook_delta": await session.subscribe_orderbook_delta(tickers=[A, B]),
            }
            listening = [
                group.create_task(self.ears[name].listen(stream), name=f"hear-{name}")
                for name, stream in subscribed.items()
            ]
            await self.trading(session)
            await self.resting(session)
            await self.emptied(session)
            await self.lifecycle()
            self.sequences()
            await self.mending(session)
            await self.commands(session)
            for task in listening:
                task.cancel()

    async def trading(self, session: Any) -> None:
        """A taker's sweep through two levels, heard on six channels."""
        check, ears = self.sheet.check, self.ears
        with check("orderbook_delta: snapshot"):
            found = await ears["orderbook_delta"].hear(
                "snapshot", lambda m: m.type == "orderbook_snapshot" and m.msg.market_ticker == A
            )
            require(found.seq == 1, f"the first seq is {found.seq}")
            self.same_book(session, A)
        made = await self.create("8", "0.58")
        fills = self.door.fills(order_id=made.order_id)
        same("a sweep of two levels", len(fills), 2)
        with check("fill: one frame a fill"):
            for fill in fills:
                found = await self.hear_fill(fill)
                same("client_order_id", found.client_order_id, fill["client_order_id"])
        with check("trade: the same executions on the public tape"):
            for fill in fills:
                wanted = fill["trade_id"]
                found = await ears["trade"].hear("trade", partial(_is_trade, wanted))
                same("count", found.msg.count, D(fill["qty"]))
                same("yes_price", found.msg.yes_price, D(fill["yes_price"]))
                same("taker_book_side", found.msg.taker_book_side, "bid")
        with check("user_orders: a taker's order that filled whole"):
            await self.hear_order(made.order_id, "executed")
        with check("market_positions: the position after it"):
            truth = self.door.position(A)
            found = await ears["market_positions"].hear(
                "position", lambda m: m.msg.market_ticker == A and m.msg.position == D(truth["qty"])
            )
            same("position_cost", found.msg.position_cost, D(truth["cost"]))
            same("fees_paid", found.msg.fees_paid, D(truth["fees"]))
        with check("ticker: the top after it"):
            top = self.door.market(A)["market"]
            found = await ears["ticker"].hear(
                "ask", lambda m: m.msg.yes_ask == D(top["yes_ask_dollars"]) and m.msg.volume > 0
            )
            same("yes_bid", found.msg.yes_bid, D(top["yes_bid_dollars"]))
            same("price", found.msg.price, D(top["last_price_dollars"]))
            same("last_trade_size", found.msg.last_trade_size, D(fills[0]["qty"]))
        with check("orderbook_delta: the book built from deltas"):
            await self.settle_book(session, A)

    async def hear_fill(self, fill: Row) -> Any:
        """The frame of a fill, compared field by field."""
        found = await self.ears["fill"].hear(
            "fill",
            lambda m: m.msg.trade_id == fill["trade_id"] and m.msg.order_id == fill["order_id"],
        )
        same("count", found.msg.count, D(fill["qty"]))
        same("yes_price", found.msg.yes_price, D(fill["yes_price"]))
        same("fee_cost", found.msg.fee_cost, D(fill["fee"]))
        same("post_position", found.msg.post_position, D(fill["post_position"]))
        same("book_side", found.msg.book_side, fill["side"])
        same("is_taker", found.msg.is_taker, fill["is_taker"])
        same("exchange_index", found.msg.exchange_index, fill["exchange_index"])
        return found.msg

    async def hear_order(self, order_id: str, status: str) -> Any:
        """The frame of an order's last state, compared field by field."""
        found = await self.ears["user_orders"].hear(
            status, lambda m: m.msg.order_id == order_id and m.msg.status == status
        )
        truth = self.door.order(order_id)
        same("status", truth["status"], status)
        same("fill_count", found.msg.fill_count, D(truth["filled"]))
        same("remaining_count", found.msg.remaining_count, D(truth["remaining"]))
        same("initial_count", found.msg.initial_count, D(truth["initial"]))
        same("yes_price", found.msg.yes_price, D(truth["price"]))
        same("book_side", found.msg.book_side, truth["side"])
        same("fees", found.msg.taker_fees + found.msg.maker_fees, D(truth["fees"]))
        return found.msg

    async def resting(self, session: Any) -> None:
        """An order that rests, fills in part as a maker, is amended and canceled."""
        check = self.sheet.check
        made = await self.create("5", "0.56", ticker=B, time_in_force="good_till_canceled")
        with check("user_orders: resting"):
            await self.hear_order(made.order_id, "resting")
        with check("orderbook_delta: own order carries its client_order_id"):
            found = await self.ears["orderbook_delta"].hear(
                "own delta", lambda m: getattr(m.msg, "client_order_id", None) is not None
            )
            same("client_order_id", found.msg.client_order_id, made.client_order_id)
            same("delta", found.msg.delta, D(5))
            same("price", found.msg.price, D("0.56"))
        body = {"side": "ask", "price": "0.56", "count": "2"}
        self.door.ask("POST", f"/markets/{B}/orders", body)
        with check("fill: a maker's fill, with its fee"):
            (fill,) = self.door.fills(order_id=made.order_id)
            found = await self.hear_fill(fill)
            same("is_taker", found.is_taker, False)
            require(found.fee_cost > 0, "a maker's fee is due in this series")
        with check("user_orders: canceled after a partial fill"):
            gone = await self.client.orders.cancel_v2(made.order_id, market_ticker=B)
            same("reduced_by", gone.reduced_by, D(3))
            found = await self.hear_order(made.order_id, "canceled")
            same("remaining_count", found.remaining_count, D(0))
        with check("orderbook_delta: the book after the cancel"):
            await self.settle_book(session, B)
        with check("fill: reduce_only out of the position, in fractions"):
            sold = await self.create("0.75", "0.50", side="ask", reduce_only=True)
            for fill in self.door.fills(order_id=sold.order_id):
                await self.hear_fill(fill)
            same("fill_count", sold.fill_count, D("0.75"))

    async def emptied(self, session: Any) -> None:
        """A side that empties while the client listens, by deltas."""
        with self.sheet.check("orderbook_delta: a side that empties"):
            self.door.ask("PUT", f"/markets/{B}/book", {"asks": []})
            await self.settle_book(session, B)
            self.door.ask("PUT", f"/markets/{B}/book", {"asks": [["0.61", "9"]]})
            await self.settle_book(session, B)

    async def lifecycle(self) -> None:
        """A market's whole life, and a change of its price grid."""
        new = "KXCOMMUNITY-27JAN31-N"
        ears = self.ears["market_lifecycle_v2"]
        with self.sheet.check("market_lifecycle_v2: created to settled"):
            self.door.ask("POST", "/markets", {"ticker": new, "settlement_timer_s": 0})
            self.door.ask("POST", f"/markets/{new}/structure",
                          {"price_level_structure": "deci_cent"})  # fmt: skip
            self.door.ask("POST", f"/markets/{new}/pause")
            self.door.ask("POST", f"/markets/{new}/activate")
            self.door.ask("POST", f"/markets/{new}/close", {"in_s": 1000})
            self.door.settle(new, "no")
            told: dict[str, Any] = {}
            for event in (
                *("created", "price_level_structure_updated", "deactivated", "activated"),
                *("close_date_updated", "determined", "settled"),
            ):
                found = await ears.hear(event, partial(_is_event, new, event))
                told[event] = found.msg
            same("result", told["determined"].result, "no")
            same("settlement_value", told["determined"].settlement_value, D(0))
            same("structure", told["price_level_structure_updated"].price_level_structure,
                 "deci_cent")  # fmt: skip
            require(told["settled"].settled_ts, "no settled_ts")
        with self.sheet.check("market_positions: settled away"):
            made = await self.create("2", "0.58", ticker=C)
            same("fill_count", made.fill_count, D(2))
            self.door.settle(C, "yes")
            paid = self.door.settlement(C)
            found = await self.ears["market_positions"].hear(
                "flat", lambda m: m.msg.market_ticker == C and m.msg.position == 0
            )
            same("realized_pnl", found.msg.realized_pnl, D(paid["payout"]) - D(paid["cost"]))

    def sequences(self) -> None:
        """The numbers of each channel: 1, 2, 3, ..., or none where the venue gives none."""
        with self.sheet.check("seq: without a gap where there is one"):
            for name in ("orderbook_delta", "trade", "market_lifecycle_v2"):
                numbers = [message.seq for message in self.ears[name].heard]
                same(f"seq of {name}", numbers, list(range(1, len(numbers) + 1)))
            for name in ("fill", "user_orders", "market_positions", "ticker"):
                seen = {message.seq for message in self.ears[name].heard}
                same(f"seq of {name}", seen, {None})
        with self.sheet.check("every stream is still alive"):
            for name, ears in self.ears.items():
                require(ears.heard, f"{name}: nothing was heard")
                require(ears.error is None, f"{name}: {ears.error!r}")

    async def mending(self, session: Any) -> None:
        """A gap in the numbers and a cut line: the client mends itself, and its book is right."""
        gap = {"kind": "ws_seq_gap", "count": 1, "account": "community"}
        for what, path, body in (
            ("a gap in seq", "/faults", gap | {"channel": "orderbook_delta"}),
            ("a cut connection", "/disconnect", {}),
        ):
            with self.sheet.check(f"orderbook_delta: rebuilt after {what}"):
                before = len(self.ears["orderbook_delta"].heard)
                self.door.ask("POST", path, body)
                self.door.ask("PUT", f"/markets/{B}/book", {"bids": [["0.4100", str(before)]]})
                await self.fresh(before)
                self.door.ask("PUT", f"/markets/{B}/book", {"bids": [["0.4200", "3.5"]]})
                await self.settle_book(session, A)
                await self.settle_book(session, B)

    async def fresh(self, before: int) -> None:
        """A snapshot after so many frames of the books."""
        ears = self.ears["orderbook_delta"]

        def came(_message: Any) -> bool:
            return any(m.type == "orderbook_snapshot" for m in ears.heard[before:])

        await ears.hear("a fresh snapshot", came)

    async def commands(self, session: Any) -> None:
        """What is answered by an error. For unsubscribing see `disagreements.unsubscribed`."""
        with self.sheet.check("subscribe: an unknown channel is error 8"):
            try:
                await session.subscribe("no_such_channel")
            except KalshiSubscriptionError as error:
                same("error_code", error.error_code, 8)
            else:
                raise MismatchError("the exchange took an unknown channel")

    async def settle_book(self, session: Any, market: str) -> None:
        """Wait until the client's own book is the exchange's."""
        end = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            try:
                self.same_book(session, market)
            except MismatchError:
                if asyncio.get_running_loop().time() > end:
                    raise
                await asyncio.sleep(0.02)
            else:
                return

    def same_book(self, session: Any, market: str) -> None:
        """The book that the client keeps from snapshot and deltas, level by level."""
        book = session._orderbook_mgr.get(market)
        require(book is not None, f"the client has no book of {market}")
        listed = self.door.market(market)["orderbook_fp"]
        for side in ("yes", "no"):
            found = [(level.price, level.quantity) for level in getattr(book, side)]
            wanted = [(D(price), D(qty)) for price, qty in listed[f"{side}_dollars"]]
            same(f"{side} of {market}", found, wanted)


def _is_trade(trade_id: str, message: Any) -> bool:
    return bool(message.msg.trade_id == trade_id)


def _is_event(market: str, event: str, message: Any) -> bool:
    return bool(message.msg.market_ticker == market and message.msg.event_type == event)


async def run(arguments: list[str]) -> Sheet:
    """Everything, in order."""
    rest_url, ws_url, admin_url, key_id, key_file = arguments
    sheet = Sheet("kalshi-sdk", version("kalshi-sdk"))
    sheet.skipped.update(dict.fromkeys(SKIPPED, ABSENT))
    door = Door(admin_url, "community")
    config = KalshiConfig(base_url=rest_url, ws_base_url=ws_url, max_retries=0)
    async with AsyncKalshiClient(key_id=key_id, private_key_path=key_file, config=config) as client:
        await Streams(client, door, sheet).run()
        await Reads(client, door, sheet).run()
        await disagreements(client, door, sheet)
    return sheet


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1:-1])).write(Path(sys.argv[-1]))
