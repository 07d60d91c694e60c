"""One trading day in figures: every exit beside the truth, alerts, and what grew. Pure.

Seconds are floats here: they are measurements. Money stays exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from daemon.analytics.exit_report import ExitLine, Unseen
from daemon.analytics.scene import View, plain, utc
from daemon.core.terms import ZERO, proper, quotient

_SHARES = ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (1.0, "max"))
_STORM = 5
_PX_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the venue executed of one exit's orders; `notional` in dollars of the side held."""

    qty: Decimal = ZERO
    notional: Decimal = ZERO
    fees: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRow:
    """An exit and how it went at the venue.

    `late_s`: from the first executable price at the venue that met the rule until it fired;
    `exposed_s`: from that price until the last contract was sold (or the price recovered).
    `down_s`, `paused_s` and `dry_s` are the parts of it in which no process ran, the market was
    shut, or nobody was there to trade with.
    `differs` says what the book has otherwise than the venue, "" where they agree.
    """

    line: ExitLine
    late_s: float | None = None
    exposed_s: float | None = None
    down_s: float = 0.0
    paused_s: float = 0.0
    dry_s: float = 0.0
    differs: str = ""

    @property
    def own_s(self) -> float | None:
        """The exposure that no dead process, pause or empty book explains, 0 at least."""
        if self.exposed_s is None:
            return None
        return max(self.exposed_s - self.down_s - self.paused_s - self.dry_s, 0.0)


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice as the operator got it; `at_s` is seconds into the day."""

    at_s: float
    kind: str
    text: str
    about: str = ""
    urgent: bool = False


@dataclass(slots=True, kw_only=True)
class DayReport:
    """The whole day. `facts` are figures with a name; `samples` rows of `sampled` columns."""

    title: str
    facts: dict[str, object] = field(default_factory=dict)
    exits: list[ExitRow] = field(default_factory=list)
    unseen: list[Unseen] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    sampled: tuple[str, ...] = ()
    samples: list[tuple[float, ...]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True when book and venue agree and no promise was broken."""
        return not self.failures and not any(row.differs for row in self.exits)

    def view(self) -> View:
        """All of it for machines."""
        return {
            "title": self.title,
            "ok": self.ok,
            "failures": self.failures,
            "facts": self.facts,
            "totals": totals(self.exits),
            "spreads": spreads(self),
            "notices": dict(Counter(notice.kind for notice in self.notices)),
            "storms": [{"times": n, "kind": k, "about": a} for n, k, a in storms(self.notices)],
            "exits": [row_view(row) for row in self.exits],
            "samples": [dict(zip(self.sampled, row, strict=True)) for row in self.samples],
        }


def totals(rows: Sequence[ExitRow]) -> View:
    """Sums over all exits; dollars as text."""
    lines = [row.line for row in rows]
    return {
        "exits": len(lines),
        "contracts": proper(sum((line.filled_qty for line in lines), ZERO)),
        "orders": sum(line.orders for line in lines),
        "resent": sum(line.resent for line in lines),
        "empty": sum(line.empty for line in lines),
        "refused": dict(sum((Counter(line.refused) for line in lines), Counter[str]())),
        "parts": sum(line.parts for line in lines),
        "slippage": proper(sum((line.slippage for line in lines), ZERO)),
        "fees": proper(sum((line.fees for line in lines), ZERO)),
        "pnl": proper(sum((line.pnl or ZERO for line in lines), ZERO)),
        "ends": dict(Counter(line.end or "open" for line in lines)),
        "reasons": dict(Counter(line.rule for line in lines)),
    }


def spreads(report: DayReport) -> dict[str, dict[str, float]]:
    """Percentiles of what has to be short or small; a name without values is left out."""
    rows = report.exits
    live = [one.seconds for one in report.unseen if not one.restarted]
    over = [one.seconds for one in report.unseen if one.restarted]
    values: dict[str, Iterable[float | Decimal | None]] = {
        "late_s": (row.late_s for row in rows),
        "exposed_s": (row.exposed_s for row in rows),
        "exposed_own_s": (row.own_s for row in rows),
        "gap_px": (row.line.gap_px for row in rows),
        "slippage_px": (row.line.slippage_px for row in rows),
        "slippage": (row.line.slippage for row in rows),
        "orders": (Decimal(row.line.orders) for row in rows),
        "unseen_s": live,
        "unseen_over_restarts_s": over,
    }
    known = {name: [float(v) for v in many if v is not None] for name, many in values.items()}
    return {name: spread(many) for name, many in known.items() if many}


def spread(values: Iterable[float]) -> dict[str, float]:
    """p50, p90, p99, max: each a value that was measured (nearest rank), rounded to 0.1 ms."""
    ordered = sorted(values)
    ranks = {name: -int(-share * len(ordered) // 1) - 1 for share, name in _SHARES}
    return {name: round(ordered[max(rank, 0)], 4) for name, rank in ranks.items()}


def storms(notices: Iterable[Notice], least: int = _STORM) -> list[tuple[int, str, str]]:
    """(times, kind, about what) of each matter that was told `least` times or more often."""
    counted = Counter((notice.kind, notice.about) for notice in notices)
    return [(n, kind, about) for (kind, about), n in counted.most_common() if n >= least]


def difference(line: ExitLine, truth: Truth) -> str:
    """What an exit's line has otherwise than the venue's own executions of its orders."""
    found = []
    if line.filled_qty != truth.qty:
        found.append(f"sold {proper(line.filled_qty)}, venue {proper(truth.qty)}")
    if line.fees != truth.fees:
        found.append(f"fees {proper(line.fees)}, venue {proper(truth.fees)}")
    if line.avg_px is not None and truth.qty:
        true_px = quotient(truth.notional, truth.qty)
        if abs(true_px - line.avg_px) > _PX_STEP:
            found.append(f"average {proper(line.avg_px)}, venue {proper(true_px)}")
    return "; ".join(found)


def row_view(row: ExitRow) -> View:
    """One exit for machines."""
    line = row.line
    return {
        "venue": line.venue,
        "symbol": line.symbol,
        "currency": line.currency,
        "side": line.side,
        "exit_no": line.exit_no,
        "reason": line.reason,
        "rule": line.rule,
        "qty": proper(line.qty),
        "filled_qty": proper(line.filled_qty),
        "orders": line.orders,
        "resent": line.resent,
        "empty": line.empty,
        "refused": line.refused,
        "partial_fills": line.parts,
        "level_price": plain(line.level_px),
        "trigger_price": plain(line.trigger_px),
        "avg_price": plain(line.avg_px),
        "gap_price": plain(line.gap_px),
        "slippage_price": plain(line.slippage_px),
        "slippage": proper(line.slippage),
        "late_s": row.late_s,
        "exposed_s": row.exposed_s,
        "down_s": row.down_s,
        "paused_s": row.paused_s,
        "dry_s": row.dry_s,
        "fees": proper(line.fees),
        "pnl": plain(line.pnl),
        "estimated": line.estimated,
        "opened_time": utc(line.opened_ns),
        "sold_time": utc(line.sold_ns),
        "end": line.end,
        "differs": row.differs,
    }
