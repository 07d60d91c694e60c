"""daemon.settings.reloading: of every key it is said whether a reload puts it in force."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from daemon.settings import Settings, account_policies, ignored, stop_rules, waiting_for_restart

RUNNING = Settings()


def changed(**values: Any) -> Settings:
    return RUNNING.model_copy(update=values)


@pytest.mark.parametrize(
    ("read", "named"),
    [
        (changed(), ()),
        (changed(feed_alive_s=Decimal(16)), ("feed_alive_s",)),
        (changed(refresh_active=Decimal(3)), ("refresh_active",)),
        (changed(on_stop="cancel", grace_s=Decimal(6)), ()),
        (changed(limits=RUNNING.limits.model_copy(update={"max_orders_per_minute": 5})), ()),
        (changed(kalshi=RUNNING.kalshi.model_copy(update={"place_live_orders": True})), ()),
        (
            changed(kalshi=RUNNING.kalshi.model_copy(update={"private_key": SecretStr("new")})),
            ("kalshi.private_key",),
        ),
        (
            changed(trades=RUNNING.trades.model_copy(update={"max_retries": 9}), on_stop="cancel"),
            ("trades.max_retries",),
        ),
    ],
)
def test_what_waits_is_named(read: Settings, named: tuple[str, ...]) -> None:
    assert waiting_for_restart(RUNNING, read) == named


def test_what_is_not_named_is_in_the_rules_that_a_reload_makes() -> None:
    for values in ({"on_stop": "cancel"}, {"grace_s": Decimal(6)}, {"doubt_alert_s": Decimal(11)}):
        read = changed(**values)
        assert _rules(read) != _rules(RUNNING)


def _rules(settings: Settings) -> object:
    return account_policies(settings), stop_rules(settings), ignored(settings)
