"""All verbs in one application."""

from __future__ import annotations

import importlib
import sys
from typing import Annotated, Final

import typer

from daemon import __version__
from daemon.cli.output import tell

_HELP = """Watches positions, fires stop exits, and follows them until nothing is left.

Exit codes: 0 done, 1 refused or failed, 2 bad usage or input, 3 no daemon and no journal,
4 a comparison disagrees, 5 done in part, 6 an order whose outcome nobody knows."""


# The module that has each verb. It is imported when one of its verbs is asked for: all of them
# together take longer to import than any takes to answer.
FAMILIES: Final = {
    "starting": ("init", "config-schema"),
    "running": ("run", "paper", "demo", "simulate"),
    "checking": ("check-config",),
    "alerting": ("alert-test",),
    "doctoring": ("doctor",),
    "looking": ("status", "positions", "orders", "order", "exits"),
    "standing": ("health",),
    "tailing": ("tail", "log-events"),
    "why": ("why",),
    "top": ("top",),
    "figures": ("performance", "fee-analysis", "slippage", "export-csv"),
    "report": ("report",),
    "acting": ("halt", "resume", "exit", "confirm", "unguard", "resolve", "reload"),
    "trading": ("trade",),
    "keeping": ("import-positions", "replay", "rebuild"),
    "custody": ("keygen", "audit", "rekey"),
    "filling": ("process-fill", "export", "import"),
    "fill_group": ("fill",),
}


def application(word: str = "") -> typer.Typer:
    """The command `filld`: with the verbs beside `word`, or with all where that is none."""
    filld = typer.Typer(
        name="filld",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"max_content_width": 120},
    )
    filld.callback(help=_HELP)(_options)
    asked = [family for family, verbs in FAMILIES.items() if word in verbs]
    for family in asked or FAMILIES:
        importlib.import_module(f"daemon.cli.{family}").add_verbs(filld)
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
    application(*sys.argv[1:2])()
