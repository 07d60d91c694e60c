"""The paper exchange and a Phemex venue for it; shared by the contract tests.

One room for spot, for one-way and for hedged perpetuals. The account holds 5 ETH, long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeVar

from daemon.core.commands import CancelOrder, PlaceOrder, QueryFills, QueryOrder
from daemon.core.events import Event, Fill, OrderAccepted
from daemon.core.terms import (
    Account,
    ClientOrderId,
    ExecId,
    PositionKey,
    PositionSide,
    Side,
    Symbol,
    TimeInForce,
    Venue,
    VenueOrderId,
)
from daemon.paper.config import PaperConfig
from daemon.paper.crypto.config import CoinAccountConfig, CoinSeedConfig, InstrumentConfig
from daemon.paper.crypto.oracle import account_truth
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import Fault, FaultKind
from daemon.paper.model import Side as PaperSide
from daemon.paper.phemex.config import PhemexConfig as Table
from daemon.paper.server import PaperServer, serve
from daemon.venues.phemex.config import PhemexConfig
from daemon.venues.phemex.sign import PhemexSigner
from daemon.venues.phemex.venue import PhemexVenue
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.bitget.test_stream import Heard
from tests.venues.kalshi.builders import TestClock
from tests.venues.phemex.builders import config

ALPHA = Account("alpha")
D = Decimal
Kind = TypeVar("Kind", bound=Event)


@dataclass(frozen=True, slots=True)
class Room:
    """Which market and position mode."""

    market: Venue
    hedged: bool = False

    def __str__(self) -> str:
        return self.market.removeprefix("phemex-") + ("-hedged" if self.hedged else "")

    @property
    def table(self) -> str:
        """The exchange's table."""
        return "phemex_spot" if self.market == SPOT else "phemex_usdt_perp"

    @property
    def symbol(self) -> Symbol:
        """What is held."""
        return Symbol("sETHUSDT" if self.market == SPOT else "ETHUSDT")

    @property
    def held(self) -> PositionSide:
        """The position side of what is held."""
        return PositionSide.LONG if self.hedged else PositionSide.NET

    @property
    def place_path(self) -> str:
        """Where orders are placed, as faults call it."""
        return "POST /spot/orders" if self.market == SPOT else "POST /g-orders"


ROOMS = [Room(SPOT), Room(PERP), Room(PERP, hedged=True)]


def paper_config(room: Room, **changes: Any) -> PaperConfig:
    spot = room.market == SPOT
    side: Literal["long", "both"] = "long" if room.hedged else "both"
    held = CoinSeedConfig(symbol=room.symbol, qty="5", price="2400", position_side=side, age_s=60)
    account = CoinAccountConfig(
        name=ALPHA,
        balances={"USDT": "100000"} | ({"ETH": "5"} if spot else {}),
        hedge_mode=room.hedged,
        positions=[] if spot else [held],
    )
    instrument = InstrumentConfig(
        symbol=room.symbol,
        base="ETH",
        lot="0.001",
        maker_rate="0.0001",
        taker_rate="0.0006",
        bids=[("2499.00", "2"), ("2498.00", "30")],
        asks=[("2501.00", "20")],
    )
    fields: dict[str, Any] = {"instruments": [instrument], "accounts": [account]}
    tables: dict[str, Any] = {room.table: Table(**fields | changes)}
    return PaperConfig(tick_ms=20, **tables)


@dataclass
class Guest:
    """A client in a room, and the room."""

    room: Room
    paper: PaperServer
    exchange: CoinVenue
    venue: PhemexVenue
    heard: Heard = field(default_factory=Heard)

    @property
    def key(self) -> PositionKey:
        """The position that is held."""
        return PositionKey(
            account=ALPHA,
            venue=self.room.market,
            symbol=self.room.symbol,
            position_side=self.room.held,
        )

    def exit_of(
        self,
        number: int,
        qty: str = "3",
        limit: str = "2499",
        force: TimeInForce = TimeInForce.IOC,
    ) -> PlaceOrder:
        """An order that sells of what is held."""
        return PlaceOrder(
            key=self.key,
            client_order_id=name(number),
            exit_no=1,
            attempt=1,
            side=Side.SELL,
            order_qty=D(qty),
            limit_px=D(limit),
            time_in_force=force,
            reduce_only=self.room.market == PERP,
            cancel_own_crossing=True,
        )

    async def place(self, number: int, **changes: Any) -> list[Event]:
        """Place an exit."""
        return list(await self.venue.place(self.exit_of(number, **changes)))

    async def look(self, number: int, order_id: VenueOrderId | None = None) -> list[Event]:
        """Look an exit up."""
        query = QueryOrder(key=self.key, client_order_id=name(number), venue_order_id=order_id)
        return list(await self.venue.order(query))

    async def fills(self, since_ns: int = 0) -> list[Fill]:
        """Read the fills of all symbols back."""
        ask = QueryFills(account=ALPHA, venue=self.room.market, symbol=None, since_ns=since_ns)
        return of(await self.venue.fills(ask), Fill)

    async def cancel(self, number: int, order_id: VenueOrderId) -> Event:
        """Cancel an exit."""
        command = CancelOrder(key=self.key, client_order_id=name(number), venue_order_id=order_id)
        (event,) = await self.venue.cancel(command)
        return event

    async def rest(self, number: int) -> VenueOrderId:
        """An exit that waits at 2500."""
        return order_id_of(await self.place(number, limit="2500", force=TimeInForce.GTC))

    def buy(self, qty: str) -> None:
        """Somebody takes what waits at 2500."""
        self.exchange.traders.send(self.room.symbol, PaperSide.BID, D("2500"), D(qty))

    def arm(self, kind: FaultKind, **changes: Any) -> None:
        """Arm a fault."""
        self.exchange.exchange.faults.arm(Fault(kind=kind, **changes))

    def told(self, number: int) -> list[dict[str, str]]:
        """The exchange's own fills of an exit."""
        rows = account_truth(self.exchange.exchange, ALPHA)["fills"]
        assert isinstance(rows, list)
        return [row for row in rows if row["client_order_id"] == name(number)]


def settings(room: Room, paper: PaperServer, **changes: Any) -> PhemexConfig:
    known, urls = paper.doors[room.table].venue.keys[ALPHA], paper.coin_urls[room.table]
    fields: dict[str, Any] = {
        "account": ALPHA,
        "key_id": known.api_key,
        "signer": PhemexSigner(known.secret),
        "ws_url": urls["WS_URL"],
        "kept_qty": {room.symbol: D(0)} if room.market == SPOT else {},
        "query_timeout_s": 2.0,
        "order_timeout_s": 1.0,
        "read_lag_s": 0.0,
    }
    return config(room.market, urls["REST_URL"], **fields | changes)


@asynccontextmanager
async def entered(
    room: Room,
    *,
    ahead_s: float = 0,
    opens: bool = True,
    table: dict[str, Any] | None = None,
    **changes: Any,
) -> AsyncIterator[Guest]:
    """A client in a room, its account proven; its clock is wrong by `ahead_s`."""
    async with await serve(paper_config(room, **(table or {}))) as paper:
        venue = PhemexVenue(settings(room, paper, **changes), TestClock(ahead_s))
        try:
            if opens:
                await venue.open()
                venue.watch([room.symbol])
            yield Guest(room, paper, paper.doors[room.table].venue, venue)
        finally:
            await venue.close()


@asynccontextmanager
async def listening(guest: Guest) -> AsyncIterator[Heard]:
    """What the client's streams deliver."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(guest.venue.run(guest.heard.events.append))
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
