"""Which rows of a history a read asks for: by time, below an id, so many. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from daemon.paper.bitget.errors import ApiError
from daemon.paper.bitget.params import Params
from daemon.paper.clock import MILLI_NS

T = TypeVar("T")
_DAY_MS = 86_400_000
_KEPT_MS = 90 * _DAY_MS
_ROWS = 100


def page(
    rows: list[T],
    params: Params,
    now_ns: int,
    *,
    id_of: Callable[[T], int],
    ns_of: Callable[[T], int],
    span_days: int = 90,
) -> list[T]:
    """The newest rows of 90 days, below `idLessThan` or `cursor`; ids descend in `rows`.

    Trade ids of two symbols may be equal: a page is never cut between two of them.
    """
    start, end = params.number("startTime"), params.number("endTime")
    if start is not None and end is not None:
        if start > end:
            raise ApiError("40707", "Start time is greater than end time")
        if end - start > span_days * _DAY_MS:
            raise ApiError("40705", f"The start and end time cannot exceed {span_days} days")
    below = params.number("idLessThan") or params.number("cursor")
    first_ms = max(start or 0, now_ns // MILLI_NS - _KEPT_MS)
    seen = [
        row
        for row in rows
        if first_ms <= ns_of(row) // MILLI_NS
        and (end is None or ns_of(row) // MILLI_NS <= end)
        and (below is None or id_of(row) < below)
    ]
    limit = min(params.number("limit") or _ROWS, _ROWS)
    while limit < len(seen) and id_of(seen[limit]) == id_of(seen[limit - 1]):
        limit += 1
    return seen[:limit]
