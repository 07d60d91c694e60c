"""filld doctor: what a run needs, looked at one by one, with what to do about it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import typer

from daemon.app.doctor import examine
from daemon.app.findings import State
from daemon.cli.exits import ExitCode
from daemon.cli.output import table, tell, tell_error, tell_json
from daemon.cli.verb import Call, verb


def add_verbs(application: typer.Typer) -> None:
    """Register it."""
    verb(application, "doctor")(doctor)


def doctor(call: Call) -> int:
    """Check keys, clock, hosts, rights, journal and limits; 1 when something would fail."""
    settings, problems = call.usable()
    files = {"config": call.config, "env file": call.env_file}
    known = {name: path for name, path in files.items() if path is not None}
    checks = asyncio.run(examine(settings, known))
    if call.json_output:
        shown = [{**asdict(check), "state": check.state.value} for check in checks]
        tell_json({"checks": shown, "problems": problems})
    else:
        rows = [(check.state.value, check.where, check.item, check.text) for check in checks]
        table("filld doctor", ("state", "where", "what", "found"), rows)
        for check in checks:
            if check.advice:
                tell(f"{check.state.value}: {check.where}: {check.item}: {check.advice}")
    for problem in problems:
        tell_error(problem)
    if problems:
        return ExitCode.BAD_INPUT
    failed = any(check.state is State.FAIL for check in checks)
    return ExitCode.FAILED if failed else ExitCode.OK
