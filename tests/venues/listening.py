"""What a venue delivers, and ways to wait for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from daemon.core.events import Event, Quote, QuoteSource
from daemon.ports import Stream


class Closable(Protocol):
    """Anything that is open."""

    async def close(self) -> None: ...


Kind = TypeVar("Kind", bound=Event)
Opened = TypeVar("Opened", bound=Closable)


class Heard(list[Event]):
    """Delivered events, in the order of their delivery."""

    async def wait(self, kind: type[Kind], count: int = 1) -> Kind:
        await until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self if isinstance(event, kind)]

    def sources(self) -> list[QuoteSource]:
        """Of all quotes, the newest last: a REST answer is no newer than its question."""
        return [quote.source for quote in sorted(self.of(Quote), key=lambda quote: quote.mono_ns)]


async def until(true: Callable[[], object], within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.01)


def impatient(config: object) -> None:
    """Let the client with this configuration give up soon: where no answer comes, ever."""
    for name in ("order_timeout_s", "query_timeout_s"):
        object.__setattr__(config, name, 0.5)  # it is frozen


@asynccontextmanager
async def closing(opened: Opened) -> AsyncIterator[Opened]:
    """Close it whatever happens: what stays open is reported by somebody else's test."""
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def running(stream: Stream) -> AsyncIterator[Heard]:
    heard = Heard()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(stream.run(heard.append))
        try:
            yield heard
        finally:
            task.cancel()
