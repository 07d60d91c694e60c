"""The guard of tests/conftest.py: loopback and unix sockets, and nothing else."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest


@pytest.mark.parametrize("address", [("192.0.2.1", 443), ("2001:db8::1", 443, 0, 0)])
def test_a_socket_to_another_host_is_refused(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with (
        socket.socket(family) as refused,
        pytest.raises(RuntimeError, match="meet no network"),
    ):
        refused.connect(address)


def test_a_datagram_to_another_host_is_refused() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as refused,
        pytest.raises(RuntimeError, match="meet no network"),
    ):
        refused.sendto(b"x", ("192.0.2.1", 53))


async def test_a_name_of_another_host_is_not_looked_up() -> None:
    with pytest.raises(RuntimeError, match="meet no network"):
        await asyncio.open_connection("venue.example", 443)


async def test_loopback_and_unix_sockets_are_open(tmp_path: Path) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "localhost", 0)
    door = await asyncio.start_unix_server(hang_up, tmp_path / "door.sock")
    async with server, door:
        port = server.sockets[0].getsockname()[1]
        for reader, writer in (
            await asyncio.open_connection("127.0.0.1", port),
            await asyncio.open_unix_connection(tmp_path / "door.sock"),
        ):
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
