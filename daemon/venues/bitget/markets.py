"""Bitget's market reader: the order book now, and a symbol's terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.core.commands import QueryMarket, QueryQuote
from daemon.core.events import MarketRead, QueryFailed, Quote, Undecodable, VenueEvent
from daemon.core.instrument import Instrument
from daemon.core.terms import RejectReason, Symbol
from daemon.ports import Depth
from daemon.venues.bitget.error_wire import NO_SUCH_SYMBOL
from daemon.venues.bitget.market_wire import decode_levels, decode_market, decode_quote
from daemon.venues.bitget.session import BitgetSession, Call
from daemon.venues.depth import read_depth
from daemon.venues.errors import NotFoundError, UnreadableAnswerError, VenueError

BEST: Final = "1"
DEEP: Final = "50"
"""Of the numbers that every market's book takes (Bitget docs: merge depth)."""


class BitgetMarkets:
    """`MarketReader`; remembers the terms that it read, since orders are encoded by them."""

    def __init__(self, session: BitgetSession) -> None:
        self._session = session

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

    async def read_quote(self, symbol: Symbol, *, urgent: bool = False) -> Quote | Undecodable:
        """The order book, asked once if not urgent; raises `VenueError`."""
        stamp = self._session.stamp()
        call = self._book_call(symbol, BEST, urgent=urgent)
        ask = self._session.get if urgent else self._session.get_once
        answer = await ask(call)
        return decode_quote(stamp, symbol, answer.data)

    async def depth(self, symbol: Symbol) -> Depth | Undecodable | None:
        """The best fifty levels, where tokens are to spare."""

        async def ask() -> bytes:
            return bytes((await self._session.get_spare(self._book_call(symbol, DEEP))).data)

        return await read_depth(self._session.stamp(), symbol, ask, decode_levels)

    def _book_call(self, symbol: Symbol, limit: str, *, urgent: bool = False) -> Call:
        routes = self._session.routes
        return Call(
            path=routes.book,
            query=(*routes.book_named, ("limit", limit), ("symbol", symbol)),
            bucket="market",
            urgent=urgent,
            timeout_s=self._session.config.query_timeout_s,
        )

    async def market(self, query: QueryMarket) -> Sequence[VenueEvent]:
        """MarketRead, or QueryFailed."""
        try:
            found = await self._read_market(query.symbol)
        except VenueError as error:
            return (self._failed("market", error.reason, error.text, query.symbol),)
        if isinstance(found, Undecodable):
            failed = self._failed("market", RejectReason.VENUE_ERROR, found.text, query.symbol)
            return (found, failed)
        return (found,)

    async def terms(self, symbol: Symbol) -> Instrument:
        """A symbol's terms as last read, or read now; raises `VenueError`."""
        known = self._session.instruments.get(symbol)
        if known is not None:
            return known
        found = await self._read_market(symbol)
        if isinstance(found, Undecodable):
            raise UnreadableAnswerError(found.text, venue=self._session.market.venue)
        return found.instrument

    async def _read_market(self, symbol: Symbol) -> MarketRead | Undecodable:
        session = self._session
        call = Call(
            path=session.routes.terms,
            query=(*session.routes.named, ("symbol", symbol)),
            bucket="market",
            timeout_s=session.config.query_timeout_s,
        )
        try:
            answer = await session.get(call)
        except VenueError as error:
            if error.code not in NO_SUCH_SYMBOL:
                raise
            raise NotFoundError(error.text, venue=session.market.venue, code=error.code) from None
        if bytes(answer.data) == b"[]":
            raise NotFoundError(f"no row of {symbol}", venue=session.market.venue)
        found = decode_market(session.stamp(), session.market, symbol, answer.data)
        if isinstance(found, MarketRead):
            session.instruments[symbol] = found.instrument
        return found

    def _failed(self, what: str, reason: RejectReason, text: str, symbol: Symbol) -> QueryFailed:
        stamp = self._session.stamp()
        return QueryFailed(**stamp, query=what, reason=reason, text=text, symbol=symbol)
