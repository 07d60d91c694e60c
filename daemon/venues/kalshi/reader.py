"""Kalshi's account reader: orders, fills, the whole book. Every list is read to its last page.

Reads lag behind writes (Kalshi docs: user data timestamp), so each answer is dated with the
freshness that the venue stated *before* the list was asked for: never later than the truth. A
list of which one page failed, or one row could not be read, gets no marker of completeness; the
facts that it did give are handed on all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote as quoted

import msgspec

from daemon.core.commands import QueryBook, QueryFills, QueryOrder
from daemon.core.events import (
    Fill,
    FillsRead,
    OrderAbsent,
    OrderSnapshot,
    OrdersRead,
    PositionSnapshot,
    QueryFailed,
    Settlement,
    Undecodable,
    VenueEvent,
)
from daemon.core.terms import NANOS, ZERO, ClientOrderId, Symbol, VenueOrderId
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import NotFoundError, UnreadableAnswerError, VenueError
from daemon.venues.kalshi.account_wire import (
    Cutoff,
    decode_as_of_ns,
    decode_cutoff,
    decode_position_row,
    decode_settlement_row,
)
from daemon.venues.kalshi.fill_wire import decode_fill_row
from daemon.venues.kalshi.listing import Listing, Source, account_call, read_list
from daemon.venues.kalshi.order_wire import decode_order, decode_order_row
from daemon.venues.kalshi.session import KalshiSession, Query
from daemon.venues.kalshi.wire import VENUE

ORDER_COST: Final = 2
CUTOFF_KEPT_NS: Final = 3_600 * NANOS


class KalshiReader:
    """`AccountReader` for one account and subaccount."""

    def __init__(self, session: KalshiSession) -> None:
        self._session = session
        self._cutoff: tuple[int, Cutoff] | None = None

    async def order(self, query: QueryOrder) -> Sequence[VenueEvent]:
        """The order's fills and its snapshot; OrderAbsent only after complete listings."""
        try:
            as_of_ns = await self.as_of_ns(urgent=True)
            snapshot, archived = await self._find(query, as_of_ns)
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
        fills = await self._fills_of(snapshot, archived=archived)
        problem = fills.problem()
        failed = () if problem is None else (self._order_failed("fills", problem, query),)
        return (*_oldest_first(fills.rows), *fills.bad, snapshot, *failed)

    async def fills(self, query: QueryFills) -> Sequence[VenueEvent]:
        """Fills since `since_ns`, oldest first, then FillsRead."""
        return await self._fills(query.symbol, query.since_ns)

    async def book(self, query: QueryBook) -> Sequence[VenueEvent]:
        """Resting orders, fills, positions, settlements; each part whole or `QueryFailed`."""
        orders = await self._resting()
        fills = await self._fills(None, query.since_ns)
        positions = await self._positions()
        settlements = await self._settlements(query.since_ns)
        return (*orders, *fills, *positions, *settlements)

    async def as_of_ns(self, *, urgent: bool = False) -> int:
        """How fresh the venue says its account reads are, UTC ns; raises `VenueError`."""
        path = "/exchange/user_data_timestamp"
        body = await self._session.get(account_call(self._session, path, urgent=urgent))
        try:
            return decode_as_of_ns(body)
        except UnreadableError as error:
            raise UnreadableAnswerError(f"{path}: {error}", venue=VENUE) from None

    async def order_by_id(self, order_id: VenueOrderId, as_of_ns: int = 0) -> OrderSnapshot:
        """One order by the venue's id; raises `VenueError`, `NotFoundError` included."""
        path = f"/portfolio/orders/{quoted(order_id, safe='')}"
        call = account_call(self._session, path, cost=ORDER_COST, urgent=True)
        snapshot = decode_order(self._session.stamp(), await self._session.get(call), as_of_ns)
        if isinstance(snapshot, Undecodable):
            raise UnreadableAnswerError(f"{path}: {snapshot.text}", venue=VENUE)
        return snapshot

    async def settlements_of(self, symbol: Symbol) -> Sequence[VenueEvent]:
        """What the account was paid for one market, or QueryFailed."""
        return await self._settled((("ticker", str(symbol)),), symbol)

    async def _find(self, query: QueryOrder, as_of_ns: int) -> tuple[OrderSnapshot | None, bool]:
        """The order, and whether it is archived; raises `VenueError` when nobody can tell.

        By id where it is known; a 404 is no proof (reads lag behind), so the lists follow.
        """
        if query.venue_order_id is not None:
            try:
                return await self.order_by_id(query.venue_order_id, as_of_ns), False
            except NotFoundError:
                pass
        for path, archived in (("/portfolio/orders", False), ("/historical/orders", True)):
            filters = (("ticker", str(query.key.symbol)),)
            source = Source(path=path, rows="orders", filters=filters, urgent=True)
            listing = await self._orders(source, as_of_ns)
            for row in listing.rows:
                named = query.venue_order_id is not None
                if row.client_order_id == query.client_order_id or (
                    named and row.venue_order_id == query.venue_order_id
                ):
                    return row, archived
            problem = listing.problem()
            if problem is not None:
                raise problem
        return None, False

    async def _orders(self, source: Source, as_of_ns: int) -> Listing[OrderSnapshot]:
        return await read_list(
            self._session,
            source,
            lambda raw: decode_order_row(self._session.stamp(), raw, as_of_ns),
        )

    async def _fills_of(self, order: OrderSnapshot, *, archived: bool) -> Listing[Fill]:
        order_id = (("order_id", str(order.venue_order_id)),)
        source = Source(path="/portfolio/fills", rows="fills", filters=order_id, urgent=True)
        decode = self._fill_decoder(order.client_order_id)
        listing = await read_list(self._session, source, decode)
        if archived and listing.error is None:
            ticker = (("ticker", str(order.symbol)),)
            source = Source(path="/historical/fills", rows="fills", filters=ticker, urgent=True)
            older = await read_list(self._session, source, self._fill_decoder(None))
            ours = (row for row in older.rows if row.venue_order_id == order.venue_order_id)
            listing.rows.extend(ours)
            listing.bad.extend(older.bad)
            listing.error = older.error
        return listing

    def _fill_decoder(
        self, client_order_id: ClientOrderId | None
    ) -> Callable[[msgspec.Raw], Fill | Undecodable]:
        return lambda raw: decode_fill_row(self._session.stamp(), raw, client_order_id)

    async def _fills(self, symbol: Symbol | None, since_ns: int) -> Sequence[VenueEvent]:
        asked_ns = self._session.clock.mono_ns()
        urgent = symbol is not None
        try:
            as_of_ns = await self.as_of_ns(urgent=urgent)
            archive = since_ns < (await self._read_cutoff()).fills_ns
        except VenueError as error:
            return (self._failed("fills", error, symbol),)
        filters: Query = (("min_ts", str(max(since_ns, 0) // NANOS)),)
        if symbol is not None:
            filters = (("ticker", str(symbol)), *filters)
        paths = ("/historical/fills", "/portfolio/fills") if archive else ("/portfolio/fills",)
        found: Listing[Fill] = Listing()
        for path in paths:
            source = Source(path=path, rows="fills", filters=filters, urgent=urgent)
            part = await read_list(self._session, source, self._fill_decoder(None))
            found.rows.extend(part.rows)
            found.bad.extend(part.bad)
            found.error = found.error or part.error
        rows = _oldest_first(found.rows)
        problem = found.problem()
        if problem is not None:
            return (*rows, *found.bad, self._failed("fills", problem, symbol))
        read = FillsRead(
            **self._session.stamp(),
            symbol=symbol,
            as_of_ns=as_of_ns,
            asked_mono_ns=asked_ns,
            since_ns=since_ns,
        )
        return (*rows, read)

    async def _read_cutoff(self) -> Cutoff:
        """From when on lists are live; asked once an hour. Raises `VenueError`."""
        now_ns = self._session.clock.mono_ns()
        if self._cutoff is not None and now_ns - self._cutoff[0] < CUTOFF_KEPT_NS:
            return self._cutoff[1]
        path = "/historical/cutoff"
        try:
            body = await self._session.get(account_call(self._session, path))
            cutoff = decode_cutoff(body)
        except NotFoundError:
            cutoff = Cutoff(fills_ns=0, orders_ns=0)
        except UnreadableError as error:
            raise UnreadableAnswerError(f"{path}: {error}", venue=VENUE) from None
        self._cutoff = (now_ns, cutoff)
        return cutoff

    async def _resting(self) -> Sequence[VenueEvent]:
        asked_ns = self._session.clock.mono_ns()
        try:
            as_of_ns = await self.as_of_ns()
        except VenueError as error:
            return (self._failed("orders", error),)
        source = Source(path="/portfolio/orders", rows="orders", filters=(("status", "resting"),))
        listing = await self._orders(source, as_of_ns)
        problem = listing.problem()
        if problem is not None:
            return (*listing.rows, *listing.bad, self._failed("orders", problem))
        ids = (row.venue_order_id for row in listing.rows if not row.status.terminal)
        read = OrdersRead(
            **self._session.stamp(),
            resting=tuple(order_id for order_id in ids if order_id is not None),
            as_of_ns=as_of_ns,
            asked_mono_ns=asked_ns,
        )
        return (*listing.rows, read)

    async def _positions(self) -> Sequence[VenueEvent]:
        asked_ns = self._session.clock.mono_ns()
        try:
            as_of_ns = await self.as_of_ns()
        except VenueError as error:
            return (self._failed("positions", error),)
        filters = (("count_filter", "position"), ("settlement_status", "unsettled"))
        source = Source(path="/portfolio/positions", rows="market_positions", filters=filters)
        listing = await read_list(
            self._session, source, lambda raw: decode_position_row(self._session.stamp(), raw)
        )
        problem = listing.problem()
        if problem is not None:
            return (*listing.bad, self._failed("positions", problem))
        snapshot = PositionSnapshot(
            **self._session.stamp(),
            rows=tuple(row for row in listing.rows if row.position_qty != ZERO),
            as_of_ns=as_of_ns,
            asked_mono_ns=asked_ns,
        )
        return (snapshot,)

    async def _settlements(self, since_ns: int) -> Sequence[VenueEvent]:
        return await self._settled((("min_ts", str(max(since_ns, 0) // NANOS)),), None)

    async def _settled(self, filters: Query, symbol: Symbol | None) -> Sequence[VenueEvent]:
        source = Source(path="/portfolio/settlements", rows="settlements", filters=filters)
        listing: Listing[Settlement] = await read_list(
            self._session, source, lambda raw: decode_settlement_row(self._session.stamp(), raw)
        )
        rows = sorted(listing.rows, key=lambda row: row.settl_time_ns)
        problem = listing.problem()
        failed = () if problem is None else (self._failed("settlements", problem, symbol),)
        return (*rows, *listing.bad, *failed)

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


def _oldest_first(fills: Sequence[Fill]) -> list[Fill]:
    """By time, each execution of an order once: pages move while they are read."""
    unique = {(fill.exec_id, fill.venue_order_id): fill for fill in fills}
    return sorted(unique.values(), key=lambda fill: fill.transact_time_ns)
