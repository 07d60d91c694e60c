"""Phemex spot: /spot/orders and what belongs to them."""

from __future__ import annotations

from daemon.paper.clock import Clock
from daemon.paper.crypto.exchange import Rules
from daemon.paper.crypto.venue import Nature, make_venue
from daemon.paper.phemex import public, spot_orders, spot_reads
from daemon.paper.phemex.calls import Handler, Route
from daemon.paper.phemex.config import PhemexConfig
from daemon.paper.phemex.door import PhemexDoor
from daemon.paper.phemex.limits import SPOT_ORDER
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.spot_push import SpotTeller
from daemon.paper.units import ONE


def _spot_order(handler: Handler, weight: int = 1) -> Route:
    return Route(handler=handler, group=SPOT_ORDER, weight=weight)


def _market_data(handler: Handler) -> Route:
    return Route(handler=handler, is_private=False, is_bare=True)


_ROUTES = {
    ("GET", "/md/orderbook"): _market_data(public.orderbook),
    ("GET", "/v1/md/orderbook"): _market_data(public.orderbook),
    ("GET", "/md/fullbook"): _market_data(public.full_book),
    ("GET", "/md/spot/ticker/24hr"): _market_data(public.spot_ticker),
    ("GET", "/v1/md/spot/ticker/24hr"): _market_data(public.spot_ticker),
    ("POST", "/spot/orders"): _spot_order(spot_orders.place),
    ("PUT", "/spot/orders/create"): _spot_order(spot_orders.place),
    ("PUT", "/spot/orders"): _spot_order(spot_orders.amend),
    ("DELETE", "/spot/orders"): _spot_order(spot_orders.cancel, 2),
    ("DELETE", "/spot/orders/all"): _spot_order(spot_orders.cancel_all, 2),
    ("GET", "/spot/orders"): _spot_order(spot_reads.open_list),
    ("GET", "/spot/orders/active"): _spot_order(spot_reads.open_order),
    ("GET", "/spot/wallets"): Route(handler=spot_reads.wallets),
    ("GET", "/api-data/spots/orders"): Route(handler=spot_reads.order_history, is_history=True),
    ("GET", "/api-data/spots/orders/by-order-id"): Route(
        handler=spot_reads.orders_by_id, is_history=True
    ),
    ("GET", "/api-data/spots/trades"): Route(handler=spot_reads.trades, is_history=True),
    ("GET", "/exchange/spot/order/trades"): Route(handler=spot_reads.trade_rows),
}


def make_spot(config: PhemexConfig, clock: Clock, seed: int) -> PhemexDoor:
    """The venue and its door, not yet populated and not yet listening."""
    rules = Rules(
        refuses_fok=False,
        refuses_post_only=False,
        ids_are_for_ever=config.client_ids == "for_ever",
        fee_coin_share=ONE,
    )
    nature = Nature(name="phemex_spot", is_contract=False, rules=rules)
    market = Market(make_venue(nature, config, clock, seed), config)
    return PhemexDoor(market, _ROUTES, SpotTeller(market))
