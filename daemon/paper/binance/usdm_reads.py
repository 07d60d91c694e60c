"""USD-M's reads of a member's own: orders, trades, positions, balances, income."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.binance.calls import Call, Json, quotient8
from daemon.paper.binance.errors import bad, no_order
from daemon.paper.binance.usdm_views import forced_view, order_view, position_view, trade_view
from daemon.paper.binance.windows import page
from daemon.paper.crypto.happenings import Cause
from daemon.paper.crypto.model import Order, Origin, Position
from daemon.paper.crypto.oracle import plain
from daemon.paper.units import ZERO, millis

_WEEK_MS = 7 * 86_400_000


def order(call: Call) -> object:
    """GET /fapi/v1/order"""
    return order_view(_seen(call))


def open_order(call: Call) -> object:
    """GET /fapi/v1/openOrder: only while it is open."""
    found = _seen(call)
    if not found.is_open:
        raise no_order()
    return order_view(found)


def _seen(call: Call) -> Order:
    found = call.live_order()
    seen = None
    if found is not None:
        seen = call.venue.exchange.order_history[found.order_id].at(call.read_ns)
    if seen is None:
        raise no_order()
    return seen


def open_orders(call: Call) -> object:
    """GET /fapi/v1/openOrders"""
    symbol = call.instrument().symbol if "symbol" in call.params else ""
    return [order_view(row) for row in call.orders(symbol) if row.is_open]


def all_orders(call: Call) -> object:
    """GET /fapi/v1/allOrders"""
    _check_window(call)
    rows = page(
        call.orders(call.instrument().symbol),
        call.params,
        first_id="orderId",
        id_of=lambda row: row.order_id,
        ns_of=lambda row: row.created_ns,
    )
    return [order_view(row) for row in rows]


def force_orders(call: Call) -> object:
    """GET /fapi/v1/forceOrders: liquidations and auto-deleveragings."""
    symbol = call.instrument().symbol if "symbol" in call.params else ""
    kind = call.params.text("autoCloseType")
    wanted = {"": (Origin.LIQUIDATION, Origin.ADL), "ADL": (Origin.ADL,)}
    chosen = wanted.get(kind, (Origin.LIQUIDATION,))
    return [forced_view(row) for row in call.orders(symbol) if row.origin in chosen]


def user_trades(call: Call) -> object:
    """GET /fapi/v1/userTrades: without any bound the last seven days."""
    _check_window(call)
    params = call.params
    if "fromId" in params and ("startTime" in params or "endTime" in params):
        raise bad(-1128, "Combination of optional parameters invalid.")
    wanted = params.number("orderId")
    rows = [f for f in call.fills(call.instrument().symbol) if wanted in (None, f.order_id)]
    if not {"fromId", "startTime", "endTime"} & params.values.keys():
        oldest_ms = millis(call.venue.now_ns()) - _WEEK_MS
        rows = [fill for fill in rows if millis(fill.time_ns) >= oldest_ms]
    rows = page(
        rows,
        params,
        first_id="fromId",
        id_of=lambda row: row.trade_id,
        ns_of=lambda row: row.time_ns,
    )
    return [trade_view(row) for row in rows]


def _check_window(call: Call) -> None:
    start, end = call.params.number("startTime"), call.params.number("endTime")
    if start is not None and end is not None and end - start > _WEEK_MS:
        raise bad(-4165, "Invalid time interval. Maximum time interval is 7 days.")


def positions(call: Call) -> object:
    """GET /fapi/v3/positionRisk: only what is held, or has an open order."""
    wanted = call.instrument().symbol if "symbol" in call.params else ""
    used = {row.symbol for row in call.orders() if row.is_open}
    return [
        _position_view(call, position)
        for position in call.positions()
        if wanted in ("", position.symbol) and (position.qty or position.symbol in used)
    ]


def _position_view(call: Call, position: Position) -> Json:
    exchange = call.venue.exchange
    return position_view(
        position,
        exchange.instruments[position.symbol],
        exchange.mark_px(position.symbol),
        exchange.unrealized(position),
        exchange.accounts[call.account].leverage,
    )


def balances(call: Call) -> object:
    """GET /fapi/v3/balance"""
    return [_asset_view(call, coin) for coin in call.balances()]


def _asset_view(call: Call, coin: str) -> Json:
    profit, total = _profit(call, coin), call.balances()[coin].free
    return {
        "accountAlias": "SgsR",
        "asset": coin,
        "balance": plain(total),
        "crossWalletBalance": plain(total),
        "crossUnPnl": plain(profit),
        "availableBalance": plain(
            max(call.venue.orders.available_margin(call.account, coin), ZERO)
        ),
        "maxWithdrawAmount": plain(total),
        "marginAvailable": True,
        "updateTime": millis(call.venue.now_ns()),
    }


def _profit(call: Call, coin: str) -> Decimal:
    exchange = call.venue.exchange
    rows = [p for p in call.positions() if exchange.instruments[p.symbol].quote == coin]
    return sum((exchange.unrealized(position) for position in rows), ZERO)


def account(call: Call) -> object:
    """GET /fapi/v2/account and v3/account"""
    wallet = sum((balance.free for balance in call.balances().values()), ZERO)
    profit = sum((_profit(call, coin) for coin in call.balances()), ZERO)
    leverage = Decimal(call.venue.exchange.accounts[call.account].leverage)
    margin = sum((quotient8(p.cost, leverage) for p in call.positions()), ZERO)
    totals: Json = {
        "totalInitialMargin": plain(margin),
        "totalMaintMargin": plain(ZERO),
        "totalWalletBalance": plain(wallet),
        "totalUnrealizedProfit": plain(profit),
        "totalMarginBalance": plain(wallet + profit),
        "totalPositionInitialMargin": plain(margin),
        "totalOpenOrderInitialMargin": plain(ZERO),
        "totalCrossWalletBalance": plain(wallet),
        "totalCrossUnPnl": plain(profit),
        "availableBalance": plain(max(wallet + profit - margin, ZERO)),
        "maxWithdrawAmount": plain(max(wallet + profit - margin, ZERO)),
    }
    head: Json = {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True}
    return {
        **head,
        **totals,
        "assets": [_account_asset(call, coin) for coin in call.balances()],
        "positions": [_account_position(call, position) for position in call.positions()],
    }


def _account_asset(call: Call, coin: str) -> Json:
    balance, profit = call.balances()[coin], _profit(call, coin)
    return {
        "asset": coin,
        "walletBalance": plain(balance.free),
        "unrealizedProfit": plain(profit),
        "marginBalance": plain(balance.free + profit),
        "maintMargin": "0",
        "initialMargin": "0",
        "positionInitialMargin": "0",
        "openOrderInitialMargin": "0",
        "crossWalletBalance": plain(balance.free),
        "crossUnPnl": plain(profit),
        "availableBalance": plain(
            max(call.venue.orders.available_margin(call.account, coin), ZERO)
        ),
        "maxWithdrawAmount": plain(balance.free),
        "marginAvailable": True,
        "updateTime": millis(call.venue.now_ns()),
    }


def _account_position(call: Call, position: Position) -> Json:
    view = _position_view(call, position)
    return view | {"unrealizedProfit": view["unRealizedProfit"], "isolated": False}


def mode(call: Call) -> object:
    """GET /fapi/v1/positionSide/dual"""
    return {"dualSidePosition": call.venue.exchange.accounts[call.account].hedge_mode}


def brackets(call: Call) -> object:
    """GET /fapi/v1/leverageBracket: one bracket for all."""
    bracket = {
        "bracket": 1,
        "initialLeverage": 125,
        "notionalCap": 1_000_000,
        "notionalFloor": 0,
        "maintMarginRatio": 0.004,
        "cum": 0.0,
    }
    chosen = [call.instrument()] if "symbol" in call.params else []
    rows = chosen or list(call.venue.exchange.instruments.values())
    return [{"symbol": each.symbol, "brackets": [bracket]} for each in rows]


def income(call: Call) -> object:
    """GET /fapi/v1/income: commissions, realized profit and funding, oldest first."""
    exchange, read_ns = call.venue.exchange, call.read_ns
    rows: list[tuple[int, Json]] = []
    for number, fill in enumerate(exchange.fills[call.account]):
        if fill.visible_ns <= read_ns:
            at_ns, coin = fill.time_ns, exchange.instruments[fill.symbol].quote
            paid = _income("COMMISSION", fill.symbol, -fill.fee, fill.fee_coin, at_ns)
            rows.append((3 * number, paid))
            if fill.realized:
                earned = _income("REALIZED_PNL", fill.symbol, fill.realized, coin, at_ns)
                rows.append((3 * number + 1, earned))
    for number, moved in enumerate(exchange.moves[call.account]):
        if moved.cause is Cause.FUNDING and moved.time_ns <= read_ns:
            for coin, delta in moved.deltas.items():
                row = _income("FUNDING_FEE", moved.symbol, delta, coin, moved.time_ns)
                rows.append((3 * number + 2, row))
    wanted, symbol = call.params.text("incomeType"), call.params.text("symbol")
    start, end = call.params.number("startTime"), call.params.number("endTime")
    chosen = [
        row | {"tranId": exchange.first_id + number}
        for number, row in rows
        if wanted in ("", row["incomeType"])
        and symbol in ("", row["symbol"])
        and (start is None or int(str(row["time"])) >= start)
        and (end is None or int(str(row["time"])) <= end)
    ]
    return sorted(chosen, key=lambda row: int(str(row["time"])))[: call.params.limit(100, 1000)]


def _income(kind: str, symbol: str, change: Decimal, coin: str, time_ns: int) -> Json:
    return {
        "symbol": symbol,
        "incomeType": kind,
        "income": plain(change),
        "asset": coin,
        "info": kind,
        "time": millis(time_ns),
        "tradeId": "",
    }
