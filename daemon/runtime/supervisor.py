"""Keeps the streams running and hands their facts to the inbox.

A stream mends itself; it is started anew only when its lane of the inbox is full, since then
facts were turned away and have to be asked for again (semantics.md 8).
"""

from __future__ import annotations

import asyncio

from daemon.core.events import Event, StreamLost
from daemon.core.terms import Account
from daemon.core.terms import Venue as VenueName
from daemon.ports import Clock, Venue
from daemon.runtime.inbox import Inbox

_AGAIN_S = 1.0


class StreamKeeper:
    """Runs one venue's streams for ever; `overflows` counts how often facts were turned away."""

    def __init__(
        self, owner: tuple[Account, VenueName], venue: Venue, inbox: Inbox, clock: Clock
    ) -> None:
        self.overflows = 0
        self._owner = owner
        self._venue = venue
        self._inbox = inbox
        self._clock = clock
        self._full = asyncio.Event()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            self._full.clear()
            async with asyncio.TaskGroup() as group:
                stream = group.create_task(self._stream(), name=f"stream {self._owner[1]}")
                await self._full.wait()
                stream.cancel()
            self.overflows += 1
            account, venue = self._owner
            self._inbox.put_answer(
                StreamLost(
                    receive_time_ns=self._clock.wall_ns(),
                    mono_ns=self._clock.mono_ns(),
                    account=account,
                    venue=venue,
                    text="facts came faster than they could be handled",
                )
            )
            await self._clock.sleep(_AGAIN_S)

    async def _stream(self) -> None:
        try:
            await self._venue.run(self._deliver)
        except asyncio.CancelledError:
            if not self._full.is_set():
                raise

    def _deliver(self, event: Event) -> None:
        if not self._inbox.put(event):
            self._full.set()
