"""A run that cannot go on tells the operator before it ends, and not again in every next one."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from daemon.app import ending
from daemon.app.ending import alert_end
from daemon.app.launch import run
from daemon.core.errors import TheirsError
from daemon.telemetry.alerts import AlertObserver, Route
from daemon.telemetry.logs import LineSink, LineWriter
from daemon.telemetry.senders import WebhookSender
from daemon.venues.errors import VenueSetupError
from tests.app.test_launch import CLOCK, key_file, launch_of, settings

SOON_NS = 60 * 10**9


class Phone:
    """A webhook on loopback."""

    def __init__(self) -> None:
        self.url = ""
        self.hangs = False
        self.alerts: list[dict[str, Any]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.alerts.append(await request.json())
        await asyncio.sleep(60 if self.hangs else 0)
        return web.Response()

    def observer(self, *, urgent: bool = True) -> AlertObserver:
        sender = WebhookSender(self.url, 30)
        route = Route(rule="r", target="t", sender=sender, notices=frozenset(), urgent=urgent)
        log = LineWriter(LineSink(io.BytesIO()), CLOCK.wall_ns).log
        return AlertObserver(route, log, asyncio.sleep)


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    made = Phone()
    app = web.Application()
    app.router.add_post("/", made.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield made
    await runner.cleanup()


async def test_where_no_venue_opens_somebody_is_told_once(tmp_path: Path, phone: Phone) -> None:
    made = settings(
        tmp_path,
        FILLD_KALSHI__KEY_ID="k",
        FILLD_KALSHI__PRIVATE_KEY_FILE=str(key_file(tmp_path)),
        FILLD_KALSHI__REST_URL="http://127.0.0.1:9/trade-api/v2",
        FILLD_KALSHI__WS_URL="ws://127.0.0.1:9/trade-api/ws/v2",
        FILLD_CONTROL__SOCKET=str(tmp_path / "s"),
        FILLD_ALERTS__WEBHOOK_URL=phone.url,
    )
    for _ in range(2):  # the service manager begins the next one at once
        with pytest.raises(TheirsError):
            await run(launch_of(made))
    (alert,) = phone.alerts
    assert (alert["notice"], alert["urgent"]) == ("ended", True)
    assert "guards nothing until it runs again" in alert["text"]


async def test_a_cause_of_another_kind_or_of_long_ago_is_told(tmp_path: Path, phone: Phone) -> None:
    for failure, now_ns in (
        (TheirsError("one"), SOON_NS),
        (TheirsError("two"), 2 * SOON_NS),
        (VenueSetupError("three"), 3 * SOON_NS),
        (VenueSetupError("four"), 60 * SOON_NS),
    ):
        await alert_end([phone.observer()], failure, tmp_path, now_ns)
    assert [alert["text"].rpartition(": ")[2] for alert in phone.alerts] == ["one", "three", "four"]


async def test_what_hangs_holds_the_end_up_for_some_seconds_at_most(
    tmp_path: Path, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_DELIVERY_S", 0.2)
    phone.hangs = True
    began_s = time.monotonic()
    await alert_end([phone.observer()], TheirsError("one"), tmp_path, SOON_NS)
    assert time.monotonic() - began_s < 30
    assert len(phone.alerts) == 1


async def test_a_full_disk_keeps_nothing_back_and_only_urgent_routes_hear(
    tmp_path: Path, phone: Phone
) -> None:
    nowhere = tmp_path / "gone"
    observers = [phone.observer(), phone.observer(urgent=False)]
    await alert_end(observers, TheirsError("one"), nowhere, SOON_NS)
    assert [alert["notice"] for alert in phone.alerts] == ["ended"]
