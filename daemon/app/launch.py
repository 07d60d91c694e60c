"""One run of the daemon: the parts, put together.

Start-up order: journal and locks, fold, keys and clock proven at the venue, then `Started` and
`RulesLoaded` through the loop like any other fact, then streams, polls and the operator's door.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from daemon.app.door import OperatorDoor
from daemon.app.venues import make_venues, writers
from daemon.control.server import serve_door
from daemon.core.book import Book
from daemon.core.engine import ENGINE_VERSION
from daemon.core.errors import TheirsError
from daemon.core.events import RulesLoaded, Started, StopRequested
from daemon.core.requests import HaltRequested
from daemon.journal.sqlite import SqliteJournal, SqliteOptions
from daemon.ports import Observer
from daemon.runtime.clock import SystemClock
from daemon.runtime.driver import SWITCH_INTERVAL_S, Driver
from daemon.runtime.fleet import Fleet
from daemon.runtime.freshness import Freshness
from daemon.runtime.inbox import Inbox
from daemon.runtime.observers import Audience
from daemon.runtime.outbox import Outbox, Owner
from daemon.runtime.poller import Pace, Poller
from daemon.runtime.recovery import recover
from daemon.runtime.timers import Timers
from daemon.runtime.waiting import OrderWaiter
from daemon.settings import Settings, account_policies, ignored, stop_rules
from daemon.telemetry.alerts import AlertObserver, CommandSender, WebhookSender
from daemon.telemetry.logs import LineSink, LogObserver, make_logger

ANSWER_GRACE_S = 3.0
ALERT_GRACE_S = 1.0

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Launch:
    """How one run is started. `reload` reads the settings again (SIGHUP, `filld reload`)."""

    settings: Settings
    reload: Callable[[], Settings]
    take_over: bool = False
    pretty: bool = False
    start_halted: bool = False


class Telemetry:
    """Log and alerts of one run; close `sink` last."""

    def __init__(self, launch: Launch, clock: SystemClock) -> None:
        settings = launch.settings
        self.sink = LineSink(sys.stdout.buffer)
        pretty = launch.pretty or settings.logs.format == "pretty"
        self.log = make_logger(self.sink, clock.wall_ns, settings.logs.level, pretty=pretty)
        self.observers: list[Observer] = [LogObserver(self.log, settings.logs.level)]
        self.alerts: AlertObserver | None = None
        sender = _sender(settings)
        if sender is not None:
            notices = settings.alerts.notices
            self.alerts = AlertObserver(sender, notices, self.log, clock.sleep)
            self.observers.append(self.alerts)

    def observer_failed(self, name: str, error: Exception) -> None:
        """An observer has a bug: said once, and the loop goes on."""
        self.log.error("observer_failed", observer=name, exc_info=error)


def _sender(settings: Settings) -> WebhookSender | CommandSender | None:
    alerts = settings.alerts
    if alerts.webhook_url is not None:
        return WebhookSender(alerts.webhook_url.get_secret_value(), float(alerts.timeout_s))
    if alerts.command:
        return CommandSender(alerts.command, float(alerts.timeout_s))
    return None


def rules_loaded(settings: Settings, clock: SystemClock) -> RulesLoaded:
    """The rules of these settings as a fact."""
    return RulesLoaded(
        receive_time_ns=clock.wall_ns(),
        mono_ns=clock.mono_ns(),
        rules=stop_rules(settings),
        accounts=account_policies(settings),
        ignored=ignored(settings),
    )


def open_journal(settings: Settings, clock: SystemClock) -> SqliteJournal:
    """The journal of these settings, locked; raises JournalError and its kin."""
    settings.journal.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.journal.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = SqliteOptions(engine_version=ENGINE_VERSION, created_ns=clock.wall_ns())
    return SqliteJournal(settings.journal.path, options)


class Daemon:
    """One run of filld: the loop and everything round it."""

    def __init__(
        self, launch: Launch, telemetry: Telemetry, journal: SqliteJournal, clock: SystemClock
    ) -> None:
        settings = launch.settings
        self.launch, self.clock, self.journal = launch, clock, journal
        self.telemetry, self.log = telemetry, telemetry.log
        self.inbox = Inbox()
        self.timers = Timers(self.inbox, clock)
        venues = make_venues(settings, clock, self._key_readable)
        self.fleet = Fleet(
            venues, self.inbox, clock, failed=self._not_opened, every=launch.start_halted
        )
        self.outbox = Outbox(venues, self.inbox, self.timers, self.fleet.shut)
        self.waiter = OrderWaiter(self.inbox, clock)
        engine, seq = recover(journal, lambda at: self.log.info("recovering", seq=at))
        gc.freeze()  # a look for garbage in a large book stops the loop for a second
        self.freshness = Freshness()
        audience = Audience(
            [*telemetry.observers, self.waiter, self.freshness], telemetry.observer_failed
        )
        self.driver = Driver(engine, journal, self.inbox, self.outbox, audience, last_seq=seq)
        idle_s = min(settings.refresh_idle, settings.reconcile_interval_s)
        pace = Pace(active_s=float(settings.refresh_active), idle_s=float(idle_s))
        self.poller = Poller(self.driver, self.outbox, clock, pace)
        self.door = OperatorDoor(self.driver, self.inbox, self.freshness, clock, self._rules_again)
        self.stop, self.hangup = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Run until a signal; raises what makes going on impossible."""
        try:
            async with asyncio.TaskGroup() as group:
                venues = group.create_task(self.fleet.run(self._begin), name="venues")
                await self.fleet.opened.wait()
                await self._run_parts()
                venues.cancel()
        finally:
            self.timers.stop()
            await self.fleet.close()

    def _key_readable(self, text: str) -> None:
        self.log.warning("key_file_readable_by_others", text=text)

    def _not_opened(self, owner: Owner, error: TheirsError) -> None:
        account, venue = owner
        self.log.error("venue_not_opened", account=account, venue=venue, text=str(error))

    async def _run_parts(self) -> None:
        parts: Sequence[tuple[str, Awaitable[None]]] = (
            ("outbox", self.outbox.run()),
            ("driver", self.driver.run()),
            ("poller", self.poller.run()),
            ("door", serve_door(self.launch.settings.socket_path, self.door)),
            ("reload", self._reload_on_signal()),
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_run(part), name=name) for name, part in parts]
            if self.telemetry.alerts is not None:
                tasks.append(group.create_task(self.telemetry.alerts.run(), name="alerts"))
            self._listen()
            self.log.info("filld_started", seq=self.driver.watermark, pid=os.getpid())
            await self.stop.wait()
            await self._wind_down()
            for task in tasks:
                task.cancel()

    def _begin(self) -> None:
        started = Started(
            receive_time_ns=self.clock.wall_ns(),
            mono_ns=self.clock.mono_ns(),
            journal_id=self.journal.journal_id,
            engine_version=ENGINE_VERSION,
            take_over=self.launch.take_over,
        )
        self.inbox.put_answer(started)
        self.inbox.put_answer(rules_loaded(self.launch.settings, self.clock))
        if self.launch.start_halted:
            text = "the book was rebuilt from the venue: look at it, then filld resume"
            self.inbox.put_answer(
                HaltRequested(
                    receive_time_ns=self.clock.wall_ns(), mono_ns=self.clock.mono_ns(), text=text
                )
            )

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self.stop.set)
        loop.add_signal_handler(signal.SIGHUP, self.hangup.set)

    def _rules_again(self) -> RulesLoaded:
        return rules_loaded(self.launch.reload(), self.clock)

    async def _reload_on_signal(self) -> None:
        """Read the rules again at each SIGHUP, all or none."""
        while True:
            await self.hangup.wait()
            self.hangup.clear()
            problems = await self.door.reload()
            if problems:
                self.log.error("reload_refused", problems=list(problems))

    async def _wind_down(self) -> None:
        """Send nothing new, wait for answers, commit, snapshot: exit 0 within 5 s."""
        self.log.info("filld_stopping")
        stop = StopRequested(receive_time_ns=self.clock.wall_ns(), mono_ns=self.clock.mono_ns())
        self.inbox.put_answer(stop)
        await self.driver.look(len_positions)
        unanswered = await self.outbox.close(ANSWER_GRACE_S)
        await self.driver.look(len_positions)
        await self.driver.keep_snapshot()
        if self.telemetry.alerts is not None:
            await self.telemetry.alerts.drain(ALERT_GRACE_S)
        self.log.info("filld_stopped", seq=self.driver.watermark, unanswered=unanswered)


