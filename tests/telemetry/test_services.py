"""Services by Apprise: a real server takes, refuses or hangs; no address is ever said."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from logging.handlers import QueueHandler
from queue import SimpleQueue

import pytest
from aiohttp import web

from daemon.core.commands import NoticeKind
from daemon.telemetry.alerts import Alert, AlertFailedError
from daemon.telemetry.errors import UnknownServiceError
from daemon.telemetry.services import AppriseSender

ALERT = Alert(
    notice=NoticeKind.EXIT_STALLED,
    text="five attempts, no fill",
    urgent=True,
    seq=7,
    time_ns=5,
    venue="kalshi",
    symbol="NFL-1",
)


class Service:
    """What `json://` speaks to."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[dict[str, str]] = []
        self.go = asyncio.Event()
        self.go.set()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        await self.go.wait()
        self.bodies.append(await request.json())
        return web.Response(status=self.status)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    app = web.Application()
    app.router.add_post("/canary", made.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"json://user:canary@127.0.0.1:{runner.addresses[0][1]}/canary"
    yield made
    made.go.set()
    await runner.cleanup()


async def test_a_service_takes_an_alert_with_its_ids(service: Service) -> None:
    await AppriseSender("phone", service.url, 5).send(ALERT)
    (body,) = service.bodies
    assert body["title"] == "filld: URGENT exit_stalled NFL-1"
    assert body["message"] == "five attempts, no fill\nvenue: kalshi\nsymbol: NFL-1\nseq: 7"
    assert body["type"] == "failure"


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_a_refusal_says_its_status_and_nothing_of_the_address(
    service: Service,
    status: int,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service.status = status
    heard: SimpleQueue[logging.LogRecord] = SimpleQueue()
    monkeypatch.setattr(logging.getLogger(), "handlers", [QueueHandler(heard)])
    with pytest.raises(AlertFailedError) as caught:
        await AppriseSender("phone", service.url, 5).send(ALERT)
    assert str(caught.value) == f"not reached, or not taken (HTTP {status})"
    said = capfd.readouterr()
    assert "canary" not in f"{caught.value!r} {said.out}{said.err}"
    assert heard.empty()


async def test_a_port_where_nobody_listens_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"json://127.0.0.1:{free.getsockname()[1]}/canary"
        with pytest.raises(AlertFailedError, match=r"^not reached, or not taken$"):
            await AppriseSender("phone", url, 5).send(ALERT)
    said = capfd.readouterr()
    assert said.out + said.err == ""


async def test_a_hanging_service_holds_nobody_up_and_has_one_thread(service: Service) -> None:
    service.go.clear()
    sender = AppriseSender("phone", service.url, 0.2)
    with pytest.raises(AlertFailedError, match=r"no end after 0\.2 s"):
        await sender.send(ALERT)
    with pytest.raises(AlertFailedError, match="the delivery before this one hangs"):
        await sender.send(ALERT)
    assert not service.bodies
    service.go.set()
    async with asyncio.timeout(30):
        while sender._busy.locked():  # noqa: ASYNC110 - what is waited for is another thread's
            await asyncio.sleep(0.01)
    sender._timeout_s = 30
    await sender.send(ALERT)
    assert len(service.bodies) == 2


@pytest.mark.parametrize("url", ["nonsense://canary", "json://", "tgram://canary"])
def test_an_address_that_no_service_takes_is_refused_by_its_name(url: str) -> None:
    with pytest.raises(UnknownServiceError, match="phone: not an address") as caught:
        AppriseSender("phone", url, 5)
    assert "canary" not in str(caught.value)
