"""The dead man's switch against a real server: it calls after good beats and after no others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from daemon.telemetry.ping import Ping


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110 - what is waited for is another task's
            await asyncio.sleep(0.005)


class Watch:
    """Counts calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.status = 200
        self.url = ""
        self.said: list[str] = []

    async def take(self, _request: web.Request) -> web.Response:
        self.calls += 1
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})

    async def until(self, calls: int) -> None:
        await until(lambda: self.calls >= calls)


@pytest.fixture
async def watch() -> AsyncIterator[Watch]:
    made = Watch()
    app = web.Application()
    app.router.add_get("/canary", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/canary"
    yield made
    await runner.cleanup()


async def test_each_good_beat_is_passed_on_and_none_after_a_bad_one(watch: Watch) -> None:
    ping = Ping(watch.url, 0.01, watch.said.append, asyncio.sleep)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(ping.run())
        await asyncio.sleep(0.05)
        assert watch.calls == 0  # nothing has been said of how it stands
        for beat in (1, 2):
            ping.beat(good=True)
            await watch.until(beat)
        await asyncio.sleep(0.05)
        assert watch.calls == 2  # a loop that hangs beats no more
        ping.beat(good=True)
        ping.beat(good=False)
        await asyncio.sleep(0.1)
        assert watch.calls == 2
        ping.beat(good=True)
        await watch.until(3)
        task.cancel()
    assert watch.said == []


@pytest.mark.parametrize("status", [302, 500])
async def test_a_failure_and_its_end_are_said_once_without_the_address(
    watch: Watch, status: int
) -> None:
    watch.status = status
    ping = Ping(watch.url, 0.01, watch.said.append, asyncio.sleep)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(ping.run())
        for calls in (1, 2):
            ping.beat(good=True)
            await watch.until(calls)
            await asyncio.sleep(0.03)
        watch.status = 200
        ping.beat(good=True)
        await watch.until(3)
        await asyncio.sleep(0.03)
        task.cancel()
    assert watch.said == [f"HTTP {status}", ""]


async def test_nobody_there_is_a_failure_like_any_other() -> None:
    said: list[str] = []
    ping = Ping("http://127.0.0.1:1/canary", 60, said.append, asyncio.sleep)
    ping.beat(good=True)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(ping.run())
        await until(lambda: said)
        task.cancel()
    assert said == ["ClientConnectorError"]
