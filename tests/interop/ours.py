"""Drives filld's own KalshiVenue against the paper exchange, so that what it sends is validated.

That it understands the answers is the contract tests' business; here its orders, questions and
commands pass the same relay as the strangers' and are held against the same specification.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from typing import TypeVar

from daemon import __version__
from daemon.core.commands import (
    CancelOrder,
    PlaceOrder,
    QueryBook,
    QueryFills,
    QueryMarket,
    QueryOrder,
    QueryQuote,
)
from daemon.core.events import (
    Event,
    Fill,
    MarketRead,
    OrderAccepted,
    OrderCanceled,
    OrderSnapshot,
    PositionSnapshot,
    Quote,
    StreamRestored,
    Undecodable,
)
from daemon.core.terms import (
    Account,
    ClientOrderId,
    PositionKey,
    Side,
    Symbol,
    TimeInForce,
    VenueOrderId,
)
from daemon.runtime.clock import SystemClock
from daemon.venues.kalshi.config import KalshiConfig, load_signer
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.kalshi.wire import VENUE
from tests.interop.door import Door
from tests.interop.room import SHARD, Paper, ticker
from tests.interop.sheet import MismatchError, Sheet, require, same

OURS = Account("ours")
A, B, C = (Symbol(ticker("ours", which)) for which in "ABC")
D = Decimal
E = TypeVar("E", bound=Event)
PATIENCE_S = 5


class Drive:
    """One run of our own venue."""

    def __init__(self, venue: KalshiVenue, door: Door, sheet: Sheet) -> None:
        self.venue, self.door, self.sheet = venue, door, sheet
        self.heard: list[Event] = []

    async def run(self) -> None:
        """Listen, place, cancel, ask."""
        with self.sheet.check("open"):
            await self.venue.open()
        self.venue.watch([A, B])
        async with asyncio.TaskGroup() as group:
            stream = group.create_task(self.venue.run(self.heard.append), name="stream")
            with self.sheet.check("run: subscribed and priced"):
                await self.hear(StreamRestored)
                await self.hear(Quote)
            await self.placing()
            await self.asking()
            with self.sheet.check("watch: one more market"):
                self.venue.watch([A, B, C])
                await self.hear(Quote, lambda quote: quote.symbol == C)
            stream.cancel()

    async def placing(self) -> None:
        """An exit by each time in force, and a cancel."""
        check = self.sheet.check
        with check("place: IoC, reduce only, swept"):
            events = await self.venue.place(self.exit("a", "9.5", "0.50"))
            order_id = self.accepted(events)
            same("filled", self.door.order(order_id)["filled"], D("9.5"))
            fills = self.door.fills(order_id=order_id)
            for fill in fills:
                await self.hear(Fill, partial(_is_fill, fill["trade_id"]))
        with check("place: GTC, and cancel"):
            command = self.exit("b", "2", "0.90", TimeInForce.GTC, is_reduce_only=False)
            order_id = self.accepted(await self.venue.place(command))
            same("status", self.door.order(order_id)["status"], "resting")
            gone = CancelOrder(
                key=command.key,
                client_order_id=command.client_order_id,
                venue_order_id=VenueOrderId(order_id),
                shard=SHARD,
            )
            found = await self.venue.cancel(gone)
            require(any(isinstance(e, OrderCanceled) for e in found), f"no cancel: {found}")
            same("status", self.door.order(order_id)["status"], "canceled")

    async def asking(self) -> None:
        """Every question that the loop asks."""
        check = self.sheet.check
        with check("order, by venue's id and by ours"):
            truth = self.door.truth()["orders"][-1]
            for order_id in (VenueOrderId(truth["order_id"]), None):
                query = QueryOrder(
                    key=PositionKey(account=OURS, venue=VENUE, symbol=A),
                    client_order_id=ClientOrderId(truth["client_order_id"]),
                    venue_order_id=order_id,
                )
                (found,) = self.of(OrderSnapshot, await self.venue.order(query))
                same("filled", found.cum_qty, D(truth["filled"]))
                same("price", found.limit_px, D(truth["price"]))
        with check("fills"):
            events = await self.venue.fills(
                QueryFills(account=OURS, venue=VENUE, symbol=None, since_ns=0)
            )
            wanted = {f["trade_id"] for f in self.door.fills()}
            same("fills", {f.exec_id for f in self.of(Fill, events)}, wanted)
        with check("book"):
            events = await self.venue.book(QueryBook(account=OURS, venue=VENUE, since_ns=0))
            (positions,) = self.of(PositionSnapshot, events)
            held = {row.symbol: row.position_qty for row in positions.rows}
            same("position", held[A], D(self.door.position(A)["qty"]))
        with check("quote"):
            (quote,) = self.of(
                Quote, await self.venue.quote(QueryQuote(account=OURS, venue=VENUE, symbol=B))
            )
            same("bid", quote.bid_px, D(self.door.market(B)["market"]["yes_bid_dollars"]))
        with check("market"):
            (market,) = self.of(
                MarketRead,
                await self.venue.market(QueryMarket(account=OURS, venue=VENUE, symbol=A)),
            )
            same("shard", market.instrument.shard, SHARD)
        with check("nothing was undecodable"):
            bad = [e for e in self.heard if isinstance(e, Undecodable)]
            require(not bad, f"undecodable: {bad}")

    def exit(
        self,
        name: str,
        qty: str,
        limit: str,
        time_in_force: TimeInForce = TimeInForce.IOC,
        *,
        is_reduce_only: bool = True,
    ) -> PlaceOrder:
        """An order out of market A."""
        return PlaceOrder(
            key=PositionKey(account=OURS, venue=VENUE, symbol=A),
            client_order_id=ClientOrderId(f"fd{name * 30}"),
            exit_no=1,
            attempt=1,
            side=Side.SELL,
            order_qty=D(qty),
            limit_px=D(limit),
            time_in_force=time_in_force,
            reduce_only=is_reduce_only,
            cancel_own_crossing=True,
            shard=SHARD,
        )

    def accepted(self, events: Iterable[Event]) -> str:
        """The venue's id of an order that it took."""
        rows = list(events)
        found = [e for e in rows if isinstance(e, OrderAccepted) and e.venue_order_id]
        require(found, f"not accepted: {rows}")
        return str(found[0].venue_order_id)

    def of(self, kind: type[E], events: Iterable[Event]) -> list[E]:
        """The events of one kind, of which there must be some."""
        rows = list(events)
        found = [event for event in rows if isinstance(event, kind)]
        require(found, f"no {kind.__name__} in {rows}")
        return found

    async def hear(self, kind: type[E], fits: Callable[[E], bool] = lambda _event: True) -> E:
        """The first live event of a kind that fits, now or within the time."""
        end = asyncio.get_running_loop().time() + PATIENCE_S
        while asyncio.get_running_loop().time() < end:
            for event in self.heard:
                if isinstance(event, kind) and fits(event):
                    return event
            await asyncio.sleep(0.01)
        raise MismatchError(f"no {kind.__name__} in {PATIENCE_S} s")


def _is_fill(trade_id: str, fill: Fill) -> bool:
    return fill.exec_id == trade_id


async def run(paper: Paper) -> Sheet:
    """Everything, in order."""
    sheet = Sheet("filld", __version__)
    signer, _warning = load_signer(paper.key_file("ours"))
    config = KalshiConfig(
        account=OURS,
        key_id=paper.key_id("ours"),
        signer=signer,
        rest_url=paper.rest_url,
        ws_url=paper.ws_url,
        seed=1,
    )
    venue = KalshiVenue(config, SystemClock())
    try:
        await Drive(venue, Door(paper.admin_url, "ours"), sheet).run()
    finally:
        await venue.close()
    return sheet
