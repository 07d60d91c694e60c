"""The paper exchange and a Bitget venue for it; shared by the contract tests.

One room for each market, kind of account and position mode. The account holds 5 ETH, long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeVar

from daemon.core.commands import CancelOrder, PlaceOrder, QueryOrder
from daemon.core.events import Event, OrderAccepted
from daemon.core.terms import (
    Account,
    ClientOrderId,
    PositionKey,
    PositionSide,
    Side,
    Symbol,
    TimeInForce,
    VenueOrderId,
)
from daemon.paper.bitget.config import BitgetConfig as Table
from daemon.paper.config import PaperConfig
from daemon.paper.crypto.config import CoinAccountConfig, CoinSeedConfig, InstrumentConfig
from daemon.paper.crypto.oracle import account_truth
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.faults import Fault, FaultKind
from daemon.paper.model import Side as PaperSide
from daemon.paper.server import PaperServer, serve
from daemon.venues.bitget.config import BitgetConfig, Holding
from daemon.venues.bitget.sign import BitgetSigner
from daemon.venues.bitget.venue import BitgetVenue
from daemon.venues.bitget.wire import Market
from tests.venues.bitget.builders import TestClock
from tests.venues.bitget.builders import config as client_config
from tests.venues.bitget.test_stream import Heard

ETH = Symbol("ETHUSDT")
ALPHA = Account("alpha")
D = Decimal
Kind = TypeVar("Kind", bound=Event)


@dataclass(frozen=True, slots=True)
class Room:
    """Which market, kind of account and position mode."""

    market: Market
    dialect: Literal["classic", "uta"]
    hedged: bool = False

    def __str__(self) -> str:
        mode = "-hedged" if self.hedged else ""
        return f"{self.market.venue.removeprefix('bitget-')}-{self.dialect}{mode}"

    @property
    def table(self) -> str:
        """The exchange's table."""
        return "bitget_spot" if self.market is Market.SPOT else "bitget_usdt_futures"

    @property
    def held(self) -> PositionSide:
        """The position side of what is held."""
        return PositionSide.LONG if self.hedged else PositionSide.NET

    @property
    def place_path(self) -> str:
        """Where orders are placed, as faults call it."""
        if self.dialect == "uta":
            return "POST /api/v3/trade/place-order"
        spot = self.market is Market.SPOT
        return f"POST /api/v2/{'spot/trade' if spot else 'mix/order'}/place-order"


ROOMS = [
    Room(market, dialect, hedged)
    for market, hedged in ((Market.SPOT, False), (Market.FUTURES, False), (Market.FUTURES, True))
    for dialect in ("classic", "uta")
]


def paper_config(room: Room) -> PaperConfig:
    spot = room.market is Market.SPOT
    side: Literal["long", "both"] = "long" if room.hedged else "both"
    seeds = [] if spot else [CoinSeedConfig(symbol=ETH, qty="5", price="2400", position_side=side)]
    account = CoinAccountConfig(
        name=ALPHA,
        balances={"USDT": "100000"} | ({"ETH": "5"} if spot else {}),
        hedge_mode=room.hedged,
        positions=seeds,
    )
    instrument = InstrumentConfig(
        symbol=ETH,
        base="ETH",
        lot="0.001",
        bids=[("2499.00", "2"), ("2498.00", "30")],
        asks=[("2501.00", "20")],
    )
    table = Table(dialect=room.dialect, instruments=[instrument], accounts=[account])
    return PaperConfig(tick_ms=20, **{room.table: table})  # type: ignore[arg-type]


@dataclass
class Guest:
    """A client in a room, and the room."""

    room: Room
    paper: PaperServer
    exchange: CoinVenue
    venue: BitgetVenue
    settings: BitgetConfig
    heard: Heard = field(default_factory=Heard)

    @property
    def key(self) -> PositionKey:
        """The position that is held."""
        return PositionKey(
            account=ALPHA, venue=self.room.market.venue, symbol=ETH, position_side=self.room.held
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
            reduce_only=True,
            cancel_own_crossing=True,
        )

    async def place(self, number: int, **changes: object) -> list[Event]:
        """Place an exit."""
        return list(await self.venue.place(self.exit_of(number, **changes)))  # type: ignore[arg-type]

    async def look(self, number: int, order_id: VenueOrderId | None = None) -> list[Event]:
        """Look an exit up."""
        return list(await self.venue.order(self.query(number, order_id)))

    def query(self, number: int, order_id: VenueOrderId | None = None) -> QueryOrder:
        """The question after an exit."""
        return QueryOrder(key=self.key, client_order_id=name(number), venue_order_id=order_id)

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
        self.exchange.traders.send(ETH, PaperSide.BID, D("2500"), D(qty))

    def arm(self, kind: FaultKind, **changes: object) -> None:
        """Arm a fault."""
        fault = Fault(kind=kind, **changes)  # type: ignore[arg-type]
        self.exchange.exchange.faults.arm(fault)

    def truth(self, what: str) -> list[dict[str, str]]:
        """What the exchange itself knows."""
        found = account_truth(self.exchange.exchange, ALPHA)[what]
        assert isinstance(found, list)
        return found


def settings(room: Room, paper: PaperServer, **changes: object) -> BitgetConfig:
    known, urls = paper.doors[room.table].venue.keys[ALPHA], paper.coin_urls[room.table]
    fields: dict[str, object] = {
        "signer": BitgetSigner.from_secret(known.api_key, known.passphrase, known.secret),
        "ws_url": urls["WS_URL"],
        "query_timeout_s": 2.0,
        "order_timeout_s": 1.0,
        "holdings": (Holding(symbol=ETH),),
    }
    return client_config(room.market, urls["REST_URL"], **fields | changes)


@asynccontextmanager
async def entered(
    room: Room, *, ahead_s: float = 0, opens: bool = True, **changes: object
) -> AsyncIterator[Guest]:
    """A client in a room, its account proven; its clock is wrong by `ahead_s`."""
    async with await serve(paper_config(room)) as paper:
        config = settings(room, paper, **changes)
        venue = BitgetVenue(config, TestClock(ahead_s))
        try:
            if opens:
                await venue.open()
            yield Guest(room, paper, paper.doors[room.table].venue, venue, config)
        finally:
            await venue.close()


@asynccontextmanager
async def listening(guest: Guest) -> AsyncIterator[Heard]:
    """What the client's streams deliver."""
    guest.venue.watch([ETH])
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


def order_id_of(events: Sequence[Event]) -> VenueOrderId:
    (accepted,) = of(events, OrderAccepted)
    assert accepted.venue_order_id is not None
    return accepted.venue_order_id
