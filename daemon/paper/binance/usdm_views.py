"""USD-M's JSON for orders, trades, positions and events. Pure: things in, dictionaries out."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.binance.calls import Json, quotient8
from daemon.paper.binance.words import SIDE_WORDS, limit_price, status_word, type_word
from daemon.paper.crypto.happenings import AccountMoved, Cause, OrderEnded
from daemon.paper.crypto.model import (
    Ending,
    Fill,
    Instrument,
    Order,
    Origin,
    Phase,
    Position,
    TimeInForce,
)
from daemon.paper.crypto.oracle import plain
from daemon.paper.model import Side
from daemon.paper.units import ZERO, millis

_EXPIRY = {
    Ending.OWN_CROSS: "1",
    Ending.IOC_REST: "2",
    Ending.REDUCE_ONLY: "4",
    Ending.LIQUIDATED: "5",
    Ending.EXCHANGE: "7",
    Ending.NO_LIQUIDITY: "9",
}
_STATUSES = {
    Phase.TRADING: "TRADING",
    Phase.NO_OPENING: "PRE_SETTLE",
    Phase.HALTED: "SETTLING",
}
_CAUSES = {
    Cause.ORDER: "ORDER",
    Cause.FUNDING: "FUNDING_FEE",
    Cause.DEPOSIT: "DEPOSIT",
    Cause.WITHDRAWAL: "WITHDRAW",
}


def average(order: Order) -> str:
    """Average price, at most 8 decimals."""
    return plain(quotient8(order.notional, order.filled))


def time_word(order: Order) -> str:
    """The time in force as it was asked for: post-only is GTX."""
    if order.origin is not Origin.MEMBER:
        return TimeInForce.IOC.name
    return order.labels.get("time_in_force", "GTC")


def placed_view(order: Order) -> Json:
    """The answer to a write: never with fills."""
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": status_word(order),
        "clientOrderId": order.client_order_id,
        "price": plain(limit_price(order)),
        "avgPrice": average(order),
        "origQty": plain(order.qty),
        "executedQty": plain(order.filled),
        "cumQty": plain(order.filled),
        "cumQuote": plain(order.notional),
        "timeInForce": time_word(order),
        "type": type_word(order),
        "reduceOnly": order.is_closing,
        "closePosition": False,
        "side": SIDE_WORDS[order.side],
        "positionSide": order.position_side.name,
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": type_word(order),
        "priceMatch": "NONE",
        "selfTradePreventionMode": order.labels.get("stp", "NONE"),
        "goodTillDate": 0,
        "updateTime": millis(order.updated_ns),
    }


def order_view(order: Order) -> Json:
    """The order object of the reads."""
    view = placed_view(order) | {"time": millis(order.created_ns)}
    del view["cumQty"]
    return view


def trade_view(fill: Fill) -> Json:
    """A row of userTrades: commission + is paid; no client order id."""
    return {
        "symbol": fill.symbol,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "side": SIDE_WORDS[fill.side],
        "price": plain(fill.price),
        "qty": plain(fill.qty),
        "quoteQty": plain(fill.price * fill.qty),
        "realizedPnl": plain(fill.realized),
        "commission": plain(fill.fee),
        "commissionAsset": fill.fee_coin,
        "time": millis(fill.time_ns),
        "positionSide": fill.position_side.name,
        "buyer": fill.side is Side.BID,
        "maker": fill.is_maker,
    }


def forced_view(order: Order) -> Json:
    """A row of forceOrders."""
    view = order_view(order)
    for name in ("priceMatch", "selfTradePreventionMode", "goodTillDate", "priceProtect"):
        del view[name]
    return view


def position_view(
    position: Position, instrument: Instrument, mark_px: Decimal, unrealized: Decimal, leverage: int
) -> Json:
    """A row of positionRisk."""
    worth = abs(position.cost)
    return {
        "symbol": position.symbol,
        "positionSide": position.position_side.name,
        "positionAmt": plain(position.qty),
        "entryPrice": plain(quotient8(position.cost, abs(position.qty))),
        "breakEvenPrice": plain(quotient8(position.cost, abs(position.qty))),
        "markPrice": plain(mark_px),
        "unRealizedProfit": plain(unrealized),
        "liquidationPrice": "0",
        "leverage": str(leverage),
        "marginType": "cross",
        "isolatedMargin": "0",
        "isolatedWallet": "0",
        "isAutoAddMargin": "false",
        "notional": plain(position.qty * mark_px),
        "marginAsset": instrument.quote,
        "initialMargin": plain(quotient8(worth, Decimal(leverage))),
        "maintMargin": plain(quotient8(worth, Decimal(250))),
        "positionInitialMargin": plain(quotient8(worth, Decimal(leverage))),
        "openOrderInitialMargin": "0",
        "adl": 1,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": millis(position.updated_ns),
    }


def order_event(order: Order, event_ns: int, time_ns: int) -> Json:
    """ORDER_TRADE_UPDATE of a NEW order; other events change what differs in `o`."""
    row: Json = {
        "s": order.symbol,
        "c": order.client_order_id,
        "S": SIDE_WORDS[order.side],
        "o": "LIQUIDATION" if order.origin is not Origin.MEMBER else type_word(order),
        "f": time_word(order),
        "q": plain(order.qty),
        "p": plain(limit_price(order)),
        "ap": average(order),
        "sp": "0",
        "x": "NEW",
        "X": status_word(order),
        "i": order.order_id,
        "l": "0",
        "z": plain(order.filled),
        "L": "0",
        "T": millis(time_ns),
        "t": 0,
        "b": "0",
        "a": "0",
        "m": False,
        "R": order.is_closing,
        "wt": "CONTRACT_PRICE",
        "ot": type_word(order),
        "ps": order.position_side.name,
        "cp": False,
        "rp": "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": order.labels.get("stp", "NONE"),
        "pm": "NONE",
        "gtd": 0,
        "er": "0",
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": millis(event_ns), "T": millis(time_ns), "o": row}


def fill_event(order: Order, fill: Fill, event_ns: int) -> Json:
    """ORDER_TRADE_UPDATE of a fill; of a liquidation or ADL it is CALCULATED."""
    execution = "TRADE" if fill.origin is Origin.MEMBER else "CALCULATED"
    changes: Json = {
        "x": execution,
        "l": plain(fill.qty),
        "L": plain(fill.price),
        "t": fill.trade_id,
        "m": fill.is_maker,
        "rp": plain(fill.realized),
    }
    if fill.fee != ZERO:
        changes |= {"n": plain(fill.fee), "N": fill.fee_coin}
    return _changed(order_event(order, event_ns, fill.time_ns), changes)


def end_event(ended: OrderEnded, event_ns: int) -> Json:
    """ORDER_TRADE_UPDATE of a cancel or an expiry."""
    status = status_word(ended.order)
    execution = "CANCELED" if status == "CANCELED" else "EXPIRED"
    reason = _EXPIRY.get(ended.order.ending, "0") if ended.order.ending else "0"
    changes: Json = {"x": execution, "er": reason}
    return _changed(order_event(ended.order, event_ns, ended.time_ns), changes)


def amended_event(order: Order, event_ns: int) -> Json:
    """ORDER_TRADE_UPDATE of new terms."""
    return _changed(order_event(order, event_ns, order.updated_ns), {"x": "AMENDMENT"})


def _changed(event: Json, changes: Json) -> Json:
    row = event["o"]
    assert isinstance(row, dict)
    return event | {"o": row | changes}


def lite_event(order: Order, fill: Fill, event_ns: int) -> Json:
    """TRADE_LITE: the fill's twin without fee, status and cumulative quantity."""
    return {
        "e": "TRADE_LITE",
        "E": millis(event_ns),
        "T": millis(fill.time_ns),
        "s": fill.symbol,
        "q": plain(order.qty),
        "p": plain(limit_price(order)),
        "m": fill.is_maker,
        "c": fill.client_order_id,
        "S": SIDE_WORDS[fill.side],
        "L": plain(fill.price),
        "l": plain(fill.qty),
        "t": fill.trade_id,
        "i": fill.order_id,
    }


