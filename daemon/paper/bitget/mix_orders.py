"""Classic futures' requests of a member: place, cancel, modes, and the reads of its own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial

from daemon.paper.bitget.auth import check_window
from daemon.paper.bitget.calls import Call
from daemon.paper.bitget.errors import missing, no_order, wrong
from daemon.paper.bitget.market_reads import is_here
from daemon.paper.bitget.mix_views import (
    Margin,
    detail_view,
    fill_view,
    margin_view,
    order_view,
    position_view,
)
from daemon.paper.bitget.paging import page
from daemon.paper.bitget.params import CLASSIC_ID
from daemon.paper.bitget.tally import fills_of
from daemon.paper.bitget.words import OPENING, SIDES, STP, TIMES, TYPES, Json
from daemon.paper.crypto.desk import NewOrder
from daemon.paper.crypto.model import Fill, Order, OrdType, Position, PositionSide
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.model import Side
from daemon.paper.units import ZERO

COIN = "USDT"
LEVERAGE_MAX = 125
MODES = {"one_way_mode": False, "hedge_mode": True}
_MARGIN_MODES = {"crossed": "crossed", "isolated": "isolated", "cross": "crossed"}
_YES = {"yes": True, "no": False}
_HISTORY_DAYS = 7


def place(call: Call) -> object:
    """POST /api/v2/mix/order/place-order"""
    _check(call)
    check_window(call.venue, call.stamp, call.params.number("receiveWindow"))
    return call.place(partial(_new_order, call))


def _check(call: Call) -> None:
    if not is_here(call, "productType"):
        raise wrong("productType")


def _new_order(call: Call) -> NewOrder:
    params, instrument = call.params, call.instrument()
    ord_type = params.one_of("orderType", TYPES)
    is_limit = ord_type is OrdType.LIMIT
    for name in ("marginMode", "marginCoin", "size", *(("price",) if is_limit else ())):
        params.need(name)
    margin_mode = params.one_of("marginMode", _MARGIN_MODES)
    side, position_side = _direction(call)
    force = params.word("force", "gtc") if is_limit else "gtc"
    is_one_way = position_side is PositionSide.BOTH
    return NewOrder(
        account=call.account,
        symbol=instrument.symbol,
        side=side,
        ord_type=ord_type,
        client_order_id=call.client_id(CLASSIC_ID),
        qty=params.decimal("size") or ZERO,
        price=params.decimal("price") if is_limit else None,
        time_in_force=params.one_of("force", TIMES, "gtc") if is_limit else TIMES["ioc"],
        position_side=position_side,
        own_cross=params.one_of("stpMode", STP, "none"),
        post_only=is_limit and force == "post_only",
        reduce_only=is_one_way and params.one_of("reduceOnly", _YES, "no"),
        labels={
            "force": force,
            "stp": params.word("stpMode", "none"),
            "margin_mode": margin_mode,
        },
    )


def _direction(call: Call) -> tuple[Side, PositionSide]:
    """What an order does: in hedge mode its `side` names the position, and tradeSide the rest."""
    side = call.params.one_of("side", SIDES)
    if not call.venue.exchange.accounts[call.account].hedge_mode:
        return side, PositionSide.BOTH
    trade_side = call.params.word("tradeSide")
    if trade_side not in ("open", "close"):
        raise CoinRefusalError(Why.POSITION_SIDE)
    held = next(held for held, opening in OPENING.items() if opening is side)
    return side if trade_side == "open" else side.other, held


def cancel(call: Call) -> object:
    """POST /api/v2/mix/order/cancel-order"""
    _check(call)
    call.instrument()
    return call.cancel(call.live_order())


def detail(call: Call) -> object:
    """GET /api/v2/mix/order/detail"""
    _check(call)
    call.instrument()
    found = call.seen_order()
    if found is None:
        raise no_order()
    fills = fills_of(call.venue.exchange, found)
    return detail_view(found, fills, _leverage(call))


def _leverage(call: Call) -> int:
    return call.venue.exchange.accounts[call.account].leverage


def pending(call: Call) -> object:
    """GET /api/v2/mix/order/orders-pending"""
    return _listed(call, call.orders(is_open=True) if is_here(call, "productType") else [])


def history(call: Call) -> object:
    """GET /api/v2/mix/order/orders-history: what is over."""
    return _listed(call, call.orders(is_open=False) if is_here(call, "productType") else [])


def _listed(call: Call, orders: list[Order]) -> Json:
    rows = page(
        orders,
        call.params,
        call.venue.now_ns(),
        id_of=lambda row: row.order_id,
        ns_of=lambda row: row.created_ns,
    )
    exchange, leverage = call.venue.exchange, _leverage(call)
    views = [order_view(row, fills_of(exchange, row), leverage) for row in rows]
    # A list without a row is null.
    return {
        "entrustedList": views or None,
        "endId": str(rows[-1].order_id) if rows else None,
    }


def fills(call: Call) -> object:
    """GET /api/v2/mix/order/fills"""
    return _fills(call, 90)


def fill_history(call: Call) -> object:
    """GET /api/v2/mix/order/fill-history: a week at most at once."""
    return _fills(call, _HISTORY_DAYS)


def _fills(call: Call, span_days: int) -> Json:
    found: list[Fill] = call.fills() if is_here(call, "productType") else []
    rows = page(
        found,
        call.params,
        call.venue.now_ns(),
        id_of=lambda row: row.trade_id,
        ns_of=lambda row: row.time_ns,
        span_days=span_days,
    )
    return {
        "fillList": [fill_view(row) for row in rows] or None,
        "endId": str(rows[-1].trade_id) if rows else None,
    }


def positions(call: Call) -> object:
    """GET /api/v2/mix/position/all-position"""
    is_ours = is_here(call, "productType")
    return [held_view(call.venue, row) for row in call.positions()] if is_ours else []


def position(call: Call) -> object:
    """GET /api/v2/mix/position/single-position"""
    _check(call)
    symbol = call.instrument().symbol
    rows = [row for row in call.positions() if row.symbol == symbol]
    return [held_view(call.venue, row) for row in rows]


def held_view(venue: CoinVenue, held: Position) -> Json:
    """A position at the mark price."""
    exchange = venue.exchange
    return position_view(
        held,
        exchange.mark_px(held.symbol),
        exchange.unrealized(held),
        exchange.accounts[held.account].leverage,
        exchange.instruments[held.symbol].quote,
    )


def margins(venue: CoinVenue, account: str, totals: Mapping[str, Decimal]) -> list[Margin]:
    """What is behind the contracts of an account, by coin; profits and what is free are of now."""
    exchange = venue.exchange
    profits = dict.fromkeys(totals, ZERO)
    for held in exchange.holdings.of(account):
        coin = exchange.instruments[held.symbol].quote
        profits[coin] = profits.get(coin, ZERO) + exchange.unrealized(held)
    return [
        Margin(
            coin=coin,
            total=total,
            available=max(venue.orders.available_margin(account, coin), ZERO),
            unrealized=profits[coin],
        )
        for coin, total in totals.items()
    ]


def _totals(call: Call) -> dict[str, Decimal]:
    return {coin: balance.free + balance.locked for coin, balance in call.balances().items()}


def accounts(call: Call) -> object:
    """GET /api/v2/mix/account/accounts"""
    if not is_here(call, "productType"):
        return []
    is_hedge = call.venue.exchange.accounts[call.account].hedge_mode
    rows = margins(call.venue, call.account, _totals(call))
    return [margin_view(row, _leverage(call), hedge_mode=is_hedge) for row in rows]


def account(call: Call) -> object:
    """GET /api/v2/mix/account/account"""
    _check(call)
    coin = call.params.need("marginCoin").upper()
    is_hedge = call.venue.exchange.accounts[call.account].hedge_mode
    (row,) = margins(call.venue, call.account, {coin: _totals(call).get(coin, ZERO)})
    return margin_view(row, _leverage(call), hedge_mode=is_hedge)


def set_mode(call: Call) -> object:
    """POST /api/v2/mix/account/set-position-mode; the mode that it is in already is no error."""
    _check(call)
    change_mode(call, call.params.one_of("posMode", MODES))
    return {"posMode": call.params.word("posMode")}


def change_mode(call: Call, hedge_mode: bool) -> None:  # noqa: FBT001 - the answer of a table
    """One-way or hedge."""
    try:
        call.venue.upkeep.set_mode(call.account, hedge_mode=hedge_mode)
    except CoinRefusalError as refusal:
        if refusal.why is not Why.NO_CHANGE:
            raise


def set_leverage(call: Call) -> object:
    """POST /api/v2/mix/account/set-leverage: this exchange keeps one leverage for an account."""
    _check(call)
    symbol, leverage = call.instrument().symbol, call.params.number("leverage")
    if leverage is None:
        raise missing("leverage")
    if not 1 <= leverage <= LEVERAGE_MAX:
        raise wrong("leverage")
    call.venue.upkeep.set_leverage(call.account, symbol, leverage)
    text = str(leverage)
    return {
        "symbol": symbol,
        "marginCoin": COIN,
        "longLeverage": text,
        "shortLeverage": text,
        "crossMarginLeverage": text,
        "marginMode": "crossed",
    }
