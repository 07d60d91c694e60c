"""What a difference between venue and book may mean. Pure functions; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from daemon.core.events import PositionRow, PositionSnapshot, Quote
from daemon.core.exits import Exit
from daemon.core.instrument import Instrument
from daemon.core.order import Order
from daemon.core.position import Position
from daemon.core.terms import (
    NANOS,
    ONE,
    ZERO,
    ClientOrderId,
    JournalId,
    Side,
    client_order_id,
    quotient,
    trade_order_id,
)

_EXITS_AHEAD = 10
LONGEST_LAG_NS = 120 * NANOS
_ATTEMPTS_AHEAD = 20
_TWO = ONE + ONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Venue minus book, signed, as of a stamp of the venue, with the venue's row if it has one."""

    difference: Decimal
    as_of_ns: int
    mono_ns: int
    row: PositionRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What an order of ours was made for: an exit or a trade (the other is 0), which attempt."""

    exit_no: int = 0
    trade_no: int = 0
    attempt: int


def is_fresh(position: Position, event: PositionSnapshot) -> bool:
    """True when the read is newer than everything that we know moved on the symbol.

    What a wall clock that jumped has stamped into the future is outlived: no read lags so far.
    """
    since_ns = event.asked_mono_ns - position.touched_mono_ns
    return since_ns > 0 and (event.as_of_ns > position.touched_ns or since_ns > LONGEST_LAG_NS)


def split(
    qty: Decimal, side: Side, orders: Iterable[Order]
) -> Iterator[tuple[Decimal, ClientOrderId | None]]:
    """Attribute `qty` to the orders that may have filled it, oldest first, the rest to none.

    Those whose fills the venue has counted to the end come first: they filled it, others may have.
    """
    left = qty
    for order in sorted(orders, key=lambda order: order.final_qty is None):
        part = min(left, order.possible_qty) if order.side is side else ZERO
        if part:
            yield part, order.client_order_id
            left -= part
    if left:
        yield left, None


def inferred_px(
    position: Position,
    seen: Difference,
    work: Exit | None,
    mark: Quote | None,
    terms: Instrument | None,
) -> Decimal | None:
    """The best estimate of the price of a fill that nobody reported (semantics.md 27).

    A reduction: our exit's last known price, else the mid of the last two-sided quote, else the
    entry. An addition to nothing: what the venue says it cost; otherwise unknown (None).
    """
    if position.qty * seen.difference < ZERO:
        if work is not None:
            return work.trigger_px
        if mark is not None and mark.bid_px is not None and mark.ask_px is not None:
            return (mark.bid_px + mark.ask_px) / _TWO
        return position.entry_px
    row = seen.row
    if row is None or row.cost is None or not row.position_qty or position.qty or terms is None:
        return None
    return terms.held_px(quotient(row.cost, abs(row.position_qty)), row.position_qty)


def derived_id(journal_id: JournalId, position: Position, order_id: ClientOrderId) -> Cause | None:
    """What led to `order_id` if it is one that this journal would have made next."""
    for generation in (position.generation, position.generation + 1):
        for exit_no in range(max(position.exit_count, 1), position.exit_count + _EXITS_AHEAD):
            for attempt in range(1, _ATTEMPTS_AHEAD):
                made = client_order_id(journal_id, position.key, generation, exit_no, attempt)
                if made == order_id:
                    return Cause(exit_no=exit_no, attempt=attempt)
    for trade_no in range(max(position.trade_count, 1), position.trade_count + _EXITS_AHEAD):
        for attempt in range(1, _ATTEMPTS_AHEAD):
            if trade_order_id(journal_id, position.key, trade_no, attempt) == order_id:
                return Cause(trade_no=trade_no, attempt=attempt)
    return None
