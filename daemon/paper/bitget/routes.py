"""Which path is served by which handler, how often a second, and for which kind of account."""

from __future__ import annotations

from daemon.paper.bitget import bills, market_reads, mix_orders, spot_orders, uta_orders
from daemon.paper.bitget.calls import Dialect, Handler, Route
from daemon.paper.bitget.front import Routes

_PUBLIC_PER_S = 20


def _public(handler: Handler) -> Route:
    return Route(handler=handler, per_s=_PUBLIC_PER_S)


def _own(prefix: str, dialect: Dialect, rows: dict[tuple[str, str], Handler]) -> Routes:
    return {
        (method, f"{prefix}/{path}"): Route(handler=handler, dialect=dialect)
        for (method, path), handler in rows.items()
    }


_TIME: Routes = {("GET", "/api/v2/public/time"): _public(market_reads.server_time)}
_KEY: Routes = _own("/api/v2/spot/account", "classic", {("GET", "info"): spot_orders.key_info})

SPOT_ROUTES: Routes = {
    **_TIME,
    **_KEY,
    ("GET", "/api/v2/spot/public/symbols"): _public(market_reads.symbols),
    ("GET", "/api/v2/spot/market/tickers"): _public(market_reads.tickers),
    ("GET", "/api/v2/spot/market/orderbook"): _public(market_reads.order_book),
    ("GET", "/api/v2/margin/currencies"): _public(market_reads.margin_currencies),
    **_own(
        "/api/v2/spot",
        "classic",
        {
            ("POST", "trade/place-order"): spot_orders.place,
            ("POST", "trade/cancel-order"): spot_orders.cancel,
            ("GET", "trade/orderInfo"): spot_orders.order,
            ("GET", "trade/unfilled-orders"): spot_orders.unfilled,
            ("GET", "trade/history-orders"): spot_orders.history,
            ("GET", "trade/fills"): spot_orders.fills,
            ("GET", "account/assets"): spot_orders.assets,
        },
    ),
}
MIX_ROUTES: Routes = {
    **_TIME,
    **_KEY,
    ("GET", "/api/v2/mix/market/contracts"): _public(market_reads.contracts),
    ("GET", "/api/v2/mix/market/tickers"): _public(market_reads.tickers),
    ("GET", "/api/v2/mix/market/ticker"): _public(market_reads.tickers),
    ("GET", "/api/v2/mix/market/merge-depth"): _public(market_reads.merge_depth),
    **_own(
        "/api/v2/mix",
        "classic",
        {
            ("POST", "order/place-order"): mix_orders.place,
            ("POST", "order/cancel-order"): mix_orders.cancel,
            ("GET", "order/detail"): mix_orders.detail,
            ("GET", "order/orders-pending"): mix_orders.pending,
            ("GET", "order/orders-history"): mix_orders.history,
            ("GET", "order/fills"): mix_orders.fills,
            ("GET", "order/fill-history"): mix_orders.fill_history,
            ("GET", "position/all-position"): mix_orders.positions,
            ("GET", "position/single-position"): mix_orders.position,
            ("GET", "account/accounts"): mix_orders.accounts,
            ("GET", "account/account"): mix_orders.account,
            ("GET", "account/bill"): bills.bills,
            ("POST", "account/set-position-mode"): mix_orders.set_mode,
            ("POST", "account/set-leverage"): mix_orders.set_leverage,
        },
    ),
}
UTA_ROUTES: Routes = {
    ("GET", "/api/v3/market/instruments"): _public(market_reads.instruments),
    ("GET", "/api/v3/market/tickers"): _public(market_reads.uta_tickers),
    ("GET", "/api/v3/market/orderbook"): _public(market_reads.uta_order_book),
    **_own(
        "/api/v3",
        "uta",
        {
            ("POST", "trade/place-order"): uta_orders.place,
            ("POST", "trade/cancel-order"): uta_orders.cancel,
            ("GET", "trade/order-info"): uta_orders.order,
            ("GET", "trade/unfilled-orders"): uta_orders.unfilled,
            ("GET", "trade/history-orders"): uta_orders.history,
            ("GET", "trade/fills"): uta_orders.fills,
            ("GET", "account/assets"): uta_orders.assets,
            ("GET", "account/settings"): uta_orders.settings,
            ("GET", "account/financial-records"): bills.records,
            ("GET", "position/current-position"): uta_orders.positions,
            ("POST", "account/set-hold-mode"): uta_orders.set_mode,
            ("POST", "account/set-leverage"): uta_orders.set_leverage,
        },
    ),
}
