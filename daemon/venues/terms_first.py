"""A venue whose fills come after their market's terms: the first one of a symbol waits for them.

On a crypto venue a fee may be taken in the coin that is held, and only the terms say which coin
that is (semantics.md 25, 29). A fill is held for as long as one look takes and never longer:
without an answer it goes on as it is, and reconciliation mends what it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from daemon.core.commands import (
    CancelOrder,
    PlaceOrder,
    QueryBook,
    QueryFills,
    QueryMarket,
    QueryOrder,
    QueryQuote,
)
from daemon.core.events import Event, Fill, MarketRead, Undecodable
from daemon.core.terms import Account, Symbol
from daemon.core.terms import Venue as VenueName
from daemon.ports import Deliver, Depth, Venue


class TermsFirst:
    """`daemon.ports.Venue` round another, for one account."""

    def __init__(self, venue: Venue, account: Account, name: VenueName) -> None:
        self._venue = venue
        self._account = account
        self._name = name
        self._known: set[Symbol] = set()
        self._waiting: dict[Symbol, list[Event]] = {}

    async def open(self) -> Sequence[Event]:
        """Prove keys, clock and limits."""
        return await self._venue.open()

    async def close(self) -> None:
        """Let go of connections."""
        await self._venue.close()

    def headroom(self) -> Mapping[str, float]:
        """What is left of our allowances."""
        return self._venue.headroom()

    def prepare(self, command: PlaceOrder) -> None:
        """Encode and sign ahead."""
        self._venue.prepare(command)

    async def place(self, command: PlaceOrder) -> Sequence[Event]:
        """Send the order, once."""
        return await self._after_terms(await self._venue.place(command))

    async def cancel(self, command: CancelOrder) -> Sequence[Event]:
        """Cancel an order, once."""
        return await self._after_terms(await self._venue.cancel(command))

    async def order(self, query: QueryOrder) -> Sequence[Event]:
        """Look an order up."""
        return await self._after_terms(await self._venue.order(query))

    async def fills(self, query: QueryFills) -> Sequence[Event]:
        """Fetch fills."""
        return await self._after_terms(await self._venue.fills(query))

    async def book(self, query: QueryBook) -> Sequence[Event]:
        """Fetch the whole account."""
        return await self._after_terms(await self._venue.book(query))

    async def quote(self, query: QueryQuote) -> Sequence[Event]:
        """Fetch one order book."""
        return await self._venue.quote(query)

    async def market(self, query: QueryMarket) -> Sequence[Event]:
        """Fetch a market's terms."""
        events = await self._venue.market(query)
        self._note(events)
        return events

    async def depth(self, symbol: Symbol) -> Depth | Undecodable | None:
        """The order book beyond its best prices."""
        return await self._venue.depth(symbol)

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """The symbols to price from now on."""
        self._venue.watch(symbols)

    async def run(self, deliver: Deliver) -> None:
        """Deliver live events until cancelled; what waits then is back-filled by REST."""
        self._waiting.clear()
        async with asyncio.TaskGroup() as group:

            def after_terms(event: Event) -> None:
                if not isinstance(event, Fill) or event.symbol in self._known:
                    deliver(event)
                elif event.symbol in self._waiting:
                    self._waiting[event.symbol].append(event)
                else:
                    self._waiting[event.symbol] = [event]
                    work = self._release(event.symbol, deliver)
                    group.create_task(work, name=f"terms of {event.symbol}")

            await self._venue.run(after_terms)

    async def _release(self, symbol: Symbol, deliver: Deliver) -> None:
        for event in (*await self._terms(symbol), *self._waiting.pop(symbol)):
            deliver(event)

    async def _after_terms(self, events: Sequence[Event]) -> Sequence[Event]:
        self._note(events)
        fills = dict.fromkeys(event.symbol for event in events if isinstance(event, Fill))
        terms = [await self._terms(symbol) for symbol in fills if symbol not in self._known]
        return [*(event for answer in terms for event in answer), *events] if terms else events

    async def _terms(self, symbol: Symbol) -> Sequence[Event]:
        query = QueryMarket(account=self._account, venue=self._name, symbol=symbol)
        events = await self._venue.market(query)
        self._known.add(symbol)
        return events

    def _note(self, events: Sequence[Event]) -> None:
        self._known.update(e.instrument.symbol for e in events if isinstance(e, MarketRead))
