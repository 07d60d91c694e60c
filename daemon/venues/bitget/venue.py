"""Bitget behind `daemon.ports.Venue`: one account, one key, one market.

The parts stand beside it: `orders` (gateway), `reader`, `positions` and `markets` (look-ups),
`stream` (live feeds), all over one `session`. This module ties them together and proves at `open()`
that host, clock, key and dialect are right, or says what to do.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Final

from daemon.core.commands import (
    CancelOrder,
    PlaceOrder,
    QueryBook,
    QueryFills,
    QueryMarket,
    QueryOrder,
    QueryQuote,
)
from daemon.core.events import Fill, Undecodable, VenueEvent
from daemon.core.terms import NANOS, Symbol
from daemon.ports import Clock, Deliver, Depth
from daemon.venues.bitget.config import BitgetConfig
from daemon.venues.bitget.error_wire import UNIFIED_ONLY
from daemon.venues.bitget.markets import BitgetMarkets
from daemon.venues.bitget.orders import BitgetOrders
from daemon.venues.bitget.positions import BitgetPositions
from daemon.venues.bitget.reader import BitgetReader
from daemon.venues.bitget.rights import key_rights
from daemon.venues.bitget.routes import SERVER_TIME
from daemon.venues.bitget.session import BitgetSession, Call
from daemon.venues.bitget.stream import BitgetStream
from daemon.venues.bitget.wire import Dialect
from daemon.venues.errors import (
    AuthError,
    BusyVenueError,
    ClockSkewError,
    RateLimitError,
    UnreachableHostError,
    VenueError,
    VenueSetupError,
    WrongClockError,
    WrongKeyError,
)
from daemon.venues.rest import RestTransport
from daemon.venues.rights import KeyRights

MAX_SKEW_NS: Final = 120 * NANOS


class BitgetVenue:
    """`daemon.ports.Venue` for one Bitget market."""

    def __init__(
        self, config: BitgetConfig, clock: Clock, transport: RestTransport | None = None
    ) -> None:
        rng = random.Random(config.seed)  # noqa: S311 - jitter, no secret
        transport = transport or RestTransport(config.rest_url, clock, config.connect_timeout_s)
        self.session = BitgetSession(config, transport, clock, rng)
        self._markets = BitgetMarkets(self.session)
        self._positions = BitgetPositions(self.session, self._markets)
        self._orders = BitgetOrders(self.session)
        self.reader = BitgetReader(self.session, self._positions)
        self.stream = BitgetStream(self.session, self.reader, self._markets, self._positions, rng)

    @property
    def skew_ns(self) -> int:
        """Our wall clock minus Bitget's, ns; signatures are corrected by it."""
        return self.session.skew.skew_ns

    async def open(self) -> Sequence[VenueEvent]:
        """Prove host, clock, key and dialect; read the modes. Raises `VenueSetupError`."""
        try:
            await self.session.get(Call(path=SERVER_TIME, bucket="market"))
        except VenueError as error:
            if error.retryable and not self.session.skew.measured:
                text = (
                    f"{self.session.config.rest_url} cannot be reached ({error.text}): check the"
                    " address, the network and DNS"
                )
                raise self._unreachable(text) from error
        try:
            await self._prove_account()
        except VenueError as error:
            raise self._setup_error(error) from error
        if abs(self.skew_ns) > MAX_SKEW_NS:
            raise self._wrong_clock()
        return ()

    async def _prove_account(self) -> None:
        """Read what the key may read, in the dialect that the account turns out to be on."""
        modes = self.session.modes
        if modes.dialect is Dialect.CLASSIC:
            try:
                await self._positions.ask()
            except AuthError as error:
                if error.code != UNIFIED_ONLY or self.session.config.dialect is not None:
                    raise
                modes.dialect = Dialect.UTA
        await self._positions.know_mode()

    def _setup_error(self, error: VenueError) -> VenueSetupError:
        config, venue = self.session.config, self.session.market.venue
        if isinstance(error, RateLimitError):
            return BusyVenueError(error, venue=venue)
        if isinstance(error, ClockSkewError):
            return self._wrong_clock(error.code)
        if error.code == UNIFIED_ONLY:
            text = "the account is a unified one: set its dialect to uta, or leave it unset"
            return WrongKeyError(text, venue=venue, code=error.code)
        if isinstance(error, AuthError):
            text = (
                f"Bitget refuses key {config.signer.key_id} at {config.rest_url} ({error.text}):"
                " check key, passphrase and secret, the key's permissions and its list of IP"
                " addresses (demo keys need demo = true)"
            )
            return WrongKeyError(text, venue=venue, code=error.code)
        return self._unreachable(
            f"Bitget does not show the account ({error.text}): check that it is of the dialect"
            f" {self.session.modes.dialect.value}, or try again later"
        )

    def _unreachable(self, text: str) -> UnreachableHostError:
        return UnreachableHostError(text, venue=self.session.market.venue)

    def _wrong_clock(self, code: str = "") -> WrongClockError:
        """Small differences are corrected; minutes would blur what came before what."""
        text = (
            f"the clock of this machine differs from Bitget's by {self.skew_ns / NANOS:.0f} s:"
            " run an NTP client on it"
        )
        return WrongClockError(text, venue=self.session.market.venue, code=code)

    async def rights(self) -> KeyRights:
        """What the key may do, as far as the venue tells."""
        return await key_rights(self.session)

    def prepare(self, command: PlaceOrder) -> None:
        """Encode and sign ahead."""
        self._orders.prepare(command)

    async def place(self, command: PlaceOrder) -> Sequence[VenueEvent]:
        """Send the order, once."""
        return await self._orders.place(command)

    async def cancel(self, command: CancelOrder) -> Sequence[VenueEvent]:
        """Cancel an order, once."""
        return await self._orders.cancel(command)

    async def order(self, query: QueryOrder) -> Sequence[VenueEvent]:
        """Look an order up."""
        return self._compared(await self.reader.order(query))

    async def fills(self, query: QueryFills) -> Sequence[VenueEvent]:
        """Fetch fills."""
        return self._compared(await self.reader.fills(query))

    async def book(self, query: QueryBook) -> Sequence[VenueEvent]:
        """Fetch the whole account."""
        return self._compared(await self.reader.book(query))

    def _compared(self, events: Sequence[VenueEvent]) -> Sequence[VenueEvent]:
        """The answer as it is; what the stream should have brought before is held against it."""
        self.stream.private.compare(event for event in events if isinstance(event, Fill))
        return events

    async def quote(self, query: QueryQuote) -> Sequence[VenueEvent]:
        """Fetch one order book."""
        return await self._markets.quote(query)

    async def market(self, query: QueryMarket) -> Sequence[VenueEvent]:
        """Fetch a market's terms."""
        return await self._markets.market(query)

    async def depth(self, symbol: Symbol) -> Depth | Undecodable | None:
        """The order book beyond its best prices."""
        return await self._markets.depth(symbol)

    async def run(self, deliver: Deliver) -> None:
        """Deliver live events until cancelled."""
        await self.stream.run(deliver)

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """The symbols to price from now on."""
        self.stream.watch(symbols)

    async def close(self) -> None:
        """Let go of connections."""
        await self.session.close()

    def headroom(self) -> Mapping[str, float]:
        """What is left of our allowances."""
        return {name: bucket.headroom for name, bucket in self.session.buckets.items()}
