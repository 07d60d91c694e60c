"""How an order of Phemex ends, in either market: the events of its last row. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.core.events import OrderCanceled, OrderExpired, OrderRejected, OrderSnapshot, VenueEvent
from daemon.core.terms import ZERO, ClientOrderId, OrdStatus, Symbol, VenueOrderId
from daemon.venues.decoding import Stamp, unsigned
from daemon.venues.phemex.error_wire import reason_of_code
from daemon.venues.phemex.wire import CANCEL_REASONS


@dataclass(frozen=True, slots=True)
class OrderRead:
    """An order as a REST list shows it, and when it was made (UTC ns, 0: not said)."""

    snapshot: OrderSnapshot
    born_ns: int


def limit_px(text: str | None, what: str) -> Decimal | None:
    """The price of an order; 0 is none."""
    value = ZERO if text is None else unsigned(text, what)
    return value or None


def ended(
    stamp: Stamp, state: OrderSnapshot, cancel_reason: int, code: int, message: str
) -> tuple[VenueEvent, ...]:
    """The state, or the event of an end where the order has ended without a trade.

    A refusal says its reason, and that nothing of the order traded.
    """
    text = CANCEL_REASONS.get(cancel_reason, str(cancel_reason) if cancel_reason else "")
    if state.status is OrdStatus.CANCELED:
        return (OrderCanceled(**order_fields(stamp, state), cum_qty=state.cum_qty, text=text),)
    if state.status is OrdStatus.EXPIRED:
        return (OrderExpired(**order_fields(stamp, state), cum_qty=state.cum_qty),)
    if state.status is not OrdStatus.REJECTED:
        return (state,)
    reason = reason_of_code(code, cancel_reason)
    words = " ".join(word for word in (str(code) if code else "", message[:200], text) if word)
    return (OrderRejected(**order_fields(stamp, state), reason=reason, text=words), state)


class OrderFields(Stamp):
    """What an event says of its order: spread into its constructor with `**`."""

    symbol: Symbol
    client_order_id: ClientOrderId | None
    venue_order_id: VenueOrderId | None
    transact_time_ns: int


def order_fields(stamp: Stamp, state: OrderSnapshot) -> OrderFields:
    """The order that a state is of."""
    return {
        **stamp,
        "symbol": state.symbol,
        "client_order_id": state.client_order_id,
        "venue_order_id": state.venue_order_id,
        "transact_time_ns": state.transact_time_ns,
    }
