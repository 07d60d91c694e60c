"""What all verbs share: their options, their settings, and how an error becomes a code."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from daemon.cli.exits import NothingThereError, code_of, line_of
from daemon.cli.verb import Call, guarded, verb
from daemon.control.bodies import BadInputError
from daemon.control.door import DoorError, DoorRefusedError, NoDaemonError
from daemon.core.errors import BrokenInvariantError, FilldError
from daemon.journal.errors import JournalLockedError
from daemon.settings import SettingsError
from daemon.venues.errors import (
    NetworkError,
    NotFoundError,
    UnknownOutcomeError,
    WrongKeyError,
)


def made(calls: list[tuple[Call, str, bool]]) -> typer.Typer:
    app = typer.Typer()

    def play(call: Call, name: str, *, loud: bool = False) -> int:
        """Play it."""
        calls.append((call, name, loud))
        return 3

    verb(app, "play")(play)
    return app


def test_the_common_options_reach_the_call_and_the_rest_the_verb() -> None:
    calls: list[tuple[Call, str, bool]] = []
    words = ["--config", "a.toml", "x", "--loud", "--set", "a=1", "--set", "b=2", "--json"]
    result = CliRunner().invoke(made(calls), words)
    assert result.exit_code == 3
    call = Call(config=Path("a.toml"), overrides=("a=1", "b=2"), json_output=True)
    assert calls == [(call, "x", True)]


def test_the_files_may_come_from_the_environment() -> None:
    calls: list[tuple[Call, str, bool]] = []
    names = {"FILLD_CONFIG": "c.toml", "FILLD_ENV_FILE": "e.env"}
    CliRunner().invoke(made(calls), ["x"], env=names)
    assert calls == [(Call(config=Path("c.toml"), env_file=Path("e.env")), "x", False)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError(["a", "b"]), 2),
        (BadInputError("row 1"), 2),
        (WrongKeyError("no key"), 2),
        (DoorRefusedError("unknown", 404), 2),
        (DoorRefusedError("bad", 400), 2),
        (DoorRefusedError("not now", 409), 1),
        (DoorRefusedError("busy", 503), 1),
        (NoDaemonError("nobody"), 3),
        (NothingThereError("nothing"), 3),
        (DoorError("silent"), 1),
        (NetworkError("away"), 1),
        (NotFoundError("no such symbol"), 2),
        (UnknownOutcomeError("who knows"), 6),
        (JournalLockedError("in use"), 1),
        (BrokenInvariantError("impossible"), 1),
    ],
)
def test_each_error_has_its_code_and_its_lines(
    error: FilldError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask() -> int:
        raise error

    assert guarded(ask) == code == code_of(error)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "".join(f"filld: {line}\n" for line in line_of(error).splitlines())


def test_other_errors_are_bugs_and_pass() -> None:
    def ask() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guarded(ask)
