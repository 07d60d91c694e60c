"""Where spot and USDT perpetuals differ by REST: paths, rate-limit groups, and their wire modules.

Weights and groups: Phemex docs, API groups. Everything above speaks to one `Dialect` and does not
know which market it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.events import Fill, Funding, Undecodable
from daemon.core.terms import Symbol, Venue
from daemon.venues.decoding import Stamp, undecodable
from daemon.venues.phemex import perp_rest_wire, spot_wire
from daemon.venues.phemex.ends_wire import OrderRead
from daemon.venues.phemex.order_wire import POSITION_WORDS, encode_perp, encode_spot
from daemon.venues.phemex.product_wire import Product, Products, UnknownSymbolError
from daemon.venues.phemex.session import CONTRACT, OTHERS, SPOT_ORDER, Query
from daemon.venues.phemex.wire import PERP, SPOT, USDT

EncodePlace = Callable[[PlaceOrder, Product], bytes]
ReadOrder = Callable[[Stamp, msgspec.Raw, Products, int], OrderRead | Undecodable]
ReadTrade = Callable[[Stamp, msgspec.Raw, Products], tuple[Fill | Funding | Undecodable, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One market's REST. `all_trades` asks for every symbol's trades, where that is possible;
    `closed_path` lists closed orders with their client ids, where there is such a list.
    """

    group: str
    place_path: str
    cancel_path: str
    cancel_cost: int
    cancel_query: Callable[[CancelOrder], Query]
    open_path: str
    order_path: str
    closed_path: str | None
    trades_path: str
    all_trades: Query | None
    account_path: str
    account_query: Query
    account_group: str
    book_path: str
    encode: EncodePlace
    read_order: ReadOrder
    read_trade: ReadTrade


def _cancel_perp(command: CancelOrder) -> Query:
    side = POSITION_WORDS[command.key.position_side]
    return (*_cancel_spot(command), ("posSide", side))


def _cancel_spot(command: CancelOrder) -> Query:
    return (("symbol", str(command.key.symbol)), ("orderID", str(command.venue_order_id)))


def _read_spot_trade(
    stamp: Stamp, raw: msgspec.Raw, products: Products
) -> tuple[Fill | Undecodable, ...]:
    try:
        return (spot_wire.decode_fill_row(stamp, raw, products),)
    except UnknownSymbolError as error:
        return (undecodable(stamp, "spot fill", bytes(raw), str(error)),)


DIALECTS: Final[dict[Venue, Dialect]] = {
    PERP: Dialect(
        group=CONTRACT,
        place_path="/g-orders",
        cancel_path="/g-orders/cancel",
        cancel_cost=1,
        cancel_query=_cancel_perp,
        open_path="/g-orders/activeList",
        order_path="/api-data/g-futures/orders/by-order-id",
        closed_path="/exchange/order/v2/orderList",
        trades_path="/api-data/g-futures/trades",
        all_trades=(("currency", str(USDT)),),
        account_path="/g-accounts/accountPositions",
        account_query=(("currency", str(USDT)),),
        account_group=CONTRACT,
        book_path="/md/v2/orderbook",
        encode=encode_perp,
        read_order=lambda stamp, raw, _products, as_of_ns: perp_rest_wire.decode_order_row(
            stamp, raw, as_of_ns
        ),
        read_trade=lambda stamp, raw, _products: perp_rest_wire.decode_trade_row(stamp, raw),
    ),
    SPOT: Dialect(
        group=SPOT_ORDER,
        place_path="/spot/orders",
        cancel_path="/spot/orders",
        cancel_cost=2,
        cancel_query=_cancel_spot,
        open_path="/spot/orders",
        order_path="/api-data/spots/orders/by-order-id",
        closed_path=None,
        trades_path="/api-data/spots/trades",
        all_trades=None,
        account_path="/spot/wallets",
        account_query=(),
        account_group=OTHERS,
        book_path="/md/orderbook",
        encode=encode_spot,
        read_order=spot_wire.decode_order_row,
        read_trade=_read_spot_trade,
    ),
}


def by_symbol(symbol: Symbol) -> Query:
    """The filter that every list takes."""
    return (("symbol", str(symbol)),)
