"""Kalshi orders: create and cancel bodies, their answers, and the order object. Pure.

A create answers 201 without a status (Kalshi docs: create order V2): `fill_count` is what
traded at once, and `remaining_count` of an order that may not rest is always 0, so what did not
trade has to be computed from what was asked. 201 is not a fill: only `OrderAccepted.cum_qty`
claims one. An answer without `order_id` or `fill_count` proves nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
    Undecodable,
    VenueEvent,
)
from daemon.core.terms import (
    ONE,
    ZERO,
    ClientOrderId,
    OrdStatus,
    RejectReason,
    Side,
    Symbol,
    TimeInForce,
    VenueOrderId,
)
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, name, undecodable
from daemon.venues.errors import InvalidOrderError
from daemon.venues.kalshi.error_wire import (
    Refusal,
    decode_refusal,
    definitive,
    reason_of,
    succeeded,
)
from daemon.venues.kalshi.wire import LOT_QTY, PRICE_STEP, VENUE, price, qty, side

BOOK_SIDE: Final = {Side.BUY: "bid", Side.SELL: "ask"}
TIME_IN_FORCE: Final = {
    TimeInForce.IOC: "immediate_or_cancel",
    TimeInForce.FOK: "fill_or_kill",
    TimeInForce.GTC: "good_till_canceled",
}
SELF_TRADE: Final = {True: "maker", False: "taker_at_cross"}
"""By `cancel_own_crossing`: `maker` cancels our resting order, the other one ours that comes."""


class CreateOrder(msgspec.Struct, omit_defaults=True):
    """The body of POST /portfolio/events/orders, in the documented order of its fields."""

    ticker: str
    client_order_id: str
    side: str
    count: str
    price: str
    time_in_force: str
    self_trade_prevention_type: str
    reduce_only: bool = False
    subaccount: int | None = None
    exchange_index: int | None = None


def encode_create(command: PlaceOrder, subaccount: int) -> bytes:
    """The request's bytes: a pure function of the command, so a resend has the same.

    `reduce_only` goes out with IOC only: Kalshi refuses it with anything else. Raises
    `InvalidOrderError` for a quantity or price that Kalshi's decimals cannot say, and for an order
    without a limit: Kalshi has no other.
    """
    if command.limit_px is None:
        raise InvalidOrderError("Kalshi has no market orders: a limit is needed", venue=VENUE)
    body = CreateOrder(
        ticker=command.key.symbol,
        client_order_id=command.client_order_id,
        side=BOOK_SIDE[command.side],
        count=_fixed(command.order_qty, LOT_QTY, "order_qty"),
        price=_fixed(command.limit_px, PRICE_STEP, "limit_px"),
        time_in_force=TIME_IN_FORCE[command.time_in_force],
        self_trade_prevention_type=SELF_TRADE[command.cancel_own_crossing],
        reduce_only=command.reduce_only and command.time_in_force is TimeInForce.IOC,
        subaccount=subaccount,
        exchange_index=command.shard,
    )
    if command.limit_px >= ONE:
        raise InvalidOrderError(f"limit_px {command.limit_px} is not below 1", venue=VENUE)
    return msgspec.json.encode(body)


def _fixed(value: Decimal, step: Decimal, what: str) -> str:
    if not value.is_finite() or value <= ZERO or value % step != ZERO:
        raise InvalidOrderError(f"{what} {value} is not a multiple of {step} above 0", venue=VENUE)
    return f"{value:.{-int(step.as_tuple().exponent)}f}"


class CreatedOrder(msgspec.Struct):
    """The flat 201 of a create."""

    order_id: str | None = None
    client_order_id: str | None = None
    fill_count: str | None = None
    remaining_count: str | None = None
    average_fill_price: str | None = None
    average_fee_paid: str | None = None
    ts_ms: int | None = None


class CanceledOrder(msgspec.Struct):
    """The 200 of a cancel; `reduced_by` are the contracts that were still resting."""

    order_id: str | None = None
    client_order_id: str | None = None
    reduced_by: str | None = None
    ts_ms: int | None = None


_CREATED: Final = msgspec.json.Decoder(CreatedOrder)
_CANCELED: Final = msgspec.json.Decoder(CanceledOrder)


def decode_created(
    stamp: Stamp, command: PlaceOrder, status: int, body: bytes
) -> tuple[VenueEvent, ...]:
    """What an answer to a create proves."""
    if not succeeded(status):
        return (_refused(stamp, command, decode_refusal(status, body)),)
    try:
        order_id, filled, rests = _read_created(command, body)
    except UnreadableError as error:
        text = f"HTTP {status}: {error}"
        doubt = in_doubt(stamp, command, RejectReason.VENUE_ERROR, text)
        return (undecodable(stamp, "create order", body, str(error)), doubt)
    accepted = OrderAccepted(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        venue_order_id=order_id,
        cum_qty=filled,
    )
    if rests or filled == command.order_qty:
        return (accepted,)
    canceled = OrderCanceled(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        venue_order_id=order_id,
        cum_qty=filled,
        text="what could not trade at once was canceled",
    )
    return (accepted, canceled)


def _read_created(command: PlaceOrder, body: bytes) -> tuple[VenueOrderId, Decimal, bool]:
    """Order id, what traded at once, and whether the rest works on; raises `UnreadableError`."""
    answer = decode_as(_CREATED, body)
    order_id = VenueOrderId(name(answer.order_id or "", "order_id"))
    if answer.client_order_id not in {None, "", command.client_order_id}:
        raise UnreadableError(f"the answer is of order {answer.client_order_id}")
    if answer.fill_count is None:
        raise UnreadableError("fill_count is missing")
    filled = qty(answer.fill_count, "fill_count")
    if filled > command.order_qty:
        raise UnreadableError(f"fill_count {filled} is above order_qty {command.order_qty}")
    return order_id, filled, _rests(command, answer.remaining_count)


def _rests(command: PlaceOrder, remaining: str | None) -> bool:
    """Whether the rest of the order works on: never for IOC and FOK; GTC unless it says 0."""
    if command.time_in_force is not TimeInForce.GTC:
        return False
    return remaining is None or qty(remaining, "remaining_count") > ZERO


def _refused(stamp: Stamp, command: PlaceOrder, refusal: Refusal) -> VenueEvent:
    reason = reason_of(refusal)
    if reason is RejectReason.DUPLICATE_ID or not definitive(refusal):
        return in_doubt(stamp, command, reason, refusal.text)
    return rejected(stamp, command, reason, refusal.text)


def rejected(stamp: Stamp, command: PlaceOrder, reason: RejectReason, text: str) -> OrderRejected:
    """The order does not exist at the venue, and nothing on its way can make it."""
    return OrderRejected(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        reason=reason,
        text=text,
    )


def in_doubt(stamp: Stamp, command: PlaceOrder, reason: RejectReason, text: str) -> OrderInDoubt:
    """Nobody knows whether the order exists."""
    return OrderInDoubt(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        reason=reason,
        text=text,
    )


def decode_canceled(
    stamp: Stamp, command: CancelOrder, order_qty: Decimal | None, answer: tuple[int, bytes]
) -> tuple[VenueEvent, ...]:
    """What an answer `(status, body)` to a cancel proves; `order_qty` where we remember it.

    A 200 ends the order even where its body describes another one (Kalshi changelog, May 2026):
    then `cum_qty` stays unknown.
    """
    status, body = answer
    if not succeeded(status):
        refusal = decode_refusal(status, body)
        return (cancel_rejected(stamp, command, reason_of(refusal), refusal.text),)
    cum_qty, problem = None, ""
    try:
        reduced = _read_reduced(command, body)
        if order_qty is not None and reduced <= order_qty:
            cum_qty = order_qty - reduced
    except UnreadableError as error:
        problem = str(error)
    event = OrderCanceled(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        venue_order_id=command.venue_order_id,
        cum_qty=cum_qty,
        text=problem,
    )
    return (undecodable(stamp, "cancel order", body, problem), event) if problem else (event,)


def _read_reduced(command: CancelOrder, body: bytes) -> Decimal:
    """How much of this order was still resting; raises `UnreadableError`."""
    canceled = decode_as(_CANCELED, body)
    if canceled.order_id != command.venue_order_id:
        raise UnreadableError(f"the answer is of order {canceled.order_id}")
    if canceled.reduced_by is None:
        raise UnreadableError("reduced_by is missing")
    return qty(canceled.reduced_by, "reduced_by")


def cancel_rejected(
    stamp: Stamp, command: CancelOrder, reason: RejectReason, text: str
) -> CancelRejected:
    """The cancel was refused, or its answer was lost."""
    return CancelRejected(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        venue_order_id=command.venue_order_id,
        reason=reason,
        text=text,
    )


class OrderRow(msgspec.Struct):
    """The order object of REST, and the fields that a `user_order` frame has as well."""

    order_id: str
    ticker: str
    status: str
    fill_count_fp: str
    remaining_count_fp: str
    initial_count_fp: str
    user_id: str | None = None
    client_order_id: str | None = None
    outcome_side: str | None = None
    book_side: str | None = None
    type: str | None = None
    yes_price_dollars: str | None = None
    no_price_dollars: str | None = None
    taker_fees_dollars: str | None = None
    maker_fees_dollars: str | None = None
    taker_fill_cost_dollars: str | None = None
    maker_fill_cost_dollars: str | None = None
    created_time: str | None = None
    last_update_time: str | None = None
    self_trade_prevention_type: str | None = None
    order_group_id: str | None = None
    cancel_order_on_pause: bool | None = None
    subaccount_number: int | None = None
    exchange_index: int | None = None
    created_ts_ms: int | None = None
    last_updated_ts_ms: int | None = None
    last_update_reason: str | None = None


class OrderAnswer(msgspec.Struct):
    """GET /portfolio/orders/{order_id}."""

    order: msgspec.Raw


_ROW: Final = msgspec.json.Decoder(OrderRow)
_ANSWER: Final = msgspec.json.Decoder(OrderAnswer)

STATUSES: Final = {
    "resting": OrdStatus.NEW,
    "canceled": OrdStatus.CANCELED,
    "executed": OrdStatus.FILLED,
}
"""Kalshi's three statuses; `resting` with fills is PARTIALLY_FILLED. `unknown` is not read."""


