"""Spot's reads of a member's own. As late or stale as they are told."""

from __future__ import annotations

from daemon.paper.phemex.calls import Call
from daemon.paper.phemex.errors import no_order
from daemon.paper.phemex.spot_views import history_view, state_row, trade_view, wallet_view


def open_list(call: Call) -> object:
    """GET /spot/orders"""
    call.instrument()
    rows = [order for order in call.orders() if order.is_open]
    if not rows and call.market.config.empty_list == "not_found":
        raise no_order()
    return [state_row(call.market, order) for order in rows]


def open_order(call: Call) -> object:
    """GET /spot/orders/active: only while it is open."""
    for order in call.seen_orders():
        if order.is_open:
            return state_row(call.market, order)
    raise no_order()


def order_history(call: Call) -> object:
    """GET /api-data/spots/orders"""
    call.instrument()
    start, end = call.span_ns()
    rows = [order for order in call.orders() if start <= order.created_ns < end]
    return [history_view(call.market, order) for order in call.page(rows)]


def orders_by_id(call: Call) -> object:
    """GET /api-data/spots/orders/by-order-id"""
    return [history_view(call.market, order) for order in call.seen_orders()]


def trades(call: Call) -> object:
    """GET /api-data/spots/trades"""
    call.instrument()
    start, end = call.span_ns()
    rows = [fill for fill in call.fills() if start <= fill.time_ns < end]
    return [trade_view(call.market, fill) for fill in call.page(rows)]


def trade_rows(call: Call) -> object:
    """GET /exchange/spot/order/trades: the same in an envelope, as ccxt asks for it."""
    found = trades(call)
    assert isinstance(found, list)
    return {"total": len(found), "rows": found}


def wallets(call: Call) -> object:
    """GET /spot/wallets: all coins, or `currency`."""
    wanted, now = call.params.text("currency"), call.market.venue.door_ns()
    return [
        wallet_view(call.market, coin, balance, now)
        for coin, balance in call.balances().items()
        if wanted in ("", coin)
    ]
