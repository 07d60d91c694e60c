"""Spot's reads of a member's own: orders, trades, balances. As late or stale as they are told."""

from __future__ import annotations

from daemon.paper.binance.calls import Call
from daemon.paper.binance.errors import bad, no_order
from daemon.paper.binance.spot_views import order_view, trade_view
from daemon.paper.binance.windows import page
from daemon.paper.binance.words import fixed8
from daemon.paper.units import millis

_DAY_MS = 86_400_000


def order(call: Call) -> object:
    """GET /api/v3/order, order.status"""
    found = call.live_order()
    if found is None:
        raise no_order()
    seen = call.venue.exchange.order_history[found.order_id].at(call.read_ns)
    if seen is None:
        call.venue.exchange.faults.note("order_not_readable_yet")
        raise no_order()
    return order_view(seen)


def open_orders(call: Call) -> object:
    """GET /api/v3/openOrders, openOrders.status"""
    symbol = call.instrument().symbol if "symbol" in call.params else ""
    return [order_view(row) for row in call.orders(symbol) if row.is_open]


def all_orders(call: Call) -> object:
    """GET /api/v3/allOrders, allOrders"""
    _check_window(call)
    rows = page(
        call.orders(call.instrument().symbol),
        call.params,
        first_id="orderId",
        id_of=lambda row: row.order_id,
        ns_of=lambda row: row.created_ns,
    )
    return [order_view(row) for row in rows]


def my_trades(call: Call) -> object:
    """GET /api/v3/myTrades, myTrades"""
    _check_window(call)
    params = call.params
    if "fromId" in params and ("startTime" in params or "endTime" in params):
        raise bad(-1128, "Combination of optional parameters invalid.")
    wanted = params.number("orderId")
    fills = call.fills(call.instrument().symbol)
    rows = page(
        [fill for fill in fills if wanted in (None, fill.order_id)],
        params,
        first_id="fromId",
        id_of=lambda row: row.trade_id,
        ns_of=lambda row: row.time_ns,
    )
    return [trade_view(row) for row in rows]


def _check_window(call: Call) -> None:
    start, end = call.params.number("startTime"), call.params.number("endTime")
    if start is not None and end is not None and end - start > _DAY_MS:
        raise bad(-1127, "More than 24 hours between startTime and endTime.")


def account(call: Call) -> object:
    """GET /api/v3/account, account.status"""
    omits = call.params.flag("omitZeroBalances")
    rows = [
        {"asset": coin, "free": fixed8(balance.free), "locked": fixed8(balance.locked)}
        for coin, balance in call.balances().items()
        if not omits or balance.free or balance.locked
    ]
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": "0.00100000",
            "taker": "0.00100000",
            "buyer": "0.00000000",
            "seller": "0.00000000",
        },
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": millis(call.venue.now_ns()),
        "accountType": "SPOT",
        "balances": rows,
        "permissions": ["SPOT"],
        "uid": 354937868,
    }


def key_restrictions(call: Call) -> object:
    """GET /sapi/v1/account/apiRestrictions"""
    account = call.venue.exchange.accounts[call.account]
    return {
        "ipRestrict": False,
        "createTime": millis(call.venue.now_ns()),
        "enableReading": True,
        "enableWithdrawals": account.withdraws,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": True,
        "enablePortfolioMarginTrading": False,
    }
