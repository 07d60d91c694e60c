"""Token buckets: how fast a venue may be asked. Knows no venue and sends nothing.

A share of every bucket is kept for what is urgent (exits, cancels and their look-ups: semantics
ruling 22, at least 30 %): ordinary requests wait before they touch it.
"""

from __future__ import annotations

from daemon.core.terms import NANOS
from daemon.ports import Clock

RESERVED_SHARE = 0.3
FIRST_BACKOFF_S = 0.25
LONGEST_BACKOFF_S = 8.0


class TokenBucket:
    """One bucket: `capacity` tokens, refilled at `refill_per_s`. Not fair, not shared by hosts."""

    def __init__(self, clock: Clock, capacity: float, refill_per_s: float) -> None:
        self._clock = clock
        self._at_ns = clock.mono_ns()
        self._backoff_s = 0.0
        self._closed_until_ns = 0
        self._shut_until_ns = 0
        self.capacity = capacity
        self.refill_per_s = refill_per_s
        self.tokens = capacity

    def resize(self, capacity: float, refill_per_s: float) -> None:
        """Take over what the venue says of its limits; what was spent stays spent."""
        self._refill()
        self.tokens = min(self.tokens, capacity)
        self.capacity = capacity
        self.refill_per_s = refill_per_s

    def take(self, cost: float, *, urgent: bool) -> float:
        """Take `cost` tokens and return 0, or take none and return the seconds to wait."""
        self._refill()
        cost = min(cost, self.capacity)
        floor = 0.0 if urgent else min(RESERVED_SHARE * self.capacity, self.capacity - cost)
        wait_s = max(0.0, (cost + floor - self.tokens) / self.refill_per_s)
        until_ns = self._shut_until_ns
        if not urgent:
            until_ns = max(until_ns, self._closed_until_ns)
        wait_s = max(wait_s, (until_ns - self._clock.mono_ns()) / NANOS)
        if wait_s > 0:
            return wait_s
        self.tokens -= cost
        return 0.0

    async def acquire(self, cost: float, *, urgent: bool, patience_s: float) -> bool:
        """Wait for `cost` tokens, `patience_s` at most; False when they did not come."""
        deadline_ns = self._clock.mono_ns() + int(patience_s * NANOS)
        while (wait_s := self.take(cost, urgent=urgent)) > 0:
            if self._clock.mono_ns() + int(wait_s * NANOS) > deadline_ns:
                return False
            await self._clock.sleep(wait_s)
        return True

    def refused(self) -> None:
        """The venue said 429: our count was wrong. Start from nothing, and ordinary ones wait."""
        self._refill()
        self.tokens = 0.0
        self._backoff_s = min(max(2 * self._backoff_s, FIRST_BACKOFF_S), LONGEST_BACKOFF_S)
        self._closed_until_ns = self._clock.mono_ns() + int(self._backoff_s * NANOS)

    def spent(self, used: float) -> None:
        """The venue's own count of this window: what it counted more than we did is gone."""
        self._refill()
        self.tokens = min(self.tokens, max(0.0, self.capacity - used))

    def shut(self, seconds: float) -> None:
        """The venue named a wait (Retry-After, a ban): nothing is sent before, urgent or not."""
        until_ns = self._clock.mono_ns() + int(seconds * NANOS)
        self._shut_until_ns = max(self._shut_until_ns, until_ns)

    @property
    def headroom(self) -> float:
        """The share of its tokens that it holds; 0 while the venue shuts us out."""
        self._refill()
        return 0.0 if self.shut_s > 0 else max(0.0, self.tokens / self.capacity)

    @property
    def shut_s(self) -> float:
        """Seconds until that wait is over, 0 or less when there is none."""
        return (self._shut_until_ns - self._clock.mono_ns()) / NANOS

    def granted(self) -> None:
        """The venue processed a request: the next 429 is a first one again."""
        self._backoff_s = 0.0

    def _refill(self) -> None:
        now_ns = self._clock.mono_ns()
        gained = (now_ns - self._at_ns) / NANOS * self.refill_per_s
        self.tokens = min(self.capacity, self.tokens + max(0.0, gained))
        self._at_ns = now_ns
