"""Which rows of a history a read asks for: by id, by time, so many. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from daemon.paper.binance.params import Params
from daemon.paper.clock import MILLI_NS

T = TypeVar("T")


def page(
    rows: list[T],
    params: Params,
    *,
    first_id: str,
    id_of: Callable[[T], int],
    ns_of: Callable[[T], int],
) -> list[T]:
    """Rows from an id on (ascending), or between two times, or the last ones; ids ascend."""
    limit = params.limit(500, 1000)
    first, start, end = (params.number(name) for name in (first_id, "startTime", "endTime"))
    seen = [
        row
        for row in rows
        if (start is None or ns_of(row) >= start * MILLI_NS)
        and (end is None or ns_of(row) < (end + 1) * MILLI_NS)
        and (first is None or id_of(row) >= first)
    ]
    is_from_the_front = first is not None or start is not None
    return seen[:limit] if is_from_the_front else seen[-limit:]
