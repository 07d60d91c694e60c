"""Charts of figures, drawn by matplotlib where it is installed. Reads no journal.

Each drawing takes its axes and what to show; where there is nothing it says so. What venues say is
written in plain letters: no formula, no glyph that a font may lack.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from daemon.analytics.counts import FillCell
from daemon.analytics.exit_report import ExitLine
from daemon.analytics.figures import Figures
from daemon.analytics.lesson_views import ALL_DAYS, model_rows
from daemon.analytics.pnl_trail import PnlTrail
from daemon.analytics.slippage import BPS_UNIT, Against
from daemon.analytics.spread import Spread
from daemon.analytics.timing import Span
from daemon.app import extras
from daemon.cli.output import printable
from daemon.core.terms import NANOS, proper

# What matplotlib gives: it may not be there, so its types cannot be named.
Axes = Any
Picture = Any

# Told apart by those who see no red or green, too (Okabe and Ito).
BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
RED: Final = "#D55E00"
GREY: Final = "#777777"
COLORS: Final = (
    BLUE,
    ORANGE,
    "#009E73",
    RED,
    "#CC79A7",
    "#56B4E9",
    "#000000",
    "#882255",
    "#999933",
)
_LABEL: Final = 26
_EXITS: Final = 24
_BINS: Final = 30
_WIDTH: Final = 8.0
_HEIGHT: Final = 3.6
_DOTS: Final = 110
_HOURS: Final = 24
# A line of one moment has room beside it, too.
_AROUND_NS: Final = 30 * NANOS
_TICKS: Final = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36000.0)
_NAMES: Final = ("< 1 ms", "10 ms", "0.1 s", "1 s", "10 s", "1 min", "10 min", "1 h", "10 h")
_TIMES: Final = {
    Span.ORDER_TO_COMPLETE: "order to complete",
    Span.TRIGGER_TO_ORDER: "trigger to order",
    Span.TRIGGER_TO_FLAT: "trigger to flat",
}

Draw = Callable[[Axes], None]


def _picture_file(text: str) -> Path:
    file = Path(text)
    if file.suffix not in {".png", ".svg"}:
        raise typer.BadParameter(f"{text}: accepted: a name that ends in .png or .svg")
    return file


Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE.png|.svg", parser=_picture_file, help="A chart of it."),
]


def plain_label(text: str) -> str:
    """`text` as every font and matplotlib's own markup can show it, cut to a width."""
    ascii_only = printable(text).encode("ascii", "replace").decode()
    short = ascii_only if len(ascii_only) <= _LABEL else ascii_only[: _LABEL - 2] + ".."
    return short.replace("$", r"\$")


