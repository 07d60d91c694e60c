"""How requests to trade, and what was decided on them, change the book."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from daemon.core.book import Book
from daemon.core.commands import PlaceOrder
from daemon.core.decisions import RefuseTrade
from daemon.core.events import Fill
from daemon.core.order import Order
from daemon.core.position import Position
from daemon.core.requests import TradeRequested
from daemon.core.terms import NANOS, ZERO, PositionKey
from daemon.core.trade import Terms, Trade, TradeAttempt, TradeFill

PAST_TRADES_LIMIT = 100
PAST_TOKENS_LIMIT = 10_000


def key_of(event: TradeRequested) -> PositionKey:
    """The position that a trade moves."""
    return PositionKey(
        account=event.account,
        venue=event.venue,
        symbol=event.symbol,
        position_side=event.position_side,
    )


def terms_of(event: TradeRequested) -> Terms:
    """What is wanted, without whose attempt it is."""
    return Terms(
        side=event.side,
        order_qty=event.order_qty,
        ord_type=event.ord_type,
        limit_px=event.limit_px,
        time_in_force=event.time_in_force,
        reduce_only=event.reduce_only,
        timeout_s=event.timeout_s,
    )


def timeout_of(book: Book, order: Order, now_ns: int | None = None) -> Decimal | None:
    """How long (seconds) an order of a trade may rest, from `now_ns` (our wall clock), or from its
    sending: what is left of the time of the whole trade. None where nobody said."""
    position = book.positions.get(order.key)
    trade = None if position is None else position.trade(order.trade_no)
    if trade is None or trade.terms.timeout_s is None:
        return None
    from_ns = order.sent_time_ns if now_ns is None else now_ns
    spent_ns = max(from_ns - trade.attempts[0].asked_time_ns, 0)
    return max(trade.terms.timeout_s - Decimal(spent_ns) / NANOS, ZERO)


def requested(book: Book, event: TradeRequested) -> bool:
    """Note an attempt; False for one that is known, long past, out of turn, or of another content.

    A token is good for one trade among the last ten thousand of its position.
    """
    known = book.positions.get(key_of(event))
    trade = None if known is None else known.trade_named(event.token)
    if trade is None:
        trade_no = 1 if known is None else known.trade_count + 1
        trade = Trade(trade_no=trade_no, token=event.token, terms=terms_of(event))
    past = known is not None and event.token in known.past_tokens
    in_turn = event.attempt == len(trade.attempts) + 1
    if past or not in_turn or trade.terms != terms_of(event):
        return False
    position = book.position(key_of(event))
    attempt = TradeAttempt(
        attempt=event.attempt, asked_time_ns=event.receive_time_ns, retry_reason=event.reason
    )
    position.trade_count = max(position.trade_count, trade.trade_no)
    _put(book, position, trade.having(attempt))
    return True


def _put(book: Book, position: Position, trade: Trade) -> None:
    others = [known for known in position.trades if known.trade_no != trade.trade_no]
    if len(others) >= PAST_TRADES_LIMIT and _over(book, others[0]):
        _forget(position, others.pop(0))
    position.trades = (*others, trade)


def _forget(position: Position, trade: Trade) -> None:
    """One that led to no order may be asked for anew, any other never: its token is kept."""
    if trade.order_ids:
        position.past_tokens = (*position.past_tokens, trade.token)[-PAST_TOKENS_LIMIT:]


def _over(book: Book, trade: Trade) -> bool:
    orders = (book.orders.get(order_id) for order_id in trade.order_ids)
    return all(order is None or order.dead for order in orders)


def placed(book: Book, command: PlaceOrder) -> None:
    """The newest attempt has led to this order."""
    position = book.position(command.key)
    trade = position.trade(command.trade_no)
    if trade is not None:
        attempt = replace(trade.attempts[-1], client_order_id=command.client_order_id)
        _put(book, position, trade.having(attempt))
    book.trim()


def refused(book: Book, command: RefuseTrade) -> None:
    """The newest attempt has led to none."""
    position = book.position(command.key)
    trade = position.trade(command.trade_no)
    if trade is not None:
        attempt = replace(trade.attempts[-1], refusal=command.reason, text=command.text)
        _put(book, position, trade.having(attempt))


def filled(book: Book, order: Order, fill: Fill) -> None:
    """A fill of an order of a trade, counted on the order already."""
    position = book.position(order.key)
    trade = position.trade(order.trade_no)
    if trade is None:
        return
    part = TradeFill(
        exec_id=fill.exec_id,
        client_order_id=order.client_order_id,
        qty=fill.last_qty,
        px=fill.last_px,
        commission=fill.commission,
        commission_currency=fill.commission_currency,
        liquidity=fill.liquidity,
        time_ns=fill.transact_time_ns,
    )
    _put(book, position, replace(trade, fills=(*trade.fills, part)))
