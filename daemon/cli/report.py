"""The verb report: one page with charts and tables of a journal, to be kept or sent.

The page is whole in itself: no script, no address, nothing fetched; all text of venues is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from daemon.analytics.exit_report import ExitLine, exit_lines
from daemon.analytics.figure_views import By, fees_report, performance_view, slippage_view
from daemon.analytics.figures import Figures
from daemon.analytics.pnl_trail import PnlTrail
from daemon.analytics.scene import View, plain, utc
from daemon.app.kept_figures import measure_of
from daemon.cli import charts
from daemon.cli.exits import ExitCode
from daemon.cli.fill_file import From, note_of, steps_of
from daemon.cli.output import cell, pick, printable, progress, tell, tell_json, views
from daemon.cli.verb import Call, verb
from daemon.core.terms import proper
from daemon.journal.replacing import replacing

_EXITS: Final = 200
_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
p.when { color: #666; margin-top: .2rem; }
svg { width: 100%; height: auto; margin: .8rem 0; }
div.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th { text-align: left; border-bottom: 2px solid #888; } th, td { padding: .25rem .7rem; }
td { border-bottom: 1px solid #ddd; white-space: nowrap; }
"""


class Whole(NamedTuple):
    """What a page is made of."""

    figures: Figures
    trail: PnlTrail
    until_ns: int
    note: str | None = None


def add_verbs(application: typer.Typer) -> None:
    """Register it."""
    verb(application, "report")(report)


def report(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE.html", help="Written anew.")],
    *,
    source: From = None,
) -> int:
    """A page with charts and tables of the whole journal, readable without any network."""
    whole = folded(call, source)
    text = page(whole)
    with replacing(file) as raw:
        raw.write(text.encode())
    if call.json_output:
        tell_json({"file": str(file), "seq": whole.figures.seq})
    else:
        tell(f"the journal up to record {whole.figures.seq}, in {file}")
    return ExitCode.OK


def folded(call: Call, source: Path | None) -> Whole:
    """The journal of these settings, or a file, read once from the first record."""
    figures, trail, until_ns = Figures(measure_of(call.places())), PnlTrail(), 0
    with progress("reading the journal") as told:
        for one in steps_of(call, source, told):
            figures.take(one.seq, one.event, one.commands)
            trail.take(figures.book, one.event, one.commands)
            until_ns = one.event.receive_time_ns
    return Whole(figures, trail, until_ns, note_of(call, source))


def page(whole: Whole) -> str:
    """The whole page; raises ExtraMissingError without matplotlib."""
    figures, trail = whole.figures, whole.trail
    lines = exit_lines(figures.book)
    drawn = [
        charts.svg(charts.draw_pnl(trail)),
        charts.svg(charts.draw_exits(lines), charts.exits_height(lines)),
        charts.svg(charts.draw_slippage(figures)),
        charts.svg(charts.draw_fees(figures)),
        charts.svg(charts.draw_times(figures)),
        charts.svg(charts.draw_hours(figures)),
        *(charts.svg(draw) for draw in charts.draw_model(figures)),
    ]
    when = f"the journal up to record {figures.seq}, {utc(whole.until_ns) or 'empty'}"
    when += f"; {whole.note}" if whole.note else ""
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>filld: report</title><style>{_STYLE}</style></head><body>",
            f'<h1>filld: report</h1><p class="when">{_text(when)}</p>',
            *drawn,
            *_tables(figures, trail, lines),
            "</body></html>\n",
        ]
    )


def _tables(figures: Figures, trail: PnlTrail, lines: Sequence[ExitLine]) -> Iterable[str]:
    brought = [(cause, coin, proper(pnl)) for (cause, coin), pnl in trail.total.items()]
    yield _table("Realised PnL", ("cause", "currency", "pnl"), brought)
    newest = lines[: -_EXITS - 1 : -1]
    several = [
        name for name in ("venue", "currency") if len({getattr(one, name) for one in newest}) > 1
    ]
    named = [[getattr(one, name) for name in several] for one in newest]
    exits = [(*names, *_exit_row(one)) for names, one in zip(named, newest, strict=True)]
    yield _table("Exits, newest first", (*several, *_EXIT), exits)
    orders = performance_view(figures, By.SYMBOL)
    counted = ("orders", "complete_orders", "partial_orders", "empty_orders", "total_retries")
    yield _view_table("Orders by symbol", ("venue", "symbol", *counted), views(orders, "rows"))
    times = ("span", "count", "average_s", "p50_s", "p90_s", "p99_s", "max_s")
    yield _view_table("Times", times, views(orders, "times"))
    yield _view_table("Delays before retries", DELAYS, views(orders, "retry_delays"))
    slips = ("against", "currency", "fills", "qty", "cost", "bps", "p50_bps", "p90_bps", "p99_bps")
    slippage = slippage_view(figures)
    yield _view_table("Slippage (+ = worse)", slips, views(slippage, "against"))
    yield _view_table("Expected slippage", MODEL, views(slippage, "model"))
    fees = fees_report(figures, By.VENUE)
    yield _view_table(
        "Fees (+ = paid)", ("venue", "currency", "fills", "fees"), views(fees, "rows")
    )


_EXIT: Final = (
    *("symbol", "side", "exit", "rule", "qty", "sold", "trigger", "average", "orders"),
    *("parts", "fees", "pnl", "end"),
)
DELAYS: Final = ("venue", "reason", "delay_s", "tries", "filled", "filled_share", "best")
# What tells whether expected slippage is any good.
MODEL: Final = (
    *("venue", "day", "orders", "slippage_bps", "mae_bps", "naive_mae_bps"),
    *("bounded", "held_share", "pinball_bps", "naive_pinball_bps", "better"),
)


def _exit_row(line: ExitLine) -> tuple[object, ...]:
    return (
        *(line.symbol, line.side, line.exit_no, line.reason, proper(line.qty)),
        *(proper(line.filled_qty), proper(line.trigger_px), plain(line.avg_px), line.orders),
        *(line.parts, proper(line.fees), plain(line.pnl), line.end or "open"),
    )


def _view_table(title: str, names: Sequence[str], rows: Sequence[View]) -> str:
    return _table(title, [n.replace("_", " ") for n in names], [pick(row, *names) for row in rows])


def _table(title: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return f"<h2>{_text(title)}</h2><p>none</p>"
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{_text(cell(value))}</td>" for value in row) + "</tr>"
        for row in rows
    )
    shown = f"<table><tr>{head}</tr>\n{body}</table>"
    return f'<h2>{_text(title)}</h2><div class="table">{shown}</div>'


def _text(text: str) -> str:
    return html.escape(printable(text))
