"""How many requests a second the door takes; how many at a time and for how long: test_server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp

from daemon.control.limits import Limits
from daemon.control.server import listen, make_app, served
from tests.control.doors import FakeDoor
from tests.core.play import guarded


async def test_a_flood_is_refused_and_ebbs(tmp_path: Path) -> None:
    limits = Limits(per_s=10, burst=3)
    app = make_app(FakeDoor(guarded()), limits=limits)
    connector = aiohttp.UnixConnector(path=str(tmp_path / "s"))
    async with served(app, listen(tmp_path / "s")), aiohttp.ClientSession(connector=connector) as s:

        async def ask() -> int:
            async with s.get("http://filld/status") as answer:
                if answer.status == 429:
                    assert answer.headers["Retry-After"] == "1"
                    said = "more than 10 requests a second: ask again in a second"
                    assert await answer.json() == {"error": said, "near": []}
                return answer.status

        loop, taken = asyncio.get_running_loop(), 0
        began_s = loop.time()
        while taken < 200 and await ask() == 200:
            taken += 1
        assert 3 <= taken <= 3 + 10 * (loop.time() - began_s)
        await asyncio.sleep(0.15)
        assert await ask() == 200
