"""What `filld doctor` finds: one line for each thing it looked at, and what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class State(enum.Enum):
    """How a thing is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding. `where`: `machine`, or a venue with its account. `advice`: what to do."""

    where: str
    item: str
    state: State
    text: str
    advice: str = ""


class Findings:
    """The findings about one place, in the order in which they were made."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.checks: list[Check] = []

    def ok(self, item: str, text: str) -> None:
        """All is well."""
        self._add(item, State.OK, text, "")

    def warn(self, item: str, text: str, advice: str) -> None:
        """It works, and is probably not meant."""
        self._add(item, State.WARN, text, advice)

    def fail(self, item: str, text: str, advice: str) -> None:
        """A run would not work."""
        self._add(item, State.FAIL, text, advice)

    def _add(self, item: str, state: State, text: str, advice: str) -> None:
        self.checks.append(
            Check(where=self.where, item=item, state=state, text=text, advice=advice)
        )
