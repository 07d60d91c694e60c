"""The figures as plain dictionaries: performance, fees, slippage. Pure; changes nothing.

Numbers are text. Rates are shares of 1, seconds and basis points are decimal, costs and fees are
signed, + = worse for us or paid; money of two currencies is never one sum (`costs`). The seed's
names (`total_fills_processed`, ...) stand here.
"""

from __future__ import annotations

import decimal
import enum
from collections.abc import Mapping
from decimal import Decimal

from daemon.analytics.costs import PERCENTS, exit_rows, slip_rows, spread_view
from daemon.analytics.counts import FillCell, OrderCell
from daemon.analytics.fees import FeeCell, Valued, paid_by_currency, valued
from daemon.analytics.figures import Figures, Measure
from daemon.analytics.lesson_views import delay_rows, model_rows
from daemon.analytics.scene import View, money_view, plain
from daemon.analytics.spread import Spread
from daemon.analytics.sums import Tables
from daemon.analytics.tables import Key
from daemon.analytics.timing import Span
from daemon.core.terms import EXACT, NANOS, proper, quotient

_STEP = Decimal("0.000001")


class By(enum.Enum):
    """What figures are broken down by."""

    VENUE = "venue"
    SYMBOL = "symbol"
    HOUR = "hour"
    CURRENCY = "currency"
    LIQUIDITY = "liquidity"


# Where the parts stand in the keys of `sums.Tables`; a symbol is one of its venue.
_PLACES: Mapping[By, tuple[int, ...]] = {By.VENUE: (0,), By.SYMBOL: (0, 1), By.HOUR: (2,)}
_FEE_PLACES: Mapping[By, tuple[int, ...]] = {
    By.VENUE: (0,),
    By.SYMBOL: (0, 1),
    By.CURRENCY: (2,),
    By.LIQUIDITY: (3,),
}
PERFORMANCE_BY = (By.VENUE, By.SYMBOL, By.HOUR)
FEES_BY = (By.VENUE, By.SYMBOL, By.CURRENCY, By.LIQUIDITY)
SLIPPAGE_BY = (By.VENUE, By.SYMBOL)


def performance_view(figures: Figures, by: By | None = None) -> View:
    """Completion, retries, fills, times and exits: in all, and by one thing."""
    with decimal.localcontext(EXACT):
        tables = figures.tables
        orders = tables.orders.by().get((), OrderCell())
        fills = tables.fills.by().get((), FillCell())
        spread = tables.timing.of(Span.ORDER_TO_COMPLETE.value)
        view: View = {
            "seq": figures.seq,
            **_counts(orders, fills),
            "active_orders": sum(1 for order in figures.book.orders.values() if not order.ended),
            "average_fill_time_s": _seconds(spread.average),
            "total_fees": money_view(paid_by_currency(tables.fees)),
            "retry_delays": delay_rows(tables),
            "retry_reasons": {key[0]: cell.times for key, cell in tables.reasons.by(2).items()},
            "times": [
                {"span": span.value, **_span_view(tables.timing.of(span.value))} for span in Span
            ],
            "exits": [row for _, row in exit_rows(tables)],
        }
        return view if by is None else {**view, **_performance_rows(tables, by)}


def _performance_rows(tables: Tables, by: By) -> View:
    orders, fills = tables.orders.by(*_PLACES[by]), tables.fills.by(*_PLACES[by])
    keys = sorted({*orders, *fills})
    return {
        "by": by.value,
        "rows": [
            {
                **_named(by, key),
                **_counts(orders.get(key, OrderCell()), fills.get(key, FillCell())),
            }
            for key in keys
        ],
        **({} if by is By.HOUR else _exits_by(tables, by)),
    }


def _exits_by(tables: Tables, by: By) -> View:
    rows = exit_rows(tables, *_PLACES[by])
    return {"exits_by": [{**_named(by, key), **row} for key, row in rows]}


def _named(by: By, key: Key) -> View:
    names = ("venue", "symbol") if by is By.SYMBOL else (by.value,)
    return dict(zip(names, key, strict=True))


