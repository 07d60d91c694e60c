"""Counts and durations of what has been committed: an observer. Holds plain numbers, renders none.

All start at 0 with the process, as Prometheus wants counters. What is kept to tell a duration is
bounded; labels are words of ours, accounts and venues, never an order or a symbol.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, TypeVar

from daemon.core import events as ev
from daemon.core.commands import Command, Notify, PlaceOrder
from daemon.core.decisions import CloseExit, InferFill, NoteMismatch, OpenExit
from daemon.core.events import Event, Fill, Quote
from daemon.core.terms import NANOS, Account, PositionKey, Symbol, Venue

_MILLI: Final = 1_000_000
# Upper bounds in ns: of what takes milliseconds, and of what takes minutes.
QUICK: Final = tuple(
    micros * 1_000
    for micros in (250, 500, 1_000, 1_500, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000)
) + tuple(millis * _MILLI for millis in (250, 1_000, 5_000, 30_000))
SLOW: Final = tuple(
    millis * _MILLI
    for millis in (10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000)
) + tuple(minutes * 60 * NANOS for minutes in (15, 60))
BYTES: Final = tuple(4**power for power in range(4, 13))
_KEPT: Final = 10_000

Labels = tuple[str, ...]
Key = TypeVar("Key")
Kept = TypeVar("Kept")
Where = tuple[Account, Venue, Symbol]

# What is said of an order, as the label `answer`.
ANSWERS: Final[Mapping[type[Event], str]] = {
    ev.OrderAccepted: "accepted",
    ev.OrderRejected: "rejected",
    ev.OrderInDoubt: "in_doubt",
    ev.OrderCanceled: "canceled",
    ev.OrderExpired: "expired",
    ev.CancelRejected: "cancel_rejected",
    ev.OrderAbsent: "absent",
}


@dataclass(slots=True)
class Buckets:
    """A histogram: how many values were at most each bound, the last for all beyond, their sum."""

    bounds: tuple[int, ...]
    counts: list[int] = field(default_factory=list)
    total: int = 0

    def __post_init__(self) -> None:
        self.counts = self.counts or [0] * (len(self.bounds) + 1)

    def record(self, value: int) -> None:
        """Count one value; a negative one (a clock was set back) as 0."""
        value = max(value, 0)
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def copy(self) -> Buckets:
        """As it is now."""
        return Buckets(self.bounds, self.counts.copy(), self.total)


Value = int | Decimal | Buckets
Values = dict[str, dict[Labels, Value]]


class Metrics:
    """ports.Observer that counts. `mono_ns` is the clock of events, `born_ns` the start, UTC ns."""

    def __init__(self, mono_ns: Callable[[], int], born_ns: int) -> None:
        self._mono_ns = mono_ns
        self.born_ns = born_ns
        self._counts: dict[str, dict[Labels, int]] = {}
        self._spreads: dict[str, dict[Labels, Buckets]] = {
            "filld_journal_commit_seconds": {(): Buckets(QUICK)},
            "filld_journal_commit_bytes": {(): Buckets(BYTES)},
        }
        # Mono ns at which exits opened; those that wait for their first order.
        self._opened: dict[PositionKey, int] = {}
        self._unordered: dict[PositionKey, int] = {}
        # The newest fill that may have led to an order.
        self._filled: dict[Where, int] = {}

    def copy(self) -> Values:
        """All of it as it is now; the caller's own."""
        values: Values = {name: dict(by.items()) for name, by in self._counts.items()}
        for name, by in self._spreads.items():
            values[name] = {labels: spread.copy() for labels, spread in by.items()}
        return values

    def committed(self, nanos: int, records: int, size: int) -> None:
        """One transaction of the journal took `nanos` for so many records and bytes."""
        self._spread("filld_journal_commit_seconds", (), nanos, QUICK)
        self._spread("filld_journal_commit_bytes", (), size, BYTES)
        self._count("filld_journal_records_total", (), records)

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
        """Count one committed step."""
        if not seq and not commands and isinstance(event, Quote):
            return
        self._fact(seq, event)
        for command in commands:
            self._command(event, command)

    def _count(self, name: str, labels: Labels, times: int = 1) -> None:
        by = self._counts.setdefault(name, {})
        by[labels] = by.get(labels, 0) + times

    def _spread(self, name: str, labels: Labels, value: int, bounds: tuple[int, ...]) -> None:
        by = self._spreads.setdefault(name, {})
        spread = by.get(labels)
        if spread is None:
            spread = by[labels] = Buckets(bounds)
        spread.record(value)

    def _fact(self, seq: int, event: Event) -> None:
        """What the world said: of orders and fills only what was news."""
        match event:
            case ev.Fill() if seq:
                self._fill(event)
            case ev.OrderEvent() if seq and type(event) in ANSWERS:
                answer = (event.account, event.venue, ANSWERS[type(event)])
                self._count("filld_order_answers_total", answer)
            case ev.QueryFailed():
                failed = (event.account, event.venue, event.query, event.reason.value)
                self._count("filld_query_failures_total", failed)
            case ev.StreamLost() if seq:
                self._count("filld_stream_losses_total", (event.account, event.venue))
            case ev.Undecodable():
                self._count("filld_undecodable_total", (event.account, event.venue))
            case _:
                return

    def _fill(self, fill: Fill) -> None:
        self._count("filld_fills_total", (fill.account, fill.venue))
        if fill.transact_time_ns >= self.born_ns:
            unknown_ns = fill.receive_time_ns - fill.transact_time_ns
            self._spread("filld_fill_delay_seconds", (fill.venue,), unknown_ns, SLOW)
        _keep(self._filled, (fill.account, fill.venue, fill.symbol), fill.mono_ns)

    def _command(self, event: Event, command: Command) -> None:
        match command:
            case PlaceOrder():
                self._placed(event, command)
            case OpenExit():
                rule = (command.key.account, command.key.venue, command.reason.value)
                self._count("filld_exits_opened_total", rule)
                _keep(self._opened, command.key, event.mono_ns)
                _keep(self._unordered, command.key, event.mono_ns)
            case CloseExit():
                self._closed(event, command)
            case InferFill():
                self._count("filld_fills_inferred_total", (command.key.account, command.key.venue))
            case NoteMismatch():
                labels = (command.key.account, command.key.venue)
                self._count("filld_reconcile_mismatches_total", labels)
            case Notify():
                urgent = "true" if command.urgent else "false"
                self._count("filld_notices_total", (command.notice.value, urgent))
            case _:
                return

    def _closed(self, event: Event, command: CloseExit) -> None:
        key = command.key
        self._count("filld_exits_ended_total", (key.account, key.venue, command.end.value))
        opened_ns = self._opened.pop(key, None)
        self._unordered.pop(key, None)
        if opened_ns is not None:
            exposed_ns = event.mono_ns - opened_ns
            self._spread("filld_exit_exposed_seconds", (key.venue,), exposed_ns, SLOW)

    def _placed(self, event: Event, command: PlaceOrder) -> None:
        """An order was let out; observers are told when its bytes are on their way."""
        key, now_ns = command.key, self._mono_ns()
        where = (key.account, key.venue, key.symbol)
        purpose = "trade" if command.trade_no else "exit"
        self._count("filld_orders_placed_total", (key.account, key.venue, purpose))
        opened_ns = self._unordered.pop(key, None)
        if opened_ns is not None:
            self._spread("filld_trigger_to_order_seconds", (key.venue,), now_ns - opened_ns, QUICK)
        filled_ns = self._filled.pop(where, None)
        # A quote that is newer than the fill is what led to this order; the fill did not.
        if filled_ns is not None and not (isinstance(event, Quote) and event.mono_ns > filled_ns):
            self._spread("filld_fill_to_order_seconds", (key.venue,), now_ns - filled_ns, QUICK)


def _keep(table: dict[Key, Kept], key: Key, kept: Kept) -> None:
    """Remember, and forget the oldest beyond the limit."""
    table.pop(key, None)
    table[key] = kept
    if len(table) > _KEPT:
        del table[next(iter(table))]
