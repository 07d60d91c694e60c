"""Spot's writes, by base quantity or, for market orders, by quote quantity."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.crypto.desk import NewOrder
from daemon.paper.crypto.model import Order, OrdType, TimeInForce
from daemon.paper.phemex import placing
from daemon.paper.phemex.calls import Call
from daemon.paper.phemex.errors import QTY_TYPE, SIDE, TIME, TYPE, ApiError, missing, wrong
from daemon.paper.phemex.spot_views import answer_view
from daemon.paper.phemex.words import POST_ONLY, SIDES, TIMES, TYPES
from daemon.paper.units import ZERO


def place(call: Call) -> object:
    """POST /spot/orders, PUT /spot/orders/create"""
    return placing.place(call, _new_order, answer_view)


def _new_order(call: Call) -> NewOrder:
    params, instrument, market = call.params, call.instrument(), call.market
    ord_type = params.one_of("ordType", TYPES, TYPE, "Limit")
    is_market = ord_type is OrdType.MARKET
    kind = params.need("qtyType")
    if kind not in ("ByBase", "ByQuote") or (kind == "ByQuote" and not is_market):
        raise ApiError(*QTY_TYPE)
    if params.number("stopPxEp"):
        raise wrong()
    params.need("baseQtyEv" if kind == "ByBase" else "quoteQtyEv")
    if not is_market:
        params.need("priceEp")
    word = params.text("timeInForce", "GoodTillCancel")
    time_in_force = params.one_of("timeInForce", TIMES, TIME, word)
    quote_qty = _unscaled(call, "quoteQtyEv", market.value_scale(instrument.quote))
    return NewOrder(
        account=call.account,
        symbol=instrument.symbol,
        side=params.one_of("side", SIDES, SIDE),
        ord_type=ord_type,
        client_order_id=params.client_id(),
        qty=_unscaled(call, "baseQtyEv", market.value_scale(instrument.base)),
        quote_qty=quote_qty if kind == "ByQuote" else None,
        price=None if is_market else _unscaled(call, "priceEp", market.price_scale(instrument)),
        time_in_force=TimeInForce.IOC if is_market else time_in_force,
        post_only=word == POST_ONLY and not is_market,
    )


def _unscaled(call: Call, name: str, scale: int) -> Decimal:
    return Decimal(call.params.number(name) or 0).scaleb(-scale)


def cancel(call: Call) -> object:
    """DELETE /spot/orders"""
    return placing.cancel(call, answer_view)


def cancel_all(call: Call) -> object:
    """DELETE /spot/orders/all: says how many."""
    return {"total": placing.cancel_all(call, answer_view)}


def amend(call: Call) -> object:
    """PUT /spot/orders"""
    return placing.amend(call, answer_view, _terms)


def _terms(call: Call, order: Order) -> tuple[Decimal, Decimal]:
    instrument, market = call.instrument(), call.market
    qty = _unscaled(call, "baseQtyEv", market.value_scale(instrument.base))
    price = _unscaled(call, "priceEp", market.price_scale(instrument))
    if qty == ZERO and price == ZERO:
        raise missing("baseQtyEv")
    return qty or order.qty, price or order.price
