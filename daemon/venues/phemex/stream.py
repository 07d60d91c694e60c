"""Phemex's live feeds: a private and a public websocket, and REST quotes where neither prices.

Facts that are lost with a connection are not guessed: `StreamRestored` asks the engine to look
them up.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from daemon.core.events import StreamLost, VenueEvent
from daemon.core.terms import Symbol
from daemon.ports import Deliver
from daemon.venues.errors import VenueError
from daemon.venues.phemex.book_feed import BookFeed
from daemon.venues.phemex.markets import PhemexMarkets
from daemon.venues.phemex.private_feed import PrivateFeed
from daemon.venues.phemex.session import PhemexSession
from daemon.venues.phemex.shelf import Shelf
from daemon.venues.polling import QuotePoller
from daemon.venues.stream import SocketForLife, SocketLimits

TICK_S: Final = 0.25
REREAD_S: Final = 5.0


class PhemexStream:
    """`Stream`."""

    def __init__(
        self,
        session: PhemexSession,
        markets: PhemexMarkets,
        shelf: Shelf,
        rng: random.Random,
    ) -> None:
        self._session = session
        self._shelf = shelf
        self._deliver: Deliver | None = None
        self._watched: tuple[Symbol, ...] = ()
        self.private = PrivateFeed(session, shelf, self._emit)
        self.books = BookFeed(session, shelf, self._emit)
        config, clock = session.config, session.clock
        self._poller = QuotePoller(
            clock,
            config.refresh_active_s,
            session.stamp,
            lambda symbol: markets.read_quote(symbol, urgent=False),
            self._unpriced,
        )
        limits = SocketLimits(
            first_reconnect_s=config.first_reconnect_s,
            longest_reconnect_s=config.longest_reconnect_s,
        )
        url = config.ws_url
        self._sockets = {
            "phemex private websocket": SocketForLife(url, self.private, clock, rng, limits),
            "phemex books websocket": SocketForLife(url, self.books, clock, rng, limits),
        }

    async def run(self, deliver: Deliver) -> None:
        """Deliver events until cancelled."""
        self._deliver = deliver
        async with asyncio.TaskGroup() as tasks:
            for name, socket in self._sockets.items():
                tasks.create_task(socket.run(), name=name)
            tasks.create_task(self._poller.run(deliver), name="phemex order books")
            tasks.create_task(self._beat(deliver), name="phemex heartbeats")
            tasks.create_task(self._read_products(), name="phemex products")

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """The symbols to price from now on."""
        self._watched = tuple(dict.fromkeys(symbols))
        self._shelf.note(self._watched)
        self._poller.keep(self._watched)
        self.books.watch(self._watched)

    def _emit(self, event: VenueEvent) -> None:
        if self._deliver is not None:
            self._deliver(event)
        if isinstance(event, StreamLost):
            # The loss of facts voids the venue's prices; these came by another connection.
            self.books.say_again()

    def _unpriced(self) -> Sequence[Symbol]:
        return [symbol for symbol in self._watched if not self.books.prices(symbol)]

    async def _beat(self, deliver: Deliver) -> None:
        while True:
            self.private.beat()
            self.books.beat()
            priced = [symbol for symbol in self._watched if self.books.prices(symbol)]
            self._poller.priced(priced, deliver)
            await self._session.clock.sleep(TICK_S)

    async def _read_products(self) -> None:
        """Read the products again for frames that wait for them; on failure, a little later."""
        while True:
            if self.private.waits_for_products:
                with suppress(VenueError):
                    await self._shelf.read()
                    self.private.unpark()
                await self._session.clock.sleep(REREAD_S)
            else:
                await self._session.clock.sleep(TICK_S)
