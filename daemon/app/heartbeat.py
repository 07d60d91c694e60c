"""Tells the service manager how it stands, from inside the loop that moves orders.

Each beat asks the driver for a look at the committed book. A driver that hangs or a commit that
does not return keep that answer back, and with it the watchdog's feed; nothing else beats.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from daemon.analytics.health import Bounds, Health, Pulse, health_turns
from daemon.analytics.scene import Scene
from daemon.analytics.turns import Turns, no_row
from daemon.app.door import OperatorDoor
from daemon.core.terms import NANOS
from daemon.ports import Clock
from daemon.runtime.fleet import Fleet
from daemon.runtime.notify import Notifier
from daemon.settings import Settings

BEAT_S = 2.0
# Beats within the manager's patience: one may be late, and one more.
_BEATS_PER_PATIENCE = 4
_START_PATIENCE_S = 60
# Looks that an account may miss before filld is not ready, and the least that makes.
_MISSED_LOOKS = 3
_LEAST_BOUND_S = Decimal(90)
OnChange = Callable[[Health], None]


class Heartbeat:
    """Tells how it stands, for ever.

    `changed` hears of every change of what is not ready, `listeners` hear of every beat.
    """

    def __init__(
        self,
        door: OperatorDoor,
        fleet: Fleet,
        clock: Clock,
        notifier: Notifier,
        bounds: Bounds,
        changed: OnChange,
    ) -> None:
        self.health: Health | None = None
        self.listeners: list[OnChange] = []
        self._door, self._fleet = door, fleet
        self._clock, self._notifier = clock, notifier
        self._bounds, self._changed = bounds, changed
        self._began_ns = clock.mono_ns()
        self._lag_s = Decimal(0)
        self._started = False
        patience_s = notifier.watchdog_s
        self._beat_s = BEAT_S
        if patience_s is not None:
            self._beat_s = min(BEAT_S, float(patience_s / _BEATS_PER_PATIENCE))

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            self._tell(await self._door.read(self.judge, no_row))
            before_ns = self._clock.mono_ns()
            await self._clock.sleep(self._beat_s)
            slept_s = Decimal(self._clock.mono_ns() - before_ns) / NANOS
            self._lag_s = max(slept_s - Decimal(self._beat_s), Decimal(0))

    def judge(self, scene: Scene) -> Turns[Health]:
        """How it stands at the moment of `scene`."""
        return health_turns(scene, self.pulse(), self._bounds)

    def pulse(self) -> Pulse:
        """What is known beside the book."""
        freshness = self._door.freshness
        return Pulse(
            lag_s=round(self._lag_s, 3),
            shut=self._fleet.shut,
            compared_ns={o: c.mono_ns for o, c in freshness.compared.items()},
            answered_ns=freshness.answered_ns,
            began_ns=self._began_ns,
        )

    def _tell(self, health: Health) -> None:
        before, self.health = self.health, health
        if before is None or before.not_ready != health.not_ready:
            self._changed(health)
        for hear in self.listeners:
            hear(health)
        self._notifier.status(health.sentence)
        if not health.stuck:
            self._notifier.alive()
        if not self._started and self._may_start():
            self._started = True
            self._notifier.ready()
        elif not self._started:
            self._notifier.extend(_START_PATIENCE_S)

    def _may_start(self) -> bool:
        """READY means that exits may fire: compared once, wherever there was an answer.

        A venue that is down keeps the others' start back no more than it keeps their exits back.
        """
        seen, fleet = self._door.freshness, self._fleet
        opened = fleet.venues.keys() - fleet.shut
        return bool(seen.compared) and opened <= seen.answered_ns.keys()


def bounds(settings: Settings) -> Bounds:
    """When a comparison with the venue is too old for this pace."""
    missed_s = _MISSED_LOOKS * settings.reconcile_interval_s
    return Bounds(reconcile_s=max(missed_s, _LEAST_BOUND_S))
