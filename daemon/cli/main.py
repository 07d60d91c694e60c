"""All verbs in one application."""

from __future__ import annotations

import typer

from daemon.cli import acting, checking, keeping, looking, running

_HELP = """Watches positions, fires stop exits, and follows them until nothing is left.

Exit codes: 0 done, 1 refused or failed, 2 bad usage or input, 3 no daemon and no journal,
4 a comparison disagrees."""


def application() -> typer.Typer:
    """The command `filld`."""
    filld = typer.Typer(
        name="filld",
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"max_content_width": 120},
    )
    for family in (running, checking, looking, acting, keeping):
        family.add_verbs(filld)
    return filld


def main() -> None:
    """Run one verb and end the process with its exit code."""
    application()()
