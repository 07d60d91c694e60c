"""What an earlier run had begun, told to the log: its lines lead back over a restart."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Final

from daemon.core.book import Book
from daemon.core.decisions import OpenExit
from daemon.core.exits import Exit
from daemon.journal.reader import Reader
from daemon.ports import Record
from daemon.telemetry.causes import Causes

# So many orders and exits are looked up, a fraction of a millisecond each: nothing trades yet.
_MOST: Final = 1_000
# An exit opens with its first order, or where that was held back not long before it.
_BACK: Final = 1_000


def recall(causes: Causes, journal: Callable[[], Reader], book: Book) -> None:
    """Find where orders that may still fill and exits at work began. Raises JournalError."""
    alive = [o for orders in book.live_orders.values() for o in orders if not o.dead]
    if not alive and not book.exits:
        return
    reader = journal()
    try:
        for work in islice(book.exits.values(), _MOST):
            opening = _opening(reader, work)
            if opening is not None:
                causes.recall(opening)
        for order in alive[-_MOST:]:
            placed = reader.placed(order.client_order_id)
            if placed is not None:
                causes.recall(placed)
                causes.name(order)
    finally:
        reader.close()


def _opening(reader: Reader, work: Exit) -> Record | None:
    first = reader.placed(work.order_ids[0]) if work.order_ids else None
    if first is not None and _opens(first, work):
        return first
    end = reader.head().seq if first is None else first.seq
    before = islice(reader.replay(max(end - _BACK, 0)), _BACK)
    return next((record for record in before if _opens(record, work)), None)


def _opens(record: Record, work: Exit) -> bool:
    return any(
        isinstance(command, OpenExit) and (command.key, command.exit_no) == (work.key, work.exit_no)
        for command in record.commands
    )
