"""Spot's JSON for orders, trades and wallets: integers scaled by coin and symbol."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.crypto.holdings import Balance
from daemon.paper.crypto.model import Fill, Order
from daemon.paper.model import Side
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.words import (
    CANCEL_REASONS,
    CODE_LABEL,
    SIDE_WORDS,
    TRADE_WORDS,
    TYPE_WORDS,
    Json,
    action_word,
    end_word,
    exec_inst,
    exec_word,
    liquidity_word,
    status_word,
    time_word,
)
from daemon.paper.units import ZERO

_RATE_SCALE = 8


def _terms(market: Market, order: Order) -> Json:
    """What an order asks for: by base or by quote quantity."""
    instrument = market.instrument_of(order)
    by_quote = order.quote_qty is not None
    return {
        "baseQtyEv": 0 if by_quote else market.ev(order.qty, instrument.base),
        "clOrdID": order.client_order_id,
        "ordType": TYPE_WORDS[order.ord_type],
        "orderID": market.order_id(order.order_id),
        "priceEp": market.ep(order.limit_px or ZERO, instrument),
        "qtyType": "ByQuote" if by_quote else "ByBase",
        "quoteQtyEv": market.ev(order.quote_qty or ZERO, instrument.quote),
        "side": SIDE_WORDS[order.side],
        "symbol": order.symbol,
    }


def fee_coin(market: Market, order: Order) -> str:
    """The coin of an order's fees: what was taken, else what it receives."""
    for fill in market.venue.exchange.fills[order.account]:
        if fill.order_id == order.order_id:
            return fill.fee_coin
    instrument = market.instrument_of(order)
    return instrument.base if order.side is Side.BID else instrument.quote


def _leaves(market: Market, order: Order) -> Json:
    instrument = market.instrument_of(order)
    quote_left = ZERO
    if order.quote_qty is not None and order.is_open:
        quote_left = order.quote_qty - order.notional
    base_left = order.remaining if order.quote_qty is None else ZERO
    return {
        "leavesBaseQtyEv": market.ev(base_left, instrument.base),
        "leavesQuoteQtyEv": market.ev(quote_left, instrument.quote),
    }


def answer_view(market: Market, order: Order, exec_status: str) -> Json:
    """The answer to a write: a new order shows nothing of what became of it."""
    is_new = exec_status in ("PendingNew", "CreateRejected")
    instrument = market.instrument_of(order)
    filled, notional = (ZERO, ZERO) if is_new else (order.filled, order.notional)
    view = _terms(market, order) | {
        "action": "Cancel" if exec_status == "PendingCancel" else "New",
        "trigger": "UNSPECIFIED",
        "pegPriceType": "UNSPECIFIED",
        "stopDirection": "UNSPECIFIED",
        "bizError": 0,
        "timeInForce": time_word(order),
        "ordStatus": "Created" if is_new else status_word(order),
        "execStatus": exec_status,
        "cumFeeEv": 0,
        "cumBaseQtyEv": market.ev(filled, instrument.base),
        "cumQuoteQtyEv": market.ev(notional, instrument.quote),
        "leavesBaseQtyEv": 0,
        "leavesQuoteQtyEv": 0,
        "avgPriceEp": 0,
        "cumBaseAmountEv": market.ev(filled, instrument.base),
        "cumQuoteAmountEv": market.ev(notional, instrument.quote),
        "stopPxEp": 0,
        "pegOffsetValueEp": 0,
    }
    return view if is_new else view | _leaves(market, order)


def state_row(market: Market, order: Order) -> Json:
    """A row of `orders.open`, of `orders.closed`, and of GET /spot/orders."""
    exchange, instrument = market.venue.exchange, market.instrument_of(order)
    fees = [f for f in exchange.fills[order.account] if f.order_id == order.order_id]
    coin = fee_coin(market, order)
    holdings = exchange.holdings
    return {
        **_terms(market, order),
        **_leaves(market, order),
        "action": action_word(order),
        "avgPriceEp": 0,
        "baseCurrency": instrument.base,
        "bizError": int(order.labels.get(CODE_LABEL, 0)),
        "createTimeNs": order.created_ns,
        "cumBaseQtyEv": market.ev(order.filled, instrument.base),
        "cumFeeEv": market.ev(sum((fill.fee for fill in fees), ZERO), coin),
        "cumQuoteQtyEv": market.ev(order.notional, instrument.quote),
        "curBaseWalletQtyEv": market.ev(
            holdings.total(order.account, instrument.base), instrument.base
        ),
        "curQuoteWalletQtyEv": market.ev(
            holdings.total(order.account, instrument.quote), instrument.quote
        ),
        "cxlRejReason": CANCEL_REASONS.get(order.ending, 0) if order.ending else 0,
        "feeCurrency": coin,
        "ordStatus": status_word(order),
        "pegOffsetValueEp": 0,
        "quoteCurrency": instrument.quote,
        "stopPxEp": 0,
        "timeInForce": time_word(order),
        "transactTimeNs": order.updated_ns,
        "triggerTimeNs": 0,
        "userID": market.user_id(order.account),
    }


