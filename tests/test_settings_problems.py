"""Everything that is wrong with the settings is told at once, and none of it hides the daemon:
daemon.settings.problems, daemon.settings.load."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.settings import Settings, SettingsError, load_places, load_settings, read_settings
from tests.test_settings import only, problems

BROKEN = "[exits\norder = 'ioc'"


def places(config: Path | None, *overrides: str, env_file: Path | None = None) -> Settings:
    return load_places(config, env_file, overrides, {})


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, "refresh_active = 0\n[exits]\norder = 'x'\nmax_attempts = 'y'")
    assert len(found) == 3
    assert len(only(problems(tmp_path, f"[exits]\norder = '{'x' * 500}'"))) < 300


def test_an_unknown_key_hides_no_other_problem(tmp_path: Path) -> None:
    toml = """
    [exits]
    ordr = "ioc"
    max_attempts = 0
    [alerts]
    notices = ["rain"]
    webhook_url = "https://a"
    command = ["b"]
    [[stops]]
    stop_px = "0.60"
    [[stops]]
    symbol = "A"
    order = "fok"
    """
    found = problems(tmp_path, toml, FILLD_KALSHI__ACOUNT="x")
    for words in (
        "exits.ordr (",
        "FILLD_KALSHI__ACOUNT (environment): unknown name",
        "exits.max_attempts = 0",
        "alerts.notices[0] = 'rain'",
        "alerts (",
        "stops[0].symbol (",
        "stops[1].order = 'fok'",
        "stops[1] (",
    ):
        assert [line for line in found if line.startswith(words)], (words, found)
    assert len(found) == 8


def test_broken_toml_hides_no_other_problem(tmp_path: Path) -> None:
    found = problems(tmp_path, "refresh_active = 0\n" + BROKEN, FILLD_ZZZ="1")
    assert "is not TOML (" in found[1]
    assert [line.partition(" ")[0] for line in found] == [
        "FILLD_ZZZ",
        f"{tmp_path / 'filld.toml'}:",
        "refresh_active",
    ]


def test_what_is_usable_is_read_and_the_rest_is_at_its_default(tmp_path: Path) -> None:
    config = tmp_path / "filld.toml"
    config.write_text(
        "refresh_idle = 7\nrefresh_active = 0\n[[stops]]\nsymbol = 'A'\nstop_px = '0.5'\n"
        "[[stops]]\nsymbol = 'B'\nstop_px = 'x'\n"
    )
    settings, found = read_settings(config, None, (), {})
    assert settings.refresh_idle == 7
    assert settings.refresh_active == Settings().refresh_active
    assert [stop.symbol for stop in settings.stops] == ["A"]
    assert settings.source("refresh_active") == "default"
    assert len(found) == 2


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere.toml: cannot be read \(No such file"):
        load_settings(tmp_path / "nowhere.toml", None, (), {})
    with pytest.raises(SettingsError, match=r"env file .*nowhere.env: cannot be read \(No such"):
        load_settings(None, tmp_path / "nowhere.env", (), {})
    assert "is not TOML" in only(problems(tmp_path, "[exits\norder"))
    (tmp_path / "kalshi_key_id").write_bytes(b"\xff\xfe")
    found = problems(tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert "credential" in only(found)


@pytest.mark.parametrize("slip", [BROKEN, "order = = 'ioc'", "[exits]\norder = 'ioc", "zzz = 1"])
def test_the_socket_is_found_in_broken_toml(tmp_path: Path, slip: str) -> None:
    config = tmp_path / "filld.toml"
    for text in (
        f"{slip}\n[journal]\nstate_dir = '/run/mine'\npath = '/run/j.db' # here\n",
        f"[journal]\nstate_dir = '/run/mine'\npath = '/run/j.db'\n{slip}\n",
    ):
        config.write_text(text)
        found = places(config)
        assert found.socket_path == Path("/run/mine/filld.sock")
        assert found.journal.path == Path("/run/j.db")


@pytest.mark.parametrize(
    "text", ["[journal]\nstate_dir = '/run/mine\n", "journal]\nstate_dir = '/run/mine'\n"]
)
def test_a_socket_that_broken_toml_hides_is_not_guessed(tmp_path: Path, text: str) -> None:
    config = tmp_path / "filld.toml"
    config.write_text(text)
    with pytest.raises(SettingsError, match=r"--set control\.socket=PATH"):
        places(config)


def test_without_a_word_on_it_the_socket_is_at_its_default(tmp_path: Path) -> None:
    config = tmp_path / "filld.toml"
    config.write_text(BROKEN)
    assert places(config).socket_path == Settings().socket_path


def test_a_place_that_nobody_knows_is_not_guessed(tmp_path: Path) -> None:
    config, nowhere = tmp_path / "filld.toml", tmp_path / "nowhere"
    config.write_text("[journal]\nstate_dir = 5\n")
    for broken, env_file in ((config, None), (nowhere, None), (None, nowhere)):
        with pytest.raises(SettingsError, match=r"--set control\.socket=PATH") as caught:
            places(broken, env_file=env_file)
        assert len(caught.value.problems) == 2
        found = places(broken, "control.socket=/run/s", env_file=env_file)
        assert found.socket_path == Path("/run/s")
    with pytest.raises(SettingsError, match="--set nonsense"):
        places(config, "control.socket=/run/s", "nonsense=1")
