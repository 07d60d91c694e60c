"""filld doctor against the paper exchanges: what is sound, and each fault by itself.

Covers daemon.app.doctor, daemon.app.doctor_machine, daemon.app.doctor_venue, daemon.app.findings,
daemon.venues.rights, daemon.venues.kalshi.rights, daemon.venues.binance.rights and
daemon.venues.bitget.rights.
"""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.app.doctor import examine
from daemon.app.doctor_machine import machine_checks
from daemon.app.findings import Check, State
from daemon.app.opening import open_journal
from daemon.paper.server import PaperServer, serve
from daemon.runtime.clock import SystemClock
from daemon.settings import Settings, load_settings
from tests.acceptance.play import OtherClock
from tests.contract.rooms import ALPHA, KALSHI_ROOM, ROOMS, Room

SPOT, USDM, BITGET, PHEMEX = (
    next(room for room in ROOMS if room.name.startswith(name))
    for name in ("binance-spot", "binance-usdm", "bitget-usdt-futures-classic", "phemex-perp")
)


class Ward:
    """One paper exchange and the settings of who trades there."""

    def __init__(self, folder: Path, paper: PaperServer) -> None:
        self.folder, self.paper = folder, paper

    def settings(self, **environ: str) -> Settings:
        places = {
            "FILLD_JOURNAL__PATH": str(self.folder / "journal.db"),
            "FILLD_JOURNAL__STATE_DIR": str(self.folder),
        }
        return load_settings(None, self.folder / f"{ALPHA}.env", [], {**places, **environ})

    async def ask(self, **environ: str) -> list[Check]:
        return await examine(self.settings(**environ), {})


@asynccontextmanager
async def ward(
    folder: Path, room: Room, ahead_s: int = 0, account: Mapping[str, Any] | None = None
) -> AsyncIterator[Ward]:
    config = room.paper(account or {}, {})
    async with await serve(config, clock=OtherClock(ahead_s)) as paper:
        paper.write_environments(folder)
        yield Ward(folder, paper)


def bad(checks: list[Check]) -> list[tuple[str, str, State]]:
    """What is not ok; this machine's disk and limits are not the test's business."""
    return [
        (check.where, check.item, check.state)
        for check in checks
        if check.state is not State.OK and check.item not in {"journal", "state", "ulimit"}
    ]


def one(checks: list[Check], item: str) -> Check:
    return next(check for check in checks if check.item == item and check.where != "machine")


@pytest.mark.parametrize("room", [KALSHI_ROOM, SPOT, USDM, BITGET, PHEMEX], ids=str)
async def test_a_sound_account(tmp_path: Path, room: Room) -> None:
    async with ward(tmp_path, room) as here:
        checks = await here.ask()
        unbound = room in (SPOT, BITGET)
        where = f"{room.venue} (main)"
        assert bad(checks) == [(where, "addresses", State.WARN)] * unbound
        assert {check.where for check in checks} == {"machine", where}
        told = {check.item for check in checks}
        assert {"key", "reached", "account", "clock", "trading", "records", "daemon"} <= told
        assert ("rate limit" in told) is (room in (KALSHI_ROOM, SPOT, USDM))
        assert all(bool(check.advice) is (check.state is not State.OK) for check in checks)


async def test_it_places_no_order_and_makes_no_file(tmp_path: Path) -> None:
    async with ward(tmp_path, KALSHI_ROOM) as here:
        before = set(here.paper.exchange.orders)
        await here.ask(FILLD_KALSHI__PLACE_LIVE_ORDERS="true")
        assert set(here.paper.exchange.orders) == before
        assert sorted(path.name for path in tmp_path.iterdir()) == ["alpha.env", "alpha.pem"]


@pytest.mark.parametrize("room", [SPOT, BITGET], ids=str)
async def test_a_key_that_may_withdraw_is_warned_of(tmp_path: Path, room: Room) -> None:
    async with ward(tmp_path, room, account={"withdraws": True}) as here:
        checks = await here.ask()
        assert one(checks, "withdrawing").state is State.WARN
        assert one(checks, "trading").state is State.OK


@pytest.mark.parametrize("room", [KALSHI_ROOM, SPOT, BITGET, PHEMEX], ids=str)
async def test_a_key_that_the_venue_does_not_know(tmp_path: Path, room: Room) -> None:
    name = "KEY_ID" if room is KALSHI_ROOM else "API_KEY"
    section = room.table.upper() or "KALSHI"
    async with ward(tmp_path, room) as here:
        checks = await here.ask(**{f"FILLD_{section}__{name}": "nobody"})
        (fault,) = bad(checks)
        assert fault == (f"{room.venue} (main)", "key", State.FAIL)


