"""Phemex USDT perpetuals: the order rows of `aop_p`, and what a fill is made of. Pure.

A fill is a row with execStatus MakerFill or TakerFill, an execution id that is not all zeros and
a quantity above 0; funding comes in the same lists and is none: it is booked from REST alone, since
nothing says that the stream names it by the same id. Each `orders_p` row is an order's
state as well, so a fill row gives a `Fill` and an `OrderSnapshot`. `execFeeRv` is + where paid,
- for a rebate; with `ptFeeRv` the fee was paid in PT tokens instead. `cumFeeRv` is not kept up
by the venue and not read.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.events import Fill, OrderSnapshot, Undecodable, VenueEvent
from daemon.core.terms import (
    ZERO,
    ClientOrderId,
    Currency,
    ExecId,
    FillCause,
    Symbol,
    VenueOrderId,
)
from daemon.venues.decoding import (
    Stamp,
    UnreadableError,
    decode_as,
    name,
    positive,
    undecodable,
    unsigned,
)
from daemon.venues.phemex.ends_wire import ended, limit_px
from daemon.venues.phemex.wire import (
    FILLS,
    NO_FILLS,
    PT,
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

TRADES: Final = frozenset({None, "", "Trade", "LiqTrade", "AdlTrade", 1, 6, 7})
"""Ours, a liquidation, a deleveraging: money moves a position in all of them."""

FUNDING: Final = frozenset({"Funding", 4})

CAUSES: Final = {
    "LiqTrade": FillCause.LIQUIDATION,
    6: FillCause.LIQUIDATION,
    "AdlTrade": FillCause.ADL,
    7: FillCause.ADL,
}
"""Why a trade came about, where that was no order of the member's."""


class Traded(msgspec.Struct, rename=wire_name):
    """What a fill is made of, on the stream and in `/api-data/g-futures/trades`."""

    symbol: str
    side: Word
    order_id: str
    exec_status: str
    cl_ord_id: str | None = None
    exec_id: str | None = None
    pos_side: Word = "Merged"
    exec_price_rp: str = "0"
    exec_fee_rv: str = "0"
    pt_fee_rv: Wire = 0
    currency: str | None = None
    trade_type: Word | None = None
    transact_time_ns: Wire = 0


class _PushRow(Traded, rename=wire_name):
    """One row of `orders_p`: an order, and the execution that changed it."""

    ord_status: str = ""
    exec_qty: str = "0"
    order_qty: str = "0"
    cum_qty: str = "0"
    leaves_qty: str = "0"
    price_rp: str | None = None
    time_in_force: str | None = None
    cur_pos_side: str | None = None
    cur_pos_size: str | None = None
    cxl_rej_reason: int = 0
    code: int = 0
    message: str = ""


_PUSH: Final = msgspec.json.Decoder(_PushRow)


def decode_push_row(
    stamp: Stamp, raw: bytes | msgspec.Raw, *, replayed: bool
) -> tuple[VenueEvent, ...]:
    """One row of `orders_p`; nothing for funding and for what settles in another currency.

    `replayed`: the row stands in a snapshot, so the position that it names is of old.
    """
    try:
        row = decode_as(_PUSH, raw)
        if row.currency not in {None, USDT} or row.trade_type in FUNDING:
            return ()
        return _push_events(stamp, row, raw, replayed=replayed)
    except UnreadableError as error:
        return (undecodable(stamp, "aop_p order", bytes(raw), str(error)),)


def _push_events(
    stamp: Stamp, row: _PushRow, raw: bytes | msgspec.Raw, *, replayed: bool
) -> tuple[VenueEvent, ...]:
    if row.exec_status in FILLS:
        return _traded(stamp, row, raw, replayed=replayed)
    if row.exec_status not in NO_FILLS:
        raise UnreadableError(f"execStatus {row.exec_status[:40]!r} is unknown")
    return ended(stamp, _push_snapshot(stamp, row), row.cxl_rej_reason, row.code, row.message)


