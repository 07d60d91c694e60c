"""Views made a little at a time, so that a loop that has better to do can go on in between. Pure.

A maker yields each row of a long list with the list's name, None where it has only come further,
and returns the rest, in which every list stands empty. The book may change between two steps: each
row is as of the moment at which it was made.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Generator
from typing import TypeVar

from daemon.analytics.scene import View
from daemon.core.terms import EXACT

Made = TypeVar("Made")
Row = tuple[str, View]
Turns = Generator[Row | None, None, Made]
Taker = Callable[[str, View], None]


def go_on(turns: Turns[Made], take: Taker, tired: Callable[[], bool]) -> tuple[Made] | None:
    """Come further until `tired`, asked after each step; what was made, once it is all there.

    `take` gets each row with its list's name.
    """
    with decimal.localcontext(EXACT):
        while True:
            try:
                row = next(turns)
            except StopIteration as end:
                return (end.value,)
            if row is not None:
                take(*row)
            if tired():
                return None


def no_row(name: str, row: View) -> None:
    """Take rows where nobody wants any."""


def at_once(turns: Turns[View]) -> View:
    """The whole view, made in one go."""
    rows: dict[str, list[View]] = {}
    end = go_on(turns, lambda name, row: rows.setdefault(name, []).append(row), lambda: False)
    assert end is not None
    return {**end[0], **rows}
