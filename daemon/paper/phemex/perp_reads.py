"""USDT perpetuals' reads of a member's own. As late or stale as they are told."""

from __future__ import annotations

from daemon.paper.crypto.happenings import AccountMoved, Cause
from daemon.paper.crypto.model import Order, Position, PositionSide
from daemon.paper.crypto.oracle import plain
from daemon.paper.phemex.calls import Call
from daemon.paper.phemex.errors import no_order
from daemon.paper.phemex.perp_views import (
    account_view,
    answer_view,
    history_view,
    last_exec,
    numbered_trade,
    numbered_view,
    position_view,
    trade_view,
)
from daemon.paper.phemex.words import Json
from daemon.paper.units import ZERO


def open_list(call: Call) -> object:
    """GET /g-orders/activeList"""
    call.instrument()
    found = [_open_view(call, order) for order in call.orders() if order.is_open]
    if not found and call.market.config.empty_list == "not_found":
        raise no_order()
    return {"rows": found, "nextPageArg": ""}


def _open_view(call: Call, order: Order) -> Json:
    return answer_view(call.market, order, last_exec(call.market, order))


def open_order(call: Call) -> object:
    """GET /g-orders/active: only while it is open."""
    for order in call.seen_orders():
        if order.is_open:
            return _open_view(call, order)
    raise no_order()


def order_history(call: Call) -> object:
    """GET /api-data/g-futures/orders"""
    start, end = call.span_ns()
    rows = [order for order in call.orders() if start <= order.created_ns < end]
    return [history_view(call.market, order) for order in call.page(rows)]


def orders_by_id(call: Call) -> object:
    """GET /api-data/g-futures/orders/by-order-id"""
    return [history_view(call.market, order) for order in call.seen_orders()]


def order_list(call: Call) -> object:
    """GET /exchange/order/v2/orderList: orders that have ended."""
    call.params.need("currency")
    start, end = call.span_ns()
    rows = [o for o in call.orders() if not o.is_open and start <= o.created_ns < end]
    shown = [numbered_view(call.market, order) for order in call.page(rows)]
    return {"total": len(rows), "rows": shown}


def trades(call: Call) -> object:
    """GET /api-data/g-futures/trades: fills, and fundings among them."""
    start, end = call.span_ns()
    rows = [
        (fill.time_ns, trade_view(call.market, fill))
        for fill in call.fills()
        if start <= fill.time_ns < end
    ]
    wanted = call.symbol()
    rows += [
        (move.time_ns, _funding_view(call, move))
        for move in call.exchange.moves[call.account]
        if move.cause is Cause.FUNDING
        and start <= move.time_ns < end
        and wanted in ("", move.symbol)
    ]
    rows.sort(key=lambda row: -row[0])
    return [view for _time_ns, view in call.page(rows)]


def _funding_view(call: Call, move: AccountMoved) -> Json:
    """A funding: it looks like a trade of the whole position and is none."""
    history, (coin, change) = (
        call.exchange.holdings.position_history,
        next(iter(move.deltas.items())),
    )
    held = ZERO
    for side in PositionSide:
        seen = history[call.account, move.symbol, side].at(move.time_ns)
        held += abs(seen.qty) if seen else ZERO
    mark = call.exchange.mark_px(move.symbol)
    return {
        "transactTimeNs": move.time_ns,
        "symbol": move.symbol,
        "currency": coin,
        "action": "SettleFundingFee",
        "posSide": "Merged",
        "side": "Buy",
        "tradeType": "Funding",
        "execQtyRq": plain(held),
        "execPriceRp": plain(mark),
        "orderQtyRq": "0",
        "priceRp": "0",
        "execValueRv": plain(held * mark),
        "feeRateRr": "0",
        "execFeeRv": plain(-change),
        "ptFeeRv": "0",
        "ptPriceRp": "0",
        "closedSizeRq": "0",
        "closedPnlRv": "0",
        "ordType": "UNSPECIFIED",
        "execID": call.market.funding_id(call.account, move.time_ns),
        "orderID": "",
        "clOrdID": "",
        "execStatus": "Init",
    }


def trading_list(call: Call) -> object:
    """GET /exchange/order/v2/tradingList"""
    call.params.need("currency")
    start, end = call.span_ns()
    rows = [fill for fill in call.fills() if start <= fill.time_ns < end]
    shown = [numbered_trade(call.market, fill) for fill in call.page(rows)]
    return {"total": len(rows), "rows": shown}


def positions(call: Call) -> object:
    """GET /g-accounts/accountPositions: every symbol, flat ones too."""
    coin = call.params.need("currency")
    balances = call.balances()
    total = balances[coin].free if coin in balances else ZERO
    account = account_view(call.market, call.account, coin, total)
    account["accountId"] = account.pop("accountID")
    return {
        "account": account,
        "positions": [position_view(call.market, each) for each in _all_positions(call, coin)],
    }


def positions_with_profit(call: Call) -> object:
    """GET /g-accounts/positions: the same with `sizeRq` and the profit at the mark price."""
    whole = positions(call)
    assert isinstance(whole, dict)
    for row in whole["positions"]:
        row["sizeRq"] = row.pop("size")
        row["unRealisedPnlRv"] = row.pop("unrealisedPnlRv")
        row["side"] = "null" if row["side"] == "None" else row["side"]
    return whole


def _all_positions(call: Call, coin: str) -> list[Position]:
    seen = {(p.symbol, p.position_side): p for p in call.positions()}
    wanted = call.symbol()
    return [
        seen.get((symbol, side), Position(account=call.account, symbol=symbol, position_side=side))
        for symbol, instrument in call.exchange.instruments.items()
        if instrument.quote == coin and wanted in ("", symbol)
        for side in sides_of(hedge_mode=call.exchange.accounts[call.account].hedge_mode)
    ]


def sides_of(*, hedge_mode: bool) -> tuple[PositionSide, ...]:
    """The positions that a symbol has in a mode."""
    return (PositionSide.LONG, PositionSide.SHORT) if hedge_mode else (PositionSide.BOTH,)
