"""The machine's own clocks: the one place where time enters. Knows nothing of who waits."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """ports.Clock over the operating system."""

    def wall_ns(self) -> int:
        """UTC now, ns; may jump."""
        return time.time_ns()

    def mono_ns(self) -> int:
        """Monotonic now, ns; never goes back, means nothing in another process."""
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait; cancellation passes through."""
        await asyncio.sleep(seconds)
