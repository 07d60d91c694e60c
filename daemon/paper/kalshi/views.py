"""Kalshi's JSON for orders, fills, positions, markets. Pure: things in, dictionaries out.

Every field that the OpenAPI schema requires is here, and `liquidity_dollars`, which it forgot.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from daemon.paper.ledger import Position, Settlement
from daemon.paper.lifecycle import ranges_view
from daemon.paper.matching import Book
from daemon.paper.model import Fill, Market, MarketStatus, Order, Side, Trade
from daemon.paper.units import ONE, ZERO, count2, dollars4, dollars6, millis, rfc3339, seconds

View = dict[str, object]
_SIZE = Decimal("0.0001")


def created_view(order: Order, ts_ms: int) -> View:
    """CreateOrderV2Response: flat, without a status; averages only when something filled."""
    view: View = {
        "order_id": order.order_id,
        "client_order_id": order.client_order_id,
        "fill_count": count2(order.filled),
        "remaining_count": count2(order.remaining),
        "ts_ms": ts_ms,
    }
    if order.filled > ZERO:
        view["average_fill_price"] = dollars4(order.notional / order.filled)
        per_contract = (order.fees / order.filled).quantize(_SIZE, ROUND_FLOOR)
        view["average_fee_paid"] = dollars4(per_contract)
    return view


def order_view(order: Order, user_id: str) -> View:
    """The Order object of REST."""
    # Legacy words: (buy, yes) and (sell, no) are bids; V2 reads a bought NO back as a sold YES.
    action = "buy" if order.side is Side.BID else "sell"
    return {
        "order_id": order.order_id,
        "user_id": user_id,
        "client_order_id": order.client_order_id,
        "ticker": order.ticker,
        "side": "yes",
        "action": action,
        "outcome_side": order.side.outcome,
        "book_side": order.side.value,
        "type": "limit",
        "status": order.status.value,
        "yes_price_dollars": dollars4(order.price),
        "no_price_dollars": dollars4(ONE - order.price),
        "fill_count_fp": count2(order.filled),
        "remaining_count_fp": count2(order.remaining),
        "initial_count_fp": count2(order.initial),
        **_order_money(order),
        "expiration_time": None if order.expires_ns is None else rfc3339(order.expires_ns),
        "created_time": rfc3339(order.created_ns),
        "last_update_time": rfc3339(order.updated_ns),
        "self_trade_prevention_type": order.self_trade.value,
        "order_group_id": order.group_id,
        "cancel_order_on_pause": order.cancel_on_pause,
        "subaccount_number": order.owner.subaccount,
        "exchange_index": order.exchange_index,
    }


def _order_money(order: Order) -> View:
    return {
        "taker_fees_dollars": dollars6(order.taker_fees),
        "maker_fees_dollars": dollars6(order.maker_fees),
        "taker_fill_cost_dollars": dollars6(order.taker_cost),
        "maker_fill_cost_dollars": dollars6(order.maker_cost),
    }


def user_order_view(order: Order, user_id: str) -> View:
    """The msg of a user_order frame: `ticker`, no action, and the reason of the change."""
    view: View = {
        "order_id": order.order_id,
        "user_id": user_id,
        "ticker": order.ticker,
        "exchange_index": order.exchange_index,
        "status": order.status.value,
        "side": order.side.outcome,
        "is_yes": order.side is Side.BID,
        "outcome_side": order.side.outcome,
        "book_side": order.side.value,
        "yes_price_dollars": dollars4(order.price),
        "fill_count_fp": count2(order.filled),
        "remaining_count_fp": count2(order.remaining),
        "initial_count_fp": count2(order.initial),
        **_order_money(order),
        "client_order_id": order.client_order_id,
        "self_trade_prevention_type": order.self_trade.value,
        "created_time": rfc3339(order.created_ns),
        "created_ts_ms": millis(order.created_ns),
        "last_updated_ts_ms": millis(order.updated_ns),
        "subaccount_number": order.owner.subaccount,
    }
    if order.group_id is not None:
        view["order_group_id"] = order.group_id
    if order.reason is not None:
        view["last_update_reason"] = order.reason.value
    if order.expires_ns is not None:
        view["expiration_time"] = rfc3339(order.expires_ns)
        view["expiration_ts_ms"] = millis(order.expires_ns)
    return view


def fill_view(fill: Fill) -> View:
    """The Fill object of REST: no client_order_id, legacy side is the outcome acquired."""
    return {
        "fill_id": fill.trade_id,
        "trade_id": fill.trade_id,
        "exchange_index": fill.exchange_index,
        "order_id": fill.order_id,
        "ticker": fill.ticker,
        "market_ticker": fill.ticker,
        "side": fill.side.outcome,
        "action": "buy" if fill.side is Side.BID else "sell",
        "outcome_side": fill.side.outcome,
        "book_side": fill.side.value,
        "count_fp": count2(fill.qty),
        "yes_price_dollars": dollars4(fill.price),
        "no_price_dollars": dollars4(ONE - fill.price),
        "is_taker": fill.is_taker,
        "created_time": rfc3339(fill.time_ns),
        "fee_cost": dollars6(fill.fee),
        "subaccount_number": fill.owner.subaccount,
        "ts": seconds(fill.time_ns),
    }


def ws_fill_view(fill: Fill) -> View:
    """The msg of a fill frame."""
    view: View = {
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "market_ticker": fill.ticker,
        "exchange_index": fill.exchange_index,
        "is_taker": fill.is_taker,
        "side": fill.side.outcome,
        "yes_price_dollars": dollars4(fill.price),
        "count_fp": count2(fill.qty),
        "fee_cost": dollars6(fill.fee),
        "action": "buy" if fill.side is Side.BID else "sell",
        "ts": seconds(fill.time_ns),
        "ts_ms": millis(fill.time_ns),
        "post_position_fp": count2(fill.post_position),
        "purchased_side": fill.side.outcome,
        "outcome_side": fill.side.outcome,
        "book_side": fill.side.value,
        "subaccount": fill.owner.subaccount,
    }
    if fill.client_order_id:
        view["client_order_id"] = fill.client_order_id
    return view


def position_view(position: Position) -> View:
    """One row of market_positions."""
    return {
        "ticker": position.ticker,
        "exchange_index": position.exchange_index,
        "total_traded_dollars": dollars6(position.traded),
        "position_fp": count2(position.qty),
        "market_exposure_dollars": dollars6(position.cost),
        "realized_pnl_dollars": dollars6(position.realized),
        "fees_paid_dollars": dollars6(position.fees),
        "last_updated_ts": rfc3339(position.updated_ns),
    }


def event_positions(positions: list[Position]) -> list[View]:
    """The rows of event_positions: sums over each event's markets."""
    events: dict[str, list[Position]] = {}
    for position in positions:
        events.setdefault(position.event_ticker, []).append(position)
    return [
        {
            "event_ticker": ticker,
            "total_cost_dollars": dollars6(sum((p.traded for p in rows), ZERO)),
            "total_cost_shares_fp": count2(sum((p.volume for p in rows), ZERO)),
            "event_exposure_dollars": dollars6(sum((p.cost for p in rows), ZERO)),
            "realized_pnl_dollars": dollars6(sum((p.realized for p in rows), ZERO)),
            "fees_paid_dollars": dollars6(sum((p.fees for p in rows), ZERO)),
        }
        for ticker, rows in events.items()
    ]


