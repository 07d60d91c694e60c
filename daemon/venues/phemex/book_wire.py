"""Phemex's order books: frames and REST answers -> levels and quotes. Pure.

A snapshot comes first and every 60 s, increments between; a level of quantity 0 is gone, and what
falls out of the best `depth` levels is not told of any more (Phemex docs: how to manage a local
order book). `sequence` grows, with holes. Perpetuals say `orderbook_p` in decimal strings, spot
`book` in scaled integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.events import Quote, QuoteSource, Undecodable
from daemon.core.terms import ZERO, Symbol
from daemon.venues.decoding import (
    Stamp,
    UnreadableError,
    decode_as,
    name,
    positive,
    undecodable,
    unsigned,
)
from daemon.venues.phemex.product_wire import Products
from daemon.venues.phemex.wire import Wire, scaled, time_ns

Level = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookUpdate:
    """Levels `(price, quantity)` of one symbol: all of the best `depth` (0: all), or changes."""

    symbol: Symbol
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    whole: bool
    depth: int
    sequence: int
    sent_ns: int


class _Sides(msgspec.Struct):
    asks: list[tuple[Wire, Wire]]
    bids: list[tuple[Wire, Wire]]


class _Book(msgspec.Struct):
    symbol: str
    type: str
    sequence: int
    timestamp: Wire = 0
    depth: int = 0
    orderbook_p: _Sides | None = None
    book: _Sides | None = None


class _Result(msgspec.Struct):
    result: _Book | None = None
    error: object = None


_BOOK: Final = msgspec.json.Decoder(_Book)
_RESULT: Final = msgspec.json.Decoder(_Result)


def decode_book(raw: bytes, products: Products) -> BookUpdate:
    """A frame; raises `UnreadableError`."""
    return _update(decode_as(_BOOK, raw), products)


def _update(body: _Book, products: Products) -> BookUpdate:
    if body.type not in {"snapshot", "incremental"}:
        raise UnreadableError(f"type {body.type[:40]!r} is unknown")
    whole = body.type == "snapshot"
    if body.orderbook_p is not None:
        bids, asks = _plain(body.orderbook_p.bids), _plain(body.orderbook_p.asks)
    elif body.book is not None:
        product = products.by_symbol.get(Symbol(body.symbol))
        if product is None:
            raise UnreadableError(f"symbol {body.symbol[:40]!r} has no known scales")
        scales = (product.price_scale, product.base_scale)
        bids, asks = _scaled(body.book.bids, scales), _scaled(body.book.asks, scales)
    else:
        raise UnreadableError("neither orderbook_p nor book is there")
    return BookUpdate(
        symbol=Symbol(name(body.symbol, "symbol")),
        bids=bids,
        asks=asks,
        whole=whole,
        depth=max(body.depth, 0),
        sequence=body.sequence,
        sent_ns=time_ns(body.timestamp, "timestamp"),
    )


def _plain(levels: list[tuple[Wire, Wire]]) -> tuple[Level, ...]:
    return tuple(
        (positive(str(px), "level price"), unsigned(str(qty), "level")) for px, qty in levels
    )


def _scaled(levels: list[tuple[Wire, Wire]], scales: tuple[int, int]) -> tuple[Level, ...]:
    read = [
        (scaled(px, scales[0], "level price"), scaled(qty, scales[1], "level"))
        for px, qty in levels
    ]
    if any(px <= ZERO or qty < ZERO for px, qty in read):
        raise UnreadableError("a level is below 0")
    return tuple(read)


def decode_quote(
    stamp: Stamp, symbol: Symbol, body: bytes, products: Products
) -> Quote | Undecodable:
    """GET /md/v2/orderbook or /md/orderbook: best prices; a crossed book is not readable."""
    try:
        update = decode_whole(symbol, body, products)
        bid = max((level for level in update.bids if level[1]), default=None)
        ask = min((level for level in update.asks if level[1]), default=None)
        return quote_of(stamp, symbol, bid, ask, QuoteSource.REST, update.sent_ns)
    except UnreadableError as error:
        return undecodable(stamp, "orderbook", body, str(error))


def decode_whole(symbol: Symbol, body: bytes, products: Products) -> BookUpdate:
    """The same answer's levels; raises `UnreadableError`."""
    answer = decode_as(_RESULT, body)
    if answer.result is None:
        raise UnreadableError(f"error {str(answer.error)[:200]}")
    update = _update(answer.result, products)
    if update.symbol != symbol or not update.whole:
        raise UnreadableError(f"not a book of {symbol}")
    return update


def quote_of(
    stamp: Stamp,
    symbol: Symbol,
    bid: Level | None,
    ask: Level | None,
    source: QuoteSource,
    venue_time_ns: int,
) -> Quote:
    """Best bid and ask in a Quote, None for an empty side; raises `UnreadableError` if crossed."""
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
