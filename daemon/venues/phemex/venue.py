"""Phemex behind `daemon.ports.Venue`: one account, one key, one market.

The parts stand beside it: `orders` (gateway), `reader` and `markets` (look-ups), `stream` (live
feeds), all over one `session` and one `shelf` of products. This module ties them together and
proves at `open()` that host, clock and key are right, or says what to do.
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
from daemon.venues.phemex.config import PhemexConfig
from daemon.venues.phemex.dialect import DIALECTS
from daemon.venues.phemex.markets import PhemexMarkets
from daemon.venues.phemex.orders import PhemexOrders
from daemon.venues.phemex.product_wire import UnknownSymbolError
from daemon.venues.phemex.reader import PhemexReader
from daemon.venues.phemex.session import Call, PhemexSession
from daemon.venues.phemex.shelf import Shelf
from daemon.venues.phemex.stream import PhemexStream
from daemon.venues.rest import RestTransport
from daemon.venues.rights import KeyRights

MAX_SKEW_NS = 120 * NANOS


class PhemexVenue:
    """`daemon.ports.Venue` for one of Phemex's markets."""

    def __init__(
        self, config: PhemexConfig, clock: Clock, transport: RestTransport | None = None
    ) -> None:
        rng = random.Random(config.seed)  # noqa: S311 - jitter, no secret
        transport = transport or RestTransport(config.rest_url, clock, config.connect_timeout_s)
        self.session = PhemexSession(config, transport, clock, rng)
        self.shelf = Shelf(self.session)
        self._dialect = DIALECTS[config.venue]
        self._markets = PhemexMarkets(self.session, self._dialect, self.shelf)
        self._reader = PhemexReader(self.session, self._dialect, self.shelf)
        self.stream = PhemexStream(self.session, self._markets, self.shelf, rng)
        expects = self.stream.private.expect
        self._orders = PhemexOrders(self.session, self._dialect, self.shelf, expects)

    @property
    def skew_ns(self) -> int:
        """Our wall clock minus Phemex's, ns; expiries are corrected by it."""
        return self.session.skew.skew_ns

    async def open(self) -> Sequence[VenueEvent]:
        """Prove host, clock and key, and read the products. Raises `VenueSetupError`."""
        config, dialect = self.session.config, self._dialect
        try:
            await self.shelf.read()
        except VenueError as error:
            text = f"{config.rest_url} does not list its products ({error.text}): check the address"
            raise UnreachableHostError(text, venue=config.venue, code=error.code) from error
        self._check_pairs()
        if abs(self.skew_ns) > MAX_SKEW_NS:
            raise self._wrong_clock()
        call = Call(
            method="GET",
            path=dialect.account_path,
            query=dialect.account_query,
            group=dialect.account_group,
            urgent=True,
        )
        try:
            await self.session.get(call)
        except VenueError as error:
            raise self._setup_error(error) from error
        return ()

    def _check_pairs(self) -> None:
        """Each guarded spot pair has to be listed, and to be the only one of its coin."""
        config, owners = self.session.config, dict[str, Symbol]()
        for symbol in config.kept_qty:
            try:
                coin = self.shelf.products.product(symbol).base_currency
            except UnknownSymbolError as error:
                text = f"kept_qty names {symbol}, which {config.venue} does not list: {error}"
                raise VenueSetupError(text, venue=config.venue) from None
            if owners.setdefault(coin, symbol) != symbol:
                text = f"kept_qty names {owners[coin]} and {symbol}: {coin} has one wallet only"
                raise VenueSetupError(text, venue=config.venue)

    def _setup_error(self, error: VenueError) -> VenueSetupError:
        config = self.session.config
        if isinstance(error, RateLimitError):
            return BusyVenueError(error, venue=config.venue)
        if isinstance(error, ClockSkewError):
            return self._wrong_clock(error.code)
        if isinstance(error, AuthError):
            text = (
                f"Phemex refuses the API key at {config.rest_url} ({error.text}): check key and"
                " secret, the addresses that the key is bound to, and that it was made for this"
                " environment (testnet and production have keys of their own)"
            )
            return WrongKeyError(text, venue=config.venue, code=error.code)
        text = f"Phemex does not show the account ({error.text}): try again later"
        return UnreachableHostError(text, venue=config.venue, code=error.code)

    def _wrong_clock(self, code: str = "") -> WrongClockError:
        """Small differences are corrected; minutes would blur what came before what."""
        text = (
            f"the clock of this machine differs from Phemex's by {self.skew_ns / NANOS:.0f} s:"
            " run an NTP client on it"
        )
        return WrongClockError(text, venue=self.session.config.venue, code=code)

    async def rights(self) -> KeyRights:
        """Phemex tells nothing of them."""
        return KeyRights()

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
        return await self._reader.order(query)

    async def fills(self, query: QueryFills) -> Sequence[VenueEvent]:
        """Fetch fills."""
        return await self._reader.fills(query)

    async def book(self, query: QueryBook) -> Sequence[VenueEvent]:
        """Fetch the whole account."""
        return await self._reader.book(query)

    async def quote(self, query: QueryQuote) -> Sequence[VenueEvent]:
        """Fetch one order book."""
        return await self._markets.quote(query)

    async def market(self, query: QueryMarket) -> Sequence[VenueEvent]:
        """Fetch a product's terms."""
        return await self._markets.market(query)

    async def depth(self, symbol: Symbol) -> Depth | Undecodable | None:
        """The order book beyond its best prices."""
        return self.stream.books.depth(symbol) or await self._markets.depth(symbol)

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
