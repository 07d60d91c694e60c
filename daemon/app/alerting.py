"""The ways of the settings' alerts, made: of a webhook or command, and of every rule's targets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daemon.app.heartbeat import Heartbeat
from daemon.core.commands import NoticeKind
from daemon.ports import Clock
from daemon.runtime.clock import SystemClock
from daemon.settings import AlertRule, AlertSettings
from daemon.telemetry.alerts import Alert, AlertFailedError, AlertSender, Route
from daemon.telemetry.ping import Ping
from daemon.telemetry.senders import CommandSender, WebhookSender
from daemon.telemetry.services import AppriseSender

# The name of the rule that stands where none is written.
DEFAULT_RULE = "default"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one target did with a test; `failure` is "" where it was taken."""

    rule: str
    target: str
    failure: str


def make_ping(
    alerts: AlertSettings, changed: Callable[[str], None], clock: Clock, heartbeat: Heartbeat
) -> Ping | None:
    """The dead man's switch, hearing of each beat; None where no address is set."""
    if alerts.ping_url is None:
        return None
    ping = Ping(
        alerts.ping_url.get_secret_value(), float(alerts.ping_every_s), changed, clock.sleep
    )
    heartbeat.listeners.append(lambda health: ping.beat(good=health.ready and not health.stuck))
    return ping


def alert_routes(alerts: AlertSettings) -> list[Route]:
    """Every way out; raises UnknownServiceError for an address that no service takes.

    A webhook or command takes what `notices` names; so do all targets where there is no rule.
    """
    timeout_s = float(alerts.timeout_s)
    own: list[tuple[str, AlertSender]] = []
    if alerts.webhook_url is not None:
        own.append(("webhook", WebhookSender(alerts.webhook_url.get_secret_value(), timeout_s)))
    if alerts.command:
        own.append(("command", CommandSender(alerts.command, timeout_s)))
    # Each target once: it is one thread's work, whatever the number of its rules.
    targets = {name: AppriseSender(name, url, timeout_s) for name, url in alerts.addresses.items()}
    if not alerts.rules:
        own += targets.items()
    kinds = frozenset(alerts.notices)
    routes = [
        Route(rule=DEFAULT_RULE, target=name, sender=sender, notices=kinds) for name, sender in own
    ]
    return routes + [_route(rule, name, targets[name]) for rule in alerts.rules for name in rule.to]


def _route(rule: AlertRule, target: str, sender: AlertSender) -> Route:
    return Route(
        rule=rule.name,
        target=target,
        sender=sender,
        notices=frozenset(kind for kind in rule.notices if isinstance(kind, NoticeKind)),
        urgent="urgent" in rule.notices,
        venues=rule.venues,
        symbols=rule.symbols,
        per_minute=rule.per_minute,
    )


def alert_test(alerts: AlertSettings, rule: str | None) -> list[Outcome]:
    """Send one test, once, to each target of `rule`, or of every rule; returns what became of it.

    Empty where no rule has that name. Raises UnknownServiceError.
    """
    routes = [route for route in alert_routes(alerts) if rule in {None, route.rule}]
    return asyncio.run(_try_all(routes, SystemClock().wall_ns()))


async def _try_all(routes: Sequence[Route], time_ns: int) -> list[Outcome]:
    """One after the other: a target of two rules takes one delivery at a time."""
    return [await _try(route, time_ns) for route in routes]


async def _try(route: Route, time_ns: int) -> Outcome:
    text = f"This is a test of the alert rule {route.rule}: nothing has happened."
    alert = Alert(notice="test", text=text, urgent=False, seq=0, time_ns=time_ns)
    try:
        await route.sender.send(alert)
    except AlertFailedError as error:
        return Outcome(route.rule, route.target, str(error))
    return Outcome(route.rule, route.target, "")
