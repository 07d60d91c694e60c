"""Binance's market reader: best prices now, and a symbol's terms.

Spot tells one symbol's terms, USD-M only all at once: those are kept for half a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from daemon.core.commands import QueryMarket, QueryQuote
from daemon.core.events import MarketRead, QueryFailed, Quote, Undecodable, VenueEvent
from daemon.core.instrument import Instrument
from daemon.core.terms import NANOS, RejectReason, Symbol
from daemon.ports import Depth
from daemon.venues.binance.error_wire import NO_SUCH_SYMBOL
from daemon.venues.binance.market_wire import (
    decode_levels,
    decode_market,
    decode_quote,
    decode_symbols,
    decode_weight_limit,
)
from daemon.venues.binance.session import MINUTE_S, BinanceSession, Call
from daemon.venues.binance.wire import SPOT
from daemon.venues.decoding import UnreadableError
from daemon.venues.depth import read_depth
from daemon.venues.errors import (
    InvalidOrderError,
    NotFoundError,
    UnreadableAnswerError,
    VenueError,
)

KEPT_NS: Final = 30 * NANOS
DEEP: Final = "100"
"""As many levels as the least weight gives on spot (Binance docs: order book)."""


class BinanceMarkets:
    """`MarketReader` for one market."""

    def __init__(self, session: BinanceSession) -> None:
        self._session = session
        self._listed: dict[Symbol, msgspec.Raw] = {}
        self._listed_ns: int | None = None
        self._terms: dict[Symbol, Instrument] = {}

    async def quote(self, query: QueryQuote) -> Sequence[VenueEvent]:
        """One REST quote, or QueryFailed."""
        try:
            found = await self.read_quote(query.symbol, urgent=True)
        except VenueError as error:
            return (self._failed("quote", error.reason, error.text, query.symbol),)
        if isinstance(found, Undecodable):
            failed = self._failed("quote", RejectReason.VENUE_ERROR, found.text, query.symbol)
            return (found, failed)
        return (found,)

    async def read_quote(self, symbol: Symbol, *, urgent: bool) -> Quote | Undecodable:
        """Best prices, asked once if not urgent; raises `VenueError`."""
        stamp = self._session.stamp()
        call = Call(
            method="GET",
            endpoint=self._session.config.api.ticker,
            params={"symbol": str(symbol)},
            keyed=False,
            signed=False,
            urgent=urgent,
        )
        ask = self._session.get if urgent else self._session.get_once
        return decode_quote(stamp, symbol, await ask(call))

    async def depth(self, symbol: Symbol) -> Depth | Undecodable | None:
        """The order book to its hundredth level, where weight is to spare."""
        call = Call(
            method="GET",
            endpoint=self._session.config.api.depth,
            params={"symbol": str(symbol), "limit": DEEP},
            keyed=False,
            signed=False,
        )
        ask = partial(self._session.get_spare, call)
        return await read_depth(self._session.stamp(), symbol, ask, decode_levels)

    async def market(self, query: QueryMarket) -> Sequence[VenueEvent]:
        """MarketRead, or QueryFailed."""
        try:
            found = await self._read(query.symbol)
        except VenueError as error:
            return (self._failed("market", error.reason, error.text, query.symbol),)
        if isinstance(found, Undecodable):
            failed = self._failed("market", RejectReason.VENUE_ERROR, found.text, query.symbol)
            return (found, failed)
        return (found,)

    async def terms(self, symbol: Symbol) -> Instrument:
        """A symbol's terms as they were last read; raises `VenueError`."""
        if symbol not in self._terms:
            found = await self._read(symbol)
            if isinstance(found, Undecodable):
                raise UnreadableAnswerError(found.text, venue=self._session.config.venue)
        return self._terms[symbol]

    async def _read(self, symbol: Symbol) -> MarketRead | Undecodable:
        """Raises `VenueError`, `NotFoundError` for a symbol that is not listed."""
        raw = (await self._symbols(symbol)).get(symbol)
        if raw is None:
            venue = self._session.config.venue
            raise NotFoundError(f"{venue} lists no {symbol}", venue=venue)
        found = decode_market(self._session.stamp(), raw)
        if isinstance(found, MarketRead):
            self._terms[symbol] = found.instrument
        return found

    async def _symbols(self, symbol: Symbol) -> dict[Symbol, msgspec.Raw]:
        now_ns = self._session.clock.mono_ns()
        fresh = self._listed_ns is not None and now_ns - self._listed_ns < KEPT_NS
        if fresh and symbol in self._listed:
            return self._listed
        config = self._session.config
        call = Call(
            method="GET",
            endpoint=config.api.exchange_info,
            params={"symbol": str(symbol)} if config.venue == SPOT else {},
            keyed=False,
            signed=False,
        )
        try:
            body = await self._session.get(call)
        except InvalidOrderError as error:
            if error.code not in NO_SUCH_SYMBOL:
                raise
            raise NotFoundError(error.text, venue=config.venue, code=error.code) from None
        try:
            listed, limit = decode_symbols(body), decode_weight_limit(body)
        except UnreadableError as error:
            raise UnreadableAnswerError(f"exchangeInfo: {error}", venue=config.venue) from None
        if limit is not None:
            self._session.weight.resize(limit, limit / MINUTE_S)
        if config.venue != SPOT:
            self._listed, self._listed_ns = listed, now_ns
        return listed

    def _failed(self, what: str, reason: RejectReason, text: str, symbol: Symbol) -> QueryFailed:
        stamp = self._session.stamp()
        return QueryFailed(**stamp, query=what, reason=reason, text=text, symbol=symbol)
