"""The exchange's clocks and its source of ids. It knows no market, no order and no socket.

Everything that asks for time, chance or an id asks here, so that a test can hold all three still.
"""

from __future__ import annotations

import random
import time
import uuid
from typing import Protocol

SECOND_NS = 1_000_000_000
MILLI_NS = 1_000_000


class Clock(Protocol):
    """Wall and monotonic time in ns."""

    def wall_ns(self) -> int:
        """UTC now, ns."""
        ...

    def mono_ns(self) -> int:
        """Monotonic now, ns."""
        ...


class SystemClock:
    """The machine's clocks."""

    def wall_ns(self) -> int:
        """UTC now, ns."""
        return time.time_ns()

    def mono_ns(self) -> int:
        """Monotonic now, ns."""
        return time.monotonic_ns()


class ManualClock:
    """A clock that moves only when told to; both readings move together."""

    def __init__(self, start_ns: int = 1_795_255_200 * SECOND_NS) -> None:
        self._now_ns = start_ns

    def wall_ns(self) -> int:
        """UTC now, ns."""
        return self._now_ns

    def mono_ns(self) -> int:
        """Monotonic now, ns."""
        return self._now_ns

    def advance_ns(self, delta_ns: int) -> None:
        """Move both clocks forward."""
        assert delta_ns >= 0
        self._now_ns += delta_ns


class Chance:
    """Seeded randomness and ids: the same seed gives the same prices and the same faults.

    Ids also depend on `epoch_ns`, the start of the exchange: a second run must never hand out the
    trade ids of the first, or a client that remembers them takes new fills for old ones.
    """

    def __init__(self, seed: int, epoch_ns: int = 0) -> None:
        self.seed = seed
        self._ids = random.Random(f"ids-{seed}-{epoch_ns}")
        self._rolls = random.Random(f"rolls-{seed}")

    def new_id(self) -> str:
        """A UUID-shaped id, unique within this exchange."""
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def stream(self, name: str) -> random.Random:
        """A generator of its own for one script, so that scripts do not disturb each other."""
        return random.Random(f"{name}-{self.seed}")

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low if high <= low else self._rolls.randint(low, high)

    def happens(self, per_million: int) -> bool:
        """True in `per_million` of a million cases."""
        return self._rolls.randrange(1_000_000) < per_million
