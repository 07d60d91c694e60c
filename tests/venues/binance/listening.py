"""Delivered events, and ways to wait for one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from daemon.core.events import Event, Quote, QuoteSource
from daemon.ports import Stream


class Heard(list[Event]):
    """Delivered events, and a way to wait for one."""

    async def wait(self, kind: type[Event], count: int = 1, within_s: float = 20) -> Event:
        await until(lambda: len(self.of(kind)) >= count, within_s)
        return self.of(kind)[count - 1]

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self if isinstance(event, kind)]

    def sources(self) -> list[QuoteSource]:
        return [event.source for event in self if isinstance(event, Quote)]


async def until(true: Callable[[], bool], within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(stream: Stream) -> AsyncIterator[Heard]:
    heard = Heard()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(stream.run(heard.append))
        try:
            yield heard
        finally:
            task.cancel()
