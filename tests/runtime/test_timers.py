"""Timers fire once, restart under the same name, and are bounded."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from daemon.core.events import TimerFired
from daemon.runtime import timers as module
from daemon.runtime.inbox import Inbox
from daemon.runtime.timers import Timers
from tests.runtime.fake_venue import TickingClock


async def fired(inbox: Inbox, wait_s: float) -> list[str]:
    """The names of timers that fired within a while."""
    await asyncio.sleep(wait_s)
    inbox.wake()
    return [event.timer for event in await inbox.take(10) if isinstance(event, TimerFired)]


async def test_a_timer_fires_once_and_a_restart_postpones_it() -> None:
    inbox = Inbox()
    timers = Timers(inbox, TickingClock())
    timers.start("a", Decimal("0.01"))
    timers.start("b", Decimal("0.01"))
    timers.start("b", Decimal(60))
    assert await fired(inbox, 0.05) == ["a"]
    timers.start("b", Decimal("0.01"))
    assert await fired(inbox, 0.05) == ["b"]


async def test_stopping_cancels_all() -> None:
    inbox = Inbox()
    timers = Timers(inbox, TickingClock())
    timers.start("a", Decimal("0.01"))
    timers.stop()
    assert await fired(inbox, 0.03) == []


async def test_the_number_of_timers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMER_LIMIT", 1)
    timers = Timers(Inbox(), TickingClock())
    timers.start("a", Decimal(60))
    with pytest.raises(OverflowError, match="b cannot start"):
        timers.start("b", Decimal(60))
    timers.stop()
