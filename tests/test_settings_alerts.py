"""[alerts] (daemon.settings.alerts): addresses are one secret, rules say their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.core.commands import NoticeKind
from daemon.settings import effective, read_settings

ENVIRON = {"FILLD_ALERTS__TARGETS": "phone=tgram://canary/1 desk=json://127.0.0.1:9/canary"}


def test_a_rule_of_the_file_and_addresses_of_a_credential(tmp_path: Path) -> None:
    (tmp_path / "alerts_targets").write_text("phone=tgram://canary/1\ndesk=slack://canary\n")
    config = tmp_path / "filld.toml"
    config.write_text('[[alerts.rules]]\nname = "a"\nto = ["desk"]\nnotices = ["urgent", "dust"]\n')
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    settings, problems = read_settings(config, None, [], environ)
    assert problems == []
    (rule,) = settings.alerts.rules
    assert rule.notices == ("urgent", NoticeKind.DUST)
    assert settings.alerts.addresses["desk"] == "slack://canary"
    assert "canary" not in repr(settings) + repr(effective(settings))


@pytest.mark.parametrize(
    ("text", "environ", "line"),
    [
        ('[[alerts.rules]]\nname="a"\nto=["desk"]\nnoties=[]\n', ENVIRON, "did you mean notices?"),
        ('[[alerts.rules]]\nname="a"\nto=["fone"]\n', ENVIRON, "to fone: accepted: phone, desk"),
        ('[[alerts.rules]]\nname="a"\nto=["desk"]\n', {}, "alerts.targets is not set"),
        ('[[alerts.rules]]\nname="a"\nto=[]\n', ENVIRON, "alerts.rules[0].to"),
        ('[alerts]\ntargets = "phone=tgram://canary/1"\n', {}, "a secret is no configuration"),
        ("", {"FILLD_ALERTS__TARGETS": "tgram://canary/1"}, "number 1: accepted: NAME=ADDRESS"),
        ("", {"FILLD_ALERTS__TARGETS": "a=x://canary a=y://canary"}, "number 2: a is there twice"),
        ('[[alerts.rules]]\nname="a"\nto=["desk"]\n' * 2, ENVIRON, "a is there twice"),
        ('[[holdings]]\nvenu = "x"\n', {}, "did you mean venue?"),
    ],
)
def test_what_is_wrong_is_said_and_no_address(
    tmp_path: Path, text: str, environ: dict[str, str], line: str
) -> None:
    config = tmp_path / "filld.toml"
    config.write_text(text)
    _, problems = read_settings(config, None, [], environ)
    assert any(line in problem for problem in problems)
    assert "canary" not in str(problems)
