"""Rules: what holds where nothing was said."""

from __future__ import annotations

from daemon.core.rules import DEFAULT_EXITS, AccountPolicy
from tests import builders as make


def test_nothing_is_live_by_default() -> None:
    assert not AccountPolicy(account=make.ACCOUNT, venue=make.VENUE).place_live_orders
    assert DEFAULT_EXITS.max_attempts == 5
