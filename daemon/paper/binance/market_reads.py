"""Reads that anybody may make, the same on both markets: time, depth, best prices."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from daemon.paper.binance.calls import Call, Json
from daemon.paper.binance.errors import bad
from daemon.paper.binance.words import fixed8
from daemon.paper.crypto.model import Instrument
from daemon.paper.crypto.oracle import plain
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.crypto.venue import CoinVenue
from daemon.paper.model import Side
from daemon.paper.units import ZERO, millis

_DEPTH_MAX = 5000


def ping(_call: Call) -> object:
    """GET .../ping"""
    return {}


def time(call: Call) -> object:
    """GET .../time"""
    return {"serverTime": millis(call.venue.door_ns())}


def depth(call: Call) -> object:
    """GET .../depth"""
    instrument = call.instrument()
    view: Json = {"lastUpdateId": instrument.changes}
    if instrument.is_contract:
        view |= {"E": millis(call.venue.door_ns()), "T": millis(call.venue.now_ns())}
    limit = call.params.limit(100, _DEPTH_MAX)
    return view | {
        name: levels_view(call.venue, instrument, side)[:limit]
        for name, side in (("bids", Side.BID), ("asks", Side.ASK))
    }


def book_ticker(call: Call) -> object:
    """GET .../ticker/bookTicker: one symbol, some (spot), or all."""
    rows = [_ticker_view(call.venue, instrument) for instrument in _chosen(call)]
    return rows[0] if "symbol" in call.params else rows


def price(call: Call) -> object:
    """GET .../ticker/price"""
    rows = [{"symbol": each.symbol, "price": number(each, each.last_px)} for each in _chosen(call)]
    return rows[0] if "symbol" in call.params else rows


def _chosen(call: Call) -> list[Instrument]:
    if "symbol" in call.params:
        return [call.instrument()]
    known = call.venue.exchange.instruments
    if "symbols" not in call.params:
        return list(known.values())
    try:
        names = msgspec.json.decode(call.params.text("symbols"), type=list[str])
    except msgspec.DecodeError as error:
        raise bad(-1100, "Illegal characters found in parameter 'symbols'.") from error
    if not all(name in known for name in names):
        raise CoinRefusalError(Why.SYMBOL)
    return [known[name] for name in names]


def _ticker_view(venue: CoinVenue, instrument: Instrument) -> Json:
    (bid, bid_qty), (ask, ask_qty) = (best(venue, instrument, side) for side in Side)
    view: Json = {
        "symbol": instrument.symbol,
        "bidPrice": bid,
        "bidQty": bid_qty,
        "askPrice": ask,
        "askQty": ask_qty,
    }
    if instrument.is_contract:
        view |= {"time": millis(venue.now_ns()), "lastUpdateId": instrument.changes}
    return view


def best(venue: CoinVenue, instrument: Instrument, side: Side) -> tuple[str, str]:
    """Best price and what is there; zeros where the side is empty."""
    rows = levels_view(venue, instrument, side)
    return rows[0] if rows else (number(instrument, ZERO), number(instrument, ZERO))


def levels_view(venue: CoinVenue, instrument: Instrument, side: Side) -> list[tuple[str, str]]:
    """One side of a book, best first."""
    rows = venue.exchange.books[instrument.symbol].levels(side)
    return [(number(instrument, price), number(instrument, qty)) for price, qty in rows]


def number(instrument: Instrument, value: Decimal) -> str:
    """A number as the market writes it: 8 decimals on spot, as they are on futures."""
    return plain(value) if instrument.is_contract else fixed8(value)
