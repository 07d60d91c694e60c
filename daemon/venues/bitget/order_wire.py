"""Bitget orders: the rows of streams and lists, in both dialects. Pure.

Three shapes (Bitget docs: order channel, order details): classic stream rows, where `baseVolume`
is *this* fill and `accBaseVolume` the sum; classic REST rows, where `baseVolume` *is* the sum; and
UTA rows with `cumExecQty`. A classic stream row may carry a fill besides (see `fill_wire`).

The `size` of a spot market buy is in the quote currency: then only what has filled is known in
base coin, and that is the order's quantity.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.events import OrderCanceled, OrderSnapshot, Undecodable
from daemon.core.terms import EXACT, ZERO, OrdStatus, Side, TimeInForce, VenueOrderId
from daemon.venues.bitget.direction_wire import (
    Direction,
    forced,
    hedged_mode,
    mix_direction,
    spot_direction,
    uta_direction,
)
from daemon.venues.bitget.wire import (
    Market,
    client_id,
    first_time_ns,
    limit_px,
    name,
    qty,
    symbol,
    word,
)
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, undecodable

CLASSIC_STATUSES: Final = {
    "init": OrdStatus.PENDING_NEW,
    "live": OrdStatus.NEW,
    "new": OrdStatus.NEW,
    "partially_filled": OrdStatus.PARTIALLY_FILLED,
    "partial_fill": OrdStatus.PARTIALLY_FILLED,
    "filled": OrdStatus.FILLED,
    "full_fill": OrdStatus.FILLED,
    "cancelled": OrdStatus.CANCELED,
    "canceled": OrdStatus.CANCELED,
    "cancel": OrdStatus.CANCELED,
}
"""Classic spot and futures, old spellings included; what expired arrives as canceled."""

UTA_STATUSES: Final = {
    "new": OrdStatus.PENDING_NEW,
    "live": OrdStatus.NEW,
    "partially_filled": OrdStatus.PARTIALLY_FILLED,
    "filled": OrdStatus.FILLED,
    "cancelled": OrdStatus.CANCELED,
    "canceled": OrdStatus.CANCELED,
}

TIMES_IN_FORCE: Final = {
    "gtc": TimeInForce.GTC,
    "post_only": TimeInForce.GTC,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
}


class ClassicRow(msgspec.Struct, rename="camel"):
    """What stream and REST rows of the classic API have in common."""

    order_id: str | int
    side: str
    inst_id: str | None = None
    symbol: str | None = None
    client_oid: str | int | None = None
    price: str | None = None
    size: str | None = None
    order_type: str | None = None
    force: str | None = None
    status: str | None = None
    state: str | None = None
    base_volume: str | None = None
    cancel_reason: str | None = None
    pos_mode: str | None = None
    pos_side: str | None = None
    trade_side: str | None = None
    margin_mode: str | None = None
    c_time: str | int | None = None
    u_time: str | int | None = None


class StreamRow(ClassicRow, rename="camel"):
    """A row of the classic `orders` channel: `baseVolume` and the `fill` fields are one fill's."""

    acc_base_volume: str | None = None
    trade_id: str | int | None = None
    fill_price: str | None = None
    fill_time: str | int | None = None
    fill_fee: str | None = None
    fill_fee_coin: str | None = None
    trade_scope: str | None = None


class UtaRow(msgspec.Struct, rename="camel"):
    """A row of the UTA `order` topic or of its lists; `holdSide` there is `posSide` here."""

    order_id: str | int
    symbol: str
    side: str
    order_status: str
    category: str | None = None
    client_oid: str | int | None = None
    price: str | None = None
    qty: str | None = None
    hold_mode: str | None = None
    hold_side: str | None = None
    pos_side: str | None = None
    trade_side: str | None = None
    order_type: str | None = None
    time_in_force: str | None = None
    cum_exec_qty: str | None = None
    cancel_reason: str | None = None
    exec_type: str | None = None
    created_time: str | int | None = None
    updated_time: str | int | None = None


_CLASSIC: Final = msgspec.json.Decoder(ClassicRow)
_UTA: Final = msgspec.json.Decoder(UtaRow)


def classic_direction(market: Market, row: ClassicRow) -> Direction:
    """The trade and position of a classic row; raises `UnreadableError`."""
    if market is Market.SPOT:
        return spot_direction(row.side)
    return mix_direction(row.side, row.trade_side, row.pos_mode, row.pos_side)


def status_of(statuses: dict[str, OrdStatus], text: str | None) -> OrdStatus:
    """The status of a word; raises `UnreadableError` for one that we do not know."""
    folded = word(text)
    if folded not in statuses:
        raise UnreadableError(f"status {folded[:40]!r} is unknown")
    return statuses[folded]


def stream_status(stamp: Stamp, market: Market, row: StreamRow) -> OrderSnapshot | OrderCanceled:
    """What a row of the `orders` channel says of its order; raises `UnreadableError`."""
    cum_qty = qty(row.acc_base_volume or "0", "accBaseVolume")
    time_ns = first_time_ns("uTime", row.u_time, row.c_time)
    return ended_or(_classic_snapshot(stamp, market, row, cum_qty, time_ns))


