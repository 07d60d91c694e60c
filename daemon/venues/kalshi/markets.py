"""Kalshi's market reader: the order book now, a market's terms, and what it paid us.

Prices that may trigger come from `/markets/{ticker}/orderbook`, which no cache serves; the market
object itself may be 15 seconds old (Kalshi docs: market data) and is used for terms only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import quote as quoted

from daemon.core.commands import QueryMarket, QueryQuote
from daemon.core.events import QueryFailed, Quote, Undecodable, VenueEvent
from daemon.core.terms import RejectReason, Symbol
from daemon.ports import Depth
from daemon.venues.depth import read_depth
from daemon.venues.errors import NotFoundError, VenueError
from daemon.venues.kalshi.listing import account_call
from daemon.venues.kalshi.market_wire import OVER, decode_levels, decode_market, decode_quote
from daemon.venues.kalshi.reader import KalshiReader
from daemon.venues.kalshi.session import KalshiSession

DEPTH: Final = "10"
DEEP: Final = "100"


class KalshiMarkets:
    """`MarketReader`."""

    def __init__(self, session: KalshiSession, reader: KalshiReader) -> None:
        self._session = session
        self._reader = reader

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
        """The order book, asked once if not urgent; raises `VenueError`.

        As old as its question: an answer that was long on its way must not replace a price that
        a stream told meanwhile.
        """
        stamp = self._session.stamp()
        query = (("depth", DEPTH),)
        call = account_call(self._session, _book_path(symbol), query, urgent=urgent)
        ask = self._session.get if urgent else self._session.get_once
        body = await ask(call)
        return decode_quote(stamp, symbol, body)

    async def depth(self, symbol: Symbol) -> Depth | Undecodable | None:
        """The order book to its hundredth level, where tokens are to spare."""
        call = account_call(self._session, _book_path(symbol), (("depth", DEEP),))
        ask = partial(self._session.get_spare, call)
        return await read_depth(self._session.stamp(), symbol, ask, decode_levels)

    async def market(self, query: QueryMarket) -> Sequence[VenueEvent]:
        """MarketRead, and the settlement where the market is over; archived markets as well."""
        name = quoted(query.symbol, safe="")
        try:
            try:
                body = await self._session.get(account_call(self._session, f"/markets/{name}"))
            except NotFoundError:
                path = f"/historical/markets/{name}"
                body = await self._session.get(account_call(self._session, path))
        except VenueError as error:
            return (self._failed("market", error.reason, error.text, query.symbol),)
        market = decode_market(self._session.stamp(), body)
        if isinstance(market, Undecodable):
            failed = self._failed("market", RejectReason.VENUE_ERROR, market.text, query.symbol)
            return (market, failed)
        if market.phase not in OVER:
            return (market,)
        return (market, *await self._reader.settlements_of(query.symbol))

    def _failed(self, what: str, reason: RejectReason, text: str, symbol: Symbol) -> QueryFailed:
        stamp = self._session.stamp()
        return QueryFailed(**stamp, query=what, reason=reason, text=text, symbol=symbol)


def _book_path(symbol: Symbol) -> str:
    return f"/markets/{quoted(symbol, safe='')}/orderbook"
