"""Phemex's account reader: one order, fills, the whole book.

No answer of Phemex's says as of when it is true, and `/api-data` is a copy: each is dated
`read_lag_s` before it was asked for. Open orders (and spot trades) are listed by symbol only, so
they are read for the symbols that the shelf tracks. A list of which one part failed, or one row
could not be read, gets no marker of completeness; its facts are handed on all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from daemon.core.commands import QueryBook, QueryFills, QueryOrder
from daemon.core.events import (
    FillsRead,
    OrderAbsent,
    OrderSnapshot,
    OrdersRead,
    QueryFailed,
    Undecodable,
    VenueEvent,
)
from daemon.core.terms import NANOS, Symbol
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import NotFoundError, UnreadableAnswerError, VenueError
from daemon.venues.phemex.dialect import Dialect, by_symbol
from daemon.venues.phemex.ends_wire import OrderRead
from daemon.venues.phemex.holdings import HoldingsReader
from daemon.venues.phemex.list_wire import decode_rows
from daemon.venues.phemex.session import READ_PATIENCE_S, Call, PhemexSession, Query
from daemon.venues.phemex.shelf import Shelf
from daemon.venues.phemex.trades import PhemexTrades, TradeList
from daemon.venues.phemex.wire import USDT

CLOSED_ROWS: Final = 200
CLOSED_SPAN_NS: Final = 24 * 3_600 * NANOS
BEFORE_BIRTH_NS: Final = 60 * NANOS
UNKNOWN_BIRTH_NS: Final = 2 * CLOSED_SPAN_NS


@dataclass(slots=True)
class _Orders:
    rows: list[OrderRead] = field(default_factory=list)
    bad: list[Undecodable] = field(default_factory=list)


class PhemexReader:
    """`AccountReader` for one market."""

    def __init__(self, session: PhemexSession, dialect: Dialect, shelf: Shelf) -> None:
        self._session = session
        self._dialect = dialect
        self._shelf = shelf
        self._trades = PhemexTrades(session, dialect, shelf)
        self._holdings = HoldingsReader(session, dialect, shelf)

    async def order(self, query: QueryOrder) -> Sequence[VenueEvent]:
        """The order's fills and its snapshot; OrderAbsent only after complete listings."""
        self._shelf.note((query.key.symbol,))
        as_of_ns = self._session.as_of_ns()
        try:
            found = await self._find(query, as_of_ns)
        except VenueError as error:
            return (self._order_failed("order", error, query),)
        if found is None:
            absent = OrderAbsent(
                **self._session.stamp(),
                symbol=query.key.symbol,
                client_order_id=query.client_order_id,
                venue_order_id=query.venue_order_id,
                as_of_ns=as_of_ns + self._session.skew.skew_ns,
            )
            return (absent,)
        if not found.snapshot.cum_qty:
            return (found.snapshot,)
        born_ns = found.born_ns or as_of_ns - UNKNOWN_BIRTH_NS
        filters = by_symbol(query.key.symbol)
        trades = await self._trades.since(filters, born_ns - BEFORE_BIRTH_NS, urgent=True)
        order_id, problem = found.snapshot.venue_order_id, trades.problem()
        fills = [fill for fill in trades.rows if fill.venue_order_id == order_id]
        failed = () if problem is None else (self._order_failed("fills", problem, query),)
        return (*fills, *trades.bad, found.snapshot, *failed)

    async def fills(self, query: QueryFills) -> Sequence[VenueEvent]:
        """Fills since `since_ns`, oldest first, then FillsRead."""
        return await self._fills(query.symbol, query.since_ns)

    async def book(self, query: QueryBook) -> Sequence[VenueEvent]:
        """Resting orders, fills, positions; each part whole or `QueryFailed`."""
        orders = await self._resting()
        fills = await self._fills(None, query.since_ns)
        return (*orders, *fills, *await self._holdings.read())

    async def _find(self, query: QueryOrder, as_of_ns: int) -> OrderRead | None:
        """Among the open ones, by its id, among the closed ones; raises `VenueError`."""
        symbol = by_symbol(query.key.symbol)
        if query.venue_order_id is None:
            order_id = (("clOrdID", str(query.client_order_id)),)
        else:
            order_id = (("orderID", str(query.venue_order_id)),)
        dialect = self._dialect
        asked = [
            Call(method="GET", path=dialect.open_path, query=symbol, group=dialect.group),
            Call(method="GET", path=dialect.order_path, query=(*symbol, *order_id)),
        ]
        if dialect.closed_path is not None:
            asked.append(self._closed_call(dialect.closed_path, symbol))
        for call in asked:
            orders = await self._read_orders(replace(call, urgent=True), as_of_ns)
            found = _named(orders, query, alone=call.path == dialect.order_path)
            if found is not None:
                return found
            if orders.bad or (call.path == dialect.closed_path and len(orders.rows) >= CLOSED_ROWS):
                text = f"{call.path} was not read to its end"
                raise UnreadableAnswerError(text, venue=self._session.config.venue)
        return None

    def _closed_call(self, path: str, symbol: Query) -> Call:
        """The last day's closed orders: one that is doubtful now was not sent before."""
        now_ms = self._session.now_ns() // 1_000_000
        start_ms = now_ms - CLOSED_SPAN_NS // 1_000_000
        query = (
            *symbol,
            ("currency", str(USDT)),
            ("start", str(start_ms)),
            ("end", str(now_ms + 60_000)),
            ("offset", "0"),
            ("limit", str(CLOSED_ROWS)),
        )
        return Call(method="GET", path=path, query=query)

    async def _read_orders(self, call: Call, as_of_ns: int) -> _Orders:
        """All rows; "order not found" is an empty list. Raises `VenueError`."""
        found = _Orders()
        try:
            rows = decode_rows(await self._session.get(call))
        except NotFoundError:
            return found
        except UnreadableError as error:
            text = f"{call.path}: {error}"
            raise UnreadableAnswerError(text, venue=self._session.config.venue) from None
        for raw in rows:
            row = self._dialect.read_order(
                self._session.stamp(), raw, self._shelf.products, as_of_ns
            )
            if isinstance(row, Undecodable):
                found.bad.append(row)
            else:
                found.rows.append(row)
        return found

    async def _resting(self) -> Sequence[VenueEvent]:
        asked_ns, as_of_ns = self._session.clock.mono_ns(), self._session.as_of_ns()
        events: list[VenueEvent] = []
        rests: list[OrderSnapshot] = []
        for symbol in self._shelf.tracked:
            call = Call(
                method="GET",
                path=self._dialect.open_path,
                query=by_symbol(symbol),
                group=self._dialect.group,
                patience_s=READ_PATIENCE_S,
            )
            try:
                orders = await self._read_orders(call, as_of_ns)
            except VenueError as error:
                return (*events, self._failed("orders", error, symbol))
            rests.extend(row.snapshot for row in orders.rows)
            events.extend((*(row.snapshot for row in orders.rows), *orders.bad))
            if orders.bad:
                problem = UnreadableAnswerError(orders.bad[0].text)
                return (*events, self._failed("orders", problem, symbol))
        ids = (row.venue_order_id for row in rests if not row.status.terminal)
        read = OrdersRead(
            **self._session.stamp(),
            resting=tuple(order_id for order_id in ids if order_id is not None),
            as_of_ns=as_of_ns,
            asked_mono_ns=asked_ns,
        )
        return (*events, read)

    async def _fills(self, symbol: Symbol | None, since_ns: int) -> Sequence[VenueEvent]:
        asked_ns, as_of_ns = self._session.clock.mono_ns(), self._session.as_of_ns()
        found = TradeList()
        for filters in self._filters(symbol):
            found.take(await self._trades.since(filters, since_ns, urgent=symbol is not None))
        problem = found.problem()
        self._shelf.note(fill.symbol for fill in found.rows)
        # A look at one symbol goes back further than what was paid since anybody watched.
        paid = found.fundings.values() if symbol is None else ()
        told = (*found.rows, *paid)
        if problem is not None:
            return (*told, *found.bad, self._failed("fills", problem, symbol))
        read = FillsRead(
            **self._session.stamp(),
            symbol=symbol,
            as_of_ns=as_of_ns,
            asked_mono_ns=asked_ns,
            since_ns=since_ns,
        )
        return (*told, read)

    def _filters(self, symbol: Symbol | None) -> Sequence[Query]:
        if symbol is not None:
            return (by_symbol(symbol),)
        if self._dialect.all_trades is not None:
            return (self._dialect.all_trades,)
        return [by_symbol(tracked) for tracked in self._shelf.tracked]

    def _order_failed(self, what: str, error: VenueError, query: QueryOrder) -> QueryFailed:
        failed = self._failed(what, error, query.key.symbol)
        return replace(failed, client_order_id=query.client_order_id)

    def _failed(self, what: str, error: VenueError, symbol: Symbol | None) -> QueryFailed:
        stamp = self._session.stamp()
        return QueryFailed(**stamp, query=what, reason=error.reason, text=error.text, symbol=symbol)


def _named(orders: _Orders, query: QueryOrder, *, alone: bool) -> OrderRead | None:
    """The row of the order asked for.

    Spot's history does not say client ids: a row that was asked for by one, `alone`, is its row.
    """
    for row in orders.rows:
        order = row.snapshot
        if query.venue_order_id is not None and order.venue_order_id == query.venue_order_id:
            known = order.client_order_id or query.client_order_id
            return replace(row, snapshot=replace(order, client_order_id=known))
        if order.client_order_id == query.client_order_id:
            return row
    if alone and query.venue_order_id is None and len(orders.rows) == 1 and not orders.bad:
        row = orders.rows[0]
        if row.snapshot.client_order_id is None:
            named = replace(row.snapshot, client_order_id=query.client_order_id)
            return replace(row, snapshot=named)
    return None
