"""All verbs in one application."""

from __future__ import annotations

from typing import Annotated

import typer

from daemon import __version__
from daemon.cli import (
    acting,
    alerting,
    checking,
    custody,
    doctoring,
    figures,
    filling,
    keeping,
    looking,
    report,
    running,
    starting,
    tailing,
    top,
    trading,
    why,
)
from daemon.cli.fill_group import fill_group
from daemon.cli.output import tell

_HELP = """Watches positions, fires stop exits, and follows them until nothing is left.

Exit codes: 0 done, 1 refused or failed, 2 bad usage or input, 3 no daemon and no journal,
4 a comparison disagrees, 5 done in part."""


def application() -> typer.Typer:
    """The command `filld`."""
    filld = typer.Typer(
        name="filld",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"max_content_width": 120},
    )
    filld.callback(help=_HELP)(_options)
    for family in (
        starting,
        running,
        checking,
        alerting,
        doctoring,
        looking,
        tailing,
        why,
        top,
        figures,
        report,
        acting,
        trading,
        keeping,
        custody,
        filling,
    ):
        family.add_verbs(filld)
    filld.add_typer(fill_group())
    return filld


def _tell_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        tell(f"filld {__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Its version.")
    ] = False,
) -> None:
    """What `filld` takes without a verb."""


def main() -> None:
    """Run one verb and end the process with its exit code."""
    application()()
