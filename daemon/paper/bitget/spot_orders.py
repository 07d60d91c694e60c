"""Classic spot's requests of a member: place, cancel, and the reads of what is its own."""

from __future__ import annotations

from functools import partial

from daemon.paper.bitget.auth import check_window
from daemon.paper.bitget.calls import Call
from daemon.paper.bitget.errors import missing
from daemon.paper.bitget.paging import page
from daemon.paper.bitget.params import CLASSIC_ID
from daemon.paper.bitget.spot_views import asset_view, fill_view, order_view, unfilled_view
from daemon.paper.bitget.tally import fills_of
from daemon.paper.bitget.words import SIDES, STP, TIMES, TYPES, Json
from daemon.paper.crypto.desk import NewOrder
from daemon.paper.crypto.model import Order, OrdType
from daemon.paper.model import Side
from daemon.paper.units import ZERO


def place(call: Call) -> object:
    """POST /api/v2/spot/trade/place-order"""
    check_window(call.venue, call.stamp, call.params.number("receiveWindow"))
    return call.place(partial(_new_order, call))


def _new_order(call: Call) -> NewOrder:
    params, instrument = call.params, call.instrument()
    side, ord_type = params.one_of("side", SIDES), params.one_of("orderType", TYPES)
    is_limit = ord_type is OrdType.LIMIT
    params.need("size")
    if is_limit:
        params.need("price")
    force = params.word("force", "" if is_limit else "gtc")
    if is_limit and not force:
        raise missing("force")
    in_quote = not is_limit and side is Side.BID
    size = params.decimal("size") or ZERO
    return NewOrder(
        account=call.account,
        symbol=instrument.symbol,
        side=side,
        ord_type=ord_type,
        client_order_id=call.client_id(CLASSIC_ID),
        qty=ZERO if in_quote else size,
        quote_qty=size if in_quote else None,
        price=params.decimal("price") if is_limit else None,
        time_in_force=params.one_of("force", TIMES, "gtc") if is_limit else TIMES["ioc"],
        own_cross=params.one_of("stpMode", STP, "none"),
        post_only=is_limit and force == "post_only",
        labels={"force": force, "stp": params.word("stpMode", "none")},
    )


def cancel(call: Call) -> object:
    """POST /api/v2/spot/trade/cancel-order"""
    call.instrument()
    return call.cancel(call.live_order())


def order(call: Call) -> object:
    """GET /api/v2/spot/trade/orderInfo: a list, empty when there is none."""
    found = call.seen_order()
    return [] if found is None else [_view(call, found)]


def _view(call: Call, found: Order) -> Json:
    return order_view(found, fills_of(call.venue.exchange, found))


def unfilled(call: Call) -> object:
    """GET /api/v2/spot/trade/unfilled-orders"""
    return [unfilled_view(row) for row in _page(call, call.orders(is_open=True))]


def history(call: Call) -> object:
    """GET /api/v2/spot/trade/history-orders: what is over."""
    return [_view(call, row) for row in _page(call, call.orders(is_open=False))]


def _page(call: Call, rows: list[Order]) -> list[Order]:
    return page(
        rows,
        call.params,
        call.venue.now_ns(),
        id_of=lambda row: row.order_id,
        ns_of=lambda row: row.created_ns,
    )


def fills(call: Call) -> object:
    """GET /api/v2/spot/trade/fills: a list, walked backwards by `idLessThan`."""
    rows = page(
        call.fills(),
        call.params,
        call.venue.now_ns(),
        id_of=lambda row: row.trade_id,
        ns_of=lambda row: row.time_ns,
    )
    orders = call.venue.exchange.orders
    return [fill_view(row, orders[row.order_id].ord_type.value) for row in rows]


def assets(call: Call) -> object:
    """GET /api/v2/spot/account/assets"""
    wanted, now_ns = call.params.text("coin").upper(), call.venue.now_ns()
    return [
        asset_view(coin, balance, now_ns)
        for coin, balance in call.balances().items()
        if wanted in ("", coin)
    ]


def key_info(call: Call) -> object:
    """GET /api/v2/spot/account/info: what the key may do, in Bitget's words."""
    withdraws = call.venue.exchange.accounts[call.account].withdraws
    return {
        "userId": "1",
        "inviterId": "",
        "ips": "",
        "authorities": ["coow", "cpow", "stow", *(["wwow"] if withdraws else [])],
        "parentId": 1,
        "traderType": "not_trader",
        "channelCode": "",
        "channel": "",
        "regisTime": str(call.venue.now_ns() // 1_000_000),
    }
