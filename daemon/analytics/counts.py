"""Orders and fills counted: completed, partial, empty, retried, by venue, symbol, hour. Pure.

The hour is that of UTC: an order's by our clock when it was first sent, a fill's by the venue's.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from daemon.analytics.scene import utc
from daemon.analytics.tables import Cell, Key
from daemon.core.book import Book
from daemon.core.commands import PlaceOrder
from daemon.core.estimates import UNFILLED
from daemon.core.exits import Exit
from daemon.core.order import Order
from daemon.core.terms import NANOS, ZERO, ClientOrderId, OrdStatus, PositionKey

_FIRST_DAY = "1970-01-01"
_HOUR_NS = 3_600 * NANOS
_HOURS = tuple(f"{hour:02}" for hour in range(24))


@dataclass(slots=True, kw_only=True)
class OrderCell(Cell):
    """Orders of ours. Each one that has ended is complete, partial or empty (nothing filled).

    `retries` are orders for what an earlier one of the same exit or trade left over, `resends`
    second sendings of one order.
    """

    orders: int = 0
    complete: int = 0
    partial: int = 0
    empty: int = 0
    retries: int = 0
    resends: int = 0

    @property
    def ended(self) -> int:
        """Orders that are over."""
        return self.complete + self.partial + self.empty


@dataclass(slots=True, kw_only=True)
class FillCell(Cell):
    """Executions, each once: all of the account, those of our orders, those that left more to do.

    `inferred` were deduced by reconciliation and are not among `fills`.
    """

    fills: int = 0
    ours: int = 0
    partial: int = 0
    inferred: int = 0


@dataclass(slots=True, kw_only=True)
class ReasonCell(Cell):
    """Repetitions for one reason."""

    times: int = 0


class Outcome(enum.Enum):
    """How an order stands; the values are the fields of `OrderCell`."""

    ACTIVE = "active"
    COMPLETE = "complete"
    PARTIAL = "partial"
    EMPTY = "empty"


def outcome_of(order: Order) -> Outcome:
    """How the order stands by what is known; a late fill may still better it."""
    if order.status is OrdStatus.FILLED:
        return Outcome.COMPLETE
    if not order.ended:
        return Outcome.ACTIVE
    return Outcome.PARTIAL if order.cum_qty or order.inferred_qty else Outcome.EMPTY


def step(before: Outcome, after: Outcome) -> OrderCell:
    """What changes when an order goes from one outcome to another."""
    change = OrderCell()
    for outcome, times in ((before, -1), (after, 1)):
        if outcome is not Outcome.ACTIVE:
            setattr(change, outcome.value, times)
    return change


def place(key: PositionKey, symbol: str, time_ns: int) -> Key:
    """The key of a cell: venue, symbol, hour of the day (UTC, two digits)."""
    return (key.venue, symbol, _HOURS[time_ns // _HOUR_NS % len(_HOURS)])


def day_of(time_ns: int) -> str:
    """The day of a UTC time as text, so that days sort."""
    return (utc(time_ns) or _FIRST_DAY)[:10]


def empty_reason(book: Book, work: Exit) -> str | None:
    """Why the order before an exit's newest brought nothing; None where it did, or is none."""
    earlier = book.orders.get(work.order_ids[-2]) if len(work.order_ids) > 1 else None
    if earlier is None or outcome_of(earlier) is not Outcome.EMPTY:
        return None
    return UNFILLED if earlier.reason is None else str(earlier.reason.value)


def retry_reason(book: Book, command: PlaceOrder) -> str | None:
    """Why an order was made again, in one word; None for a first one or a next piece.

    Asked after the order is in the book. The venue's reason where the earlier order has one, else
    that it was `unfilled` or its status.
    """
    if command.resend:
        order = book.orders.get(command.client_order_id)
        return UNFILLED if order is None else ending(order)
    if command.trade_no:
        return _trade_reason(book, command)
    work = book.find_exit(command.key, command.exit_no)
    ids = [] if work is None else work.order_ids
    return _reason_of(book, ids[-2]) if len(ids) > 1 else None


def _trade_reason(book: Book, command: PlaceOrder) -> str | None:
    trade = book.position(command.key).trade(command.trade_no)
    if trade is None or len(trade.attempts) < 2:  # noqa: PLR2004 - the first repeats nothing
        return None
    asked = trade.attempts[-1].retry_reason
    return UNFILLED if asked is None else asked.value


def _reason_of(book: Book, order_id: ClientOrderId) -> str | None:
    order = book.orders.get(order_id)
    if order is None:
        return UNFILLED
    return None if order.status is OrdStatus.FILLED else ending(order)


def ending(order: Order) -> str:
    """Why what an order left over is ordered again, in the one word that is told everywhere."""
    if order.reason is not None:
        return str(order.reason.value)
    if not order.ended:
        return str(order.status.value)
    return str(OrdStatus.PARTIALLY_FILLED.value) if order.cum_qty > ZERO else UNFILLED
