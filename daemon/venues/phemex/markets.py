"""Phemex's market reader: the order book now, and a product's terms."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from daemon.core.commands import QueryMarket, QueryQuote
from daemon.core.events import MarketRead, QueryFailed, Quote, Undecodable, VenueEvent
from daemon.core.terms import RejectReason, Symbol
from daemon.ports import Depth
from daemon.venues.depth import Sides, read_depth
from daemon.venues.errors import VenueError
from daemon.venues.phemex.book_wire import decode_quote, decode_whole
from daemon.venues.phemex.dialect import Dialect, by_symbol
from daemon.venues.phemex.product_wire import UnknownSymbolError
from daemon.venues.phemex.session import PUBLIC, Call, PhemexSession
from daemon.venues.phemex.shelf import Shelf


class PhemexMarkets:
    """`MarketReader`."""

    def __init__(self, session: PhemexSession, dialect: Dialect, shelf: Shelf) -> None:
        self._session = session
        self._dialect = dialect
        self._shelf = shelf

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
        path, query = self._dialect.book_path, by_symbol(symbol)
        call = Call(method="GET", path=path, query=query, group=PUBLIC, urgent=urgent)
        ask = self._session.get if urgent else self._session.get_once
        return decode_quote(stamp, symbol, await ask(call), self._shelf.products)

    async def depth(self, symbol: Symbol) -> Depth | Undecodable | None:
        """The best thirty levels, where a question is to spare."""
        call = Call(
            method="GET", path=self._dialect.book_path, query=by_symbol(symbol), group=PUBLIC
        )
        ask = partial(self._session.get_spare, call)
        return await read_depth(self._session.stamp(), symbol, ask, partial(self._levels, symbol))

    def _levels(self, symbol: Symbol, body: bytes) -> Sides:
        update = decode_whole(symbol, body, self._shelf.products)
        return update.bids, update.asks

    async def market(self, query: QueryMarket) -> Sequence[VenueEvent]:
        """MarketRead, stamped when the products were read, or QueryFailed."""
        try:
            await self._shelf.refresh()
            product = self._shelf.products.product(query.symbol)
        except VenueError as error:
            return (self._failed("market", error.reason, error.text, query.symbol),)
        except UnknownSymbolError as error:
            unlisted = query.symbol not in self._shelf.products.unreadable
            reason = RejectReason.NOT_FOUND if unlisted else RejectReason.VENUE_ERROR
            return (self._failed("market", reason, str(error), query.symbol),)
        stamp = self._shelf.stamp
        return (MarketRead(**stamp, instrument=product.instrument, phase=product.phase),)

    def _failed(self, what: str, reason: RejectReason, text: str, symbol: Symbol) -> QueryFailed:
        stamp = self._session.stamp()
        return QueryFailed(**stamp, query=what, reason=reason, text=text, symbol=symbol)
