"""Waits that the engine asked for: each ends as a `TimerFired` in the inbox. Decides nothing."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from daemon.core.events import TimerFired
from daemon.ports import Clock
from daemon.runtime.inbox import Inbox

TIMER_LIMIT = 200_000


class Timers:
    """Named monotonic timers; starting a running one restarts it."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._running: dict[str, asyncio.TimerHandle] = {}

    def start(self, timer: str, delay_s: Decimal) -> None:
        """Fire `timer` once after `delay_s` seconds."""
        running = self._running.pop(timer, None)
        if running is not None:
            running.cancel()
        if len(self._running) >= TIMER_LIMIT:
            raise OverflowError(f"more than {TIMER_LIMIT} timers: {timer} cannot start")
        loop = asyncio.get_running_loop()
        self._running[timer] = loop.call_later(float(delay_s), self._fire, timer)

    def stop(self) -> None:
        """Cancel every timer."""
        for handle in self._running.values():
            handle.cancel()
        self._running.clear()

    def _fire(self, timer: str) -> None:
        del self._running[timer]
        self._inbox.put_answer(
            TimerFired(
                receive_time_ns=self._clock.wall_ns(), mono_ns=self._clock.mono_ns(), timer=timer
            )
        )
