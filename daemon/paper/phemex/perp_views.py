"""USDT perpetuals' JSON for orders, trades, positions and accounts. Pure but for the ids.

Numbers are decimal texts. By REST quantities end in `Rq`; on the websocket they do not.
"""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.crypto.model import Fill, Order, Position, PositionSide
from daemon.paper.crypto.oracle import plain
from daemon.paper.model import Side
from daemon.paper.phemex.market import FEE_COIN, Market
from daemon.paper.phemex.words import (
    CODE_LABEL,
    EXEC_NUMBERS,
    POSITION_NUMBERS,
    POSITION_WORDS,
    SIDE_NUMBERS,
    SIDE_WORDS,
    STATUS_NUMBERS,
    TRADE_NUMBERS,
    TRADE_WORDS,
    TYPE_NUMBERS,
    TYPE_WORDS,
    Json,
    end_word,
    exec_inst,
    exec_word,
    status_word,
    time_word,
)
from daemon.paper.units import ONE, ZERO, floor_to, millis

_BOUND = {Side.BID: Decimal("1.02"), Side.ASK: Decimal("0.98")}


def price_of(market: Market, order: Order) -> Decimal:
    """The limit; a market order shows how far it would go."""
    if order.limit_px is not None:
        return order.limit_px
    bound = market.venue.exchange.mark_px(order.symbol) * _BOUND[order.side]
    return floor_to(bound, market.instrument_of(order).tick)


def last_exec(market: Market, order: Order) -> str:
    """The execStatus of an order as it is now."""
    if order.ending is not None:
        return end_word(order, market.config.ioc_rest)
    fills = market.venue.exchange.fills[order.account]
    last = next((fill for fill in reversed(fills) if fill.order_id == order.order_id), None)
    return "New" if last is None else exec_word(is_maker=last.is_maker)


def answer_view(market: Market, order: Order, exec_status: str) -> Json:
    """The answer to a write, and a row of the open orders. A new order shows nothing of its fills.

    `orderType` here, `ordType` everywhere else.
    """
    is_new = exec_status in ("PendingNew", "CreateRejected")
    filled, notional = (ZERO, ZERO) if is_new else (order.filled, order.notional)
    leaves, price = order.qty - filled, price_of(market, order)
    return {
        "bizError": 0,
        "orderID": market.order_id(order.order_id),
        "clOrdID": order.client_order_id,
        "symbol": order.symbol,
        "side": SIDE_WORDS[order.side],
        "actionTimeNs": order.created_ns,
        "transactTimeNs": 0 if is_new else order.updated_ns,
        "orderType": TYPE_WORDS[order.ord_type],
        "priceRp": plain(price),
        "orderQtyRq": plain(order.qty),
        "displayQtyRq": plain(order.qty),
        "timeInForce": time_word(order),
        "reduceOnly": order.reduce_only,
        "closedPnlRv": "0",
        "closedSizeRq": "0",
        "cumQtyRq": plain(filled),
        "cumValueRv": plain(notional),
        "leavesQtyRq": plain(leaves),
        "leavesValueRv": plain(leaves * price),
        "stopDirection": "UNSPECIFIED",
        "stopPxRp": "0",
        "trigger": "UNSPECIFIED",
        "pegOffsetValueRp": "0",
        "pegOffsetProportionRr": "0",
        "execStatus": exec_status,
        "pegPriceType": "UNSPECIFIED",
        "ordStatus": "Created" if is_new else status_word(order),
        "execInst": exec_inst(order),
        "posSide": POSITION_WORDS[order.position_side],
        "takeProfitRp": "0",
        "stopLossRp": "0",
    }


