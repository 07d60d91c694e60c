"""Bitget markets: filters as an `Instrument`, order books as a `Quote`. Pure.

Every quantity is in base coin, on futures too (Bitget docs: v2 contracts), so the multiplier is 1.
The price grid has one step for all prices. The lot is the step of the quantity; the least quantity
of an order is spot's alone, for what futures name (`minTradeNum`) is the least that opens. Best
prices come from `books1` or from the REST order book, never from the last trade.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from daemon.core.errors import InvalidInstrumentError
from daemon.core.events import MarketPhase, MarketRead, Quote, QuoteSource, Undecodable
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.terms import EXACT, ONE, ZERO, Symbol
from daemon.venues.bitget.wire import (
    Market,
    coin,
    exact,
    first_time_ns,
    millis_ns,
    number,
    qty,
    symbol,
    word,
)
from daemon.venues.decoding import PLACES_LIMIT, Stamp, UnreadableError, decode_as, undecodable

HIGHEST_PX: Final = Decimal(1_000_000_000)
"""No price is this high: an order at it means any price, and is sent as a market order."""

_MAX_QTY_DIGITS: Final = 15

PHASES: Final = {
    "online": MarketPhase.ACTIVE,
    "normal": MarketPhase.ACTIVE,
    "limit_open": MarketPhase.ACTIVE,
    "gray": MarketPhase.UNOPENED,
    "listed": MarketPhase.UNOPENED,
    "halt": MarketPhase.PAUSED,
    "maintain": MarketPhase.PAUSED,
    "limit_close": MarketPhase.PAUSED,
    "restrictedapi": MarketPhase.PAUSED,
    "offline": MarketPhase.CLOSED,
    "off": MarketPhase.CLOSED,
}
"""`limit_open` forbids opening only: exits still go. `restrictedAPI` forbids us, not others."""


class TermsRow(msgspec.Struct, rename="camel"):
    """A symbol's filters: classic spot, classic futures or UTA, which name them apart."""

    symbol: str
    base_coin: str
    quote_coin: str
    status: str | None = None
    symbol_status: str | None = None
    price_precision: str | None = None
    quantity_precision: str | None = None
    price_place: str | None = None
    price_end_step: str | None = None
    size_multiplier: str | None = None
    price_multiplier: str | None = None
    quantity_multiplier: str | None = None
    min_trade_usdt: str | None = msgspec.field(name="minTradeUSDT", default=None)
    min_order_amount: str | None = None
    min_trade_amount: str | None = None
    min_order_qty: str | None = None
    max_trade_amount: str | None = None
    max_order_qty: str | None = None
    max_market_order_qty: str | None = None
    delivery_time: str | int | None = None


_TERMS: Final = msgspec.json.Decoder(list[TermsRow])


def decode_market(
    stamp: Stamp, market: Market, wanted: Symbol, data: msgspec.Raw
) -> MarketRead | Undecodable:
    """The one row of `wanted` in a list of symbols, contracts or instruments."""
    try:
        row = _only(wanted, decode_as(_TERMS, data))
        return MarketRead(**stamp, instrument=_instrument(market, row), phase=_phase(row))
    except (UnreadableError, InvalidInstrumentError) as error:
        return undecodable(stamp, "market", bytes(data), str(error))


def _only(wanted: Symbol, rows: list[TermsRow]) -> TermsRow:
    found = [row for row in rows if symbol(row.symbol) == wanted]
    if len(found) != 1:
        raise UnreadableError(f"{len(found)} rows are of {wanted}")
    return found[0]


def _phase(row: TermsRow) -> MarketPhase:
    status = word(row.status or row.symbol_status)
    if status not in PHASES:
        raise UnreadableError(f"status {status[:40]!r} is unknown")
    return PHASES[status]


