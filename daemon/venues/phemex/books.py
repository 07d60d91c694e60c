"""The order books of one websocket connection. Pure.

A book is usable from its snapshot on. An update that is older than the last one is passed over;
`sequence` has holes, so a lost update shows only in a crossed book or at the next snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.core.terms import Symbol
from daemon.venues.phemex.book_wire import BookUpdate, Level


class OrderBook:
    """The best levels of one symbol, best first."""

    def __init__(self, snapshot: BookUpdate) -> None:
        self.sequence = snapshot.sequence
        self.sent_ns = snapshot.sent_ns
        self._bids = _changed((), snapshot.bids, snapshot.depth, highest_first=True)
        self._asks = _changed((), snapshot.asks, snapshot.depth, highest_first=False)

    def apply(self, update: BookUpdate) -> None:
        """Change levels; an old update changes nothing."""
        if update.sequence <= self.sequence:
            return
        self.sequence, self.sent_ns = update.sequence, update.sent_ns
        self._bids = _changed(self._bids, update.bids, update.depth, highest_first=True)
        self._asks = _changed(self._asks, update.asks, update.depth, highest_first=False)

    @property
    def levels(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Bids and asks."""
        return self._bids, self._asks

    @property
    def bid(self) -> Level | None:
        """The best bid: price and quantity."""
        return self._bids[0] if self._bids else None

    @property
    def ask(self) -> Level | None:
        """The best ask: price and quantity."""
        return self._asks[0] if self._asks else None

    @property
    def crossed(self) -> bool:
        """True when this cannot be the venue's book: something was lost."""
        return self.bid is not None and self.ask is not None and self.bid[0] >= self.ask[0]


def _changed(
    levels: Iterable[Level], changes: Iterable[Level], depth: int, *, highest_first: bool
) -> tuple[Level, ...]:
    """The best `depth` levels (0: all) after the changes; what falls behind is told no more."""
    merged = dict(levels)
    for px, qty in changes:
        if qty:
            merged[px] = qty
        else:
            merged.pop(px, None)
    best = sorted(merged.items(), reverse=highest_first)
    return tuple(best[:depth] if depth else best)


class Books:
    """All books of a connection."""

    def __init__(self) -> None:
        self._books: dict[Symbol, OrderBook] = {}

    def take(self, update: BookUpdate) -> OrderBook | None:
        """The book after this update; None before its snapshot, and when it is crossed and gone."""
        book = self._books.get(update.symbol)
        if update.whole and (book is None or update.sequence >= book.sequence):
            book = self._books[update.symbol] = OrderBook(update)
        elif book is not None:
            book.apply(update)
        if book is not None and book.crossed:
            self.drop(update.symbol)
            return None
        return book

    def get(self, symbol: Symbol) -> OrderBook | None:
        """The book, if there is one."""
        return self._books.get(symbol)

    def drop(self, symbol: Symbol) -> None:
        """Forget one book."""
        self._books.pop(symbol, None)
