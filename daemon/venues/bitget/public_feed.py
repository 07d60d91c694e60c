"""One public Bitget connection after the other: the best prices of the watched symbols.

`books1` pushes a whole best bid and ask each time, so there is no book to keep. A symbol is priced
here while its own pushes keep coming and are not old when they come: a connection that answers
pings and delivers nothing, or has lost one subscription of many, prices nothing. What is quiet for
longer is asked for by REST until it moves again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from daemon.core.events import Quote, Undecodable, VenueEvent
from daemon.core.terms import NANOS, Symbol
from daemon.ports import QuotesCanceled
from daemon.venues.bitget.heart import Heart
from daemon.venues.bitget.push_wire import Told
from daemon.venues.bitget.session import BitgetSession
from daemon.venues.bitget.stream_wire import (
    Book,
    ServerError,
    book_args,
    decode_frame,
    encode_subscribe,
)


@dataclass(slots=True)
class _Said:
    quote: Quote
    seq: int
    mono_ns: int


class PublicFeed:
    """The user of the public socket."""

    def __init__(self, session: BitgetSession, emit: Callable[[VenueEvent], None]) -> None:
        self._session = session
        self._emit = emit
        self._send: Callable[[bytes], None] | None = None
        self._heart: Heart | None = None
        self._wanted: dict[Symbol, None] = {}
        self._on: dict[Symbol, None] = {}
        self._said: dict[Symbol, _Said] = {}
        self.errors = 0

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """From now on these symbols are to be priced."""
        self._wanted = dict.fromkeys(symbols)
        for symbol in self._said.keys() - self._wanted.keys():
            del self._said[symbol]

    def prices(self, symbol: Symbol) -> bool:
        """True while this feed has a live quote of the symbol."""
        return symbol in self._said

    def say_again(self) -> None:
        """Emit what is live once more: somebody had to forget it."""
        for said in self._said.values():
            self._emit(said.quote)

    async def headers(self) -> Mapping[str, str]:
        """None are needed."""
        return {}

    def opened(self, send: Callable[[bytes], None]) -> None:
        """Begin anew; `tick` subscribes."""
        self._send = send
        self._on.clear()
        self._said.clear()
        now_ns = self._session.clock.mono_ns()
        self._heart = Heart(send, self._session.config.ping_s, now_ns)

    def received(self, raw: bytes) -> None:
        """Decode a frame; a book becomes a quote if it is new and on time."""
        stamp = self._session.stamp()
        if self._heart is not None:
            self._heart.heard(stamp["mono_ns"])
        told = Told(stamp, self._session.market)
        frame = decode_frame(told, self._session.modes.dialect, raw)
        if isinstance(frame.body, Book):
            self._take(frame.body, frame.sent_ns)
        elif isinstance(frame.body, ServerError):
            self.errors += 1
        elif isinstance(frame.body, Undecodable):
            self._emit(frame.body)

    def _take(self, book: Book, sent_ns: int | None) -> None:
        quote, symbol = book.quote, book.quote.symbol
        said = self._said.get(symbol)
        if symbol not in self._wanted or (said is not None and book.seq < said.seq):
            return
        limit_ns = int(self._session.config.feed_lag_s * NANOS)
        if sent_ns is not None and self._session.venue_ns() - sent_ns > limit_ns:
            self._take_back((symbol,))
            return
        self._said[symbol] = _Said(quote, book.seq, quote.mono_ns)
        if said is None or _terms(said.quote) != _terms(quote):
            self._emit(quote)

    def tick(self) -> None:
        """Ping, let go of what has gone quiet, subscribe to what is wanted now."""
        now_ns = self._session.clock.mono_ns()
        alive_ns = int(self._session.config.feed_alive_s * NANOS)
        quiet = [name for name, said in self._said.items() if now_ns - said.mono_ns > alive_ns]
        self._take_back(quiet)
        if self._heart is not None:
            self._heart.tick(now_ns)
            self._align()

    def _align(self) -> None:
        new = [symbol for symbol in self._wanted if symbol not in self._on]
        old = [symbol for symbol in self._on if symbol not in self._wanted]
        market, dialect = self._session.market, self._session.modes.dialect
        for symbols, on in ((new, True), (old, False)):
            for message in encode_subscribe(book_args(market, dialect, symbols), on=on):
                if self._send is not None:
                    self._send(message)
        self._on = dict.fromkeys(self._wanted)

    def _take_back(self, symbols: Iterable[Symbol]) -> None:
        """What was said of these prices holds no more."""
        gone = tuple(name for name in symbols if self._said.pop(name, None) is not None)
        if gone:
            self._emit(QuotesCanceled(**self._session.stamp(), symbols=gone))

    def pinged(self) -> None:
        """Bitget sends no ping frames; one would only show that somebody is there."""
        if self._heart is not None:
            self._heart.heard(self._session.clock.mono_ns())

    def overdue(self) -> str | None:
        """Silent for too long."""
        if self._heart is not None and self._heart.silent(self._session.clock.mono_ns()):
            return "the websocket is silent"
        return None

    def closed(self, text: str) -> None:  # noqa: ARG002 - prices are told of by FeedLost
        """Take all prices back."""
        self._send, self._heart = None, None
        self._take_back(tuple(self._said))


def _terms(quote: Quote) -> tuple[object, ...]:
    return (quote.bid_px, quote.bid_qty, quote.ask_px, quote.ask_qty)
