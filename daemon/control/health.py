"""The door's routes to how filld stands: GET /readyz and /healthz, the same words, two verdicts.

/readyz is 200 while every stop would fire, /healthz while nothing asks for a new process. Else
the same view comes with 503.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from daemon.analytics.health import Health, health_view
from daemon.analytics.scene import Scene
from daemon.analytics.turns import Turns, no_row
from daemon.control.answers import HealthAnswer
from daemon.control.table import DOOR, Route, answer

NOT_NOW: Final = 503
Verdict = Callable[[Health], bool]


class HealthSource(Protocol):
    """Who knows what is beside the book: venues that do not open, a loop that is late."""

    def judge(self, scene: Scene) -> Turns[Health]:
        """How it stands at the moment of `scene`."""
        ...


HEALTH: web.AppKey[HealthSource] = web.AppKey("health")


def _handler(verdict: Verdict) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        health = await request.app[DOOR].read(request.app[HEALTH].judge, no_row)
        return answer(health_view(health), 200 if verdict(health) else NOT_NOW)

    return handle


def _route(path: str, text: str, verdict: Verdict) -> Route:
    handle = _handler(verdict)
    return Route(
        method="GET", path=path, text=text, handle=handle, gives=HealthAnswer, verdict=True
    )


HEALTH_ROUTES: Final = (
    _route("/readyz", "200 while every stop would fire.", lambda health: health.ready),
    _route("/healthz", "200 while no new process is needed.", lambda health: not health.stuck),
)
