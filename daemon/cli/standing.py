"""The verb that a container asks every half minute: `filld health`."""

from __future__ import annotations

import typer

from daemon.cli.door import current
from daemon.cli.exits import ExitCode
from daemon.cli.output import tell, tell_json
from daemon.cli.verb import Call, verb
from daemon.control.door import DoorError


def add_verbs(app: typer.Typer) -> None:
    """Register it."""
    verb(app, "health")(health)


def health(call: Call) -> int:
    """Whether every stop would fire now: exit code 0, else 1 and the reasons."""
    try:
        view = current(call.places(), "/readyz", {})
    except DoorError as error:
        # Whoever asks by this verb takes its word for it: nothing else than 0 and 1.
        view = {"ready": False, "not_ready": [str(error)], "sentence": f"NOT READY: {error}"}
    if call.json_output:
        tell_json(view)
    else:
        tell(str(view["sentence"]))
    return ExitCode.OK if view["ready"] else ExitCode.FAILED
