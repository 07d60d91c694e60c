"""Phemex spot: the rows of `wo` and of REST, all scaled by product and currency. Pure.

Each row of `orders.fills` is a fill; `orders.open` and `orders.closed` tell the orders' states.
Prices are scaled by the product, quantities by the base currency, fees by the fee's own currency,
which may be given as a number (`"4"`). A row of a product that is not known yet cannot be scaled:
`UnknownSymbolError` asks the caller to read the products again and to try once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.events import Fill, OrderSnapshot, Undecodable, VenueEvent
from daemon.core.terms import ZERO, ClientOrderId, Currency, ExecId, Liquidity, Symbol, VenueOrderId
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, name, undecodable
from daemon.venues.phemex.ends_wire import OrderRead, ended
from daemon.venues.phemex.product_wire import Product, Products, UnknownSymbolError
from daemon.venues.phemex.wire import (
    FILLS,
    NO_FILLS,
    Wire,
    is_execution,
    scaled,
    side,
    status,
    time_in_force,
    time_ns,
    wire_name,
)

LIQUIDITY: Final = {"AddedLiquidity": Liquidity.MAKER, "RemovedLiquidity": Liquidity.TAKER}
FILL_TRADES: Final = frozenset({None, "", "Trade"})


class _FillRow(msgspec.Struct, rename=wire_name):
    """A fill; REST calls its id `execId` and may say an execStatus."""

    symbol: str
    side: str
    order_id: str
    exec_base_qty_ev: Wire
    exec_price_ep: Wire
    exec_fee_ev: Wire = 0
    fee_currency: str | None = None
    exec_id: str | None = None
    exec_id_by_data: str | None = msgspec.field(default=None, name="execId")
    cl_ord_id: str | None = None
    last_liquidity_ind: str | None = None
    exec_status: str | None = None
    trade_type: str | None = None
    transact_time_ns: Wire = 0


class _OrderRow(msgspec.Struct, rename=wire_name):
    """An order; REST's history calls the cumulative quantity `cumBaseValueEv`."""

    symbol: str
    side: str
    order_id: str
    ord_status: str
    base_qty_ev: Wire
    cl_ord_id: str | None = None
    exec_status: str | None = None
    cum_base_qty_ev: Wire | None = None
    cum_base_value_ev: Wire | None = None
    leaves_base_qty_ev: Wire = 0
    price_ep: Wire = 0
    time_in_force: str | None = None
    cxl_rej_reason: int = 0
    biz_error: int = 0
    create_time_ns: Wire = 0
    transact_time_ns: Wire = 0


class _WalletRow(msgspec.Struct, rename="camel"):
    """What one currency's wallet holds, what is locked included."""

    currency: str
    balance_ev: Wire
    locked_trading_balance_ev: Wire = 0
    locked_withdraw_ev: Wire = 0


@dataclass(frozen=True, slots=True)
class Wallet:
    """One currency: all of it, and how much of that cannot be sold because it is withdrawn."""

    currency: Currency
    qty: Decimal
    withdrawn_qty: Decimal


_FILL: Final = msgspec.json.Decoder(_FillRow)
_ORDER: Final = msgspec.json.Decoder(_OrderRow)
_WALLET: Final = msgspec.json.Decoder(_WalletRow)


def decode_fill_row(
    stamp: Stamp, raw: bytes | msgspec.Raw, products: Products
) -> Fill | Undecodable:
    """A fill of `wo` or of GET /api-data/spots/trades; raises `UnknownSymbolError` alone."""
    try:
        return _fill(stamp, decode_as(_FILL, raw), products)
    except UnknownSymbolError:
        raise
    except UnreadableError as error:
        return undecodable(stamp, "spot fill", bytes(raw), str(error))


def _fill(stamp: Stamp, row: _FillRow, products: Products) -> Fill:
    product = products.product(row.symbol)
    exec_id = row.exec_id or row.exec_id_by_data
    if not is_execution(exec_id) or exec_id is None:
        raise UnreadableError(f"execID {str(exec_id)[:40]!r} is of no execution")
    if row.exec_status not in {None, "", *FILLS} or row.trade_type not in FILL_TRADES:
        raise UnreadableError(f"{row.exec_status} {row.trade_type}: not known as a fill")
    fee, currency = _fee(row, product, products)
    liquidity = FILLS.get(row.exec_status or "") or LIQUIDITY.get(row.last_liquidity_ind or "")
    return Fill(
        **stamp,
        symbol=Symbol(name(row.symbol, "symbol")),
        client_order_id=ClientOrderId(row.cl_ord_id) if row.cl_ord_id else None,
        venue_order_id=VenueOrderId(name(row.order_id, "orderID")),
        transact_time_ns=time_ns(row.transact_time_ns, "transactTimeNs"),
        exec_id=ExecId(name(exec_id, "execID")),
        side=side(row.side),
        last_qty=_above_zero(scaled(row.exec_base_qty_ev, product.base_scale, "execBaseQtyEv")),
        last_px=_above_zero(scaled(row.exec_price_ep, product.price_scale, "execPriceEp")),
        commission=fee,
        commission_currency=currency,
        liquidity=liquidity,
    )


