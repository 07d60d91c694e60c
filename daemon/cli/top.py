"""The verb that stays and looks: `filld top`. Asks the door each second, decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live

from daemon.analytics.scene import View
from daemon.cli.exits import ExitCode
from daemon.cli.frame import Shot, frame
from daemon.cli.log_lines import parsed
from daemon.cli.output import tell_json
from daemon.cli.verb import Call, verb
from daemon.control.client import DoorClient
from daemon.control.door import DoorError
from daemon.settings import Settings

REFRESH_S: Final = 1.0
_ANSWER_S: Final = 5.0
_EXITS: Final = "20"
_FILLS: Final = 20
# Reads of the log at one look: two hold all that the daemon keeps.
_READS: Final = 3
_FILL: Final = '"event":"fill"'
# A pipe has no size: what a terminal has at least.
_COLUMNS, _LINES = 80, 24
_ENDS: Final = b"qQ"


def add_verbs(app: typer.Typer) -> None:
    """Register it."""
    verb(app, "top")(top)


def top(
    call: Call,
    *,
    once: Annotated[bool, typer.Option("--once", help="One frame, then end.")] = False,
) -> int:
    """Positions with what is left to their stops, exits at work, fills: live; q ends it."""
    settings = call.places()
    if call.json_output:
        tell_json(asdict(asyncio.run(_look(settings))))
    elif once or not sys.stdout.isatty():
        shot = asyncio.run(_look(settings))
        on_terminal = sys.stdout.isatty()
        console = Console(highlight=False) if on_terminal else Console(width=_COLUMNS)
        console.print(frame(shot, console.height if on_terminal else _LINES))
    else:
        asyncio.run(_watch(settings))
    return ExitCode.OK


async def _look(settings: Settings) -> Shot:
    async with DoorClient(settings.socket_path, _ANSWER_S) as client:
        return await _Fills().shot(client)


class _Fills:
    """The newest fills of the log, read on from where the last look ended."""

    def __init__(self) -> None:
        self._number = 0
        self._lines: deque[View] = deque(maxlen=_FILLS)

    async def shot(self, client: DoorClient) -> Shot:
        """Everything at one moment."""
        await self._read_on(client)
        return Shot(
            status=await client.get("/status"),
            positions=await client.get("/positions"),
            exits=await client.get("/exits", {"limit": _EXITS}),
            health=await client.get("/readyz"),
            fills=tuple(self._lines),
        )

    async def _read_on(self, client: DoorClient) -> None:
        for _ in range(_READS):
            view = await client.get("/log", {"after": str(self._number)})
            number, texts = int(str(view["number"])), view["lines"]
            if number < self._number:  # another daemon, whose log begins anew
                self._number = 0
                continue
            self._number = number
            assert isinstance(texts, list)
            lines = [parsed(str(text)) for text in texts if _FILL in str(text)]
            # One that changed nothing, seq 0, was told before.
            self._lines += [dict(line) for line in lines if line is not None and line.get("seq")]
            if not texts:
                return


async def _watch(settings: Settings) -> None:
    """A frame each second until a key ends it, whether or not a daemon answers."""
    ended = asyncio.Event()
    console = Console(highlight=False)
    shot, fills = Shot(), _Fills()
    with _keys(ended), Live(console=console, screen=True, auto_refresh=False) as live:
        async with DoorClient(settings.socket_path, _ANSWER_S) as client:
            while not ended.is_set():
                gone = ""
                try:
                    shot = await fills.shot(client)
                except DoorError as error:
                    gone = str(error)
                live.update(frame(shot, console.height, gone), refresh=True)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REFRESH_S):
                        await ended.wait()


@contextlib.contextmanager
def _keys(ended: asyncio.Event) -> Iterator[None]:
    """Keys as they are pressed, unseen; q ends it, and so does Ctrl-C."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, ended.set)
    descriptor = sys.stdin.fileno()
    if not os.isatty(descriptor):
        yield
        return

    def read() -> None:
        pressed = os.read(descriptor, 64)
        if not pressed or set(pressed) & set(_ENDS):
            ended.set()

    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, read)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
