"""The door's route to the latest lines of the log: GET /log?after=N, asked again and again.

Nothing is streamed: who reads slowly misses lines and holds up nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Protocol

from aiohttp import web
from msgspec import Meta

from daemon.control.answers import Answer, Count
from daemon.control.bodies import WHOLE_DIGITS, whole
from daemon.control.table import Parameter, Route, answer

LINES_MOST: Final = 1_000
_NUMBERS_MOST: Final = 10**WHOLE_DIGITS - 1


class LineSource(Protocol):
    """Who keeps the latest lines."""

    def after(self, number: int, limit: int) -> tuple[Sequence[str], int]:
        """Of the lines that are kept those after `number`, and the number of the last of them."""
        ...


class LogLines(Answer, kw_only=True):
    """Lines as they were written; `number` is that of the last one: what to ask after next."""

    lines: list[str]
    number: Count


LINES: web.AppKey[LineSource] = web.AppKey("lines")


async def _log(request: web.Request) -> web.Response:
    number = whole(request.query.get("after", "0"), 0, _NUMBERS_MOST)
    lines, last = request.app[LINES].after(number, LINES_MOST)
    return answer({"lines": list(lines), "number": last})


LINE_ROUTES: Final = (
    Route(
        method="GET",
        path="/log",
        text="The latest lines of the log, at most 1,000 at once.",
        handle=_log,
        gives=LogLines,
        parameters=(
            Parameter(
                name="after",
                text="the `number` of an earlier answer; without it everything that is kept",
                kind=Annotated[int, Meta(ge=0, le=_NUMBERS_MOST)],
            ),
        ),
        errors=(400,),
    ),
)
