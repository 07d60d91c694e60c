"""Bitget's account reader: orders, fills, the whole book. Every list is read to its last page.

Bitget does not say how far its reads lag behind its matching: each answer is dated with the time
of its first question, by Bitget's clock, less `read_lag_s`. A list of which one page failed, or
one row could not be read, gets no marker of completeness; the facts that it did give are handed on
all the same. Fills are kept for 90 days: a look at all of them means all that Bitget has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from daemon.core.commands import QueryBook, QueryFills, QueryOrder
from daemon.core.events import (
    Fill,
    FillsRead,
    OrderAbsent,
    OrderSnapshot,
    OrdersRead,
    QueryFailed,
    Undecodable,
    VenueEvent,
)
from daemon.core.terms import NANOS, ClientOrderId, Symbol
from daemon.venues.bitget.account_wire import decode_page
from daemon.venues.bitget.error_wire import Success
from daemon.venues.bitget.fill_wire import PAID_IS_NEGATIVE, decode_classic_fill, decode_uta_fill
from daemon.venues.bitget.funding import BitgetFunding
from daemon.venues.bitget.listing import Listing, Source, read_list
from daemon.venues.bitget.order_wire import decode_classic_order, decode_uta_order
from daemon.venues.bitget.positions import BitgetPositions
from daemon.venues.bitget.routes import ARCHIVE_S
from daemon.venues.bitget.session import BitgetSession, Call
from daemon.venues.bitget.wire import Dialect
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import NotFoundError, UnreadableAnswerError, VenueError

HISTORY_NS: Final = 86_400 * NANOS
_MS: Final = 1_000_000


class BitgetReader:
    """`AccountReader` for one account and market."""

    def __init__(self, session: BitgetSession, positions: BitgetPositions) -> None:
        self._session = session
        self._positions = positions
        self._funding = BitgetFunding(session)

    async def order(self, query: QueryOrder) -> Sequence[VenueEvent]:
        """The order's fills and its snapshot; OrderAbsent only after complete listings."""
        try:
            await self._positions.know_mode()
            snapshot, as_of_ns = await self._find(query)
        except VenueError as error:
            return (self._order_failed("order", error, query),)
        if snapshot is None:
            absent = OrderAbsent(
                **self._session.stamp(),
                symbol=query.key.symbol,
                client_order_id=query.client_order_id,
                venue_order_id=query.venue_order_id,
                as_of_ns=as_of_ns + self._session.skew.skew_ns,
            )
            return (absent,)
        by_id = (("orderId", str(snapshot.venue_order_id)), *self._of_symbol(snapshot.symbol))
        source = Source(path=self._session.routes.fills, filters=by_id, urgent=True)
        fills = await read_list(self._session, source, self._fill_decoder(snapshot))
        problem = fills.problem()
        failed = () if problem is None else (self._order_failed("fills", problem, query),)
        return (*_oldest_first(fills.rows), *fills.bad, snapshot, *failed)

    async def fills(self, query: QueryFills) -> Sequence[VenueEvent]:
        """Fills since `since_ns`, oldest first, then FillsRead."""
        return await self._fills(query.symbol, query.since_ns)

    async def book(self, query: QueryBook) -> Sequence[VenueEvent]:
        """Resting orders, fills and funding, positions; each part whole or `QueryFailed`.

        Fills are not told complete without the funding: the next look goes back as far again.
        """
        orders = await self._resting()
        fills = await self._fills(None, query.since_ns)
        paid = await self._funding.due(query.since_ns)
        problem = paid.problem()
        if problem is not None:
            told = [event for event in fills if not isinstance(event, FillsRead)]
            fills = (*told, *paid.bad, self._failed("funding", problem))
        return (*orders, *fills, *paid.rows, *await self._positions.read())

    async def _find(self, query: QueryOrder) -> tuple[OrderSnapshot | None, int]:
        """The order, or None and as of when it is not there; raises `VenueError`.

        By id first; that Bitget does not know it is no proof yet (reads lag behind), so the lists
        of resting orders and of the last day follow.
        """
        asked_ns = self._dated(self._session.venue_ns())
        try:
            found = await self._order_by_id(query)
            if found is not None:
                return found, asked_ns
        except NotFoundError:
            pass
        start_ms = str((self._session.venue_ns() - HISTORY_NS) // _MS)
        symbol = ("symbol", str(query.key.symbol))
        routes = self._session.routes
        for path, filters in (
            (routes.resting, (symbol,)),
            (routes.history, (symbol, ("startTime", start_ms))),
        ):
            listing = await self._orders(Source(path=path, filters=filters, urgent=True))
            for row in listing.rows:
                named = query.venue_order_id is not None
                if row.client_order_id == query.client_order_id or (
                    named and row.venue_order_id == query.venue_order_id
                ):
                    return row, asked_ns
            problem = listing.problem()
            if problem is not None:
                raise problem
        return None, asked_ns

    async def _order_by_id(self, query: QueryOrder) -> OrderSnapshot | None:
        """One order by the venue's id where it is known, else by ours; raises `VenueError`."""
        session = self._session
        by_id = ("clientOid", str(query.client_order_id))
        if query.venue_order_id is not None:
            by_id = ("orderId", str(query.venue_order_id))
        call = Call(
            path=session.routes.order,
            query=(*session.routes.named, ("symbol", str(query.key.symbol)), by_id),
            urgent=True,
            timeout_s=session.config.query_timeout_s,
        )
        answer = await session.get(call)
        raw = _only_row(answer, session)
        if raw is None:
            return None
        row = self._decode_order(raw, self._dated(answer.time_ns))
        if isinstance(row, Undecodable):
            text = f"{session.routes.order}: {row.text}"
            raise UnreadableAnswerError(text, venue=session.market.venue)
        return row

    def _decode_order(self, raw: msgspec.Raw, as_of_ns: int) -> OrderSnapshot | Undecodable:
        session = self._session
        uta = session.modes.dialect is Dialect.UTA
        decode = decode_uta_order if uta else decode_classic_order
        return decode(session.stamp(), session.market, raw, as_of_ns)

    async def _orders(self, source: Source) -> Listing[OrderSnapshot]:
        as_of_ns = self._dated(self._session.venue_ns())
        return await read_list(
            self._session, source, lambda raw: (self._decode_order(raw, as_of_ns),)
        )

    def _fill_decoder(
        self, order: OrderSnapshot | None = None, symbol: Symbol | None = None
    ) -> Callable[[msgspec.Raw], tuple[Fill | Undecodable, ...]]:
        """Rows as fills, of `symbol` only where one is asked for (UTA lists them all)."""
        session = self._session

        def decode(raw: msgspec.Raw) -> tuple[Fill | Undecodable, ...]:
            stamp, market = session.stamp(), session.market
            if session.modes.dialect is Dialect.UTA:
                events = decode_uta_fill(stamp, market, raw, hedged=session.modes.hedged)
            else:
                events = decode_classic_fill(stamp, market, raw, PAID_IS_NEGATIVE)
            wanted = symbol if order is None else order.symbol
            return tuple(_kept(events, wanted, None if order is None else order.client_order_id))

        return decode

    async def _fills(self, symbol: Symbol | None, since_ns: int) -> Sequence[VenueEvent]:
        asked_ns, now_ns = self._session.clock.mono_ns(), self._session.venue_ns()
        try:
            await self._positions.know_mode()
        except VenueError as error:
            return (self._failed("fills", error, symbol),)
        found: Listing[Fill] = Listing()
        for window in self._windows(since_ns, now_ns):
            source = Source(
                path=self._session.routes.fills,
                filters=(*self._of_symbol(symbol), *window),
                urgent=symbol is not None,
            )
            decode = self._fill_decoder(symbol=symbol)
            found.take(await read_list(self._session, source, decode))
            if found.error is not None:
                break
        rows = _oldest_first(found.rows)
        self._positions.note(fill.symbol for fill in rows)
        problem = found.problem()
        if problem is not None:
            return (*rows, *found.bad, self._failed("fills", problem, symbol))
        read = FillsRead(
            **self._session.stamp(),
            symbol=symbol,
            as_of_ns=self._dated(found.time_ns),
            asked_mono_ns=asked_ns,
            since_ns=since_ns,
        )
        return (*rows, read)

    def _windows(self, since_ns: int, now_ns: int) -> Iterator[tuple[tuple[str, str], ...]]:
        """Spans of at most `window_s`, the oldest first, the last one open at its end."""
        span_ns = self._session.routes.window_s * NANOS
        start_ns = min(max(since_ns, now_ns - ARCHIVE_S * NANOS), now_ns)
        while now_ns - start_ns > span_ns:
            end_ns = start_ns + span_ns
            yield (("startTime", str(start_ns // _MS)), ("endTime", str(end_ns // _MS)))
            start_ns = end_ns
        yield (("startTime", str(start_ns // _MS)),)

    def _of_symbol(self, symbol: Symbol | None) -> tuple[tuple[str, str], ...]:
        if symbol is None or not self._session.routes.fills_by_symbol:
            return ()
        return (("symbol", str(symbol)),)

    async def _resting(self) -> Sequence[VenueEvent]:
        asked_ns = self._session.clock.mono_ns()
        listing = await self._orders(Source(path=self._session.routes.resting))
        problem = listing.problem()
        if problem is not None:
            return (*listing.rows, *listing.bad, self._failed("orders", problem))
        ids = (row.venue_order_id for row in listing.rows if not row.status.terminal)
        read = OrdersRead(
            **self._session.stamp(),
            resting=tuple(order_id for order_id in ids if order_id is not None),
            as_of_ns=self._dated(listing.time_ns),
            asked_mono_ns=asked_ns,
        )
        return (*listing.rows, read)

    def _dated(self, time_ns: int) -> int:
        """A time of Bitget's clock, less how far its reads may lag."""
        return time_ns - int(self._session.config.read_lag_s * NANOS)

    def _order_failed(self, what: str, error: VenueError, query: QueryOrder) -> QueryFailed:
        return QueryFailed(
            **self._session.stamp(),
            query=what,
            reason=error.reason,
            text=error.text,
            symbol=query.key.symbol,
            client_order_id=query.client_order_id,
        )

    def _failed(self, what: str, error: VenueError, symbol: Symbol | None = None) -> QueryFailed:
        stamp = self._session.stamp()
        return QueryFailed(**stamp, query=what, reason=error.reason, text=error.text, symbol=symbol)


def _only_row(answer: Success, session: BitgetSession) -> msgspec.Raw | None:
    """The one order of an answer: classic spot gives a list of it, perhaps an empty one."""
    data = bytes(answer.data)
    if data[:1] != b"[":
        return None if data == b"null" else answer.data
    try:
        rows = decode_page(answer.data).rows
    except UnreadableError as error:
        raise UnreadableAnswerError(str(error), venue=session.market.venue) from None
    return rows[0] if rows else None


def _kept(
    events: Sequence[VenueEvent], symbol: Symbol | None, client_order_id: ClientOrderId | None
) -> Iterator[Fill | Undecodable]:
    """What of a decoded row is asked for, with the id that the caller knows of its order."""
    for event in events:
        if isinstance(event, Undecodable):
            yield event
        elif isinstance(event, Fill) and symbol in {None, event.symbol}:
            known = event.client_order_id or client_order_id
            yield replace(event, client_order_id=known)


def _oldest_first(fills: Sequence[Fill]) -> list[Fill]:
    """By time, each execution of an order once: pages move while they are read."""
    unique = {(fill.exec_id, fill.symbol, fill.venue_order_id): fill for fill in fills}
    return sorted(unique.values(), key=lambda fill: fill.transact_time_ns)
