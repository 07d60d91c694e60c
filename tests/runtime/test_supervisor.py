"""A stream whose facts were turned away is started again, and the engine is told."""

from __future__ import annotations

import asyncio

from daemon.core.events import Event, StreamLost
from daemon.ports import Deliver
from daemon.runtime.inbox import Inbox
from daemon.runtime.supervisor import StreamKeeper
from tests import builders as make
from tests.runtime.fake_venue import OWNER, FakeVenue, TickingClock
from tests.venues.listening import until


async def test_an_overflow_closes_the_stream_and_opens_it_again() -> None:
    inbox, venue, starts = Inbox(lane_limit=2), FakeVenue(), 0

    async def stream(deliver: Deliver) -> None:
        nonlocal starts
        starts += 1
        for number in range(5 if starts == 1 else 0):
            deliver(make.fill(exec_id=f"e{number}"))

    venue.stream = stream
    keeper = StreamKeeper(OWNER, venue, inbox, TickingClock())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(keeper.run())
        await until(lambda: starts == 2)
        await asyncio.sleep(0.02)
        task.cancel()
    events: list[Event] = list(await inbox.take(10))
    assert starts == 2
    assert keeper.overflows == 1
    assert isinstance(events[-1], StreamLost)
