"""One run of the daemon: the parts, put together.

Start-up order: journal and locks, fold, keys and clock proven at the venue, then `Started` and
`RulesLoaded` through the loop like any other fact, then streams, polls and the operator's door.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from daemon.analytics.health import Health
from daemon.app.alerting import alert_routes, make_ping
from daemon.app.door import OperatorDoor, tcp_door
from daemon.app.ending import alert_end
from daemon.app.estimating import make_estimator, wants_model
from daemon.app.figures import Follower, journal_reader
from daemon.app.heartbeat import Heartbeat, bounds
from daemon.app.kept_figures import KeptFigures
from daemon.app.market_looks import MarketLooks
from daemon.app.metrics import Measured, Scraper
from daemon.app.opening import open_journal, rules_loaded
from daemon.app.recalling import recall
from daemon.app.trading import Trader
from daemon.app.venues import make_venues, writers
from daemon.app.why import Tracer
from daemon.control.server import Sources, serve_door
from daemon.core.book import Book
from daemon.core.engine import ENGINE_VERSION
from daemon.core.errors import TheirsError
from daemon.core.events import RulesLoaded, Started, StopRequested
from daemon.core.requests import HaltRequested
from daemon.journal.sqlite import SqliteJournal
from daemon.ports import Observer
from daemon.runtime.clock import SystemClock
from daemon.runtime.driver import GARBAGE_LOOKS, SWITCH_INTERVAL_S, Driver
from daemon.runtime.fleet import Fleet
from daemon.runtime.freshness import Freshness
from daemon.runtime.inbox import Inbox
from daemon.runtime.notify import Notifier
from daemon.runtime.observers import Audience
from daemon.runtime.outbox import Outbox, Owner
from daemon.runtime.poller import Pace, Poller
from daemon.runtime.recovery import recover
from daemon.runtime.timers import Timers
from daemon.runtime.waiting import OrderWaiter
from daemon.settings import Settings, waiting_for_restart
from daemon.telemetry.alerts import AlertObserver
from daemon.telemetry.causes import Causes
from daemon.telemetry.coloured import Coloured
from daemon.telemetry.journald import stream_for
from daemon.telemetry.logs import LineSink, LineWriter, LogObserver, reads_logged
from daemon.telemetry.metrics import Metrics

ANSWER_GRACE_S = 3.0
ALERT_GRACE_S = 1.0
_RECOVERY_PATIENCE_S = 60

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Launch:
    """How one run is started. `reload` reads the settings again (SIGHUP, `filld reload`).

    `pretty` None: as [logs] says. `embedded`: inside somebody else's process, whose signals and
    standard output are not ours.
    """

    settings: Settings
    reload: Callable[[], Settings]
    take_over: bool = False
    pretty: bool | None = None
    start_halted: bool = False
    embedded: bool = False


class Telemetry:
    """Log, alerts and counts of one run; close `sink` last. Raises UnknownServiceError."""

    def __init__(self, launch: Launch, clock: SystemClock) -> None:
        settings = launch.settings
        routes = alert_routes(settings.alerts)
        out = sys.stderr if launch.embedded else sys.stdout
        as_set = settings.logs.format == "pretty"
        pretty = as_set if launch.pretty is None else launch.pretty
        plain = out.buffer if launch.embedded else stream_for(os.environ, out.buffer)
        self.sink = LineSink(Coloured(out.buffer) if pretty else plain)
        level = "warning" if launch.embedded else settings.logs.level
        lines = LineWriter(self.sink, clock.wall_ns, level)
        self.log = lines.log
        self.alerts = [AlertObserver(route, self.log, clock.sleep) for route in routes]
        self.metrics = Metrics(clock.mono_ns, clock.wall_ns())
        self.causes = Causes()
        self.observers: list[Observer] = [
            LogObserver(lines, self.causes),
            *self.alerts,
            self.metrics,
        ]

    def observer_failed(self, name: str, error: Exception) -> None:
        """An observer has a bug: said once, and the loop goes on."""
        self.log.error("observer_failed", observer=name, exc_info=error)


class Daemon:
    """One run of filld: the loop and everything round it."""

    def __init__(
        self, launch: Launch, telemetry: Telemetry, journal: SqliteJournal, clock: SystemClock
    ) -> None:
        settings = launch.settings
        self.launch, self.clock, self.journal = launch, clock, journal
        self.telemetry, self.log = telemetry, telemetry.log
        self.notifier = Notifier(os.environ, os.getpid())
        self.inbox = Inbox()
        self.timers = Timers(self.inbox, clock)
        venues = make_venues(settings, clock, self._key_readable, reads_logged(self.log))
        self.fleet = Fleet(venues, self.inbox, clock, told=self._opening, every=launch.start_halted)
        self.outbox = Outbox(venues, self.inbox, self.timers, self.fleet.shut)
        self.waiter = OrderWaiter(self.inbox, clock)
        engine, seq = recover(journal, self._recovering)
        self.freshness, seen = Freshness(), MarketLooks()
        told = Audience(telemetry.observers, telemetry.observer_failed)
        own_journal = functools.partial(journal_reader, settings)
        recall(telemetry.causes, own_journal, engine.book)
        self.estimator = make_estimator(settings, venues, self.inbox, clock)
        learn = self.estimator.learn
        self.figures = Follower(own_journal, KeptFigures(settings), clock, told, learn)
        self.figures.begin(seq, whole=wants_model(settings))
        gc.freeze()  # a look for garbage in a large book stops the loop for a second
        audience = Audience(
            [*telemetry.observers, self.waiter, self.freshness, seen, self.figures, self.estimator],
            telemetry.observer_failed,
        )
        self.driver = Driver(engine, journal, self.inbox, self.outbox, audience, last_seq=seq)
        idle_s = min(settings.refresh_idle, settings.reconcile_interval_s)
        pace = Pace(active_s=float(settings.refresh_active), idle_s=float(idle_s))
        self.poller = Poller(self.driver, self.outbox, clock, pace)
        self.trader = Trader(
            driver=self.driver,
            outbox=self.outbox,
            inbox=self.inbox,
            waiter=self.waiter,
            freshness=self.freshness,
            looks=seen,
            clock=clock,
            settings=settings.trades,
        )
        self.door = OperatorDoor(
            self.driver, self.inbox, self.freshness, clock, self._rules_again, self.trader
        )
        self.heartbeat = Heartbeat(
            self.door, self.fleet, clock, self.notifier, bounds(settings), self._health_changed
        )
        self.ping = make_ping(settings.alerts, self._pinged, clock, self.heartbeat)
        self.stop, self.hangup = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Run until a signal; raises what makes going on impossible."""
        if not self.launch.embedded:
            self._listen()
        try:
            async with asyncio.TaskGroup() as group:
                venues = group.create_task(self.fleet.run(self._begin), name="venues")
                if await self._opened(group):
                    await self._run_parts()
                else:
                    self.log.info("filld_stopped", seq=self.driver.watermark, unanswered=0)
                venues.cancel()
        finally:
            self.timers.stop()
            await self.fleet.close()

    def _recovering(self, seq: int) -> None:
        self.notifier.extend(_RECOVERY_PATIENCE_S)
        self.log.info("recovering", seq=seq)

    def _figures_ended(self, error: TheirsError) -> None:
        self.log.error("figures_ended", error=type(error).__name__, text=str(error))

    def _health_changed(self, health: Health) -> None:
        if health.ready:
            self.log.info("filld_ready", text=health.sentence)
        else:
            self.log.warning("filld_not_ready", reasons=list(health.not_ready))

    async def _opened(self, group: asyncio.TaskGroup) -> bool:
        """Wait until the run may begin: False when it was told to stop before that."""
        waits = [group.create_task(each.wait()) for each in (self.fleet.opened, self.stop)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return not self.stop.is_set()

    def _key_readable(self, text: str) -> None:
        self.log.warning("key_file_readable_by_others", text=text)

    def _pinged(self, failure: str) -> None:
        if failure:
            self.log.error("ping_failed", why=failure)
        else:
            self.log.info("ping_restored")

    def _opening(self, owner: Owner, tries: int, why: str) -> None:
        account, venue = owner
        if why:
            self.log.error("venue_not_opened", account=account, venue=venue, text=why)
        else:
            self.log.info("venue_opened", account=account, venue=venue, tries=tries)

    async def _run_parts(self) -> None:
        parts: Sequence[tuple[str, Awaitable[None]]] = (
            ("outbox", self.outbox.run()),
            ("driver", self.driver.run()),
            ("poller", self.poller.run()),
            ("trader", self.trader.run()),
            ("estimator", self.estimator.run(self.driver.look)),
            ("heartbeat", self.heartbeat.run()),
            ("door", self._serve()),
            ("figures", self.figures.run(self.telemetry.observer_failed, self._figures_ended)),
            ("reload", self._reload_on_signal()),
        )
        more = [(f"alerts {one.route.target}", one.run()) for one in self.telemetry.alerts]
        if self.ping is not None:
            more.append(("ping", self.ping.run()))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_run(part), name=name) for name, part in (*parts, *more)]
            self.log.info("filld_started", seq=self.driver.watermark, pid=os.getpid())
            await self.stop.wait()
            await self._wind_down()
            for task in tasks:
                task.cancel()

    async def _serve(self) -> None:
        """The operator's door."""
        settings = self.launch.settings
        sources = Sources(
            figures=self.figures,
            health=self.heartbeat,
            metrics=self._scraper(),
            lines=self.telemetry.sink,
            why=Tracer(functools.partial(journal_reader, settings)),
        )
        await serve_door(settings.socket_path, self.door, sources, tcp_door(settings))

    def _scraper(self) -> Scraper:
        self.journal.on_commit = self.telemetry.metrics.committed
        parts = Measured(
            door=self.door,
            driver=self.driver,
            inbox=self.inbox,
            fleet=self.fleet,
            heartbeat=self.heartbeat,
            figures=self.figures,
            counts=self.telemetry.metrics,
            alerts=self.telemetry.alerts,
            sink=self.telemetry.sink,
            journal=self.launch.settings.journal.path,
        )
        return Scraper(parts)

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

    def _rules_again(self) -> tuple[RulesLoaded, tuple[str, ...]]:
        settings = self.launch.reload()
        self.estimator.follow(settings)
        waiting = waiting_for_restart(self.launch.settings, settings)
        return rules_loaded(settings, self.clock), waiting

    async def _reload_on_signal(self) -> None:
        """Read the rules again at each SIGHUP, all or none."""
        while True:
            await self.hangup.wait()
            self.hangup.clear()
            self.notifier.reloading(self.clock.mono_ns())
            waiting: tuple[str, ...] = ()
            problems: list[str] = []
            try:
                waiting = await self.door.reload()
            except TheirsError as error:
                problems = str(error).splitlines()
            self.notifier.ready()
            if problems:
                self.log.error("reload_refused", problems=problems)
            if waiting:
                self.log.warning("restart_needed", settings=list(waiting))

    async def _wind_down(self) -> None:
        """Send nothing new, wait for answers, commit, snapshot: exit 0 within 5 s."""
        self.log.info("filld_stopping")
        self.notifier.stopping()
        stop = StopRequested(receive_time_ns=self.clock.wall_ns(), mono_ns=self.clock.mono_ns())
        self.inbox.put_answer(stop)
        await self.driver.look(len_positions)
        unanswered = await self.outbox.close(ANSWER_GRACE_S)
        await self.driver.look(len_positions)
        await self.driver.keep_snapshot()
        async with asyncio.TaskGroup() as group:
            for alerts in self.telemetry.alerts:
                group.create_task(alerts.drain(ALERT_GRACE_S), name="drain alerts")
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
    gc.set_threshold(*GARBAGE_LOOKS)
    clock = SystemClock()
    telemetry = Telemetry(launch, clock)
    try:
        return await _run_locked(launch, telemetry, clock)
    finally:
        telemetry.sink.close()


async def _run_locked(launch: Launch, telemetry: Telemetry, clock: SystemClock) -> int:
    settings = launch.settings
    tcp_door(settings)  # a door that cannot be is refused before anything begins
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
        state_dir, now_ns = settings.journal.state_dir, clock.wall_ns()
        await alert_end(telemetry.alerts, failure, state_dir, now_ns)
        raise failure
    return 0


def first_error(group: BaseExceptionGroup[TheirsError]) -> TheirsError:
    """The first named error in a nest of groups."""
    inner = group.exceptions[0]
    return first_error(inner) if isinstance(inner, BaseExceptionGroup) else inner
