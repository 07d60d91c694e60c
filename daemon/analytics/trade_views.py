"""Trades as plain dictionaries: what was wanted, every attempt with its reason, every fill. Pure.

The history of retries is what the journal holds of it: one request for each attempt.
"""

from __future__ import annotations

import decimal
from decimal import Decimal

from daemon.analytics.scene import Scene, View, money_view, plain, utc, where
from daemon.core.book import Book
from daemon.core.order import Order
from daemon.core.position import Position
from daemon.core.terms import EXACT, ZERO, Currency, RejectReason, proper, quotient
from daemon.core.trade import Trade, TradeAttempt, TradeFill


def find_trade(book: Book, token: str) -> tuple[Position, Trade] | None:
    """The trade that its caller calls `token`, with its position."""
    for position in book.positions.values():
        trade = position.trade_named(token) if position.trades else None
        if trade is not None:
            return position, trade
    return None


def orders_of(book: Book, trade: Trade) -> list[Order]:
    """Its orders, oldest first, as far as they are not long past."""
    found = (book.orders.get(order_id) for order_id in trade.order_ids)
    return [order for order in found if order is not None]


def filled_qty(book: Book, trade: Trade) -> Decimal:
    """What it has filled: by fills seen, and by what reconciliation proved without one."""
    inferred = sum((order.inferred_qty for order in orders_of(book, trade)), ZERO)
    return trade.filled_qty + inferred


def trade_view(scene: Scene, token: str) -> View | None:
    """One trade; None where none is called that."""
    found = find_trade(scene.book, token)
    if found is None:
        return None
    with decimal.localcontext(EXACT):
        return _view(scene, *found)


def _view(scene: Scene, position: Position, trade: Trade) -> View:
    book, terms = scene.book, trade.terms
    doubtful = [order for order in orders_of(book, trade) if not order.dead]
    filled = filled_qty(book, trade)
    working = trade.token in scene.trading
    if filled >= terms.order_qty:
        status = "filled"
    elif working:
        status = "working"
    elif doubtful:
        status = "in_doubt"
    else:
        status = "partially_filled" if filled else "not_filled"
    reason, text = _ending(book, trade)
    return {
        **where(position.key),
        "token": trade.token,
        "trade_no": trade.trade_no,
        "status": status,
        "done": not working,
        "side": terms.side.value,
        "ord_type": terms.ord_type.value,
        "order_qty": proper(terms.order_qty),
        "limit_px": plain(terms.limit_px),
        "time_in_force": terms.time_in_force.value,
        "reduce_only": terms.reduce_only,
        "filled_qty": proper(filled),
        "avg_px": plain(_avg_px(trade)),
        "fees": money_view(_fees(trade)),
        "reason": reason,
        "text": text,
        "in_doubt": [order.client_order_id for order in doubtful],
        "attempts": [_attempt_view(book, attempt) for attempt in trade.attempts],
        "fills": [_fill_view(book, fill) for fill in trade.fills],
    }


def _avg_px(trade: Trade) -> Decimal | None:
    if not trade.fills:
        return None
    return quotient(sum((fill.qty * fill.px for fill in trade.fills), ZERO), trade.filled_qty)


def _fees(trade: Trade) -> dict[Currency, Decimal]:
    fees: dict[Currency, Decimal] = {}
    for fill in trade.fills:
        fees[fill.commission_currency] = fees.get(fill.commission_currency, ZERO) + fill.commission
    return fees


def _ending(book: Book, trade: Trade) -> tuple[str | None, str]:
    """Why the newest attempt filled no more, as far as anybody said."""
    if not trade.attempts:
        return None, ""
    last = trade.attempts[-1]
    if last.refusal is not None:
        return last.refusal.value, last.text
    order = None if last.client_order_id is None else book.orders.get(last.client_order_id)
    if order is None or order.reason in {None, RejectReason.STOPPED}:
        return None, ""  # stopped: nobody knew then, and what came of it is known now
    return order.reason.value, order.text


def _attempt_view(book: Book, attempt: TradeAttempt) -> View:
    order = None if attempt.client_order_id is None else book.orders.get(attempt.client_order_id)
    return {
        "attempt": attempt.attempt,
        "time": utc(attempt.asked_time_ns),
        "retry_reason": None if attempt.retry_reason is None else attempt.retry_reason.value,
        "client_order_id": attempt.client_order_id,
        "order_id": None if order is None else order.venue_order_id,
        "status": None if order is None else order.status.value,
        "proven_dead": order is None or order.dead,
        "order_qty": None if order is None else proper(order.order_qty),
        "cum_qty": None if order is None else proper(order.cum_qty),
        "limit_px": None if order is None else plain(order.limit_px),
        "refusal": None if attempt.refusal is None else attempt.refusal.value,
        "text": attempt.text if order is None else order.text,
    }


def _fill_view(book: Book, fill: TradeFill) -> View:
    order = book.orders.get(fill.client_order_id)
    return {
        "exec_id": fill.exec_id,
        "client_order_id": fill.client_order_id,
        "order_id": None if order is None else order.venue_order_id,
        "qty": proper(fill.qty),
        "px": proper(fill.px),
        "commission": proper(fill.commission),
        "commission_currency": fill.commission_currency,
        "liquidity": None if fill.liquidity is None else fill.liquidity.value,
        "time": utc(fill.time_ns),
    }
