"""A venue small enough to be looked through: it takes orders, fills them, and forgets nothing.

What it would tell is put on a list; the machine decides when, how often and in which order the
engine hears of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from daemon.core.commands import CancelOrder, PlaceOrder, QueryOrder
from daemon.core.events import Event, Fill
from daemon.core.terms import ClientOrderId, OrdStatus, RejectReason, Side, TimeInForce
from tests import builders as make


@dataclass
class Resting:
    """One order as the venue knows it."""

    command: PlaceOrder
    venue_order_id: str
    cum_qty: Decimal = Decimal(0)
    status: OrdStatus = OrdStatus.NEW

    @property
    def leaves_qty(self) -> Decimal:
        """What may still fill."""
        over = self.status in {OrdStatus.CANCELED, OrdStatus.FILLED}
        return Decimal(0) if over else self.command.order_qty - self.cum_qty


@dataclass
class FakeVenue:
    """`position_qty` is the truth; `fills` all that ever traded; `inbox` what is to be told."""

    position_qty: Decimal = Decimal(0)
    orders: dict[ClientOrderId, Resting] = field(default_factory=dict)
    on_the_way: list[PlaceOrder] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    inbox: list[Event] = field(default_factory=list)

    def stranger(self, side: Side, qty: int, px: str) -> None:
        """Somebody else's hand trades on our account."""
        self._trade(side, Decimal(qty), px, f"w{len(self.fills)}", None)

    def _trade(
        self, side: Side, qty: Decimal, px: str, vid: str, order_id: ClientOrderId | None
    ) -> None:
        self.position_qty += side.sign * qty
        fill = make.fill(
            exec_id=f"x{len(self.fills)}",
            side=side,
            last_qty=str(qty),
            last_px=px,
            commission="0.0123",
            venue_order_id=vid,
            order_id=order_id,
        )
        self.fills.append(fill)
        self.inbox.append(fill)

    def take(self, command: PlaceOrder, share: int) -> None:
        """An order arrives: `share` tenths of it fill at once, an IoC's rest is canceled."""
        known = self.orders.get(command.client_order_id)
        if known is not None:
            reason = RejectReason.DUPLICATE_ID
            self.inbox.append(make.in_doubt(order_id=command.client_order_id, reason=reason))
            return
        order = Resting(command=command, venue_order_id=f"v{len(self.orders)}")
        self.orders[command.client_order_id] = order
        self.inbox.append(
            make.accepted(order_id=command.client_order_id, venue_order_id=order.venue_order_id)
        )
        self.fill(order, share)
        if command.time_in_force is TimeInForce.IOC and order.leaves_qty:
            self.end(order)

    def fill(self, order: Resting, share: int) -> None:
        """Trade `share` tenths of what is left; told by the venue's id alone now and then."""
        qty = (order.leaves_qty * share / 10).to_integral_value()
        if not qty:
            return
        order.cum_qty += qty
        full = order.cum_qty == order.command.order_qty
        order.status = OrdStatus.FILLED if full else OrdStatus.PARTIALLY_FILLED
        known = None if share % 2 else order.command.client_order_id
        self._trade(
            order.command.side, qty, str(order.command.limit_px), order.venue_order_id, known
        )

    def end(self, order: Resting) -> None:
        """Cancel what is left."""
        order.status = OrdStatus.CANCELED
        self.inbox.append(
            make.canceled(
                order_id=order.command.client_order_id,
                venue_order_id=order.venue_order_id,
                cum_qty=str(order.cum_qty),
            )
        )

    def cancel(self, command: CancelOrder) -> None:
        """A cancel arrives."""
        order = self.orders[command.client_order_id]
        if order.leaves_qty:
            self.end(order)
        else:
            self.inbox.append(make.cancel_rejected(order_id=command.client_order_id))

    def look(self, query: QueryOrder) -> list[Event]:
        """All fills of an order and its state, or that it is absent."""
        order = self.orders.get(query.client_order_id)
        if order is None:
            return [make.absent(order_id=query.client_order_id)]
        mine = [f for f in self.fills if f.venue_order_id == order.venue_order_id]
        snapshot = make.snapshot(
            order_id=query.client_order_id,
            venue_order_id=order.venue_order_id,
            status=order.status,
            side=order.command.side,
            order_qty=str(order.command.order_qty),
            cum_qty=str(order.cum_qty),
            leaves_qty=str(order.leaves_qty),
        )
        return [snapshot, *mine]
