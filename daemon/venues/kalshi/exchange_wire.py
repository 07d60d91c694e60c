"""The exchange as a whole: is it open, and when does it pause next. Pure.

The weekly hours are in New York's time and "00:00-00:00" is the whole day (Kalshi docs:
exchange schedule); what lies outside them is a pause, e.g. Thursdays 03:00-05:00. Maintenance
windows are absolute times on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from daemon.core.terms import NANOS
from daemon.venues.decoding import UnreadableError, decode_as
from daemon.venues.kalshi.wire import instant_ns

NEW_YORK: Final = ZoneInfo("America/New_York")
LOOK_AHEAD_DAYS: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeStatus:
    """Whether orders are taken; `resume_ns` is the venue's estimate (UTC ns) where it gives one.

    `closed_shards` are the exchange indexes that do not trade now.
    """

    trading: bool
    resume_ns: int | None = None
    closed_shards: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pause:
    """A stretch of time without trading, UTC ns; `end_ns` is None when it is not in sight."""

    start_ns: int
    end_ns: int | None


class _Shard(msgspec.Struct):
    exchange_index: int
    exchange_active: bool
    trading_active: bool


class _Status(msgspec.Struct):
    exchange_active: bool
    trading_active: bool
    exchange_estimated_resume_time: str | None = None
    exchange_index_statuses: list[_Shard] | None = None


class _Session(msgspec.Struct):
    open_time: str
    close_time: str


class _Week(msgspec.Struct):
    start_time: str
    end_time: str
    monday: list[_Session] = []
    tuesday: list[_Session] = []
    wednesday: list[_Session] = []
    thursday: list[_Session] = []
    friday: list[_Session] = []
    saturday: list[_Session] = []
    sunday: list[_Session] = []

    def sessions(self, weekday: int) -> list[_Session]:
        """The sessions of a weekday, 0 = Monday."""
        days = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday)
        return (*days, self.saturday, self.sunday)[weekday]


class _Window(msgspec.Struct):
    start_datetime: str
    end_datetime: str


class _Schedule(msgspec.Struct):
    standard_hours: list[_Week]
    maintenance_windows: list[_Window] | None = None


class _ScheduleBody(msgspec.Struct):
    schedule: _Schedule


_STATUS: Final = msgspec.json.Decoder(_Status)
_SCHEDULE: Final = msgspec.json.Decoder(_ScheduleBody)


def decode_status(body: bytes) -> ExchangeStatus:
    """GET /exchange/status, whose 5xx answers have the same body; raises `UnreadableError`.

    The top level speaks for exchange index 0, and so does `trading`.
    """
    status = decode_as(_STATUS, body)
    resume = status.exchange_estimated_resume_time
    return ExchangeStatus(
        trading=status.exchange_active and status.trading_active,
        resume_ns=None if not resume else instant_ns(resume, "exchange_estimated_resume_time"),
        closed_shards=tuple(
            shard.exchange_index
            for shard in status.exchange_index_statuses or ()
            if not (shard.exchange_active and shard.trading_active)
        ),
    )


def decode_pauses(body: bytes, now_ns: int) -> tuple[Pause, ...]:
    """The pauses of the next eight days that are not over, in order; raises `UnreadableError`."""
    schedule = decode_as(_SCHEDULE, body).schedule
    horizon_ns = now_ns + LOOK_AHEAD_DAYS * 86_400 * NANOS
    pauses = _weekly(schedule.standard_hours, now_ns, horizon_ns)
    for window in schedule.maintenance_windows or ():
        start_ns = instant_ns(window.start_datetime, "start_datetime")
        end_ns = instant_ns(window.end_datetime, "end_datetime")
        if now_ns < end_ns and start_ns < horizon_ns and start_ns < end_ns:
            pauses.append(Pause(start_ns=start_ns, end_ns=end_ns))
    return tuple(sorted(pauses, key=lambda pause: pause.start_ns))


def _weekly(weeks: list[_Week], now_ns: int, horizon_ns: int) -> list[Pause]:
    """The gaps between the sessions; no hours at all say nothing rather than "always closed"."""
    spans = sorted(_sessions(weeks, now_ns))
    if not spans:
        return []
    merged = [spans[0]]
    for start, end in spans[1:]:
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [
        Pause(start_ns=before[1], end_ns=after[0])
        for before, after in pairwise(merged)
        if after[0] > now_ns and before[1] < horizon_ns
    ]


def _sessions(weeks: list[_Week], now_ns: int) -> list[tuple[int, int]]:
    today = (_EPOCH + timedelta(seconds=now_ns // NANOS)).astimezone(NEW_YORK).date()
    spans: list[tuple[int, int]] = []
    for week in weeks:
        begins = instant_ns(week.start_time, "start_time")
        ends = instant_ns(week.end_time, "end_time")
        for offset in range(-2, LOOK_AHEAD_DAYS + 2):
            day = today + timedelta(days=offset)
            for session in week.sessions(day.weekday()):
                start, end = _span(day, session)
                if begins <= start < ends and start < end:
                    spans.append((start, end))
    return spans


def _span(day: date, session: _Session) -> tuple[int, int]:
    """A session in UTC ns; a closing time not after its opening belongs to the next day."""
    opens, closes = _clock(session.open_time), _clock(session.close_time)
    last = day if closes > opens else day + timedelta(days=1)
    return _utc_ns(day, opens), _utc_ns(last, closes)


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise UnreadableError(f"{text[:40]!r} is not a time HH:MM") from None


def _utc_ns(day: date, clock: time) -> int:
    local = datetime.combine(day, clock.replace(tzinfo=None), tzinfo=NEW_YORK)
    since = local.astimezone(UTC) - _EPOCH
    return (since.days * 86_400 + since.seconds) * NANOS
