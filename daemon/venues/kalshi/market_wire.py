"""Kalshi markets: terms and phase, the REST order book, lifecycle messages. Pure.

One market is one instrument quoted in YES dollars that pays 1. Its grid is `price_ranges` and
nothing else (Kalshi docs: fixed-point prices). A REST book has bids of both sides only, NO in NO
prices: the YES ask is 1 - the best NO bid. Empty sides are None, never 0 or 1 dollar.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.errors import InvalidInstrumentError
from daemon.core.events import (
    MarketChanged,
    MarketPhase,
    MarketRead,
    Quote,
    QuoteSource,
    Undecodable,
)
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.terms import ONE, ZERO, Symbol
from daemon.venues.decoding import Stamp, UnreadableError, decode_as, name, undecodable
from daemon.venues.kalshi.wire import LOT_QTY, VENUE, instant_ns, number, price, qty, seconds_ns

PHASES: Final = {
    "initialized": MarketPhase.UNOPENED,
    "inactive": MarketPhase.PAUSED,
    "active": MarketPhase.ACTIVE,
    "closed": MarketPhase.CLOSED,
    "determined": MarketPhase.DETERMINED,
    "disputed": MarketPhase.DETERMINED,
    "amended": MarketPhase.DETERMINED,
    "finalized": MarketPhase.SETTLED,
}
OVER: Final = frozenset({MarketPhase.DETERMINED, MarketPhase.SETTLED})
RESULTS: Final = {"yes": ONE, "no": ZERO}
Level = tuple[Decimal, Decimal]


class WireRange(msgspec.Struct):
    """One stretch of a price grid."""

    start: str
    end: str
    step: str


class MarketBody(msgspec.Struct):
    """The market object: the fields that decide how and until when it trades."""

    ticker: str
    status: str
    price_ranges: list[WireRange]
    event_ticker: str | None = None
    market_type: str | None = None
    open_time: str | None = None
    close_time: str | None = None
    result: str | None = None
    settlement_value_dollars: str | None = None
    settlement_ts: str | None = None
    notional_value_dollars: str | None = None
    price_level_structure: str | None = None
    exchange_index: int | None = None


class _Market(msgspec.Struct):
    market: MarketBody


class _Book(msgspec.Struct):
    yes_dollars: list[tuple[str, str]] | None = None
    no_dollars: list[tuple[str, str]] | None = None


class _OrderBook(msgspec.Struct):
    orderbook_fp: _Book


class LifecycleBody(msgspec.Struct):
    """The `msg` of a `market_lifecycle_v2` frame."""

    market_ticker: str
    event_type: str
    exchange_index: int | None = None
    open_ts: int | None = None
    close_ts: int | None = None
    determination_ts: int | None = None
    settled_ts: int | None = None
    result: str | None = None
    settlement_value: str | None = None
    is_deactivated: bool | None = None
    price_level_structure: str | None = None
    price_ranges: list[WireRange] | None = None


_MARKET: Final = msgspec.json.Decoder(_Market)
_BOOK: Final = msgspec.json.Decoder(_OrderBook)


def decode_market(stamp: Stamp, body: bytes) -> MarketRead | Undecodable:
    """GET /markets/{ticker}."""
    try:
        market = decode_as(_MARKET, body).market
        phase = _phase(market.status)
        value = market.settlement_value_dollars
        settl_px = _value(market.result, value) if phase in OVER else None
        return MarketRead(**stamp, instrument=_instrument(market), phase=phase, settl_px=settl_px)
    except (UnreadableError, InvalidInstrumentError) as error:
        return undecodable(stamp, "market", body, str(error))


def _phase(status: str) -> MarketPhase:
    if status not in PHASES:
        raise UnreadableError(f"status {status[:40]!r} is unknown")
    return PHASES[status]


def _instrument(market: MarketBody) -> Instrument:
    close, payout = market.close_time, market.notional_value_dollars
    return Instrument(
        venue=VENUE,
        symbol=Symbol(name(market.ticker, "ticker")),
        price_ranges=tuple(
            PriceRange(
                start_px=price(grid.start, "start"),
                end_px=price(grid.end, "end"),
                step_px=price(grid.step, "step"),
            )
            for grid in market.price_ranges
        ),
        lot_qty=LOT_QTY,
        payout_px=ONE if payout is None else price(payout, "notional_value_dollars"),
        close_time_ns=None if close is None else instant_ns(close, "close_time"),
        shard=market.exchange_index,
    )


def _value(result: str | None, value: str | None) -> Decimal | None:
    """What one YES pays: the settlement value where it is given, else by result."""
    if value:
        return price(value, "settlement value")
    return RESULTS.get(result or "")


def decode_quote(stamp: Stamp, symbol: Symbol, body: bytes) -> Quote | Undecodable:
    """GET /markets/{ticker}/orderbook: best prices; a crossed book is not readable."""
    try:
        bids, asks = decode_levels(body)
        bid = max((level for level in bids if level[1] > ZERO), default=None)
        ask = min((level for level in asks if level[1] > ZERO), default=None)
        return quote_of(stamp, symbol, bid, ask, QuoteSource.REST)
    except UnreadableError as error:
        return undecodable(stamp, "orderbook", body, str(error))


def decode_levels(body: bytes) -> tuple[list[Level], list[Level]]:
    """Bids and asks of the same answer, as (YES price, quantity); raises `UnreadableError`."""
    book = decode_as(_BOOK, body).orderbook_fp
    yes, no = _levels(book.yes_dollars or ()), _levels(book.no_dollars or ())
    return yes, [(ONE - px, count) for px, count in no]


def _levels(levels: Sequence[tuple[str, str]]) -> list[Level]:
    return [(price(px, "level price"), qty(count, "level count")) for px, count in levels]


def quote_of(
    stamp: Stamp,
    symbol: Symbol,
    bid: tuple[Decimal, Decimal] | None,
    ask: tuple[Decimal, Decimal] | None,
    source: QuoteSource,
    venue_time_ns: int = 0,
) -> Quote:
    """Best bid and ask as `(price, quantity)` in a Quote; raises `UnreadableError` if crossed."""
    bid = _real(bid)
    ask = _real(ask)
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
        venue_time_ns=venue_time_ns,
    )


def _real(level: tuple[Decimal, Decimal] | None) -> tuple[Decimal, Decimal] | None:
    """Nobody bids 0 and nobody asks 1: those are Kalshi's signs for an empty side."""
    return level if level is not None and ZERO < level[0] < ONE else None


