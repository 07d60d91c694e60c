"""A caller who asks slowly, reads slowly or comes too often, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.control import table
from daemon.control.connection import Hall
from daemon.control.server import listen, make_app, served
from tests.control.doors import FakeDoor
from tests.core.play import guarded
from tests.venues.listening import until

GET = b"GET /status HTTP/1.1\r\nHost: filld\r\n\r\n"
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def opened(path: Path, hall: Hall) -> AsyncIterator[FakeDoor]:
    door = FakeDoor(guarded())
    async with served(make_app(door), listen(path), hall):
        yield door


async def answer_of(line: Line) -> tuple[int, dict[str, object]]:
    """What comes until the door hangs up."""
    reader, writer = line
    async with asyncio.timeout(30):
        raw = await reader.read()
    writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"application/json" in head
    return int(head.split()[1]), json.loads(body)


async def test_one_request_a_connection(tmp_path: Path) -> None:
    hall = Hall()
    async with opened(tmp_path / "s", hall):
        line = await asyncio.open_unix_connection(tmp_path / "s")
        line[1].write(GET * 2)
        status, view = await answer_of(line)
        assert (status, view["positions_held"]) == (200, 1)
        await until(lambda: hall.callers == 0)


@pytest.mark.parametrize("begun", [b"", b"GET /sta", GET[:-2]])
async def test_a_head_that_never_ends_is_answered_and_ended(tmp_path: Path, begun: bytes) -> None:
    hall = Hall(head_s=0.2)
    async with opened(tmp_path / "s", hall):
        line = await asyncio.open_unix_connection(tmp_path / "s")
        line[1].write(begun)
        status, view = await answer_of(line)
        assert (status, view["error"]) == (408, "no request within 0.2 s")
        await until(lambda: hall.callers == 0)


async def test_trickling_a_head_gains_no_time(tmp_path: Path) -> None:
    async with opened(tmp_path / "s", Hall(head_s=0.3)):
        line = await asyncio.open_unix_connection(tmp_path / "s")
        began = asyncio.get_running_loop().time()

        async def trickle() -> None:
            with contextlib.suppress(ConnectionError):
                for byte in GET * 10:
                    line[1].write(bytes([byte]))
                    await line[1].drain()
                    await asyncio.sleep(0.05)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(trickle())
            status, _ = await answer_of(line)
            task.cancel()
        assert status == 408
        assert asyncio.get_running_loop().time() - began < 15


async def test_a_body_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "BODY_S_MAX", 0.2)
    async with opened(tmp_path / "s", Hall()) as door:
        line = await asyncio.open_unix_connection(tmp_path / "s")
        line[1].write(b"POST /halt HTTP/1.1\r\nHost: filld\r\nContent-Length: 9\r\n\r\n{")
        status, view = await answer_of(line)
    assert status == 408
    assert str(view["error"]).startswith("body: not there within")
    assert door.events == []


async def test_who_does_not_read_the_answer_is_cut_off(tmp_path: Path) -> None:
    hall = Hall(whole_s=0.3)
    async with opened(tmp_path / "s", hall) as door:
        door.delay_s = 60
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(b"POST /halt HTTP/1.1\r\nHost: filld\r\nContent-Length: 2\r\n\r\n{}")
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()
        await until(lambda: hall.callers == 0)


async def test_more_callers_than_there_is_room_for(tmp_path: Path) -> None:
    hall = Hall(callers_max=2)
    async with opened(tmp_path / "s", hall):
        lines = [await asyncio.open_unix_connection(tmp_path / "s") for _ in range(3)]
        status, view = await answer_of(lines[2])
        assert (status, view["error"]) == (503, "2 callers are connected already: ask again")
        lines[0][1].write(GET)
        assert (await answer_of(lines[0]))[0] == 200
        await until(lambda: hall.callers < 2)
        again = await asyncio.open_unix_connection(tmp_path / "s")
        again[1].write(GET)
        assert (await answer_of(again))[0] == 200
        lines[1][1].close()
