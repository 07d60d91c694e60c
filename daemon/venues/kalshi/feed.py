"""One Kalshi websocket connection, without the socket: subscriptions, sequence, books, quotes.

Commands go out through `send`, events through `emit`, and `broken` says why the connection is of
no more use. Everything here begins anew with each connection, so no price outlives the one it
came over. Rules (Kalshi docs: websockets): `seq` counts per subscription and a gap voids its
books until a new snapshot; errors 10 and 25 end a subscription; a market channel without tickers
would mean all markets, so none is ever subscribed empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from daemon.core.events import (
    Fill,
    MarketChanged,
    OrderSnapshot,
    Quote,
    QuoteSource,
    Undecodable,
    VenueEvent,
)
from daemon.core.terms import NANOS, Symbol
from daemon.ports import Depth, QuotesCanceled
from daemon.venues.decoding import Stamp
from daemon.venues.depth import depth_of
from daemon.venues.kalshi.books import Books
from daemon.venues.kalshi.market_wire import quote_of
from daemon.venues.kalshi.stream_wire import (
    BookDelta,
    BookSnapshot,
    Frame,
    Reread,
    ServerError,
    Subscribed,
    encode_subscribe,
    encode_unsubscribe,
    encode_update,
)

PRIVATE: Final = ("fill", "user_orders", "market_positions")
CONFIRMING: Final = frozenset({"fill", "user_orders"})
LIFECYCLE: Final = "market_lifecycle_v2"
BOOK: Final = "orderbook_delta"
TICKER: Final = "ticker"
MARKET_CHANNELS: Final = (BOOK, TICKER)
SNAPSHOT_AGAIN_NS: Final = 5 * NANOS
CROSSED_NS: Final = NANOS
_FACTS: Final = (Fill, OrderSnapshot, MarketChanged, Undecodable)


@dataclass(slots=True)
class FeedCounts:
    """What went wrong on the streams so far; only ever grows."""

    errors: int = 0
    gaps: int = 0
    dropped_books: int = 0
    connections: int = 0


class Feed:
    """The state of one connection."""

    def __init__(
        self,
        send: Callable[[bytes], None],
        emit: Callable[[VenueEvent], None],
        reread: Callable[[Symbol | None], None],
        counts: FeedCounts,
    ) -> None:
        self._send = send
        self._emit = emit
        self._reread = reread
        self._counts = counts
        self._next_id = 1
        self._asked: dict[int, str] = {}
        self._sids: dict[str, int] = {}
        self._seqs: dict[int, int] = {}
        self._wanted: dict[Symbol, None] = {}
        self._on: dict[str, set[Symbol]] = {channel: set() for channel in MARKET_CHANNELS}
        self._books = Books()
        self._tickers: dict[Symbol, Quote] = {}
        self._said: dict[Symbol, Quote] = {}
        self._snapshot_asked: dict[Symbol, int] = {}
        self._crossed: dict[Symbol, int] = {}
        self.live = False
        self.broken: str | None = None

    @property
    def confirmed(self) -> bool:
        """True when fills and orders are subscribed."""
        return self._sids.keys() >= CONFIRMING

    def start(self, symbols: Sequence[Symbol]) -> None:
        """Subscribe to all channels, each by its own command."""
        for channel in (*PRIVATE, LIFECYCLE):
            self._subscribe(channel)
        self.watch(symbols)

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """From now on these symbols are to be priced."""
        self._wanted = dict.fromkeys(symbols)
        for channel in MARKET_CHANNELS:
            self._align(channel)
        for symbol in self._said.keys() - self._wanted.keys():
            self._forget(symbol)

    def prices(self, symbol: Symbol) -> bool:
        """True when this connection is live and has a book or a ticker of the symbol."""
        return self.live and symbol in self._said

    def depth(self, stamp: Stamp, symbol: Symbol) -> Depth | None:
        """The whole book of the symbol; None where there is none that could be believed."""
        sides = self._books.levels(symbol) if self.live else None
        return None if sides is None else depth_of(stamp, symbol, sides, QuoteSource.BOOK)

    def set_live(self, stamp: Stamp, *, live: bool) -> None:
        """The connection came alive (all quotes are said again) or is not to be believed."""
        if live is self.live:
            return
        self.live = live
        self._take_back(stamp, tuple(self._said))
        if live:
            for symbol in self._wanted:
                self._offer(stamp, symbol)

    def receive(self, stamp: Stamp, frame: Frame) -> None:
        """Take in one frame."""
        in_order = self._in_order(stamp, frame)
        body = frame.body
        if isinstance(body, _FACTS):
            self._emit(body)
        elif isinstance(body, Quote):
            self._tickers[body.symbol] = body
            self._offer(stamp, body.symbol, body.venue_time_ns)
        elif isinstance(body, BookSnapshot):
            self._snapshot(stamp, body)
        elif isinstance(body, BookDelta) and in_order:
            self._delta(stamp, body)
        else:
            self._control(frame)

    def _control(self, frame: Frame) -> None:
        body = frame.body
        if isinstance(body, Reread):
            self._reread(body.symbol)
        elif isinstance(body, Subscribed):
            self._subscribed(body)
        elif isinstance(body, ServerError):
            self._refused(frame, body)

    def tick(self, stamp: Stamp) -> None:
        """Ask again for snapshots that did not come, and give up books that stay crossed."""
        mono_ns = stamp["mono_ns"]
        crossed = self._books.crossed()
        self._crossed = {symbol: self._crossed.get(symbol, mono_ns) for symbol in crossed}
        for symbol, since_ns in self._crossed.items():
            if mono_ns - since_ns > CROSSED_NS:
                self._give_up(stamp, symbol)
        missing = [symbol for symbol in self._on[BOOK] if symbol not in self._books]
        due = [
            symbol
            for symbol in missing
            if mono_ns - self._snapshot_asked.setdefault(symbol, mono_ns) > SNAPSHOT_AGAIN_NS
        ]
        if due:
            self._ask_snapshots(due, mono_ns)

    def _subscribe(self, channel: str, symbols: Sequence[Symbol] = ()) -> None:
        self._asked[self._next_id] = channel
        self._send(encode_subscribe(self._take_id(), channel, symbols))

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _align(self, channel: str) -> None:
        """Make a market channel's subscription match what is wanted, as far as it is known."""
        on, wanted = self._on[channel], set(self._wanted)
        sid = self._sids.get(channel)
        if sid is None:
            if wanted and channel not in self._asked.values():
                self._on[channel] = set(wanted)
                self._subscribe(channel, tuple(self._wanted))
            return
        if not wanted:
            self._send(encode_unsubscribe(self._take_id(), sid))
            del self._sids[channel]
            self._seqs.pop(sid, None)
            on.clear()
            return
        new = [symbol for symbol in self._wanted if symbol not in on]
        old = sorted(on - wanted)
        if new:
            self._send(encode_update(self._take_id(), sid, "add_markets", new))
        if old:
            self._send(encode_update(self._take_id(), sid, "delete_markets", old))
        self._on[channel] = wanted

    def _forget(self, symbol: Symbol) -> None:
        self._said.pop(symbol, None)
        self._tickers.pop(symbol, None)
        self._books.drop(symbol)
        self._snapshot_asked.pop(symbol, None)

    def _subscribed(self, body: Subscribed) -> None:
        asked = [key for key, channel in self._asked.items() if channel == body.channel]
        for key in asked:
            del self._asked[key]
        self._sids[body.channel] = body.sid
        if body.channel in self._on:
            self._align(body.channel)

    def _refused(self, frame: Frame, error: ServerError) -> None:
        self._counts.errors += 1
        channel = self._asked.pop(frame.request_id or 0, None)
        if error.terminal or channel in CONFIRMING:
            self.broken = f"Kalshi ended a subscription: error {error.code} {error.text}"
        if channel in self._on:
            self._on[channel].clear()

    def _in_order(self, stamp: Stamp, frame: Frame) -> bool:
        """False when a message of this frame's subscription was lost before it."""
        if frame.sid is None or frame.seq is None:
            return True
        last = self._seqs.get(frame.sid)
        self._seqs[frame.sid] = frame.seq
        if last is None or frame.seq == last + 1:
            return True
        self._counts.gaps += 1
        if frame.sid == self._sids.get(LIFECYCLE):
            self._reread(None)
            return True
        self._books.drop_all()
        self._take_back(stamp, sorted(self._on[BOOK]))
        self._ask_snapshots(sorted(self._on[BOOK]), 0)
        return False

    def _ask_snapshots(self, symbols: Sequence[Symbol], mono_ns: int) -> None:
        for symbol in symbols:
            if mono_ns:
                self._snapshot_asked[symbol] = mono_ns
            else:
                self._snapshot_asked.pop(symbol, None)
        sid = self._sids.get(BOOK)
        if sid is not None and symbols:
            self._send(encode_update(self._take_id(), sid, "get_snapshot", symbols))

    def _snapshot(self, stamp: Stamp, body: BookSnapshot) -> None:
        if body.symbol in self._on[BOOK]:
            self._books.put(body)
            self._snapshot_asked.pop(body.symbol, None)
            self._offer(stamp, body.symbol)

    def _delta(self, stamp: Stamp, body: BookDelta) -> None:
        if self._books.apply(body):
            self._offer(stamp, body.symbol, body.venue_time_ns)
            return
        self._give_up(stamp, body.symbol)
        self._ask_snapshots([body.symbol], stamp["mono_ns"])

    def _give_up(self, stamp: Stamp, symbol: Symbol) -> None:
        """This book is wrong, and so may be what was said of it."""
        self._counts.dropped_books += 1
        self._books.drop(symbol)
        self._take_back(stamp, (symbol,))

    def _take_back(self, stamp: Stamp, symbols: Sequence[Symbol]) -> None:
        """What was said of these prices holds no more."""
        said = tuple(symbol for symbol in symbols if self._said.pop(symbol, None) is not None)
        if said:
            self._emit(QuotesCanceled(**stamp, symbols=said))

    def _offer(self, stamp: Stamp, symbol: Symbol, venue_time_ns: int = 0) -> None:
        """Emit the symbol's quote if it is live and other than the last one."""
        if not self.live or symbol not in self._wanted:
            return
        quote = self._quote(stamp, symbol, venue_time_ns)
        if quote is None:
            return
        said = self._said.get(symbol)
        self._said[symbol] = quote
        if said is None or _terms(said) != _terms(quote):
            self._emit(quote)

    def _quote(self, stamp: Stamp, symbol: Symbol, venue_time_ns: int) -> Quote | None:
        if symbol not in self._books:
            ticker = self._tickers.get(symbol)
            return ticker and replace(
                ticker, receive_time_ns=stamp["receive_time_ns"], mono_ns=stamp["mono_ns"]
            )
        best = self._books.best(symbol)
        if best is None:
            return None
        return quote_of(stamp, symbol, *best, QuoteSource.BOOK, venue_time_ns)


def _terms(quote: Quote) -> tuple[object, ...]:
    return (quote.bid_px, quote.bid_qty, quote.ask_px, quote.ask_qty, quote.source)
