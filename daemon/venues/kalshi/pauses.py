"""When Kalshi pauses: the status that it states, and the schedule that it publishes.

A pause that lies ahead is announced once, as a `VenuePaused` with its time in the future, so that
the engine can warn before it (semantics ruling 23).
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from daemon.core.events import Undecodable, VenueEvent, VenuePaused, VenueResumed
from daemon.core.terms import NANOS
from daemon.venues.decoding import UnreadableError, undecodable
from daemon.venues.errors import VenueError
from daemon.venues.kalshi.exchange_wire import ExchangeStatus, Pause, decode_pauses, decode_status
from daemon.venues.kalshi.listing import account_call
from daemon.venues.kalshi.session import Call, KalshiSession, NoTokens
from daemon.venues.rest import Reply

ANNOUNCE_WITHIN_NS: Final = 24 * 3_600 * NANOS
STATUS_PATH: Final = "/exchange/status"
SCHEDULE_PATH: Final = "/exchange/schedule"


class PauseWatch:
    """Turns status and schedule into `VenuePaused` and `VenueResumed`, each told once."""

    def __init__(self, session: KalshiSession) -> None:
        self._session = session
        self._paused = False
        self._announced: Pause | None = None
        self._read_ns: int | None = None
        self._pauses: tuple[Pause, ...] = ()

    @property
    def paused(self) -> bool:
        """Whether the last status said that no orders are taken."""
        return self._paused

    def status_call(self) -> Call:
        """The question after the exchange's status."""
        return account_call(self._session, STATUS_PATH)

    async def poll(self) -> Sequence[VenueEvent]:
        """What changed since the last poll. A failed look tells nothing and is not an event."""
        return (*await self._status(), *await self._schedule())

    async def _status(self) -> Sequence[VenueEvent]:
        outcome = await self._session.send(self.status_call())
        if isinstance(outcome, NoTokens) or not isinstance(outcome, Reply):
            return ()
        try:
            return self.take_status(decode_status(outcome.body))
        except UnreadableError as error:
            if outcome.status != HTTPStatus.OK:
                return ()
            stamp = self._session.stamp()
            return (undecodable(stamp, STATUS_PATH, outcome.body, str(error)),)

    def take_status(self, status: ExchangeStatus) -> Sequence[VenueEvent]:
        """The event of a status that differs from the last one."""
        if status.trading is not self._paused:
            return ()
        self._paused = not status.trading
        stamp = self._session.stamp()
        if status.trading:
            return (VenueResumed(**stamp),)
        text = "Kalshi takes no orders now"
        return (VenuePaused(**stamp, resume_time_ns=status.resume_ns, text=text),)

    async def _schedule(self) -> Sequence[VenueEvent]:
        events: list[VenueEvent] = []
        now_ns = self._session.now_ms() * 1_000_000
        mono_ns = self._session.clock.mono_ns()
        every_ns = int(self._session.config.schedule_poll_s * NANOS)
        if self._read_ns is None or mono_ns - self._read_ns >= every_ns:
            bad = await self._read_schedule(now_ns)
            self._read_ns = mono_ns
            events.extend(bad)
        ahead = next((pause for pause in self._pauses if pause.start_ns > now_ns), None)
        if ahead is None or ahead == self._announced:
            return events
        if ahead.start_ns - now_ns > ANNOUNCE_WITHIN_NS:
            return events
        self._announced = ahead
        paused = VenuePaused(
            **self._session.stamp(),
            pause_time_ns=ahead.start_ns,
            resume_time_ns=ahead.end_ns,
            text="a pause of the exchange is scheduled",
        )
        return (*events, paused)

    async def _read_schedule(self, now_ns: int) -> Sequence[Undecodable]:
        try:
            body = await self._session.get(account_call(self._session, SCHEDULE_PATH))
        except VenueError:
            return ()
        try:
            self._pauses = decode_pauses(body, now_ns)
        except UnreadableError as error:
            return (undecodable(self._session.stamp(), SCHEDULE_PATH, body, str(error)),)
        return ()
