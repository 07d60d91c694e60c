"""A day's report: what an exit was, what the market really did meanwhile, and what is too loud."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.analytics.day_report import (
    DayReport,
    ExitRow,
    Notice,
    Truth,
    difference,
    spread,
    spreads,
    storms,
    totals,
)
from daemon.analytics.exit_report import ExitLine, exit_lines, unseen_fills
from daemon.analytics.tape import Day, Tape, judged, overlap
from daemon.core.events import Event, Started
from daemon.core.terms import NANOS, JournalId, RejectReason, Side
from tests import builders as make
from tests.core.play import Play, guarded

D = Decimal


def played() -> Play:
    """A stop at 0.60 that fired at 0.58: refused once, then sold in two parts."""
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.rejected(order_id=play.order_id, reason=RejectReason.RATE_LIMIT))
    play.tell(make.quote(bid="0.57", ask="0.60"), after="5")
    play.tell(make.accepted(order_id=play.order_id))
    for number, (qty, px) in enumerate((("60", "0.57"), ("40", "0.56"))):
        play.tell(
            make.fill(
                exec_id=f"x{number}",
                last_qty=qty,
                last_px=px,
                commission="0.5",
                order_id=play.order_id,
                transact_time_ns=(number + 1) * NANOS,
            )
        )
    return play


@pytest.fixture
def line() -> ExitLine:
    (only,) = exit_lines(played().engine.book)
    return only


def test_an_exit_in_a_traders_words(line: ExitLine) -> None:
    assert (line.symbol, line.side, line.rule, line.end) == ("NFL-1", "yes", "absolute", "flat")
    assert (line.qty, line.filled_qty, line.orders, line.parts) == (D(100), D(100), 2, 2)
    assert (line.empty, line.refused, line.resent) == (1, {"rate_limit": 1}, 0)
    assert (line.level_px, line.trigger_px, line.avg_px) == (D("0.60"), D("0.58"), D("0.566"))
    assert (line.gap_px, line.slippage_px, line.slippage) == (D("0.02"), D("0.014"), D("1.4"))
    assert (line.fees, line.sold_ns) == (D(1), 2 * NANOS)


def test_the_venues_own_count_is_compared(line: ExitLine) -> None:
    truth = Truth(qty=D(100), notional=D("56.6"), fees=D(1))
    assert difference(line, truth) == ""
    assert difference(line, replace(truth, qty=D(101))).startswith("sold 100, venue 101")
    assert difference(line, replace(truth, fees=D("1.01"))) == "fees 1, venue 1.01"
    assert difference(line, replace(truth, notional=D(57))) == "average 0.566, venue 0.57"


def test_a_tape_knows_since_when_a_level_was_met() -> None:
    tape = Tape()
    for at_s, px in ((0, "0.61"), (10, "0.59"), (20, None), (30, "0.58"), (40, "0.61")):
        tape.note(at_s, None if px is None else D(px))
    assert tape.met_since(D("0.60"), 35, above=False) == 10
    assert tape.met_since(D("0.60"), 45, above=False) is None
    assert tape.met_since(D("0.60"), 5, above=True) == 0
    assert list(tape.spells(D("0.60"), 50, above=False)) == [(10, 40)]
    assert list(tape.spells(D("0.60"), 50, above=True)) == [(0, 10), (40, 50)]
    assert tape.dry_s(15, 50) == 10
    assert tape.last == D("0.61")


def test_exposure_counts_from_the_markets_price_to_the_last_contract(line: ExitLine) -> None:
    tape = Tape()
    tape.note(0.0, D("0.61"))
    tape.note(2.0, D("0.58"))
    line = replace(line, opened_ns=5 * NANOS, sold_ns=9 * NANOS)
    day = Day(began_ns=0, now_s=100.0, downs=[(3.0, 4.5)], pauses=[(50.0, 60.0)])
    row = judged(line, tape, day, Truth(qty=D(100), notional=D("56.6"), fees=D(1)))
    assert (row.late_s, row.exposed_s, row.down_s, row.paused_s) == (3, 7, 1.5, 0)
    assert row.own_s == 5.5
    still = judged(replace(line, end=None, closed_ns=None), tape, day, Truth())
    assert still.exposed_s == 98
    assert still.differs.startswith("sold 100, venue 0")


def test_overlaps_are_summed() -> None:
    assert overlap([(0, 2), (5, 9)], 1, 6) == 2


def test_how_long_a_fill_was_unknown() -> None:
    def started(at_s: int) -> Event:
        return Started(
            receive_time_ns=at_s * NANOS, mono_ns=0, journal_id=JournalId("j"), engine_version=1
        )

    def fill(name: str, traded_s: int, known_s: int) -> Event:
        found = make.fill(exec_id=name, side=Side.SELL, transact_time_ns=traded_s * NANOS)
        return replace(found, receive_time_ns=known_s * NANOS)

    events = [
        started(100),
        fill("old", 50, 101),
        fill("a", 102, 103),
        fill("a", 102, 110),
        started(200),
        fill("b", 190, 201),
    ]
    found = [(one.exec_id, one.seconds, one.restarted) for one in unseen_fills(events)]
    assert found == [("a", 1, False), ("b", 11, True)]


def test_percentiles_are_values_that_were_measured() -> None:
    assert spread(range(1, 101)) == {"p50": 50, "p90": 90, "p99": 99, "max": 100}
    assert spread([7.0]) == {"p50": 7, "p90": 7, "p99": 7, "max": 7}


def test_what_is_told_again_and_again_is_named() -> None:
    again = [Notice(float(n), "unguarded", "no price", "NFL-1") for n in range(6)]
    told = [*again, Notice(9.0, "halted", "by the operator")]
    assert storms(told) == [(6, "unguarded", "NFL-1")]


def test_a_report_is_as_good_as_its_exits(line: ExitLine) -> None:
    report = DayReport(title="day", exits=[ExitRow(line=line, late_s=1.0, exposed_s=3.0)])
    assert report.ok
    assert totals(report.exits)["slippage"] == "1.4"
    assert spreads(report)["late_s"]["max"] == 1
    view = report.view()
    assert view["notices"] == {}
    bad = DayReport(title="day", exits=[ExitRow(line=line, differs="fees 1, venue 2")])
    assert not bad.ok
    assert not DayReport(title="day", failures=["6"]).ok
