"""A world for the engine: markets, guarded positions and working exits, made of typed facts.

Everything is told to a real engine, so the book is one that a running daemon could have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TypedDict

from daemon.core.commands import Command, PlaceOrder
from daemon.core.engine import Engine
from daemon.core.events import (
    Event,
    Fill,
    MarketPhase,
    MarketRead,
    OrderAccepted,
    PositionRow,
    PositionSnapshot,
    Quote,
    QuoteSource,
    RulesLoaded,
    Started,
)
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.rules import AccountPolicy, ExitPolicy, StopRule
from daemon.core.terms import (
    NANOS,
    USD,
    Account,
    ExecId,
    JournalId,
    RuleKind,
    Side,
    Symbol,
    Venue,
    VenueOrderId,
)

ACCOUNT = Account("main")
VENUE = Venue("kalshi")
JOURNAL = JournalId("benchmark")
GRID = PriceRange(start_px=Decimal(0), end_px=Decimal(1), step_px=Decimal("0.01"))
ENTRY_PX = Decimal("0.60")
EXIT_PX = Decimal("0.50")
FEE = Decimal("0.0112")
LOT = Decimal(1)
HUGE = Decimal(1_000_000)
PERCENT = Decimal(10)
WALL_NS = 1_790_000_000 * NANOS


class Stamps(TypedDict):
    """What each fact of the venue carries."""

    receive_time_ns: int
    mono_ns: int
    account: Account
    venue: Venue


def symbol_of(number: int) -> Symbol:
    """The name of one market."""
    return Symbol(f"KXBENCH-26NOV21-T{number:06d}")


class World:
    """An engine and the facts that it was told, `step_ns` apart."""

    def __init__(self, *, mono_ns: int = 1_000 * NANOS, step_ns: int = NANOS) -> None:
        self.engine = Engine()
        self.policy = ExitPolicy(max_slippage_px=Decimal("0.05"))
        self.mono_ns = mono_ns
        self.step_ns = step_ns
        self.fills = 0
        self.steps: list[tuple[Event, tuple[Command, ...]]] | None = None

    def stamps(self) -> Stamps:
        """The clock of the world; each reading is a step later."""
        self.mono_ns += self.step_ns
        return Stamps(
            receive_time_ns=WALL_NS + self.mono_ns,
            mono_ns=self.mono_ns,
            account=ACCOUNT,
            venue=VENUE,
        )

    def tell(self, event: Event) -> tuple[Command, ...]:
        """Hand one fact in; kept in `steps` where somebody wants the journal of it."""
        commands = self.engine.handle(event)
        if self.steps is not None and self.engine.changed:
            self.steps.append((event, tuple(c for c in commands if c.durable)))
        return commands

    def begin(self) -> None:
        """A process with one 10 % stop on everything and live orders on."""
        stamps = self.stamps()
        now = (stamps["receive_time_ns"], stamps["mono_ns"])
        self.tell(
            Started(receive_time_ns=now[0], mono_ns=now[1], journal_id=JOURNAL, engine_version=1)
        )
        self.tell(
            RulesLoaded(
                receive_time_ns=now[0],
                mono_ns=now[1],
                rules=(self._rule("KX*"),),
                accounts=(
                    AccountPolicy(
                        account=ACCOUNT,
                        venue=VENUE,
                        place_live_orders=True,
                        max_orders_per_minute=1_000_000,
                    ),
                ),
            )
        )

    def _rule(self, pattern: str) -> StopRule:
        return StopRule(
            venue=VENUE,
            pattern=pattern,
            kind=RuleKind.PERCENT,
            level=PERCENT,
            exits=self.policy,
        )

    def fill(
        self,
        number: int,
        side: Side,
        qty: Decimal,
        *,
        px: Decimal = ENTRY_PX,
        order_id: VenueOrderId | None = None,
    ) -> Fill:
        """A new execution."""
        self.fills += 1
        stamps = self.stamps()
        return Fill(
            **stamps,
            symbol=symbol_of(number),
            venue_order_id=order_id or VenueOrderId(f"other-{self.fills}"),
            transact_time_ns=stamps["receive_time_ns"],
            exec_id=ExecId(f"6f9a2b1c-0d3e-4f5a-8b7c-{self.fills:012d}"),
            side=side,
            last_qty=qty,
            last_px=px,
            commission=FEE,
            commission_currency=USD,
        )

    def quote(self, number: int, bid: str, ask: str) -> Quote:
        """A live price."""
        return Quote(
            **self.stamps(),
            symbol=symbol_of(number),
            bid_px=Decimal(bid),
            bid_qty=Decimal(500),
            ask_px=Decimal(ask),
            ask_qty=Decimal(500),
            source=QuoteSource.BOOK,
        )

    def list_market(self, number: int) -> None:
        """A market's terms."""
        terms = Instrument(
            venue=VENUE,
            symbol=symbol_of(number),
            price_ranges=(GRID,),
            lot_qty=LOT,
            payout_px=Decimal(1),
        )
        self.tell(MarketRead(**self.stamps(), instrument=terms, phase=MarketPhase.ACTIVE))

    def positions_read(self) -> PositionSnapshot:
        """The venue agrees with the book."""
        stamps = self.stamps()
        rows = tuple(
            PositionRow(symbol=key.symbol, position_qty=position.qty)
            for key, position in self.engine.book.positions.items()
            if position.qty
        )
        return PositionSnapshot(
            **stamps,
            rows=rows,
            as_of_ns=stamps["receive_time_ns"],
            asked_mono_ns=stamps["mono_ns"],
        )

    def hold(self, numbers: Sequence[int], qty: Decimal) -> None:
        """Guarded positions, verified and seen on the good side."""
        for number in numbers:
            self.list_market(number)
            self.tell(self.fill(number, Side.BUY, qty))
        self.tell(self.positions_read())
        for number in numbers:
            self.tell(self.quote(number, "0.60", "0.61"))

    def open_exit(self, number: int) -> VenueOrderId:
        """Fire the stop of a position; its order is accepted and works."""
        placed = [
            c for c in self.tell(self.quote(number, "0.50", "0.52")) if isinstance(c, PlaceOrder)
        ]
        assert len(placed) == 1, f"the stop of {symbol_of(number)} did not fire"
        order_id = VenueOrderId(f"order-{number}-{placed[0].attempt}-{placed[0].exit_no}")
        self.tell(
            OrderAccepted(
                **self.stamps(),
                symbol=symbol_of(number),
                client_order_id=placed[0].client_order_id,
                venue_order_id=order_id,
            )
        )
        return order_id

    def cycle(self, number: int) -> None:
        """Bought, stopped out, flat: one closed order."""
        bought = self.fill(number, Side.BUY, LOT)
        self.tell(bought)
        self.tell(self.quote(number, "0.60", "0.61"))
        order_id = self.open_exit(number)
        held_qty = self.engine.book.position_of(bought).held_qty
        self.tell(self.fill(number, Side.SELL, held_qty, px=EXIT_PX, order_id=order_id))


def guarded(count: int, world: World | None = None) -> World:
    """`count` guarded positions."""
    world = world or World()
    world.begin()
    world.hold(range(count), Decimal(100))
    return world


def exiting(count: int, world: World | None = None) -> tuple[World, list[VenueOrderId]]:
    """`count` positions whose exit orders work, large enough for any number of fills."""
    world = world or World()
    world.begin()
    world.hold(range(count), HUGE)
    return world, [world.open_exit(number) for number in range(count)]


def fills_of(world: World, orders: Sequence[VenueOrderId], count: int) -> Iterator[Fill]:
    """Partial fills of working orders, one after the other in turn."""
    for turn in range(count):
        number = turn % len(orders)
        yield world.fill(number, Side.SELL, LOT, px=EXIT_PX, order_id=orders[number])
