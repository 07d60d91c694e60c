"""Funding, liquidation and ADL on each futures exchange end in their columns, each of them once.

Through the real adapters and the real engine; half of it happens while the stream is down.
"""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Any

from daemon.core.commands import QueryBook, QueryMarket
from daemon.core.engine import Engine
from daemon.core.events import Event, StreamLost, StreamRestored, Undecodable
from daemon.core.position import Position
from daemon.paper.faults import FaultKind
from tests import builders as make
from tests.contract.guest import D, Guest, entered
from tests.contract.rooms import ALPHA, COIN_ROOMS, ETH, Room, each
from tests.venues.listening import until

NEAR = Fraction(1, 10**8)


class Ledger:
    """The engine behind the client: everything that is delivered is handled."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self.engine = Engine()
        self.events: list[Event] = []
        for event in (make.started(), make.rules_loaded()):
            self.engine.handle(event)

    def take(self, event: Event) -> None:
        self.events.append(event)
        self.engine.handle(event)

    def count(self, kind: type[Event]) -> int:
        return sum(1 for event in self.events if isinstance(event, kind))

    async def look(self) -> None:
        """The market and the whole account, as after a reconnect."""
        venue = self._guest.room.venue
        market = QueryMarket(account=ALPHA, venue=venue, symbol=ETH)
        book = QueryBook(account=ALPHA, venue=venue, since_ns=0)
        for event in (
            *await self._guest.venue.market(market),
            *await self._guest.venue.book(book),
        ):
            self.take(event)

    @property
    def position(self) -> Position:
        return self.engine.book.positions[self._guest.room.key]


def brought(guest: Guest, origin: str) -> Fraction:
    """What the exchange's own closes of one kind earned, less their fees and share of the entry."""
    opened, *closes = guest.truth()["fills"]
    share = Fraction(opened["fee"]) / Fraction(opened["qty"])
    return sum(
        (
            Fraction(fill["realized"]) - Fraction(fill["fee"]) - share * Fraction(fill["qty"])
            for fill in closes
            if fill["origin"] == origin
        ),
        Fraction(0),
    )


def agrees(guest: Guest, ours: Position) -> None:
    paid = guest.truth()["funding"][ETH]
    assert ours.funding == {coin: D(total) for coin, total in paid.items()}
    assert abs(Fraction(ours.liquidation_pnl) - brought(guest, "liquidation")) < NEAR
    assert abs(Fraction(ours.adl_pnl) - brought(guest, "adl")) < NEAR
    assert ours.realized_pnl == ours.liquidation_pnl + ours.adl_pnl + ours.funding_pnl


async def impose(guest: Guest, rate: str, adl: tuple[str, str], burst: tuple[str, str]) -> None:
    """One funding, one ADL, one liquidation: price and quantity."""
    side = "long" if guest.room.hedged else "both"
    await guest.call("POST", f"/instruments/{ETH}/funding", rate=rate)
    for origin, (price, qty) in (("adl", adl), ("liquidation", burst)):
        terms = {"symbol": ETH, "position_side": side, "price": price, "qty": qty}
        await guest.call("POST", f"/accounts/{ALPHA}/close", origin=origin, **terms)


@each([room for room in COIN_ROOMS if not room.spot])
async def test_each_ends_in_its_column_once_and_also_after_a_reconnect(room: Room) -> None:
    settings: dict[str, Any] = {} if room.name.startswith("phemex") else {"funding_s": 0.0}
    async with entered(room, **settings) as guest, asyncio.TaskGroup() as tasks:
        ledger = Ledger(guest)
        await ledger.look()
        task = tasks.create_task(guest.venue.run(ledger.take))
        await until(lambda: ledger.count(StreamRestored))
        await impose(guest, "0.001", ("2450", "1"), ("2000", "2"))
        await until(lambda: ledger.position.qty == D(2))
        await ledger.look()
        agrees(guest, ledger.position)

        await guest.arm(FaultKind.WS_REFUSE, count=2)
        guest.paper.doors[room.table].close()
        await until(lambda: ledger.count(StreamLost))
        await impose(guest, "-0.0005", ("2500", "0.5"), ("1900", "0.25"))
        await until(lambda: ledger.count(StreamRestored) == 2)
        await ledger.look()
        assert ledger.position.qty == D("1.25")
        await ledger.look()
        agrees(guest, ledger.position)
        assert not ledger.count(Undecodable)
        task.cancel()
