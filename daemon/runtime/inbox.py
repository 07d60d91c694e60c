"""Where facts wait for the loop: one bounded lane per venue, quotes conflated beside them.

Knows no engine. Lanes are served round-robin so that no venue delays another's exit. Quotes are
never queued: only the latest of a symbol waits (semantics.md 7, 8).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from daemon.core.events import (
    Event,
    FeedLost,
    MarketChanged,
    MarketPhase,
    Quote,
    QuoteSource,
    StreamLost,
    VenueEvent,
)
from daemon.core.terms import NANOS, Account, Symbol, Venue
from daemon.ports import QuotesCanceled

LANE_LIMIT = 10_000
OPERATOR_LANE = Venue("")
_OLD_NS = NANOS
# What no feed stands behind any more after these must not be offered again.
_ENDING = (FeedLost, QuotesCanceled, StreamLost, MarketChanged)

Where = tuple[Account, Venue, Symbol]


class Inbox:
    """Bounded lanes of events and the latest quote of every symbol."""

    def __init__(self, lane_limit: int = LANE_LIMIT) -> None:
        self._lane_limit = lane_limit
        self._lanes: dict[Venue, deque[Event]] = {}
        self._turn: deque[Venue] = deque()
        self._quotes: dict[Where, Quote] = {}
        self._fresh: dict[Where, None] = {}
        self._followed: dict[tuple[Account, Venue], frozenset[Symbol]] = {}
        self._now_ns = (0, 0)  # wall and monotonic, of the newest fact so far
        self._arrived = asyncio.Event()

    def put(self, event: Event) -> bool:
        """Take a fact of a stream; False when its lane is full: close the socket and back-fill."""
        if isinstance(event, Quote):
            self._keep(event)
            return True
        if isinstance(event, _ENDING):
            self._forget_dead_prices(event)
            if isinstance(event, QuotesCanceled):
                return True
        lane = self._lane(event)
        if len(lane) >= self._lane_limit:
            return False
        lane.append(event)
        self._note_time(event)
        self._arrived.set()
        return True

    def put_answer(self, event: Event) -> None:
        """Take an answer: its place was reserved when its question was let out."""
        if isinstance(event, Quote):
            self._keep(event)
            return
        if isinstance(event, _ENDING):
            self._forget_dead_prices(event)
        self._lane(event).append(event)
        self._note_time(event)
        self._arrived.set()

    def offer(self, where: Where) -> None:
        """Hand in the latest quote of a symbol again, if there is a live one."""
        if where in self._quotes:
            self._fresh[where] = None
            self._arrived.set()

    def followed(self, offered: Iterable[Where], cause: Event) -> list[Quote]:
        """The latest live quotes of these; none of a symbol that is only about to be followed.

        They are handed in again because of `cause`, so they are decided on at its time.
        """
        self._note_time(cause)
        return [
            self._dated(self._quotes[where])
            for where in offered
            if where in self._quotes and where[2] in self._followed.get(where[:2], frozenset())
        ]

    def quotes(self) -> dict[Where, Quote]:
        """The latest live quote of every symbol."""
        return dict(self._quotes)

    def keep_only(self, account: Account, venue: Venue, symbols: Sequence[Symbol]) -> None:
        """Only these are followed: prices of others would be offered again when long dead.

        A symbol that is followed anew starts without a price: the one kept may be of an answer
        that came after it was left.
        """
        before = self._followed.get((account, venue), frozenset())
        now = self._followed[account, venue] = frozenset(symbols)
        for where in list(self._quotes):
            mine = where[:2] == (account, venue)
            if mine and not (where[2] in now and where[2] in before):
                self._drop(where)

    def depth(self) -> dict[Venue, int]:
        """How many events wait in each lane."""
        return {venue: len(lane) for venue, lane in self._lanes.items()}

    async def take(self, limit: int) -> Sequence[Event]:
        """Facts of all lanes in turn, then fresh quotes: `limit` at most, none after a `wake`."""
        batch = self._drain(limit)
        if not batch:
            await self._arrived.wait()
            batch = self._drain(limit)
        self._arrived.clear()
        return batch

    def wake(self) -> None:
        """Let `take` return even though nothing arrived."""
        self._arrived.set()

    def _note_time(self, event: Event) -> None:
        if event.mono_ns > self._now_ns[1]:
            self._now_ns = (event.receive_time_ns, event.mono_ns)

    def _dated(self, quote: Quote) -> Quote:
        """An old price of a quiet market, decided on now: what it causes happens now."""
        wall_ns, mono_ns = self._now_ns
        if mono_ns - quote.mono_ns < _OLD_NS:
            return quote
        return replace(
            quote, receive_time_ns=wall_ns, mono_ns=mono_ns, priced_mono_ns=quote.mono_ns
        )

    def _lane(self, event: Event) -> deque[Event]:
        venue = event.venue if isinstance(event, VenueEvent) else OPERATOR_LANE
        lane = self._lanes.get(venue)
        if lane is None:
            lane = self._lanes[venue] = deque()
            self._turn.append(venue)
        return lane

    def _keep(self, quote: Quote) -> None:
        where = (quote.account, quote.venue, quote.symbol)
        known = self._quotes.get(where)
        if known is not None and known.mono_ns > quote.mono_ns:
            return
        self._quotes[where] = quote
        self._fresh[where] = None
        self._arrived.set()

    def _forget_dead_prices(self, event: Event) -> None:
        match event:
            case FeedLost() | QuotesCanceled():
                symbols: Iterable[Symbol] = event.symbols
            case StreamLost():
                symbols = [w[2] for w in self._quotes if w[:2] == (event.account, event.venue)]
            case MarketChanged() if event.phase not in {None, MarketPhase.ACTIVE}:
                symbols = (event.symbol,)
            case _:
                return
        of_streams = isinstance(event, StreamLost | QuotesCanceled)
        for symbol in symbols:
            quote = self._quotes.get((event.account, event.venue, symbol))
            if quote is not None and not (of_streams and quote.source is QuoteSource.REST):
                self._drop((event.account, event.venue, symbol))

    def _drop(self, where: Where) -> None:
        self._quotes.pop(where, None)
        self._fresh.pop(where, None)

    def _drain(self, limit: int) -> list[Event]:
        batch: list[Event] = []
        empty = 0
        while self._turn and empty < len(self._turn) and len(batch) < limit:
            lane = self._lanes[self._turn[0]]
            self._turn.rotate(-1)
            if lane:
                batch.append(lane.popleft())
                empty = 0
            else:
                empty += 1
        # Taken together: one by one, each look for the first would pass all deleted ones.
        oldest = list(islice(self._fresh, limit - len(batch)))
        for where in oldest:
            del self._fresh[where]
            batch.append(self._dated(self._quotes[where]))
        return batch
