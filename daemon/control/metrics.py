"""The door's route to what Prometheus reads: GET /metrics."""

from __future__ import annotations

from typing import Final, Protocol

from aiohttp import web

from daemon.control.table import Route


class MetricsSource(Protocol):
    """Who measures."""

    async def scrape(self) -> tuple[bytes, str]:
        """Every metric as it is now, and the content type of that text."""
        ...


METRICS: web.AppKey[MetricsSource] = web.AppKey("metrics")


async def _metrics(request: web.Request) -> web.Response:
    text, content_type = await request.app[METRICS].scrape()
    return web.Response(body=text, headers={"Content-Type": content_type})


METRICS_ROUTES: Final = (
    Route(
        method="GET",
        path="/metrics",
        text="Every metric, for Prometheus.",
        handle=_metrics,
        gives=str,
        media="text/plain",
    ),
)
