"""A day's report on a terminal: every exit in one row, what is wrong at the end and as an error."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.analytics.day_report import DayReport, ExitRow, Notice
from daemon.analytics.exit_report import ExitLine
from daemon.cli.day_view import show_day
from daemon.core.terms import NANOS, USD, ClientOrderId

LINE = ExitLine(
    venue="kalshi",
    symbol="KX-1",
    currency=USD,
    side="no",
    exit_no=3,
    generation=1,
    reason="stop_loss",
    rule="percent",
    qty=Decimal(100),
    filled_qty=Decimal(100),
    orders=2,
    resent=0,
    empty=1,
    refused={"rate_limit": 1},
    parts=2,
    level_px=Decimal("0.585"),
    trigger_px=Decimal("0.58"),
    avg_px=Decimal("0.566"),
    fees=Decimal("1.72"),
    pnl=Decimal("-9.1234"),
    estimated=False,
    order_ids=(ClientOrderId("fd1"),),
    opened_ns=5 * NANOS,
    sold_ns=9 * NANOS,
    closed_ns=9 * NANOS,
    end="flat",
)
REPORT = DayReport(
    title="a day",
    facts={"markets": 1, "faults": {"killed": 2}},
    exits=[ExitRow(line=LINE, late_s=0.5, exposed_s=4.5, down_s=1.0)],
    notices=[Notice(float(n), "unguarded", "no price", "KX-1", urgent=True) for n in range(6)],
    sampled=("at_s", "rss_mb"),
    samples=[(1.0, 80.5)],
)


def test_a_good_day(capsys: pytest.CaptureFixture[str]) -> None:
    show_day(REPORT)
    told = capsys.readouterr()
    (row,) = [line for line in told.out.splitlines() if "percent" in line and "KX-1" in line]
    cells = [cell.strip() for cell in row.split("│") if cell.strip()]
    assert cells[3:9] == ["100", "100", "2", "1", "2", "0.585"]
    assert cells[9:16] == ["0.58", "0.566", "0.014", "1.4", "0.50", "4.50", "3.50"]
    assert cells[16:] == ["1.72", "-9.12", "flat", "agrees"]
    assert "faults killed" in told.out
    assert "Told again and again" in told.out
    assert told.out.endswith("book and venue agree\n")
    assert told.err == ""


def test_a_bad_day(capsys: pytest.CaptureFixture[str]) -> None:
    row = replace(REPORT.exits[0], differs="fees 1.72, venue 1.73")
    show_day(replace(REPORT, exits=[row], failures=["12 KX-2: no exit fired"]))
    told = capsys.readouterr()
    assert told.out.endswith("THE DAY WENT WRONG\n")
    assert told.err == (
        "filld: exit 3 of KX-1: fees 1.72, venue 1.73\nfilld: 12 KX-2: no exit fired\n"
    )
