"""The forms of Binance's fills and orders: spot's and USD-M's, by stream and by REST."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import msgspec

from daemon.core.events import OrderSnapshot
from daemon.fill_handler.errors import UnreadableFillError
from daemon.fill_handler.form import Context, Events, Row, form, inner
from daemon.venues.binance import order_wire as binance_rest
from daemon.venues.binance.placing_wire import decode_fills
from daemon.venues.binance.spot_wire import decode_spot_frame
from daemon.venues.binance.usdm_wire import decode_usdm_frame
from daemon.venues.binance.wire import SPOT as BINANCE_SPOT
from daemon.venues.binance.wire import USDM
from daemon.venues.decoding import Stamp


def _placed(_context: Context, stamp: Stamp, raw: bytes) -> Events:
    """The trades, then the order's own state where the answer has one (the seed's has none)."""
    order = () if b'"origQty"' not in raw else _binance_order(_context, stamp, raw)
    return (*decode_fills(stamp, raw), *order)


def _binance_order(_context: Context, stamp: Stamp, raw: bytes) -> Events:
    """True as of the venue's own time in it, however late it is handed in."""
    order = binance_rest.decode_order_row(stamp, _numbered(raw, "orderId"), 0)
    if isinstance(order, OrderSnapshot):
        order = replace(order, as_of_ns=order.transact_time_ns)
    return (order,)


def _binance_trade(_context: Context, stamp: Stamp, raw: bytes) -> Events:
    return (binance_rest.decode_trade_row(stamp, _numbered(raw, "id", "orderId")),)


def _numbered(raw: bytes, *names: str) -> bytes:
    """The row with ids as the numbers that Binance sends; many clients keep them as text.

    Only a text that is exactly a number's is taken for it.
    """
    row: dict[str, object] = msgspec.json.decode(raw)
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and _ID.fullmatch(value):
            row[name] = int(value)
    return msgspec.json.encode(row)


def _report(_context: Context, stamp: Stamp, raw: bytes) -> Events:
    return decode_spot_frame(stamp, b'{"event":%b}' % raw).events


def _lite(_context: Context, stamp: Stamp, _raw: bytes) -> Events:
    text = "TRADE_LITE says no fee: hand in the ORDER_TRADE_UPDATE of the same trade"
    raise UnreadableFillError(text, venue=stamp["venue"])


def _is(kind: str) -> Callable[[Row], bool]:
    return lambda row: row.get("e") == kind


def _names_usdm(row: Row) -> bool:
    return bool(row.keys() & {"positionSide", "realizedPnl"})


def _names_spot(row: Row) -> bool:
    return bool(row.keys() & {"isBuyer", "isMaker", "isBestMatch"})


_ID: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_TRADE_KEYS: Final = "symbol id orderId price qty time"
_ORDER_KEYS: Final = "symbol orderId side status origQty executedQty"
BINANCE: Final = (
    form(
        BINANCE_SPOT,
        "order with fills",
        "orderId symbol side fills",
        _placed,
        lambda row: isinstance(row["fills"], list),
    ),
    form(
        BINANCE_SPOT,
        "websocket frame",
        "event",
        lambda _, stamp, raw: decode_spot_frame(stamp, raw).events,
        lambda row: inner(row, "event").get("e") == "executionReport",
    ),
    form(BINANCE_SPOT, "executionReport", "e s i", _report, _is("executionReport")),
    form(
        BINANCE_SPOT,
        "row of GET myTrades",
        _TRADE_KEYS,
        _binance_trade,
        lambda row: not _names_usdm(row),
    ),
    form(
        USDM,
        "row of GET userTrades",
        _TRADE_KEYS,
        _binance_trade,
        lambda row: not _names_spot(row),
    ),
    form(
        BINANCE_SPOT,
        "order",
        _ORDER_KEYS,
        _binance_order,
        lambda row: "positionSide" not in row and "fills" not in row,
    ),
    form(USDM, "order", f"{_ORDER_KEYS} positionSide", _binance_order),
    form(
        USDM,
        "ORDER_TRADE_UPDATE",
        "e o",
        lambda _, stamp, raw: decode_usdm_frame(stamp, raw).events,
        _is("ORDER_TRADE_UPDATE"),
    ),
    form(
        USDM,
        "combined frame",
        "stream data",
        lambda _, stamp, raw: decode_usdm_frame(stamp, raw).events,
        lambda row: inner(row, "data").get("e") == "ORDER_TRADE_UPDATE",
    ),
    form(USDM, "TRADE_LITE", "e s t", _lite, _is("TRADE_LITE")),
)
