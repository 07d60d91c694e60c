"""Binance's market stream: best prices of the watched symbols over one connection.

`bookTicker` is pushed when it changes and not on subscribing, so a symbol is priced from its first
push on this connection. A connection is believed while its data comes: pings do not count, and a
market quiet for longer than `feed_alive_s` is priced by REST until it stirs again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from daemon.core.events import Quote, Undecodable
from daemon.core.terms import NANOS, Symbol
from daemon.ports import Deliver, QuotesCanceled
from daemon.venues.binance.market_wire import decode_public_frame, encode_subscription
from daemon.venues.binance.session import BinanceSession
from daemon.venues.liveness import Liveness

SILENT_FACTOR: Final = 8
"""A connection with subscriptions that was silent for so many `feed_alive_s` is given up."""

BATCH: Final = 100
"""Streams named in one request."""


class PublicStream:
    """The user of the market socket."""

    def __init__(self, session: BinanceSession) -> None:
        self._session = session
        self._deliver: Deliver | None = None
        self._send: Callable[[bytes], None] | None = None
        self._liveness: Liveness | None = None
        self._opened_ns = 0
        self._count = 0
        self._watched: tuple[Symbol, ...] = ()
        self._on: set[Symbol] = set()
        self._quotes: dict[Symbol, Quote] = {}
        self._live = False
        self._broken: str | None = None

    def begin(self, deliver: Deliver) -> None:
        """Deliver to this from now on."""
        self._deliver = deliver

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """From now on these symbols are to be priced."""
        self._watched = tuple(dict.fromkeys(symbols))
        for symbol in self._quotes.keys() - set(self._watched):
            del self._quotes[symbol]
        self._align()

    def say_again(self) -> None:
        """Deliver what is live once more: somebody had to forget it."""
        for quote in self._quotes.values():
            if self._deliver is not None:
                self._deliver(quote)

    def unpriced(self) -> Sequence[Symbol]:
        """Watched symbols that this connection does not price now."""
        return [symbol for symbol in self._watched if symbol not in self._quotes]

    def priced(self) -> Sequence[Symbol]:
        """Watched symbols that it does."""
        return [symbol for symbol in self._watched if symbol in self._quotes]

    async def address(self) -> str:
        """Where to connect; raises `RateLimitError` while the venue is shut to us."""
        self._session.check_door()
        return self._session.config.urls.public

    async def headers(self) -> Mapping[str, str]:
        """None: prices are public."""
        return {}

    def opened(self, send: Callable[[bytes], None]) -> None:
        """Begin anew; no price outlives the connection that it came over."""
        config, now_ns = self._session.config, self._session.clock.mono_ns()
        self._send, self._opened_ns, self._count, self._broken = send, now_ns, 0, None
        alive_ns, lag_ns = int(config.feed_alive_s * NANOS), int(config.feed_lag_s * NANOS)
        self._liveness = Liveness(alive_ns, lag_ns, now_ns)
        self._on.clear()
        self._align()

    def _align(self) -> None:
        """Make the subscriptions match what is watched."""
        if self._send is None:
            return
        wanted = set(self._watched)
        new = [symbol for symbol in self._watched if symbol not in self._on]
        for method, symbols in (("SUBSCRIBE", new), ("UNSUBSCRIBE", sorted(self._on - wanted))):
            for start in range(0, len(symbols), BATCH):
                self._count += 1
                part = symbols[start : start + BATCH]
                self._send(encode_subscription(self._count, method, part))
        self._on = wanted

    def received(self, raw: bytes) -> None:
        """Take in one frame."""
        if self._liveness is None or self._deliver is None:
            return
        found = decode_public_frame(self._session.stamp(), raw)
        if isinstance(found, Quote):
            self._quoted(found, self._liveness, self._deliver)
        elif isinstance(found, Undecodable):
            self._take_back()  # it may have changed any of them
            self._deliver(found)
        elif found.refusal:
            self._broken = f"Binance refused a subscription: {found.refusal}"

    def _quoted(self, quote: Quote, liveness: Liveness, deliver: Deliver) -> None:
        sent_ns, now_ns = quote.venue_time_ns, quote.receive_time_ns - self._session.skew.skew_ns
        liveness.heard(quote.mono_ns, now_ns - sent_ns if sent_ns else None)
        self.tick()
        if self._live and quote.symbol in self._on:
            self._quotes[quote.symbol] = quote
            deliver(quote)

    def tick(self) -> None:
        """Believe the connection or not, as of now; what it said is taken back when not."""
        liveness, now_ns = self._liveness, self._session.clock.mono_ns()
        live = liveness is not None and liveness.alive(now_ns)
        if live is self._live:
            return
        self._live = live
        if not live:
            self._take_back()

    def _take_back(self) -> None:
        """A quote counts again when it is pushed anew: it may have changed meanwhile."""
        symbols = tuple(self._quotes)
        self._quotes.clear()
        if symbols and self._deliver is not None:
            self._deliver(QuotesCanceled(**self._session.stamp(), symbols=symbols))

    def pinged(self) -> None:
        """Says nothing of the prices."""

    def overdue(self) -> str | None:
        """Why this connection is of no more use, or None."""
        if self._liveness is None:
            return None
        config, now_ns = self._session.config, self._session.clock.mono_ns()
        if self._broken is not None:
            return self._broken
        limit_ns = SILENT_FACTOR * config.feed_alive_s * NANOS
        if self._on and self._liveness.silent_ns(now_ns) > limit_ns:
            return "the market stream is silent"
        old = now_ns - self._opened_ns > config.longest_life_s * NANOS
        return "the connection is about to reach its age limit" if old else None

    def closed(self, text: str) -> None:  # noqa: ARG002 - prices come by REST until it is back
        """Forget what it said."""
        self._send = self._liveness = None
        self.tick()
