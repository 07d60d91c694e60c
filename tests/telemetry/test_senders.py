"""The ways out: a webhook and a command, on the real thing; what they say of failures."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from daemon.core.commands import NoticeKind
from daemon.telemetry.alerts import Alert, AlertFailedError
from daemon.telemetry.senders import CommandSender, WebhookSender

ALERT = Alert(notice=NoticeKind.HALTED, text="stop\n\x1b", urgent=True, seq=1, time_ns=5)


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
    ("argv", "limit_s", "words"),
    [
        (["/nowhere/at-all"], 60, "No such file"),
        (["/bin/sh", "-c", "cat >/dev/null; exit 3"], 60, "exit code 3"),
        (["/bin/sh", "-c", "exec sleep 100"], 0.1, "no end after 0.1 s"),
    ],
)
async def test_a_failing_command_is_named(argv: list[str], limit_s: float, words: str) -> None:
    async with asyncio.timeout(50):
        with pytest.raises(AlertFailedError, match=words):
            await CommandSender(argv, limit_s).send(ALERT)
