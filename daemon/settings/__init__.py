"""The settings: one frozen tree, its sources by precedence, and what the core makes of it.

Precedence (semantics.md 30): `--set`, environment, env file, credentials directory, TOML, default.
Opens no key file and no connection.
"""

from __future__ import annotations

from daemon.settings.accounts import CryptoSettings, KalshiSettings
from daemon.settings.alerts import AlertRule, AlertSettings
from daemon.settings.errors import SettingsError
from daemon.settings.load import Effective, effective, load_places, load_settings, read_settings
from daemon.settings.reloading import waiting_for_restart
from daemon.settings.rules import account_policies, ignored, stop_rules
from daemon.settings.tree import KALSHI, Settings, TradeSettings

__all__ = [
    "KALSHI",
    "AlertRule",
    "AlertSettings",
    "CryptoSettings",
    "Effective",
    "KalshiSettings",
    "Settings",
    "SettingsError",
    "TradeSettings",
    "account_policies",
    "effective",
    "ignored",
    "load_places",
    "load_settings",
    "read_settings",
    "stop_rules",
    "waiting_for_restart",
]
