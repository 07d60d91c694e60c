"""Phemex USDT perpetuals: /g-orders and what belongs to them."""

from __future__ import annotations

from daemon.paper.clock import Clock
from daemon.paper.crypto.exchange import Rules
from daemon.paper.crypto.venue import Nature, make_venue
from daemon.paper.phemex import perp_orders, perp_reads, public
from daemon.paper.phemex.calls import Handler, Route
from daemon.paper.phemex.config import PhemexConfig
from daemon.paper.phemex.door import PhemexDoor
from daemon.paper.phemex.limits import CONTRACT
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.perp_push import PerpTeller
from daemon.paper.units import ONE


def _contract(handler: Handler, weight: int = 1) -> Route:
    return Route(handler=handler, group=CONTRACT, weight=weight)


_ROUTES = {
    ("GET", "/md/v2/orderbook"): Route(handler=public.orderbook, is_private=False, is_bare=True),
    ("GET", "/md/v2/fullbook"): Route(handler=public.full_book, is_private=False, is_bare=True),
    ("GET", "/md/v3/ticker/24hr"): Route(
        handler=public.perp_ticker, is_private=False, is_bare=True
    ),
    ("POST", "/g-orders"): _contract(perp_orders.place),
    ("PUT", "/g-orders/create"): _contract(perp_orders.place),
    ("PUT", "/g-orders/replace"): _contract(perp_orders.amend),
    ("DELETE", "/g-orders/cancel"): _contract(perp_orders.cancel),
    ("DELETE", "/g-orders"): _contract(perp_orders.cancel_some),
    ("DELETE", "/g-orders/all"): _contract(perp_orders.cancel_all, 3),
    ("GET", "/g-orders/activeList"): _contract(perp_reads.open_list),
    ("GET", "/g-orders/active"): _contract(perp_reads.open_order),
    ("GET", "/g-accounts/accountPositions"): _contract(perp_reads.positions),
    ("GET", "/g-accounts/positions"): _contract(perp_reads.positions_with_profit, 25),
    ("PUT", "/g-positions/switch-pos-mode-sync"): _contract(perp_orders.set_mode),
    ("PUT", "/g-positions/leverage"): _contract(perp_orders.set_leverage),
    ("GET", "/api-data/g-futures/orders"): Route(handler=perp_reads.order_history, is_history=True),
    ("GET", "/api-data/g-futures/orders/by-order-id"): Route(
        handler=perp_reads.orders_by_id, is_history=True
    ),
    ("GET", "/api-data/g-futures/trades"): Route(handler=perp_reads.trades, is_history=True),
    ("GET", "/exchange/order/v2/orderList"): Route(handler=perp_reads.order_list),
    ("GET", "/exchange/order/v2/tradingList"): Route(handler=perp_reads.trading_list),
}


def make_perp(config: PhemexConfig, clock: Clock, seed: int) -> PhemexDoor:
    """The venue and its door, not yet populated and not yet listening."""
    rules = Rules(
        refuses_fok=False,
        refuses_post_only=False,
        ids_are_for_ever=config.client_ids == "for_ever",
        fee_coin_share=ONE,
        liquidation_id="",
        adl_id="",
    )
    nature = Nature(name="phemex_usdt_perp", is_contract=True, rules=rules)
    market = Market(make_venue(nature, config, clock, seed), config)
    return PhemexDoor(market, _ROUTES, PerpTeller(market))
