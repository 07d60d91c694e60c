"""Verbs about fills in files: process-fill, export, import. They touch no daemon's journal.

A daemon reads its fills from the venue itself, and a file cannot tell it better: so what a file
says goes into a fills journal of its own, never through the door of a daemon and never into its
journal, which is read here and not written.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from daemon.app.custody import journal_keys
from daemon.cli.exits import ExitCode, NothingThereError
from daemon.cli.fill_file import counted
from daemon.cli.fill_records import Record, read_records
from daemon.cli.output import progress, tell, tell_error, tell_json
from daemon.cli.verb import Call, verb
from daemon.control.bodies import BadInputError
from daemon.fill_handler import (
    FillError,
    FillHandler,
    as_dict,
    create_fill_handler,
)
from daemon.fill_handler.statefile import write_steps
from daemon.fill_handler.tally import Tally
from daemon.journal.sqlite import read_only

_BATCH: Final = 250

Journal = Annotated[
    Path | None, typer.Option("--journal", metavar="PATH", help="A fills journal of its own.")
]


def add_verbs(application: typer.Typer) -> None:
    """Register them."""
    verb(application, "process-fill")(process_fill)
    verb(application, "export")(export_fills)
    verb(application, "import")(import_fills)


def process_fill(
    call: Call,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON, or JSON lines; -: stdin.")],
    journal: Journal = None,
    venue: Annotated[
        str | None, typer.Option("--venue", help="kalshi, binance-usdm, ...: where it is unclear.")
    ] = None,
) -> int:
    """Take fills in any venue's form; bad records are told by line, good ones are kept.

    Without --journal nothing is kept. Exit code: 0 all good, 5 some bad, 2 all bad.
    """
    path = _fills_journal(call, journal)
    counts = asyncio.run(_process(call, file, path, venue))
    if call.json_output:
        tell_json({"journal": None if path is None else str(path), **asdict(counts)})
    else:
        kept = f"kept in {path}" if counts.fills else "nothing to keep"
        kept = "nothing is kept: name a --journal" if path is None else kept
        tell(
            f"{counts.fills} fills ({counts.duplicates} known already) in {counts.records} records,"
            f" {counts.bad} bad; {kept}"
        )
    return counts.code


def export_fills(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to.")],
    journal: Journal = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over an older file.")] = False,
) -> int:
    """Write all that is in the daemon's journal (running or not), or in --journal, as one file.

    Sealed where a key is configured. Reads only.
    """
    settings = call.places()
    keys = journal_keys(settings)
    path = settings.journal.path if journal is None else journal
    if not path.exists():
        raise NothingThereError(f"there is no journal at {path}")
    if file.exists() and not force:
        raise BadInputError(f"{file} is there already: --force writes over it")
    reader = read_only(path, keys=keys)
    try:
        with progress("export") as told:
            written = write_steps(
                file, counted(reader.replay(), reader.head().seq, told), Tally(), keys
            )
    finally:
        reader.close()
    if call.json_output:
        tell_json({"file": str(file), **asdict(written)})
    else:
        how = "sealed" if written.sealed else "in plain text: no key is configured"
        tell(f"{written.fills} fills of {path}, with all that its orders did, are in {file}, {how}")
    return ExitCode.OK


def import_fills(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export.")],
    journal: Journal = None,
    *,
    replace: Annotated[
        bool, typer.Option("--replace/--merge", help="In place of what is there, or beside it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen.")] = False,
) -> int:
    """Take the orders and fills of an export into the fills journal --journal.

    What contradicts the journal is told (order, field, both values), and then nothing is taken:
    exit code 4. With --replace the old journal stays beside the new one under another name. All of
    it is taken or, where this is interrupted, nothing.
    """
    path = _fills_journal(call, journal)
    if path is None:
        raise BadInputError("--journal: name the fills journal that it is to go into")
    return asyncio.run(_import(call, path, file, replace=replace, dry_run=dry_run))


async def _import(call: Call, path: Path, file: Path, *, replace: bool, dry_run: bool) -> int:
    async with await _handler(call, path) as handler:
        with progress("import") as told:
            report = await handler.import_file(file, replace=replace, dry_run=dry_run, told=told)
    done = not dry_run and not report.contradictions
    if call.json_output:
        tell_json({**as_dict(report), "dry_run": dry_run, "imported": done})
    else:
        for line in report.contradictions:
            tell_error(f"contradicts {path}: {line}")
        word = "imported" if done else "nothing imported; it would bring"
        known = f"{report.known_fills} fills were known already"
        tell(f"{word}: {report.new_orders} orders, {report.new_fills} fills; {known}")
    return ExitCode.DISAGREES if report.contradictions else ExitCode.OK


@dataclass(slots=True)
class Counts:
    """What became of the records of a file."""

    records: int = 0
    fills: int = 0
    duplicates: int = 0
    bad: int = 0

    @property
    def code(self) -> ExitCode:
        """All good, some bad, or all."""
        if not self.bad:
            return ExitCode.OK
        return ExitCode.BAD_INPUT if self.bad == self.records else ExitCode.PARTLY


def _fills_journal(call: Call, journal: Path | None) -> Path | None:
    if journal is not None and journal.resolve() == call.places().journal.path.resolve():
        raise BadInputError(
            f"--journal {journal}: is the daemon's, which reads its fills from the venue itself:"
            f" name another file"
        )
    return journal


async def _handler(call: Call, path: Path | None) -> FillHandler:
    keys = journal_keys(call.places())
    return await create_fill_handler({"journal": path, "keys": keys})


async def _process(call: Call, file: str, path: Path | None, venue: str | None) -> Counts:
    counts = Counts()
    async with await _handler(call, path) as handler:
        with _opened(file) as (stream, size), progress("process-fill") as told:
            records = read_records(stream)
            while batch := list(islice(records, _BATCH)):
                await _take(handler, batch, venue, counts)
                if size:
                    told(stream.tell(), size)
    return counts


async def _take(
    handler: FillHandler, batch: list[Record], venue: str | None, counts: Counts
) -> None:
    counts.records += len(batch)
    good = [record for record in batch if not isinstance(record.data, FillError)]
    data = [record.data for record in good if not isinstance(record.data, FillError)]
    taken = zip(good, await handler.process_each(data, venue), strict=True)
    bad: list[tuple[int, FillError]] = [
        (record.line, record.data) for record in batch if isinstance(record.data, FillError)
    ]
    for record, result in taken:
        if isinstance(result, FillError):
            bad.append((record.line, result))
        else:
            counts.fills += len(result)
            counts.duplicates += sum(fill.duplicate for fill in result)
            for note in (note for fill in result for note in fill.notes):
                tell_error(f"line {record.line}: note: {note}")
    counts.bad += len(bad)
    for line, error in sorted(bad, key=lambda one: one[0]):
        tell_error(f"line {line}: {error}")


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int]]:
    """The stream and its length, 0 where that is not known."""
    if file == "-":
        yield sys.stdin.buffer, 0
        return
    path = Path(file)
    with path.open("rb") as stream:
        yield stream, path.stat().st_size