async def test_key_files_that_are_wrong(tmp_path: Path) -> None:
    async with ward(tmp_path, KALSHI_ROOM) as here:
        pem = tmp_path / "alpha.pem"
        pem.chmod(0o644)
        assert one(await here.ask(), "key file").state is State.WARN
        pem.write_text("-----BEGIN NONSENSE-----")
        assert one(await here.ask(), "key").state is State.FAIL
        pem.unlink()
        checks = await here.ask()
        assert "No such file" in one(checks, "key").text
        assert "account" not in {check.item for check in checks}


@pytest.mark.parametrize(("ahead_s", "state"), [(20, State.WARN), (600, State.FAIL)])
async def test_a_clock_that_is_wrong(tmp_path: Path, ahead_s: int, state: State) -> None:
    async with ward(tmp_path, KALSHI_ROOM, ahead_s) as here:
        assert one(await here.ask(), "clock").state is state


async def test_hosts_that_do_not_answer(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    async with ward(tmp_path, KALSHI_ROOM) as here:
        dead = await here.ask(FILLD_KALSHI__REST_URL=f"http://127.0.0.1:{port}/trade-api/v2")
        assert bad(dead) == [("kalshi (main)", "tcp", State.FAIL)]
        plain = here.paper.rest_url.replace("http://", "https://")
        assert one(await here.ask(FILLD_KALSHI__REST_URL=plain), "tls").state is State.FAIL
        other = await here.ask(FILLD_KALSHI__REST_URL=here.paper.rest_url + "/elsewhere")
        assert one(other, "account").state is State.FAIL


async def test_a_name_that_nobody_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with ward(tmp_path, KALSHI_ROOM) as here:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        hosts = {"REST_URL": "http://nowhere.invalid/v2", "WS_URL": "ws://nowhere.invalid"}
        checks = await here.ask(**{f"FILLD_KALSHI__{name}": url for name, url in hosts.items()})
        assert bad(checks) == [("kalshi (main)", "dns", State.FAIL)]
        assert one(checks, "dns").text == "nowhere.invalid: Name or service not known"


async def test_the_journal_and_who_holds_it(tmp_path: Path) -> None:
    async with ward(tmp_path, KALSHI_ROOM) as here:
        settings = here.settings()
        journal = open_journal(settings, SystemClock())
        try:
            checks = await machine_checks(settings, {}, {})
        finally:
            await journal.close()
        assert bad(checks) == [("machine", "daemon", State.WARN)]
        (found,) = (check.text for check in checks if check.item == "daemon")
        assert f"process {os.getpid()} holds the journal" in found
        assert not bad(await machine_checks(settings, {}, {}))
        settings.journal.path.write_bytes(b"no journal" * 1_000)
        assert bad(await machine_checks(settings, {}, {})) == [("machine", "records", State.FAIL)]


async def test_files_modes_credentials_and_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file, config = tmp_path / "a.env", tmp_path / "a.toml"
    env_file.write_text("")
    config.write_text("")
    env_file.chmod(0o644)
    config.chmod(0o666)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "filld_kalshi_private_key").touch()
    (credentials / "kalshi_key").touch()
    settings = load_settings(None, None, [], {})
    files = {"env file": env_file, "config": config, "gone": tmp_path / "gone"}
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 512))
    full = os.statvfs_result((4096, 4096, 9, 0, 0, 9, 9, 9, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    checks = await machine_checks(settings, files, {"CREDENTIALS_DIRECTORY": str(credentials)})
    states = {check.item: check.state for check in checks}
    assert states["env file"] is states["config"] is states["credentials"] is State.WARN
    assert states["gone"] is states["journal"] is State.FAIL
    assert states["ulimit"] is State.WARN
    (text,) = (check.text for check in checks if check.item == "credentials")
    assert text.endswith("has kalshi_key, which is no setting")


@pytest.mark.parametrize(("mode", "told"), [(0o700, False), (0o1777, False), (0o770, True)])
async def test_a_folder_in_which_others_can_replace_the_socket(
    tmp_path: Path, mode: int, told: bool
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(mode)
    names = {"FILLD_CONTROL__SOCKET": str(folder / "s")}
    made = load_settings(None, None, [], {**names, "FILLD_JOURNAL__PATH": str(tmp_path / "j.db")})
    checks = await machine_checks(made, {}, {})
    assert [check.state for check in checks if check.item == "socket"] == [State.WARN] * told
