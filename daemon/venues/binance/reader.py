"""Binance's account reader: one order, fills, the whole account.

Binance dates no account read, so each is taken to be as old as `read_lag_s` before it was asked
for. Trades can be asked for by symbol only: a look at the whole account reads those of every
symbol that is watched, held, has orders or was traded here. An order id of ours names the newest
order of that name; an order that nothing shows is told absent, and never sent again, since spot
frees an id when its order ends (semantics ruling 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from daemon.core.commands import QueryBook, QueryFills, QueryOrder
from daemon.core.events import (
    Fill,
    FillsRead,
    OrderAbsent,
    OrderCanceled,
    OrderSnapshot,
    OrdersRead,
    QueryFailed,
    Undecodable,
    VenueEvent,
)
from daemon.core.terms import ZERO, RejectReason, Symbol
from daemon.venues.binance.error_wire import ARCHIVED
from daemon.venues.binance.holdings import BinanceHoldings
from daemon.venues.binance.imposed import BinanceImposed, FundingList
from daemon.venues.binance.order_wire import decode_order_row, decode_rows
from daemon.venues.binance.session import BinanceSession, Call
from daemon.venues.binance.trades import BinanceTrades
from daemon.venues.binance.wire import USDM
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import NotFoundError, UnreadableAnswerError, VenueError

SYMBOLS_LIMIT: Final = 200
"""Symbols whose trades a look at the whole account reads; the longest unnoticed go first."""


class BinanceReader:
    """`AccountReader` for one account on one market."""

    def __init__(self, session: BinanceSession, holdings: BinanceHoldings) -> None:
        self._session = session
        self._holdings = holdings
        self._trades = BinanceTrades(session)
        self._imposed = BinanceImposed(session) if session.config.venue == USDM else None
        self._symbols: dict[Symbol, None] = dict.fromkeys(session.config.kept_qty)

    def note(self, symbols: Iterable[Symbol]) -> None:
        """These symbols concern this account."""
        for symbol in symbols:
            self._symbols.pop(symbol, None)
            self._symbols[symbol] = None
        while len(self._symbols) > SYMBOLS_LIMIT:
            del self._symbols[next(iter(self._symbols))]

    def know(self, fill: Fill) -> None:
        """The stream told of this fill."""
        self.note((fill.symbol,))
        if self._imposed is not None:
            self._imposed.know(fill)

    async def order(self, query: QueryOrder) -> Sequence[VenueEvent]:
        """The order's fills and its snapshot, or OrderAbsent, or QueryFailed."""
        as_of_ns = self._session.as_of_ns()
        try:
            snapshot = await self._find(query, as_of_ns)
        except NotFoundError as error:
            return (self._absent(query, as_of_ns, error),)
        except VenueError as error:
            return (self._order_failed("order", error, query),)
        if snapshot.cum_qty == ZERO or snapshot.venue_order_id is None:
            return (snapshot,)
        found = await self._trades.of_order(snapshot.symbol, snapshot.venue_order_id)
        problem = found.problem()
        fills = [_named(fill, snapshot) for fill in found.rows]
        told = sum((fill.last_qty for fill in fills), ZERO)
        if problem is None and told < snapshot.cum_qty:
            text = f"trades of {told} are shown for {snapshot.cum_qty} filled"
            problem = UnreadableAnswerError(text, venue=self._session.config.venue)
        failed = () if problem is None else (self._order_failed("fills", problem, query),)
        return (*fills, *found.bad, snapshot, *failed)

    async def _find(self, query: QueryOrder, as_of_ns: int) -> OrderSnapshot:
        """Raises `VenueError`."""
        params = {"symbol": str(query.key.symbol)}
        if query.venue_order_id is not None:
            params["orderId"] = str(query.venue_order_id)
        else:
            params["origClientOrderId"] = str(query.client_order_id)
        call = Call(
            method="GET", endpoint=self._session.config.api.order, params=params, urgent=True
        )
        body = await self._session.get(call)
        snapshot = decode_order_row(self._session.stamp(), body, as_of_ns)
        if isinstance(snapshot, Undecodable):
            raise UnreadableAnswerError(snapshot.text, venue=self._session.config.venue)
        return snapshot

    def _absent(self, query: QueryOrder, as_of_ns: int, error: VenueError) -> VenueEvent:
        """No such order; one that is only archived has ended long ago without a fill."""
        if error.code == str(ARCHIVED):
            return OrderCanceled(
                **self._session.stamp(),
                symbol=query.key.symbol,
                client_order_id=query.client_order_id,
                venue_order_id=query.venue_order_id,
                cum_qty=ZERO,
                text=error.text,
            )
        return OrderAbsent(
            **self._session.stamp(),
            symbol=query.key.symbol,
            client_order_id=query.client_order_id,
            venue_order_id=query.venue_order_id,
            as_of_ns=as_of_ns + self._session.skew.skew_ns,
        )

    async def fills(self, query: QueryFills) -> Sequence[VenueEvent]:
        """Fills of one symbol, or of all that concern us, oldest first, then FillsRead."""
        if query.symbol is None:
            return await self._fills(tuple(self._symbols), None, query.since_ns)
        self.note((query.symbol,))
        return await self._fills((query.symbol,), query.symbol, query.since_ns)

    async def _fills(
        self, symbols: Sequence[Symbol], named: Symbol | None, since_ns: int
    ) -> Sequence[VenueEvent]:
        asked_ns, as_of_ns = self._session.clock.mono_ns(), self._session.as_of_ns()
        fills: list[Fill] = []
        bad: list[Undecodable] = []
        problem: VenueError | None = None
        for symbol in symbols:
            found = await self._trades.since(symbol, since_ns, urgent=named is not None)
            fills += found.rows
            bad += found.bad
            problem = problem or found.problem()
        fills.sort(key=lambda fill: fill.transact_time_ns)
        fills, nameless = await self._attributed(fills)
        problem = problem or nameless
        if problem is not None:
            return (*fills, *bad, self._failed("fills", problem, named))
        read = FillsRead(
            **self._session.stamp(),
            symbol=named,
            as_of_ns=as_of_ns,
            asked_mono_ns=asked_ns,
            since_ns=since_ns,
        )
        return (*fills, read)

    async def recent_fills(self, symbol: Symbol, since_ns: int) -> Sequence[VenueEvent]:
        """What traded on a symbol lately; claims nothing about being complete."""
        found = await self._trades.since(symbol, since_ns, urgent=True)
        fills, nameless = await self._attributed(found.rows)
        problem = found.problem() or nameless
        failed = () if problem is None else (self._failed("fills", problem, symbol),)
        return (*fills, *found.bad, *failed)

    async def _attributed(self, fills: list[Fill]) -> tuple[list[Fill], VenueError | None]:
        """The fills, saying which ones the exchange forced, and why that may be missing."""
        if self._imposed is None:
            return fills, None
        return await self._imposed.attributed(fills)

    async def recent_funding(self, since_ns: int) -> Sequence[VenueEvent]:
        """What funding was paid lately, for whatever; claims nothing about being complete."""
        if self._imposed is None:
            return ()
        return self._told(await self._imposed.fundings(since_ns))

    def _told(self, found: FundingList) -> Sequence[VenueEvent]:
        problem = found.problem()
        failed = () if problem is None else (self._failed("funding", problem),)
        return (*found.rows.values(), *found.bad, *failed)

    async def book(self, query: QueryBook) -> Sequence[VenueEvent]:
        """Resting orders, fills and funding, positions; each part whole or `QueryFailed`.

        Fills are not told complete without the funding: the next look goes back as far again.
        """
        orders = await self._resting()
        self.note(event.symbol for event in orders if isinstance(event, OrderSnapshot))
        fills = await self._fills(tuple(self._symbols), None, query.since_ns)
        if self._imposed is not None:
            paid = await self._imposed.due(query.since_ns)
            if paid.problem() is not None:
                fills = [event for event in fills if not isinstance(event, FillsRead)]
            fills = (*fills, *self._told(paid))
        return (*orders, *fills, *await self.positions())

    async def positions(self) -> Sequence[VenueEvent]:
        """PositionSnapshot, or QueryFailed."""
        try:
            snapshot = await self._holdings.read(tuple(self._symbols))
        except VenueError as error:
            return (self._failed("positions", error),)
        self.note(row.symbol for row in snapshot.rows)
        return (snapshot,)

    async def _resting(self) -> Sequence[VenueEvent]:
        asked_ns, as_of_ns = self._session.clock.mono_ns(), self._session.as_of_ns()
        try:
            call = Call(method="GET", endpoint=self._session.config.api.open_orders)
            raws = decode_rows(await self._session.get(call))
        except VenueError as error:
            return (self._failed("orders", error),)
        except UnreadableError as error:
            return (self._unreadable("orders", str(error)),)
        rows = [decode_order_row(self._session.stamp(), raw, as_of_ns) for raw in raws]
        bad = [row for row in rows if isinstance(row, Undecodable)]
        if bad:
            return (*rows, self._unreadable("orders", bad[0].text))
        open_rows = [row for row in rows if isinstance(row, OrderSnapshot)]
        ids = (row.venue_order_id for row in open_rows if not row.status.terminal)
        read = OrdersRead(
            **self._session.stamp(),
            resting=tuple(order_id for order_id in ids if order_id is not None),
            as_of_ns=as_of_ns,
            asked_mono_ns=asked_ns,
        )
        return (*rows, read)

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

    def _unreadable(self, what: str, text: str) -> QueryFailed:
        stamp = self._session.stamp()
        return QueryFailed(**stamp, query=what, reason=RejectReason.VENUE_ERROR, text=text)


def _named(fill: Fill, order: OrderSnapshot) -> Fill:
    """A trade row names no client order id; its order does."""
    return replace(fill, client_order_id=order.client_order_id)
