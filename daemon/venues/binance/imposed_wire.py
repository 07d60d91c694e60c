"""What Binance USD-M does to an account by itself: funding, forced orders, margin calls. Pure.

The exchange's own orders are known by how their client ids begin (Binance docs: event order
update); an execution of type CALCULATED is one of them whatever its id. ACCOUNT_UPDATE tells
funding as a changed balance, with no symbol in cross margin, so the rows of GET /fapi/v1/income
are booked instead: `income` is + where the account received, and names no position side.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import field

from daemon.core.events import Funding, MarginCall, Undecodable
from daemon.core.terms import ZERO, Currency, ExecId, FillCause, VenueOrderId
from daemon.venues.binance.wire import order_id_of, position_side_of, symbol_of
from daemon.venues.decoding import (
    Stamp,
    UnreadableError,
    decode_as,
    millis_ns,
    name,
    number,
    undecodable,
    unsigned,
)

FORCED: Final = {
    "autoclose-": FillCause.LIQUIDATION,
    "adl_autoclose": FillCause.ADL,
    "settlement_autoclose-": FillCause.SETTLEMENT,
    "delivery_autoclose-": FillCause.SETTLEMENT,
}
"""How client ids of orders begin that the exchange places, and why it does."""

_CALCULATED: Final = "CALCULATED"
_FUNDING: Final = "FUNDING_FEE"


class _IncomeRow(msgspec.Struct, rename="camel"):
    symbol: str
    income_type: str
    income: str
    asset: str
    time: int
    tran_id: int | str


class _ForcedRow(msgspec.Struct, rename="camel"):
    order_id: int
    client_order_id: str


class _Called(msgspec.Struct):
    symbol: str = field(name="s")
    position_side: str = field(name="ps")
    qty: str = field(name="pa")
    mark_px: str | None = field(name="mp", default=None)


class _MarginCall(msgspec.Struct):
    positions: list[_Called] = field(name="p")


_INCOME: Final = msgspec.json.Decoder(_IncomeRow)
_FORCED: Final = msgspec.json.Decoder(_ForcedRow)
_MARGIN_CALL: Final = msgspec.json.Decoder(_MarginCall)


def is_forced(client_order_id: str) -> bool:
    """True for an order of the exchange's own."""
    return client_order_id.startswith(tuple(FORCED))


def cause_of(client_order_id: str, exec_type: str = "") -> FillCause:
    """Why a USD-M order trades."""
    for prefix, cause in FORCED.items():
        if client_order_id.startswith(prefix):
            return cause
    return FillCause.LIQUIDATION if exec_type == _CALCULATED else FillCause.TRADE


def decode_income_row(stamp: Stamp, raw: bytes | msgspec.Raw) -> Funding | Undecodable | None:
    """A row of GET /fapi/v1/income; None where it is no funding."""
    try:
        row = decode_as(_INCOME, raw)
        if row.income_type != _FUNDING:
            return None
        return Funding(
            **stamp,
            symbol=symbol_of(row.symbol),
            exec_id=ExecId(name(str(row.tran_id), "tranId")),
            funding=ZERO - number(row.income, "income"),
            funding_currency=Currency(name(row.asset, "asset")),
            transact_time_ns=millis_ns(row.time, "time"),
        )
    except UnreadableError as error:
        return undecodable(stamp, f"{stamp['venue']} income", bytes(raw), str(error))


def decode_forced_row(raw: bytes | msgspec.Raw) -> tuple[VenueOrderId, FillCause]:
    """A row of GET /fapi/v1/forceOrders; raises `UnreadableError`."""
    row = decode_as(_FORCED, raw)
    return order_id_of(row.order_id), cause_of(row.client_order_id, _CALCULATED)


def margin_calls(stamp: Stamp, raw: bytes | msgspec.Raw) -> tuple[MarginCall, ...]:
    """The positions that MARGIN_CALL names; raises `UnreadableError`."""
    return tuple(
        MarginCall(
            **stamp,
            symbol=symbol_of(row.symbol),
            position_side=position_side_of(row.position_side),
            position_qty=number(row.qty, "pa"),
            mark_px=None if row.mark_px is None else unsigned(row.mark_px, "mp"),
        )
        for row in decode_as(_MARGIN_CALL, raw).positions
    )