def _traded(
    stamp: Stamp, row: _PushRow, raw: bytes | msgspec.Raw, *, replayed: bool
) -> tuple[VenueEvent, ...]:
    """The fill, which is money, and the order's state, which does not spoil it."""
    fills: tuple[VenueEvent, ...]
    if is_execution(row.exec_id):
        held = None if replayed else _held_after(row)
        fills = fill_events(stamp, row, row.exec_qty, held, raw)
    else:
        text = f"execStatus {row.exec_status} without an execution id"
        fills = (undecodable(stamp, "aop_p order", bytes(raw), text),)
    try:
        return (*fills, _push_snapshot(stamp, row))
    except UnreadableError as error:
        return (*fills, undecodable(stamp, "aop_p order", bytes(raw), str(error)))


def _push_snapshot(stamp: Stamp, row: _PushRow) -> OrderSnapshot:
    found = status(row.ord_status, row.exec_status)
    at_ns = time_ns(row.transact_time_ns, "transactTimeNs")
    leaves = unsigned(row.leaves_qty, "leavesQty")
    return OrderSnapshot(
        **stamp,
        symbol=Symbol(name(row.symbol, "symbol")),
        client_order_id=ClientOrderId(row.cl_ord_id) if row.cl_ord_id else None,
        venue_order_id=VenueOrderId(name(row.order_id, "orderID")),
        transact_time_ns=at_ns,
        side=side(row.side),
        position_side=position_side(row.pos_side),
        status=found,
        order_qty=unsigned(row.order_qty, "orderQty"),
        cum_qty=unsigned(row.cum_qty, "cumQty"),
        leaves_qty=ZERO if found.terminal else leaves,
        limit_px=limit_px(row.price_rp, "priceRp"),
        time_in_force=time_in_force(row.time_in_force),
        as_of_ns=at_ns,
    )


def _held_after(row: _PushRow) -> Decimal | None:
    """The venue's own position after this row, signed; None where it does not clearly say."""
    try:
        size = unsigned(row.cur_pos_size or "", "curPosSize")
        return size * side(row.cur_pos_side or "", "curPosSide").sign if size else ZERO
    except UnreadableError:
        return None


def fill_events(
    stamp: Stamp,
    row: Traded,
    qty: str,
    held: Decimal | None,
    raw: bytes | msgspec.Raw,
) -> tuple[Fill | Undecodable, ...]:
    """The fill of a row; a second fee in PT beside one in the settlement currency is told too."""
    if row.trade_type not in TRADES:
        raise UnreadableError(f"tradeType {str(row.trade_type)[:40]!r} is unknown")
    fee = decimal(row.exec_fee_rv, "execFeeRv")
    token_fee = decimal(row.pt_fee_rv, "ptFeeRv")
    in_tokens = bool(token_fee) and not fee
    fill = Fill(
        **stamp,
        symbol=Symbol(name(row.symbol, "symbol")),
        client_order_id=ClientOrderId(row.cl_ord_id) if row.cl_ord_id else None,
        venue_order_id=VenueOrderId(name(row.order_id, "orderID")),
        transact_time_ns=time_ns(row.transact_time_ns, "transactTimeNs"),
        exec_id=ExecId(name(row.exec_id or "", "execID")),
        side=side(row.side),
        last_qty=positive(qty, "execQty"),
        last_px=positive(row.exec_price_rp, "execPriceRp"),
        commission=token_fee if in_tokens else fee,
        commission_currency=PT if in_tokens else Currency(row.currency or USDT),
        liquidity=FILLS[row.exec_status],
        position_side=position_side(row.pos_side),
        position_qty=held,
        cause=CAUSES.get(row.trade_type or "", FillCause.TRADE),
    )
    if not token_fee or in_tokens:
        return (fill,)
    text = f"a fee of {token_fee} PT beside {fee}: only the latter is counted"
    return (fill, undecodable(stamp, "PT fee", bytes(raw), text))
