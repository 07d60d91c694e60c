"""REST quotes for the symbols that no live stream prices. Knows no venue and no websocket.

Each unpriced symbol is asked for every `every_s`; where that fails too, `FeedLost` is
told once, and `FeedRestored` when either way gives a price again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from daemon.core.events import FeedLost, FeedRestored, Quote, Undecodable
from daemon.core.terms import NANOS, Symbol
from daemon.ports import Clock, Deliver
from daemon.venues.decoding import Stamp
from daemon.venues.errors import VenueError

AT_ONCE: Final = 4
STEP_S: Final = 0.1


class QuotePoller:
    """Polls what `unpriced()` names; `read` asks once and raises `VenueError`."""

    def __init__(
        self,
        clock: Clock,
        every_s: float,
        stamp: Callable[[], Stamp],
        read: Callable[[Symbol], Awaitable[Quote | Undecodable]],
        unpriced: Callable[[], Sequence[Symbol]],
    ) -> None:
        self._clock = clock
        self._every_ns = int(every_s * NANOS)
        self._stamp = stamp
        self._read = read
        self._unpriced = unpriced
        self._due_ns: dict[Symbol, int] = {}
        self._lost: set[Symbol] = set()

    async def run(self, deliver: Deliver) -> None:
        """Poll until cancelled."""
        while True:
            unpriced = self._unpriced()
            now_ns = self._clock.mono_ns()
            self._due_ns = {symbol: self._due_ns.get(symbol, now_ns) for symbol in unpriced}
            due = [symbol for symbol in unpriced if self._due_ns[symbol] <= now_ns]
            for start in range(0, len(due), AT_ONCE):
                async with asyncio.TaskGroup() as tasks:
                    for symbol in due[start : start + AT_ONCE]:
                        tasks.create_task(self._poll(symbol, deliver), name=f"poll {symbol}")
            await self._clock.sleep(STEP_S)

    def priced(self, symbols: Sequence[Symbol], deliver: Deliver) -> None:
        """These are priced by a stream: say so where they had been lost."""
        back = tuple(symbol for symbol in symbols if symbol in self._lost)
        if back:
            self._lost.difference_update(back)
            deliver(FeedRestored(**self._stamp(), symbols=back))

    def keep(self, symbols: Sequence[Symbol]) -> None:
        """Forget all others: nobody asks for their prices any more."""
        self._lost.intersection_update(symbols)

    async def _poll(self, symbol: Symbol, deliver: Deliver) -> None:
        self._due_ns[symbol] = self._clock.mono_ns() + self._every_ns
        try:
            quote = await self._read(symbol)
        except VenueError:
            self._failed(symbol, deliver)
            return
        if isinstance(quote, Undecodable):
            deliver(quote)
            self._failed(symbol, deliver)
            return
        self.priced((symbol,), deliver)
        deliver(quote)

    def _failed(self, symbol: Symbol, deliver: Deliver) -> None:
        if symbol in self._lost or symbol not in self._unpriced():
            return
        self._lost.add(symbol)
        deliver(FeedLost(**self._stamp(), symbols=(symbol,)))