def history_view(market: Market, order: Order) -> Json:
    """A row of /api-data/spots/orders: no client id, and the fee's coin is a number."""
    instrument, exchange = market.instrument_of(order), market.venue.exchange
    fees = [f for f in exchange.fills[order.account] if f.order_id == order.order_id]
    coin, terms = fee_coin(market, order), _terms(market, order)
    del terms["clOrdID"]
    ended = end_word(order, market.config.ioc_rest) if order.ending else ""
    traded = exec_word(is_maker=fees[-1].is_maker) if fees else "New"
    average = market.ep(order.avg_px, instrument)
    return {
        **terms,
        **_leaves(market, order),
        "avgPriceEp": average,
        "avgTransactPriceEp": average,
        "createTimeNs": order.created_ns,
        "cumBaseValueEv": market.ev(order.filled, instrument.base),
        "cumFeeEv": market.ev(sum((fill.fee for fill in fees), ZERO), coin),
        "cumQuoteValueEv": market.ev(order.notional, instrument.quote),
        "execStatus": ended or traded,
        "feeCurrency": str(market.coins()[coin]),
        "ordStatus": status_word(order),
        "stopDirection": "UNSPECIFIED",
        "stopPxEp": 0,
        "timeInForce": time_word(order),
    }


def _traded(market: Market, fill: Fill) -> Json:
    instrument = market.venue.exchange.instruments[fill.symbol]
    return {
        "baseCurrency": instrument.base,
        "execBaseQtyEv": market.ev(fill.qty, instrument.base),
        "execFeeEv": market.ev(fill.fee, fill.fee_coin),
        "execPriceEp": market.ep(fill.price, instrument),
        "execQuoteQtyEv": market.ev(fill.qty * fill.price, instrument.quote),
        "feeCurrency": fill.fee_coin,
        "quoteCurrency": instrument.quote,
        "transactTimeNs": fill.time_ns,
    }


def fill_row(market: Market, order: Order, fill: Fill) -> Json:
    """A row of `orders.fills`: it has no ordStatus."""
    return {
        **_terms(market, order),
        **_traded(market, fill),
        "avgPriceEp": 0,
        "execID": market.exec_id(fill),
        "lastLiquidityInd": liquidity_word(is_maker=fill.is_maker),
        "userID": market.user_id(order.account),
    }


def trade_view(market: Market, fill: Fill) -> Json:
    """A row of /api-data/spots/trades: `execId` and `priceEP` are spelt so."""
    order = market.venue.exchange.orders[fill.order_id]
    terms = _terms(market, order)
    terms["priceEP"] = terms.pop("priceEp")
    return {
        **terms,
        **_leaves(market, order),
        **_traded(market, fill),
        "action": "New",
        "execId": market.exec_id(fill),
        "execInst": exec_inst(order),
        "execStatus": exec_word(is_maker=fill.is_maker),
        "feeRateEr": int(market.rate(fill).scaleb(_RATE_SCALE)),
        "ordStatus": status_word(order),
        "stopDirection": "UNSPECIFIED",
        "stopPxEp": 0,
        "timeInForce": time_word(order),
        "tradeType": TRADE_WORDS[fill.origin],
    }


def wallet_view(market: Market, coin: str, balance: Balance, at_ns: int) -> Json:
    """A wallet: the balance counts what is locked."""
    return {
        "currency": coin,
        "balanceEv": market.ev(_whole(balance), coin),
        "lockedTradingBalanceEv": market.ev(balance.locked, coin),
        "lockedWithdrawEv": 0,
        "lastUpdateTimeNs": at_ns,
    }


def _whole(balance: Balance) -> Decimal:
    return balance.free + balance.locked
