"""Binance orders: what is sent to place and cancel, and what the answers prove. Pure.

Spot answers a placement with the trades it made (`newOrderRespType` FULL); they carry no time and
no maker flag of their own: they happened at `transactTime`, as taker (Binance docs: new order).
USD-M never does, so its `executedQty` is a claim until the fills come. An answer that does not
name the order proves nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypedDict

import msgspec

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.events import (
    CancelRejected,
    Fill,
    OrderAccepted,
    OrderInDoubt,
    OrderRejected,
    Undecodable,
    VenueEvent,
)
from daemon.core.terms import (
    ZERO,
    ClientOrderId,
    OrdType,
    PositionSide,
    RejectReason,
    Side,
    Symbol,
    TimeInForce,
    proper,
)
from daemon.venues.binance.error_wire import Refusal, decode_refusal, definitive, reason_of
from daemon.venues.binance.order_wire import order_facts
from daemon.venues.binance.wire import (
    SPOT,
    Execution,
    OrderFacts,
    client_id_of,
    fill_of,
    order_id_of,
    side_of,
    status_event,
    symbol_of,
    time_of,
)
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, undecodable, unsigned
from daemon.venues.errors import InvalidOrderError

SIDE_WORDS: Final = {Side.BUY: "BUY", Side.SELL: "SELL"}
TIME_WORDS: Final = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}
POSITION_WORDS: Final = {PositionSide.LONG: "LONG", PositionSide.SHORT: "SHORT"}
SELF_TRADE: Final = {True: "EXPIRE_MAKER", False: "EXPIRE_TAKER"}
"""By `cancel_own_crossing`: the resting order of ours goes, or the one that comes."""

SUCCESS: Final = 200
REDIRECT: Final = 300


def encode_place(command: PlaceOrder) -> dict[str, str]:
    """The parameters of POST order, unsigned: a pure function of the command.

    On spot there is no reduce-only; on a hedged USD-M account the position side says what is
    reduced, and Binance refuses `reduceOnly` beside it. A MARKET order has neither price nor
    `timeInForce` (Binance docs: new order). Raises `InvalidOrderError` for a quantity or price that
    is not above 0, and for a hedged position on spot.
    """
    key, venue = command.key, command.key.venue
    spot = venue == SPOT
    params = {
        "symbol": str(key.symbol),
        "side": SIDE_WORDS[command.side],
        "quantity": _plain(command.order_qty, "order_qty"),
        "newClientOrderId": str(command.client_order_id),
        "newOrderRespType": "FULL" if spot else "RESULT",
        "selfTradePreventionMode": SELF_TRADE[command.cancel_own_crossing],
        **_kind(command),
    }
    if key.position_side is not PositionSide.NET:
        if spot:
            raise InvalidOrderError(f"{key.name}: spot has no position sides", venue=venue)
        params["positionSide"] = POSITION_WORDS[key.position_side]
    elif command.reduce_only and not spot:
        params["reduceOnly"] = "true"
    return params


def _kind(command: PlaceOrder) -> dict[str, str]:
    if command.ord_type is OrdType.MARKET:
        return {"type": "MARKET"}
    return {
        "type": "LIMIT",
        "timeInForce": TIME_WORDS[command.time_in_force],
        "price": _plain(command.limit_px, "limit_px"),
    }


def _plain(value: Decimal | None, what: str) -> str:
    if value is None or not value.is_finite() or value <= ZERO:
        raise InvalidOrderError(f"{what} {value} is not above 0", venue="binance")
    return proper(value)


def encode_cancel(command: CancelOrder) -> dict[str, str]:
    """The parameters of DELETE order, unsigned."""
    return {"symbol": str(command.key.symbol), "orderId": str(command.venue_order_id)}


class Placed(msgspec.Struct, rename="camel", kw_only=True):
    """The answer to a placement; what ACK leaves out is None."""

    symbol: str
    order_id: int | str
    client_order_id: str = ""
    side: str | None = None
    transact_time: int | None = None
    update_time: int | None = None
    executed_qty: str | None = None
    status: str | None = None
    fills: list[msgspec.Raw] | None = None


class PlacedFill(msgspec.Struct, rename="camel", kw_only=True):
    """A trade in a placement's answer. `takerOrMaker` is not Binance's: other libraries add it."""

    trade_id: int | str
    price: str
    qty: str
    commission: str | None = None
    commission_asset: str | None = None
    taker_or_maker: str | bool | None = None


_PLACED: Final = msgspec.json.Decoder(Placed)
_FILL: Final = msgspec.json.Decoder(PlacedFill)
_MAKER: Final = {"maker": True, "taker": False}


def decode_placed(
    stamp: Stamp, command: PlaceOrder, status: int, body: bytes
) -> tuple[VenueEvent, ...]:
    """What an answer to a placement proves: acceptance, its trades, and its end if it has ended."""
    if not SUCCESS <= status < REDIRECT:
        return (_refused(stamp, command, decode_refusal(status, body)),)
    try:
        placed = decode_as(_PLACED, body)
        accepted = _accepted(stamp, command, placed)
    except UnreadableError as error:
        text = f"HTTP {status}: {error}"
        doubt = in_doubt(stamp, command, RejectReason.VENUE_ERROR, text)
        return (undecodable(stamp, f"{stamp['venue']} new order", body, str(error)), doubt)
    fills = _fills(stamp, placed, command.side)
    if placed.status is None:
        return (accepted, *fills)
    try:
        facts = order_facts(body)
        told = status_event(stamp, facts, facts.time_ns)
    except UnreadableError as error:
        told = undecodable(stamp, f"{stamp['venue']} new order", body, str(error))
    return (accepted, *fills, told)


def _accepted(stamp: Stamp, command: PlaceOrder, placed: Placed) -> OrderAccepted:
    """Raises `UnreadableError` where the answer is of another order."""
    if placed.symbol != command.key.symbol:
        raise UnreadableError(f"the answer is of {placed.symbol[:40]!r}")
    if placed.client_order_id not in {"", command.client_order_id}:
        raise UnreadableError(f"the answer is of order {placed.client_order_id[:40]!r}")
    filled = placed.executed_qty
    return OrderAccepted(
        **stamp,
        symbol=command.key.symbol,
        client_order_id=command.client_order_id,
        venue_order_id=order_id_of(placed.order_id),
        transact_time_ns=_time_ns(placed),
        cum_qty=None if filled is None else unsigned(filled, "executedQty"),
    )


def _time_ns(placed: Placed) -> int:
    return time_of(placed.transact_time or placed.update_time, "transactTime")


def decode_fills(stamp: Stamp, raw: bytes) -> tuple[Fill | Undecodable, ...]:
    """The trades of an order answer with `fills[]`, whoever placed the order."""
    try:
        placed = decode_as(_PLACED, raw)
        return _fills(stamp, placed, side_of(placed.side or ""))
    except UnreadableError as error:
        return (undecodable(stamp, f"{stamp['venue']} order with fills", raw, str(error)),)


def _fills(stamp: Stamp, placed: Placed, side: Side) -> tuple[Fill | Undecodable, ...]:
    return tuple(_fill(stamp, placed, side, raw) for raw in placed.fills or ())


def _fill(stamp: Stamp, placed: Placed, side: Side, raw: msgspec.Raw) -> Fill | Undecodable:
    try:
        row = decode_as(_FILL, raw)
        word = row.taker_or_maker
        traded = Execution(
            exec_id=row.trade_id,
            qty=row.qty,
            px=row.price,
            fee=row.commission,
            fee_currency=row.commission_asset,
            maker=_MAKER.get(word) if isinstance(word, str) else False,
            time_ns=_time_ns(placed),
        )
        ids = (order_id_of(placed.order_id), client_id_of(placed.client_order_id))
        return fill_of(stamp, symbol_of(placed.symbol), ids, side, traded)
    except UnreadableError as error:
        return undecodable(stamp, f"{stamp['venue']} fill of an order", bytes(raw), str(error))


def _refused(stamp: Stamp, command: PlaceOrder, refusal: Refusal) -> VenueEvent:
    reason = reason_of(refusal)
    if reason is RejectReason.DUPLICATE_ID or not definitive(refusal, stamp["venue"]):
        return in_doubt(stamp, command, reason, refusal.text)
    return rejected(stamp, command, reason, refusal.text)


class _Named(TypedDict):
    symbol: Symbol
    client_order_id: ClientOrderId


def _named(command: PlaceOrder | CancelOrder) -> _Named:
    return _Named(symbol=command.key.symbol, client_order_id=command.client_order_id)


def rejected(stamp: Stamp, command: PlaceOrder, reason: RejectReason, text: str) -> OrderRejected:
    """The order does not exist at the venue, and nothing on its way can make it."""
    return OrderRejected(**stamp, **_named(command), reason=reason, text=text)


def in_doubt(stamp: Stamp, command: PlaceOrder, reason: RejectReason, text: str) -> OrderInDoubt:
    """Nobody knows whether the order exists."""
    return OrderInDoubt(**stamp, **_named(command), reason=reason, text=text)


def decode_canceled(
    stamp: Stamp, command: CancelOrder, status: int, body: bytes
) -> tuple[VenueEvent, ...]:
    """What an answer to a cancel proves: normally the order's end and what had filled by then."""
    if not SUCCESS <= status < REDIRECT:
        refusal = decode_refusal(status, body)
        return (cancel_rejected(stamp, command, reason_of(refusal), refusal.text),)
    try:
        facts = _facts_of(command, body)
        return (status_event(stamp, facts, facts.time_ns),)
    except UnreadableError as error:
        text = f"HTTP {status}: {error}"
        doubt = cancel_rejected(stamp, command, RejectReason.VENUE_ERROR, text)
        return (undecodable(stamp, f"{stamp['venue']} cancel", body, str(error)), doubt)


def _facts_of(command: CancelOrder, body: bytes) -> OrderFacts:
    facts = order_facts(body)
    if facts.venue_order_id != command.venue_order_id or facts.symbol != command.key.symbol:
        raise UnreadableError(f"the answer is of order {facts.venue_order_id}")
    return facts


def cancel_rejected(
    stamp: Stamp, command: CancelOrder, reason: RejectReason, text: str
) -> CancelRejected:
    """The cancel was refused, or its answer was lost."""
    return CancelRejected(
        **stamp,
        **_named(command),
        venue_order_id=command.venue_order_id,
        reason=reason,
        text=text,
    )
