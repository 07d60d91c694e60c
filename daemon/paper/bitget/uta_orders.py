"""The unified account's requests of a member, both markets: place, cancel, modes, reads."""

from __future__ import annotations

from functools import partial

from daemon.paper.bitget.auth import check_window
from daemon.paper.bitget.calls import Call
from daemon.paper.bitget.errors import ApiError, missing, wrong
from daemon.paper.bitget.market_reads import is_here
from daemon.paper.bitget.mix_orders import LEVERAGE_MAX, MODES, change_mode
from daemon.paper.bitget.paging import page
from daemon.paper.bitget.params import UTA_ID
from daemon.paper.bitget.tally import fills_of
from daemon.paper.bitget.uta_views import coin_view, fill_view, order_view, position_view
from daemon.paper.bitget.words import HELD, SIDES, STP, TIMES, TYPES, Json
from daemon.paper.crypto.desk import NewOrder
from daemon.paper.crypto.model import Order, OrdType, Position, PositionSide
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.model import Side
from daemon.paper.units import ZERO

_YES = {"yes": True, "no": False}
_SPAN_DAYS = 30


def place(call: Call) -> object:
    """POST /api/v3/trade/place-order"""
    if not is_here(call, "category"):
        raise CoinRefusalError(Why.SYMBOL)
    check_window(call.venue, call.stamp, call.params.number("receiveWindow"))
    return call.place(partial(_new_order, call))


def _new_order(call: Call) -> NewOrder:
    params, instrument = call.params, call.instrument()
    side, ord_type = params.one_of("side", SIDES), params.one_of("orderType", TYPES)
    is_limit = ord_type is OrdType.LIMIT
    params.need("qty")
    if is_limit:
        params.need("price")
    force = params.word("timeInForce", "gtc") if is_limit else "gtc"
    in_quote = not is_limit and side is Side.BID and not instrument.is_contract
    qty = params.decimal("qty") or ZERO
    held = _position_side(call)
    return NewOrder(
        account=call.account,
        symbol=instrument.symbol,
        side=side,
        ord_type=ord_type,
        client_order_id=call.client_id(UTA_ID),
        qty=ZERO if in_quote else qty,
        quote_qty=qty if in_quote else None,
        price=params.decimal("price") if is_limit else None,
        time_in_force=params.one_of("timeInForce", TIMES, "gtc") if is_limit else TIMES["ioc"],
        position_side=held,
        own_cross=params.one_of("stpMode", STP, "none"),
        post_only=is_limit and force == "post_only",
        reduce_only=held is PositionSide.BOTH and params.one_of("reduceOnly", _YES, "no"),
        labels={"force": force, "stp": params.word("stpMode", "none")},
    )


def _position_side(call: Call) -> PositionSide:
    if not call.venue.exchange.accounts[call.account].hedge_mode:
        return PositionSide.BOTH
    if "posSide" not in call.params:
        raise CoinRefusalError(Why.POSITION_SIDE)
    return call.params.one_of("posSide", HELD)


def cancel(call: Call) -> object:
    """POST /api/v3/trade/cancel-order"""
    return call.cancel(call.live_order())


def order(call: Call) -> object:
    """GET /api/v3/trade/order-info"""
    found = call.seen_order()
    if found is None:
        raise ApiError("25204", "Order does not exist")
    return _view(call, found)


def _view(call: Call, found: Order) -> Json:
    exchange = call.venue.exchange
    return order_view(found, exchange.instruments[found.symbol], fills_of(exchange, found))


def unfilled(call: Call) -> object:
    """GET /api/v3/trade/unfilled-orders"""
    return _listed(call, call.orders(is_open=True) if is_here(call, "category") else [])


def history(call: Call) -> object:
    """GET /api/v3/trade/history-orders: what is over, 30 days at most at once."""
    return _listed(call, call.orders(is_open=False) if is_here(call, "category") else [])


def _listed(call: Call, orders: list[Order]) -> Json:
    rows = page(
        orders,
        call.params,
        call.venue.now_ns(),
        id_of=lambda row: row.order_id,
        ns_of=lambda row: row.created_ns,
        span_days=_SPAN_DAYS,
    )
    return {
        "list": [_view(call, row) for row in rows],
        "cursor": str(rows[-1].order_id) if rows else "",
    }


def fills(call: Call) -> object:
    """GET /api/v3/trade/fills: 30 days at most at once; all categories without one."""
    is_ours = "category" not in call.params or is_here(call, "category")
    rows = page(
        call.fills() if is_ours else [],
        call.params,
        call.venue.now_ns(),
        id_of=lambda row: row.trade_id,
        ns_of=lambda row: row.time_ns,
        span_days=_SPAN_DAYS,
    )
    exchange = call.venue.exchange
    return {
        "list": [
            fill_view(row, exchange.orders[row.order_id], exchange.instruments[row.symbol])
            for row in rows
        ],
        "cursor": str(rows[-1].trade_id) if rows else "",
    }


def assets(call: Call) -> object:
    """GET /api/v3/account/assets: coins in full, sums in USDT alone."""
    rows = [coin_view(coin, balance) for coin, balance in call.balances().items()]
    worth = next((row["equity"] for row in rows if row["coin"] == "USDT"), "0")
    return {"accountEquity": worth, "usdtEquity": worth, "unrealisedPnl": "0", "assets": rows}


def positions(call: Call) -> object:
    """GET /api/v3/position/current-position"""
    rows = call.positions() if is_here(call, "category") else []
    symbol = call.params.symbol()
    chosen = [row for row in rows if symbol in ("", row.symbol)]
    return {"list": [held_view(call.venue, row) for row in chosen] or None}


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


def settings(call: Call) -> object:
    """GET /api/v3/account/settings"""
    is_hedge = call.venue.exchange.accounts[call.account].hedge_mode
    return {
        "accountMode": "unified",
        "assetMode": "single",
        "holdMode": "hedge_mode" if is_hedge else "one_way_mode",
        "stpMode": "none",
    }


def set_mode(call: Call) -> object:
    """POST /api/v3/account/set-hold-mode"""
    change_mode(call, call.params.one_of("holdMode", MODES))
    return "success"


def set_leverage(call: Call) -> object:
    """POST /api/v3/account/set-leverage: this exchange keeps one leverage for an account."""
    leverage = call.params.number("leverage")
    if leverage is None:
        raise missing("leverage")
    if not 1 <= leverage <= LEVERAGE_MAX:
        raise wrong("leverage")
    call.venue.upkeep.set_leverage(call.account, call.instrument().symbol, leverage)
    return "success"
