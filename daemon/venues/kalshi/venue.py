"""Kalshi behind `daemon.ports.Venue`: one account, one key, one subaccount.

The parts stand beside it: `orders` (gateway), `reader` and `markets` (look-ups), `stream` (live
feeds), all over one `session`. This module ties them together and proves at `open()` that host,
clock and key are right, or says what to do.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence

from daemon.core.commands import (
    CancelOrder,
    PlaceOrder,
    QueryBook,
    QueryFills,
    QueryMarket,
    QueryOrder,
    QueryQuote,
)
from daemon.core.events import PositionSnapshot, Undecodable, VenueEvent
from daemon.core.terms import NANOS, Symbol
from daemon.ports import Clock, Deliver, Depth
from daemon.venues.decoding import UnreadableError
from daemon.venues.errors import (
    AuthError,
    BusyVenueError,
    ClockSkewError,
    NotFoundError,
    RateLimitError,
    UnreachableHostError,
    VenueError,
    VenueSetupError,
    WrongClockError,
    WrongKeyError,
)
from daemon.venues.kalshi.account_wire import decode_costs, decode_limits
from daemon.venues.kalshi.config import KalshiConfig
from daemon.venues.kalshi.listing import account_call
from daemon.venues.kalshi.markets import KalshiMarkets
from daemon.venues.kalshi.orders import KalshiOrders
from daemon.venues.kalshi.pauses import PauseWatch
from daemon.venues.kalshi.reader import KalshiReader
from daemon.venues.kalshi.rights import key_rights
from daemon.venues.kalshi.session import KalshiSession
from daemon.venues.kalshi.stream import KalshiStream
from daemon.venues.kalshi.wire import VENUE
from daemon.venues.rest import RestTransport
from daemon.venues.rights import KeyRights

MAX_SKEW_NS = 120 * NANOS


class KalshiVenue:
    """`daemon.ports.Venue` for Kalshi."""

    def __init__(
        self, config: KalshiConfig, clock: Clock, transport: RestTransport | None = None
    ) -> None:
        rng = random.Random(config.seed)  # noqa: S311 - jitter, no secret
        transport = transport or RestTransport(config.rest_url, clock, config.connect_timeout_s)
        self.session = KalshiSession(config, transport, clock, rng)
        self.reader = KalshiReader(self.session)
        self._orders = KalshiOrders(self.session)
        self._markets = KalshiMarkets(self.session, self.reader)
        self._pauses = PauseWatch(self.session)
        self.stream = KalshiStream(self.session, self._markets, self._pauses, rng)

    @property
    def skew_ns(self) -> int:
        """Our wall clock minus Kalshi's, ns; signatures are corrected by it."""
        return self.session.skew.skew_ns

    async def open(self) -> Sequence[VenueEvent]:
        """Prove host, clock and key; read limits and pauses. Raises `VenueSetupError`."""
        config = self.session.config
        try:
            await self.session.get(self._pauses.status_call())
        except VenueError as error:
            if error.retryable and not self.session.skew.measured:
                text = (
                    f"{config.rest_url} cannot be reached ({error.text}): check the address, the"
                    " network and DNS"
                )
                raise UnreachableHostError(text, venue=VENUE) from error
        try:
            subaccount = (("subaccount", str(config.subaccount)),)
            await self.session.get(
                account_call(self.session, "/portfolio/balance", subaccount, urgent=True)
            )
        except VenueError as error:
            raise self._setup_error(error) from error
        if abs(self.skew_ns) > MAX_SKEW_NS:
            raise self._wrong_clock()
        await self._read_limits()
        return await self._pauses.poll()

    def _setup_error(self, error: VenueError) -> VenueSetupError:
        config = self.session.config
        if isinstance(error, RateLimitError):
            return BusyVenueError(error, venue=VENUE)
        if isinstance(error, ClockSkewError):
            return self._wrong_clock(error.code)
        if isinstance(error, AuthError):
            text = (
                f"Kalshi refuses key {config.key_id} at {config.rest_url} ({error.text}): check"
                " the key id, that the private key belongs to it, and that it was made for this"
                " environment (demo and production have keys of their own)"
            )
            return WrongKeyError(text, venue=VENUE, code=error.code)
        if isinstance(error, NotFoundError):
            text = f"{config.rest_url} is not Kalshi's API (it ends in /trade-api/v2): {error.text}"
            return UnreachableHostError(text, venue=VENUE, code=error.code)
        text = f"Kalshi does not show the account's balance ({error.text}): try again later"
        return UnreachableHostError(text, venue=VENUE, code=error.code)

    def _wrong_clock(self, code: str = "") -> WrongClockError:
        """Small differences are corrected; minutes would blur what came before what."""
        text = (
            f"the clock of this machine differs from Kalshi's by {self.skew_ns / NANOS:.0f} s:"
            " run an NTP client on it"
        )
        return WrongClockError(text, venue=VENUE, code=code)

    async def _read_limits(self) -> None:
        """Take over the account's limits; where they cannot be read the lowest tier's stay."""
        try:
            limits = decode_limits(
                await self.session.get(account_call(self.session, "/account/limits"))
            )
            costs = await self.session.get(account_call(self.session, "/account/endpoint_costs"))
            self.session.costs = decode_costs(costs)
        except (VenueError, UnreadableError):
            return
        read, write = limits.read, limits.write
        self.session.read_tokens.resize(read.bucket_capacity, read.refill_rate)
        self.session.write_tokens.resize(write.bucket_capacity, write.refill_rate)

    async def rights(self) -> KeyRights:
        """What the key may do, as far as the venue tells."""
        return await key_rights(self.session)

    def prepare(self, command: PlaceOrder) -> Callable[[], None] | None:
        """Make the request ready; what is returned lets it go."""
        return self._orders.prepare(command)

    async def place(self, command: PlaceOrder) -> Sequence[VenueEvent]:
        """Send the order, once."""
        return await self._orders.place(command)

    async def cancel(self, command: CancelOrder) -> Sequence[VenueEvent]:
        """Cancel an order, once."""
        return await self._orders.cancel(command)

    async def order(self, query: QueryOrder) -> Sequence[VenueEvent]:
        """Look an order up."""
        return await self.reader.order(query)

    async def fills(self, query: QueryFills) -> Sequence[VenueEvent]:
        """Fetch fills."""
        return await self.reader.fills(query)

    async def book(self, query: QueryBook) -> Sequence[VenueEvent]:
        """Fetch the whole account."""
        events = await self.reader.book(query)
        for event in events:
            if isinstance(event, PositionSnapshot):
                self.stream.note(row.symbol for row in event.rows)
        return events

    async def quote(self, query: QueryQuote) -> Sequence[VenueEvent]:
        """Fetch one order book."""
        return await self._markets.quote(query)

    async def market(self, query: QueryMarket) -> Sequence[VenueEvent]:
        """Fetch a market's terms."""
        return await self._markets.market(query)

    async def depth(self, symbol: Symbol) -> Depth | Undecodable | None:
        """The order book beyond its best prices."""
        return self.stream.depth(symbol) or await self._markets.depth(symbol)

    async def run(self, deliver: Deliver) -> None:
        """Deliver live events until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._orders.keep_signed(), name="kalshi signatures")
            group.create_task(self.stream.run(deliver), name="kalshi streams")

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """The symbols to price from now on."""
        self.stream.watch(symbols)

    async def close(self) -> None:
        """Let go of connections."""
        self._orders.close()
        await self.session.close()

    def headroom(self) -> Mapping[str, float]:
        """What is left of our allowances."""
        session = self.session
        return {"read": session.read_tokens.headroom, "write": session.write_tokens.headroom}
