"""The order books of one websocket connection, in YES prices. Pure.

A book is usable from its snapshot on, until a gap in the sequence or a contradiction (a
level below 0, a book that stays crossed): then it is dropped. No book, or a crossed one: no quote.
"""

from __future__ import annotations

from collections.abc import ItemsView
from decimal import Decimal
from typing import Final

from daemon.core.terms import ZERO, Symbol
from daemon.venues.depth import Sides
from daemon.venues.kalshi.stream_wire import BookDelta, BookSnapshot, Level

LEVELS_LIMIT: Final = 10_001
"""One side of the finest grid (0.0001): more levels than that are not a book."""


class OrderBook:
    """Levels of one market as price -> quantity."""

    def __init__(self, snapshot: BookSnapshot) -> None:
        self._bids = {px: count for px, count in snapshot.bids if count > ZERO}
        self._asks = {px: count for px, count in snapshot.asks if count > ZERO}
        self._bid_px = max(self._bids, default=None)
        self._ask_px = min(self._asks, default=None)

    def apply(self, delta: BookDelta) -> bool:
        """Change one level; False when the result cannot be true."""
        levels = self._bids if delta.bid else self._asks
        count = levels.get(delta.px, ZERO) + delta.delta
        if count < ZERO:
            return False
        if count == ZERO:
            levels.pop(delta.px, None)
        else:
            levels[delta.px] = count
        self._note_best(delta)
        return len(levels) <= LEVELS_LIMIT

    def _note_best(self, delta: BookDelta) -> None:
        """Only a change at the best price or beyond it needs a look."""
        if delta.bid:
            if self._bid_px is None or delta.px >= self._bid_px:
                self._bid_px = max(self._bids, default=None)
        elif self._ask_px is None or delta.px <= self._ask_px:
            self._ask_px = min(self._asks, default=None)

    @property
    def crossed(self) -> bool:
        """True while the best bid is not below the best ask: between two messages of one trade,
        or because messages are missing.
        """
        bid, ask = self._bid_px, self._ask_px
        return bid is not None and ask is not None and bid >= ask

    @property
    def levels(self) -> tuple[ItemsView[Decimal, Decimal], ItemsView[Decimal, Decimal]]:
        """Bids and asks, in no order."""
        return self._bids.items(), self._asks.items()

    @property
    def bid(self) -> Level | None:
        """The best bid: price and quantity."""
        return None if self._bid_px is None else (self._bid_px, self._bids[self._bid_px])

    @property
    def ask(self) -> Level | None:
        """The best ask: price and quantity."""
        return None if self._ask_px is None else (self._ask_px, self._asks[self._ask_px])


class Books:
    """All books of a connection."""

    def __init__(self) -> None:
        self._books: dict[Symbol, OrderBook] = {}
        self._crossed: dict[Symbol, None] = {}

    def put(self, snapshot: BookSnapshot) -> None:
        """Take a snapshot in place of what was there."""
        book = self._books[snapshot.symbol] = OrderBook(snapshot)
        self._note_crossed(snapshot.symbol, book)

    def _note_crossed(self, symbol: Symbol, book: OrderBook) -> None:
        if book.crossed:
            self._crossed[symbol] = None
        else:
            self._crossed.pop(symbol, None)

    def apply(self, delta: BookDelta) -> bool:
        """Change a book, if there is one; False when it had to be dropped."""
        book = self._books.get(delta.symbol)
        if book is None:
            return True
        if book.apply(delta):
            self._note_crossed(delta.symbol, book)
            return True
        self.drop(delta.symbol)
        return False

    def best(self, symbol: Symbol) -> tuple[Level | None, Level | None] | None:
        """Best bid and ask; None where there is no book, or a crossed one."""
        book = self._books.get(symbol)
        return None if book is None or book.crossed else (book.bid, book.ask)

    def levels(self, symbol: Symbol) -> Sides | None:
        """Bids and asks, in no order; None where there is no book, or a crossed one."""
        book = self._books.get(symbol)
        return None if book is None or book.crossed else book.levels

    def crossed(self) -> list[Symbol]:
        """The symbols whose books are crossed now."""
        return list(self._crossed)

    def drop(self, symbol: Symbol) -> None:
        """Forget one book."""
        self._books.pop(symbol, None)
        self._crossed.pop(symbol, None)

    def drop_all(self) -> None:
        """Forget all of them."""
        self._books.clear()
        self._crossed.clear()

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._books