def history_view(market: Market, order: Order) -> Json:
    """A row of /api-data/g-futures/orders: ids end in `Id` here."""
    return {
        "actionTimeNs": order.created_ns,
        "bizError": int(order.labels.get(CODE_LABEL, 0)),
        "clOrdId": order.client_order_id,
        "closedPnlRv": "0",
        "closedSizeRq": "0",
        "cumQtyRq": plain(order.filled),
        "cumValueRv": plain(order.notional),
        "displayQtyRq": plain(order.qty),
        "leavesQtyRq": plain(order.remaining),
        "leavesValueRv": plain(order.remaining * price_of(market, order)),
        "orderId": market.order_id(order.order_id),
        "orderQtyRq": plain(order.qty),
        "ordStatus": status_word(order),
        "ordType": TYPE_WORDS[order.ord_type],
        "priceRp": plain(price_of(market, order)),
        "reduceOnly": order.reduce_only,
        "side": SIDE_WORDS[order.side],
        "stopDirection": "UNSPECIFIED",
        "stopLossRp": "0",
        "symbol": order.symbol,
        "takeProfitRp": "0",
        "timeInForce": time_word(order),
        "transactTimeNs": order.updated_ns,
    }


def numbered_view(market: Market, order: Order) -> Json:
    """A row of /exchange/order/v2/orderList: words are numbers, times ms."""
    fills = [f for f in market.venue.exchange.fills[order.account] if f.order_id == order.order_id]
    return {
        "createdAt": millis(order.created_ns),
        "symbol": order.symbol,
        "orderQtyRq": plain(order.qty),
        "side": SIDE_NUMBERS[order.side],
        "priceRp": plain(price_of(market, order)),
        "execQtyRq": plain(order.filled),
        "leavesQtyRq": plain(order.remaining),
        "execPriceRp": plain(order.avg_px),
        "orderValueRv": plain(order.qty * price_of(market, order)),
        "leavesValueRv": "0",
        "cumValueRv": plain(order.notional),
        "stopDirection": 0,
        "stopPxRp": "0",
        "trigger": 0,
        "actionBy": 1,
        "execFeeRv": plain(sum((fill.fee for fill in fills), ZERO)),
        "ordType": TYPE_NUMBERS[order.ord_type],
        "ordStatus": STATUS_NUMBERS[status_word(order)],
        "clOrdId": order.client_order_id,
        "orderId": market.order_id(order.order_id),
        "execStatus": EXEC_NUMBERS[last_exec(market, order)],
        "bizError": int(order.labels.get(CODE_LABEL, 0)),
        "totalPnlRv": None,
        "avgTransactPriceRp": None,
        "orderDetailsVos": None,
        "tradeType": TRADE_NUMBERS[order.origin],
    }


def fee_view(market: Market, fill: Fill) -> tuple[Decimal, Decimal, Decimal]:
    """The fee in the settlement coin, or that in PT and PT's price."""
    if fill.fee_coin == FEE_COIN:
        return ZERO, fill.fee, market.venue.exchange.fee_coin_px
    return fill.fee, ZERO, ZERO


def trade_view(market: Market, fill: Fill) -> Json:
    """A row of /api-data/g-futures/trades."""
    order = market.venue.exchange.orders[fill.order_id]
    fee, token_fee, token_px = fee_view(market, fill)
    return {
        "transactTimeNs": fill.time_ns,
        "symbol": fill.symbol,
        "currency": market.instrument_of(order).quote,
        "action": "New",
        "posSide": POSITION_WORDS[fill.position_side],
        "side": SIDE_WORDS[fill.side],
        "tradeType": TRADE_WORDS[fill.origin],
        "execQtyRq": plain(fill.qty),
        "execPriceRp": plain(fill.price),
        "orderQtyRq": plain(order.qty),
        "priceRp": plain(price_of(market, order)),
        "execValueRv": plain(fill.qty * fill.price),
        "feeRateRr": plain(market.rate(fill)),
        "execFeeRv": plain(fee),
        "ptFeeRv": plain(token_fee),
        "ptPriceRp": plain(token_px),
        "closedSizeRq": plain(fill.qty if order.is_closing else ZERO),
        "closedPnlRv": plain(fill.realized),
        "ordType": TYPE_WORDS[order.ord_type],
        "execID": market.exec_id(fill),
        "orderID": market.order_id(fill.order_id),
        "clOrdID": fill.client_order_id,
        "execStatus": exec_word(is_maker=fill.is_maker),
    }


