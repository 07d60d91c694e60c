"""The last word of a run that cannot go on: alerted before the process ends, though no loop runs.

The service manager begins the next run at once, so this waits some seconds at most, and a cause
that stays is not told again by each of the runs to come.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from daemon.core.errors import TheirsError
from daemon.core.terms import NANOS
from daemon.telemetry.alerts import Alert, AlertObserver

_DELIVERY_S: Final = 5.0
_AGAIN_NS: Final = 15 * 60 * NANOS
_FILE: Final = "ended"


async def alert_end(
    alerts: Sequence[AlertObserver], failure: TheirsError, state_dir: Path, now_ns: int
) -> None:
    """Tell that the run ends of `failure`, unless one of its kind was told lately."""
    kind = type(failure).__name__
    if not alerts or _told_lately(state_dir / _FILE, kind, now_ns):
        return
    text = f"filld has ended and guards nothing until it runs again: {failure}"
    alert = Alert(notice="ended", text=text, urgent=True, seq=0, time_ns=now_ns)
    async with asyncio.TaskGroup() as group:
        sending = [
            group.create_task(one.run(), name=f"alerts {one.route.target}") for one in alerts
        ]
        async with asyncio.TaskGroup() as draining:
            for one in alerts:
                one.tell(alert)
                draining.create_task(one.drain(_DELIVERY_S), name="drain alerts")
        for task in sending:
            task.cancel()
    # A full disk must not keep the alert back: it may be what it tells of.
    with contextlib.suppress(OSError):
        (state_dir / _FILE).write_text(f"{kind} {now_ns}\n", "utf-8")


def _told_lately(file: Path, kind: str, now_ns: int) -> bool:
    try:
        told, _, time_ns = file.read_text("utf-8").partition(" ")
        return told == kind and 0 <= now_ns - int(time_ns) < _AGAIN_NS
    except (OSError, ValueError):
        return False
