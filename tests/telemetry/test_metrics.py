"""What is counted and timed of committed steps, each thing once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from daemon.core import events as ev
from daemon.core.commands import Command, NoticeKind, Notify, PlaceOrder
from daemon.core.decisions import CloseExit, ExitEnd, NoteMismatch, OpenExit
from daemon.core.terms import ClientOrderId, RejectReason, RuleKind, Side, TimeInForce
from daemon.ports import Observer
from daemon.telemetry.metrics import Buckets, Metrics
from tests import builders as make

OWNER = (make.ACCOUNT, make.VENUE)
MS = 1_000_000


class Desk:
    """Metrics under a clock that the test sets, ms."""

    def __init__(self) -> None:
        self.ms = 0
        self.metrics = Metrics(lambda: self.ms * MS, born_ns=0)
        self.seq = 0

    def step(self, event: ev.Event, *commands: Command, seq: int | None = None) -> None:
        """One committed step; `seq` 0: it changed nothing."""
        self.seq += 1
        port: Observer = self.metrics
        port.observe(self.seq if seq is None else seq, event, commands)

    def count(self, name: str, *labels: str) -> object:
        return self.metrics.copy().get(name, {}).get((*OWNER, *labels))

    def spread(self, name: str) -> Buckets:
        found = self.metrics.copy()[name][make.VENUE,]
        assert isinstance(found, Buckets)
        return found


def order(name: str = "fd1", **changes: object) -> PlaceOrder:
    made = PlaceOrder(
        key=make.KEY,
        client_order_id=ClientOrderId(name),
        exit_no=1,
        attempt=1,
        side=Side.SELL,
        order_qty=Decimal(5),
        limit_px=Decimal("0.5"),
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type] # its own fields


def opened() -> OpenExit:
    return OpenExit(
        key=make.KEY,
        exit_no=1,
        reason=RuleKind.ABSOLUTE,
        exit_qty=Decimal(5),
        trigger_px=Decimal("0.5"),
        level_px=None,
        quote=None,
    )


def at(event: ev.Event, ms: int) -> ev.Event:
    """The same, received at `ms` of the test's clock."""
    return replace(event, mono_ns=ms * MS)


def test_an_exit_is_counted_and_timed_from_its_trigger() -> None:
    desk = Desk()
    desk.ms = 12
    desk.step(at(make.quote(bid="0.5", ask="0.6"), 10), opened(), order())
    desk.step(at(make.fill(), 40), CloseExit(key=make.KEY, exit_no=1, end=ExitEnd.FLAT))
    assert desk.count("filld_exits_opened_total", "absolute") == 1
    assert desk.count("filld_exits_ended_total", "flat") == 1
    assert desk.count("filld_orders_placed_total", "exit") == 1
    assert desk.spread("filld_trigger_to_order_seconds").total == 2 * MS
    assert desk.spread("filld_exit_exposed_seconds").total == 30 * MS


def test_a_fill_is_timed_to_the_order_it_led_to_and_to_no_other() -> None:
    desk = Desk()
    desk.ms = 13
    fill = at(make.fill(), 10)
    desk.step(fill)
    desk.step(at(make.quote(bid="0.5", ask="0.6"), 9), order())  # the price that it found
    assert desk.spread("filld_fill_to_order_seconds").total == 3 * MS
    desk.step(at(make.fill(exec_id="second"), 20))
    desk.step(at(make.quote(bid="0.4", ask="0.6"), 50), order("fd2"))  # a price of its own
    assert sum(desk.spread("filld_fill_to_order_seconds").counts) == 1


def test_a_repetition_is_no_fill() -> None:
    desk = Desk()
    desk.step(make.fill())
    desk.step(make.fill(), seq=0)
    assert desk.count("filld_fills_total") == 1


def test_answers_are_counted_by_what_was_said() -> None:
    desk = Desk()
    mine = ClientOrderId("fd1")
    desk.step(make.rejected(order_id=mine, reason=RejectReason.RATE_LIMIT))
    desk.step(make.canceled(order_id=mine))
    desk.step(make.canceled(order_id=mine), seq=0)
    assert desk.count("filld_order_answers_total", "rejected") == 1
    assert desk.count("filld_order_answers_total", "canceled") == 1


def test_notices_mismatches_and_failed_looks_are_counted() -> None:
    desk = Desk()
    notice = Notify(notice=NoticeKind.HALTED, text="", urgent=True)
    mismatch = NoteMismatch(key=make.KEY, difference=Decimal(1), as_of_ns=1, mono_ns=1)
    desk.step(make.positions(), notice, mismatch)
    failed = ev.QueryFailed(**make.AT_VENUE, query="positions", reason=RejectReason.TIMEOUT)
    desk.step(failed, seq=0)
    values = desk.metrics.copy()
    assert values["filld_notices_total"] == {("halted", "true"): 1}
    assert desk.count("filld_reconcile_mismatches_total") == 1
    assert desk.count("filld_query_failures_total", "positions", "timeout") == 1


def test_commits_are_timed_and_sized() -> None:
    desk = Desk()
    desk.metrics.committed(2 * MS, 3, 900)
    values = desk.metrics.copy()
    (took,) = values["filld_journal_commit_seconds"].values()
    (size,) = values["filld_journal_commit_bytes"].values()
    assert isinstance(took, Buckets)
    assert isinstance(size, Buckets)
    assert (took.total, size.total) == (2 * MS, 900)
    assert values["filld_journal_records_total"] == {(): 3}


def test_a_copy_stays_as_it_was() -> None:
    desk = Desk()
    desk.step(make.fill())
    desk.metrics.committed(1, 1, 1)
    before = desk.metrics.copy()
    desk.step(make.fill(exec_id="second"))
    desk.metrics.committed(1, 1, 1)
    assert before["filld_fills_total"] == {OWNER: 1}
    (took,) = before["filld_journal_commit_seconds"].values()
    assert isinstance(took, Buckets)
    assert sum(took.counts) == 1