def _counts(orders: OrderCell, fills: FillCell) -> View:
    return {
        "total_fills_processed": fills.fills,
        "fills_of_our_orders": fills.ours,
        "partial_fills": fills.partial,
        "partial_fill_rate": _rate(fills.partial, fills.ours),
        "inferred_fills": fills.inferred,
        "orders": orders.orders,
        "complete_orders": orders.complete,
        "partial_orders": orders.partial,
        "empty_orders": orders.empty,
        "completion_rate": _rate(orders.complete, orders.ended),
        "total_retries": orders.retries + orders.resends,
        "retry_rate": _rate(orders.retries + orders.resends, orders.orders),
        "fills_per_order": _rate(fills.ours, orders.orders),
    }


def _rate(part: int, whole: int) -> str | None:
    return plain(quotient(Decimal(part), Decimal(whole), _STEP)) if whole else None


def _seconds(span_ns: Decimal | int | None) -> str | None:
    return None if span_ns is None else proper(quotient(Decimal(span_ns), Decimal(NANOS), _STEP))


def _span_view(spread: Spread) -> View:
    return {
        "count": spread.count,
        "average_s": _seconds(spread.average),
        **{f"p{percent}_s": _seconds(spread.percentile(percent)) for percent in PERCENTS},
        "max_s": _seconds(spread.greatest) if spread.count else None,
    }


def fees_report(figures: Figures, by: By | None = None) -> View:
    """Fees by currency as paid, valued in one currency, and by venue, maker or taker."""
    with decimal.localcontext(EXACT):
        tables, measure = figures.tables, figures.measure
        view: View = {
            "seq": figures.seq,
            "total_fees": money_view(paid_by_currency(tables.fees)),
            **_valued_view(_valued(tables, measure, ())),
            "rates": {name: proper(rate) for name, rate in sorted(measure.rates.items())},
            "liquidity": [
                {"liquidity": key[0], "currency": key[1], **_fee_view(cell)}
                for key, cell in tables.fees.by(3, 2).items()
            ],
        }
        return view if by is None else {**view, **_fee_rows(tables, measure, by)}


def _valued(tables: Tables, measure: Measure, key: Key, places: tuple[int, ...] = ()) -> Valued:
    """What the fees of one line are worth; `places` are those of its key."""
    cells = tables.worths.by(*places, 3)
    mine = {name: cell for name, cell in cells.items() if name[: len(places)] == key}
    return valued(mine, measure.currency, measure.rates)


def _valued_view(found: Valued) -> View:
    return {
        "reporting_currency": found.currency,
        "valued_fees": proper(found.total),
        "unvalued_fees": money_view(found.unvalued),
    }


def _fee_view(cell: FeeCell) -> View:
    return {"fills": cell.fills, "fees": proper(cell.paid)}


def _fee_rows(tables: Tables, measure: Measure, by: By) -> View:
    places, rows = _FEE_PLACES[by], list[View]()
    for key, cell in tables.fees.by(*places, 2).items():
        named, currency = _named(by, key[:-1]), key[-1]
        rows.append({**named, "currency": currency, **_fee_view(cell)})
    view: View = {"by": by.value, "rows": rows}
    if by in {By.LIQUIDITY, By.CURRENCY}:
        return view
    keys = list(tables.worths.by(*places))
    return {
        **view,
        "valued": [
            {**_named(by, key), **_valued_view(_valued(tables, measure, key, places))}
            for key in keys
        ],
    }


def slippage_view(figures: Figures, by: By | None = None) -> View:
    """Slippage of fills against trigger, arrival mid and limit, and of exits against their first.

    `tolerance` is a share of the triggering price's worth.
    """
    with decimal.localcontext(EXACT):
        tables = figures.tables
        view: View = {
            "seq": figures.seq,
            "tolerance": proper(figures.measure.tolerance),
            "against": [{**row, **spread_view(tables, row)} for _, row in slip_rows(tables)],
            "exits": [row for _, row in exit_rows(tables)],
            "model": model_rows(tables),
        }
        return view if by is None else {**view, **_slippage_by(tables, by)}


def _slippage_by(tables: Tables, by: By) -> View:
    rows = list[View]()
    for key, row in slip_rows(tables, *_PLACES[by]):
        spread = spread_view(tables, row, key[0]) if by is By.VENUE else {}
        rows.append({**_named(by, key), **row, **spread})
    return {"by": by.value, "rows": rows, **_exits_by(tables, by)}