def _instrument(market: Market, row: TermsRow) -> Instrument:
    max_qty = _max_qty(row.max_trade_amount, row.max_order_qty, row.max_market_order_qty)
    least = row.min_trade_amount or row.min_order_qty if market is Market.SPOT else None
    delivery = row.delivery_time if row.delivery_time not in {"", "-1", 0, -1} else None
    return Instrument(
        venue=market.venue,
        symbol=symbol(row.symbol),
        price_ranges=(PriceRange(start_px=ZERO, end_px=HIGHEST_PX, step_px=_step_px(row)),),
        lot_qty=_step(row.size_multiplier or row.quantity_multiplier, row.quantity_precision),
        min_qty=qty(least or "0", "least quantity"),
        max_qty=max_qty,
        max_market_qty=max_qty,
        min_notional=number(row.min_trade_usdt or row.min_order_amount or "0", "minimum"),
        quote_currency=coin(row.quote_coin, "quoteCoin"),
        base_currency=coin(row.base_coin, "baseCoin") if market is Market.SPOT else None,
        close_time_ns=None if delivery is None else millis_ns(delivery, "deliveryTime"),
    )


def _max_qty(*said: str | None) -> Decimal | None:
    """The least of what is named, for an exit at any price goes out as a market order.

    An empty field or a 0 sets no limit, nor does a number that no order could reach (Bitget spot
    says 900000000000000000000).
    """
    told = [text for text in said if text and len(text.partition(".")[0]) <= _MAX_QTY_DIGITS]
    limits = [number(text, "maximum quantity") for text in told]
    return min((limit for limit in limits if limit > ZERO), default=None)


def _step_px(row: TermsRow) -> Decimal:
    """The price step: classic futures give a number of ends of the last decimal place."""
    if row.price_end_step and row.price_place:
        ends = number(row.price_end_step, "priceEndStep")
        return exact(EXACT.multiply(ends, _places(row.price_place)), "price step")
    return _step(row.price_multiplier, row.price_precision)


def _step(step: str | None, places: str | None) -> Decimal:
    return number(step, "step") if step else _places(places)


def _places(text: str | None) -> Decimal:
    """One unit of the last of so many decimal places."""
    places = number(text, "precision")
    if places != int(places) or not ZERO <= places <= PLACES_LIMIT:
        raise UnreadableError(f"precision {text} is not a number of places")
    return ONE.scaleb(-int(places))


Levels = list[tuple[Decimal, Decimal]]


class BookRow(msgspec.Struct):
    """An order book: `asks`/`bids` on the classic API, `a`/`b` on UTA; numbers or strings."""

    asks: Levels | None = None
    bids: Levels | None = None
    a: Levels | None = None
    b: Levels | None = None
    ts: str | int | None = None
    seq: int | None = None


_BOOK: Final = msgspec.json.Decoder(BookRow)


def decode_quote(stamp: Stamp, wanted: Symbol, data: msgspec.Raw) -> Quote | Undecodable:
    """A REST order book as best prices; a crossed one is not readable."""
    try:
        return quote_of(stamp, wanted, decode_as(_BOOK, data), QuoteSource.REST)
    except UnreadableError as error:
        return undecodable(stamp, "orderbook", bytes(data), str(error))


def quote_of(stamp: Stamp, wanted: Symbol, book: BookRow, source: QuoteSource) -> Quote:
    """The best prices of a book; raises `UnreadableError`. A missing side is no book."""
    bids, asks = _sides(book)
    bid = max((level for level in bids if level[1] > ZERO), default=None)
    ask = min((level for level in asks if level[1] > ZERO), default=None)
    if bid is not None and ask is not None and bid[0] >= ask[0]:
        raise UnreadableError(f"bid {bid[0]} is not below ask {ask[0]}")
    return Quote(
        **stamp,
        symbol=wanted,
        bid_px=None if bid is None else bid[0],
        bid_qty=ZERO if bid is None else bid[1],
        ask_px=None if ask is None else ask[0],
        ask_qty=ZERO if ask is None else ask[1],
        source=source,
        venue_time_ns=0 if book.ts in {None, ""} else first_time_ns("ts", book.ts),
    )


def decode_levels(data: bytes) -> tuple[Levels, Levels]:
    """A REST order book's bids and asks as (price, quantity); raises `UnreadableError`."""
    return _sides(decode_as(_BOOK, data))


def _sides(book: BookRow) -> tuple[Levels, Levels]:
    return _side(book.bids, book.b), _side(book.asks, book.a)


def _side(classic: Levels | None, uta: Levels | None) -> Levels:
    levels = uta if classic is None else classic
    if levels is None:
        raise UnreadableError("a side of the book is missing")
    read = [(exact(px, "level price"), exact(held, "level quantity")) for px, held in levels]
    if any(px <= ZERO or held < ZERO for px, held in read):
        raise UnreadableError("a level is not above 0")
    return read
