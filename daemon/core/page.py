"""A position's page in the book: with one look-up, everything that decides about the position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.core.exits import Exit
from daemon.core.order import Order
from daemon.core.position import Position
from daemon.core.rules import StopRule
from daemon.core.terms import Account, Symbol, Venue


@dataclass(slots=True, eq=False)
class Page:
    """A position, its open exit `work`, its orders and the rules that match it (None: not asked).

    `where` names the symbol, in the words that the book keeps of it.
    `live` are the orders not proven dead, and dead ones until the next look. `beside` are all
    pages of the symbol, this one too: two in hedge mode. Compared by identity: a book has one of
    each position.
    """

    where: tuple[Account, Venue, Symbol]
    position: Position
    live: list[Order]
    beside: list[Page]
    work: Exit | None = None
    rules: Sequence[StopRule] | None = None

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
