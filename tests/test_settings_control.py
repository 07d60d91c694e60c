"""[control]: the door on the loopback interface, and the token that opens it."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.app.door import tcp_door
from daemon.settings import SettingsError
from tests.test_settings import load, only, problems

TOKEN = "a-token-of-forty-characters-and-no-space"


@pytest.mark.parametrize(
    ("tcp", "host"), [("127.0.0.1:8790", "127.0.0.1"), ("127.9.9.9:8790", "127.9.9.9")]
)
def test_it_is_off_unless_configured_with_a_token(tmp_path: Path, tcp: str, host: str) -> None:
    assert tcp_door(load(tmp_path)) is None
    assert tcp_door(load(tmp_path, FILLD_CONTROL__TOKEN=TOKEN)) is None
    settings = load(tmp_path, f'[control]\ntcp = "{tcp}"', FILLD_CONTROL__TOKEN=TOKEN)
    door = tcp_door(settings)
    assert door is not None
    assert (door.host, door.port, door.token) == (host, 8790, TOKEN)
    assert TOKEN not in repr(settings) + repr(door)


def test_ipv6(tmp_path: Path) -> None:
    door = tcp_door(load(tmp_path, '[control]\ntcp = "[::1]:1"', FILLD_CONTROL__TOKEN=TOKEN))
    assert door is not None
    assert (door.host, door.addresses[0]) == ("::1", "[::1]:1")


def test_without_a_token_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"control.tcp = 127.0.0.1:8790 \(.*filld.toml\): acc"):
        tcp_door(load(tmp_path, '[control]\ntcp = "127.0.0.1:8790"'))


@pytest.mark.parametrize(
    "tcp",
    ["0.0.0.0:8790", "192.168.1.2:8790", "localhost:8790", "127.0.0.1", "127.0.0.1:0", "[::]:1"],
)
def test_anything_but_loopback_is_refused(tmp_path: Path, tcp: str) -> None:
    found = only(problems(tmp_path, f'[control]\ntcp = "{tcp}"'))
    assert found.startswith(f"control.tcp = '{tcp}'")
    assert found.endswith("accepted: a loopback address and a port, as 127.0.0.1:8790")


@pytest.mark.parametrize("token", ["short", "with a space" * 4, "x" * 257])
def test_a_bad_token_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    found = only(problems(tmp_path, FILLD_CONTROL__TOKEN=token))
    assert found.startswith("control.token = (hidden)")
    assert token not in found


def test_a_token_has_no_place_in_the_file(tmp_path: Path) -> None:
    found = only(problems(tmp_path, f'[control]\ntoken = "{TOKEN}"'))
    assert "a secret is no configuration" in found
    assert "control_token" in found
