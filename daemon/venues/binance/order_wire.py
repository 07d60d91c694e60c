"""Binance's REST rows: orders, and trades as fills. Pure.

The order object of both markets, in a list, alone, or as the answer to a cancel: there
`clientOrderId` is the cancel request's id, and the order's own stands in `origClientOrderId`
(Binance docs: cancel order). Trade rows name no client order id; commission is + = paid.
"""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.core.events import Fill, OrderSnapshot, Undecodable
from daemon.core.terms import ClientOrderId, Side
from daemon.venues.binance.wire import (
    TIMES_IN_FORCE,
    Execution,
    OrderFacts,
    client_id_of,
    fill_of,
    limit_px_of,
    order_id_of,
    position_side_of,
    side_of,
    snapshot_of,
    status_of,
    symbol_of,
    time_of,
)
from daemon.venues.decoding import (
    Stamp,
    UnreadableError,
    decode_as,
    millis_ns,
    undecodable,
    unsigned,
)


class OrderRow(msgspec.Struct, rename="camel", kw_only=True):
    """An order; the times that a form of it lacks are None."""

    symbol: str
    order_id: int
    client_order_id: str = ""
    orig_client_order_id: str = ""
    status: str
    side: str
    position_side: str | None = None
    orig_qty: str
    executed_qty: str
    price: str = "0"
    time_in_force: str = ""
    time: int | None = None
    update_time: int | None = None
    transact_time: int | None = None
    expiry_reason: str = ""
    is_working: bool | None = None


class TradeRow(msgspec.Struct, rename="camel", kw_only=True):
    """A trade of spot's myTrades (`isBuyer`, `isMaker`) or of USD-M's userTrades."""

    symbol: str
    id: int
    order_id: int
    price: str
    qty: str
    commission: str | None = None
    commission_asset: str | None = None
    time: int
    side: str | None = None
    position_side: str | None = None
    is_buyer: bool | None = None
    buyer: bool | None = None
    is_maker: bool | None = None
    maker: bool | None = None


_ORDER: Final = msgspec.json.Decoder(OrderRow)
_TRADE: Final = msgspec.json.Decoder(TradeRow)
_ROWS: Final = msgspec.json.Decoder(list[msgspec.Raw])


def decode_rows(body: bytes) -> list[msgspec.Raw]:
    """The rows of a bare JSON list, each still to be decoded; raises `UnreadableError`."""
    return decode_as(_ROWS, body)


def order_facts(raw: bytes | msgspec.Raw) -> OrderFacts:
    """An order object's facts; raises `UnreadableError`."""
    row = decode_as(_ORDER, raw)
    at_ms = row.update_time or row.transact_time or row.time
    return OrderFacts(
        symbol=symbol_of(row.symbol),
        client_order_id=client_id_of(row.orig_client_order_id or row.client_order_id),
        venue_order_id=order_id_of(row.order_id),
        side=side_of(row.side),
        position_side=position_side_of(row.position_side),
        status=status_of(row.status, working=row.is_working),
        order_qty=unsigned(row.orig_qty, "origQty"),
        cum_qty=unsigned(row.executed_qty, "executedQty"),
        limit_px=limit_px_of(row.price),
        time_in_force=TIMES_IN_FORCE.get(row.time_in_force),
        time_ns=time_of(at_ms, "updateTime"),
        text=row.expiry_reason[:200],
    )


def decode_order_row(
    stamp: Stamp, raw: bytes | msgspec.Raw, as_of_ns: int
) -> OrderSnapshot | Undecodable:
    """An order object as a snapshot, true as of `as_of_ns` in the venue's clock."""
    try:
        return snapshot_of(stamp, order_facts(raw), as_of_ns)
    except UnreadableError as error:
        return undecodable(stamp, f"{stamp['venue']} order", bytes(raw), str(error))


def decode_trade_row(
    stamp: Stamp, raw: bytes | msgspec.Raw, client_order_id: ClientOrderId | None = None
) -> Fill | Undecodable:
    """A trade; `client_order_id` is what the caller knows of the order that it asked for."""
    try:
        row = decode_as(_TRADE, raw)
        traded = Execution(
            exec_id=row.id,
            qty=row.qty,
            px=row.price,
            fee=row.commission,
            fee_currency=row.commission_asset,
            maker=row.is_maker if row.maker is None else row.maker,
            time_ns=millis_ns(row.time, "time"),
            position_side=position_side_of(row.position_side),
        )
        ids = (order_id_of(row.order_id), client_order_id)
        return fill_of(stamp, symbol_of(row.symbol), ids, _side(row), traded)
    except UnreadableError as error:
        return undecodable(stamp, f"{stamp['venue']} trade", bytes(raw), str(error))


def _side(row: TradeRow) -> Side:
    """By `side`, by who bought, or by both, which must agree."""
    buyer = row.is_buyer if row.buyer is None else row.buyer
    said = set() if row.side is None else {side_of(row.side)}
    if buyer is not None:
        said.add(Side.BUY if buyer else Side.SELL)
    if len(said) != 1:
        raise UnreadableError(f"side {row.side} and buyer {buyer} do not tell one side")
    return said.pop()
