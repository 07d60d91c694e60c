"""The simulated live feed of one process: frames that get lost, late, doubled, out of order.

Prices come in order on one connection (their sequence is checked, so that a gap is noticed and
mended by a snapshot); everything private may come in any order. A silent connection is noticed
after a while; meanwhile, and while there is no connection, prices are polled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import replace

from daemon.core.events import (
    Event,
    FeedLost,
    FeedRestored,
    Quote,
    StreamLost,
    StreamRestored,
    VenuePaused,
    VenueResumed,
)
from daemon.core.terms import Symbol
from daemon.ports import Deliver, QuotesCanceled
from daemon.simulation.clock import SimClock
from daemon.simulation.faults import Fault, Faults

ALIVE_S = 15.0
POLL_S = 2.0
_SILENCE_S = 40.0

Poll = Callable[[Symbol], Awaitable[Sequence[Event]]]


class SimStream:
    """One process's streams. `push` takes what the venue publishes."""

    def __init__(
        self,
        faults: Faults,
        clock: SimClock,
        world: Context,
        now_quote: Callable[[Symbol], Quote],
        poll: Poll,
        is_paused: Callable[[], bool],
    ) -> None:
        self._faults = faults
        self._clock = clock
        self._world = world
        self._now_quote = now_quote
        self._poll = poll
        self._is_paused = is_paused
        self._deliver: Deliver | None = None
        self._symbols: tuple[Symbol, ...] = ()
        self._connection = 0
        self._silent_until_s = 0.0
        self._trouble = asyncio.Event()
        self._arrived: dict[Symbol, int] = {}
        self._lost: set[Symbol] = set()

    def watch(self, symbols: Sequence[Symbol]) -> None:
        """Price these; new ones are told at once."""
        new = [symbol for symbol in symbols if symbol not in self._symbols]
        self._symbols = tuple(symbols)
        if self._up:
            for symbol in new:
                self._snapshot(symbol)

    @property
    def _up(self) -> bool:
        return self._deliver is not None and self._connection > 0

    async def run(self, deliver: Deliver) -> None:
        """Connect, deliver, mend, for ever."""
        while True:
            await self._clock.sleep(self._faults.between(0.02, 0.5))
            self._deliver = deliver
            self._connection += 1
            self._trouble.clear()
            self._say(StreamRestored(**self._clock.venue_stamp()))
            for symbol in self._symbols:
                self._snapshot(symbol)
            await self._trouble.wait()
            if self._silent_until_s:
                await self._poll_while_silent()
            self._connection = -self._connection
            self._say(StreamLost(**self._clock.venue_stamp(), text="simulated"))
            await self._poll_prices(self._faults.between(0.0, 6.0))
            self._connection = -self._connection

    def _say(self, event: Event) -> None:
        if self._deliver is not None:
            self._deliver(event)

    async def _poll_while_silent(self) -> None:
        loop = asyncio.get_running_loop()
        self._say(QuotesCanceled(**self._clock.venue_stamp(), symbols=self._symbols))
        await self._poll_prices(max(self._silent_until_s - loop.time(), 0.0))
        self._silent_until_s = 0.0

    async def _poll_prices(self, for_s: float) -> None:
        end_s = asyncio.get_running_loop().time() + for_s
        while asyncio.get_running_loop().time() < end_s:
            for symbol in self._symbols:
                await self._poll_one(symbol)
            await self._clock.sleep(min(POLL_S, for_s))
        restored = tuple(sorted(self._lost))
        if restored:
            self._lost.clear()
            self._say(FeedRestored(**self._clock.venue_stamp(), symbols=restored))

    async def _poll_one(self, symbol: Symbol) -> None:
        answers = await self._poll(symbol)
        quotes = [event for event in answers if isinstance(event, Quote)]
        if not quotes and symbol not in self._lost:
            self._faults.mark(Fault.FEED_LOST)
            self._lost.add(symbol)
            self._say(FeedLost(**self._clock.venue_stamp(), symbols=(symbol,)))
        elif quotes and symbol in self._lost:
            self._lost.discard(symbol)
            self._say(FeedRestored(**self._clock.venue_stamp(), symbols=(symbol,)))
        for quote in quotes:
            self._say(quote)

    def push(self, event: Event) -> None:
        """The venue published this: send it along, or let it go wrong."""
        loop = asyncio.get_running_loop()
        if isinstance(event, VenuePaused | VenueResumed):
            self._poll_status(event)
        elif not self._up or not self._wanted(event) or self._silent_until_s > loop.time():
            return
        elif self._faults.hit(Fault.STREAM_SILENT):
            self._fall_silent(loop)
        elif self._faults.hit(Fault.STREAM_LOST):
            self._trouble.set()
        elif isinstance(event, Quote):
            self._push_quote(event)
        else:
            self._push_private(event)

    def _push_private(self, event: Event) -> None:
        if self._faults.hit(Fault.FRAME_DROPPED):
            return
        self._send(event, self._frame_delay_s())
        if self._faults.hit(Fault.FRAME_DUPLICATED):
            self._send(event, self._faults.between(0.0, 5.0))

    def _poll_status(self, event: Event) -> None:
        """An adapter reads the venue's state by REST: late perhaps, but not lost."""
        loop = asyncio.get_running_loop()
        delay_s = self._frame_delay_s()
        loop.call_later(delay_s, self._tell_status, event, context=self._world)

    def _tell_status(self, event: Event) -> None:
        if self._deliver is None:
            self._poll_status(event)
        elif _is_ahead(event) or isinstance(event, VenuePaused) is self._is_paused():
            self._say(replace(event, **self._clock.stamp()))

    def _fall_silent(self, loop: asyncio.AbstractEventLoop) -> None:
        silent_s = self._faults.between(1.0, _SILENCE_S)
        self._silent_until_s = loop.time() + silent_s
        if silent_s > ALIVE_S:
            loop.call_later(ALIVE_S, self._trouble.set, context=self._world)
        else:
            loop.call_later(silent_s, self._speak_again, context=self._world)

    def _speak_again(self) -> None:
        self._silent_until_s = 0.0
        for symbol in self._symbols:
            self._snapshot(symbol)

    def _wanted(self, event: Event) -> bool:
        return not isinstance(event, Quote) or event.symbol in self._symbols

    def _frame_delay_s(self) -> float:
        late = self._faults.hit(Fault.FRAME_DELAYED)
        return self._faults.between(0.05, 8.0) if late else self._faults.between(0.001, 0.02)

    def _push_quote(self, quote: Quote) -> None:
        if self._faults.hit(Fault.FRAME_DROPPED):
            # The next frame or heartbeat shows the gap: a snapshot mends it.
            delay_s = self._faults.between(0.5, 5.0)
            loop = asyncio.get_running_loop()
            loop.call_later(delay_s, self._snapshot, quote.symbol, context=self._world)
            return
        self._send(quote, self._faults.between(0.001, 0.02))

    def _snapshot(self, symbol: Symbol) -> None:
        if self._up:
            self._send(self._now_quote(symbol), self._faults.between(0.001, 0.1))

    def _send(self, event: Event, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(delay_s, self._receive, event, self._connection, context=self._world)

    def _receive(self, event: Event, connection: int) -> None:
        if connection != self._connection or not self._up:
            return
        if isinstance(event, Quote) and (self._overtaken(event) or not self._wanted(event)):
            return
        self._say(replace(event, **self._clock.stamp()))

    def _overtaken(self, quote: Quote) -> bool:
        """Whether a newer price of this symbol has arrived: the sequence shows it."""
        newest = self._arrived.get(quote.symbol, 0)
        self._arrived[quote.symbol] = max(newest, quote.venue_time_ns)
        return quote.venue_time_ns < newest


def _is_ahead(event: Event) -> bool:
    return isinstance(event, VenuePaused) and bool(event.pause_time_ns)