def decode_order_row(
    stamp: Stamp, raw: bytes | msgspec.Raw, as_of_ns: int
) -> OrderSnapshot | Undecodable:
    """One row of a list of orders, true as of `as_of_ns` in the venue's clock."""
    try:
        return snapshot_of(stamp, decode_as(_ROW, raw), as_of_ns)
    except UnreadableError as error:
        return undecodable(stamp, "order row", bytes(raw), str(error))


def decode_order(stamp: Stamp, body: bytes, as_of_ns: int) -> OrderSnapshot | Undecodable:
    """The body of GET /portfolio/orders/{order_id}."""
    try:
        row = decode_as(_ANSWER, body).order
    except UnreadableError as error:
        return undecodable(stamp, "order", body, str(error))
    return decode_order_row(stamp, row, as_of_ns)


def snapshot_of(stamp: Stamp, row: OrderRow, as_of_ns: int) -> OrderSnapshot:
    """An order object as a snapshot; raises `UnreadableError`.

    What filled is `fill_count_fp`: a canceled order has no remaining count, so the difference
    to the initial one says nothing.
    """
    if row.status not in STATUSES:
        raise UnreadableError(f"status {row.status[:40]!r} is unknown")
    status = STATUSES[row.status]
    filled = qty(row.fill_count_fp, "fill_count_fp")
    if status is OrdStatus.NEW and filled > ZERO:
        status = OrdStatus.PARTIALLY_FILLED
    leaves = qty(row.remaining_count_fp, "remaining_count_fp")
    limit = row.yes_price_dollars
    return OrderSnapshot(
        **stamp,
        symbol=Symbol(name(row.ticker, "ticker")),
        client_order_id=ClientOrderId(row.client_order_id) if row.client_order_id else None,
        venue_order_id=VenueOrderId(name(row.order_id, "order_id")),
        side=side(row.outcome_side, row.book_side),
        status=status,
        order_qty=qty(row.initial_count_fp, "initial_count_fp"),
        cum_qty=filled,
        leaves_qty=ZERO if status.terminal else leaves,
        limit_px=None if limit is None else price(limit, "yes_price_dollars"),
        as_of_ns=as_of_ns,
        text=(row.last_update_reason or "")[:200],
    )
