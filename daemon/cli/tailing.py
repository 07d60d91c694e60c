"""filld tail: the log of a file, of a pipe, or of the running daemon, chosen and readable.

filld log-events: what stands in it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer
from rich.console import Console

from daemon.cli.acting import seconds
from daemon.cli.door import current
from daemon.cli.exits import ExitCode
from daemon.cli.log_lines import LEVELS, Wanted, parsed, shown
from daemon.cli.output import tell, tell_json
from daemon.cli.verb import Call, verb
from daemon.control.bodies import BadInputError
from daemon.core.terms import NANOS
from daemon.runtime.clock import SystemClock
from daemon.telemetry.logs import timestamp
from daemon.telemetry.words import COMMON, dictionary

_AGAIN_S: Final = 0.5
_STDIN: Final = Path("-")


def add_verbs(application: typer.Typer) -> None:
    """Register them."""
    verb(application, "tail")(tail)
    verb(application, "log-events", settings=False)(log_events)


def tail(  # noqa: PLR0913 - one parameter an option
    call: Call,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE|-", help="A log; else the running daemon's.")
    ] = None,
    *,
    venue: Annotated[str, typer.Option("--venue", help="Only of this venue.")] = "",
    symbol: Annotated[str, typer.Option("--symbol", help="Only of this symbol.")] = "",
    order: Annotated[
        str, typer.Option("--order", help="Only of this order (our id or theirs).")
    ] = "",
    since: Annotated[str, typer.Option("--since", metavar="SPAN", help="90s, 30m, 1h, 2d.")] = "",
    level: Annotated[str, typer.Option("--level", help="debug, info, warning or error.")] = "debug",
    follow: Annotated[
        bool | None, typer.Option("--follow/--no-follow", "-f", help="Wait for more.")
    ] = None,
) -> int:
    """Show a log, or what was chosen of it; --json keeps its lines as they are."""
    if level not in LEVELS:
        raise BadInputError(f"--level = {level!r}: accepted: {', '.join(LEVELS)}")
    begin = _begin(since)
    wanted = Wanted(venue=venue, symbol=symbol, order=order, since=begin, level=level)
    if file is None:
        lines = _of_daemon(call, follow=follow is not False)
    elif file == _STDIN:
        lines = (line.rstrip("\n") for line in sys.stdin)
    else:
        lines = of_file(file, follow=bool(follow))
    with contextlib.suppress(KeyboardInterrupt):
        _print(lines, wanted, raw=call.json_output)
    return ExitCode.OK


def _begin(since: str) -> str:
    """The time of the oldest line, as lines say it."""
    if not since:
        return ""
    return timestamp(SystemClock().wall_ns() - int(seconds(since, "--since") * NANOS))


def _print(lines: Iterator[str], wanted: Wanted, *, raw: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    try:
        for text in lines:
            line = parsed(text)
            if line is None:
                if wanted.everything and text:
                    tell(text, flush=True)
            elif wanted.admits(line) and raw:
                tell(text, flush=True)
            elif wanted.admits(line):
                console.print(shown(line))
    except BrokenPipeError:
        # Whoever read us is gone; the interpreter's own flush at the end must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _of_daemon(call: Call, *, follow: bool) -> Iterator[str]:
    """What the daemon keeps of its log, and what comes after it."""
    settings, number = call.places(), 0
    while True:
        view = current(settings, "/log", {"after": str(number)})
        lines, number = view["lines"], int(str(view["number"]))
        assert isinstance(lines, list)
        yield from (str(line) for line in lines)
        if lines:
            continue
        if not follow:
            return
        time.sleep(_AGAIN_S)


def of_file(path: Path, *, follow: bool) -> Iterator[str]:
    """The lines of a file; `follow` waits for more, and for the file that takes its place."""
    while True:
        with path.open("rb") as file:
            begun = b""
            while True:
                begun += file.readline()
                if begun.endswith(b"\n"):
                    yield begun[:-1].decode(errors="replace")
                    begun = b""
                elif not follow:
                    yield from [begun.decode(errors="replace")] if begun else []
                    return
                elif _replaced(path, file):
                    break
                else:
                    time.sleep(_AGAIN_S)


def _replaced(path: Path, file: BinaryIO) -> bool:
    """True once another file lies there, or this one was cut short."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(file.fileno())
    return there.st_ino != here.st_ino or there.st_size < file.tell()


def log_events(call: Call) -> int:
    """Every event of the log: its level, its fields, and when it appears."""
    events = dictionary()
    if call.json_output:
        shown_events = [event._asdict() for event in events]
        tell_json({"common": COMMON, "events": shown_events})
        return ExitCode.OK
    tell(f"every line: {', '.join(COMMON)} (cause: the seq of the step that it followed from)")
    for event in events:
        tell(f"{event.event} ({event.level}): {event.when}")
        if event.fields:
            tell(f"    {', '.join(event.fields)}")
    return ExitCode.OK
