"""Prints: JSON for machines, tables for people, errors on standard error. Decides nothing.

What venues and files say is escaped, so that no text can move a cursor or forge a colour.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from rich.console import Console, JustifyMethod
from rich.measure import Measurement
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from daemon.analytics.scene import View

# Where nobody looks (a pipe), a line is not broken at the terminal's default of 80 columns.
_PIPE_COLUMNS: Final = 250
# A table of so few columns stays one at every width: its cells are folded.
_COLUMNS_THAT_FOLD: Final = 3
_NOTHING: Final = "-"
_STYLES: Final[Mapping[str, str]] = {
    "ARMED": "green",
    "EXITING": "bold yellow",
    "UNCONFIRMED": "bold red",
    "UNGUARDED": "bold red",
    "NO_RULE": "bold red",
    "REFUSED": "bold red",
    "UNSEEN": "yellow",
    "IGNORED": "dim",
    "FLAT": "dim",
    "HALTED": "bold red",
    "in_doubt": "bold red",
    "rejected": "red",
    "filled": "green",
    "live": "green",
}


def tell_error(text: str) -> None:
    """One error, each of its lines on standard error."""
    for line in text.splitlines():
        print(f"filld: {printable(line)}", file=sys.stderr)


def tell(text: str, *, flush: bool = False) -> None:
    """One line for people."""
    print(printable(text), flush=flush)


def tell_json(view: object) -> None:
    """A view as indented JSON; what is no character to be seen stands as an escape."""
    text = msgspec.json.format(msgspec.json.encode(view), indent=2).decode()
    print("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


@contextlib.contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error while somebody looks; what is yielded takes how much of how much."""
    shown = sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=not shown) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def printable(text: str) -> str:
    """`text` with everything that is no character to be seen written as an escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def cell(value: object) -> str:
    """A value as a table shows it."""
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(cell(item) for item in value) or _NOTHING
    if isinstance(value, dict):
        return ", ".join(f"{amount} {name}" for name, amount in value.items()) or _NOTHING
    return printable(str(value))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; a column called `qty`, `price`, `pnl` or the like stands on the right.

    Nothing is cut: where the columns do not fit their headings are stacked, and where that is still
    too wide each row becomes a paragraph.
    """
    texts = [[_styled(value) for value in row] for row in rows]
    console = _console()
    if len(columns) <= _COLUMNS_THAT_FOLD:
        console.print(_grid(title, columns, texts, fold=True))
        return
    wide = console.options.update(max_width=_PIPE_COLUMNS * _PIPE_COLUMNS)
    for headings in (list(columns), [name.replace(" ", "\n") for name in columns]):
        shown = _grid(title, headings, texts)
        if Measurement.get(console, wide, shown).maximum <= console.width:
            console.print(shown)
            return
    console.print(Text(title, style="italic"))
    for row in texts:
        console.print(_paragraph(columns, row, console.width))


def _grid(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Text]], *, fold: bool = False
) -> Table:
    shown = Table(title=Text(title), title_justify="left", header_style="bold")
    for name in columns:
        side: JustifyMethod = "right" if _is_number(name) else "left"
        shown.add_column(Text(name), justify=side, no_wrap=not fold, vertical="bottom")
    for row in rows:
        shown.add_row(*row)
    return shown


def _paragraph(columns: Sequence[str], row: Sequence[Text], width: int) -> Text:
    """A row's first value, and below it every other one that is there, with its name."""
    shown, used = Text.assemble((row[0].plain, "bold")), width
    for name, text in zip(columns[1:], row[1:], strict=True):
        if text.plain == _NOTHING:
            continue
        pair = Text.assemble((f"{name} ", "dim"), text)
        gap = "   " if used + 3 + pair.cell_len <= width else "\n  "
        used = (used if gap == "   " else -1) + 3 + pair.cell_len
        shown.append(gap).append_text(pair)
    return shown


def _styled(value: object) -> Text:
    text = cell(value)
    return Text(text, style=_STYLES.get(text, ""))


def _is_number(name: str) -> bool:
    words = {"qty", "price", "pnl", "stake", "fee", "fees", "filled", "left", "limit", "avg"}
    words |= {"entry", "orders", "empty", "parts", "s", "cost", "bps", "rate", "count"}
    return bool(words & set(name.lower().split()))


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS, highlight=False)


def views(view: View, name: str) -> list[View]:
    """The list of views under `name`."""
    found = view.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def pick(view: View, *names: str) -> list[object]:
    """The fields of a row, in order."""
    return [view.get(name) for name in names]
