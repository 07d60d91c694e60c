"""A position's page in the book: with one look-up, everything that decides about the position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from daemon.core.exits import Exit
from daemon.core.known_fills import SymbolFills, Where
from daemon.core.order import Order
from daemon.core.position import Position
from daemon.core.rules import StopRule
from daemon.core.stops import Level
from daemon.core.terms import PositionSide


@dataclass(slots=True, eq=False)
class Page:
    """A position, its open exit `work`, its orders, the rules that match it and their levels.

    Of `rules` and `levels` None means: not asked since they may have changed. `watched`: the engine
    has asked for prices of the symbol.

    `where` names the symbol, in the words that the book keeps of it.
    `live` are the orders not proven dead, and dead ones until the next look. `beside` are all
    pages of the symbol, this one too: two in hedge mode; `fills` are the known fills of the symbol.
    Compared by identity: a book has one of each position.
    """

    where: Where
    position: Position
    live: list[Order]
    beside: list[Page]
    fills: SymbolFills
    work: Exit | None = None
    rules: Sequence[StopRule] | None = None
    levels: tuple[Level, ...] | None = None
    watched: bool = False
    position_side: PositionSide = field(init=False)

    def __post_init__(self) -> None:
        """Keep the side where a fill looks for it."""
        self.position_side = self.position.key.position_side

    @property
    def held(self) -> bool:
        """Whether there is anything left of it to get out of, or to see ended."""
        return bool(self.position.qty) or self.work is not None

    def undead(self) -> list[Order]:
        """Its orders that are not proven dead."""
        live = self.live
        for order in live:
            if order.dead:
                live[:] = [other for other in live if not other.dead]
                break
        return live.copy()

    def exit_orders(self) -> list[Order]:
        """Those of exits alone."""
        orders = self.undead()
        for order in orders:
            if order.trade_no:
                return [other for other in orders if not other.trade_no]
        return orders
