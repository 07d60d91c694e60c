"""A daemon for the door: an engine without a loop, and the door served on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

from daemon.analytics.scene import Scene, View
from daemon.analytics.trade_views import find_trade
from daemon.analytics.turns import Made, Taker, Turns, go_on
from daemon.control.client import DoorClient
from daemon.control.door import EventMaker, NoDaemonError, Refusal, TradeMaker
from daemon.control.figures import FigureSource
from daemon.control.health import HealthSource
from daemon.control.server import Sources, serve_door
from daemon.core.errors import TheirsError
from daemon.core.events import Event
from tests.core.play import WALL_NS, Play

Read = TypeVar("Read")


class FakeDoor:
    """What the daemon would do, at once; keeps the events that came in."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.events: list[Event] = []
        self.problems: tuple[str, ...] = ()
        self.waiting: tuple[str, ...] = ()
        self.delay_s = 0.0
        self._seq = 0

    def _scene(self) -> Scene:
        now_ns = WALL_NS + self.play.now_ns
        book = self.play.engine.book
        return Scene(book=book, now_ns=now_ns, mono_ns=self.play.now_ns, seq=self._seq)

    async def look(self, read: Callable[[Scene], Read]) -> Read:
        return read(self._scene())

    async def read(self, begin: Callable[[Scene], Turns[Made]], take: Taker) -> Made:
        end = go_on(begin(self._scene()), take, lambda: False)
        assert end is not None
        return end[0]

    async def act(self, make: EventMaker) -> int | Refusal:
        await asyncio.sleep(self.delay_s)
        event = make(self._scene())
        if isinstance(event, Refusal):
            return event
        self.events.append(event)
        self.play.tell(event)
        if not self.play.engine.changed:
            return 0
        self._seq += 1
        return self._seq

    async def trade(self, make: TradeMaker) -> Refusal | bool:
        wanted = make(self._scene())
        if isinstance(wanted, Refusal):
            return wanted
        again = find_trade(self.play.engine.book, wanted.token) is not None
        self.events.append(wanted)
        self.play.tell(wanted)
        return again

    async def reload(self) -> tuple[str, ...]:
        if self.problems:
            raise TheirsError("\n".join(self.problems))
        return self.waiting


@contextlib.asynccontextmanager
async def served(
    path: Path,
    door: FakeDoor,
    figures: FigureSource | None = None,
    health: HealthSource | None = None,
) -> AsyncIterator[DoorClient]:
    """The door on a socket, and a client of it."""
    sources = Sources(figures=figures, health=health)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(serve_door(path, door, sources), name="door")
        async with DoorClient(path) as client:
            await until_open(client)
            yield client
        task.cancel()


async def until_open(client: DoorClient) -> None:
    """Wait until somebody answers, 30 s at most."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(NoDaemonError):
                await client.get("/status")
                return
            await asyncio.sleep(0.01)


def rows(view: View, name: str) -> list[View]:
    """The list of views under `name`."""
    found = view[name]
    assert isinstance(found, list)
    return found


def inner(view: View, name: str) -> View:
    """The view under `name`."""
    found = view[name]
    assert isinstance(found, dict)
    return found
