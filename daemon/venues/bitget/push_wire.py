"""The rows of Bitget's private pushes, channel by channel -> events. Pure.

Classic channels and UTA topics have a reader each. A row that cannot be read becomes an
`Undecodable` of its own and costs the others nothing. What only says that something happened,
without the fill that it was (ADL notices, closed positions, fills without their fee), names its
symbols in `reread`: the account has to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from daemon.core.events import OrderCanceled, OrderSnapshot, Undecodable, VenueEvent
from daemon.core.terms import ZERO, OrdStatus, Symbol, VenueOrderId
from daemon.venues.bitget.account_wire import BalanceRow, Held, balance_of, decode_held
from daemon.venues.bitget.direction_wire import (
    hedged_mode,
    mix_direction,
    spot_direction,
    uta_direction,
)
from daemon.venues.bitget.fill_wire import (
    PAID_IS_NEGATIVE,
    PAID_IS_POSITIVE,
    decode_classic_fill,
    decode_uta_fill,
    of_market,
    stream_fill,
)
from daemon.venues.bitget.order_wire import (
    StreamRow,
    ended_or,
    status_of,
    stream_status,
    uta_row,
    uta_snapshot,
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


@dataclass(frozen=True, slots=True)
class Rows:
    """What the rows of a push said. `hedged` is the position mode where one of them told it."""

    events: tuple[VenueEvent, ...] = ()
    held: tuple[Held, ...] = ()
    reread: tuple[Symbol, ...] = ()
    hedged: bool | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Whose push it is, and the account's position mode as far as it is known."""

    stamp: Stamp
    market: Market
    hedged: bool | None = None


class TriggerRow(msgspec.Struct, rename="camel"):
    """A conditional order: classic `orders-algo` or UTA `strategy-order`."""

    order_id: str | int
    side: str
    status: str
    inst_id: str | None = None
    symbol: str | None = None
    category: str | None = None
    client_oid: str | int | None = None
    size: str | None = None
    qty: str | None = None
    trade_side: str | None = None
    pos_side: str | None = None
    pos_mode: str | None = None
    hold_mode: str | None = None
    execute_price: str | None = None
    trigger_order_price: str | None = None
    c_time: str | int | None = None
    u_time: str | int | None = None
    created_time: str | int | None = None
    updated_time: str | int | None = None


class _NoticeRow(msgspec.Struct, rename="camel"):
    symbol: str | None = None
    inst_id: str | None = None
    category: str | None = None


_STREAM: Final = msgspec.json.Decoder(StreamRow)
_TRIGGER: Final = msgspec.json.Decoder(TriggerRow)
_NOTICE: Final = msgspec.json.Decoder(_NoticeRow)
_BALANCE: Final = msgspec.json.Decoder(BalanceRow)


class _UtaAccountRow(msgspec.Struct):
    coin: list[BalanceRow]


_UTA_ACCOUNT: Final = msgspec.json.Decoder(_UtaAccountRow)

TRIGGER_STATUSES: Final = {
    "live": OrdStatus.PENDING_NEW,
    "pending": OrdStatus.PENDING_NEW,
    "executing": OrdStatus.CANCELED,
    "executed": OrdStatus.CANCELED,
    "fail_execute": OrdStatus.CANCELED,
    "cancelled": OrdStatus.CANCELED,
    "canceled": OrdStatus.CANCELED,
}
"""A conditional order fills nothing: when it fires it is over, and an order of its own comes."""


def classic_orders(told: Told, rows: Iterable[msgspec.Raw]) -> Rows:
    """The fill of each row first, then what the row says of its order."""
    events: list[VenueEvent] = []
    for raw in rows:
        try:
            row = decode_as(_STREAM, raw)
        except UnreadableError as error:
            events.append(_unread(told, raw, error))
            continue
        unread: Undecodable | None = None
        try:
            fill = stream_fill(told.stamp, told.market, row)
            events += [] if fill is None else [fill]
        except UnreadableError as error:
            unread = _unread(told, raw, error)
        try:
            events.append(stream_status(told.stamp, told.market, row))
        except UnreadableError as error:
            unread = unread or _unread(told, raw, error)
        events += [] if unread is None else [unread]
    return Rows(tuple(events))


def classic_fills(told: Told, rows: Iterable[msgspec.Raw]) -> Rows:
    """The `fill` channel: on spot a paid fee is positive, on futures negative."""
    sign = PAID_IS_POSITIVE if told.market is Market.SPOT else PAID_IS_NEGATIVE
    fills = (decode_classic_fill(told.stamp, told.market, raw, sign) for raw in rows)
    return Rows(tuple(event for events in fills for event in events))


def uta_orders(told: Told, rows: Iterable[msgspec.Raw]) -> Rows:
    """The `order` topic; it carries no fills."""
    events: list[VenueEvent] = []
    hedged: bool | None = None
    for raw in rows:
        try:
            row = uta_row(raw)
            if not of_market(told.market, row.category):
                continue
            said = hedged_mode(row.hold_mode)
            hedged = hedged if said is None else said
            events.append(ended_or(uta_snapshot(told.stamp, told.market, row)))
        except UnreadableError as error:
            events.append(_unread(told, raw, error))
    return Rows(tuple(events), hedged=hedged)


