"""The verb that tells why: `filld why ORDER`. Reads the journal, whether or not a daemon runs."""

from __future__ import annotations

from typing import Annotated

import typer

from daemon.app.why import journal_why
from daemon.cli.exits import ExitCode, NothingThereError
from daemon.cli.output import pick, progress, table, tell, tell_json, views
from daemon.cli.verb import Call, verb
from daemon.control.door import DoorRefusedError
from daemon.control.why import no_order

_LINK = ("seq", "time", "what", "client_order_id", "text")


def add_verbs(application: typer.Typer) -> None:
    """Register it."""
    verb(application, "why")(why)


def why(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="ORDER", help="Either id.")],
) -> int:
    """Why an order was sent, and what became of it: quote, rule, exit, orders, fills."""
    settings = call.places()
    if not settings.journal.path.exists():
        raise NothingThereError(f"there is no journal at {settings.journal.path}")
    with progress("reading the journal") as told:
        view = journal_why(settings, name, told)
    if view is None:
        refusal = no_order(name)
        raise DoorRefusedError(refusal.line, refusal.status)
    if call.json_output:
        tell_json(view)
        return ExitCode.OK
    order, venue, symbol, account = pick(view, "client_order_id", "venue", "symbol", "account")
    served = f"exit {view['exit_no']}" if view["exit_no"] else f"trade {view['trade_no']}"
    tell(f"order {order} of {served} of {symbol} on {venue} ({account})")
    links = [pick(link, *_LINK) for link in views(view, "chain")]
    table("why (prices of the instrument)", ("record", *_LINK[1:3], "order", "text"), links)
    return ExitCode.OK
