"""Where state lies for whoever runs filld: daemon.settings.kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.settings import SettingsError
from daemon.settings.kinds import state_home
from tests.test_settings import load


def test_a_user_without_a_home_has_a_place_for_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 61_184)  # a DynamicUser is in no passwd file
    assert state_home() == Path("/var/lib/filld")
    with pytest.raises(SettingsError, match="no home directory: write the whole path"):
        load(tmp_path, '[journal]\npath = "~/journal.db"')


@pytest.mark.parametrize("key", ["journal.path", "journal.state_dir", "control.socket"])
def test_a_path_with_a_nul_is_refused_before_anything_is_asked_for_it(
    tmp_path: Path, key: str
) -> None:
    section, _, name = key.partition(".")
    with pytest.raises(SettingsError, match=rf"{key} = .*: accepted: a path"):
        load(tmp_path, f'[{section}]\n{name} = "a\\u0000b"')
