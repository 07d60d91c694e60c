"""Bitget orders: bodies of place and cancel, in both dialects, and what their answers prove. Pure.

A placing answers with ids only, never with a fill (Bitget docs: place order). On classic futures
in hedge mode `side` names the position (see `direction_wire`): a long is closed by `buy` + `close`.
Reduce-only goes out in one-way mode, where Bitget knows it; closing a hedged position cannot open.
A limit at the very end of the price grid means any price: Bitget would refuse it for its distance
from the market, so it becomes a market order. On spot a market buy would be sized in quote coin
(Bitget docs: place order, `size`), which says nothing of how much is bought: it is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderInDoubt,
    OrderRejected,
    VenueEvent,
)
from daemon.core.instrument import Instrument
from daemon.core.terms import (
    ZERO,
    OrdType,
    PositionSide,
    RejectReason,
    Side,
    TimeInForce,
    VenueOrderId,
    proper,
)
from daemon.venues.bitget.error_wire import Refusal, Success, decode_answer, definitive, reason_of
from daemon.venues.bitget.wire import USDT, Dialect, Market, name
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, undecodable
from daemon.venues.errors import InvalidOrderError

SIDES: Final = {Side.BUY: "buy", Side.SELL: "sell"}
NAMES: Final = {PositionSide.LONG: "buy", PositionSide.SHORT: "sell"}
OPENING: Final = {PositionSide.LONG: Side.BUY, PositionSide.SHORT: Side.SELL}
STP: Final = {True: "cancel_maker", False: "cancel_taker"}
"""By `cancel_own_crossing`: cancel our resting order, or the one that comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an order's body rests on besides the order. `instrument` where it has been read."""

    market: Market
    dialect: Dialect
    margin_mode: str = "crossed"
    instrument: Instrument | None = None


class ClassicOrder(msgspec.Struct, rename="camel", omit_defaults=True):
    """The body of a classic placing, spot or futures."""

    symbol: str
    side: str
    order_type: str
    size: str
    client_oid: str
    stp_mode: str
    product_type: str | None = None
    margin_mode: str | None = None
    margin_coin: str | None = None
    trade_side: str | None = None
    force: str | None = None
    price: str | None = None
    reduce_only: str | None = None


class UtaOrder(msgspec.Struct, rename="camel", omit_defaults=True):
    """The body of a UTA placing."""

    category: str
    symbol: str
    side: str
    order_type: str
    qty: str
    client_oid: str
    stp_mode: str
    pos_side: str | None = None
    time_in_force: str | None = None
    price: str | None = None
    reduce_only: str | None = None


def encode_place(command: PlaceOrder, terms: Terms) -> bytes:
    """The request's bytes; raises `InvalidOrderError` for what the market cannot say."""
    if terms.market is Market.SPOT and command.key.position_side is not PositionSide.NET:
        raise InvalidOrderError("spot has no position sides", venue=command.key.venue)
    qty = _plain(command, command.order_qty, "order_qty")
    if _at_any_price(command, terms):
        kind = _Kind("market", None, None)
    else:
        price = _plain(command, command.limit_px, "limit_px")
        kind = _Kind("limit", command.time_in_force.value, price)
    encode = _uta_order if terms.dialect is Dialect.UTA else _classic_order
    return msgspec.json.encode(encode(command, terms, qty, kind))


class _Kind(NamedTuple):
    order_type: str
    force: str | None
    price: str | None


def _uta_order(command: PlaceOrder, terms: Terms, qty: str, kind: _Kind) -> UtaOrder:
    held = command.key.position_side
    return UtaOrder(
        category=terms.market.value,
        symbol=command.key.symbol,
        side=SIDES[command.side],
        order_type=kind.order_type,
        qty=qty,
        client_oid=command.client_order_id,
        stp_mode=STP[command.cancel_own_crossing],
        pos_side=None if held is PositionSide.NET else held.value,
        time_in_force=kind.force,
        price=kind.price,
        reduce_only="yes" if _reduces(command, terms) else None,
    )


def _classic_order(command: PlaceOrder, terms: Terms, qty: str, kind: _Kind) -> ClassicOrder:
    held, spot = command.key.position_side, terms.market is Market.SPOT
    hedged = held is not PositionSide.NET
    return ClassicOrder(
        symbol=command.key.symbol,
        side=NAMES[held] if hedged else SIDES[command.side],
        order_type=kind.order_type,
        size=qty,
        client_oid=command.client_order_id,
        stp_mode=STP[command.cancel_own_crossing],
        product_type=None if spot else terms.market.value,
        margin_mode=None if spot else terms.margin_mode,
        margin_coin=None if spot else USDT,
        trade_side=_trade_side(command) if hedged else None,
        force=kind.force,
        price=kind.price,
        reduce_only="YES" if _reduces(command, terms) else None,
    )


