"""Binance's live feeds: the private socket, the market socket, REST prices where that is not alive.

The daemon can do all of its work on the REST half alone: a socket that cannot connect is tried for
ever while prices are polled and `StreamLost` has the engine look its orders up.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Final

from daemon.core.events import Event, StreamLost
from daemon.core.terms import Symbol
from daemon.ports import Deliver
from daemon.venues.binance.logins import ListenKeyLogin, SpotLogin
from daemon.venues.binance.markets import BinanceMarkets
from daemon.venues.binance.private import PrivateStream
from daemon.venues.binance.public import PublicStream
from daemon.venues.binance.reader import BinanceReader
from daemon.venues.binance.session import BinanceSession
from daemon.venues.binance.wire import SPOT
from daemon.venues.polling import QuotePoller
from daemon.venues.stream import SocketForLife, SocketLimits

TICK_S: Final = 0.25


class BinanceStream:
    """`Stream` for one account on one market."""

    def __init__(
        self,
        session: BinanceSession,
        markets: BinanceMarkets,
        reader: BinanceReader,
        rng: random.Random,
    ) -> None:
        self._session = session
        self._reader = reader
        config, clock = session.config, session.clock
        self._login = SpotLogin(session) if config.venue == SPOT else ListenKeyLogin(session)
        self.private = PrivateStream(session, reader, self._login)
        self.public = PublicStream(session)
        self._poller = QuotePoller(
            clock,
            config.refresh_active_s,
            session.stamp,
            lambda symbol: markets.read_quote(symbol, urgent=False),
            self.public.unpriced,
        )
        limits = SocketLimits(
            first_reconnect_s=config.first_reconnect_s,
            longest_reconnect_s=config.longest_reconnect_s,
        )
        self._private_socket = SocketForLife(self._login.address, self.private, clock, rng, limits)
        self._public_socket = SocketForLife(self.public.address, self.public, clock, rng, limits)

    async def run(self, deliver: Deliver) -> None:
        """Deliver events until cancelled."""

        def private(event: Event) -> None:
            deliver(event)
            if isinstance(event, StreamLost):
                self.public.say_again()

        self.private.begin(private)
        self.public.begin(deliver)
        venue = self._session.config.venue
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._private_socket.run(), name=f"{venue} private")
            tasks.create_task(self._public_socket.run(), name=f"{venue} prices")
            tasks.create_task(self._poller.run(deliver), name=f"{venue} REST prices")
            tasks.create_task(self._login.keep(), name=f"{venue} login")
            tasks.create_task(self.private.run_errands(), name=f"{venue} errands")
            tasks.create_task(self._watch_liveness(deliver), name=f"{venue} liveness")

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """The symbols to price from now on."""
        self._reader.note(symbols)
        self._poller.keep(symbols)
        self.public.watch(symbols)

    async def _watch_liveness(self, deliver: Deliver) -> None:
        while True:
            self.public.tick()
            self._poller.priced(self.public.priced(), deliver)
            await self._session.clock.sleep(TICK_S)
