"""One order's life: the core's own order, and what its reader wants to look back on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from daemon.core.book import Book
from daemon.core.errors import UnknownOrderError
from daemon.core.events import Event, Fill, OrderSnapshot
from daemon.core.order import Order, OrderInput
from daemon.core.terms import ClientOrderId, OrdStatus, PositionKey, Side, TimeInForce
from daemon.fill_handler.tally import Retry
from daemon.ports import Record

UNSAID_QTY: Final = Decimal("Infinity")
"""The quantity of an order that only its fills have told of: no bound is known."""


@dataclass(slots=True, kw_only=True)
class Life:
    """One order's, as it stands in `book`. `ours`: a journal of filld placed it. Times are UTC ns.

    `expected_px` (instrument's) is what the order was priced from: its trigger, else its limit.
    `series` is the exit and the trade that it is an attempt of, 0 where of none.
    """

    order: Order
    book: Book
    ours: bool
    born_ns: int
    touched_ns: int
    expected_px: Decimal | None = None
    said_id: ClientOrderId | None = None
    qty_as_of_ns: int = 0
    series: tuple[int, int] = (0, 0)
    steps: list[Record] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    retries: list[Retry] = field(default_factory=list)

    @property
    def ids(self) -> frozenset[str | None]:
        """What the order is called: ours, the venue's, and what its owner called it."""
        return frozenset((self.order.client_order_id, self.order.venue_order_id, self.said_id))

    @property
    def status(self) -> OrdStatus:
        """The order's; FILLED as well where the venue said so before its last fill came."""
        order = self.order
        return OrdStatus.FILLED if order.dead and not order.status.terminal else order.status

    @property
    def working(self) -> bool:
        """True while the venue may still fill a quantity that we know."""
        return not self.order.dead and self.order.order_qty.is_finite()


def new_order(name: ClientOrderId, key: PositionKey, side: Side, event: Event) -> Order:
    """An order that nothing but `event` tells of yet."""
    return Order(
        key=key,
        client_order_id=name,
        exit_no=0,
        generation=0,
        attempt=1,
        side=side,
        order_qty=UNSAID_QTY,
        limit_px=None,
        time_in_force=TimeInForce.GTC,
        reduce_only=False,
        sent_time_ns=event.receive_time_ns,
        sent_mono_ns=event.mono_ns,
    )


def learn(life: Life, event: OrderSnapshot) -> None:
    """What only a snapshot says of a stranger's order: how much it is of, and its limit."""
    order = life.order
    known = order.order_qty.is_finite() and event.transact_time_ns <= life.qty_as_of_ns
    if life.ours or known or not event.order_qty:
        return
    life.qty_as_of_ns = event.transact_time_ns
    order.order_qty = event.order_qty
    if event.limit_px is not None:
        order.limit_px = life.expected_px = event.limit_px
    if event.time_in_force is not None:
        order.time_in_force = event.time_in_force
    if order.cum_qty and order.cum_qty >= order.order_qty:
        order.take(OrderInput.FULL_FILL)


def the_one(found: Sequence[Life], order_id: str) -> Life:
    """The only order found; raises `UnknownOrderError` where there is none, or several."""
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownOrderError(f"order {order_id}: not known")
    where = ", ".join(f"{one.order.key.symbol} on {one.order.key.venue}" for one in found)
    raise UnknownOrderError(f"order {order_id}: of {where}: say venue and symbol")


def waits(life: Life) -> bool:
    """True while an answer to something that we asked is due."""
    return life.order.status in {OrdStatus.PENDING_NEW, OrdStatus.PENDING_CANCEL}


def face(order: Order) -> tuple[object, ...]:
    """What a fact can change of an order, to tell news from repetition."""
    return (order.status, order.cum_qty, order.final_qty, order.order_qty, order.venue_order_id)
