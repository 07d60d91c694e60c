"""Placing and canceling on Phemex, both markets: bodies and what answers prove. Pure.

The answer to a placing is an acknowledgement and no more: fills come by stream or look-up only,
and the matching engine may still reject (`ordStatus: Rejected` on the stream). Both `code` and
`data.bizError` have to be 0. The answer to a cancel still shows the order at work
(`PendingCancel`): the end comes later.
"""

from __future__ import annotations

from collections.abc import Callable
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
    Undecodable,
    VenueEvent,
)
from daemon.core.terms import (
    ZERO,
    OrdStatus,
    OrdType,
    PositionSide,
    RejectReason,
    Side,
    VenueOrderId,
    proper,
)
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, name, undecodable
from daemon.venues.errors import InvalidOrderError
from daemon.venues.phemex.ends_wire import OrderRead, order_fields
from daemon.venues.phemex.error_wire import CLIENT_ID_USED, Refusal, opened
from daemon.venues.phemex.product_wire import Product
from daemon.venues.phemex.wire import TIME_IN_FORCE

SIDE_WORDS: Final = {Side.BUY: "Buy", Side.SELL: "Sell"}
TYPE_WORDS: Final = {OrdType.LIMIT: "Limit", OrdType.MARKET: "Market"}
POSITION_WORDS: Final = {
    PositionSide.NET: "Merged",
    PositionSide.LONG: "Long",
    PositionSide.SHORT: "Short",
}
READ_ROW = Callable[[msgspec.Raw], OrderRead | Undecodable]


class _PerpOrder(msgspec.Struct, omit_defaults=True, rename="camel"):
    symbol: str
    cl_ord_id: str = msgspec.field(name="clOrdID")
    side: str
    pos_side: str
    ord_type: str
    order_qty_rq: str
    time_in_force: str
    price_rp: str | None = None
    reduce_only: bool = False


class _SpotOrder(msgspec.Struct, omit_defaults=True, rename="camel"):
    symbol: str
    cl_ord_id: str = msgspec.field(name="clOrdID")
    side: str
    qty_type: str
    base_qty_ev: int
    ord_type: str
    time_in_force: str
    price_ep: int | None = None


def encode_perp(command: PlaceOrder, product: Product) -> bytes:
    """The body of POST /g-orders: a pure function of the command.

    A MARKET order has no price. Phemex is told nothing of our own crossing orders: it prevents
    self trades by account group, not by order. Raises `InvalidOrderError` for what is not on the
    product's grid: nothing is rounded here.
    """
    terms = product.instrument
    _check(command, product)
    body = _PerpOrder(
        symbol=command.key.symbol,
        cl_ord_id=command.client_order_id,
        side=SIDE_WORDS[command.side],
        pos_side=POSITION_WORDS[command.key.position_side],
        ord_type=TYPE_WORDS[command.ord_type],
        order_qty_rq=proper(_whole(command.order_qty, terms.lot_qty, "order_qty")),
        time_in_force=TIME_IN_FORCE[command.time_in_force],
        price_rp=None if _at_market(command) else proper(_on_grid(command, product)),
        reduce_only=command.reduce_only,
    )
    return msgspec.json.encode(body)


def encode_spot(command: PlaceOrder, product: Product) -> bytes:
    """The body of POST /spot/orders, by base quantity; spot knows no reduce-only.

    Raises `InvalidOrderError` as `encode_perp` does, and for a position that spot cannot have.
    """
    _check(command, product)
    if command.key.position_side is not PositionSide.NET:
        raise InvalidOrderError("spot has no hedged positions", venue=product.instrument.venue)
    qty = _whole(command.order_qty, product.instrument.lot_qty, "order_qty")
    body = _SpotOrder(
        symbol=command.key.symbol,
        cl_ord_id=command.client_order_id,
        side=SIDE_WORDS[command.side],
        qty_type="ByBase",
        base_qty_ev=_unscaled(qty, product.base_scale),
        ord_type=TYPE_WORDS[command.ord_type],
        time_in_force=TIME_IN_FORCE[command.time_in_force],
        price_ep=None
        if _at_market(command)
        else _unscaled(_on_grid(command, product), product.price_scale),
    )
    return msgspec.json.encode(body)


def _check(command: PlaceOrder, product: Product) -> None:
    if command.key.symbol != product.instrument.symbol:
        raise InvalidOrderError(f"{command.key.symbol} is not {product.instrument.symbol}")


def _whole(value: Decimal, step: Decimal, what: str) -> Decimal:
    if not value.is_finite() or value <= ZERO or value % step != ZERO:
        raise InvalidOrderError(f"{what} {value} is not a multiple of {step} above 0")
    return value