def ws_position_view(position: Position, user_id: str) -> View:
    """The msg of a market_position frame."""
    return {
        "user_id": user_id,
        "market_ticker": position.ticker,
        "position_fp": count2(position.qty),
        "position_cost_dollars": dollars6(position.cost),
        "realized_pnl_dollars": dollars6(position.realized),
        "fees_paid_dollars": dollars6(position.fees),
        "position_fee_cost_dollars": dollars6(position.held_fees),
        "volume_fp": count2(position.volume),
        "subaccount": position.owner.subaccount,
    }


def settlement_view(paid: Settlement) -> View:
    """One row of settlements: `revenue` and `value` are whole cents."""
    yes, no = max(paid.qty, ZERO), max(-paid.qty, ZERO)
    return {
        "ticker": paid.ticker,
        "exchange_index": paid.exchange_index,
        "event_ticker": paid.event_ticker,
        "market_result": paid.result,
        "yes_count_fp": count2(yes),
        "yes_total_cost_dollars": dollars6(paid.cost if yes else ZERO),
        "no_count_fp": count2(no),
        "no_total_cost_dollars": dollars6(paid.cost if no else ZERO),
        "revenue": paid.revenue,
        "settled_time": rfc3339(paid.time_ns),
        "fee_cost": dollars4(paid.fees),
        "value": paid.value,
    }


