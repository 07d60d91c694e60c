"""Phemex USDT perpetuals by REST: orders of any list, and trades. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.core.events import Fill, Funding, OrderSnapshot, Undecodable
from daemon.core.terms import ZERO, ClientOrderId, Currency, ExecId, Symbol, VenueOrderId
from daemon.venues.decoding import (
    Stamp,
    UnreadableError,
    decode_as,
    millis_ns,
    name,
    undecodable,
    unsigned,
)
from daemon.venues.phemex.ends_wire import OrderRead, limit_px
from daemon.venues.phemex.perp_wire import FUNDING, Traded, fill_events
from daemon.venues.phemex.wire import (
    FILLS,
    USDT,
    Wire,
    Word,
    decimal,
    is_execution,
    position_side,
    side,
    status,
    time_in_force,
    time_ns,
    wire_name,
)


class _TradeRow(Traded, rename=wire_name):
    """One row of GET /api-data/g-futures/trades."""

    exec_qty_rq: str = "0"


class _OrderRow(msgspec.Struct, rename="camel"):
    """An order by REST; the names of its ids differ between the endpoints.

    `/exchange/order` calls the cumulative quantity `execQtyRq`, and times are in ms there.
    """

    symbol: str
    side: Word
    ord_status: Word
    order_qty_rq: str
    order_id: str | None = msgspec.field(default=None, name="orderID")
    order_id_by_data: str | None = msgspec.field(default=None, name="orderId")
    cl_ord_id: str | None = msgspec.field(default=None, name="clOrdID")
    cl_ord_id_by_data: str | None = msgspec.field(default=None, name="clOrdId")
    exec_status: Word | None = None
    cum_qty_rq: str | None = None
    exec_qty_rq: str | None = None
    leaves_qty_rq: str | None = None
    price_rp: str | None = None
    pos_side: Word = "Merged"
    time_in_force: Word | None = None
    action_time_ns: Wire = 0
    transact_time_ns: Wire = 0
    created_at: int = 0


_TRADE: Final = msgspec.json.Decoder(_TradeRow)
_ORDER: Final = msgspec.json.Decoder(_OrderRow)


def decode_trade_row(
    stamp: Stamp, raw: bytes | msgspec.Raw
) -> tuple[Fill | Funding | Undecodable, ...]:
    """One row of GET /api-data/g-futures/trades; nothing for another settlement currency."""
    try:
        row = decode_as(_TRADE, raw)
        if row.currency not in {None, USDT}:
            return ()
        if row.trade_type in FUNDING:
            return (_funding(stamp, row),)
        if row.exec_status not in FILLS or not is_execution(row.exec_id):
            text = f"execStatus {row.exec_status[:40]!r} or execID is of no trade"
            return (undecodable(stamp, "trade row", bytes(raw), text),)
        return fill_events(stamp, row, row.exec_qty_rq, None, raw)
    except UnreadableError as error:
        return (undecodable(stamp, "trade row", bytes(raw), str(error)),)


def _funding(stamp: Stamp, row: _TradeRow) -> Funding:
    """`execFeeRv` is + where paid, as for a fill; the quantity is the whole position's.

    One position is funded once at a time: that names a row that has no execution id.
    """
    at_ns = time_ns(row.transact_time_ns, "transactTimeNs")
    named = row.exec_id if is_execution(row.exec_id) else f"{at_ns}-{row.pos_side}"
    return Funding(
        **stamp,
        symbol=Symbol(name(row.symbol, "symbol")),
        exec_id=ExecId(name(named or "", "execID")),
        funding=decimal(row.exec_fee_rv, "execFeeRv"),
        funding_currency=Currency(row.currency or USDT),
        transact_time_ns=at_ns,
        position_side=position_side(row.pos_side),
    )


def decode_order_row(
    stamp: Stamp, raw: bytes | msgspec.Raw, as_of_ns: int
) -> OrderRead | Undecodable:
    """An order of any REST list, true as of `as_of_ns` in the venue's clock."""
    try:
        return _read(stamp, decode_as(_ORDER, raw), as_of_ns)
    except UnreadableError as error:
        return undecodable(stamp, "order row", bytes(raw), str(error))


def _read(stamp: Stamp, row: _OrderRow, as_of_ns: int) -> OrderRead:
    found = status(row.ord_status, row.exec_status)
    leaves = unsigned(row.leaves_qty_rq or "0", "leavesQtyRq")
    order_id = row.order_id or row.order_id_by_data or ""
    client_id = row.cl_ord_id or row.cl_ord_id_by_data
    cum = row.exec_qty_rq if row.cum_qty_rq is None else row.cum_qty_rq
    if cum is None:
        raise UnreadableError("neither cumQtyRq nor execQtyRq is there")
    born_ns = time_ns(row.action_time_ns, "actionTimeNs") or millis_ns(row.created_at, "createdAt")
    snapshot = OrderSnapshot(
        **stamp,
        symbol=Symbol(name(row.symbol, "symbol")),
        client_order_id=ClientOrderId(client_id) if client_id else None,
        venue_order_id=VenueOrderId(name(order_id, "orderID")),
        transact_time_ns=time_ns(row.transact_time_ns, "transactTimeNs"),
        side=side(row.side),
        position_side=position_side(row.pos_side),
        status=found,
        order_qty=unsigned(row.order_qty_rq, "orderQtyRq"),
        cum_qty=unsigned(cum, "cumQtyRq"),
        leaves_qty=ZERO if found.terminal else leaves,
        limit_px=limit_px(row.price_rp, "priceRp"),
        time_in_force=time_in_force(row.time_in_force),
        as_of_ns=as_of_ns,
    )
    return OrderRead(snapshot, born_ns)
