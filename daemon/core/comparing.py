"""A read of an account's positions against the book, before anything is decided about it.

That a position agrees leads to nothing, so it may be found out ahead, a slice at a time, while
other facts are handled in between: what moves a position meanwhile is newer than the read. What
is doubted is compared again, by `review`, when the read itself is handled. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from daemon.core.book import Book
from daemon.core.events import PositionRow, PositionSnapshot
from daemon.core.position import Position
from daemon.core.terms import PositionKey, PositionSide

# Positions compared in one go: about a millisecond, most of it memory that is not in the cache.
SLICE = 2_000
_NET = PositionSide.NET


class Comparison:
    """What of `read` does not agree with the book, or all of it: in `doubted` after `slices`.

    Each with the venue's row, None where it shows none.
    """

    def __init__(self, read: PositionSnapshot, *, doubt_all: bool = False) -> None:
        self.read = read
        self.doubted: list[tuple[PositionKey, PositionRow | None]] = []
        self._doubt_all = doubt_all

    def slices(self, book: Book) -> Iterator[None]:
        """Compare every position of the account; the book may change from one slice to the next."""
        # By symbol alone where that names one position: a tuple for each would take half the time.
        rows: dict[object, PositionRow] = {
            row.symbol if row.position_side is _NET else (row.symbol, row.position_side): row
            for row in self.read.rows
        }
        positions = list(book.positions.values())
        for start in range(0, len(positions), SLICE):
            yield
            self._compare(positions[start : start + SLICE], rows)
        self.doubted += [(_key_of(self.read, row), row) for row in rows.values()]

    def _compare(self, positions: list[Position], rows: dict[object, PositionRow]) -> None:
        account, venue, take = self.read.account, self.read.venue, rows.pop
        for position in positions:
            key, qty = position.key, position.qty
            if key.venue != venue or key.account != account:
                continue
            if not qty and position.mismatch is None and all_settled(position):
                continue
            side = key.position_side
            row = take(key.symbol if side is _NET else (key.symbol, side), None)
            agreed = position.verified and position.mismatch is None and not self._doubt_all
            if not (agreed and qty and row is not None and row.position_qty == qty):
                self.doubted.append((key, row))


def _key_of(read: PositionSnapshot, row: PositionRow) -> PositionKey:
    return PositionKey(
        account=read.account,
        venue=read.venue,
        symbol=row.symbol,
        position_side=row.position_side,
    )


def all_settled(position: Position) -> bool:
    """True when nothing of what it was is still waited for."""
    return not position.closed or position.closed[-1].settled
