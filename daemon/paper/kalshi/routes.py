"""Which function answers which request. Nothing else."""

from __future__ import annotations

from aiohttp import web

from daemon.paper.kalshi import account_api, markets_api, orders_api, portfolio_api
from daemon.paper.kalshi.gate import PREFIX, Handler, gate

_ORDERS = "/portfolio/events/orders"
_LEGACY = "/portfolio/orders"

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", _ORDERS, orders_api.create),
    ("DELETE", _ORDERS, orders_api.cancel_all),
    ("POST", f"{_ORDERS}/batched", orders_api.batch_create),
    ("DELETE", f"{_ORDERS}/batched", orders_api.batch_cancel),
    ("DELETE", f"{_ORDERS}/{{order_id}}", orders_api.cancel),
    ("POST", f"{_ORDERS}/{{order_id}}/amend", orders_api.amend),
    ("POST", f"{_ORDERS}/{{order_id}}/decrease", orders_api.decrease),
    ("POST", _LEGACY, orders_api.legacy),
    ("POST", f"{_LEGACY}/batched", orders_api.legacy),
    ("DELETE", f"{_LEGACY}/batched", orders_api.legacy),
    ("DELETE", f"{_LEGACY}/{{order_id}}", orders_api.legacy),
    ("POST", f"{_LEGACY}/{{order_id}}/amend", orders_api.legacy),
    ("POST", f"{_LEGACY}/{{order_id}}/decrease", orders_api.legacy),
    ("GET", _LEGACY, portfolio_api.orders),
    ("GET", f"{_LEGACY}/queue_positions", portfolio_api.queue_positions),
    ("GET", f"{_LEGACY}/{{order_id}}", portfolio_api.order),
    ("GET", f"{_LEGACY}/{{order_id}}/queue_position", portfolio_api.queue_position),
    ("GET", "/portfolio/positions", portfolio_api.positions),
    ("GET", "/portfolio/fills", portfolio_api.fills),
    ("GET", "/portfolio/settlements", portfolio_api.settlements),
    ("GET", "/portfolio/balance", portfolio_api.balance),
    ("GET", "/portfolio/summary/total_resting_order_value", portfolio_api.resting_value),
    ("POST", "/portfolio/subaccounts", account_api.create_subaccount),
    ("GET", "/portfolio/subaccounts/balances", account_api.subaccount_balances),
    ("POST", "/portfolio/subaccounts/transfer", account_api.subaccount_transfer),
    ("POST", "/portfolio/intra_exchange_instance_transfer", account_api.shard_transfer),
    ("GET", "/historical/orders", portfolio_api.old_orders),
    ("GET", "/historical/fills", portfolio_api.old_fills),
    ("GET", "/historical/positions", portfolio_api.old_positions),
    ("GET", "/historical/markets", markets_api.old_markets),
    ("GET", "/historical/markets/{ticker}", markets_api.market),
    ("GET", "/historical/trades", markets_api.old_trades),
    ("GET", "/historical/cutoff", markets_api.cutoff),
    ("GET", "/markets", markets_api.markets),
    ("GET", "/markets/trades", markets_api.trades),
    ("GET", "/markets/orderbooks", markets_api.orderbooks),
    ("GET", "/markets/{ticker}", markets_api.market),
    ("GET", "/markets/{ticker}/orderbook", markets_api.orderbook),
    ("GET", "/events", markets_api.events),
    ("GET", "/events/fee_changes", markets_api.fee_changes),
    ("GET", "/events/{event_ticker}", markets_api.event),
    ("GET", "/series", markets_api.series_list),
    ("GET", "/series/fee_changes", markets_api.fee_changes),
    ("GET", "/series/{series_ticker}", markets_api.series),
    ("GET", "/exchange/status", markets_api.status),
    ("GET", "/exchange/schedule", markets_api.schedule),
    ("GET", "/exchange/user_data_timestamp", markets_api.user_data_timestamp),
    ("GET", "/api_keys", account_api.api_keys),
    ("GET", "/account/limits", account_api.limits),
    ("GET", "/account/endpoint_costs", account_api.endpoint_costs),
    ("POST", "/account/api_usage_level/upgrade", account_api.upgrade),
)


def make_app() -> web.Application:
    """The REST application; the websocket route is added by the server."""
    app = web.Application(middlewares=[gate])
    for method, path, handler in ROUTES:
        app.router.add_route(method, PREFIX + path, handler)
    return app
