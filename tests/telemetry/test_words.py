"""The dictionary of the log is what the code says: daemon.telemetry.words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.core.commands import Command
from daemon.core.events import Event
from daemon.telemetry.table import COMMAND_LINES, EVENT_LINES
from daemon.telemetry.words import COMMON, OWN_LINES, dictionary
from tests.telemetry.test_logs import EVENT, Lines, value

SOURCE = Path(__file__).parents[2] / "daemon"
METHODS = {"debug", "info", "warning", "error"}
SAID_BY_STRUCTLOG = {"exc_info": "exception"}


def calls() -> Iterator[tuple[str, str, set[str]]]:
    """Every `log.info("name", key=...)` in the source: name, level, keys."""
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            held = node.func.value
            name = held.attr if isinstance(held, ast.Attribute) else getattr(held, "id", "")
            if node.func.attr in METHODS and name in {"log", "_log"}:
                first = node.args[0]
                assert isinstance(first, ast.Constant), f"{file}:{node.lineno}: no constant name"
                keys = {word.arg for word in node.keywords if word.arg is not None}
                yield str(first.value), node.func.attr, keys


def test_every_line_that_the_daemon_writes_itself_is_there_and_no_other() -> None:
    written = list(calls())
    own = {event.event: event for event in OWN_LINES}
    assert {name for name, _, _ in written} == own.keys()
    for name, level, keys in written:
        known = {*own[name].fields, *COMMON}
        assert own[name].level == level, name
        assert {SAID_BY_STRUCTLOG.get(key, key) for key in keys} <= known, name


def test_every_event_has_one_entry_with_a_sentence() -> None:
    events = dictionary()
    names = [event.event for event in events]
    assert names == sorted(set(names))
    lines = {line.event for line in (*EVENT_LINES.values(), *COMMAND_LINES.values())}
    assert set(names) == lines | {event.event for event in OWN_LINES}
    assert all(len(event.when) > 10 for event in events)


@pytest.mark.parametrize("cls", [*EVENT_LINES, *COMMAND_LINES], ids=lambda cls: cls.__name__)
def test_a_line_has_no_field_that_is_not_documented(cls: type) -> None:
    lines = Lines()
    made = value(cls)
    if isinstance(made, Event):
        lines.observer.observe(7, made, ())
    else:
        assert isinstance(made, Command)
        lines.observer.observe(7, EVENT, (made,))
    line = lines.read()[-1]
    entry = next(event for event in dictionary() if event.event == line["event"])
    assert line.keys() <= {*entry.fields, *COMMON}
    urgent = entry.event == "notice"
    assert line["level"] == ("error" if urgent else entry.level)
