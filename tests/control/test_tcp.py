"""The door on the loopback interface: who may come in by a token, and which requests never may."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from daemon.control.client import DoorClient
from daemon.control.door import DoorError
from daemon.control.server import make_app, serve_door, served
from daemon.control.tcp import TcpDoor, listen_tcp
from tests.control.doors import FakeDoor, until_open
from tests.core.play import guarded

TOKEN = "a-token-of-forty-characters-and-no-space"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[TcpDoor]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    tcp = TcpDoor("127.0.0.1", listener.getsockname()[1], TOKEN)
    async with served(make_app(FakeDoor(guarded()), tcp=tcp), listener):
        yield tcp


async def ask(tcp: TcpDoor, headers: dict[str, str], host: str = "127.0.0.1") -> tuple[int, str]:
    """The status and the error of GET /status."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{host}:{tcp.port}/status", headers=headers) as answer,
    ):
        assert answer.content_type == "application/json"
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        return answer.status, str((await answer.json()).get("error", ""))


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        (BEARER, 200, ""),
        ({"Authorization": f"bearer {TOKEN}"}, 200, ""),
        ({}, 401, "accepted: Authorization: Bearer and the control token"),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, 401, "accepted: Authorization"),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401, "accepted: Authorization"),
        ({"Authorization": "Bearer \udcff"}, 401, "accepted: Authorization"),
        ({"Authorization": f"Basic {TOKEN}"}, 401, "accepted: Authorization"),
        ({"Authorization": TOKEN}, 401, "accepted: Authorization"),
        ({**BEARER, "Origin": "https://evil.example"}, 403, "web pages are refused"),
        ({**BEARER, "Origin": "null"}, 403, "web pages are refused"),
        ({**BEARER, "Sec-Fetch-Site": "cross-site"}, 403, "web pages are refused"),
        ({**BEARER, "Sec-Fetch-Site": "none"}, 200, ""),
        ({**BEARER, "Host": "evil.example"}, 403, "Host: accepted: 127.0.0.1"),
        ({**BEARER, "Host": "127.0.0.1"}, 403, "Host: accepted: 127.0.0.1"),
    ],
)
async def test_who_may_come_in(headers: dict[str, str], status: int, words: str) -> None:
    async with opened() as tcp:
        found, error = await ask(tcp, headers)
    assert found == status
    assert words in error


async def test_localhost_is_a_name_of_it() -> None:
    async with opened() as tcp:
        assert (await ask(tcp, BEARER, "localhost"))[0] == 200


async def test_both_doors_are_open_and_the_token_is_in_no_repr(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        tcp = TcpDoor("127.0.0.1", free.getsockname()[1], TOKEN)
        with pytest.raises(DoorError, match=r"control.tcp = 127.0.0.1:\d+: cannot be opened"):
            await serve_door(tmp_path / "s", FakeDoor(guarded()), tcp=tcp)
    assert not (tmp_path / "s").exists()
    assert TOKEN not in repr(tcp)
    async with asyncio.TaskGroup() as group:
        door = group.create_task(serve_door(tmp_path / "s", FakeDoor(guarded()), tcp=tcp))
        async with DoorClient(tmp_path / "s") as client:
            await until_open(client)
            await asyncio.sleep(0.05)
            assert (await ask(tcp, BEARER))[0] == 200
        door.cancel()


def test_ipv6_has_brackets() -> None:
    tcp = TcpDoor("::1", 8790, TOKEN)
    assert tcp.addresses == ("[::1]:8790", "localhost:8790")
    with contextlib.suppress(DoorError), listen_tcp(tcp) as listener:
        assert listener.family is socket.AF_INET6
