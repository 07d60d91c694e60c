"""The door over a real unix socket: who may come in, what is too much, what is left behind."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import sys
import tempfile
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from daemon.control import server
from daemon.control.client import DoorClient
from daemon.control.door import DoorError, DoorRefusedError, NoDaemonError
from daemon.control.limits import Limits
from tests.control.doors import FakeDoor, served
from tests.core.play import guarded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "filld.sock"


async def test_the_socket_is_its_owners_alone_and_goes_with_the_daemon(path: Path) -> None:
    async with served(path, FakeDoor(guarded())):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


async def test_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(path, FakeDoor(guarded())) as client:
        monkeypatch.setattr(server, "peer_uid", lambda _: os.geteuid() + 4242)
        with pytest.raises(DoorRefusedError, match="only the user that runs filld") as refused:
            await client.get("/status")
    assert refused.value.status == 403


def test_the_kernel_tells_the_peer() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert server.peer_uid(ours) == os.geteuid()
    assert server.may_enter(0)
    assert server.may_enter(os.geteuid())
    assert not server.may_enter(os.geteuid() + 4242)


async def test_a_socket_left_behind_is_replaced(path: Path) -> None:
    server.listen(path).close()
    assert path.exists()
    async with served(path, FakeDoor(guarded())) as client:
        assert (await client.get("/status"))["positions_held"] == 1


async def test_a_living_daemon_keeps_its_socket(path: Path) -> None:
    async with served(path, FakeDoor(guarded())) as client:
        with pytest.raises(DoorError, match="another daemon answers there"):
            server.listen(path)
        assert (await client.get("/status"))["positions_held"] == 1


def test_a_file_in_the_way_is_not_removed(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("precious")
    with pytest.raises(DoorError, match="no socket"):
        server.listen(path)
    assert path.read_text() == "precious"


def test_an_impossible_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(DoorError, match="too long; accepted: at most 107 bytes"):
        server.listen(tmp_path / ("x" * 120))
    (tmp_path / "file").write_text("")
    with pytest.raises(DoorError, match="cannot be made"):
        server.listen(tmp_path / "file" / "filld.sock")


async def test_nobody_there(path: Path) -> None:
    async with DoorClient(path) as client:
        with pytest.raises(NoDaemonError, match="is filld running"):
            await client.get("/status")
        path.parent.mkdir()
        server.listen(path).close()
        with pytest.raises(NoDaemonError, match="is filld running"):
            await client.get("/status")


async def test_a_silent_daemon_is_an_error_and_not_an_absence(path: Path) -> None:
    door = FakeDoor(guarded())
    door.delay_s = 5
    async with served(path, door):
        async with DoorClient(path, timeout_s=0.1) as hasty:
            with pytest.raises(DoorError, match=r"did not answer within 0.1 s") as error:
                await hasty.post("/halt", {})
        assert not isinstance(error.value, NoDaemonError)


async def test_too_large_a_body(path: Path) -> None:
    async with served(path, FakeDoor(guarded())) as client:
        with pytest.raises(DoorRefusedError, match="too large; accepted: at most 8388608") as error:
            await client.post("/halt", {"reason": "x" * (server.REQUEST_BYTES_MAX + 1)})
    assert error.value.status == 413


@pytest.mark.parametrize(("path_", "status"), [("/nothing", 404), ("/halt", 405)])
async def test_no_such_route(path: Path, path_: str, status: int) -> None:
    async with served(path, FakeDoor(guarded())) as client:
        with pytest.raises(DoorRefusedError) as error:
            await client.get(path_)
    assert error.value.status == status


async def _serve(path: Path, app: web.Application) -> web.AppRunner:
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, path=str(path)).start()
    return runner


async def test_a_slow_action_is_answered_with_what_may_have_happened(tmp_path: Path) -> None:
    door = FakeDoor(guarded())
    door.delay_s = 5
    runner = await _serve(tmp_path / "s", server.make_app(door, limits=Limits(request_s=0.05)))
    async with DoorClient(tmp_path / "s") as client:
        with pytest.raises(DoorRefusedError, match="may still be committed") as error:
            await client.post("/halt", {})
    await runner.cleanup()
    assert error.value.status == 504


async def test_more_requests_than_it_takes_are_refused(tmp_path: Path) -> None:
    door = FakeDoor(guarded())
    door.delay_s = 0.3
    runner = await _serve(tmp_path / "s", server.make_app(door))
    statuses: list[int] = []

    async def ask(session: aiohttp.ClientSession) -> None:
        async with session.post("http://filld/halt", data=b"{}") as answer:
            statuses.append(answer.status)

    connector = aiohttp.UnixConnector(path=str(tmp_path / "s"))
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for number in range(Limits().running + 2):
            group.create_task(ask(session), name=f"ask-{number}")
    await runner.cleanup()
    assert sorted(statuses)[-2:] == [503, 503]
    assert statuses.count(200) == Limits().running


async def test_what_is_no_json_is_said(tmp_path: Path) -> None:
    app = web.Application()

    async def nonsense(_: web.Request) -> web.Response:
        return web.Response(text="<html>", status=500)

    app.router.add_get("/status", nonsense)
    runner = await _serve(tmp_path / "s", app)
    async with DoorClient(tmp_path / "s") as client:
        with pytest.raises(DoorError, match="answered 500 with what is not JSON"):
            await client.get("/status")
    await runner.cleanup()


STRANGER = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
with socket.socket(socket.AF_UNIX) as caller:
    try:
        caller.connect(sys.argv[1])
    except PermissionError:
        sys.exit(77)
    caller.sendall(b"POST /halt HTTP/1.1\\r\\nHost: filld\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    print(caller.makefile("rb").read().decode())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
async def test_a_stranger_is_kept_out_by_the_mode_and_by_the_kernels_word() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, door = Path(folder), FakeDoor(guarded())
        home.chmod(0o755)
        path = home / "s"

        async def stranger() -> tuple[int | None, str]:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", STRANGER, str(path)), stdout=asyncio.subprocess.PIPE
            )
            out, _ = await process.communicate()
            return process.returncode, out.decode()

        async with served(path, door):
            assert await stranger() == (77, "")
            path.chmod(0o666)  # even if somebody opens it
            code, answer = await stranger()
        assert code == 0
        assert answer.startswith("HTTP/1.1 403 Forbidden")
        assert "only the user that runs filld, and root" in answer
        assert door.events == []


async def test_another_users_socket_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = os.geteuid()
    async with served(tmp_path / "s", FakeDoor(guarded())) as client:
        assert (await client.get("/status"))["positions_held"] == 1
        monkeypatch.setattr(os, "geteuid", lambda: owner + 4242)
        with pytest.raises(DoorError, match="another user's"):
            async with DoorClient(tmp_path / "s"):
                pass