def uta_fills(told: Told, rows: Iterable[msgspec.Raw]) -> Rows:
    """The `fill` topic; the position mode is read before the stream is opened."""
    fills = [decode_uta_fill(told.stamp, told.market, raw, hedged=told.hedged) for raw in rows]
    return Rows(tuple(event for events in fills for event in events))


def positions(told: Told, rows: Iterable[msgspec.Raw]) -> Rows:
    """Positions: of use for the modes they name; quantities are read by REST, with a date."""
    read = [decode_held(told.stamp, raw) for raw in rows]
    held = tuple(row for row in read if isinstance(row, Held))
    bad = tuple(row for row in read if isinstance(row, Undecodable))
    return Rows(bad, held, hedged=held[-1].hedged if held else None)


def notices(told: Told, rows: Iterable[msgspec.Raw]) -> Rows:
    """Something happened to these symbols that no order of ours has done."""
    reread: list[Symbol] = []
    bad: list[VenueEvent] = []
    for raw in rows:
        try:
            row = decode_as(_NOTICE, raw)
            if of_market(told.market, row.category):
                reread.append(symbol(row.inst_id, row.symbol))
        except UnreadableError as error:
            bad.append(_unread(told, raw, error))
    return Rows(tuple(bad), reread=tuple(dict.fromkeys(reread)))


def balances(told: Told, rows: Iterable[msgspec.Raw]) -> Rows:
    """Balances: they only prove that the stream speaks; what is held is read by REST."""
    bad: list[VenueEvent] = []
    for raw in rows:
        try:
            balance_of(decode_as(_BALANCE, raw))
        except UnreadableError as error:
            bad.append(_unread(told, raw, error))
    return Rows(tuple(bad))


def uta_balances(told: Told, rows: Iterable[msgspec.Raw]) -> Rows:
    """The UTA `account` topic: one row, all coins."""
    bad: list[VenueEvent] = []
    for raw in rows:
        try:
            for row in decode_as(_UTA_ACCOUNT, raw).coin:
                balance_of(row)
        except UnreadableError as error:
            bad.append(_unread(told, raw, error))
    return Rows(tuple(bad))


def triggers(told: Told, rows: Iterable[msgspec.Raw]) -> Rows:
    """Conditional orders of other hands: pending until they fire."""
    events: list[VenueEvent] = []
    for raw in rows:
        try:
            row = decode_as(_TRIGGER, raw)
            if of_market(told.market, row.category):
                events.append(_trigger(told, row))
        except UnreadableError as error:
            events.append(_unread(told, raw, error))
    return Rows(tuple(events))


def _trigger(told: Told, row: TriggerRow) -> OrderSnapshot | OrderCanceled:
    status = status_of(TRIGGER_STATUSES, row.status)
    if told.market is Market.SPOT:
        direction = spot_direction(row.side)
    elif row.size is not None:
        direction = mix_direction(row.side, row.trade_side, row.pos_mode, row.pos_side)
    else:
        hedged = hedged_mode(row.hold_mode)
        hedged = told.hedged if hedged is None else hedged
        direction = uta_direction(row.side, row.pos_side, row.trade_side, hedged=hedged)
    order_qty = qty(row.size or row.qty, "size")
    times = (row.u_time, row.updated_time, row.c_time, row.created_time)
    time_ns = first_time_ns("uTime", *times)
    snapshot = OrderSnapshot(
        **told.stamp,
        symbol=symbol(row.inst_id, row.symbol),
        client_order_id=client_id(row.client_oid),
        venue_order_id=VenueOrderId(name(row.order_id, "orderId")),
        transact_time_ns=time_ns,
        side=direction.side,
        position_side=direction.position_side,
        status=status,
        order_qty=order_qty,
        cum_qty=ZERO,
        leaves_qty=ZERO if status.terminal else order_qty,
        limit_px=limit_px(row.execute_price or row.trigger_order_price),
        as_of_ns=time_ns,
        text=f"conditional: {word(row.status)}",
    )
    return ended_or(snapshot)


def _unread(told: Told, raw: msgspec.Raw, error: UnreadableError) -> Undecodable:
    return undecodable(told.stamp, "push", bytes(raw), str(error))


Reader = Callable[[Told, Iterable[msgspec.Raw]], Rows]

CLASSIC_READERS: Final[dict[str, Reader]] = {
    "orders": classic_orders,
    "fill": classic_fills,
    "orders-algo": triggers,
    "account": balances,
    "positions": positions,
    "positions-history": notices,
    "adl-noti": notices,
    "adl-notification": notices,
}

UTA_READERS: Final[dict[str, Reader]] = {
    "order": uta_orders,
    "fill": uta_fills,
    "fast-fill": notices,
    "account": uta_balances,
    "position": positions,
    "strategy-order": triggers,
    "adl-notification": notices,
}
