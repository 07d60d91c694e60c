"""Verbs about the journal: import-positions, replay, rebuild."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from daemon.analytics.scene import Scene
from daemon.analytics.views import status_view
from daemon.app import rebuilding
from daemon.app.launch import Launch
from daemon.app.offline import offline_book, offline_import, verify_journal
from daemon.cli.door import act
from daemon.cli.exits import ExitCode, NothingThereError
from daemon.cli.output import pick, tell, tell_error, tell_json
from daemon.cli.positions_file import read_positions
from daemon.cli.verb import Call, verb
from daemon.control.acts import imported_rows
from daemon.control.bodies import BadInputError, ImportBody
from daemon.control.door import NoDaemonError
from daemon.core.requests import PositionsImported
from daemon.core.rules import AccountPolicy
from daemon.runtime.clock import SystemClock
from daemon.settings import KALSHI, Settings, account_policies


def add_verbs(application: typer.Typer) -> None:
    """Register them."""
    verb(application, "import-positions")(import_positions)
    verb(application, "replay")(replay)
    verb(application, "rebuild")(rebuild)


def import_positions(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A JSON list of positions.")],
) -> int:
    """Take positions of an older tool's JSON file: through the daemon, else into the journal."""
    settings = call.settings()
    found = read_positions(file)
    for remark in found.remarks:
        tell_error(remark)
    if not found.rows:
        raise BadInputError(f"{file}: no position in it is open; accepted: at least one")
    policy = _kalshi_policy(settings)
    body = ImportBody(rows=found.rows, account=policy.account, venue=policy.venue)
    try:
        view = {"source": "daemon", **act(settings, "/import-positions", body)}
    except NoDaemonError:
        took = asyncio.run(offline_import(settings, _event(policy, body)))
        view = {"source": "journal", "changed": took > 0, "positions_taken": took}
    view["rows"] = len(found.rows)
    if call.json_output:
        tell_json(view)
        return ExitCode.OK
    where = "by the running daemon" if view["source"] == "daemon" else "into the journal"
    held = "" if view["changed"] else "; all of them were held already, nothing changed"
    tell(f"{len(found.rows)} positions taken {where}{held}; the venue's own facts correct them")
    return ExitCode.OK


def _kalshi_policy(settings: Settings) -> AccountPolicy:
    """The file's form is Kalshi's: prices in dollars of the side held, whole contracts."""
    for policy in account_policies(settings):
        if policy.venue == KALSHI:
            return policy
    raise BadInputError("kalshi.key_id is not set: accepted are positions of a Kalshi account")


def _event(policy: AccountPolicy, body: ImportBody) -> PositionsImported:
    clock = SystemClock()
    return PositionsImported(
        receive_time_ns=clock.wall_ns(),
        mono_ns=clock.mono_ns(),
        account=policy.account,
        venue=policy.venue,
        rows=imported_rows(body),
    )


def replay(
    call: Call,
    *,
    check: Annotated[bool, typer.Option("--verify", help="Decide all of it again.")] = False,
) -> int:
    """Fold the journal; with --verify decide it again and compare (exit code 4: it differs)."""
    settings = call.settings()
    if not settings.journal.path.exists():
        raise NothingThereError(f"there is no journal at {settings.journal.path}")
    if check:
        return _verify(call, settings)
    book, seq = offline_book(settings)
    view = status_view(Scene(book=book, now_ns=SystemClock().wall_ns(), seq=seq))
    if call.json_output:
        tell_json(view)
        return ExitCode.OK
    held, work, doubt = pick(view, "positions_held", "exits_at_work", "orders_in_doubt")
    tell(f"{seq} records: {held} positions held, {work} exits at work, {doubt} orders in doubt")
    return ExitCode.OK


def _verify(call: Call, settings: Settings) -> int:
    result = verify_journal(settings)
    if call.json_output:
        tell_json(asdict(result))
    elif result.divergence is None:
        older = f" ({result.skipped} of another engine, folded only)" if result.skipped else ""
        tell(f"{result.records} records{older}: every decision comes out the same")
    else:
        tell_error(f"after {result.records} records: {result.divergence}")
    return ExitCode.OK if result.divergence is None else ExitCode.DISAGREES


def rebuild(call: Call) -> int:
    """Make the book anew from what the venue says; it starts halted until filld resume."""
    settings = call.settings()
    held = asyncio.run(rebuilding.rebuild(Launch(settings=settings, reload=call.settings)))
    if call.json_output:
        tell_json({"positions_held": held, "halted": True})
    else:
        what = f"{held} positions as the venue says, halted"
        tell(f"{what}: look with filld positions, then start filld run and say filld resume")
    return ExitCode.OK
