"""A day's report for people: the exits, what they came to, alerts, and what grew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from daemon.analytics.day_report import DayReport, ExitRow, spreads, storms, totals
from daemon.analytics.scene import plain
from daemon.cli.output import table, tell, tell_error
from daemon.core.terms import proper

EXITS = (
    "symbol", "side", "rule", "qty", "filled", "orders", "empty", "parts", "level price",
    "trigger price", "avg price", "slip price", "slip cost", "late s", "exposed s", "own s",
    "fees", "pnl", "end", "venue",
)  # fmt: skip
_SHOWN_STORMS = 10
_CENTS_OF_A_CENT = 4


def show_day(report: DayReport) -> None:
    """Print the report; what is wrong goes to standard error, at the end."""
    table("Exits", EXITS, (_exit(row) for row in report.exits))
    table("Totals", ("figure", "value"), totals(report.exits).items())
    found = spreads(report)
    shares = tuple(next(iter(found.values()), {}))
    rows = ((name, *values.values()) for name, values in found.items())
    table("How far, how long, how late", ("figure", *shares), rows)
    table("Notices", ("notice", "urgent", "other"), _notices(report))
    noisy = storms(report.notices)[:_SHOWN_STORMS]
    if noisy:
        table("Told again and again", ("times", "notice", "about"), noisy)
    table("Over time", report.sampled, report.samples)
    table(report.title, ("fact", "value"), _facts(report))
    differing = [row for row in report.exits if row.differs]
    for row in differing:
        tell_error(f"exit {row.line.exit_no} of {row.line.symbol}: {row.differs}")
    for failure in report.failures:
        tell_error(failure)
    tell("book and venue agree" if report.ok else "THE DAY WENT WRONG")


def _exit(row: ExitRow) -> Sequence[object]:
    line = row.line
    return (
        line.symbol,
        line.side,
        line.rule,
        proper(line.qty),
        proper(line.filled_qty),
        line.orders,
        line.empty,
        line.parts,
        plain(line.level_px),
        plain(line.trigger_px),
        plain(None if line.avg_px is None else round(line.avg_px, _CENTS_OF_A_CENT)),
        plain(None if line.slippage_px is None else round(line.slippage_px, _CENTS_OF_A_CENT)),
        plain(round(line.slippage, 2)),
        _seconds(row.late_s),
        _seconds(row.exposed_s),
        _seconds(row.own_s),
        proper(line.fees),
        plain(None if line.pnl is None else round(line.pnl, 2)),
        line.end,
        row.differs or "agrees",
    )


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _facts(report: DayReport) -> Iterator[tuple[str, object]]:
    for name, value in report.facts.items():
        if isinstance(value, dict):
            yield from ((f"{name} {key}", one) for key, one in value.items())
        else:
            yield name, value


def _notices(report: DayReport) -> list[tuple[str, int, int]]:
    urgent = Counter(notice.kind for notice in report.notices if notice.urgent)
    every = Counter(notice.kind for notice in report.notices)
    return [(kind, urgent[kind], n - urgent[kind]) for kind, n in every.most_common()]