def decode_classic_order(
    stamp: Stamp, market: Market, raw: bytes | msgspec.Raw, as_of_ns: int
) -> OrderSnapshot | Undecodable:
    """A REST row, true as of `as_of_ns` in the venue's clock."""
    try:
        row = decode_as(_CLASSIC, raw)
        cum_qty = qty(row.base_volume or "0", "baseVolume")
        return _classic_snapshot(stamp, market, row, cum_qty, as_of_ns)
    except UnreadableError as error:
        return undecodable(stamp, "order row", bytes(raw), str(error))


def _classic_snapshot(
    stamp: Stamp, market: Market, row: ClassicRow, cum_qty: Decimal, as_of_ns: int
) -> OrderSnapshot:
    status = status_of(CLASSIC_STATUSES, row.status or row.state)
    direction = classic_direction(market, row)
    in_quote = _in_quote(market, row.order_type, direction.side)
    order_qty = cum_qty if in_quote else qty(row.size, "size")
    return OrderSnapshot(
        **stamp,
        symbol=symbol(row.inst_id, row.symbol),
        client_order_id=client_id(row.client_oid),
        venue_order_id=VenueOrderId(name(row.order_id, "orderId")),
        side=direction.side,
        position_side=direction.position_side,
        status=status,
        order_qty=order_qty,
        cum_qty=cum_qty,
        leaves_qty=_leaves_qty(status, order_qty, cum_qty),
        limit_px=limit_px(row.price),
        time_in_force=TIMES_IN_FORCE.get(word(row.force)),
        transact_time_ns=as_of_ns,
        as_of_ns=as_of_ns,
        text=_text(row.cancel_reason, row.trade_side if forced(row.trade_side) else None),
    )


def uta_row(raw: bytes | msgspec.Raw) -> UtaRow:
    """A UTA order row; raises `UnreadableError`."""
    return decode_as(_UTA, raw)


def uta_snapshot(
    stamp: Stamp, market: Market, row: UtaRow, as_of_ns: int | None = None
) -> OrderSnapshot:
    """A UTA row, true as of `as_of_ns` or of its own time; raises `UnreadableError`."""
    status = status_of(UTA_STATUSES, row.order_status)
    if market is Market.SPOT:
        direction = spot_direction(row.side)
    else:
        held, hedged = row.hold_side or row.pos_side, hedged_mode(row.hold_mode)
        direction = uta_direction(row.side, held, row.trade_side, hedged=hedged)
    cum_qty = qty(row.cum_exec_qty or "0", "cumExecQty")
    in_quote = _in_quote(market, row.order_type, direction.side)
    order_qty = cum_qty if in_quote else qty(row.qty, "qty")
    if as_of_ns is None:
        as_of_ns = first_time_ns("updatedTime", row.updated_time, row.created_time)
    return OrderSnapshot(
        **stamp,
        symbol=symbol(row.symbol),
        client_order_id=client_id(row.client_oid),
        venue_order_id=VenueOrderId(name(row.order_id, "orderId")),
        side=direction.side,
        position_side=direction.position_side,
        status=status,
        order_qty=order_qty,
        cum_qty=cum_qty,
        leaves_qty=_leaves_qty(status, order_qty, cum_qty),
        limit_px=limit_px(row.price),
        time_in_force=TIMES_IN_FORCE.get(word(row.time_in_force)),
        transact_time_ns=as_of_ns,
        as_of_ns=as_of_ns,
        text=_text(row.cancel_reason, None if row.exec_type == "normal" else row.exec_type),
    )


def decode_uta_order(
    stamp: Stamp, market: Market, raw: bytes | msgspec.Raw, as_of_ns: int
) -> OrderSnapshot | Undecodable:
    """A row of a UTA list, true as of `as_of_ns` in the venue's clock."""
    try:
        return uta_snapshot(stamp, market, uta_row(raw), as_of_ns)
    except UnreadableError as error:
        return undecodable(stamp, "order row", bytes(raw), str(error))


def ended_or(snapshot: OrderSnapshot) -> OrderSnapshot | OrderCanceled:
    """The end of an order as a stream tells it, with what had filled by then."""
    if snapshot.status is not OrdStatus.CANCELED:
        return snapshot
    return OrderCanceled(
        receive_time_ns=snapshot.receive_time_ns,
        mono_ns=snapshot.mono_ns,
        account=snapshot.account,
        venue=snapshot.venue,
        symbol=snapshot.symbol,
        client_order_id=snapshot.client_order_id,
        venue_order_id=snapshot.venue_order_id,
        transact_time_ns=snapshot.transact_time_ns,
        cum_qty=snapshot.cum_qty,
        text=snapshot.text,
    )


def _in_quote(market: Market, order_type: str | None, side: Side) -> bool:
    """True where the size is money: a market buy on spot."""
    return market is Market.SPOT and word(order_type) == "market" and side is Side.BUY


def _leaves_qty(status: OrdStatus, order_qty: Decimal, cum_qty: Decimal) -> Decimal:
    return ZERO if status.terminal else max(EXACT.subtract(order_qty, cum_qty), ZERO)


def _text(*words: str | None) -> str:
    return " ".join(said for said in words if said)[:200]
