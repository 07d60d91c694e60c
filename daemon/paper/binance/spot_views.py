"""Spot's JSON for orders, trades, balances and events. Pure: things in, dictionaries out."""

from __future__ import annotations

from daemon.paper.binance.calls import Json
from daemon.paper.binance.words import SIDE_WORDS, fixed8, limit_price, status_word, type_word
from daemon.paper.crypto.happenings import AccountMoved, OrderEnded
from daemon.paper.crypto.holdings import Balance
from daemon.paper.crypto.model import Ending, Fill, Instrument, Order
from daemon.paper.model import Side
from daemon.paper.units import ZERO, millis

_EXPIRY = {
    Ending.IOC_REST: "UNFILLED_IOC_QUANTITY_EXPIRED",
    Ending.FOK: "UNFILLED_FOK_ORDER_EXPIRED",
    Ending.NO_LIQUIDITY: "INSUFFICIENT_LIQUIDITY",
    Ending.EXCHANGE: "EXCHANGE_CANCELED",
}


def terms_view(order: Order) -> Json:
    """What every form of an order says of its terms and its state."""
    return {
        "price": fixed8(limit_price(order)),
        "origQty": fixed8(order.qty),
        "executedQty": fixed8(order.filled),
        "origQuoteOrderQty": fixed8(order.quote_qty or ZERO),
        "cummulativeQuoteQty": fixed8(order.notional),
        "status": status_word(order),
        "timeInForce": order.labels.get("time_in_force", "GTC"),
        "type": type_word(order),
        "side": SIDE_WORDS[order.side],
    }


def _named(order: Order) -> Json:
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_order_id,
    }


def ack_view(order: Order) -> Json:
    """newOrderRespType=ACK."""
    return {**_named(order), "transactTime": millis(order.updated_ns)}


def result_view(order: Order) -> Json:
    """RESULT."""
    return {
        **ack_view(order),
        **terms_view(order),
        "workingTime": millis(order.created_ns),
        "selfTradePreventionMode": order.labels.get("stp", "NONE"),
    }


def full_view(order: Order, fills: list[Fill]) -> Json:
    """FULL: without a time and without a maker flag inside `fills`."""
    rows = [
        {
            "price": fixed8(fill.price),
            "qty": fixed8(fill.qty),
            "commission": fixed8(fill.fee),
            "commissionAsset": fill.fee_coin,
            "tradeId": fill.trade_id,
        }
        for fill in fills
    ]
    return {**result_view(order), "fills": rows}


def order_view(order: Order) -> Json:
    """The order object of the reads: no fills."""
    view: Json = {
        **_named(order),
        **terms_view(order),
        "stopPrice": fixed8(ZERO),
        "icebergQty": fixed8(ZERO),
        "time": millis(order.created_ns),
        "updateTime": millis(order.updated_ns),
        "isWorking": True,
        "workingTime": millis(order.created_ns),
        "selfTradePreventionMode": order.labels.get("stp", "NONE"),
    }
    if order.ending in _EXPIRY:
        view["expiryReason"] = _EXPIRY[order.ending]
    return view


def canceled_view(order: Order, request_id: str) -> Json:
    """DELETE: `clientOrderId` is the cancel request's id."""
    return {
        "symbol": order.symbol,
        "origClientOrderId": order.client_order_id,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": request_id,
        "transactTime": millis(order.updated_ns),
        **terms_view(order),
        "selfTradePreventionMode": order.labels.get("stp", "NONE"),
    }


