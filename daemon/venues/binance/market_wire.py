"""Binance markets: filters as an instrument's terms, and best prices. Pure.

Filters (Binance docs: filters): PRICE_FILTER gives the grid, counted from `minPrice`; LOT_SIZE the
step of a quantity; NOTIONAL or MIN_NOTIONAL the smallest order. A 0 switches a rule off. The best
prices come as `bookTicker`, by stream and by REST with the same meaning; it is pushed when they
change and never on subscribing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import field

from daemon.core.errors import InvalidInstrumentError
from daemon.core.events import MarketPhase, MarketRead, Quote, QuoteSource, Undecodable
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.terms import ZERO, Currency, Symbol
from daemon.venues.binance.wire import SPOT, symbol_of, time_of
from daemon.venues.decoding import (
    Stamp,
    UnreadableError,
    decode_as,
    millis_ns,
    name,
    positive,
    undecodable,
    unsigned,
)

UNBOUNDED_PX: Final = Decimal(10) ** 12
"""Stands for a `maxPrice` that is switched off."""

PHASES: Final = {
    "TRADING": MarketPhase.ACTIVE,
    "PRE_TRADING": MarketPhase.UNOPENED,
    "PENDING_TRADING": MarketPhase.UNOPENED,
    "POST_TRADING": MarketPhase.PAUSED,
    "END_OF_DAY": MarketPhase.PAUSED,
    "HALT": MarketPhase.PAUSED,
    "AUCTION_MATCH": MarketPhase.PAUSED,
    "BREAK": MarketPhase.PAUSED,
    "PRE_DELIVERING": MarketPhase.PAUSED,
    "DELIVERING": MarketPhase.PAUSED,
    "PRE_SETTLE": MarketPhase.PAUSED,
    "SETTLING": MarketPhase.PAUSED,
    "DELIVERED": MarketPhase.CLOSED,
    "CLOSE": MarketPhase.CLOSED,
}
"""Both markets' symbol statuses (Binance docs: enum definitions)."""


class _Filter(msgspec.Struct, rename="camel", kw_only=True):
    filter_type: str
    min_price: str | None = None
    max_price: str | None = None
    tick_size: str | None = None
    step_size: str | None = None
    min_qty: str | None = None
    max_qty: str | None = None
    min_notional: str | None = None
    notional: str | None = None


class _Symbol(msgspec.Struct, rename="camel", kw_only=True):
    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    contract_type: str | None = None
    delivery_date: int | None = None
    filters: list[_Filter]


class _Named(msgspec.Struct):
    symbol: str


class _RateLimit(msgspec.Struct, rename="camel"):
    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class _ExchangeInfo(msgspec.Struct, rename="camel"):
    symbols: list[msgspec.Raw]
    rate_limits: list[_RateLimit] = []


class _RestTicker(msgspec.Struct, rename="camel"):
    symbol: str
    bid_price: str
    bid_qty: str
    ask_price: str
    ask_qty: str
    time: int | None = None


class _StreamTicker(msgspec.Struct, kw_only=True):
    symbol: str = field(name="s")
    bid_px: str = field(name="b")
    bid_qty: str = field(name="B")
    ask_px: str = field(name="a")
    ask_qty: str = field(name="A")
    event_ms: int | None = field(name="E", default=None)


class _PublicFrame(msgspec.Struct, kw_only=True):
    id: int | None = None
    code: int | None = None
    error: object = None


Level = tuple[str, str]
Levels = list[tuple[Decimal, Decimal]]


class _Depth(msgspec.Struct):
    bids: list[Level]
    asks: list[Level]


_INFO: Final = msgspec.json.Decoder(_ExchangeInfo)
_SYMBOL: Final = msgspec.json.Decoder(_Symbol)
_NAMED: Final = msgspec.json.Decoder(_Named)
_REST_TICKER: Final = msgspec.json.Decoder(_RestTicker)
_DEPTH: Final = msgspec.json.Decoder(_Depth)
_STREAM_TICKER: Final = msgspec.json.Decoder(_StreamTicker)
_PUBLIC: Final = msgspec.json.Decoder(_PublicFrame)


def decode_symbols(body: bytes) -> dict[Symbol, msgspec.Raw]:
    """The symbols of exchangeInfo, each still to be decoded; raises `UnreadableError`."""
    rows = decode_as(_INFO, body).symbols
    return {symbol_of(decode_as(_NAMED, raw).symbol): raw for raw in rows}


def decode_weight_limit(body: bytes) -> int | None:
    """The request weight a minute, where exchangeInfo says it; raises `UnreadableError`."""
    for row in decode_as(_INFO, body).rate_limits:
        minute = row.interval == "MINUTE" and row.interval_num == 1
        if row.rate_limit_type == "REQUEST_WEIGHT" and minute and row.limit > 0:
            return row.limit
    return None


def decode_market(stamp: Stamp, raw: bytes | msgspec.Raw) -> MarketRead | Undecodable:
    """One symbol of exchangeInfo."""
    try:
        row = decode_as(_SYMBOL, raw)
        phase = _phase(row.status)
        return MarketRead(**stamp, instrument=_instrument(stamp, row), phase=phase)
    except (UnreadableError, InvalidInstrumentError) as error:
        return undecodable(stamp, f"{stamp['venue']} symbol", bytes(raw), str(error))


def _phase(status: str) -> MarketPhase:
    if status not in PHASES:
        raise UnreadableError(f"status {status[:40]!r} is unknown")
    return PHASES[status]


