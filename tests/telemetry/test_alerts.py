"""Alerts: the right notices leave by the right route, retried, bounded, never in the loop."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

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
    Route,
)
from daemon.telemetry.logs import LineSink, LineWriter
from tests import builders as make
from tests.venues.listening import until

EVENT = HaltRequested(receive_time_ns=5, mono_ns=1)
KEY = make.KEY


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

    def __init__(
        self,
        sender: AlertSender,
        kinds: Sequence[NoticeKind],
        limit: int = 256,
        per_minute: int | None = None,
    ) -> None:
        self.output = io.BytesIO()
        self.sink = LineSink(self.output)
        self.waits: list[float] = []
        log = LineWriter(self.sink, lambda: 0).log
        route = Route(
            rule="r", target="t", sender=sender, notices=frozenset(kinds), per_minute=per_minute
        )
        self.alerts = AlertObserver(route, log, self.sleep, limit)

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
    assert (line["rule"], line["target"]) == ("r", "t")


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
    async with asyncio.timeout(30):
        await desk.alerts.drain(0.02)
    desk.sink.close()


async def test_what_waits_for_room_is_told_in_one_with_the_urgent_name() -> None:
    sender = FakeSender()
    desk = Desk(sender, [NoticeKind.DUST, NoticeKind.NO_RULE], per_minute=1)
    observe = desk.alerts.observe
    observe(1, EVENT, (notify(NoticeKind.DUST, text="a"),))
    observe(2, EVENT, (notify(NoticeKind.DUST, text="b"),))
    observe(3, EVENT, (notify(NoticeKind.NO_RULE, text="c"),))
    observe(4, EVENT, (notify(NoticeKind.HALTED, text="d", urgent=True),))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(desk.alerts.run())
        await until(lambda: sender.sent)
        await asyncio.sleep(0.05)
        assert [alert.text for alert in sender.sent] == ["a"]  # the second has to wait a minute
        async with asyncio.timeout(30):
            await desk.alerts.drain(600)  # the end of the run waits for no room
        task.cancel()
    (_, told) = sender.sent
    assert told.text == "1 times dust, 1 times no_rule, 1 times halted: b; c; d"
    assert (told.notice, told.urgent, told.times) == (NoticeKind.HALTED, True, 3)
    assert desk.lines() == []


@pytest.mark.parametrize(
    ("venues", "symbols", "taken"),
    [
        (("*",), ("*",), True),
        (("kalshi", "binance-*"), ("NFL-*",), True),
        (("binance-*",), ("*",), False),
        (("*",), ("BTC*",), False),
    ],
)
def test_a_route_takes_its_venues_and_symbols(
    venues: tuple[str, ...], symbols: tuple[str, ...], *, taken: bool
) -> None:
    route = Route(rule="r", target="t", sender=FakeSender(), venues=venues, symbols=symbols)
    urgent = notify(NoticeKind.HALTED, urgent=True)
    assert route.takes(urgent) is taken
    assert route.takes(replace(urgent, key=None))
    assert not route.takes(notify(NoticeKind.HALTED))
    assert not replace(route, urgent=False).takes(urgent)