def len_positions(book: Book) -> int:
    """How many positions the book knows; asked for when only the moment matters."""
    return len(book.positions)


async def _run(part: Awaitable[None]) -> None:
    await part


async def run(launch: Launch) -> int:
    """Run the daemon until SIGTERM or SIGINT; returns the exit code.

    Raises a TheirsError (settings, journal, key, venue) with a message that says what to do. A
    failing journal ends the run with exit code 1 before anything uncommitted has left.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    clock = SystemClock()
    telemetry = Telemetry(launch, clock)
    try:
        return await _run_locked(launch, telemetry, clock)
    finally:
        telemetry.sink.close()


async def _run_locked(launch: Launch, telemetry: Telemetry, clock: SystemClock) -> int:
    settings = launch.settings
    journal = open_journal(settings, clock)
    failure: TheirsError | None = None
    try:
        for venue, key_id in writers(settings):
            await journal.hold_account(settings.journal.state_dir, venue, key_id)
        await Daemon(launch, telemetry, journal, clock).run()
    except* TheirsError as group:
        failure = first_error(group)
    finally:
        await journal.close()
    if failure is not None:
        telemetry.log.error("filld_failed", error=type(failure).__name__, text=str(failure))
        raise failure
    return 0


def first_error(group: BaseExceptionGroup[TheirsError]) -> TheirsError:
    """The first named error in a nest of groups."""
    inner = group.exceptions[0]
    return first_error(inner) if isinstance(inner, BaseExceptionGroup) else inner
