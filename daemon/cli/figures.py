"""Verbs about figures: performance, fee-analysis, slippage, export-csv."""

from __future__ import annotations

import contextlib
import csv
import enum
import io
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, BinaryIO, Final, TextIO

import typer

from daemon.analytics.figure_views import FEES_BY, PERFORMANCE_BY, SLIPPAGE_BY, By
from daemon.analytics.figures import Figures, Step
from daemon.analytics.scene import View
from daemon.analytics.trail import FILL_COLUMNS, POSITION_COLUMNS, fill_rows, position_rows
from daemon.app.figures import figures_of, journal_figures
from daemon.cli.asking import FROM_JOURNAL, asked
from daemon.cli.charts import (
    Draw,
    Plot,
    draw_fees,
    draw_hours,
    draw_model,
    draw_slippage,
    draw_times,
    save,
)
from daemon.cli.exits import ExitCode
from daemon.cli.fill_file import NO_EXITS, From, note_of, steps_of, with_journal
from daemon.cli.output import cell, pick, printable, progress, table, tell, tell_json, views
from daemon.cli.report import DELAYS, MODEL
from daemon.cli.verb import Call, verb
from daemon.control.bodies import BadInputError
from daemon.control.figures import VIEWS, by_of
from daemon.journal.replacing import replacing

_COUNTS: Final = (
    *("total_fills_processed", "partial_fills", "partial_fill_rate", "inferred_fills", "orders"),
    *("complete_orders", "partial_orders", "empty_orders", "completion_rate"),
    *("total_retries", "retry_rate", "fills_per_order"),
)
_TIMES: Final = ("span", "count", "average_s", "p50_s", "p90_s", "p99_s", "max_s")
_SLIPS: Final = ("against", "currency", "fills", "qty", "cost", "price", "bps")
_RANKS: Final = ("orders", "p50_bps", "p90_bps", "p99_bps")
_EXITS: Final = (
    *("currency", "exits", "flat", "in_parts", "estimated", "beyond_tolerance", "qty", "cost"),
    *("cost_share", "cost_of_parts", "exposed_s", "pnl", "fees"),
)
# What a spreadsheet would take for a formula when a cell begins with it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_READING: Final = "reading the steps"
_DRAWN: Final[dict[str, Callable[[Figures], Sequence[Draw]]]] = {
    "/performance": lambda figures: (draw_times(figures), draw_hours(figures)),
    "/fees": lambda figures: (draw_fees(figures),),
    "/slippage": lambda figures: (draw_slippage(figures), *draw_model(figures)),
}
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Rows(enum.Enum):
    """What stands in a line of the CSV."""

    FILLS = "fills"
    POSITIONS = "positions"


def add_verbs(application: typer.Typer) -> None:
    """Register them."""
    verb(application, "performance")(performance)
    verb(application, "fee-analysis")(fee_analysis)
    verb(application, "slippage")(slippage)
    verb(application, "export-csv")(export_csv)


def _by(known: Sequence[By]) -> typer.models.OptionInfo:
    names = "|".join(by.value for by in known)

    def read(text: str) -> str:
        try:
            by_of(text, known)
        except BadInputError as error:
            raise typer.BadParameter(str(error)) from None
        return text

    option: typer.models.OptionInfo = typer.Option(
        "--by", metavar=names, parser=read, help="Broken down by this."
    )
    return option


def performance(
    call: Call,
    by: Annotated[str | None, _by(PERFORMANCE_BY)] = None,
    *,
    source: From = None,
    plot: Plot = None,
) -> int:
    """How orders fare: completed, retried and why, fills per order, times, what exits cost."""
    view = _asked(call, "/performance", by, source, plot)
    if view is None:
        return ExitCode.OK
    shown = (*_COUNTS, "active_orders", "average_fill_time_s", "total_fees", "retry_reasons")
    table("performance", ("figure", "value"), [(_words(name), view.get(name)) for name in shown])
    _table("times", _TIMES, views(view, "times"))
    if views(view, "retry_delays"):
        _table("delays before retries", DELAYS, views(view, "retry_delays"))
    _tell_exits(view)
    _tell_rows(view, by, _COUNTS)
    return ExitCode.OK


def fee_analysis(
    call: Call,
    by: Annotated[str | None, _by(FEES_BY)] = None,
    *,
    source: From = None,
    plot: Plot = None,
) -> int:
    """Fees by currency, maker and taker, valued in one currency; what has no rate stands beside."""
    view = _asked(call, "/fees", by, source, plot)
    if view is None:
        return ExitCode.OK
    shown = ("total_fees", "reporting_currency", "valued_fees", "unvalued_fees", "rates")
    table("fees (+ = paid)", ("figure", "value"), [(_words(n), view.get(n)) for n in shown])
    _table("by liquidity", ("liquidity", "currency", "fills", "fees"), views(view, "liquidity"))
    _tell_rows(view, by, ("currency", "fills", "fees"))
    worth = views(view, "valued")
    if by is not None and worth:
        names = (*_keys(by), "reporting_currency", "valued_fees", "unvalued_fees")
        _table(f"valued by {by}", names, worth)
    return ExitCode.OK


