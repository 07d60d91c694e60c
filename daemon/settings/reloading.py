"""What a reload puts in force, and what of the settings waits for a restart. Pure."""

from __future__ import annotations

from functools import reduce
from typing import Final

from daemon.settings.sources import KEYS
from daemon.settings.tree import Settings

# What `rules.py` makes the core's rules of. `refresh_active` is not among them: of two places
# that go by it, one is set up at the start.
_SECTIONS: Final = frozenset({"exits", "limits", "stops", "ignore"})
_NAMES: Final = frozenset({"on_stop", "grace_s", "doubt_alert_s", "place_live_orders"})


def waiting_for_restart(running: Settings, read: Settings) -> tuple[str, ...]:
    """The dotted keys that differ from those of the run and that no reload puts in force."""
    return tuple(
        key for key in KEYS if not _reloaded(key) and _value(running, key) != _value(read, key)
    )


def _reloaded(key: str) -> bool:
    section, _, _ = key.partition(".")
    return section in _SECTIONS or key.rpartition(".")[2] in _NAMES


def _value(settings: Settings, key: str) -> object:
    return reduce(getattr, key.split("."), settings)
