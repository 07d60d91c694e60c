"""What an interop run has to say: checks, notes and skips of a client, and the table of them all.

Standard library only: it is imported by our own interpreter and by those of the clients.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path

Json = dict[str, object]


class MismatchError(AssertionError):
    """A client was told something other than what happened."""


@dataclass(slots=True)
class Check:
    """One call or channel that was tried; `problem` is empty where it passed."""

    name: str
    problem: str = ""


@dataclass(slots=True)
class Sheet:
    """The result of one client. `skipped` maps what was not tried to why."""

    client: str
    version: str = ""
    checks: list[Check] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def check(self, name: str) -> Iterator[None]:
        """Try one thing; a failure is written down and the next thing is tried."""
        found = Check(name)
        self.checks.append(found)
        try:
            yield
        except MismatchError as error:
            found.problem = str(error)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's client raises is a finding
            last = traceback.extract_tb(error.__traceback__)[-1]
            found.problem = f"{type(error).__name__}: {error} ({last.name}:{last.lineno})"

    def note(self, topic: str, evidence: str) -> None:
        """Write down where a client and the specification disagree, and what shows it."""
        self.notes[topic] = evidence

    @property
    def failed(self) -> list[Check]:
        """What did not pass."""
        return [check for check in self.checks if check.problem]

    def write(self, path: Path) -> None:
        """Hand the sheet over to the runner."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_sheet(path: Path) -> Sheet:
    """A sheet that another process wrote."""
    found = json.loads(path.read_text(encoding="utf-8"))
    found["checks"] = [Check(**check) for check in found["checks"]]
    return Sheet(**found)


def same(what: str, found: object, wanted: object) -> None:
    """Require equality; a string and a number that write the same quantity are equal."""
    if isinstance(wanted, Decimal):
        found = Decimal(str(found))
    if found != wanted:
        raise MismatchError(f"{what}: the client reads {found!r}, the exchange did {wanted!r}")


def require(truth: object, text: str) -> None:
    """Require a truth."""
    if not truth:
        raise MismatchError(text)


HEADS = ("client", "version", "tried", "passed", "failed", "skipped")


def rows_of(sheets: list[Sheet]) -> list[tuple[str, ...]]:
    """One row a client."""
    return [
        (
            sheet.client,
            sheet.version or "-",
            str(len(sheet.checks)),
            str(len(sheet.checks) - len(sheet.failed)),
            str(len(sheet.failed)),
            str(len(sheet.skipped)),
        )
        for sheet in sheets
    ]


def table(sheets: list[Sheet]) -> str:
    """All that is printed: the table, then what was tried, skipped, noted and failed."""
    rows = [HEADS, *rows_of(sheets)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
             for row in rows]  # fmt: skip
    for sheet in sheets:
        lines += ["", sheet.client, *_wrapped("tried", [check.name for check in sheet.checks])]
        lines += [f"  skipped  {what}: {why}" for what, why in sheet.skipped.items()]
        lines += [f"  note     {topic}: {text}" for topic, text in sheet.notes.items()]
        lines += [f"  FAILED   {check.name}: {check.problem}" for check in sheet.failed]
    return "\n".join(lines)


def _wrapped(head: str, names: list[str], width: int = 96) -> list[str]:
    lines: list[str] = []
    line = ""
    for name in names:
        if line and len(line) + len(name) > width:
            lines.append(line.rstrip())
            line = ""
        line += f"{name}; "
    lines.append(line.rstrip(" ;"))
    return [f"  {head if at == 0 else '':8} {text}" for at, text in enumerate(lines) if text]


def exit_code(sheets: list[Sheet]) -> int:
    """0 when nothing failed; a skip is no failure."""
    return 1 if any(sheet.failed for sheet in sheets) else 0
