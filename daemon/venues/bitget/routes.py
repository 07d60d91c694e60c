"""Where each market and dialect answers: paths, fixed parameters, how far lists look. Plain values.

`window_s` is the longest span of one look at the fills, `ARCHIVE_S` how long Bitget keeps them.
Of the two lists of futures fills `fills` is used: it spans three months, where `fill-history` spans
a week and is empty in demo trading (Bitget docs: get historical transaction details).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from daemon.venues.bitget.wire import Dialect, Market

Query = tuple[tuple[str, str], ...]

ARCHIVE_S: Final = 90 * 86_400 - 60
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """One market in one dialect. `named` is in every question and every cancel."""

    place: str
    cancel: str
    order: str
    resting: str
    history: str
    fills: str
    holdings: str
    terms: str
    book: str
    window_s: int
    named: Query = ()
    holdings_named: Query = ()
    book_named: Query = ()
    pages: str = "idLessThan"
    fills_by_symbol: bool = True


_SPOT: Final = "/api/v2/spot"
_MIX: Final = "/api/v2/mix"
_UTA: Final = "/api/v3"
_PRODUCT: Final = ("productType", Market.FUTURES.value)


def _uta(market: Market, holdings: str) -> Routes:
    category = ("category", market.value)
    return Routes(
        place=f"{_UTA}/trade/place-order",
        cancel=f"{_UTA}/trade/cancel-order",
        order=f"{_UTA}/trade/order-info",
        resting=f"{_UTA}/trade/unfilled-orders",
        history=f"{_UTA}/trade/history-orders",
        fills=f"{_UTA}/trade/fills",
        holdings=_UTA + holdings,
        terms=f"{_UTA}/market/instruments",
        book=f"{_UTA}/market/orderbook",
        window_s=30 * _DAY_S,
        named=(category,),
        holdings_named=() if market is Market.SPOT else (category,),
        book_named=(category,),
        pages="cursor",
        fills_by_symbol=False,
    )


ROUTES: Final = {
    (Market.SPOT, Dialect.CLASSIC): Routes(
        place=f"{_SPOT}/trade/place-order",
        cancel=f"{_SPOT}/trade/cancel-order",
        order=f"{_SPOT}/trade/orderInfo",
        resting=f"{_SPOT}/trade/unfilled-orders",
        history=f"{_SPOT}/trade/history-orders",
        fills=f"{_SPOT}/trade/fills",
        holdings=f"{_SPOT}/account/assets",
        terms=f"{_SPOT}/public/symbols",
        book=f"{_SPOT}/market/orderbook",
        window_s=ARCHIVE_S,
        book_named=(("type", "step0"),),
    ),
    (Market.FUTURES, Dialect.CLASSIC): Routes(
        place=f"{_MIX}/order/place-order",
        cancel=f"{_MIX}/order/cancel-order",
        order=f"{_MIX}/order/detail",
        resting=f"{_MIX}/order/orders-pending",
        history=f"{_MIX}/order/orders-history",
        fills=f"{_MIX}/order/fills",
        holdings=f"{_MIX}/position/all-position",
        terms=f"{_MIX}/market/contracts",
        book=f"{_MIX}/market/merge-depth",
        window_s=ARCHIVE_S,
        named=(_PRODUCT,),
        holdings_named=(_PRODUCT, ("marginCoin", "USDT")),
        book_named=(_PRODUCT, ("precision", "scale0")),
    ),
    (Market.SPOT, Dialect.UTA): _uta(Market.SPOT, "/account/assets"),
    (Market.FUTURES, Dialect.UTA): _uta(Market.FUTURES, "/position/current-position"),
}

BILLS: Final = f"{_MIX}/account/bill"
RECORDS: Final = f"{_UTA}/account/financial-records"
UTA_SETTINGS: Final = f"{_UTA}/account/settings"
SERVER_TIME: Final = "/api/v2/public/time"

PRIVATE_SOCKETS: Final = {Dialect.CLASSIC: "/v2/ws/private", Dialect.UTA: "/v3/ws/private"}
PUBLIC_SOCKETS: Final = {Dialect.CLASSIC: "/v2/ws/public", Dialect.UTA: "/v3/ws/public"}
