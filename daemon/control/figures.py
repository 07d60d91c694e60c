"""The door's routes to the figures: GET /performance /fees /slippage, each with ?by=.

An answer says as of which record (`seq`) it is, and how many the fold is `behind`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, Protocol, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from daemon.analytics.figure_views import (
    FEES_BY,
    PERFORMANCE_BY,
    SLIPPAGE_BY,
    By,
    fees_report,
    performance_view,
    slippage_view,
)
from daemon.analytics.figures import Figures
from daemon.analytics.scene import View
from daemon.control.answers import Answer
from daemon.control.bodies import BadInputError
from daemon.control.figure_answers import Fees, Performance, Slippage
from daemon.control.table import Parameter, Route, answer

Read = TypeVar("Read")


class FigureSource(Protocol):
    """Who folds the figures."""

    async def read(self, read: Callable[[Figures], Read]) -> tuple[Read, int]:
        """What `read` makes of them, and how many records they are behind."""
        ...


FIGURES: web.AppKey[FigureSource] = web.AppKey("figures")
Viewer = Callable[[Figures, By | None], View]

# What there is to see, and what it can be broken down by.
VIEWS: Final[dict[str, tuple[Viewer, Sequence[By]]]] = {
    "/performance": (performance_view, PERFORMANCE_BY),
    "/fees": (fees_report, FEES_BY),
    "/slippage": (slippage_view, SLIPPAGE_BY),
}


def by_of(text: str | None, known: Sequence[By]) -> By | None:
    """What figures are to be broken down by; raises BadInputError."""
    if text is None:
        return None
    found = next((by for by in known if by.value == text), None)
    if found is None:
        accepted = ", ".join(by.value for by in known)
        raise BadInputError(f"by = {text!r}: accepted: {accepted}")
    return found


def _handler(view: Viewer, known: Sequence[By]) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        by = by_of(request.query.get("by"), known)
        found, behind = await request.app[FIGURES].read(lambda figures: view(figures, by))
        return answer({**found, "behind": behind})

    return handle


def _route(path: str, text: str, gives: type[Answer]) -> Route:
    view, known = VIEWS[path]
    kind = Literal[tuple(by.value for by in known)]  # type: ignore[valid-type] # made, not written
    by = Parameter(name="by", text="What to break it down by.", kind=kind)
    handle = _handler(view, known)
    return Route(method="GET", path=path, text=text, handle=handle, gives=gives, parameters=(by,))


FIGURE_ROUTES: Final = (
    _route("/performance", "How orders fare, how long they take, what exits cost.", Performance),
    _route("/fees", "Fees as paid and valued in one currency.", Fees),
    _route("/slippage", "Fills against trigger, middle and limit.", Slippage),
)
