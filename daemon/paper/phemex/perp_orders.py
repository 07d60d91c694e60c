"""USDT perpetuals' writes. Orders of a symbol name their position: Merged, or Long and Short."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.crypto.desk import NewOrder
from daemon.paper.crypto.model import Order, OrdType, TimeInForce
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.model import Side
from daemon.paper.phemex import placing
from daemon.paper.phemex.calls import Call
from daemon.paper.phemex.errors import (
    LEVERAGE,
    REFUSALS,
    SIDE,
    TIME,
    TYPE,
    ApiError,
    missing,
    refusal,
    wrong,
)
from daemon.paper.phemex.perp_views import answer_view
from daemon.paper.phemex.words import (
    OPENING,
    POSITION_SIDES,
    POST_ONLY,
    SIDES,
    STP,
    TIMES,
    TYPES,
    Json,
)
from daemon.paper.units import ZERO

_MODES = {"OneWay": False, "Hedged": True}
_LEVERAGE_MOST = 100
# Of conditional and bracket orders, which this exchange does not have.
_UNSERVED = ("stopPxRp", "takeProfitRp", "stopLossRp", "pegOffsetValueRp")


def place(call: Call) -> object:
    """POST /g-orders, PUT /g-orders/create"""
    return placing.place(call, _new_order, answer_view)


def _new_order(call: Call) -> NewOrder:
    params, instrument = call.params, call.instrument()
    if any((params.decimal(name) or ZERO) != ZERO for name in _UNSERVED):
        raise wrong()
    ord_type = params.one_of("ordType", TYPES, TYPE, "Limit")
    word = params.text("timeInForce", "GoodTillCancel")
    time_in_force = params.one_of("timeInForce", TIMES, TIME, word)
    position_side = params.one_of("posSide", POSITION_SIDES, (30000, "posSide"))
    side, is_market = params.one_of("side", SIDES, SIDE), ord_type is OrdType.MARKET
    reduces = params.flag("reduceOnly") or params.flag("closeOnTrigger")
    if reduces and OPENING.get(position_side) is side:
        raise ApiError(*REFUSALS[Why.REDUCE_ONLY])
    params.need("orderQtyRq")
    if not is_market:
        params.need("priceRp")
    return NewOrder(
        account=call.account,
        symbol=instrument.symbol,
        side=side,
        ord_type=ord_type,
        client_order_id=params.client_id(),
        qty=params.decimal("orderQtyRq") or ZERO,
        price=None if is_market else params.decimal("priceRp"),
        time_in_force=TimeInForce.IOC if is_market else time_in_force,
        position_side=position_side,
        own_cross=params.one_of("stpInstruction", STP, (30000, "stpInstruction"), "None"),
        post_only=word == POST_ONLY and not is_market,
        reduce_only=reduces,
    )


def cancel(call: Call) -> object:
    """DELETE /g-orders/cancel"""
    call.params.need("posSide")
    return placing.cancel(call, answer_view)


def cancel_some(call: Call) -> object:
    """DELETE /g-orders: ids separated by commas; each answers for itself."""
    wanted = call.params.need("orderID").split(",")
    symbol, rows = call.instrument().symbol, list[Json]()
    for text in wanted:
        order = call.exchange.orders.get(call.market.order_number(text))
        if order is None or (order.account, order.symbol) != (call.account, symbol):
            rows.append({"orderID": text, "bizError": 10002})
            continue
        try:
            rows.append(placing.cancel_one(call, order, answer_view))
        except ApiError as error:
            rows.append({"orderID": text, "bizError": error.code})
    return rows


def cancel_all(call: Call) -> object:
    """DELETE /g-orders/all: says how many."""
    return placing.cancel_all(call, answer_view)


def amend(call: Call) -> object:
    """PUT /g-orders/replace"""
    call.params.need("posSide")
    return placing.amend(call, answer_view, _terms)


def _terms(call: Call, order: Order) -> tuple[Decimal, Decimal]:
    qty, price = call.params.decimal("orderQtyRq"), call.params.decimal("priceRp")
    return order.qty if qty is None else qty, order.price if price is None else price


def set_mode(call: Call) -> object:
    """PUT /g-positions/switch-pos-mode-sync: all symbols of an account have one mode here."""
    call.instrument()
    word = call.params.need("targetPosMode")
    if word not in _MODES:
        raise wrong()
    try:
        call.market.venue.upkeep.set_mode(call.account, hedge_mode=_MODES[word])
    except CoinRefusalError as refused:
        if refused.why is not Why.NO_CHANGE:
            raise refusal(refused.why, Side.BID, is_contract=True) from refused
    return "ok"


def set_leverage(call: Call) -> object:
    """PUT /g-positions/leverage: an account has one leverage here; a minus or 0 is cross margin."""
    params = call.params
    text = params.text("leverageRr", params.text("longLeverageRr"))
    if not text:
        raise missing("leverageRr")
    number = text.removeprefix("-")
    if not number.isdecimal() or not 0 <= int(number) <= _LEVERAGE_MOST:
        raise ApiError(*LEVERAGE)
    symbol = call.instrument().symbol
    if int(number):
        call.market.venue.upkeep.set_leverage(call.account, symbol, int(number))
    return "ok"
