"""A stage for the command line: settings in a folder, a journal of a story, a door in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from typer.testing import CliRunner
from typing_extensions import override

from daemon.analytics.scene import View
from daemon.cli.main import application
from daemon.control.client import DoorClient
from daemon.control.health import HealthSource
from daemon.control.lines import LineSource
from daemon.control.server import Sources, serve_door
from daemon.core.commands import Command
from daemon.core.engine import ENGINE_VERSION
from daemon.core.events import Event
from daemon.core.terms import Side
from daemon.journal.sqlite import SqliteJournal
from daemon.ports import Record
from tests import builders as make
from tests.control.doors import FakeDoor, until_open
from tests.core.play import Play
from tests.journal.journals import INLINE


@dataclass(frozen=True, slots=True)
class Said:
    """What a verb ended with and said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> View:
        return msgspec.json.decode(self.out, type=dict[str, object])


class NoLines:
    """A log in which nothing stands yet."""

    def after(self, _number: int, _limit: int) -> tuple[list[str], int]:
        return [], 0


class Stage:
    """One folder with its settings; `filld` runs a verb in this process."""

    def __init__(self, folder: Path) -> None:
        self.journal = folder / "journal.db"
        self.socket = folder / "s"
        self.config = folder / "filld.toml"
        self.config.write_text(
            f'[journal]\npath = "{self.journal}"\nstate_dir = "{folder}"\n'
            f'[control]\nsocket = "{self.socket}"\n'
        )

    def filld(self, verb: str, *words: str) -> Said:
        return invoke(verb, "--config", str(self.config), *words)

    def keep(self, play: Kept) -> None:
        """Write the story's journal."""
        asyncio.run(_keep(self.journal, play.records))

    @contextlib.contextmanager
    def running(
        self, door: FakeDoor, health: HealthSource | None = None, lines: LineSource | None = None
    ) -> Iterator[FakeDoor]:
        """The daemon's door, served from a thread."""
        ready = threading.Event()
        ended: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

        async def serve() -> None:
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                sources = Sources(health=health, lines=lines or NoLines())
                task = group.create_task(serve_door(self.socket, door, sources), name="door")
                async with DoorClient(self.socket) as client:
                    await until_open(client)
                ended.append((asyncio.get_running_loop(), stop))
                ready.set()
                await stop.wait()
                task.cancel()

        thread = threading.Thread(target=lambda: asyncio.run(serve()))
        thread.start()
        assert ready.wait(60)
        try:
            yield door
        finally:
            loop, stop = ended[0]
            loop.call_soon_threadsafe(stop.set)
            thread.join(60)


def invoke(*words: str) -> Said:
    """Run a verb in this process."""
    result = CliRunner().invoke(application(), list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)


class Kept(Play):
    """A play that keeps its journal."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Record] = []

    @override
    def _step(self, event: Event) -> tuple[Command, ...]:
        commands = super()._step(event)
        if self.engine.changed:
            durable = tuple(command for command in commands if command.durable)
            self.records.append(Record(len(self.records) + 1, event, durable))
        return commands


def story() -> Kept:
    """100 YES at 0.65, the stop at 0.60 fires, 50 fill at 0.58, and the next order is in doubt."""
    play = Kept()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    entry = make.fill(
        exec_id="entry",
        side=Side.BUY,
        last_qty="100",
        last_px="0.65",
        venue_order_id="entry",
    )
    play.tell(entry, make.quote(bid="0.65", ask="0.66"), make.quote(bid="0.58", ask="0.60"))
    first = play.order_id
    play.tell(
        make.accepted(order_id=first, venue_order_id="order_12345"),
        make.fill(venue_order_id="order_12345", order_id=first),
        make.canceled(order_id=first, cum_qty="50", venue_order_id="order_12345"),
        make.quote(bid="0.57", ask="0.59"),
    )
    play.tell(make.in_doubt(order_id=play.order_id))
    return play


async def _keep(path: Path, records: list[Record]) -> None:
    journal = SqliteJournal(path, replace(INLINE, engine_version=ENGINE_VERSION))
    await journal.append(records)
    await journal.close()
