"""GET /log: the latest lines of the log, asked again and again. Covers daemon.control.lines."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from daemon.control.client import DoorClient
from daemon.control.door import DoorRefusedError
from daemon.control.lines import LINES_MOST
from daemon.control.server import Sources, serve_door
from daemon.telemetry.logs import LineSink
from tests.control.doors import FakeDoor, until_open
from tests.core.play import Play


async def test_what_is_kept_and_what_came_after_it(tmp_path: Path) -> None:
    sink = LineSink(io.BytesIO())
    for number in range(3_000):
        sink.write(b"%d" % number)
    path = tmp_path / "s"
    async with asyncio.TaskGroup() as group:
        door = serve_door(path, FakeDoor(Play()), Sources(lines=sink))
        task = group.create_task(door)
        async with DoorClient(path) as client:
            await until_open(client)
            first = await client.get("/log")
            lines = first["lines"]
            assert isinstance(lines, list)
            assert (lines[0], len(lines), first["number"]) == ("1000", LINES_MOST, 2_000)
            assert (await client.get("/log", {"after": "2998"}))["lines"] == ["2998", "2999"]
            for after in ("3000", "9999"):
                nothing = {"lines": [], "number": 3_000}
                assert await client.get("/log", {"after": after}) == nothing
            with pytest.raises(DoorRefusedError, match="whole numbers"):
                await client.get("/log", {"after": "-1"})
        task.cancel()
    sink.close()
