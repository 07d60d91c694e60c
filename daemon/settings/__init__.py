"""The settings: one frozen tree, its sources by precedence, and what the core makes of it.

Precedence (semantics.md 30): `--set`, environment, env file, credentials directory, TOML, default.
Opens no key file and no connection.
"""

from __future__ import annotations

from daemon.settings.errors import SettingsError
from daemon.settings.load import Effective, effective, load_places, load_settings, read_settings
from daemon.settings.rules import account_policies, ignored, operator_policy, stop_rules
from daemon.settings.tree import Settings

__all__ = [
    "Effective",
    "Settings",
    "SettingsError",
    "account_policies",
    "effective",
    "ignored",
    "load_places",
    "load_settings",
    "operator_policy",
    "read_settings",
    "stop_rules",
]
