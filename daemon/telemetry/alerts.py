"""Notices that leave the machine, each by its routes: beside the loop, never in it.

The loop only fills bounded queues; a task for each route sends, retries with back-off and drops in
the end, counting. Needs no disk. Knows which notices to send, not why they were made.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final, Literal, Protocol

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
_MINUTE_S: Final = 60.0


class AlertFailedError(TheirsError):
    """An alert was not taken; the text names no URL, which may hold a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One notice on its way out, or `times` of them in one; `text` is what a person reads."""

    notice: NoticeKind | Literal["test", "ended"]
    text: str
    urgent: bool
    seq: int
    time_ns: int
    account: str = ""
    venue: str = ""
    symbol: str = ""
    client_order_id: str = ""
    times: int = 1

    @property
    def kind(self) -> str:
        """The notice's name."""
        return self.notice.value if isinstance(self.notice, NoticeKind) else self.notice


class AlertSender(Protocol):
    """Takes one alert or raises `AlertFailedError`; has a timeout of its own."""

    async def send(self, alert: Alert) -> None:
        """Deliver `alert`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which notices of one rule leave for one target. Patterns are globs.

    `per_minute`: a burst of so many, then one each 60 / `per_minute` seconds; None: no limit.
    """

    rule: str
    target: str
    sender: AlertSender
    notices: frozenset[NoticeKind] = frozenset()
    urgent: bool = True
    venues: tuple[str, ...] = ("*",)
    symbols: tuple[str, ...] = ("*",)
    per_minute: int | None = None

    def takes(self, notify: Notify) -> bool:
        """True when this notice leaves here; one of no symbol in particular fits every pattern."""
        if not ((notify.urgent and self.urgent) or notify.notice in self.notices):
            return False
        key = notify.key
        if key is None:
            return True
        return any(fnmatchcase(key.venue, pattern) for pattern in self.venues) and any(
            fnmatchcase(key.symbol, pattern) for pattern in self.symbols
        )


@dataclass(slots=True)
class _Waiting:
    """What one sending will say: an alert, and later ones that it speaks for."""

    alert: Alert
    texts: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.kinds[self.alert.kind] += 1

    @property
    def times(self) -> int:
        """How many notices it stands for."""
        return self.kinds.total()

    def join(self, other: _Waiting) -> None:
        """Let this one speak for `other` as well; an urgent one gives its name to both."""
        self.kinds += other.kinds
        self.texts += [other.alert.text, *other.texts][: _TEXTS - len(self.texts)]
        if other.alert.urgent and not self.alert.urgent:
            self.alert = replace(self.alert, urgent=True, notice=other.alert.notice)

    def told(self) -> Alert:
        """What is sent."""
        if self.times == 1:
            return self.alert
        left = self.times - 1 - len(self.texts)
        more = f"; and {left} more" if left else ""
        each = ", ".join(f"{times} times {kind}" for kind, times in self.kinds.items())
        text = f"{each}: {'; '.join((self.alert.text, *self.texts))}{more}"
        return replace(self.alert, text=text, symbol="", client_order_id="", times=self.times)


class _Pace:
    """Tokens for so many sendings a minute; `now_s` is any clock that only goes on."""

    def __init__(self, per_minute: int | None) -> None:
        self._rate = None if per_minute is None else per_minute / _MINUTE_S
        self._most = self._tokens = float(per_minute or 0)
        self._at_s: float | None = None

    def take(self, now_s: float) -> float:
        """Take one and return 0, or take one that comes and return the seconds until then."""
        if self._rate is None:
            return 0.0
        gained = 0.0 if self._at_s is None else (now_s - self._at_s) * self._rate
        self._at_s = now_s
        self._tokens = min(self._most, self._tokens + gained) - 1
        return max(0.0, -self._tokens / self._rate)


class AlertObserver:
    """ports.Observer that sends the notices of one route.

    A storm of one kind (300 positions without a price) becomes a handful of alerts, so that it
    neither buries the others nor fills the queue. What waits for the route's limit goes together.
    """

    def __init__(
        self,
        route: Route,
        log: FilteringBoundLogger,
        sleep: Callable[[float], Awaitable[None]],
        limit: int = _QUEUE_ALERTS,
    ) -> None:
        self.route = route
        self._pace = _Pace(route.per_minute)
        self._draining = asyncio.Event()
        self._log = log
        self._sleep = sleep
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(limit)
        self._kinds: dict[str, list[_Waiting]] = {}
        self.sent = 0
        self.dropped = 0

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
        """Queue the notices of one committed step; never waits."""
        for command in commands:
            if isinstance(command, Notify) and self.route.takes(command):
                self._queue(_alert(seq, event, command))

    def tell(self, alert: Alert) -> None:
        """Queue an urgent one that no step caused, where urgent ones leave."""
        if self.route.urgent:
            self._queue(alert)

    def _queue(self, alert: Alert) -> None:
        alike = self._kinds.setdefault(alert.kind, [])
        waiting = _Waiting(alert)
        if alike and (len(alike) >= _ONE_BY_ONE or self._waiting.full()):
            alike[-1].join(waiting)
            return
        try:
            self._waiting.put_nowait(waiting)
            alike.append(waiting)
        except asyncio.QueueFull:
            self._drop(alert, "too many alerts are waiting")

    def _drop(self, alert: Alert, why: str) -> None:
        self.dropped += 1
        self._log.error(
            "alert_dropped",
            notice=alert.kind,
            rule=self.route.rule,
            target=self.route.target,
            why=why,
            dropped=self.dropped,
            seq=alert.seq,
        )

    @property
    def depth(self) -> int:
        """How many sendings wait."""
        return self._waiting.qsize()

    async def run(self) -> None:
        """Send what is queued, one after the other, until cancelled."""
        while True:
            waiting, taken = self._taken(await self._waiting.get()), 1
            wait_s = self._pace.take(asyncio.get_running_loop().time())
            if wait_s:
                await self._wait(wait_s)
                while not self._waiting.empty():
                    waiting.join(self._taken(self._waiting.get_nowait()))
                    taken += 1
            try:
                await self._send(waiting.told())
            finally:
                for _ in range(taken):
                    self._waiting.task_done()

    def _taken(self, waiting: _Waiting) -> _Waiting:
        """It is on its way: what comes now does not join it any more."""
        for alike in self._kinds.values():
            if waiting in alike:
                alike.remove(waiting)
        return waiting

    async def _wait(self, seconds: float) -> None:
        """Wait for room, but at the end of the run no longer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._draining.wait()

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
                    await self.route.sender.send(alert)
            self.sent += 1
        except RetryError as error:
            self._drop(alert, str(error.last_attempt.exception()))

    async def drain(self, timeout_s: float) -> None:
        """Wait until all is sent, `timeout_s` seconds at most; what is left is counted."""
        self._draining.set()
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