def _picture(draws: Sequence[Draw], height: float) -> Picture:
    """One picture of these charts, one below the other."""
    sizes = [height] * len(draws)
    figure: Picture = extras.load("matplotlib.figure").Figure(
        figsize=(_WIDTH, sum(sizes)), layout="constrained"
    )
    shown = figure.subplots(len(draws), 1, squeeze=False)
    for axes, draw in zip(shown.flat, draws, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
    return figure


def save(file: Path, *draws: Draw) -> None:
    """Write these charts as the file's name says, .png or .svg; raises ExtraMissingError."""
    _picture(draws, _HEIGHT).savefig(file, dpi=_DOTS)


def svg(draw: Draw, height: float = _HEIGHT) -> str:
    """A chart as an element for a page: no head, no address, nothing to be fetched.

    `height` in inches. Raises ExtraMissingError.
    """
    figure = _picture([draw], height)
    stream = io.StringIO()
    nobody = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(stream, format="svg", metadata=nobody)
    text = stream.getvalue()
    body = text[text.index("<svg") :]
    for name in (
        'xmlns:xlink="http://www.w3.org/1999/xlink"',
        'xmlns="http://www.w3.org/2000/svg"',
    ):
        body = body.replace(name, "")
    return body


def draw_pnl(trail: PnlTrail) -> Draw:
    """Cumulative realised PnL by cause, and of all together."""

    def draw(axes: Axes) -> None:
        axes.set_title("Realised PnL, net of fees, by cause")
        several = len({currency for _, currency in trail.lines}) > 1
        for color, ((cause, currency), points) in zip(
            COLORS * len(trail.lines), trail.lines.items(), strict=False
        ):
            times = [_moment(points[0][0]), *(_moment(ns) for ns, _ in points)]
            sums = [0.0, *(float(total) for _, total in points)]
            name = plain_label(f"{cause} ({currency})" if several else cause)
            end = f"{float(points[-1][1]):+.2f}"
            axes.step(times, sums, where="post", label=f"{name}  {end}", color=color)
            axes.plot(times[-1:], sums[-1:], marker="o", markersize=4, color=color)
        if not trail.lines:
            _nothing(axes, "nothing has been realised yet")
            return
        money = "" if several else f" ({plain_label(next(iter(trail.lines))[1])})"
        axes.set_ylabel(f"PnL{money}")
        axes.axhline(0, color=GREY, linewidth=0.8)
        axes.grid(axis="y", alpha=0.3)
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        first = min(points[0][0] for points in trail.lines.values())
        last = max(points[-1][0] for points in trail.lines.values())
        around = max((last - first) // 20, _AROUND_NS)
        axes.set_xlim(_moment(first - around), _moment(last + around))
        _dates(axes)

    return draw


def draw_exits(lines: Sequence[ExitLine]) -> Draw:
    """The newest exits: how far the realised average lay from the price that triggered."""
    sold = [line for line in lines if line.avg_px is not None and line.trigger_px][-_EXITS:]

    def draw(axes: Axes) -> None:
        axes.set_title("Exits: triggering price and realised average")
        if not sold:
            _nothing(axes, "no exit has sold anything yet")
            return
        for row, line in enumerate(sold):
            assert line.avg_px is not None
            change = float((line.avg_px - line.trigger_px) / line.trigger_px * 100)
            color = RED if change < 0 else BLUE
            axes.plot([0, change], [row, row], color=color, linewidth=2)
            axes.plot([change], [row], marker="o", color=color, markersize=5)
            text = f"{_short(line.trigger_px)} to {_short(line.avg_px)}"
            axes.annotate(
                text,
                (1.01, row),
                xycoords=("axes fraction", "data"),
                fontsize=8,
                va="center",
                annotation_clip=False,
            )
        names = [f"{plain_label(line.symbol)} #{line.exit_no}" for line in sold]
        axes.set_yticks(range(len(sold)), names, fontsize=8)
        axes.set_ylim(-0.7, len(sold) - 0.3)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.margins(x=0.15)
        axes.set_xlabel("realised average against the triggering price, % (left is worse)")

    return draw


def exits_height(lines: Sequence[ExitLine]) -> float:
    """Inches that `draw_exits` needs."""
    return max(2.0, 1.2 + 0.22 * min(len(lines), _EXITS))


def draw_slippage(figures: Figures) -> Draw:
    """How orders spread round the price that triggered them."""
    spread = figures.tables.spreads.of(Against.TRIGGER.value)

    def draw(axes: Axes) -> None:
        axes.set_title("Slippage of exit orders against the triggering price")
        if not spread.count:
            _nothing(axes, "no exit order has filled yet")
            return
        values, weights = _ranks(spread, float(BPS_UNIT))
        axes.hist(values, bins=_BINS, weights=weights, color=BLUE, alpha=0.8)
        marks = ((50, ORANGE), (90, RED))
        for percent, color in marks:
            at = (spread.percentile(percent) or 0) / float(BPS_UNIT)
            name = f"{percent} % of orders: up to {at:.1f}"
            axes.axvline(at, color=color, linewidth=1.5, label=name)
        axes.legend(fontsize=8, frameon=False)
        axes.set_xlabel("basis points of the price held (+ = worse)")
        _counts(axes, "orders")

    return draw


def draw_fees(figures: Figures) -> Draw:
    """Fees by venue and coin, maker and taker."""

    def draw(axes: Axes) -> None:
        axes.set_title("Fees paid, by venue and currency")
        cells = figures.tables.fees.by(0, 2, 3)
        bars = sorted({key[:2] for key in cells}, reverse=True)
        if not bars:
            _nothing(axes, "no fee has been paid yet")
            return
        widest = max(abs(float(cell.paid)) for cell in cells.values()) or 1.0
        kinds = sorted({key[2] for key in cells})
        step = 0.8 / len(kinds)
        for at, (kind, color) in enumerate(zip(kinds, COLORS, strict=False)):
            paid = [cells.get((*bar, kind)) for bar in bars]
            sums = [0.0 if cell is None else float(cell.paid) for cell in paid]
            rows = [row + (at - (len(kinds) - 1) / 2) * step for row in range(len(bars))]
            drawn = axes.barh(rows, sums, height=step, color=color, label=plain_label(kind))
            texts = ["" if cell is None else proper(cell.paid) for cell in paid]
            axes.bar_label(drawn, texts, padding=3, fontsize=8)
        names = [plain_label(f"{venue}, {coin}") for venue, coin in bars]
        axes.set_yticks(range(len(bars)), names, fontsize=8)
        least = min(float(cell.paid) for cell in cells.values())
        axes.set_xlim(least - widest * 0.15 if least < 0 else 0.0, widest * 1.2)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_xlabel("in the coin named (each bar has its own); a bar to the left is a rebate")
        axes.legend(fontsize=8, frameon=False, loc="lower right")

    return draw


def draw_times(figures: Figures) -> Draw:
    """How long orders and exits take: the share that is done after so long."""

    def draw(axes: Axes) -> None:
        axes.set_title("Time to fill")
        axes.set_xscale("log")
        seen: list[float] = []
        for color, (span, name) in zip(COLORS, _TIMES.items(), strict=False):
            spread = figures.tables.timing.of(span.value)
            if not spread.count:
                continue
            values, weights = _ranks(spread, float(NANOS))
            values = [max(value, _TICKS[0]) for value in values]
            shares = [sum(weights[: at + 1]) / spread.count * 100 for at in range(len(weights))]
            axes.step([values[0], *values], [0.0, *shares], where="post", label=name, color=color)
            axes.plot(values[-1:], shares[-1:], marker="o", markersize=4, color=color)
            seen += values
        if not seen:
            _nothing(axes, "no order is complete yet")
            return
        axes.set_xlim(min(seen) / 2, max(seen) * 2)
        near = [at for at, tick in enumerate(_TICKS) if min(seen) / 2 <= tick <= max(seen) * 2]
        axes.set_xticks([_TICKS[at] for at in near], [_NAMES[at] for at in near])
        axes.minorticks_off()
        axes.set_ylim(0, 105)
        axes.set_ylabel("done, %")
        axes.set_xlabel("after")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))

    return draw


