"""Spot's writes: place, test, cancel. It translates for the order desk and decides nothing."""

from __future__ import annotations

from daemon.paper.binance.calls import Call, Json
from daemon.paper.binance.errors import ApiError, bad, gone, missing, unknown_order
from daemon.paper.binance.params import Params
from daemon.paper.binance.spot_views import ack_view, canceled_view, full_view, result_view
from daemon.paper.binance.words import (
    SIDES,
    STP,
    TIMES,
    WRONG_SIDE,
    WRONG_STP,
    WRONG_TIME,
    WRONG_TYPE,
)
from daemon.paper.crypto.desk import NewOrder
from daemon.paper.crypto.model import Order, OrdType, TimeInForce
from daemon.paper.crypto.refusal import CoinRefusalError
from daemon.paper.faults import FaultKind
from daemon.paper.units import ZERO

_TYPES = {"LIMIT": OrdType.LIMIT, "LIMIT_MAKER": OrdType.LIMIT, "MARKET": OrdType.MARKET}
_FORMS = ("ACK", "RESULT", "FULL")
_PLACES = 8


def place(call: Call) -> object:
    """POST /api/v3/order, order.place"""
    received = call.note()
    try:
        new = _new_order(call)
        form = call.params.text("newOrderRespType", "FULL")
        if form not in _FORMS:
            raise bad(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
        order = call.venue.orders.place(new)
    except CoinRefusalError as refusal:
        received.answers[refusal.why.value] += 1
        raise
    except ApiError as error:
        received.answers[str(error.code)] += 1
        raise
    received.answers["created"] += 1
    if form == "ACK":
        return ack_view(order)
    if form == "RESULT":
        return result_view(order)
    fills = call.venue.exchange.fills[call.account]
    return full_view(order, [fill for fill in fills if fill.order_id == order.order_id])


def test(call: Call) -> object:
    """POST /api/v3/order/test: what `place` would check."""
    call.venue.orders.checked(_new_order(call))
    return {}


def _new_order(call: Call) -> NewOrder:
    params = call.params
    instrument = call.instrument()
    side = params.one_of("side", SIDES, WRONG_SIDE)
    word = params.need("type")
    ord_type = params.one_of("type", _TYPES, WRONG_TYPE)
    for name in ("quantity", "price", "quoteOrderQty"):
        if params.places(name) > _PLACES:
            raise bad(-1111, f"Parameter '{name}' has too much precision.")
    time_in_force = _time_in_force(params, word)
    _check_sent(params, word)
    stp = params.text("selfTradePreventionMode", "NONE")
    if stp not in STP:
        raise bad(*WRONG_STP)
    return NewOrder(
        account=call.account,
        symbol=instrument.symbol,
        side=side,
        ord_type=ord_type,
        client_order_id=call.new_client_id(),
        qty=params.decimal("quantity") or ZERO,
        quote_qty=params.decimal("quoteOrderQty") if word == "MARKET" else None,
        price=params.decimal("price") if word != "MARKET" else None,
        time_in_force=time_in_force,
        own_cross=STP[stp],
        post_only=word == "LIMIT_MAKER",
        labels={"type": word, "stp": stp, "time_in_force": params.text("timeInForce", "GTC")},
    )


def _time_in_force(params: Params, word: str) -> TimeInForce:
    if word == "LIMIT":
        return params.one_of("timeInForce", TIMES, WRONG_TIME)
    if "timeInForce" in params:
        raise bad(-1106, "Parameter 'timeInForce' sent when not required.")
    return TimeInForce.GTC


def _check_sent(params: Params, word: str) -> None:
    """What each type must bring and may not bring."""
    if word == "MARKET":
        if "price" in params:
            raise bad(-1106, "Parameter 'price' sent when not required.")
        if ("quantity" in params) is ("quoteOrderQty" in params):
            raise missing("quantity")
        return
    for name in ("quantity", "price"):
        params.need(name)
    if "quoteOrderQty" in params:
        raise bad(-1106, "Parameter 'quoteOrderQty' sent when not required.")


def cancel(call: Call) -> object:
    """DELETE /api/v3/order, order.cancel"""
    order = call.live_order()
    if order is None:
        raise unknown_order()
    return _cancel(call, order)


def cancel_all(call: Call) -> object:
    """DELETE /api/v3/openOrders, openOrders.cancelAll"""
    symbol = call.instrument().symbol
    rows = call.venue.exchange.open_orders[call.account].values()
    found = [order for order in rows if order.symbol == symbol]
    if not found:
        raise unknown_order()
    return [_cancel(call, order) for order in found]


def _cancel(call: Call, order: Order) -> Json:
    request_id = call.new_client_id()
    faults = call.venue.exchange.faults
    if order.is_open and faults.take(FaultKind.CANCEL_RACE, call.where):
        call.venue.upkeep.fill_rest(order)
    return canceled_view(call.venue.orders.cancel(order, request_id), request_id)


def no_listen_key(_call: Call) -> object:
    """/api/v3/userDataStream: taken away on 2026-02-20."""
    raise gone("userDataStream")