def numbered_trade(market: Market, fill: Fill) -> Json:
    """A row of /exchange/order/v2/tradingList: its short execId is of no use as a key."""
    row, order = trade_view(market, fill), market.venue.exchange.orders[fill.order_id]
    kept = (
        *("symbol", "currency", "execQtyRq", "execPriceRp", "orderQtyRq", "priceRp"),
        *("execValueRv", "feeRateRr", "execFeeRv", "ptFeeRv", "ptPriceRp"),
    )
    return {name: row[name] for name in kept} | {
        "createdAt": millis(fill.time_ns),
        "action": 1,
        "tradeType": TRADE_NUMBERS[fill.origin],
        "side": SIDE_NUMBERS[fill.side],
        "ordType": TYPE_NUMBERS[order.ord_type],
        "execId": str(row["execID"])[:7],
        "execStatus": EXEC_NUMBERS[exec_word(is_maker=fill.is_maker)],
        "posSide": POSITION_NUMBERS[fill.position_side],
    }


def position_word(qty: Decimal, flat: str) -> str:
    """Buy, Sell, or the word for nothing."""
    if qty == ZERO:
        return flat
    return SIDE_WORDS[Side.BID if qty > ZERO else Side.ASK]


def position_view(market: Market, position: Position) -> Json:
    """A position, on the stream and by REST; `size` has no sign."""
    exchange = market.venue.exchange
    instrument, account = exchange.instruments[position.symbol], position.account
    leverage = exchange.accounts[account].leverage
    is_one_way = position.position_side is PositionSide.BOTH
    return {
        "accountID": market.account_id(account),
        "assignedPosBalanceRv": "0",
        "avgEntryPriceRp": plain(position.entry_px),
        "bankruptPriceRp": "0",
        "cumClosedPnlRv": plain(position.realized),
        "cumFundingFeeRv": "0",
        "cumTransactFeeRv": "0",
        "currency": instrument.quote,
        "curTermRealisedPnlRv": plain(position.realized),
        "deleveragePercentileRr": "0",
        "execSeq": instrument.changes,
        "initMarginReqRr": plain(ONE / leverage),
        "leverageRr": f"-{leverage}",
        "liquidationPriceRp": "0",
        "maintMarginReqRr": "0.005",
        "makerFeeRateRr": plain(instrument.maker_rate),
        "markPriceRp": plain(exchange.mark_px(position.symbol)),
        "posCostRv": plain(position.cost / leverage),
        "posMode": "OneWay" if is_one_way else "Hedged",
        "posSide": POSITION_WORDS[position.position_side],
        "positionMarginRv": plain(position.cost / leverage),
        "positionStatus": "Normal",
        "riskLimitRv": "1000000",
        "side": position_word(position.qty, "None"),
        "size": plain(abs(position.qty)),
        "symbol": position.symbol,
        "takerFeeRateRr": plain(instrument.taker_rate),
        "term": 1,
        "transactTimeNs": position.updated_ns,
        "unrealisedPnlRv": plain(exchange.unrealized(position)),
        "usedBalanceRv": plain(position.cost / leverage),
        "userID": market.user_id(account),
        "valueRv": plain(position.cost),
    }


def account_view(market: Market, account: str, coin: str, total: Decimal) -> Json:
    """An account in one settlement coin; the balance is absolute."""
    free = market.venue.orders.available_margin(account, coin)
    return {
        "accountBalanceRv": plain(total),
        "accountID": market.account_id(account),
        "bonusBalanceRv": "0",
        "currency": coin,
        "totalUsedBalanceRv": plain(max(total - free, ZERO)),
        "userID": market.user_id(account),
    }
