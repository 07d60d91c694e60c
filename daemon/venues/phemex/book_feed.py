"""Phemex's public websocket: order books to quotes.

A connection takes 20 subscriptions, one a symbol; what is beyond them is left to REST, and so is
a symbol whose subscription was refused. Single books cannot be unsubscribed: when old ones take
the place of new ones, all are ended and those that are wanted begun again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from daemon.core.events import Quote, QuoteSource, Undecodable, VenueEvent
from daemon.core.terms import NANOS, Symbol
from daemon.ports import Depth, QuotesCanceled
from daemon.venues.decoding import Stamp
from daemon.venues.depth import depth_of
from daemon.venues.phemex.book_wire import BookUpdate, quote_of
from daemon.venues.phemex.books import Books, OrderBook
from daemon.venues.phemex.link import Link
from daemon.venues.phemex.session import PhemexSession
from daemon.venues.phemex.shelf import Shelf
from daemon.venues.phemex.stream_wire import Reply, decode_frame, encode_book, encode_no_books

BOOKS_LIMIT: Final = 20


class BookFeed:
    """The user of the public socket, over all its connections."""

    def __init__(
        self, session: PhemexSession, shelf: Shelf, emit: Callable[[VenueEvent], None]
    ) -> None:
        self._session = session
        self._shelf = shelf
        self._emit = emit
        self._wanted: dict[Symbol, None] = {}
        self._link: Link | None = None
        self._asked: dict[int, Symbol] = {}
        self._on: dict[Symbol, int] = {}
        self._books = Books()
        self._said: dict[Symbol, Quote] = {}
        self._heard_ns: dict[Symbol, int] = {}

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """From now on these symbols are to be priced."""
        self._wanted = dict.fromkeys(symbols)
        for symbol in self._said.keys() - self._wanted.keys():
            del self._said[symbol]
        self._align()

    def prices(self, symbol: Symbol) -> bool:
        """True when this connection can be believed and has told a book of the symbol."""
        return symbol in self._said

    def depth(self, symbol: Symbol) -> Depth | None:
        """The symbol's best thirty levels; None where there is no book that can be believed."""
        book = self._books.get(symbol) if self.prices(symbol) else None
        if book is None:
            return None
        return depth_of(self._session.stamp(), symbol, book.levels, QuoteSource.BOOK)

    def say_again(self) -> None:
        """Emit what is live once more: somebody had to forget it."""
        for quote in self._said.values():
            self._emit(quote)

    async def headers(self) -> Mapping[str, str]:
        """The handshake needs none."""
        return {}

    def opened(self, send: Callable[[bytes], None]) -> None:
        """Begin anew: no book outlives the connection that it came over."""
        self._link = Link(self._session.config, send, self._session.clock.mono_ns())
        self._books, self._asked, self._on, self._heard_ns = Books(), {}, {}, {}
        self._align()

    def _align(self) -> None:
        """Subscribe to what is wanted and not on, as far as there is room."""
        link, venue = self._link, self._session.config.venue
        if link is None:
            return
        new = [symbol for symbol in self._wanted if symbol not in self._on]
        old = self._on.keys() - self._wanted.keys()
        if old and len(self._on) + len(new) > BOOKS_LIMIT:
            link.ask(partial(encode_no_books, venue=venue))
            self._books, self._on, self._asked = Books(), {}, {}
            self._take_back(self._session.stamp(), tuple(self._said))
            new = list(self._wanted)
        for symbol in new[: BOOKS_LIMIT - len(self._on)]:
            self._subscribe(link, symbol)

    def _subscribe(self, link: Link, symbol: Symbol) -> None:
        book = partial(encode_book, venue=self._session.config.venue, symbol=symbol)
        number = link.ask(book)
        self._asked[number] = symbol
        self._on[symbol] = number
        self._heard_ns[symbol] = self._session.clock.mono_ns()

    def received(self, raw: bytes) -> None:
        """Take in one frame."""
        if self._link is None:
            return
        stamp = self._session.stamp()
        body = decode_frame(stamp, raw, self._shelf.products)
        lag_ns = None
        if isinstance(body, BookUpdate) and body.sent_ns:
            lag_ns = stamp["receive_time_ns"] - self._session.skew.skew_ns - body.sent_ns
        self._link.life.heard(stamp["mono_ns"], lag_ns)
        if isinstance(body, BookUpdate):
            self._take(stamp, self._link, body)
        elif isinstance(body, Reply):
            symbol = self._asked.pop(body.request_id, None)
            if symbol is not None and body.error:
                self._heard_ns.pop(symbol, None)  # REST prices it; asked again when next connected
        elif isinstance(body, Undecodable):
            self._emit(body)

    def _take(self, stamp: Stamp, link: Link, update: BookUpdate) -> None:
        symbol = update.symbol
        if symbol not in self._on:
            return
        had_book = self._books.get(symbol) is not None
        book = self._books.take(update)
        self._heard_ns[symbol] = stamp["mono_ns"]
        if book is not None:
            self._offer(stamp, link, symbol, book)
        elif had_book:
            # Crossed: a whole one is sent when subscribed anew, and every minute.
            self._take_back(stamp, (symbol,))
            self._subscribe(link, symbol)

    def _offer(self, stamp: Stamp, link: Link, symbol: Symbol, book: OrderBook) -> None:
        """Emit the symbol's quote if it can be believed and is other than the last one."""
        if symbol not in self._wanted or not link.life.alive(stamp["mono_ns"]):
            return
        quote = quote_of(stamp, symbol, book.bid, book.ask, QuoteSource.BOOK, book.sent_ns)
        said = self._said.get(symbol)
        self._said[symbol] = quote
        if said is None or _terms(said) != _terms(quote):
            self._emit(quote)

    def _take_back(self, stamp: Stamp, symbols: Sequence[Symbol]) -> None:
        """What was said of these prices holds no more."""
        said = tuple(symbol for symbol in symbols if self._said.pop(symbol, None) is not None)
        if said:
            self._emit(QuotesCanceled(**stamp, symbols=said))

    def beat(self) -> None:
        """Called all the time: keep the connection, and take back what is not to be believed."""
        link = self._link
        if link is None:
            return
        stamp = self._session.stamp()
        now_ns = stamp["mono_ns"]
        link.beat(now_ns)
        if not link.life.alive(now_ns):
            self._take_back(stamp, tuple(self._said))
            return
        limit_ns = int(self._session.config.book_silence_s * NANOS)
        for symbol, heard_ns in list(self._heard_ns.items()):
            if now_ns - heard_ns > limit_ns:
                self._books.drop(symbol)
                self._take_back(stamp, (symbol,))
                if symbol in self._wanted:
                    self._subscribe(link, symbol)
        for symbol in self._wanted:
            book = self._books.get(symbol)
            if book is not None and symbol not in self._said:
                self._offer(stamp, link, symbol, book)

    def pinged(self) -> None:
        """The server's ping."""
        if self._link is not None:
            self._link.life.heard(self._session.clock.mono_ns())

    def overdue(self) -> str | None:
        """Nothing comes over this connection any more."""
        return None if self._link is None else self._link.silence(self._session.clock.mono_ns())

    def closed(self, _text: str) -> None:
        """Take its prices back; REST goes on."""
        self._link = None
        self._books = Books()
        self._take_back(self._session.stamp(), tuple(self._said))


def _terms(quote: Quote) -> tuple[object, ...]:
    return (quote.bid_px, quote.bid_qty, quote.ask_px, quote.ask_qty)
