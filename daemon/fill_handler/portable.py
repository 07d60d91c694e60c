"""Steps as plain JSON and back, and a whole ledger as one dict.

`{"format": "filld-fills", "version": 1, "steps": [[event name, event, [[command name, command],
...]], ...], "tally": {...}, "checksum": sha256 of the rest}`. Decimals are their exact text, times
integers (UTC ns, beyond 2^53: a reader that makes floats of them is caught by the checksum). What
is read is what was written, or it is refused. Files have a form that streams: `statefile`.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, TypeVar, cast

import msgspec

from daemon.control.bodies import shown
from daemon.core.commands import Command
from daemon.core.errors import FilldError
from daemon.fill_handler.errors import StateError
from daemon.fill_handler.tally import Tally
from daemon.journal.codec import COMMANDS, EVENTS
from daemon.ports import Record

FORMAT: Final = "filld-fills"
VERSION: Final = 1
# Digits on either side of the point: beyond any sum of any venue's.
_FAR: Final = 30
_NUMBERLESS: Final = {str, int, bool, type(None)}
_NAMES: Final[dict[type, tuple[str, ...]]] = {}  # of the fields of each class that was met

State = dict[str, object]
T = TypeVar("T")

_EVENTS: Final = {kind.__name__: kind for kind in EVENTS}
_COMMANDS: Final = {kind.__name__: kind for kind in COMMANDS}


def export(steps: Iterable[Record], tally: Tally) -> State:
    """The state as a plain dict, sealed by its checksum alone."""
    rows = [plain_step(step) for step in steps]
    body = {"format": FORMAT, "version": VERSION, "steps": rows, "tally": plain(tally)}
    return {**body, "checksum": _checksum(body)}


def steps_of(state: Mapping[str, object]) -> tuple[list[Record], Tally]:
    """The steps and sums of an export; raises `StateError`, which says what is wrong and where."""
    _check(state)
    rows = state["steps"]
    if not isinstance(rows, list):
        raise StateError("steps: is no list")
    found = [read_step(number, row) for number, row in enumerate(rows, start=1)]
    return found, read_as(state["tally"], Tally, "tally")


def _check(state: Mapping[str, object]) -> None:
    if not isinstance(state, Mapping):
        raise StateError(f"the state is {type(state).__name__}, not a mapping: no export of fills")
    form, version = state.get("format"), state.get("version")
    if form != FORMAT:
        raise StateError(f"format: is {shown(form)}, not {FORMAT!r}: no export of fills")
    if type(version) is not int or version != VERSION:
        raise StateError(f"version: is {shown(version)}; this filld reads version {VERSION}")
    body = {key: value for key, value in state.items() if key != "checksum"}
    extra = sorted(map(shown, body.keys() ^ {"format", "version", "steps", "tally"}))
    if extra:
        name = extra[0].strip("'")
        raise StateError(f"{name}: is missing, or no part of an export of version {VERSION}")
    if state.get("checksum") != _checksum(body):
        raise StateError("checksum: does not match: the export was altered or cut")


def _checksum(body: Mapping[str, object]) -> str:
    try:
        return hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise StateError(f"this is no plain JSON: {error}") from None


def plain_step(step: Record) -> list[object]:
    """A step as plain JSON values; its number is its place."""
    commands = [[type(command).__name__, plain(command)] for command in step.commands]
    return [type(step.event).__name__, plain(step.event), commands]


def plain(value: object) -> object:
    """A value of the core's, or a tally, as plain JSON values."""
    return cast("object", msgspec.to_builtins(value, builtin_types=(), str_keys=True))


def read_step(number: int, row: object) -> Record:
    """The step that `row` is, the `number`th (1: the first); raises `StateError`."""
    where = f"steps[{number - 1}]"
    match row:
        case [str(name), event, list(commands)] if name in _EVENTS:
            read = read_as(event, _EVENTS[name], f"{where} {name}")
            return Record(number, read, tuple(_read_command(one, where) for one in commands))
        case _:
            raise StateError(f"{where}: is no step")


def _read_command(row: object, where: str) -> Command:
    match row:
        case [str(name), command] if name in _COMMANDS:
            return read_as(command, _COMMANDS[name], f"{where} {name}")
        case _:
            raise StateError(f"{where}: holds what is no decision")


def read_as(value: object, kind: type[T], where: str) -> T:
    """A `kind` out of plain values; raises `StateError`, which names `where`."""
    try:
        found = msgspec.convert(value, kind, str_keys=True)
    except (msgspec.ValidationError, FilldError, UnicodeError, RecursionError) as error:
        raise StateError(f"{where}: {error}") from None
    for number in _numbers(found):
        if not number.is_finite() or abs(number.adjusted()) > _FAR:
            bad = f"{where}: {shown(number)}"
            raise StateError(f"{bad}: accepted: numbers that can be counted with")
    return found


def _numbers(value: object) -> list[Decimal]:
    """Every decimal in a value of the core's."""
    found: list[Decimal] = []
    for part in _parts(value):
        if isinstance(part, Decimal):
            found.append(part)
        elif type(part) not in _NUMBERLESS and not isinstance(part, enum.Enum):
            found += _numbers(part)
    return found


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, tuple | list):
        return value
    kind = type(value)
    if kind not in _NAMES:
        _NAMES[kind] = tuple(one.name for one in dataclasses.fields(kind))  # type: ignore[arg-type]
    return [getattr(value, name) for name in _NAMES[kind]]