LIFECYCLE_PHASES: Final = {
    "activated": MarketPhase.ACTIVE,
    "deactivated": MarketPhase.PAUSED,
    "determined": MarketPhase.DETERMINED,
    "settled": MarketPhase.SETTLED,
}
LIFECYCLE_IGNORED: Final = frozenset({"created", "metadata_updated"})
"""A market that was just made is held by nobody; names and strikes decide nothing here."""

LIFECYCLE_REREAD: Final = frozenset({"price_level_structure_updated"})
"""The market's terms changed: they have to be read again."""


def change_of(stamp: Stamp, body: LifecycleBody) -> MarketChanged | None:
    """A lifecycle message as a change, None where it says none; raises `UnreadableError`."""
    symbol = Symbol(name(body.market_ticker, "market_ticker"))
    kind = body.event_type
    if kind in LIFECYCLE_IGNORED or kind in LIFECYCLE_REREAD:
        return None
    if kind == "close_date_updated":
        if body.close_ts is None:
            raise UnreadableError("close_ts is missing")
        close_ns = seconds_ns(body.close_ts, "close_ts")
        return MarketChanged(**stamp, symbol=symbol, close_time_ns=close_ns)
    if kind not in LIFECYCLE_PHASES:
        raise UnreadableError(f"event_type {kind[:40]!r} is unknown")
    phase = LIFECYCLE_PHASES[kind]
    if kind == "deactivated" and body.is_deactivated is False:
        phase = MarketPhase.ACTIVE
    settl_px = _value(body.result, body.settlement_value) if phase in OVER else None
    return MarketChanged(**stamp, symbol=symbol, phase=phase, settl_px=settl_px)


class TickerBody(msgspec.Struct):
    """The `msg` of a `ticker` frame."""

    market_ticker: str
    yes_bid_dollars: str
    yes_ask_dollars: str
    market_id: str | None = None
    price_dollars: str | None = None
    volume_fp: str | None = None
    open_interest_fp: str | None = None
    yes_bid_size_fp: str | None = None
    yes_ask_size_fp: str | None = None
    last_trade_size_fp: str | None = None
    ts: int | None = None
    ts_ms: int | None = None


def ticker_quote(stamp: Stamp, body: TickerBody, venue_time_ns: int) -> Quote:
    """A ticker as a quote; raises `UnreadableError`. An unknown size counts as 0."""
    bid = (price(body.yes_bid_dollars, "yes_bid"), qty(body.yes_bid_size_fp or "0", "bid size"))
    ask = (price(body.yes_ask_dollars, "yes_ask"), qty(body.yes_ask_size_fp or "0", "ask size"))
    symbol = Symbol(name(body.market_ticker, "market_ticker"))
    return quote_of(stamp, symbol, bid, ask, QuoteSource.TICKER, venue_time_ns)


def signed_count(text: str) -> Decimal:
    """A change of quantity at a level, + or -."""
    return number(text, "delta_fp")
