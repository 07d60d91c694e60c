"""The simulated venue's adapter: daemon.ports.Venue over calls and frames that may go wrong.

Honest as a real adapter has to be: an answer that proves nothing is a doubt, a list is dated with
the freshness that the venue stated before it, and a 404 is no proof.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from daemon.core.commands import (
    CancelOrder,
    PlaceOrder,
    QueryBook,
    QueryFills,
    QueryMarket,
    QueryOrder,
    QueryQuote,
)
from daemon.core.events import (
    CancelRejected,
    Event,
    FillsRead,
    MarketPhase,
    MarketRead,
    OrderAbsent,
    OrderAccepted,
    OrderCanceled,
    OrderInDoubt,
    OrderRejected,
    OrdersRead,
    PositionRow,
    PositionSnapshot,
    QueryFailed,
    Quote,
    QuoteSource,
    Settlement,
)
from daemon.core.terms import NANOS, ZERO, RejectReason, Symbol, TimeInForce
from daemon.ports import Deliver
from daemon.simulation.clock import SimClock
from daemon.simulation.faults import Fault
from daemon.simulation.net import Refused, Wire
from daemon.simulation.plan import ACCOUNT, VENUE
from daemon.simulation.stream import SimStream
from daemon.simulation.venue import SimVenue
from daemon.simulation.venue_order import VenueOrder

# How often, and how far at most, a market or a payment is shown as it was.
_MARKET_LAGS = 0.5
_MARKET_LAG_S = 90.0


class SimGateway:
    """One process's client of the venue. `before_send` is asked before any order leaves."""

    def __init__(
        self,
        venue: SimVenue,
        wire: Wire,
        clock: SimClock,
        stream: SimStream,
        before_send: Callable[[PlaceOrder], None],
    ) -> None:
        self._venue = venue
        self._wire = wire
        self._clock = clock
        self._stream = stream
        self._before_send = before_send
        # Of its own, so that the other draws of a seed stay what they were.
        self._chance = random.Random(venue.plan.seed)

    async def open(self) -> Sequence[Event]:
        """Nothing to prove; the venue says whether it trades, and when it will not."""
        ahead = self._venue.announced
        return self._stamped((self._venue.status(), *(() if ahead is None else (ahead,))))

    async def close(self) -> None:
        """Nothing to let go of."""

    def headroom(self) -> Mapping[str, float]:
        """Nothing is counted."""
        return {}

    def prepare(self, command: PlaceOrder) -> None:
        """Nothing to encode."""

    async def run(self, deliver: Deliver) -> None:
        """Live events until cancelled."""
        await self._stream.run(deliver)

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """The symbols to price from now on."""
        self._stream.watch(symbols)

    async def place(self, command: PlaceOrder) -> Sequence[Event]:
        """Send the order once."""
        self._before_send(command)
        venue = self._venue

        def serve() -> VenueOrder | RejectReason:
            return venue.place(command)

        answer = await self._wire.call(serve, order=True)
        if isinstance(answer, Refused):
            certain, reason = answer.certain, answer.reason
        elif isinstance(answer, RejectReason):
            certain, reason = answer is not RejectReason.DUPLICATE_ID, answer
        else:
            return self._accepted(command, answer)
        made = OrderRejected if certain else OrderInDoubt
        doubt = made(
            **self._clock.venue_stamp(),
            symbol=command.key.symbol,
            client_order_id=command.client_order_id,
            reason=reason,
        )
        return (doubt,)

    def _accepted(self, command: PlaceOrder, order: VenueOrder) -> Sequence[Event]:
        when_ns, _, filled = order.history[-1]
        accepted = OrderAccepted(
            **self._clock.venue_stamp(),
            symbol=command.key.symbol,
            client_order_id=command.client_order_id,
            venue_order_id=order.venue_order_id,
            transact_time_ns=when_ns,
            cum_qty=filled,
        )
        if command.time_in_force is TimeInForce.GTC or filled == command.order_qty:
            return (accepted,)
        return (accepted, self._canceled(order, when_ns))

    def _canceled(self, order: VenueOrder, when_ns: int) -> OrderCanceled:
        return OrderCanceled(
            **self._clock.venue_stamp(),
            symbol=order.symbol,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            transact_time_ns=when_ns,
            cum_qty=order.filled,
        )

    async def cancel(self, command: CancelOrder) -> Sequence[Event]:
        """Cancel once; 404 tells nothing."""

        def serve() -> VenueOrder | RejectReason:
            order = self._venue.orders[command.venue_order_id]
            if not order.working:
                return RejectReason.NOT_FOUND
            self._venue.end(order)
            return order

        answer = await self._wire.call(serve)
        if isinstance(answer, VenueOrder):
            return (self._canceled(answer, answer.history[-1][0]),)
        rejected = CancelRejected(
            **self._clock.venue_stamp(),
            symbol=command.key.symbol,
            client_order_id=command.client_order_id,
            venue_order_id=command.venue_order_id,
            reason=answer.reason if isinstance(answer, Refused) else answer,
        )
        return (rejected,)

    def _moment(self) -> tuple[int, int]:
        """(stated freshness, what the read really shows): never later than the truth."""
        now_ns = self._venue.now_ns()
        if not self._wire.faults.hit(Fault.STALE_READ):
            return now_ns, now_ns
        stated_s = self._wire.faults.between(0.1, self._venue.plan.stale_s)
        # Rows that are held back against the venue's own stamps are fault enough.
        exact = self._venue.plan.hides_fills
        shown_s = stated_s if exact else self._wire.faults.between(0.0, stated_s)
        return now_ns - int(stated_s * NANOS), now_ns - int(shown_s * NANOS)

    def _stamped(self, events: Sequence[Event]) -> list[Event]:
        stamp = self._clock.stamp()
        return [replace(event, **stamp) for event in events]

    async def _read(
        self, what: str, serve: Callable[[], Sequence[Event]], symbol: Symbol | None
    ) -> Sequence[Event]:
        answer = await self._wire.call(serve)
        if not isinstance(answer, Refused):
            return self._stamped(answer)
        failed = QueryFailed(
            **self._clock.venue_stamp(),
            query=what,
            reason=answer.reason,
            symbol=symbol,
        )
        return (failed,)

    async def order(self, query: QueryOrder) -> Sequence[Event]:
        """The order's fills and its snapshot, or its absence from a complete list."""

        def serve() -> Sequence[Event]:
            stated_ns, shown_ns = self._moment()
            order = self._venue.by_client.get(query.client_order_id)
            if order is None or order.created_ns > shown_ns:
                if order is not None:
                    self._wire.faults.mark(Fault.NOT_FOUND_AFTER_ACK)
                absent = OrderAbsent(
                    receive_time_ns=0,
                    mono_ns=0,
                    account=ACCOUNT,
                    venue=VENUE,
                    symbol=query.key.symbol,
                    client_order_id=query.client_order_id,
                    venue_order_id=query.venue_order_id,
                    as_of_ns=stated_ns,
                )
                return (absent,)
            return (*self._fills_of(order, shown_ns), self._shown(order, stated_ns, shown_ns))

        return await self._read("order", serve, query.key.symbol)

    def _fills_of(self, order: VenueOrder, shown_ns: int) -> list[Event]:
        return [
            replace(fill, client_order_id=order.client_order_id)
            for fill in self._venue.fills
            if fill.venue_order_id == order.venue_order_id
            and fill.transact_time_ns <= shown_ns
            and self._venue.shows(fill)
        ]

    def _shown(self, order: VenueOrder, stated_ns: int, shown_ns: int) -> Event:
        states = [state for state in order.history if state[0] <= shown_ns]
        if states[-1] != order.history[-1]:
            self._wire.faults.mark(Fault.OLD_SNAPSHOT)
        return self._venue.snapshot(order, states[-1], stated_ns)

    async def fills(self, query: QueryFills) -> Sequence[Event]:
        """Fills since then, oldest first, then FillsRead."""
        asked_ns = self._clock.mono_ns()

        def serve() -> Sequence[Event]:
            stated_ns, shown_ns = self._moment()
            since_ns = query.since_ns // NANOS * NANOS
            rows = [
                replace(fill, client_order_id=None)
                for fill in self._venue.fills
                if since_ns <= fill.transact_time_ns <= shown_ns
                and query.symbol in {None, fill.symbol}
                and self._venue.shows(fill)
            ]
            read = FillsRead(
                receive_time_ns=0,
                mono_ns=0,
                account=ACCOUNT,
                venue=VENUE,
                symbol=query.symbol,
                as_of_ns=stated_ns,
                asked_mono_ns=asked_ns,
                since_ns=query.since_ns,
            )
            return (*rows, read)

        return await self._read("fills", serve, query.symbol)

    async def book(self, query: QueryBook) -> Sequence[Event]:
        """Orders, fills, positions, settlements: each asked for by itself."""
        orders = await self._orders()
        whole = QueryFills(
            account=query.account, venue=query.venue, symbol=None, since_ns=query.since_ns
        )
        fills = await self.fills(whole)
        positions = await self._positions()
        settled = await self._read("settlements", lambda: self._paid(query.since_ns), None)
        return (*orders, *fills, *positions, *settled)

    def _paid(self, since_ns: int) -> Sequence[Settlement]:
        shown_ns = self._venue.now_ns() - int(self._market_lag_s() * NANOS)
        rows = self._venue.settlements
        return tuple(row for row in rows if since_ns <= row.settl_time_ns <= shown_ns)

    def _market_lag_s(self) -> float:
        """Markets and payments may be shown as they were, by a cache that states no time."""
        chance = self._chance
        lags = self._wire.faults.on and chance.random() < _MARKET_LAGS
        return chance.uniform(0.0, _MARKET_LAG_S) if lags else 0.0

    async def _orders(self) -> Sequence[Event]:
        asked_ns = self._clock.mono_ns()

        def serve() -> Sequence[Event]:
            stated_ns, shown_ns = self._moment()
            shown = [
                self._shown(order, stated_ns, shown_ns)
                for order in self._venue.orders.values()
                if order.created_ns <= shown_ns and _rested(order, shown_ns)
            ]
            ids = tuple(event.venue_order_id for event in shown)  # type: ignore[attr-defined]
            read = OrdersRead(
                receive_time_ns=0,
                mono_ns=0,
                account=ACCOUNT,
                venue=VENUE,
                resting=ids,
                as_of_ns=stated_ns,
                asked_mono_ns=asked_ns,
            )
            return (*shown, read)

        return await self._read("orders", serve, None)

    async def _positions(self) -> Sequence[Event]:
        asked_ns = self._clock.mono_ns()

        def serve() -> Sequence[Event]:
            stated_ns, shown_ns = self._moment()
            held = [
                (symbol, self._venue.position_at(symbol, shown_ns))
                for symbol in self._venue.markets
            ]
            snapshot = PositionSnapshot(
                receive_time_ns=0,
                mono_ns=0,
                account=ACCOUNT,
                venue=VENUE,
                rows=tuple(self._row(symbol, qty) for symbol, qty in held if qty != ZERO),
                as_of_ns=stated_ns,
                asked_mono_ns=asked_ns,
            )
            return (snapshot,)

        return await self._read("positions", serve, None)

    def _row(self, symbol: Symbol, qty: Decimal) -> PositionRow:
        plan = self._venue.markets[symbol].plan
        cost = abs(qty) * plan.entry / 100 if plan.archived else None
        return PositionRow(symbol=symbol, position_qty=qty, cost=cost)

    async def quote(self, query: QueryQuote) -> Sequence[Event]:
        """The best prices by REST."""
        return await self._read("quote", lambda: (self._quote(query.symbol),), query.symbol)

    async def poll(self, symbol: Symbol) -> Sequence[Event]:
        """The best prices by REST, for a stream that is down."""
        return await self.quote(QueryQuote(account=ACCOUNT, venue=VENUE, symbol=symbol))

    def _quote(self, symbol: Symbol) -> Quote:
        return self._venue.quote(symbol, QuoteSource.REST)

    async def depth(self, symbol: Symbol) -> None:
        """Beyond its best prices the venue shows nothing."""

    async def market(self, query: QueryMarket) -> Sequence[Event]:
        """Terms and phase, and what the account was paid."""

        def serve() -> Sequence[Event]:
            market = self._venue.markets[query.symbol]
            phase = market.phase_at(self._venue.now_s() - self._market_lag_s())
            over = phase in {MarketPhase.DETERMINED, MarketPhase.SETTLED}
            read = MarketRead(
                receive_time_ns=0,
                mono_ns=0,
                account=ACCOUNT,
                venue=VENUE,
                instrument=market.instrument,
                phase=phase,
                settl_px=market.settl_px if over else None,
            )
            paid = self._paid(0) if phase is MarketPhase.SETTLED else ()
            return (read, *(row for row in paid if row.symbol == query.symbol))

        return await self._read("market", serve, query.symbol)


def _rested(order: VenueOrder, shown_ns: int) -> bool:
    states = [state for state in order.history if state[0] <= shown_ns]
    return not states[-1][1].terminal