def _at_market(command: PlaceOrder) -> bool:
    return command.ord_type is OrdType.MARKET


def _on_grid(command: PlaceOrder, product: Product) -> Decimal:
    limit_px, terms = command.limit_px, product.instrument
    if limit_px is None or not limit_px.is_finite():
        raise InvalidOrderError(f"limit_px {limit_px}: a number is needed", venue=terms.venue)
    if not terms.lowest_px <= limit_px <= terms.highest_px:
        raise InvalidOrderError(f"limit_px {limit_px} is not between the lowest and highest price")
    return _whole(limit_px, terms.tick_at(limit_px), "limit_px")


def _unscaled(value: Decimal, scale: int) -> int:
    whole = value.scaleb(scale)
    if whole != whole.to_integral_value():
        raise InvalidOrderError(f"{value} has more than {scale} decimals")
    return int(whole)


class _Answer(msgspec.Struct, rename="camel"):
    order_id: str | None = msgspec.field(default=None, name="orderID")
    cl_ord_id: str | None = msgspec.field(default=None, name="clOrdID")
    biz_error: int = 0
    ord_status: str | None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer)


def decode_placed(
    stamp: Stamp, command: PlaceOrder, status: int, body: bytes
) -> tuple[VenueEvent, ...]:
    """What an answer to a placing proves."""
    data = opened(status, body)
    if isinstance(data, Refusal):
        return (_refused(stamp, command, data),)
    try:
        answer = decode_as(_ANSWER, data)
        if answer.biz_error or answer.ord_status == "Rejected":
            return (_refused(stamp, command, Refusal(status=status, code=answer.biz_error)),)
        order_id = _own_id(command, answer)
    except UnreadableError as error:
        doubt = in_doubt(stamp, command, RejectReason.VENUE_ERROR, f"HTTP {status}: {error}")
        return (undecodable(stamp, "place order", body, str(error)), doubt)
    accepted = OrderAccepted(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        venue_order_id=order_id,
    )
    return (accepted,)


def _own_id(command: PlaceOrder, answer: _Answer) -> VenueOrderId:
    if answer.cl_ord_id not in {None, "", command.client_order_id}:
        raise UnreadableError(f"the answer is of order {str(answer.cl_ord_id)[:40]}")
    return VenueOrderId(name(answer.order_id or "", "orderID"))


def _refused(stamp: Stamp, command: PlaceOrder, refusal: Refusal) -> VenueEvent:
    """Only the used client id proves that an order of this id exists."""
    if refusal.code == CLIENT_ID_USED:
        return in_doubt(stamp, command, RejectReason.DUPLICATE_ID, refusal.text)
    if refusal.definitive:
        return rejected(stamp, command, refusal.reason, refusal.text)
    reason = refusal.reason
    if reason is RejectReason.DUPLICATE_ID:
        reason = RejectReason.VENUE_ERROR
    return in_doubt(stamp, command, reason, refusal.text)


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
    stamp: Stamp, command: CancelOrder, read_row: READ_ROW, answer: tuple[int, bytes]
) -> tuple[VenueEvent, ...]:
    """What an answer `(status, body)` to a cancel proves: an order that is still at work, mostly.

    `read_row` reads the market's order row.
    """
    status, body = answer
    data = opened(status, body)
    if isinstance(data, Refusal):
        return (cancel_rejected(stamp, command, data.reason, data.text),)
    try:
        problem = decode_as(_ANSWER, data).biz_error
    except UnreadableError as error:
        return (undecodable(stamp, "cancel order", body, str(error)),)
    if problem:
        refusal = Refusal(status=status, code=problem)
        return (cancel_rejected(stamp, command, refusal.reason, refusal.text),)
    return (_after_cancel(stamp, command, read_row(data), body),)


def _after_cancel(
    stamp: Stamp, command: CancelOrder, row: OrderRead | Undecodable, body: bytes
) -> VenueEvent:
    if isinstance(row, Undecodable):
        return row
    state = row.snapshot
    if state.venue_order_id != command.venue_order_id:
        text = f"the answer is of order {state.venue_order_id}"
        return undecodable(stamp, "cancel order", body, text)
    if state.status is OrdStatus.CANCELED:
        return OrderCanceled(**order_fields(stamp, state), cum_qty=state.cum_qty)
    return state


def cancel_rejected(
    stamp: Stamp, command: CancelOrder, reason: RejectReason, text: str
) -> CancelRejected:
    """The cancel failed, or nobody knows."""
    return CancelRejected(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        venue_order_id=command.venue_order_id,
        reason=reason,
        text=text,
    )
