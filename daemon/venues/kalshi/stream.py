"""Kalshi's live feeds: one websocket, REST order books where it is not alive, pauses, re-reads.

The daemon can do all of its work on the REST half alone: a websocket that cannot connect is
tried for ever while order books are polled. Facts that are lost with a connection are not
guessed: `StreamRestored` asks the engine to look them up.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from daemon.core.commands import QueryMarket
from daemon.core.events import (
    Fill,
    MarketChanged,
    OrderSnapshot,
    StreamLost,
    StreamRestored,
    VenueEvent,
)
from daemon.core.terms import NANOS, Symbol
from daemon.ports import Deliver, Depth
from daemon.venues.kalshi.feed import Feed, FeedCounts
from daemon.venues.kalshi.markets import KalshiMarkets
from daemon.venues.kalshi.pauses import PauseWatch
from daemon.venues.kalshi.session import KalshiSession
from daemon.venues.kalshi.stream_wire import decode_frame
from daemon.venues.kalshi.wire import VENUE
from daemon.venues.liveness import Liveness
from daemon.venues.polling import QuotePoller
from daemon.venues.stream import SocketForLife, SocketLimits

TICK_S: Final = 0.25
REREAD_S: Final = 0.5
INTEREST_LIMIT: Final = 20_000
SILENT_FACTOR: Final = 2
"""A connection that was silent for twice `feed_alive_s` is given up."""

_OURS: Final = (Fill, OrderSnapshot)


class KalshiStream:
    """`Stream`, and the user of the socket."""

    def __init__(
        self,
        session: KalshiSession,
        markets: KalshiMarkets,
        pauses: PauseWatch,
        rng: random.Random,
    ) -> None:
        self._session = session
        self._markets = markets
        self._pauses = pauses
        config = session.config
        self._poller = QuotePoller(
            session.clock,
            config.refresh_active_s,
            session.stamp,
            lambda symbol: markets.read_quote(symbol, urgent=False),
            self._unpriced,
        )
        limits = SocketLimits(
            first_reconnect_s=config.first_reconnect_s,
            longest_reconnect_s=config.longest_reconnect_s,
        )
        self._socket = SocketForLife(config.ws_url, self, session.clock, rng, limits)
        self._deliver: Deliver | None = None
        self._feed: Feed | None = None
        self._liveness: Liveness | None = None
        self._opened_ns = 0
        self._watched: tuple[Symbol, ...] = ()
        self._interest: dict[Symbol, None] = {}
        self._reread: dict[Symbol, None] = {}
        self._confirmed = False
        self._lost = False
        self.counts = FeedCounts()

    async def run(self, deliver: Deliver) -> None:
        """Deliver events until cancelled."""
        self._deliver = deliver
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._socket.run(), name="kalshi websocket")
            tasks.create_task(self._poller.run(deliver), name="kalshi order books")
            tasks.create_task(self._every(TICK_S, self._tick), name="kalshi liveness")
            tasks.create_task(self._read_again(deliver), name="kalshi markets")
            tasks.create_task(self._watch_pauses(deliver), name="kalshi pauses")

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """The symbols to price from now on."""
        self._watched = tuple(dict.fromkeys(symbols))
        self.note(self._watched)
        self._poller.keep(self._watched)
        if self._feed is not None:
            self._feed.watch(self._watched)

    def depth(self, symbol: Symbol) -> Depth | None:
        """The whole book of the symbol, where this connection has it."""
        return None if self._feed is None else self._feed.depth(self._session.stamp(), symbol)

    def note(self, symbols: Iterable[Symbol]) -> None:
        """The lifecycle of these symbols matters, e.g. because we hold them."""
        for symbol in symbols:
            self._interest.pop(symbol, None)
            self._interest[symbol] = None
        while len(self._interest) > INTEREST_LIMIT:
            del self._interest[next(iter(self._interest))]

    async def headers(self) -> Mapping[str, str]:
        """The signed handshake: a GET of the websocket's own path."""
        return await self._session.headers("GET", urlsplit(self._session.config.ws_url).path)

    def opened(self, send: Callable[[bytes], None]) -> None:
        """Begin anew."""
        config, now_ns = self._session.config, self._session.clock.mono_ns()
        self.counts.connections += 1
        self._opened_ns, self._confirmed = now_ns, False
        self._liveness = Liveness(
            int(config.feed_alive_s * NANOS), int(config.feed_lag_s * NANOS), now_ns
        )
        self._feed = Feed(send, self._emit, self._ask_again, self.counts)
        self._feed.start(self._watched)

    def received(self, raw: bytes) -> None:
        """Decode a frame and hand it to the feed."""
        feed, liveness = self._feed, self._liveness
        if feed is None or liveness is None:
            return
        stamp = self._session.stamp()
        frame = decode_frame(stamp, raw, self._session.config.subaccount)
        lag_ns = None
        if frame.sent_ns is not None:
            lag_ns = stamp["receive_time_ns"] - self._session.skew.skew_ns - frame.sent_ns
        liveness.heard(stamp["mono_ns"], lag_ns)
        feed.set_live(stamp, live=liveness.alive(stamp["mono_ns"]))
        feed.receive(stamp, frame)
        if not self._confirmed and feed.confirmed:
            self._confirmed, self._lost = True, False
            self._emit(StreamRestored(**self._session.stamp()))

    def pinged(self) -> None:
        """Kalshi's heartbeat."""
        if self._liveness is not None:
            self._liveness.heard(self._session.clock.mono_ns())

    def overdue(self) -> str | None:
        """Silent for too long, not confirmed in time, or a subscription has ended."""
        config, now_ns = self._session.config, self._session.clock.mono_ns()
        if self._feed is None or self._liveness is None:
            return None
        if self._feed.broken is not None:
            return self._feed.broken
        if self._liveness.silent_ns(now_ns) > SILENT_FACTOR * config.feed_alive_s * NANOS:
            return "the websocket is silent"
        late = now_ns - self._opened_ns > config.confirm_s * NANOS
        return "subscriptions were not confirmed" if late and not self._confirmed else None

    def closed(self, text: str) -> None:
        """Take its prices back, and tell of the loss, once."""
        if self._feed is not None:
            self._feed.set_live(self._session.stamp(), live=False)
        self._feed = None
        self._liveness = None
        if not self._lost:
            self._lost = True
            self._emit(StreamLost(**self._session.stamp(), text=text))

    def _emit(self, event: VenueEvent) -> None:
        if isinstance(event, MarketChanged) and event.symbol not in self._interest:
            return
        if isinstance(event, _OURS):
            self.note((event.symbol,))
        if self._deliver is not None:
            self._deliver(event)

    def _unpriced(self) -> Sequence[Symbol]:
        feed = self._feed
        if feed is None:
            return self._watched
        return [symbol for symbol in self._watched if not feed.prices(symbol)]

    def _tick(self) -> None:
        feed, liveness = self._feed, self._liveness
        if feed is None or liveness is None or self._deliver is None:
            return
        stamp = self._session.stamp()
        feed.set_live(stamp, live=liveness.alive(stamp["mono_ns"]))
        feed.tick(stamp)
        priced = [symbol for symbol in self._watched if feed.prices(symbol)]
        self._poller.priced(priced, self._deliver)

    async def _every(self, seconds: float, act: Callable[[], None]) -> None:
        while True:
            act()
            await self._session.clock.sleep(seconds)

    def _ask_again(self, symbol: Symbol | None) -> None:
        """A market's terms changed; None: messages were lost, so any watched one's may have."""
        symbols = self._watched if symbol is None else (symbol,)
        self._reread.update(dict.fromkeys(name for name in symbols if name in self._interest))

    async def _read_again(self, deliver: Deliver) -> None:
        account = self._session.config.account
        while True:
            await self._session.clock.sleep(REREAD_S)
            if self._reread:
                symbol = next(iter(self._reread))
                del self._reread[symbol]
                query = QueryMarket(account=account, venue=VENUE, symbol=symbol)
                for event in await self._markets.market(query):
                    deliver(event)

    async def _watch_pauses(self, deliver: Deliver) -> None:
        while True:
            for event in await self._pauses.poll():
                deliver(event)
            config = self._session.config
            soon = min(config.refresh_active_s, config.status_poll_s)
            await self._session.clock.sleep(soon if self._pauses.paused else config.status_poll_s)
