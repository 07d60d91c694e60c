"""Kalshi's market reader: the order book now, a market's terms, and what it paid us.

Prices that may trigger come from `/markets/{ticker}/orderbook`, which no cache serves; the market
object itself may be 15 seconds old (Kalshi docs: market data) and is used for terms only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote as quoted

from daemon.core.commands import QueryMarket, QueryQuote
from daemon.core.events import QueryFailed, Quote, Undecodable, VenueEvent
from daemon.core.terms import RejectReason, Symbol
from daemon.venues.errors import NotFoundError, VenueError
from daemon.venues.kalshi.listing import account_call
from daemon.venues.kalshi.market_wire import OVER, decode_market, decode_quote
from daemon.venues.kalshi.reader import KalshiReader
from daemon.venues.kalshi.session import KalshiSession

DEPTH: Final = "10"


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
        path = f"/markets/{quoted(symbol, safe='')}/orderbook"
        call = account_call(self._session, path, (("depth", DEPTH),), urgent=urgent)
        ask = self._session.get if urgent else self._session.get_once
        body = await ask(call)
        return decode_quote(stamp, symbol, body)

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
