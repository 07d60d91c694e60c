"""Binance behind `daemon.ports.Venue`: one account and one key on one market, spot or USD-M.

The parts stand beside it: `orders` (gateway), `reader`, `holdings` and `markets` (look-ups),
`stream` (live feeds), all over one `session`. An order id lives while its order is open (spot
frees it then), so an order in doubt is looked up by it and never sent again (semantics ruling 2).
"""

from __future__ import annotations

import random
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
from daemon.core.events import Undecodable, VenueEvent
from daemon.core.terms import NANOS, Symbol
from daemon.ports import Clock, Deliver, Depth
from daemon.venues.binance.config import BinanceConfig
from daemon.venues.binance.holdings import BinanceHoldings
from daemon.venues.binance.markets import BinanceMarkets
from daemon.venues.binance.orders import BinanceOrders
from daemon.venues.binance.reader import BinanceReader
from daemon.venues.binance.rights import key_rights
from daemon.venues.binance.session import BinanceSession
from daemon.venues.binance.stream import BinanceStream
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

MAX_SKEW_NS = 120 * NANOS


class BinanceVenue:
    """`daemon.ports.Venue` for one Binance market."""

    def __init__(
        self, config: BinanceConfig, clock: Clock, transport: RestTransport | None = None
    ) -> None:
        rng = random.Random(config.seed)  # noqa: S311 - jitter, no secret
        rest = transport or RestTransport(config.urls.rest, clock, config.connect_timeout_s)
        self.session = BinanceSession(config, rest, clock, rng)
        self._markets = BinanceMarkets(self.session)
        self._holdings = BinanceHoldings(self.session, self._markets)
        self.reader = BinanceReader(self.session, self._holdings)
        self.stream = BinanceStream(self.session, self._markets, self.reader, rng)
        self._orders = BinanceOrders(self.session, self.stream.private.owed)

    @property
    def skew_ns(self) -> int:
        """Our wall clock minus Binance's, ns; timestamps are corrected by it."""
        return self.session.skew.skew_ns

    async def open(self) -> Sequence[VenueEvent]:
        """Prove host, clock, key and the configured pairs. Raises `VenueSetupError`."""
        try:
            await self._holdings.read(())
            problem = await self._holdings.check()
        except VenueError as error:
            raise self._setup_error(error) from error
        if abs(self.skew_ns) > MAX_SKEW_NS:
            raise self._wrong_clock()
        if problem is not None:
            raise VenueSetupError(problem, venue=self.session.config.venue)
        return ()

    def _setup_error(self, error: VenueError) -> VenueSetupError:
        config = self.session.config
        venue, url = config.venue, config.urls.rest
        if isinstance(error, ClockSkewError):
            return self._wrong_clock(error.code)
        if isinstance(error, AuthError):
            text = (
                f"{venue} refuses the API key at {url} ({error.text}): check the key, that the"
                " secret belongs to it, its permissions and its list of addresses"
            )
            return WrongKeyError(text, venue=venue, code=error.code)
        if isinstance(error, RateLimitError):
            return BusyVenueError(error, venue=venue)
        text = f"{url} does not show the account ({error.text}): check the address and the network"
        return UnreachableHostError(text, venue=venue, code=error.code)

    def _wrong_clock(self, code: str = "") -> WrongClockError:
        """Small differences are corrected; minutes would blur what came before what."""
        text = (
            f"the clock of this machine differs from Binance's by {self.skew_ns / NANOS:.0f} s:"
            " run an NTP client on it"
        )
        return WrongClockError(text, venue=self.session.config.venue, code=code)

    async def rights(self) -> KeyRights:
        """What the key may do, as far as the venue tells."""
        return await key_rights(self.session)

    def prepare(self, command: PlaceOrder) -> None:
        """Encode and sign ahead of the commit."""
        self._orders.prepare(command)

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
        return await self.reader.book(query)

    async def quote(self, query: QueryQuote) -> Sequence[VenueEvent]:
        """Fetch best prices."""
        return await self._markets.quote(query)

    async def market(self, query: QueryMarket) -> Sequence[VenueEvent]:
        """Fetch a symbol's terms."""
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
        return {"weight": self.session.weight.headroom, "orders": self.session.orders.headroom}