def _fee(row: _FillRow, product: Product, products: Products) -> tuple[Decimal, Currency]:
    """+ where paid. Without a currency only a fee of nothing can be read."""
    if row.fee_currency:
        currency, scale = products.currency(row.fee_currency)
        return scaled(row.exec_fee_ev, scale, "execFeeEv"), currency
    if scaled(row.exec_fee_ev, 0, "execFeeEv"):
        raise UnreadableError("a fee without feeCurrency")
    return ZERO, product.instrument.quote_currency


def _above_zero(value: Decimal) -> Decimal:
    if value <= ZERO:
        raise UnreadableError(f"{value} traded, or at that price")
    return value


def decode_state_row(
    stamp: Stamp, raw: bytes | msgspec.Raw, products: Products
) -> tuple[VenueEvent, ...]:
    """A row of `orders.open` or `orders.closed`; raises `UnknownSymbolError` alone."""
    try:
        row = decode_as(_ORDER, raw)
        if row.exec_status and row.exec_status not in {*FILLS, *NO_FILLS}:
            text = f"execStatus {row.exec_status[:40]!r} is unknown"
            return (undecodable(stamp, "wo order", bytes(raw), text),)
        at_ns = time_ns(row.transact_time_ns, "transactTimeNs")
        state = _read(stamp, row, products, at_ns).snapshot
        return ended(stamp, state, row.cxl_rej_reason, row.biz_error, "")
    except UnknownSymbolError:
        raise
    except UnreadableError as error:
        return (undecodable(stamp, "wo order", bytes(raw), str(error)),)


def decode_order_row(
    stamp: Stamp, raw: bytes | msgspec.Raw, products: Products, as_of_ns: int
) -> OrderRead | Undecodable:
    """An order of any REST list, true as of `as_of_ns` in the venue's clock."""
    try:
        return _read(stamp, decode_as(_ORDER, raw), products, as_of_ns)
    except UnreadableError as error:
        return undecodable(stamp, "spot order row", bytes(raw), str(error))


def _read(stamp: Stamp, row: _OrderRow, products: Products, as_of_ns: int) -> OrderRead:
    product = products.product(row.symbol)
    cum_ev = row.cum_base_value_ev if row.cum_base_qty_ev is None else row.cum_base_qty_ev
    if cum_ev is None:
        raise UnreadableError("neither cumBaseQtyEv nor cumBaseValueEv is there")
    found = status(row.ord_status, row.exec_status)
    order_qty, cum_qty, leaves_qty = (
        _unsigned(scaled(value, product.base_scale, what), what)
        for value, what in (
            (row.base_qty_ev, "baseQtyEv"),
            (cum_ev, "cumBaseQtyEv"),
            (row.leaves_base_qty_ev, "leavesBaseQtyEv"),
        )
    )
    snapshot = OrderSnapshot(
        **stamp,
        symbol=Symbol(name(row.symbol, "symbol")),
        client_order_id=ClientOrderId(row.cl_ord_id) if row.cl_ord_id else None,
        venue_order_id=VenueOrderId(name(row.order_id, "orderID")),
        transact_time_ns=time_ns(row.transact_time_ns, "transactTimeNs"),
        side=side(row.side),
        status=found,
        # An order by quote quantity has no base quantity but what it traded and what is left.
        order_qty=max(order_qty, cum_qty),
        cum_qty=cum_qty,
        leaves_qty=ZERO if found.terminal else leaves_qty,
        limit_px=_unsigned(scaled(row.price_ep, product.price_scale, "priceEp"), "priceEp") or None,
        time_in_force=time_in_force(row.time_in_force),
        as_of_ns=as_of_ns,
    )
    return OrderRead(snapshot, time_ns(row.create_time_ns, "createTimeNs"))


def _unsigned(value: Decimal, what: str) -> Decimal:
    if value < ZERO:
        raise UnreadableError(f"{what} {value} is negative")
    return value


def decode_wallet_row(
    stamp: Stamp, raw: bytes | msgspec.Raw, products: Products
) -> Wallet | Undecodable:
    """A wallet of `wo` or of GET /spot/wallets; raises `UnknownSymbolError` alone."""
    try:
        row = decode_as(_WALLET, raw)
        currency, scale = products.currency(row.currency)
        return Wallet(
            currency,
            _unsigned(scaled(row.balance_ev, scale, "balanceEv"), "balanceEv"),
            _unsigned(
                scaled(row.locked_withdraw_ev, scale, "lockedWithdrawEv"), "lockedWithdrawEv"
            ),
        )
    except UnknownSymbolError:
        raise
    except UnreadableError as error:
        return undecodable(stamp, "wallet", bytes(raw), str(error))
