"""The runbook has an entry for everything that can wake somebody, and for nothing else."""

from __future__ import annotations

import re
from typing import Final, get_args, get_type_hints

import yaml  # type: ignore[import-untyped]  # it brings no types

from daemon.analytics.guards import GuardState
from daemon.core.commands import NoticeKind
from daemon.telemetry.alerts import Alert
from daemon.telemetry.words import dictionary
from tests.readme.pages import README, ROOT, RUNBOOK, prose

_ENTRY: Final = re.compile(
    r"^### [^\n]+\n\nTold as: (?P<names>.+?)\.\n\n", re.MULTILINE | re.DOTALL
)
# `notice` is every notice; each has its own name.
_CARRIER: Final = "notice"


def rules() -> set[str]:
    """The alert rules for Prometheus."""
    text = (ROOT / "config" / "prometheus-alerts.yaml").read_text("utf-8")
    groups = yaml.safe_load(text)["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"]}


def lines() -> set[str]:
    """The events of the log that want an eye or a hand."""
    return {line.event for line in dictionary() if line.level in {"warning", "error"}} - {_CARRIER}


def notices() -> set[str]:
    """What the operator is told by alert: by the core, and by the process itself."""
    own = [kind for kind in get_args(get_type_hints(Alert)["notice"]) if kind is not NoticeKind]
    return {kind.value for kind in NoticeKind} | {name for kind in own for name in get_args(kind)}


def entries() -> list[set[str]]:
    """The names of each entry."""
    found = _ENTRY.finditer(prose(RUNBOOK))
    return [set(re.findall(r"`(\w+)`", entry["names"])) for entry in found]


def test_everything_that_wakes_has_an_entry() -> None:
    told = set().union(*entries())
    assert not (rules() | lines() | notices()) - told


def test_every_entry_is_about_something_that_exists() -> None:
    for names in entries():
        assert names <= rules() | lines() | notices()


def test_every_entry_says_what_it_means_and_what_to_do() -> None:
    alerts = prose(RUNBOOK).partition("\n## Alerts\n")[2].partition("\n## ")[0]
    parts = alerts.split("\n### ")[1:]
    assert len(parts) == len(entries())
    for part in parts:
        assert "- **Means:**" in part, part[:60]
        assert any(word in part for word in ("**Do:**", "**Look:**")), part[:60]


def test_every_word_of_a_guard_is_explained() -> None:
    words = set(re.findall(r"^\| ([A-Z_]{4,}) \|", prose(RUNBOOK), re.MULTILINE))
    assert words == {state.value for state in GuardState}


def test_the_first_screen_of_the_readme_leads_to_it() -> None:
    first = README.read_text("utf-8").partition("\n## A first look")[0]
    assert "(OPERATIONS.md)" in first