def account_event(
    moved: AccountMoved, totals: dict[str, Decimal], unrealized: list[Decimal], event_ns: int
) -> Json:
    """ACCOUNT_UPDATE: touched coins and positions, absolute; `unrealized` goes with positions."""
    return {
        "e": "ACCOUNT_UPDATE",
        "E": millis(event_ns),
        "T": millis(moved.time_ns),
        "a": {
            "m": _CAUSES[moved.cause],
            "B": [
                {
                    "a": coin,
                    "wb": plain(totals.get(coin, ZERO)),
                    "cw": plain(totals.get(coin, ZERO)),
                    "bc": plain(moved.deltas.get(coin, ZERO)),
                }
                for coin in moved.coins
            ],
            "P": [
                _position_row(position, profit)
                for position, profit in zip(moved.positions, unrealized, strict=True)
            ],
        },
    }


def _position_row(position: Position, unrealized: Decimal) -> Json:
    entry_px = plain(quotient8(position.cost, abs(position.qty)))
    return {
        "s": position.symbol,
        "pa": plain(position.qty),
        "ep": entry_px,
        "bep": entry_px,
        "cr": plain(position.realized),
        "up": plain(unrealized),
        "mt": "cross",
        "iw": "0",
        "ps": position.position_side.name,
    }


def symbol_view(instrument: Instrument) -> Json:
    """A symbol of exchangeInfo."""
    lot: Json = {
        "minQty": plain(instrument.min_qty),
        "maxQty": plain(instrument.max_qty),
        "stepSize": plain(instrument.lot),
    }
    return {
        "symbol": instrument.symbol,
        "pair": instrument.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": _STATUSES[instrument.phase],
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.quote,
        "pricePrecision": places(instrument.tick),
        "quantityPrecision": places(instrument.lot),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": plain(instrument.tick),
                "maxPrice": "1000000",
                "tickSize": plain(instrument.tick),
            },
            {"filterType": "LOT_SIZE", **lot},
            {"filterType": "MARKET_LOT_SIZE", **lot},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": plain(instrument.min_notional)},
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def places(step: Decimal) -> int:
    """How many decimals a step has."""
    exponent = step.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(-exponent, 0)
