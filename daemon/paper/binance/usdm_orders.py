"""USD-M's writes: place, amend, cancel, position mode, leverage. It decides nothing."""

from __future__ import annotations

from daemon.paper.binance.calls import Call, Json
from daemon.paper.binance.errors import ApiError, bad, unknown_order
from daemon.paper.binance.params import Params
from daemon.paper.binance.usdm_views import placed_view, places
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
from daemon.paper.crypto.model import Instrument, Order, OrdType, PositionSide
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.faults import FaultKind
from daemon.paper.units import ZERO

_TYPES = {"LIMIT": OrdType.LIMIT, "MARKET": OrdType.MARKET}
_TIMES = TIMES | {"GTX": TIMES["GTC"]}
_SIDES = {side.name: side for side in PositionSide}
_WRONG_POSITION = (-4015, "Invalid position side.")
# Conditional orders have an endpoint of their own since 2025-12-09.
_ALGO = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
)
_ALGO_TEXT = (
    "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
)
_DONE = {"code": 200, "msg": "success"}


def place(call: Call) -> object:
    """POST /fapi/v1/order"""
    received = call.note()
    try:
        order = call.venue.orders.place(_new_order(call))
    except CoinRefusalError as refusal:
        received.answers[refusal.why.value] += 1
        raise
    except ApiError as error:
        received.answers[str(error.code)] += 1
        raise
    received.answers["created"] += 1
    if call.params.text("newOrderRespType", "ACK") == "RESULT":
        return placed_view(order)
    # An ACK is the order as it was when it came in.
    blank = {"status": "NEW", "executedQty": "0", "cumQty": "0", "cumQuote": "0", "avgPrice": "0"}
    return placed_view(order) | blank


def test(call: Call) -> object:
    """POST /fapi/v1/order/test"""
    call.venue.orders.checked(_new_order(call))
    return {}


def _new_order(call: Call) -> NewOrder:
    params, instrument = call.params, call.instrument()
    word = params.need("type")
    if word in _ALGO:
        raise bad(-4120, _ALGO_TEXT)
    ord_type = params.one_of("type", _TYPES, WRONG_TYPE)
    side = params.one_of("side", SIDES, WRONG_SIDE)
    position_side = PositionSide.BOTH
    if "positionSide" in params:
        position_side = params.one_of("positionSide", _SIDES, _WRONG_POSITION)
    if "reduceOnly" in params and position_side is not PositionSide.BOTH:
        raise bad(-1106, "Parameter 'reduceonly' sent when not required.")
    stp = params.text("selfTradePreventionMode", "NONE")
    if stp not in STP:
        raise bad(*WRONG_STP)
    time_word = params.text("timeInForce", "GTC")
    if ord_type is OrdType.LIMIT:
        params.one_of("timeInForce", _TIMES, WRONG_TIME)
        params.need("price")
    params.need("quantity")
    _check_places(params, instrument)
    return NewOrder(
        account=call.account,
        symbol=instrument.symbol,
        side=side,
        ord_type=ord_type,
        client_order_id=call.new_client_id(),
        qty=params.decimal("quantity") or ZERO,
        price=params.decimal("price") if ord_type is OrdType.LIMIT else None,
        time_in_force=_TIMES[time_word] if ord_type is OrdType.LIMIT else TIMES["IOC"],
        position_side=position_side,
        own_cross=STP[stp],
        post_only=time_word == "GTX",
        reduce_only=params.flag("reduceOnly"),
        labels={"type": word, "stp": stp, "time_in_force": time_word},
    )


def _check_places(params: Params, instrument: Instrument) -> None:
    for name, step in (("quantity", instrument.lot), ("price", instrument.tick)):
        if params.places(name) > places(step):
            raise bad(-1111, "Precision is over the maximum defined for this asset.")


def amend(call: Call) -> object:
    """PUT /fapi/v1/order: quantity and price of a limit order."""
    order = call.live_order()
    if order is None:
        raise bad(-2013, "Order does not exist.")
    params = call.params
    _check_places(params, call.instrument())
    for name in ("quantity", "price", "side"):
        params.need(name)
    qty, price = params.decimal("quantity") or ZERO, params.decimal("price") or ZERO
    return placed_view(call.venue.orders.amend(order, qty, price))


def cancel(call: Call) -> object:
    """DELETE /fapi/v1/order"""
    order = call.live_order()
    if order is None:
        raise unknown_order()
    return _cancel(call, order)


def _cancel(call: Call, order: Order) -> Json:
    faults = call.venue.exchange.faults
    if order.is_open and faults.take(FaultKind.CANCEL_RACE, call.where):
        call.venue.upkeep.fill_rest(order)
    return placed_view(call.venue.orders.cancel(order))


def cancel_all(call: Call) -> object:
    """DELETE /fapi/v1/allOpenOrders"""
    symbol = call.instrument().symbol
    for order in list(call.venue.exchange.open_orders[call.account].values()):
        if order.symbol == symbol:
            _cancel(call, order)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def set_mode(call: Call) -> object:
    """POST /fapi/v1/positionSide/dual"""
    call.params.need("dualSidePosition")
    is_hedge = call.params.flag("dualSidePosition")
    try:
        call.venue.upkeep.set_mode(call.account, hedge_mode=is_hedge)
    except CoinRefusalError as refusal:
        if refusal.why is Why.NO_CHANGE:
            raise bad(-4059, "No need to change position side.") from refusal
        raise
    return _DONE


def set_leverage(call: Call) -> object:
    """POST /fapi/v1/leverage: this exchange keeps one leverage for an account."""
    symbol = call.instrument().symbol
    leverage = call.params.number("leverage") or 0
    if not 1 <= leverage <= 125:  # noqa: PLR2004 - the venue's own bounds
        raise bad(-4028, f"Leverage {leverage} is not valid")
    call.venue.upkeep.set_leverage(call.account, symbol, leverage)
    return {"symbol": symbol, "leverage": leverage, "maxNotionalValue": "1000000"}


def set_margin_type(call: Call) -> object:
    """POST /fapi/v1/marginType: positions are cross here."""
    call.instrument()
    if call.params.need("marginType") != "CROSSED":
        raise bad(-4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode.")
    raise bad(-4046, "No need to change margin type.")
