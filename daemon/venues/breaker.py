"""A circuit breaker for the reads of one venue. Knows no venue; sends nothing.

After some questions in a row that a venue did not answer the rest are refused at once, but for one
a second, which finds out whether it is back. Questions that come while that one is under way wait
for its answer. What an exit needs passes always and counts for nothing here: orders and cancels,
look-ups of orders, fresh prices (semantics.md 22).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from purgatory.domain.model import CLOSED, Context

from daemon.core.terms import NANOS, Venue
from daemon.ports import Clock
from daemon.venues.errors import (
    AnswerTimeoutError,
    CircuitOpenError,
    NetworkError,
    RateLimitError,
    ServerFaultError,
    VenueError,
)

FAILURES: Final = 3
PROBE_S: Final = 1.0
# purgatory dates an opening by the wall clock, which may be set back: when to try again is ours.
_AT_ONCE: Final = float("-inf")
_DEAD: Final = (NetworkError, AnswerTimeoutError, ServerFaultError)

T = TypeVar("T")
Told = Callable[[Venue, str, bool], None]


def nobody(_venue: Venue, _text: str, _shut: bool) -> None:  # noqa: FBT001 - as `Told`
    """Whoever is not told."""


class Breaker:
    """The breaker of one venue; `told` hears of each opening and closing, once."""

    def __init__(self, clock: Clock, venue: Venue, told: Told = nobody) -> None:
        self._clock, self._venue, self._told = clock, venue, told
        self._circuit = Context(venue, FAILURES, _AT_ONCE)
        self._probe_ns = 0
        self._probing: asyncio.Event | None = None
        self._last = ""

    @property
    def shut(self) -> bool:
        """True while reads are refused."""
        return self._circuit.state != CLOSED

    async def ask(self, ask: Callable[[], Awaitable[T]], *, urgent: bool) -> T:
        """What `ask` answers. Raises its VenueError, or CircuitOpenError without asking."""
        if urgent:
            return await ask()
        probing = self._probing
        if probing is not None:
            await probing.wait()
        if not self.shut:
            return await self._counted(ask)
        if probing is not None or self._clock.mono_ns() < self._probe_ns:
            text = f"not asked: {self._venue} does not answer ({self._last})"
            raise CircuitOpenError(text, venue=self._venue)
        return await self._probe(ask)

    async def _probe(self, ask: Callable[[], Awaitable[T]]) -> T:
        self._probing = asyncio.Event()
        self._circuit.handle_new_request()
        try:
            return await self._counted(ask)
        finally:
            self._probe_ns = self._clock.mono_ns() + int(PROBE_S * NANOS)
            self._probing.set()
            self._probing = None

    async def _counted(self, ask: Callable[[], Awaitable[T]]) -> T:
        before = self.shut
        try:
            answer = await ask()
        except _DEAD as error:
            self._failed(error, before=before)
            raise
        except RateLimitError:
            raise  # perhaps our own count, which says nothing of the venue
        except VenueError:
            self._answered()
            raise
        self._answered()
        return answer

    def _failed(self, error: VenueError, *, before: bool) -> None:
        self._last = error.text
        if self.shut is not before:
            return  # asked before it opened, or answered after it closed
        self._circuit.handle_exception(error)
        if self.shut and not before:
            self._probe_ns = self._clock.mono_ns() + int(PROBE_S * NANOS)
            self._told(self._venue, self._last, True)  # noqa: FBT003 - as `Told`

    def _answered(self) -> None:
        before = self.shut
        if before:
            self._circuit.handle_new_request()  # opened meanwhile: this answer is as good as any
        self._circuit.handle_end_request()
        if before:
            self._told(self._venue, "it answers again", False)  # noqa: FBT003 - as `Told`
