"""alert-test: exit codes, and never an address."""

from __future__ import annotations

import pytest

from tests.cli.stage import Stage

TARGETS = "FILLD_ALERTS__TARGETS"


def test_a_target_that_takes_nothing_ends_with_1(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TARGETS, "phone=json://127.0.0.1:9/canary")
    said = stage.filld("alert-test", "--json")
    assert said.code == 1
    assert said.json == {
        "alerts": [{"rule": "default", "target": "phone", "outcome": "not reached, or not taken"}]
    }
    for verb in ("alert-test", "check-config"):
        said = stage.filld(verb)
        assert "canary" not in said.out + said.err


def test_a_target_that_takes_it_ends_with_0(stage: Stage) -> None:
    stage.config.write_text(stage.config.read_text() + '[alerts]\ncommand = ["/bin/cat"]\n')
    said = stage.filld("alert-test", "--rule", "default")
    assert (said.code, said.err) == (0, "")
    assert "taken" in said.out


def test_what_is_not_there_is_said(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    said = stage.filld("alert-test")
    assert said.code == 2
    assert "there is no alert" in said.err
    monkeypatch.setenv(TARGETS, "phone=json://127.0.0.1:9/canary")
    said = stage.filld("alert-test", "--rule", "fone")
    assert (said.code, said.err) == (2, "filld: --rule fone: no such rule; accepted: default\n")
    monkeypatch.setenv(TARGETS, "phone=canary://canary")
    for verb in ("alert-test", "check-config"):
        said = stage.filld(verb)
        assert said.code == 2
        assert "alerts.targets: phone: not an address" in said.err
        assert "canary" not in said.err
