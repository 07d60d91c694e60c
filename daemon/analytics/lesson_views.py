"""How good what was learnt is, beside what anybody would have guessed. Pure.

Basis points are of the price held, + = worse for us; shares are of 1.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from daemon.analytics.lessons import ErrorCell, best_delay_s
from daemon.analytics.scene import View, plain
from daemon.analytics.sums import Tables
from daemon.core.terms import Venue, quotient

ALL_DAYS: Final = "all"
# The newest ones that are shown; the sum is over all.
_DAYS: Final = 30
_STEP: Final = Decimal("0.01")


def model_rows(tables: Tables) -> list[View]:
    """By venue: over all days, then each of the newest ones."""
    rows = [(venue, ALL_DAYS, cell) for (venue,), cell in tables.errors.by(0).items()]
    days = [(venue, day, cell) for (venue, day), cell in tables.errors.by(0, 1).items()]
    newest = sorted({day for _, day, _ in days})[-_DAYS:]
    rows += [row for row in days if row[1] in newest]
    return [
        {"venue": venue, "day": day, **_error_view(cell)}
        for venue, day, cell in sorted(rows, key=lambda row: (row[0], row[1] != ALL_DAYS, row[1]))
    ]


def _error_view(cell: ErrorCell) -> View:
    """MAE of the expected slippage, pinball loss of the bound, each beside half the spread's."""
    return {
        "orders": cell.orders,
        "slippage_bps": _mean(cell.slippage, cell.orders),
        "mae_bps": _mean(cell.error, cell.orders),
        "naive_mae_bps": _mean(cell.naive_error, cell.orders),
        "bounded": cell.bounded,
        "held_share": _mean(Decimal(cell.held), cell.bounded),
        "pinball_bps": _mean(cell.pinball, cell.bounded),
        "naive_pinball_bps": _mean(cell.naive_pinball, cell.bounded),
        "better": _better(cell),
    }


def _better(cell: ErrorCell) -> bool | None:
    """Whether it is any good: the expected one nearer, and the bound no worse."""
    if not cell.bounded:
        return None
    return cell.error < cell.naive_error and cell.pinball < cell.naive_pinball


def _mean(total: Decimal, times: int) -> str | None:
    return plain(quotient(total, Decimal(times), _STEP)) if times else None


def delay_rows(tables: Tables) -> list[View]:
    """By venue and reason: each delay that was tried, how it fared, and which serves best."""
    cells = tables.retries.cells
    order = sorted(cells, key=lambda key: (key[0], key[1], int(key[2])))
    return [
        {
            "venue": key[0],
            "reason": key[1],
            "delay_s": key[2],
            "tries": cells[key].tries,
            "filled": cells[key].filled,
            "filled_share": _mean(Decimal(cells[key].filled), cells[key].tries),
            "best": best_delay_s(cells, Venue(key[0]), key[1]) == Decimal(key[2]),
        }
        for key in order
    ]
