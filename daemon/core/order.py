"""One order's life: a literal transition table, and what its fills add up to.

Knows no position, no rule, no venue. Whatever a venue says about an order we sent is legal in
some way, since venues repeat, reorder and contradict themselves; what we do to an order is not,
and raises `ImpossibleTransitionError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from daemon.core.errors import ImpossibleTransitionError
from daemon.core.terms import (
    ZERO,
    ClientOrderId,
    Currency,
    OrdStatus,
    OrdType,
    PositionKey,
    RejectReason,
    Side,
    TimeInForce,
    VenueOrderId,
    Word,
    quotient,
)


class OrderInput(Word):
    """Everything that can happen to an order."""

    ACCEPTED = "accepted"
    PARTIAL_FILL = "partial_fill"
    FULL_FILL = "full_fill"
    CANCEL_SENT = "cancel_sent"
    CANCELED = "canceled"
    CANCEL_REJECTED = "cancel_rejected"
    EXPIRED = "expired"
    REJECTED = "rejected"
    DOUBTED = "doubted"
    RESENT = "resent"
    PROVEN_ABSENT = "proven_absent"
    RESOLVED = "resolved"
    FOUND_RESTING = "found_resting"


_S = OrdStatus
_I = OrderInput
_FULL_FILL, _PARTIAL_FILL = OrderInput.FULL_FILL, OrderInput.PARTIAL_FILL
_REJECTED = OrdStatus.REJECTED

# (status, what happened) -> status. A pair that is not here is a bug of ours.
TRANSITIONS: dict[tuple[OrdStatus, OrderInput], OrdStatus] = {
    (_S.PENDING_NEW, _I.ACCEPTED): _S.NEW,
    (_S.PENDING_NEW, _I.PARTIAL_FILL): _S.PARTIALLY_FILLED,  # the fill overtook its ack
    (_S.PENDING_NEW, _I.FULL_FILL): _S.FILLED,
    (_S.PENDING_NEW, _I.CANCELED): _S.CANCELED,
    (_S.PENDING_NEW, _I.CANCEL_REJECTED): _S.PENDING_NEW,  # we asked for none: somebody else did
    (_S.PENDING_NEW, _I.EXPIRED): _S.EXPIRED,
    (_S.PENDING_NEW, _I.REJECTED): _S.REJECTED,
    (_S.PENDING_NEW, _I.DOUBTED): _S.IN_DOUBT,
    (_S.PENDING_NEW, _I.RESOLVED): _S.CANCELED,
    (_S.PENDING_NEW, _I.FOUND_RESTING): _S.NEW,
    (_S.NEW, _I.ACCEPTED): _S.NEW,  # stream and answer both say so
    (_S.NEW, _I.PARTIAL_FILL): _S.PARTIALLY_FILLED,
    (_S.NEW, _I.FULL_FILL): _S.FILLED,
    (_S.NEW, _I.CANCEL_SENT): _S.PENDING_CANCEL,
    (_S.NEW, _I.CANCELED): _S.CANCELED,
    (_S.NEW, _I.CANCEL_REJECTED): _S.NEW,
    (_S.NEW, _I.EXPIRED): _S.EXPIRED,
    (_S.NEW, _I.REJECTED): _S.IN_DOUBT,  # it was accepted once: look again
    (_S.NEW, _I.DOUBTED): _S.NEW,  # the answer was lost, but the stream had spoken
    (_S.NEW, _I.RESOLVED): _S.CANCELED,
    (_S.NEW, _I.FOUND_RESTING): _S.IN_DOUBT,  # a final count was a lie: look again
    (_S.PARTIALLY_FILLED, _I.ACCEPTED): _S.PARTIALLY_FILLED,
    (_S.PARTIALLY_FILLED, _I.PARTIAL_FILL): _S.PARTIALLY_FILLED,
    (_S.PARTIALLY_FILLED, _I.FULL_FILL): _S.FILLED,
    (_S.PARTIALLY_FILLED, _I.CANCEL_SENT): _S.PENDING_CANCEL,
    (_S.PARTIALLY_FILLED, _I.CANCELED): _S.CANCELED,
    (_S.PARTIALLY_FILLED, _I.CANCEL_REJECTED): _S.PARTIALLY_FILLED,
    (_S.PARTIALLY_FILLED, _I.EXPIRED): _S.EXPIRED,
    (_S.PARTIALLY_FILLED, _I.REJECTED): _S.IN_DOUBT,
    (_S.PARTIALLY_FILLED, _I.DOUBTED): _S.PARTIALLY_FILLED,
    (_S.PARTIALLY_FILLED, _I.RESOLVED): _S.CANCELED,
    (_S.PARTIALLY_FILLED, _I.FOUND_RESTING): _S.IN_DOUBT,
    (_S.PENDING_CANCEL, _I.ACCEPTED): _S.PENDING_CANCEL,  # an older fact arrives late
    (
        _S.PENDING_CANCEL,
        _I.PARTIAL_FILL,
    ): _S.PENDING_CANCEL,  # it filled while we canceled
    (_S.PENDING_CANCEL, _I.FULL_FILL): _S.FILLED,
    (_S.PENDING_CANCEL, _I.CANCELED): _S.CANCELED,
    (
        _S.PENDING_CANCEL,
        _I.CANCEL_REJECTED,
    ): _S.IN_DOUBT,  # canceled or filled: 404 says neither
    (_S.PENDING_CANCEL, _I.EXPIRED): _S.EXPIRED,
    (_S.PENDING_CANCEL, _I.REJECTED): _S.IN_DOUBT,
    (_S.PENDING_CANCEL, _I.DOUBTED): _S.IN_DOUBT,
    (_S.PENDING_CANCEL, _I.RESOLVED): _S.CANCELED,
    (_S.PENDING_CANCEL, _I.FOUND_RESTING): _S.IN_DOUBT,
    (_S.IN_DOUBT, _I.ACCEPTED): _S.NEW,
    (_S.IN_DOUBT, _I.PARTIAL_FILL): _S.PARTIALLY_FILLED,
    (_S.IN_DOUBT, _I.FULL_FILL): _S.FILLED,
    (_S.IN_DOUBT, _I.CANCEL_SENT): _S.PENDING_CANCEL,
    (_S.IN_DOUBT, _I.CANCELED): _S.CANCELED,
    (_S.IN_DOUBT, _I.CANCEL_REJECTED): _S.IN_DOUBT,
    (_S.IN_DOUBT, _I.EXPIRED): _S.EXPIRED,
    # A refusal of the second sending proves nothing about the first.
    (_S.IN_DOUBT, _I.REJECTED): _S.IN_DOUBT,
    (_S.IN_DOUBT, _I.DOUBTED): _S.IN_DOUBT,
    (_S.IN_DOUBT, _I.RESENT): _S.IN_DOUBT,
    (_S.IN_DOUBT, _I.PROVEN_ABSENT): _S.REJECTED,
    (_S.IN_DOUBT, _I.RESOLVED): _S.CANCELED,
    (_S.IN_DOUBT, _I.FOUND_RESTING): _S.NEW,
    (_S.FILLED, _I.ACCEPTED): _S.FILLED,
    (_S.FILLED, _I.PARTIAL_FILL): _S.FILLED,  # overfill: money is never refused
    (_S.FILLED, _I.FULL_FILL): _S.FILLED,
    (_S.FILLED, _I.CANCELED): _S.FILLED,
    (_S.FILLED, _I.CANCEL_REJECTED): _S.FILLED,
    (_S.FILLED, _I.EXPIRED): _S.FILLED,
    (_S.FILLED, _I.REJECTED): _S.FILLED,
    (_S.FILLED, _I.DOUBTED): _S.FILLED,
    (_S.FILLED, _I.RESOLVED): _S.FILLED,
    (_S.FILLED, _I.FOUND_RESTING): _S.FILLED,  # its fills say otherwise
    (_S.CANCELED, _I.ACCEPTED): _S.CANCELED,
    (
        _S.CANCELED,
        _I.PARTIAL_FILL,
    ): _S.CANCELED,  # a late fill: it traded before it was canceled
    (_S.CANCELED, _I.FULL_FILL): _S.FILLED,  # the cancel lost the race after all
    (_S.CANCELED, _I.CANCELED): _S.CANCELED,
    (_S.CANCELED, _I.CANCEL_REJECTED): _S.CANCELED,
    (_S.CANCELED, _I.EXPIRED): _S.CANCELED,
    (_S.CANCELED, _I.REJECTED): _S.CANCELED,
    (_S.CANCELED, _I.DOUBTED): _S.CANCELED,
    (_S.CANCELED, _I.RESOLVED): _S.CANCELED,
    (_S.CANCELED, _I.FOUND_RESTING): _S.IN_DOUBT,  # the end was a lie
    (_S.EXPIRED, _I.ACCEPTED): _S.EXPIRED,
    (_S.EXPIRED, _I.PARTIAL_FILL): _S.EXPIRED,
    (_S.EXPIRED, _I.FULL_FILL): _S.FILLED,
    (_S.EXPIRED, _I.CANCELED): _S.EXPIRED,
    (_S.EXPIRED, _I.CANCEL_REJECTED): _S.EXPIRED,
    (_S.EXPIRED, _I.EXPIRED): _S.EXPIRED,
    (_S.EXPIRED, _I.REJECTED): _S.EXPIRED,
    (_S.EXPIRED, _I.DOUBTED): _S.EXPIRED,
    (_S.EXPIRED, _I.RESOLVED): _S.EXPIRED,
    (_S.EXPIRED, _I.FOUND_RESTING): _S.IN_DOUBT,
    (_S.REJECTED, _I.ACCEPTED): _S.IN_DOUBT,  # the refusal was a lie: look at the venue
    (_S.REJECTED, _I.PARTIAL_FILL): _S.IN_DOUBT,
    (_S.REJECTED, _I.FULL_FILL): _S.FILLED,
    (_S.REJECTED, _I.CANCELED): _S.CANCELED,
    (_S.REJECTED, _I.CANCEL_REJECTED): _S.REJECTED,
    (_S.REJECTED, _I.EXPIRED): _S.EXPIRED,
    (_S.REJECTED, _I.REJECTED): _S.REJECTED,
    (_S.REJECTED, _I.DOUBTED): _S.REJECTED,
    (_S.REJECTED, _I.RESOLVED): _S.CANCELED,
    (_S.REJECTED, _I.FOUND_RESTING): _S.IN_DOUBT,
}


@dataclass(slots=True, kw_only=True)
class Order:
    """An order of ours. Quantities in contracts (or coins), > 0.

    One of an exit has an `exit_no`, one of a trade a `trade_no`; the other is 0. `limit_px` is
    None for MARKET alone.
    `cum_qty` counts real fills only; `inferred_qty` what reconciliation proved without seeing
    the fill. `final_qty` is the venue's own count at the order's end, None until it is known.
    `sent_time_ns` is our wall clock at the last sending.
    """

    key: PositionKey
    client_order_id: ClientOrderId
    exit_no: int
    generation: int
    attempt: int
    side: Side
    order_qty: Decimal
    limit_px: Decimal | None
    time_in_force: TimeInForce
    reduce_only: bool
    sent_time_ns: int
    sent_mono_ns: int
    cancel_own_crossing: bool = True
    shard: int | None = None
    ord_type: OrdType = OrdType.LIMIT
    trade_no: int = 0
    venue_order_id: VenueOrderId | None = None
    status: OrdStatus = OrdStatus.PENDING_NEW
    cum_qty: Decimal = ZERO
    inferred_qty: Decimal = ZERO
    notional: Decimal = ZERO
    fees: dict[Currency, Decimal] = field(default_factory=dict)
    final_qty: Decimal | None = None
    known_to_exist: bool = False
    sendings: int = 1
    reason: RejectReason | None = None
    text: str = ""

    def take(self, what: OrderInput) -> None:
        """Change status by the table; raises ImpossibleTransitionError and changes nothing."""
        after = TRANSITIONS.get((self.status, what))
        if after is None:
            raise ImpossibleTransitionError(
                f"order {self.client_order_id}: {what.value} while {self.status.value}"
            )
        self.status = after

    def add_fill(
        self,
        last_qty: Decimal,
        last_px: Decimal,
        commission: Decimal,
        currency: Currency,
    ) -> None:
        """Count one execution; a fill beyond `order_qty` is counted too (see `overfilled`)."""
        self.known_to_exist = True
        self.cum_qty = self.cum_qty + last_qty if self.cum_qty else last_qty  # mostly the only one
        self.notional += last_qty * last_px
        paid = self.fees.get(currency)
        fees = self.fees.copy()  # a snapshot that is being written may hold the old ones
        fees[currency] = commission if paid is None else paid + commission
        self.fees = fees
        self.take(_FULL_FILL if self.cum_qty >= self.order_qty else _PARTIAL_FILL)

    def end_at(self, cum_qty: Decimal | None) -> None:
        """Note the venue's final count; a smaller one than already seen is an older answer."""
        if cum_qty is None:
            return
        self.known_to_exist = True
        if self.final_qty is None or cum_qty > self.final_qty:
            self.final_qty = cum_qty

    @property
    def leaves_qty(self) -> Decimal:
        """What may still be resting: 0 when terminal."""
        return ZERO if self.status.terminal else max(self.order_qty - self.cum_qty, ZERO)

    @property
    def possible_qty(self) -> Decimal:
        """The largest further fill of this order that is not proven impossible."""
        if self.status is _REJECTED:
            return ZERO
        largest = self.order_qty if self.final_qty is None else self.final_qty
        left = largest - self.cum_qty
        if self.inferred_qty:
            left -= self.inferred_qty
        return left if left > ZERO else ZERO  # noqa: FURB136 - `max` takes ten times as long

    @property
    def dead(self) -> bool:
        """Proven: the order has ended and every fill of it is in the book."""
        ended = self.final_qty is not None or self.status.terminal
        return ended and not self.possible_qty

    @property
    def ended(self) -> bool:
        """The venue works it no more, though fills of it may still be on their way."""
        return self.final_qty is not None or self.status.terminal

    @property
    def overfilled(self) -> bool:
        """More was filled than ordered: the venue contradicts itself."""
        return self.cum_qty > self.order_qty

    @property
    def avg_px(self) -> Decimal | None:
        """Average price of the real fills, None before the first."""
        return quotient(self.notional, self.cum_qty) if self.cum_qty else None
