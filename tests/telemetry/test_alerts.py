"""Alerts: the right notices leave, by webhook or command, retried, bounded, never in the loop."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from aiohttp import web

from daemon.core.commands import NoticeKind, Notify
from daemon.core.decisions import RearmStop
from daemon.core.requests import HaltRequested
from daemon.core.terms import ClientOrderId
from daemon.ports import Observer
from daemon.telemetry.alerts import (
    Alert,
    AlertFailedError,
    AlertObserver,
    AlertSender,
    CommandSender,
    WebhookSender,
)
from daemon.telemetry.logs import LineSink, make_logger
from tests import builders as make

EVENT = HaltRequested(receive_time_ns=5, mono_ns=1)
KEY = make.KEY
ALERT = Alert(notice=NoticeKind.HALTED, text="stop\n\x1b", urgent=True, seq=1, time_ns=5)


def notify(kind: NoticeKind, *, urgent: bool = False, text: str = "t") -> Notify:
    return Notify(
        notice=kind, text=text, urgent=urgent, key=KEY, client_order_id=ClientOrderId("fd1")
    )


class FakeSender:
    """Remembers alerts; fails the first `failures` times."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.sent: list[Alert] = []

    async def send(self, alert: Alert) -> None:
        if self.failures:
            self.failures -= 1
            raise AlertFailedError("webhook: HTTP 500")
        self.sent.append(alert)


