"""What one scrape sees: counts, gauges of the committed book, and the parts that have a depth.

The loop only copies numbers, and goes through the book in turns with its own work; what is summed
up over all history is read beside it, and the text is made in a thread.
"""

from __future__ import annotations

import asyncio
import itertools
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from daemon import __version__
from daemon.analytics.gauges import gauge_turns, sums_of
from daemon.analytics.scene import Scene
from daemon.analytics.turns import no_row
from daemon.app.door import OperatorDoor
from daemon.app.figures import Follower
from daemon.app.heartbeat import Heartbeat
from daemon.core.commands import NoticeKind
from daemon.core.engine import ENGINE_VERSION
from daemon.core.terms import NANOS, ONE
from daemon.runtime.driver import Driver
from daemon.runtime.fleet import Fleet
from daemon.runtime.inbox import Inbox
from daemon.telemetry.alerts import AlertObserver
from daemon.telemetry.exposition import CONTENT_TYPE, render
from daemon.telemetry.logs import LineSink
from daemon.telemetry.metrics import Labels, Metrics, Value, Values

# Sums of a journal that is still being read would look like a loss that is made good.
_BEHIND_RECORDS: Final = 1_000
_FROM_ZERO: Final = (
    "filld_fills_total",
    "filld_fills_inferred_total",
    "filld_reconcile_mismatches_total",
    "filld_stream_losses_total",
    "filld_undecodable_total",
)
_BESIDE: Final = ("", "-wal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The parts of a running daemon that are measured."""

    door: OperatorDoor
    driver: Driver
    inbox: Inbox
    fleet: Fleet
    heartbeat: Heartbeat
    figures: Follower
    counts: Metrics
    alerts: Sequence[AlertObserver]
    sink: LineSink
    journal: Path


class Scraper:
    """`daemon.control.metrics.MetricsSource` over a running daemon."""

    def __init__(self, parts: Measured) -> None:
        self._parts = parts
        self._version = (__version__, str(ENGINE_VERSION), platform.python_version())

    async def scrape(self) -> tuple[bytes, str]:
        """Every metric as of what is committed; sums over history may be a second older."""
        gauges = await self._parts.door.read(gauge_turns, no_row)
        values = await self._parts.door.look(self._look)
        values.update({name: dict(by) for name, by in gauges.items()})
        sums, behind = await self._parts.figures.read(sums_of)
        values["filld_figures_behind_records"] = {(): behind}
        if behind <= _BEHIND_RECORDS:
            values.update({name: dict(by) for name, by in sums.items()})
        return await asyncio.to_thread(_render, values, self._parts.journal), CONTENT_TYPE

    def _look(self, scene: Scene) -> Values:
        """On the loop, between two steps: copies, and nothing that waits."""
        parts = self._parts
        values = parts.counts.copy()
        health, pulse = parts.heartbeat.health, parts.heartbeat.pulse()
        values |= {
            "filld_build_info": {self._version: ONE},
            "filld_start_time_seconds": {(): Decimal(parts.counts.born_ns) / NANOS},
            "filld_ready": {(): int(health is not None and health.ready)},
            "filld_stuck": {(): int(health is not None and bool(health.stuck))},
            "filld_loop_lag_seconds": {(): pulse.lag_s},
            "filld_inbox_events": {(lane or "own",): n for lane, n in parts.inbox.depth().items()},
            "filld_untold_batches": {(): parts.driver.untold},
            "filld_journal_seq": {(): scene.seq},
            "filld_log_lines_dropped_total": {(): parts.sink.dropped},
        }
        self._venues(scene, values)
        self._alerts(values)
        self._begin_at_zero(values)
        return values

    def _begin_at_zero(self, values: Values) -> None:
        """An increase is seen only from a value that was there before."""
        for name in _FROM_ZERO:
            counts = values.setdefault(name, {})
            for owner in self._parts.fleet.venues:
                counts.setdefault(owner, 0)
        notices = values.setdefault("filld_notices_total", {})
        for kind, urgent in itertools.product(NoticeKind, ("true", "false")):
            notices.setdefault((kind.value, urgent), 0)

    def _venues(self, scene: Scene, values: Values) -> None:
        fleet, compared = self._parts.fleet, self._parts.door.freshness.compared
        ages: dict[Labels, Value] = {}
        reads: dict[Labels, Value] = {}
        opened: dict[Labels, Value] = {}
        left: dict[Labels, Value] = {}
        began_ns = self._parts.heartbeat.pulse().began_ns
        for owner, venue in fleet.venues.items():
            seen = compared.get(owner)
            since_ns = began_ns if seen is None else seen.mono_ns
            ages[owner] = Decimal(max(scene.mono_ns - since_ns, 0)) / NANOS
            reads[owner] = 0 if seen is None else seen.reads
            opened[owner] = int(owner not in fleet.shut)
            for bucket, share in venue.headroom().items():
                left[*owner, bucket] = Decimal(repr(round(share, 4)))
        values["filld_reconcile_age_seconds"] = ages
        values["filld_reconciliations_total"] = reads
        values["filld_venue_open"] = opened
        values["filld_rate_limit_headroom_ratio"] = left

    def _alerts(self, values: Values) -> None:
        routes = [((one.route.rule, one.route.target), one) for one in self._parts.alerts]
        values["filld_alerts_waiting"] = {labels: one.depth for labels, one in routes}
        values["filld_alerts_sent_total"] = {labels: one.sent for labels, one in routes}
        values["filld_alerts_dropped_total"] = {labels: one.dropped for labels, one in routes}


def _render(values: Values, journal: Path) -> bytes:
    """In a thread: asks the disk, writes the text."""
    files = (journal.with_name(journal.name + end) for end in _BESIDE)
    return render({**values, "filld_journal_bytes": {(): sum(_sizes(files))}})


def _sizes(files: Iterable[Path]) -> Iterable[int]:
    for file in files:
        try:
            yield file.stat().st_size
        except FileNotFoundError:
            yield 0
