"""alert-test: whether alerts arrive, before it matters."""

from __future__ import annotations

from typing import Annotated

import typer

from daemon.app import alerting
from daemon.cli.exits import ExitCode
from daemon.cli.output import table, tell_error, tell_json
from daemon.cli.verb import Call, verb

_RULE = Annotated[
    str | None, typer.Option("--rule", metavar="NAME", help="Only this rule; else every one.")
]


def add_verbs(application: typer.Typer) -> None:
    """Register it."""
    verb(application, "alert-test")(alert_test)


def alert_test(call: Call, rule: _RULE = None) -> int:
    """Send a test to every target of the alert rules, once; exit code 1 if one was not taken."""
    alerts = call.settings().alerts
    outcomes = alerting.alert_test(alerts, rule)
    if not outcomes:
        known = dict.fromkeys(route.rule for route in alerting.alert_routes(alerts))
        if rule is None or not known:
            tell_error("there is no alert: set alerts.webhook_url, command or targets")
        else:
            tell_error(f"--rule {rule}: no such rule; accepted: {', '.join(known)}")
        return ExitCode.BAD_INPUT
    rows = [(one.rule, one.target, one.failure or "taken") for one in outcomes]
    if call.json_output:
        names = ("rule", "target", "outcome")
        tell_json({"alerts": [dict(zip(names, row, strict=True)) for row in rows]})
    else:
        table("alerts", ("rule", "target", "outcome"), rows)
    return ExitCode.FAILED if any(one.failure for one in outcomes) else ExitCode.OK
