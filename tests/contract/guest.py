"""A client in a room: what it does there, what it hears, and what the exchange itself knows.

Faults are armed through the admin door, as anybody would. The exchange shares no code with its
client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

import aiohttp

from daemon.core.commands import CancelOrder, PlaceOrder, QueryBook, QueryFills, QueryOrder
from daemon.core.events import Event, Fill, OrderAccepted
from daemon.core.terms import ClientOrderId, ExecId, Side, TimeInForce, VenueOrderId
from daemon.paper.crypto.oracle import account_truth as coin_truth
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import FaultKind
from daemon.paper.model import Side as PaperSide
from daemon.paper.oracle import account_truth
from daemon.paper.server import PaperServer, serve
from tests.contract.rooms import ALPHA, SHARD, Client, Room
from tests.venues.kalshi.builders import TestClock
from tests.venues.listening import Heard

D = Decimal
Kind = TypeVar("Kind", bound=Event)


@dataclass
class Guest:
    """A client in a room, and the room."""

    room: Room
    paper: PaperServer
    venue: Client
    clock: TestClock
    admin: aiohttp.ClientSession
    heard: Heard = field(default_factory=Heard)

    @property
    def door(self) -> CoinVenue:
        """The coin exchange behind its door."""
        return self.paper.doors[self.room.table].venue

    def exit_of(
        self,
        number: int,
        qty: str = "3",
        limit: str = "",
        force: TimeInForce = TimeInForce.IOC,
    ) -> PlaceOrder:
        """An order that sells of what is held; at the best bid."""
        return PlaceOrder(
            key=self.room.key,
            client_order_id=name(number),
            exit_no=1,
            attempt=1,
            side=Side.SELL,
            order_qty=D(qty),
            limit_px=D(limit or self.room.prices[1]),
            time_in_force=force,
            reduce_only=True,
            cancel_own_crossing=True,
            shard=None if self.room.coins else SHARD,
        )

    async def place(self, number: int, **changes: Any) -> list[Event]:
        """Place an exit."""
        return list(await self.venue.place(self.exit_of(number, **changes)))

    async def rest(self, number: int, qty: str = "3") -> VenueOrderId:
        """An exit that waits between bid and ask."""
        made = await self.place(number, qty=qty, limit=self.room.prices[2], force=TimeInForce.GTC)
        return order_id_of(made)

    async def look(self, number: int, order_id: VenueOrderId | None = None) -> list[Event]:
        """Look an exit up."""
        query = QueryOrder(key=self.room.key, client_order_id=name(number), venue_order_id=order_id)
        return list(await self.venue.order(query))

    async def cancel(self, number: int, order_id: VenueOrderId) -> Event:
        """Cancel an exit."""
        command = CancelOrder(
            key=self.room.key,
            client_order_id=name(number),
            venue_order_id=order_id,
            shard=None if self.room.coins else SHARD,
        )
        (event,) = await self.venue.cancel(command)
        return event

    async def fills(self, since_ns: int = 0) -> list[Fill]:
        """Read the fills of all symbols back."""
        ask = QueryFills(account=ALPHA, venue=self.room.venue, symbol=None, since_ns=since_ns)
        return of(await self.venue.fills(ask), Fill)

    async def book(self) -> list[Event]:
        """Read the whole account."""
        query = QueryBook(account=ALPHA, venue=self.room.venue, since_ns=0)
        return list(await self.venue.book(query))

    def buy(self, qty: str) -> None:
        """Somebody takes what waits between bid and ask."""
        traders = self.door.traders if self.room.coins else self.paper.venue.traders
        traders.send(self.room.symbol, PaperSide.BID, D(self.room.prices[2]), D(qty))

    async def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """The admin door."""
        place = f"/admin/{self.room.table}" if self.room.coins else "/admin"
        async with self.admin.request(
            method, f"{self.paper.admin_url}{place}{path}", json=body
        ) as answer:
            found: dict[str, Any] = await answer.json()
            assert answer.ok, found
            return found

    async def arm(self, kind: FaultKind, **terms: Any) -> int:
        """Arm a fault; how many connections it hit at once."""
        hit = (await self.call("POST", "/faults", kind=kind.value, **terms))["hit"]
        assert isinstance(hit, int)
        return hit

    async def struck(self, kind: FaultKind) -> int:
        """How often a fault has struck."""
        return int((await self.call("GET", "/faults"))["applied"].get(kind.value, 0))

    async def strikes(self, kind: FaultKind) -> None:
        """Wait for a fault to strike."""
        for _ in range(500):
            if await self.struck(kind):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{kind} never struck")

    async def calm(self) -> None:
        """Disarm all faults."""
        await self.call("DELETE", "/faults")

    def truth(self) -> dict[str, Any]:
        """What the exchange itself knows of the account."""
        if self.room.coins:
            return coin_truth(self.door.exchange, ALPHA)
        return account_truth(self.paper.exchange, ALPHA)

    def told(self, number: int) -> list[dict[str, Any]]:
        """The exchange's own fills of an exit."""
        return [row for row in self.truth()["fills"] if row["client_order_id"] == name(number)]

    def exits(self, number: int) -> list[Fill]:
        """The fills of an exit's order that were heard, some by more than one channel."""
        named = [fill for fill in self.heard.of(Fill) if fill.client_order_id == name(number)]
        orders = {fill.venue_order_id for fill in named}
        return [fill for fill in self.heard.of(Fill) if fill.venue_order_id in orders]


@asynccontextmanager
async def entered(
    room: Room,
    *,
    clock: TestClock | None = None,
    opens: bool = True,
    account: Mapping[str, Any] | None = None,
    table: Mapping[str, Any] | None = None,
    **changes: Any,
) -> AsyncIterator[Guest]:
    """A client in a room, its account proven."""
    config = room.paper(account or {}, table or {})
    async with await serve(config) as paper, aiohttp.ClientSession() as admin:
        clock = clock or TestClock()
        venue = room.client(room, paper, clock, changes)
        try:
            if opens:
                await venue.open()
                venue.watch([room.symbol])
            yield Guest(room, paper, venue, clock, admin)
        finally:
            await venue.close()


@asynccontextmanager
async def listening(guest: Guest) -> AsyncIterator[Heard]:
    """What the client's streams deliver."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(guest.venue.run(guest.heard.append))
        try:
            yield guest.heard
        finally:
            task.cancel()


def name(number: int) -> ClientOrderId:
    return ClientOrderId(f"fd{number:028d}".replace("0", "a"))


def kinds(events: Sequence[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


def of(events: Sequence[Event], kind: type[Kind]) -> list[Kind]:
    return [event for event in events if isinstance(event, kind)]


def ids(fills: Sequence[Fill]) -> set[ExecId]:
    return {fill.exec_id for fill in fills}


def order_id_of(events: Sequence[Event]) -> VenueOrderId:
    (accepted,) = of(events, OrderAccepted)
    assert accepted.venue_order_id is not None
    return accepted.venue_order_id