def slippage(
    call: Call,
    by: Annotated[str | None, _by(SLIPPAGE_BY)] = None,
    *,
    model: Annotated[
        bool, typer.Option("--model", help="How good expected slippage is, day by day.")
    ] = False,
    source: From = None,
    plot: Plot = None,
) -> int:
    """How much worse than trigger, arrival mid and limit fills went (+ = worse, held side)."""
    view = _asked(call, "/slippage", by, source, plot)
    if view is None:
        return ExitCode.OK
    if model:
        _table("expected slippage, beside half the spread", MODEL, views(view, "model"))
        return ExitCode.OK
    tell(f"tolerance: {view.get('tolerance')} of the triggering price's worth")
    title = "slippage of fills, and its spread over orders"
    _table(title, (*_SLIPS, *_RANKS), views(view, "against"))
    _tell_exits(view)
    ranks = _RANKS if by == By.VENUE.value else ()
    _tell_rows(view, by, (*_SLIPS, *ranks))
    return ExitCode.OK


def export_csv(
    call: Call,
    rows: Annotated[Rows, typer.Argument(help="What stands in a line.")],
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="- is standard output.")] = "-",
    *,
    source: From = None,
) -> int:
    """Every fill, or every closed position, as CSV for a spreadsheet or a tax tool."""
    with progress(_READING) as told:
        steps = steps_of(call, source, told)
        if file == "-":
            count = _write(sys.stdout, rows, steps)
        else:
            with replacing(Path(file)) as raw, _text(raw) as stream:
                count = _write(stream, rows, steps)
    if call.json_output and file != "-":
        tell_json({"rows": count, "file": file})
    elif file != "-":
        tell(f"{count} {rows.value} in {file}")
    return ExitCode.OK


@contextlib.contextmanager
def _text(raw: BinaryIO) -> Iterator[TextIO]:
    stream = io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=True)
    yield stream
    stream.detach()


def _write(stream: TextIO, rows: Rows, steps: Iterable[Step]) -> int:
    columns = FILL_COLUMNS if rows is Rows.FILLS else POSITION_COLUMNS
    found: Iterable[View] = fill_rows(steps) if rows is Rows.FILLS else position_rows(steps)
    writer = csv.writer(stream)
    writer.writerow(columns)
    count = 0
    for row in found:
        writer.writerow([_cell(row[name]) for name in columns])
        count += 1
    return count


def _cell(value: object) -> str:
    """A value as text that no spreadsheet takes for a formula; a signed number is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = printable(str(value))
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _asked(
    call: Call, route: str, by: str | None, source: Path | None, plot: Path | None
) -> View | None:
    """The view, from the file, the daemon or its journal; None where it was printed as JSON.

    A chart needs more than the daemon tells: it is of the file or the journal, and so is the view.
    """
    settings = call.places()
    view_of, known = VIEWS[route]

    def at_rest() -> View:
        with progress(_READING) as told:
            figures = (
                journal_figures(with_journal(settings), told)
                if source is None
                else figures_of(settings, steps_of(call, source, told))
            )
        if plot is not None:
            save(plot, *_DRAWN[route](figures))
        return {**view_of(figures, by_of(by, known)), "behind": 0}

    if source is None and plot is None:
        view = asked(settings, route, {} if by is None else {"by": by}, at_rest)
    else:
        found = _noted(call, source, at_rest())
        view = {"source": str(source or settings.journal.path), **found}
    if call.json_output:
        tell_json(view)
        return None
    if view.get("source") == "journal":
        tell(FROM_JOURNAL)
    elif plot is not None:
        tell(f"chart: {plot}")
    elif view.get("behind"):
        tell(f"as of record {view.get('seq')}; {view.get('behind')} later ones are being read")
    return view


def _noted(call: Call, source: Path | None, view: View) -> View:
    """The same; where there are no exits to be told of, it says so."""
    exits = view.get("exits")
    note = note_of(call, source) if exits == [] else None
    return view if note is None else {**view, "note": note}


def _tell_exits(view: View) -> None:
    if view.get("note") == NO_EXITS:
        tell(NO_EXITS)
        return
    exits, title = views(view, "exits"), "exits against the price that first triggered them"
    if not exits:
        tell(f"{title}: none")
        return
    currencies = [cell(row["currency"]) for row in exits]
    names = [name for name in exits[0] if name != "currency"]
    rows = [(_words(name), *(row[name] for row in exits)) for name in names]
    table(title, ("figure", *currencies), rows)


def _tell_rows(view: View, by: str | None, names: Sequence[str]) -> None:
    if by is not None:
        own = [key for key in _keys(by) if key not in names]
        _table(f"by {by}", (*own, *names), views(view, "rows"))
        if views(view, "exits_by"):
            _table(f"exits by {by}", (*_keys(by), *_EXITS), views(view, "exits_by"))


def _keys(by: str) -> tuple[str, ...]:
    return ("venue", "symbol") if by == By.SYMBOL.value else (by,)


def _table(title: str, names: Sequence[str], rows: Sequence[View]) -> None:
    if rows:
        table(title, [_words(name) for name in names], [pick(row, *names) for row in rows])
    else:
        tell(f"{title}: none")


def _words(name: str) -> str:
    return name.replace("_", " ")