class Desk:
    """An observer at work, its log in memory, its waits recorded."""

    def __init__(self, sender: AlertSender, kinds: Sequence[NoticeKind], limit: int = 256) -> None:
        self.output = io.BytesIO()
        self.sink = LineSink(self.output)
        self.waits: list[float] = []
        log = make_logger(self.sink, lambda: 0)
        self.alerts = AlertObserver(sender, kinds, log, self.sleep, limit)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def work(self) -> None:
        """Send what is queued."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.alerts.run())
            await self.alerts.drain(5)
            task.cancel()

    def lines(self) -> list[dict[str, object]]:
        self.sink.close()
        return [json.loads(line) for line in self.output.getvalue().splitlines()]


async def test_urgent_and_chosen_notices_leave() -> None:
    sender = FakeSender()
    desk = Desk(sender, [NoticeKind.DUST])
    port: Observer = desk.alerts
    port.observe(
        9,
        EVENT,
        (
            RearmStop(key=KEY),
            notify(NoticeKind.DUST),
            notify(NoticeKind.SETTLED),
            notify(NoticeKind.SETTLED, urgent=True),
            Notify(notice=NoticeKind.DUST, text="of all"),
        ),
    )
    await desk.work()
    assert [(a.notice, a.urgent, a.symbol) for a in sender.sent] == [
        (NoticeKind.DUST, False, "NFL-1"),
        (NoticeKind.SETTLED, True, "NFL-1"),
        (NoticeKind.DUST, False, ""),
    ]
    assert (sender.sent[0].seq, sender.sent[0].time_ns) == (9, 5)
    assert desk.alerts.sent == 3
    desk.lines()


async def test_a_failure_is_retried_with_growing_waits() -> None:
    sender = FakeSender(failures=3)
    desk = Desk(sender, [])
    desk.alerts.observe(1, EVENT, (notify(NoticeKind.HALTED, urgent=True),))
    await desk.work()
    assert len(sender.sent) == 1
    assert len(desk.waits) == 3
    assert max(desk.waits) <= 30
    assert desk.lines() == []


async def test_it_gives_up_loudly_and_goes_on() -> None:
    sender = FakeSender(failures=6)
    desk = Desk(sender, [])
    desk.alerts.observe(1, EVENT, (notify(NoticeKind.HALTED, urgent=True),))
    desk.alerts.observe(2, EVENT, (notify(NoticeKind.RESUMED, urgent=True),))
    await desk.work()
    assert [a.notice for a in sender.sent] == [NoticeKind.RESUMED]
    (line,) = desk.lines()
    assert (line["event"], line["notice"], line["dropped"]) == ("alert_dropped", "halted", 1)
    assert line["why"] == "webhook: HTTP 500"


async def test_the_queue_is_bounded() -> None:
    kinds = list(NoticeKind)[:5]
    desk = Desk(FakeSender(), kinds, limit=2)
    for seq, kind in enumerate(kinds):
        desk.alerts.observe(seq, EVENT, (notify(kind),))
    assert desk.alerts.dropped == 3
    assert [line["dropped"] for line in desk.lines()] == [1, 2, 3]


async def test_a_storm_of_one_kind_is_a_handful_of_alerts_and_drops_nothing() -> None:
    sender = FakeSender()
    desk = Desk(sender, [])
    for number in range(300):
        storm = notify(NoticeKind.UNGUARDED, urgent=True, text=f"S{number} is UNGUARDED")
        desk.alerts.observe(number, EVENT, (storm,))
    desk.alerts.observe(300, EVENT, (notify(NoticeKind.STOP_TRIGGERED, urgent=True),))
    await desk.work()
    assert [(a.notice, a.times) for a in sender.sent] == [
        *((NoticeKind.UNGUARDED, 1),) * 3,
        (NoticeKind.UNGUARDED, 297),
        (NoticeKind.STOP_TRIGGERED, 1),
    ]
    told = sender.sent[3]
    assert told.text.startswith("297 times unguarded: S3 is UNGUARDED; S4 is UNGUARDED; ")
    assert told.text.endswith("; S12 is UNGUARDED; and 287 more")
    assert (told.symbol, told.client_order_id, told.seq) == ("", "", 3)
    assert desk.lines() == []


async def test_draining_ends_in_time() -> None:
    desk = Desk(FakeSender(), [NoticeKind.DUST])
    desk.alerts.observe(1, EVENT, (notify(NoticeKind.DUST),))
    before = time.monotonic()
    await desk.alerts.drain(0.02)
    assert time.monotonic() - before < 1
    desk.sink.close()


class Hook:
    """A webhook on loopback."""

    def __init__(self) -> None:
        self.status = 200
        self.delay_s = 0.0
        self.bodies: list[dict[str, object]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.delay_s)
        self.bodies.append(await request.json())
        return web.Response(status=self.status, headers={"Location": self.url})


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    app = web.Application()
    app.router.add_post("/canary-9", made.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/canary-9"
    yield made
    await runner.cleanup()


async def test_a_webhook_takes_json(hook: Hook) -> None:
    await WebhookSender(hook.url, 5).send(ALERT)
    assert hook.bodies[0]["text"] == "stop\n\x1b"
    assert hook.bodies[0]["notice"] == "halted"
    assert hook.bodies[0]["urgent"] is True


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_refusal_says_the_status_and_no_url(hook: Hook, status: int) -> None:
    hook.status = status
    with pytest.raises(AlertFailedError, match=f"HTTP {status}") as caught:
        await WebhookSender(hook.url, 5).send(ALERT)
    assert "canary" not in str(caught.value)
    assert len(hook.bodies) == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/canary-9", "nonsense:canary-9", "http://[canary-9"]
)
async def test_an_unreachable_webhook_says_no_url(url: str) -> None:
    with pytest.raises(AlertFailedError) as caught:
        await WebhookSender(url, 5).send(ALERT)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_slow_webhook_times_out(hook: Hook) -> None:
    hook.delay_s = 0.5
    with pytest.raises(AlertFailedError, match="TimeoutError"):
        await WebhookSender(hook.url, 0.05).send(ALERT)


async def test_a_command_reads_the_alert(tmp_path: Path) -> None:
    program = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    target = tmp_path / "alert.json"
    await CommandSender([sys.executable, "-c", program, str(target)], 10).send(ALERT)
    assert json.loads(target.read_text())["notice"] == "halted"


async def test_a_command_sees_nothing_of_the_daemons_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILLD_KALSHI__PRIVATE_KEY", "canary-9")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-9")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("LANG", raising=False)
    target = tmp_path / "environment"
    await CommandSender(["/bin/sh", "-c", f"env > {target}"], 10).send(ALERT)
    lines = dict(line.partition("=")[::2] for line in target.read_text().splitlines())
    names = set(lines) - {"PWD", "SHLVL", "_", "OLDPWD"}  # the shell's own
    assert names == {"PATH", "HOME", "TZ"}
    assert (lines["HOME"], lines["TZ"]) == (str(tmp_path), "UTC")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["/nowhere/at-all"], "No such file"),
        (["/bin/sh", "-c", "cat >/dev/null; exit 3"], "exit code 3"),
        (["/bin/sh", "-c", "exec sleep 20"], "no end after 0.1 s"),
    ],
)
async def test_a_failing_command_is_named(argv: list[str], words: str) -> None:
    before = time.monotonic()
    with pytest.raises(AlertFailedError, match=words):
        await CommandSender(argv, 0.1).send(ALERT)
    assert time.monotonic() - before < 5
