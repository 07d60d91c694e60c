"""Bitget's live feeds: a private and a public websocket, REST order books, looks at the account.

The daemon can do all of its work on the REST half alone: a websocket that cannot connect is
tried for ever while order books are polled. Facts that are lost with a connection are not
guessed: `StreamRestored` asks the engine to look them up.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from daemon.core.commands import QueryBook
from daemon.core.events import Fill, StreamLost, VenueEvent
from daemon.core.terms import NANOS, Symbol
from daemon.ports import Deliver
from daemon.venues.bitget.markets import BitgetMarkets
from daemon.venues.bitget.positions import BitgetPositions
from daemon.venues.bitget.private_feed import PrivateFeed
from daemon.venues.bitget.public_feed import PublicFeed
from daemon.venues.bitget.reader import BitgetReader
from daemon.venues.bitget.routes import PRIVATE_SOCKETS, PUBLIC_SOCKETS
from daemon.venues.bitget.session import BitgetSession
from daemon.venues.polling import QuotePoller
from daemon.venues.stream import SocketForLife, SocketLimits

TICK_S: Final = 0.25
REREAD_S: Final = 0.5
LOOK_BACK_NS: Final = 600 * NANOS


class BitgetStream:
    """`Stream`: owns the feeds and what runs beside them."""

    def __init__(
        self,
        session: BitgetSession,
        reader: BitgetReader,
        markets: BitgetMarkets,
        positions: BitgetPositions,
        rng: random.Random,
    ) -> None:
        self._session = session
        self._reader = reader
        self._positions = positions
        self._rng = rng
        self._deliver: Deliver | None = None
        self._watched: tuple[Symbol, ...] = ()
        self._look_again = False
        self.private = PrivateFeed(session, self._emit, self._ask_again)
        self.public = PublicFeed(session, self._emit)
        every_s = session.config.refresh_active_s
        self._poller = QuotePoller(
            session.clock, every_s, session.stamp, markets.read_quote, self._unpriced
        )

    async def run(self, deliver: Deliver) -> None:
        """Deliver events until cancelled."""
        self._deliver = deliver
        dialect = self._session.modes.dialect
        private = self._socket(PRIVATE_SOCKETS[dialect], self.private)
        public = self._socket(PUBLIC_SOCKETS[dialect], self.public)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(private.run(), name="bitget private websocket")
            tasks.create_task(public.run(), name="bitget public websocket")
            tasks.create_task(self._poller.run(deliver), name="bitget order books")
            tasks.create_task(self._every(TICK_S, self._tick), name="bitget heartbeat")
            tasks.create_task(self._read_again(deliver), name="bitget account")

    def _socket(self, path: str, user: PrivateFeed | PublicFeed) -> SocketForLife:
        config = self._session.config
        limits = SocketLimits(
            first_reconnect_s=config.first_reconnect_s,
            longest_reconnect_s=config.longest_reconnect_s,
        )
        return SocketForLife(config.ws_url + path, user, self._session.clock, self._rng, limits)

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """The symbols to price from now on; on spot they are positions."""
        self._watched = tuple(dict.fromkeys(symbols))
        self._positions.note(self._watched)
        self._poller.keep(self._watched)
        self.public.watch(self._watched)

    def _emit(self, event: VenueEvent) -> None:
        if isinstance(event, Fill):
            self._positions.note((event.symbol,))
        if self._deliver is not None:
            self._deliver(event)
        if isinstance(event, StreamLost):
            # The loss of facts voids the venue's prices; these came by another connection.
            self.public.say_again()

    def _unpriced(self) -> Sequence[Symbol]:
        return [symbol for symbol in self._watched if not self.public.prices(symbol)]

    def _tick(self) -> None:
        self.private.tick()
        self.public.tick()
        if self._deliver is not None:
            priced = [symbol for symbol in self._watched if self.public.prices(symbol)]
            self._poller.priced(priced, self._deliver)

    async def _every(self, seconds: float, act: Callable[[], None]) -> None:
        while True:
            act()
            await self._session.clock.sleep(seconds)

    def _ask_again(self, symbols: Iterable[Symbol]) -> None:
        """Something happened to these that no fill of ours explains yet."""
        self._look_again = self._look_again or bool(tuple(symbols))

    async def _read_again(self, deliver: Deliver) -> None:
        while True:
            await self._session.clock.sleep(REREAD_S)
            if self._look_again:
                self._look_again = False
                query = QueryBook(
                    account=self._session.config.account,
                    venue=self._session.market.venue,
                    since_ns=self._session.venue_ns() - LOOK_BACK_NS,
                )
                for event in await self._reader.book(query):
                    deliver(event)
