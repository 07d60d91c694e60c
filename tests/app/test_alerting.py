"""What the settings' alerts become, and what a test of them says of each target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daemon.app.alerting import alert_routes, alert_test, make_ping
from daemon.core.commands import NoticeKind
from daemon.settings import AlertSettings, load_settings
from daemon.telemetry.errors import UnknownServiceError

TARGETS = "FILLD_ALERTS__TARGETS"
NOBODY = "phone=json://127.0.0.1:9/canary desk=json://127.0.0.1:9/canary"


def alerts(tmp_path: Path, text: str = "", **environ: str) -> AlertSettings:
    config = tmp_path / "filld.toml"
    config.write_text(text)
    return load_settings(config, None, [], environ).alerts


def test_without_rules_all_targets_and_the_webhook_get_the_same(tmp_path: Path) -> None:
    hook = '[alerts]\nwebhook_url = "http://127.0.0.1:9/canary"\nnotices = ["dust"]\n'
    routes = alert_routes(alerts(tmp_path, hook, **{TARGETS: NOBODY}))
    assert [(r.rule, r.target) for r in routes] == [
        ("default", "webhook"),
        ("default", "phone"),
        ("default", "desk"),
    ]
    assert {r.notices for r in routes} == {frozenset({NoticeKind.DUST})}
    assert all(r.urgent for r in routes)


def test_a_rule_is_a_route_for_each_of_its_targets(tmp_path: Path) -> None:
    rule = {
        "name": "calm",
        "to": ["phone", "desk"],
        "notices": ["dust"],
        "venues": ["kalshi"],
        "symbols": ["NFL-*"],
        "per_minute": 3,
    }
    made = alerts(tmp_path, **{TARGETS: NOBODY, "FILLD_ALERTS__RULES": json.dumps([rule])})
    phone, desk = alert_routes(made)
    assert (phone.target, desk.target) == ("phone", "desk")
    assert (phone.urgent, phone.per_minute, phone.symbols) == (False, 3, ("NFL-*",))
    assert phone.notices == {NoticeKind.DUST}


def test_a_test_says_of_each_target_what_became_of_it(tmp_path: Path) -> None:
    command = '[alerts]\ncommand = ["/bin/cat"]\n'
    made = alerts(tmp_path, command, **{TARGETS: "phone=json://127.0.0.1:9/canary"})
    command_said, phone_said = alert_test(made, None)
    assert (command_said.target, command_said.failure) == ("command", "")
    assert (phone_said.target, phone_said.failure) == ("phone", "not reached, or not taken")
    assert alert_test(made, "other") == []


def test_an_address_that_no_service_takes_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownServiceError, match=r"alerts\.targets: phone") as caught:
        alert_routes(alerts(tmp_path, **{TARGETS: "phone=canary://canary"}))
    assert "canary" not in str(caught.value)


def test_without_an_address_there_is_no_ping(tmp_path: Path) -> None:
    assert make_ping(alerts(tmp_path), print, None, None) is None  # type: ignore[arg-type] # unused