def draw_hours(figures: Figures) -> Draw:
    """Fills of ours by hour: those that completed their order, and those that left more to do."""

    def draw(axes: Axes) -> None:
        axes.set_title("Fills of our orders by hour of the day")
        cells = figures.tables.fills.by(2)
        rows = [cells.get((f"{hour:02}",), FillCell()) for hour in range(_HOURS)]
        if not any(row.ours for row in rows):
            _nothing(axes, "no order of ours has filled yet")
            return
        whole = [row.ours - row.partial for row in rows]
        axes.bar(range(_HOURS), whole, color=BLUE, label="completed the order")
        parts = [row.partial for row in rows]
        axes.bar(range(_HOURS), parts, bottom=whole, color=ORANGE, label="left more to do")
        axes.set_xticks(range(0, _HOURS, 2), [f"{hour:02}" for hour in range(0, _HOURS, 2)])
        axes.set_xlabel("hour, UTC")
        _counts(axes, "fills")
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))

    return draw


def draw_model(figures: Figures) -> tuple[Draw, ...]:
    """How far what was expected lay from what came, by day, beside half the spread; if anything."""
    rows = [row for row in model_rows(figures.tables) if row["day"] != ALL_DAYS]

    def draw(axes: Axes) -> None:
        axes.set_title("Expected slippage: average error")
        venues = list(dict.fromkeys(str(row["venue"]) for row in rows))
        days = sorted({str(row["day"]) for row in rows})
        for color, venue in zip(COLORS, venues, strict=False):
            mine = [row for row in rows if row["venue"] == venue]
            at = [days.index(str(row["day"])) for row in mine]
            for name, style, what in (
                ("mae_bps", "-", "expected"),
                ("naive_mae_bps", ":", "naive"),
            ):
                errors = [float(str(row[name])) for row in mine]
                label = f"{plain_label(venue)}, {what}"
                axes.plot(at, errors, style, marker="o", markersize=4, color=color, label=label)
        shown = range(0, len(days), max(len(days) // 6, 1))
        axes.set_xticks(shown, [days[at][5:] for at in shown])
        axes.set_ylim(bottom=0)
        axes.set_ylabel("basis points")
        axes.set_xlabel("month-day, UTC (less is better; naive is half the spread)")
        axes.grid(axis="y", alpha=0.3)
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))

    return (draw,) if rows else ()


def _nothing(axes: Axes, text: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=GREY)


def _counts(axes: Axes, name: str) -> None:
    axes.set_ylabel(name)
    axes.yaxis.get_major_locator().set_params(integer=True)


def _dates(axes: Axes) -> None:
    dates = extras.load("matplotlib.dates")
    locator = dates.AutoDateLocator(maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    axes.set_xlabel("UTC")


def _moment(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns / NANOS, UTC)


def _short(px: Decimal) -> str:
    return f"{float(px):.6g}"


def _ranks(spread: Spread, unit: float) -> tuple[list[float], list[int]]:
    ranks = sorted(spread.state().ranks)
    return [value / unit for value, _ in ranks], [times for _, times in ranks]
