"""Decisions: each one is journalled, none of them asks the world for anything."""

from __future__ import annotations

import inspect

from daemon.core import decisions
from daemon.core.commands import Command


def test_every_decision_is_journalled() -> None:
    kinds = [kind for _name, kind in inspect.getmembers(decisions, inspect.isclass)]
    assert all(kind.durable for kind in kinds if issubclass(kind, Command))