def _reduces(command: PlaceOrder, terms: Terms) -> bool:
    one_way = command.key.position_side is PositionSide.NET
    return command.reduce_only and one_way and terms.market is Market.FUTURES


def _trade_side(command: PlaceOrder) -> str:
    return "open" if command.side is OPENING[command.key.position_side] else "close"


def _plain(command: PlaceOrder, value: Decimal | None, what: str) -> str:
    if value is None or not value.is_finite() or value <= ZERO:
        raise InvalidOrderError(f"{what} {value} is not above 0", venue=command.key.venue)
    return proper(value)


def _at_any_price(command: PlaceOrder, terms: Terms) -> bool:
    """True for MARKET and for an IoC whose limit is the end of the grid.

    A spot buy's market size is money: as MARKET it is refused, at the end of the grid a limit.
    """
    in_money = terms.market is Market.SPOT and command.side is Side.BUY
    if command.ord_type is OrdType.MARKET:
        if in_money:
            text = "a market buy on Bitget spot is sized in quote coin: a limit is needed"
            raise InvalidOrderError(text, venue=command.key.venue)
        return True
    limit_px, grid = command.limit_px, terms.instrument
    if limit_px is None or grid is None or command.time_in_force is not TimeInForce.IOC:
        return False
    if command.side is Side.SELL:
        return limit_px <= grid.lowest_px
    return not in_money and limit_px >= grid.highest_px


class _Cancel(msgspec.Struct, rename="camel", omit_defaults=True):
    order_id: str
    symbol: str | None = None
    product_type: str | None = None
    margin_coin: str | None = None
    category: str | None = None


def encode_cancel(command: CancelOrder, terms: Terms) -> bytes:
    """The body of a cancel, by the venue's id."""
    if terms.dialect is Dialect.UTA:
        body = _Cancel(order_id=command.venue_order_id, category=terms.market.value)
    elif terms.market is Market.SPOT:
        body = _Cancel(order_id=command.venue_order_id, symbol=command.key.symbol)
    else:
        body = _Cancel(
            order_id=command.venue_order_id,
            symbol=command.key.symbol,
            product_type=terms.market.value,
            margin_coin=USDT,
        )
    return msgspec.json.encode(body)


class _Ids(msgspec.Struct, rename="camel"):
    order_id: str | int | None = None
    client_oid: str | int | None = None


_IDS: Final = msgspec.json.Decoder(_Ids)


def decode_placed(
    stamp: Stamp, command: PlaceOrder, status: int, body: bytes
) -> tuple[VenueEvent, ...]:
    """What an answer to a placing proves."""
    answer = decode_answer(status, body)
    if isinstance(answer, Refusal):
        reason = reason_of(answer)
        if reason is RejectReason.DUPLICATE_ID or not definitive(answer):
            return (in_doubt(stamp, command, reason, answer.text),)
        return (rejected(stamp, command, reason, answer.text),)
    try:
        order_id = _order_id(answer, command.client_order_id)
    except UnreadableError as error:
        doubt = in_doubt(stamp, command, RejectReason.VENUE_ERROR, str(error))
        return (undecodable(stamp, "place order", body, str(error)), doubt)
    accepted = OrderAccepted(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        venue_order_id=order_id,
        transact_time_ns=answer.time_ns,
    )
    return (accepted,)


def _order_id(answer: Success, asked: str) -> VenueOrderId | None:
    """The venue's id; None where it has not made one yet (UTA, when an order replaces another)."""
    ids = decode_as(_IDS, answer.data)
    if ids.client_oid not in {None, "", asked}:
        raise UnreadableError(f"the answer is of order {str(ids.client_oid)[:60]}")
    if ids.order_id in {None, ""}:
        if ids.client_oid != asked:
            raise UnreadableError("the answer names no order")
        return None
    return VenueOrderId(name(ids.order_id, "orderId"))


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
    """Nobody knows whether the order exists: look it up by its client id."""
    return OrderInDoubt(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        reason=reason,
        text=text,
    )


def decode_canceled(stamp: Stamp, command: CancelOrder, status: int, body: bytes) -> VenueEvent:
    """What an answer to a cancel proves; it never says what had filled by then."""
    answer = decode_answer(status, body)
    if isinstance(answer, Refusal):
        return cancel_rejected(stamp, command, reason_of(answer), answer.text)
    return OrderCanceled(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        venue_order_id=command.venue_order_id,
        transact_time_ns=answer.time_ns,
    )


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
