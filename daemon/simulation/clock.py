"""Our machine's clocks in virtual time: a wall clock that may jump, a monotonic one per boot."""

from __future__ import annotations

import asyncio
from typing import TypedDict

from daemon.core.terms import NANOS, Account, Venue
from daemon.simulation.plan import ACCOUNT, VENUE
from daemon.simulation.venue import BIRTH_NS


class Stamp(TypedDict):
    """The two clock readings that every event carries."""

    receive_time_ns: int
    mono_ns: int


class VenueStamp(Stamp):
    """And whose event it is."""

    account: Account
    venue: Venue


class WallClock:
    """The machine's wall clock; `offset_s` is by how much it is wrong. Survives processes."""

    def __init__(self) -> None:
        self.offset_s = 0.0


class SimClock:
    """ports.Clock of one process; its monotonic time means nothing to the next process."""

    def __init__(self, wall: WallClock, loop: asyncio.AbstractEventLoop, boot_s: float) -> None:
        self._wall = wall
        self._loop = loop
        self._boot_s = boot_s - loop.time()

    def wall_ns(self) -> int:
        """UTC now as this machine believes, ns."""
        return BIRTH_NS + int((self._loop.time() + self._wall.offset_s) * NANOS)

    def mono_ns(self) -> int:
        """Monotonic now, ns."""
        return int((self._loop.time() + self._boot_s) * NANOS)

    def stamp(self) -> Stamp:
        """Both clocks now."""
        return Stamp(receive_time_ns=self.wall_ns(), mono_ns=self.mono_ns())

    def venue_stamp(self) -> VenueStamp:
        """Both clocks now, on the simulated account."""
        return VenueStamp(**self.stamp(), account=ACCOUNT, venue=VENUE)

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        await asyncio.sleep(seconds)