def quote_view(market: Market, book: Book[Order]) -> View:
    """The six prices and two sizes of a market's top; no bid is 0, no ask is 1."""
    bid, ask = book.best(Side.BID), book.best(Side.ASK)
    bid_size = ZERO if bid is None else book.qty_at(Side.BID, bid)
    ask_size = ZERO if ask is None else book.qty_at(Side.ASK, ask)
    yes_bid, yes_ask = bid or ZERO, ask or ONE
    return {
        "yes_bid_dollars": dollars4(yes_bid),
        "yes_ask_dollars": dollars4(yes_ask),
        "no_bid_dollars": dollars4(ONE - yes_ask),
        "no_ask_dollars": dollars4(ONE - yes_bid),
        "yes_bid_size_fp": count2(bid_size),
        "yes_ask_size_fp": count2(ask_size),
        "last_price_dollars": dollars4(market.last_price),
    }


def market_view(market: Market, book: Book[Order], open_interest: Decimal) -> View:
    """The Market object."""
    view: View = {
        "ticker": market.ticker,
        "event_ticker": market.event_ticker,
        "market_type": market.market_type,
        "title": market.title,
        "subtitle": "",
        "yes_sub_title": "Yes",
        "no_sub_title": "No",
        "created_time": rfc3339(market.created_ns),
        "updated_time": rfc3339(market.updated_ns),
        "open_time": rfc3339(market.open_ns),
        "close_time": rfc3339(market.close_ns),
        "expiration_time": rfc3339(market.close_ns),
        "latest_expiration_time": rfc3339(market.close_ns),
        "expected_expiration_time": rfc3339(market.close_ns),
        "settlement_timer_seconds": market.settlement_timer_s,
        "status": market.status.value,
        "notional_value_dollars": "1.0000",
        **quote_view(market, book),
        "previous_yes_bid_dollars": "0.0000",
        "previous_yes_ask_dollars": "0.0000",
        "previous_price_dollars": "0.0000",
        "volume_fp": count2(market.volume),
        "volume_24h_fp": count2(market.volume),
        "open_interest_fp": count2(open_interest),
        "liquidity_dollars": "0.0000",
        **_market_rules(market),
    }
    if market.settlement_value is not None:
        view["settlement_value_dollars"] = dollars4(market.settlement_value)
    if market.status is MarketStatus.FINALIZED:
        view["settlement_ts"] = rfc3339(market.settled_ns)
    return view


def _market_rules(market: Market) -> View:
    return {
        "result": market.result,
        "can_close_early": True,
        "expiration_value": "",
        "rules_primary": market.title,
        "rules_secondary": "",
        "price_level_structure": market.structure,
        "price_ranges": ranges_view(market),
        "settlement_bounds_type": "default",
        "exchange_index": market.exchange_index,
    }


def trade_view(trade: Trade) -> View:
    """One line of the public tape."""
    return {
        "trade_id": trade.trade_id,
        "ticker": trade.ticker,
        "count_fp": count2(trade.qty),
        "yes_price_dollars": dollars4(trade.price),
        "no_price_dollars": dollars4(ONE - trade.price),
        "taker_side": trade.taker_side.outcome,
        "taker_outcome_side": trade.taker_side.outcome,
        "taker_book_side": trade.taker_side.value,
        "created_time": rfc3339(trade.time_ns),
        "is_block_trade": False,
    }


def levels_view(book: Book[Order], side: Side, *, depth: int, yes_price: bool) -> list[list[str]]:
    """One side as bids, worst first; the NO side in NO prices unless yes_price. Depth 0 is all."""
    levels = book.levels(side)
    kept = levels[:depth] if depth else levels
    flip = side is Side.ASK and not yes_price
    return [[dollars4(ONE - p if flip else p), count2(q)] for p, q in reversed(kept)]


def orderbook_view(book: Book[Order], depth: int) -> View:
    """The orderbook_fp object of REST."""
    return {
        "yes_dollars": levels_view(book, Side.BID, depth=depth, yes_price=False),
        "no_dollars": levels_view(book, Side.ASK, depth=depth, yes_price=False),
    }