def _instrument(stamp: Stamp, row: _Symbol) -> Instrument:
    """A quarterly contract closes at its delivery; a perpetual and a spot pair never do.

    USD-M's least notional does not bind what reduces a position (Binance docs: error -4164), and
    exits do: no rest of a futures position is too small to be closed but one below LOT_SIZE.
    """
    spot = stamp["venue"] == SPOT
    filters = {rule.filter_type: rule for rule in row.filters}
    if "PRICE_FILTER" not in filters or "LOT_SIZE" not in filters:
        raise UnreadableError("PRICE_FILTER or LOT_SIZE is missing")
    grid, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
    max_qty = _max_qty(lot)
    max_market_qty = _max_qty(filters["MARKET_LOT_SIZE"]) if "MARKET_LOT_SIZE" in filters else None
    dated = row.contract_type not in {None, "", "PERPETUAL", "TRADIFI_PERPETUAL"}
    delivery = row.delivery_date if dated else None
    return Instrument(
        venue=stamp["venue"],
        symbol=symbol_of(row.symbol),
        price_ranges=(
            PriceRange(
                start_px=_said(grid.min_price, "minPrice"),
                end_px=_said(grid.max_price, "maxPrice") or UNBOUNDED_PX,
                step_px=_said(grid.tick_size, "tickSize"),
            ),
        ),
        lot_qty=_said(lot.step_size, "stepSize"),
        min_qty=unsigned(lot.min_qty or "0", "minQty"),
        max_qty=max_qty,
        max_market_qty=max_market_qty or max_qty,
        min_notional=max(_min_notional(rule) for rule in row.filters) if spot else ZERO,
        quote_currency=Currency(name(row.quote_asset, "quoteAsset")),
        base_currency=Currency(name(row.base_asset, "baseAsset")) if spot else None,
        close_time_ns=None if delivery is None else millis_ns(delivery, "deliveryDate"),
    )


def _said(text: str | None, what: str) -> Decimal:
    if text is None:
        raise UnreadableError(f"{what} is missing")
    return unsigned(text, what)


def _max_qty(rule: _Filter) -> Decimal | None:
    """None where the filter is silent, or switched off with a 0."""
    return None if rule.max_qty is None else unsigned(rule.max_qty, "maxQty") or None


def _min_notional(rule: _Filter) -> Decimal:
    if rule.filter_type not in {"MIN_NOTIONAL", "NOTIONAL"}:
        return ZERO
    return _said(rule.min_notional or rule.notional, "minNotional")


def decode_quote(stamp: Stamp, symbol: Symbol, body: bytes) -> Quote | Undecodable:
    """GET ticker/bookTicker of one symbol."""
    try:
        return _rest_quote(stamp, symbol, decode_as(_REST_TICKER, body))
    except UnreadableError as error:
        return undecodable(stamp, f"{stamp['venue']} bookTicker", body, str(error))


def _rest_quote(stamp: Stamp, symbol: Symbol, row: _RestTicker) -> Quote:
    if row.symbol != symbol:
        raise UnreadableError(f"the answer is of {row.symbol[:40]!r}")
    sides = ((row.bid_price, row.bid_qty), (row.ask_price, row.ask_qty))
    return _quote(stamp, symbol, sides, QuoteSource.REST, row.time)


def decode_levels(body: bytes) -> tuple[Levels, Levels]:
    """GET depth: bids and asks as (price, quantity); raises `UnreadableError`."""
    book = decode_as(_DEPTH, body)
    bids, asks = (
        [(positive(px, "level price"), unsigned(held, "level quantity")) for px, held in side]
        for side in (book.bids, book.asks)
    )
    return bids, asks


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The answer to a subscription; `refusal` is "" when it was granted."""

    refusal: str = ""


def decode_public_frame(stamp: Stamp, raw: bytes) -> Quote | Undecodable | Subscribed:
    """One frame of the market stream; total."""
    try:
        frame = decode_as(_PUBLIC, raw)
        if frame.id is not None:
            refused = frame.code is not None or frame.error is not None
            return Subscribed(f"{frame.code} {frame.error}"[:200] if refused else "")
        row = decode_as(_STREAM_TICKER, raw)
        sides = ((row.bid_px, row.bid_qty), (row.ask_px, row.ask_qty))
        return _quote(stamp, symbol_of(row.symbol), sides, QuoteSource.TICKER, row.event_ms)
    except UnreadableError as error:
        return undecodable(stamp, f"{stamp['venue']} market stream", raw, str(error))


def _quote(
    stamp: Stamp,
    symbol: Symbol,
    sides: tuple[Level, Level],
    source: QuoteSource,
    event_ms: int | None,
) -> Quote:
    """Price or quantity 0 is how an empty side is written; raises `UnreadableError` if crossed."""
    bid, ask = (_level(side) for side in sides)
    if bid is not None and ask is not None and bid[0] >= ask[0]:
        raise UnreadableError(f"bid {bid[0]} is not below ask {ask[0]}")
    return Quote(
        **stamp,
        symbol=symbol,
        bid_px=None if bid is None else bid[0],
        bid_qty=ZERO if bid is None else bid[1],
        ask_px=None if ask is None else ask[0],
        ask_qty=ZERO if ask is None else ask[1],
        source=source,
        venue_time_ns=time_of(event_ms, "E"),
    )


def _level(side: Level) -> tuple[Decimal, Decimal] | None:
    px, held = unsigned(side[0], "price"), unsigned(side[1], "quantity")
    return (px, held) if px > ZERO and held > ZERO else None


class _Subscribe(msgspec.Struct):
    method: str
    params: Sequence[str]
    id: int


def encode_subscription(request_id: int, method: str, symbols: Sequence[Symbol]) -> bytes:
    """SUBSCRIBE or UNSUBSCRIBE to the best prices of these symbols."""
    streams = [f"{symbol.lower()}@bookTicker" for symbol in symbols]
    return msgspec.json.encode(_Subscribe(method, streams, request_id))
