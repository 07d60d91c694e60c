"""The `msg` of the public websocket frames. Pure; private ones are in views.py."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.happenings import BookChanged, MarketMoved
from daemon.paper.kalshi.views import View, levels_view, quote_view
from daemon.paper.matching import Book
from daemon.paper.model import Market, Order, Side, Trade
from daemon.paper.units import ONE, count2, dollars4, millis, rfc3339, seconds


def snapshot_msg(market: Market, book: Book[Order], clock: int, *, use_yes_price: bool) -> View:
    """A whole book; a side without orders has no key."""
    view: View = {"market_ticker": market.ticker, "market_id": market.market_id, "clock": clock}
    yes = levels_view(book, Side.BID, depth=0, yes_price=True)
    no = levels_view(book, Side.ASK, depth=0, yes_price=use_yes_price)
    if yes:
        view["yes_dollars_fp"] = yes
    if no:
        view["no_dollars_fp"] = sorted(no)
    return view


def delta_msg(
    change: BookChanged, market: Market, clock: int, *, use_yes_price: bool, account: str
) -> View:
    """A signed change of one level; the member's own carry the client_order_id."""
    flip = change.side is Side.ASK and not use_yes_price
    view: View = {
        "market_ticker": change.ticker,
        "market_id": market.market_id,
        "clock": clock,
        "price_dollars": dollars4(ONE - change.price if flip else change.price),
        "delta_fp": count2(change.delta),
        "side": change.side.outcome,
        "ts": rfc3339(change.time_ns),
        "ts_ms": millis(change.time_ns),
    }
    if change.cause.owner.account == account:
        view["client_order_id"] = change.cause.client_order_id
        view["subaccount"] = change.cause.owner.subaccount
    return view


def ticker_msg(market: Market, book: Book[Order], open_interest: Decimal, now_ns: int) -> View:
    """The top of a market."""
    quote = quote_view(market, book)
    return {
        "market_id": market.market_id,
        "market_ticker": market.ticker,
        "price_dollars": quote["last_price_dollars"],
        "yes_bid_dollars": quote["yes_bid_dollars"],
        "yes_ask_dollars": quote["yes_ask_dollars"],
        "volume_fp": count2(market.volume),
        "open_interest_fp": count2(open_interest),
        "dollar_volume": int(market.dollar_volume),
        "dollar_open_interest": int(open_interest * market.last_price),
        "yes_bid_size_fp": quote["yes_bid_size_fp"],
        "yes_ask_size_fp": quote["yes_ask_size_fp"],
        "last_trade_size_fp": count2(market.last_qty),
        "ts": seconds(now_ns),
        "ts_ms": millis(now_ns),
        "time": rfc3339(now_ns),
    }


def trade_msg(trade: Trade) -> View:
    """A line of the public tape."""
    return {
        "trade_id": trade.trade_id,
        "market_ticker": trade.ticker,
        "yes_price_dollars": dollars4(trade.price),
        "no_price_dollars": dollars4(ONE - trade.price),
        "count_fp": count2(trade.qty),
        "taker_side": trade.taker_side.outcome,
        "taker_outcome_side": trade.taker_side.outcome,
        "taker_book_side": trade.taker_side.value,
        "is_block_trade": False,
        "ts": seconds(trade.time_ns),
        "ts_ms": millis(trade.time_ns),
    }


def lifecycle_msg(moved: MarketMoved) -> View:
    """A step in a market's life."""
    return {"market_ticker": moved.ticker, "event_type": moved.event_type, **moved.fields}
