"""How every verb is made: the options that all of them take, its errors, its exit code.

A verb is a function of a `Call` and its own options that returns an exit code. Errors that filld
raises on purpose become lines on standard error, never a traceback.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Concatenate, ParamSpec

import typer

from daemon.cli.exits import ExitCode, code_of, line_of
from daemon.cli.output import tell_error
from daemon.control.bodies import BadInputError, whole
from daemon.core.errors import FilldError
from daemon.settings import Settings, SettingsError, load_places, load_settings, read_settings

Options = ParamSpec("Options")

_CONFIG = Annotated[
    Path | None, typer.Option("--config", "-c", envvar="FILLD_CONFIG", help="The TOML file.")
]
_ENV_FILE = Annotated[
    Path | None, typer.Option("--env-file", envvar="FILLD_ENV_FILE", help="Lines NAME=value.")
]
_SET = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="One setting; wins over all others.")
]
_JSON = Annotated[bool, typer.Option("--json", help="JSON for machines.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The options that every verb takes."""

    config: Path | None = None
    env_file: Path | None = None
    overrides: tuple[str, ...] = ()
    json_output: bool = False

    def settings(self) -> Settings:
        """The settings of this call; raises SettingsError."""
        return load_settings(self.config, self.env_file, self.overrides, os.environ)

    def usable(self) -> tuple[Settings, list[str]]:
        """What is usable of them, the rest at its default, and everything that is wrong."""
        return read_settings(self.config, self.env_file, self.overrides, os.environ)

    def places(self) -> Settings:
        """Where the daemon and its journal are, though the rest of the settings be wrong.

        A slip in the file must not keep an operator from halting what runs. Raises SettingsError
        where the slip leaves open where that is.
        """
        try:
            return self.settings()
        except SettingsError as error:
            found = load_places(self.config, self.env_file, self.overrides, os.environ)
            for line in error.problems:
                tell_error(f"warning: {line}")
            tell_error(f"warning: the daemon is looked for at {found.socket_path}")
            return found


Verb = Callable[Concatenate[Call, Options], int]


def verb(app: typer.Typer, name: str, *, settings: bool = True) -> Callable[[Verb[Options]], None]:
    """Register a verb; without `settings` it takes only --json besides its own options."""

    def register(function: Verb[Options]) -> None:
        @functools.wraps(function)
        def command(**options: object) -> None:
            common = {name: options.pop(name) for name in _common(settings=settings)}
            call = _call(**common)  # type: ignore[arg-type] # parsed by the annotations below
            ask = functools.partial(function, call, **options)  # type: ignore[arg-type]
            raise typer.Exit(guarded(ask))

        own = inspect.signature(function, eval_str=True)
        shown = [*list(own.parameters.values())[1:], *_common(settings=settings).values()]
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in shown]
        command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        del command.__wrapped__  # its signature is not the command's
        app.command(name, help=inspect.getdoc(function))(command)

    return register


def number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Reads a whole number of that range, for an option's `parser`."""

    def read(text: str) -> int:
        try:
            return whole(str(text), least, most)  # a default comes as it is
        except BadInputError as error:
            raise typer.BadParameter(str(error)) from None

    return read


def _common(*, settings: bool) -> dict[str, inspect.Parameter]:
    options: list[tuple[str, object, object]] = [("json_output", _JSON, False)]
    if settings:
        options += [("config", _CONFIG, None), ("env_file", _ENV_FILE, None), ("set_", _SET, [])]
    word = inspect.Parameter.KEYWORD_ONLY
    return {
        name: inspect.Parameter(name, word, default=default, annotation=annotation)
        for name, annotation, default in options
    }


def _call(
    *,
    json_output: bool = False,
    config: Path | None = None,
    env_file: Path | None = None,
    set_: list[str] | None = None,
) -> Call:
    return Call(
        config=config,
        env_file=env_file,
        overrides=tuple(set_ or ()),
        json_output=json_output,
    )


def guarded(ask: Callable[[], int]) -> int:
    """The exit code of `ask`, or of the error that it raised, told on standard error."""
    try:
        return ask()
    except FilldError as error:
        tell_error(line_of(error))
        return code_of(error)
    except OSError as error:
        if error.filename is None:
            raise
        tell_error(f"{error.filename}: cannot be used ({error.strerror})")
        return ExitCode.FAILED
