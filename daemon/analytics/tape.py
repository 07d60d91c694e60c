"""What the prices of one market really were all day, and how an exit looks against them. Pure.

From the venue's own truth, never from what the daemon was told. Seconds are those of the day.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from daemon.analytics.day_report import ExitRow, Truth, difference
from daemon.analytics.exit_report import ExitLine
from daemon.core.terms import NANOS, RuleKind

_NOBODY = -1

Spans = Sequence[tuple[float, float]]


class Tape:
    """The price at which one side of a market could be sold, each time it changed: whole cents."""

    def __init__(self) -> None:
        self._times = array("d")
        self._cents = array("b")

    def note(self, now_s: float, held_px: Decimal | None) -> None:
        """From now on the best executable price is this one (dollars), None: nobody bids."""
        cents = _NOBODY if held_px is None else int(held_px * 100)
        if not self._cents or self._cents[-1] != cents:
            self._times.append(now_s)
            self._cents.append(cents)

    @property
    def last(self) -> Decimal | None:
        """The newest price, dollars; None when nobody bids or nothing was noted."""
        return Decimal(self._cents[-1]) / 100 if self._cents and self._cents[-1] > 0 else None

    def met_since(self, level_px: Decimal, at_s: float, *, above: bool) -> float | None:
        """Since when, without a break until `at_s`, the price was at the level or beyond it.

        A moment without any price breaks nothing. None when it was not met then.
        """
        since = None
        for index in range(bisect_right(self._times, at_s) - 1, -1, -1):
            cents = self._cents[index]
            if cents == _NOBODY:
                continue
            if not _met(cents, level_px, above=above):
                break
            since = self._times[index]
        return since

    def dry_s(self, from_s: float, until_s: float) -> float:
        """How many seconds between two moments nobody was there to trade with."""
        ends = (*self._times[1:], until_s)
        spans = zip(self._times, ends, self._cents, strict=True)
        return overlap([(at, end) for at, end, cents in spans if cents == _NOBODY], from_s, until_s)

    def spells(
        self, level_px: Decimal, end_s: float, *, above: bool
    ) -> Iterator[tuple[float, float]]:
        """Each stretch of time in which the level was met, until `end_s` at the latest."""
        since = None
        for at_s, cents in zip(self._times, self._cents, strict=True):
            met = since is not None if cents == _NOBODY else _met(cents, level_px, above=above)
            if met and since is None:
                since = at_s
            elif not met and since is not None:
                yield since, at_s
                since = None
        if since is not None:
            yield since, end_s


def _met(cents: int, level_px: Decimal, *, above: bool) -> bool:
    return cents >= level_px * 100 if above else cents <= level_px * 100


def overlap(spans: Spans, from_s: float, until_s: float) -> float:
    """How many seconds of these stretches lie between two moments."""
    return sum(max(min(end, until_s) - max(begin, from_s), 0.0) for begin, end in spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """When the day began (UTC ns), how long it is by now (s), and when nothing could be done."""

    began_ns: int
    now_s: float
    downs: Spans
    pauses: Spans

    def seconds(self, time_ns: int) -> float:
        """A moment as seconds of the day."""
        return (time_ns - self.began_ns) / NANOS


def judged(line: ExitLine, tape: Tape, day: Day, truth: Truth) -> ExitRow:
    """One exit beside what the market and the venue say of it."""
    opened_s = day.seconds(line.opened_ns)
    since = None
    if line.level_px is not None:
        above = line.rule == RuleKind.TAKE_PROFIT.value
        since = tape.met_since(line.level_px, opened_s, above=above)
    since = opened_s if since is None else since
    last_ns = line.sold_ns if line.end == "flat" else line.closed_ns
    until = day.now_s if last_ns is None else max(day.seconds(last_ns), opened_s)
    return ExitRow(
        line=line,
        late_s=opened_s - since,
        exposed_s=until - since,
        down_s=overlap(day.downs, since, until),
        paused_s=overlap(day.pauses, since, until),
        dry_s=tape.dry_s(since, until),
        differs=difference(line, truth),
    )
