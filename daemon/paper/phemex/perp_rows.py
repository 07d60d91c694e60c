"""The rows of `orders_p`: an order as it is, and the execution that changed it.

Numbers are decimal texts; quantities do not end in `Rq` here.
"""

from __future__ import annotations

from daemon.paper.crypto.model import Fill, Order, OrdType, Origin
from daemon.paper.crypto.oracle import plain
from daemon.paper.phemex.market import NO_EXECUTION, Market
from daemon.paper.phemex.perp_views import fee_view, position_word, price_of
from daemon.paper.phemex.words import (
    CANCEL_REASONS,
    CODE_LABEL,
    POSITION_WORDS,
    SIDE_WORDS,
    TRADE_WORDS,
    TYPE_WORDS,
    Json,
    action_word,
    exec_inst,
    exec_word,
    liquidity_word,
    status_word,
    time_word,
)
from daemon.paper.units import ZERO


def _whose(market: Market, order: Order) -> Json:
    """The order and its member, whose position and balance are those of now."""
    holdings, coin = market.venue.exchange.holdings, market.instrument_of(order).quote
    position = holdings.position(order.account, order.symbol, order.position_side)
    return {
        "accountID": market.account_id(order.account),
        "clOrdID": order.client_order_id,
        "curAccBalanceRv": plain(holdings.total(order.account, coin)),
        "curPosSide": position_word(position.qty, "None"),
        "curPosSize": plain(abs(position.qty)),
        "curPosValueRv": plain(position.cost),
        "currency": coin,
        "orderID": market.order_id(order.order_id),
        "posSide": POSITION_WORDS[order.position_side],
        "side": SIDE_WORDS[order.side],
        "symbol": order.symbol,
        "userID": market.user_id(order.account),
    }


def push_row(market: Market, order: Order, exec_status: str) -> Json:
    """A row of `orders_p` that is no fill. A market order's New row shows a price all the same.

    Of an order that ended, execQty is what was left of it.
    """
    exchange, price = market.venue.exchange, price_of(market, order)
    is_ended, code = order.ending is not None, int(order.labels.get(CODE_LABEL, 0))
    seq = 0 if code else exchange.instruments[order.symbol].changes
    is_junk = exec_status == "New" and order.ord_type is OrdType.MARKET
    return {
        **_whose(market, order),
        "action": action_word(order),
        "actionBy": "ByUser" if order.origin is Origin.MEMBER else "ByBot",
        "actionTimeNs": order.created_ns,
        "addedSeq": 0 if code else order.order_id - exchange.first_id,
        "closedPnlRv": "0",
        "closedSize": "0",
        "code": code,
        "cumFeeRv": "0",
        "cumQty": plain(order.filled),
        "cumValueRv": plain(order.notional),
        "cxlRejReason": CANCEL_REASONS.get(order.ending, 0) if order.ending else 0,
        "displayQty": plain(order.qty),
        "execFeeRv": "0",
        "execID": NO_EXECUTION,
        "execInst": exec_inst(order),
        "execPriceRp": plain(exchange.mark_px(order.symbol)) if is_junk else "0",
        "execQty": plain(order.qty - order.filled) if is_ended and not code else "0",
        "execSeq": seq,
        "execStatus": exec_status,
        "execValueRv": "0",
        "feeRateRr": "0",
        "leavesQty": plain(order.remaining),
        "leavesValueRv": plain(order.remaining * price),
        "message": "TE: rejected" if code else "No error",
        "ordStatus": status_word(order),
        "ordType": TYPE_WORDS[order.ord_type],
        "orderQty": plain(order.qty),
        "priceRp": plain(price),
        "ptFeeRv": "0",
        "ptPriceRp": "0",
        "stopPxRp": "0",
        "timeInForce": time_word(order),
        "transactTimeNs": order.updated_ns,
    }


def fill_row(market: Market, order: Order, fill: Fill) -> Json:
    """A row of `orders_p` that is a fill; cumFeeRv is not kept up."""
    fee, token_fee, token_px = fee_view(market, fill)
    return push_row(market, order, exec_word(is_maker=fill.is_maker)) | {
        "closedPnlRv": plain(fill.realized),
        "closedSize": plain(fill.qty if order.is_closing else ZERO),
        "execFeeRv": plain(fee),
        "execID": market.exec_id(fill),
        "execPriceRp": plain(fill.price),
        "execQty": plain(fill.qty),
        "execValueRv": plain(fill.qty * fill.price),
        "feeRateRr": plain(market.rate(fill)),
        "lastLiquidityInd": liquidity_word(is_maker=fill.is_maker),
        "ptFeeRv": plain(token_fee),
        "ptPriceRp": plain(token_px),
        "tradeType": TRADE_WORDS[fill.origin],
        "transactTimeNs": fill.time_ns,
    }
