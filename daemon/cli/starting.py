"""Before the first run: a configuration to begin with, and the schema that editors check it by."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.exits import ExitCode
from daemon.cli.output import tell, tell_json
from daemon.cli.verb import Call, verb
from daemon.control.bodies import BadInputError
from daemon.settings.schema import config_schema
from daemon.settings.starter import starter, venues_of

_FILE = Path("filld.toml")


def add_verbs(application: typer.Typer) -> None:
    """Register them."""
    verb(application, "init", settings=False)(init)
    verb(application, "config-schema", settings=False)(print_schema)


def init(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")] = _FILE,
    *,
    venue: Annotated[
        list[str] | None,
        typer.Option("--venue", metavar="VENUE", help="kalshi, binance_usdm, ...; one each."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> int:
    """Write a commented configuration to begin with (mode 0600), live orders off."""
    venues = venues_of(venue or [])
    write_private(file, starter(venues), force=force)
    if call.json_output:
        tell_json({"file": str(file), "venues": venues})
    else:
        tell(f"{file} is written for {', '.join(venues)}: fill in the keys, then")
        tell(f"filld check-config --config {file}")
        tell(f"filld doctor --config {file}")
    return ExitCode.OK


def write_private(path: Path, text: str, *, force: bool) -> None:
    """Write a file of mode 0600, whole or not at all; raises BadInputError where one is."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        if force:
            partial.replace(path)
        else:
            path.hardlink_to(partial)
    except FileExistsError:
        raise BadInputError(f"{path} is there already; --force overwrites it") from None
    finally:
        partial.unlink(missing_ok=True)


def print_schema(_call: Call) -> int:
    """Print the JSON schema (2020-12) of the configuration file."""
    tell_json(config_schema())
    return ExitCode.OK
