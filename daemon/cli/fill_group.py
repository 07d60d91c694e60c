"""`filld fill ...`: the verbs about orders and fills under one name."""

from __future__ import annotations

import typer

from daemon.cli import figures, filling, looking
from daemon.cli.verb import verb


def add_verbs(app: typer.Typer) -> None:
    """Register the group; its verbs are those of `filld` itself."""
    group = typer.Typer(name="fill", no_args_is_help=True, rich_markup_mode=None)
    group.callback(help="Orders and fills: of the daemon, its journal, or a file.")(_no_options)
    verb(group, "status")(looking.status)
    verb(group, "orders")(looking.orders)
    verb(group, "order")(looking.order)
    filling.add_verbs(group)
    figures.add_verbs(group)
    app.add_typer(group)


def _no_options() -> None:
    """What `filld fill` takes without a verb."""
