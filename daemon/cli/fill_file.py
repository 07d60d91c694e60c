"""Steps out of a file that is named: an export, sealed or not, or a journal of either kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from daemon.app.custody import journal_keys
from daemon.app.figures import journal_steps
from daemon.cli.exits import NothingThereError
from daemon.cli.verb import Call
from daemon.fill_handler.statefile import StateFile
from daemon.fill_handler.tally import Tally
from daemon.journal.sealing import KeyRing
from daemon.journal.sqlite import read_only
from daemon.ports import Record
from daemon.runtime.recovery import is_daemons
from daemon.settings import Settings

_SQLITE: Final = b"SQLite format 3\0"
_TOLD_EVERY: Final = 1_000
NO_EXITS: Final = (
    "a fills journal holds no exits: what they cost, and how long they took, is told by the"
    " daemon's own journal, or an export of that"
)
Told = Callable[[int, int], None]
From = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="An export or any journal, not the daemon's."),
]


class FillFile:
    """What a file holds; `told` hears how much of it has been read, `tally` is known at its end."""

    def __init__(self, call: Call, path: Path, told: Told) -> None:
        self._path, self._told = path, told
        self._keys: KeyRing = journal_keys(call.places())
        self.tally = Tally()

    def steps(self) -> Iterator[Record]:
        """Each step, in order; raises as `StateFile.steps` and `Reader.replay` do."""
        with self._path.open("rb") as stream:
            is_journal = stream.read(len(_SQLITE)) == _SQLITE
        if not is_journal:
            export = StateFile(self._path, self._keys, self._told)
            yield from export.steps()
            self.tally = export.tally
            return
        reader = read_only(self._path, keys=self._keys)
        try:
            yield from counted(reader.replay(), reader.head().seq, self._told)
        finally:
            reader.close()


def note_of(call: Call, source: Path | None) -> str | None:
    """What figures of a file that was named cannot tell, for who reads them; None where all."""
    first = None if source is None else next(FillFile(call, source, _silent).steps(), None)
    return None if first is None or is_daemons(first.event) else NO_EXITS


def _silent(_done: int, _total: int) -> None:
    """One step takes no time."""


def steps_of(call: Call, source: Path | None, told: Told) -> Iterator[Record]:
    """Those of the file that was named, else of the daemon's journal."""
    if source is not None:
        return FillFile(call, source, told).steps()
    return journal_steps(with_journal(call.places()), told)


def with_journal(settings: Settings) -> Settings:
    """The same settings; raises NothingThereError where they name no journal that is there."""
    if not settings.journal.path.exists():
        raise NothingThereError(f"there is no journal at {settings.journal.path}")
    return settings


def counted(steps: Iterable[Record], total: int, told: Told) -> Iterator[Record]:
    """The same steps; `told` hears now and then how many of how many have come."""
    for step in steps:
        if step.seq % _TOLD_EVERY == 0:
            told(step.seq, total)
        yield step
