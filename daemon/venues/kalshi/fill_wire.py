"""Kalshi fills: REST rows and websocket frames -> `Fill`. Pure.

`trade_id` is the execution's name everywhere (Kalshi docs: fills); fees come from `fee_cost` of
the fill itself, never from the average in an order's answer, which is cut to four digits. REST
rows carry no client order id since 2026-03-30.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.events import Fill, Undecodable
from daemon.core.terms import ZERO, ClientOrderId, Currency, ExecId, Liquidity, Symbol, VenueOrderId
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, millis_ns, name, undecodable
from daemon.venues.kalshi.wire import instant_ns, number, price, qty, seconds_ns, side

USD: Final = Currency("USD")


class FillRow(msgspec.Struct):
    """One row of GET /portfolio/fills; `fill_id` and `trade_id` are the same value."""

    order_id: str
    count_fp: str
    yes_price_dollars: str
    fee_cost: str
    fill_id: str | None = None
    trade_id: str | None = None
    exchange_index: int | None = None
    ticker: str | None = None
    market_ticker: str | None = None
    side: str | None = None
    action: str | None = None
    outcome_side: str | None = None
    book_side: str | None = None
    no_price_dollars: str | None = None
    is_taker: bool | None = None
    created_time: str | None = None
    subaccount_number: int | None = None
    ts: int | None = None


class FillBody(msgspec.Struct):
    """The `msg` of a websocket `fill`."""

    trade_id: str
    order_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    client_order_id: str | None = None
    exchange_index: int | None = None
    is_taker: bool | None = None
    side: str | None = None
    action: str | None = None
    ts: int | None = None
    ts_ms: int | None = None
    post_position_fp: str | None = None
    purchased_side: str | None = None
    outcome_side: str | None = None
    book_side: str | None = None
    subaccount: int | None = None


_ROW: Final = msgspec.json.Decoder(FillRow)
_LIQUIDITY: Final = {True: Liquidity.TAKER, False: Liquidity.MAKER, None: None}


def decode_fill_row(
    stamp: Stamp, raw: bytes | msgspec.Raw, client_order_id: ClientOrderId | None = None
) -> Fill | Undecodable:
    """A REST row; `client_order_id` is what the caller knows of the order it asked for."""
    try:
        row = decode_as(_ROW, raw)
        exec_id = row.trade_id or row.fill_id or ""
        return Fill(
            **stamp,
            symbol=Symbol(name(row.ticker or row.market_ticker or "", "ticker")),
            client_order_id=client_order_id,
            venue_order_id=VenueOrderId(name(row.order_id, "order_id")),
            exec_id=ExecId(name(exec_id, "trade_id")),
            side=side(row.outcome_side, row.book_side),
            last_qty=_traded(row.count_fp),
            last_px=price(row.yes_price_dollars, "yes_price_dollars"),
            commission=number(row.fee_cost, "fee_cost"),
            commission_currency=USD,
            transact_time_ns=_row_time_ns(row),
            liquidity=_LIQUIDITY[row.is_taker],
        )
    except UnreadableError as error:
        return undecodable(stamp, "fill row", bytes(raw), str(error))


def fill_of(stamp: Stamp, body: FillBody) -> Fill:
    """A websocket fill; raises `UnreadableError`."""
    post = body.post_position_fp
    # Not by its constructor: a frozen class takes four times as long to set its own fields.
    fields = {
        **stamp,
        "symbol": Symbol(name(body.market_ticker, "market_ticker")),
        "client_order_id": ClientOrderId(body.client_order_id) if body.client_order_id else None,
        "venue_order_id": VenueOrderId(name(body.order_id, "order_id")),
        "exec_id": ExecId(name(body.trade_id, "trade_id")),
        "side": side(body.outcome_side, body.book_side),
        "last_qty": _traded(body.count_fp),
        "last_px": price(body.yes_price_dollars, "yes_price_dollars"),
        "commission": number(body.fee_cost, "fee_cost"),
        "commission_currency": USD,
        "transact_time_ns": _frame_time_ns(body),
        "liquidity": _LIQUIDITY[body.is_taker],
        "position_qty": None if post is None else number(post, "post_position_fp"),
    }
    return msgspec.convert(fields, Fill)


def _traded(text: str) -> Decimal:
    value = qty(text, "count_fp")
    if value == ZERO:
        raise UnreadableError("count_fp is 0: nothing was traded")
    return value


def _row_time_ns(row: FillRow) -> int:
    if row.created_time is not None:
        return instant_ns(row.created_time, "created_time")
    if row.ts is not None:
        return seconds_ns(row.ts, "ts")
    raise UnreadableError("neither created_time nor ts is there")


def _frame_time_ns(body: FillBody) -> int:
    if body.ts_ms is not None:
        return millis_ns(body.ts_ms, "ts_ms")
    if body.ts is not None:
        return seconds_ns(body.ts, "ts")
    raise UnreadableError("neither ts_ms nor ts is there")
