"""Notices that leave the machine: one webhook or one command, beside the loop, never in it.

The loop only fills a bounded queue; a task of its own sends, retries with back-off and drops in
the end, counting. Needs no disk. Knows which notices to send, not why they were made.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import aiohttp
import msgspec
from structlog.typing import FilteringBoundLogger
from tenacity import (
    AsyncRetrying,
    RetryError,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from daemon.core.commands import Command, NoticeKind, Notify
from daemon.core.errors import TheirsError
from daemon.core.events import Event

_QUEUE_ALERTS: Final = 256
# So many of a kind wait one by one; the last of them speaks for all that come after it.
_ONE_BY_ONE: Final = 4
_TEXTS: Final = 9
_ATTEMPTS: Final = 6
_WAIT_MAX_S: Final = 30.0
_ERRORS_FROM: Final = 300
# All that a command gets of the daemon's environment, which may hold secrets.
_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "TZ")


class AlertFailedError(TheirsError):
    """An alert was not taken; the text names no URL, which may hold a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One notice on its way out, or `times` of one kind in one; `text` is what a person reads."""

    notice: NoticeKind
    text: str
    urgent: bool
    seq: int
    time_ns: int
    account: str = ""
    venue: str = ""
    symbol: str = ""
    client_order_id: str = ""
    times: int = 1


@dataclass(slots=True)
class _Waiting:
    """What one sending will say: an alert, and the later ones of its kind that it speaks for."""

    alert: Alert
    texts: list[str] = field(default_factory=list)
    times: int = 1

    def join(self, alert: Alert) -> None:
        """Let this one speak for `alert` as well."""
        self.times += 1
        if len(self.texts) < _TEXTS:
            self.texts.append(alert.text)
        if alert.urgent and not self.alert.urgent:
            self.alert = replace(self.alert, urgent=True)

    def told(self) -> Alert:
        """What is sent."""
        if self.times == 1:
            return self.alert
        left = self.times - 1 - len(self.texts)
        more = f"; and {left} more" if left else ""
        text = f"{self.times} times {self.alert.notice.value}: "
        text += "; ".join((self.alert.text, *self.texts)) + more
        return replace(self.alert, text=text, symbol="", client_order_id="", times=self.times)


class AlertSender(Protocol):
    """Takes one alert or raises `AlertFailedError`; has a timeout of its own."""

    async def send(self, alert: Alert) -> None:
        """Deliver `alert`."""
        ...


class WebhookSender:
    """Posts alerts as JSON. Follows no redirect; 2xx means taken."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def send(self, alert: Alert) -> None:
        """One POST on a connection of its own: alerts are rare."""
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(
                    self._url,
                    data=msgspec.json.encode(alert),
                    headers={"Content-Type": "application/json"},
                    allow_redirects=False,
                ) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # From None: the URL in the cause's text is a secret.
            raise AlertFailedError(f"webhook: {type(error).__name__}") from None
        if status >= _ERRORS_FROM:
            raise AlertFailedError(f"webhook: HTTP {status}")


class CommandSender:
    """Runs a command with the alert as JSON on its standard input; exit code 0 means taken.

    Of the environment it sees PATH, HOME, LANG and TZ.
    """

    def __init__(self, argv: Sequence[str], timeout_s: float) -> None:
        self._argv = tuple(argv)
        self._timeout_s = timeout_s

    async def send(self, alert: Alert) -> None:
        """One run, killed after the timeout."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise AlertFailedError(f"command: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._timeout_s):
                await process.communicate(msgspec.json.encode(alert) + b"\n")
        except TimeoutError as error:
            raise AlertFailedError(f"command: no end after {self._timeout_s:g} s") from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            raise AlertFailedError(f"command: exit code {process.returncode}")


class AlertObserver:
    """ports.Observer that sends notices: the urgent ones, and those of the given kinds.

    A storm of one kind (300 positions without a price) becomes a handful of alerts, so that it
    neither buries the others nor fills the queue.
    """

    def __init__(
        self,
        sender: AlertSender,
        notices: Sequence[NoticeKind],
        log: FilteringBoundLogger,
        sleep: Callable[[float], Awaitable[None]],
        limit: int = _QUEUE_ALERTS,
    ) -> None:
        self._sender = sender
        self._notices = frozenset(notices)
        self._log = log
        self._sleep = sleep
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(limit)
        self._kinds: dict[NoticeKind, list[_Waiting]] = {}
        self.sent = 0
        self.dropped = 0

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
        """Queue the notices of one committed step; never waits."""
        for command in commands:
            if isinstance(command, Notify) and (command.urgent or command.notice in self._notices):
                self._queue(_alert(seq, event, command))

    def _queue(self, alert: Alert) -> None:
        alike = self._kinds.setdefault(alert.notice, [])
        if alike and (len(alike) >= _ONE_BY_ONE or self._waiting.full()):
            alike[-1].join(alert)
            return
        try:
            self._waiting.put_nowait(waiting := _Waiting(alert))
            alike.append(waiting)
        except asyncio.QueueFull:
            self._drop(alert, "too many alerts are waiting")

    def _drop(self, alert: Alert, why: str) -> None:
        self.dropped += 1
        self._log.error(
            "alert_dropped", notice=alert.notice, why=why, dropped=self.dropped, seq=alert.seq
        )

    async def run(self) -> None:
        """Send what is queued, one after the other, until cancelled."""
        while True:
            waiting = await self._waiting.get()
            self._kinds[waiting.alert.notice].remove(waiting)
            try:
                await self._send(waiting.told())
            finally:
                self._waiting.task_done()

    async def _send(self, alert: Alert) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(AlertFailedError),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.5, max=_WAIT_MAX_S),
            sleep=self._sleep,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    await self._sender.send(alert)
            self.sent += 1
        except RetryError as error:
            self._drop(alert, str(error.last_attempt.exception()))

    async def drain(self, timeout_s: float) -> None:
        """Wait until all is sent, `timeout_s` seconds at most; what is left is counted."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._waiting.join()


def _alert(seq: int, event: Event, notify: Notify) -> Alert:
    key = notify.key
    return Alert(
        notice=notify.notice,
        text=notify.text,
        urgent=notify.urgent,
        seq=seq,
        time_ns=event.receive_time_ns,
        account=key.account if key else "",
        venue=key.venue if key else "",
        symbol=key.symbol if key else "",
        client_order_id=notify.client_order_id or "",
    )