def trade_view(fill: Fill) -> Json:
    """A row of myTrades: no client order id, no side."""
    return {
        "symbol": fill.symbol,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": -1,
        "price": fixed8(fill.price),
        "qty": fixed8(fill.qty),
        "quoteQty": fixed8(fill.price * fill.qty),
        "commission": fixed8(fill.fee),
        "commissionAsset": fill.fee_coin,
        "time": millis(fill.time_ns),
        "isBuyer": fill.side is Side.BID,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def report(order: Order, event_ns: int, execution_id: int) -> Json:
    """executionReport of a NEW order; other events change what differs."""
    return {
        "e": "executionReport",
        "E": millis(event_ns),
        "s": order.symbol,
        "c": order.client_order_id,
        "S": SIDE_WORDS[order.side],
        "o": type_word(order),
        "f": order.labels.get("time_in_force", "GTC"),
        "q": fixed8(order.qty),
        "p": fixed8(limit_price(order)),
        "P": fixed8(ZERO),
        "F": fixed8(ZERO),
        "g": -1,
        "C": "",
        "x": "NEW",
        "X": "NEW",
        "r": "NONE",
        "i": order.order_id,
        "l": fixed8(ZERO),
        "z": fixed8(order.filled),
        "L": fixed8(ZERO),
        "n": "0",
        "N": None,
        "T": millis(event_ns),
        "t": -1,
        "I": execution_id,
        "w": True,
        "m": False,
        "M": False,
        "O": millis(order.created_ns),
        "Z": fixed8(order.notional),
        "Y": fixed8(ZERO),
        "Q": fixed8(order.quote_qty or ZERO),
        "W": millis(order.created_ns),
        "V": order.labels.get("stp", "NONE"),
    }


def fill_report(order: Order, fill: Fill, event_ns: int, execution_id: int) -> Json:
    """executionReport of one fill."""
    return report(order, event_ns, execution_id) | {
        "x": "TRADE",
        "X": status_word(order),
        "l": fixed8(fill.qty),
        "L": fixed8(fill.price),
        "Y": fixed8(fill.qty * fill.price),
        "n": fixed8(fill.fee),
        "N": fill.fee_coin,
        "T": millis(fill.time_ns),
        "t": fill.trade_id,
        "w": order.is_open,
        "m": fill.is_maker,
        "M": True,
    }


def end_report(ended: OrderEnded, execution_id: int) -> Json:
    """executionReport of a cancel (`c` is the request's id, `C` the order's own) or an expiry."""
    order = ended.order
    status = status_word(order)
    view = report(order, ended.time_ns, execution_id) | {"x": status, "X": status, "w": False}
    if status == "CANCELED":
        view |= {"c": ended.request_id, "C": order.client_order_id}
    if status == "EXPIRED_IN_MATCH":
        view["x"] = "TRADE_PREVENTION"
    if order.ending in _EXPIRY:
        view["eR"] = _EXPIRY[order.ending]
    return view


def position_event(moved: AccountMoved, balances: dict[str, Balance], event_ns: int) -> Json:
    """outboundAccountPosition: the coins that changed, absolute."""
    rows = [
        {"a": coin, "f": fixed8(balance.free), "l": fixed8(balance.locked)}
        for coin, balance in balances.items()
        if coin in moved.coins
    ]
    return {
        "e": "outboundAccountPosition",
        "E": millis(event_ns),
        "u": millis(moved.time_ns),
        "B": rows,
    }


def balance_event(moved: AccountMoved, coin: str, event_ns: int) -> Json:
    """balanceUpdate: a deposit or withdrawal, relative."""
    return {
        "e": "balanceUpdate",
        "E": millis(event_ns),
        "a": coin,
        "d": fixed8(moved.deltas[coin]),
        "T": millis(moved.time_ns),
    }


def symbol_view(instrument: Instrument) -> Json:
    """A symbol of exchangeInfo."""
    return {
        "symbol": instrument.symbol,
        "status": "TRADING" if instrument.phase.value == "trading" else "HALT",
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters_view(instrument),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def filters_view(instrument: Instrument) -> list[Json]:
    """The filters that this exchange applies."""
    lot: Json = {
        "minQty": fixed8(instrument.min_qty),
        "maxQty": fixed8(instrument.max_qty),
        "stepSize": fixed8(instrument.lot),
    }
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": fixed8(instrument.tick),
            "maxPrice": "1000000.00000000",
            "tickSize": fixed8(instrument.tick),
        },
        {"filterType": "LOT_SIZE", **lot},
        {"filterType": "MARKET_LOT_SIZE", **lot},
        {
            "filterType": "NOTIONAL",
            "minNotional": fixed8(instrument.min_notional),
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
    ]
