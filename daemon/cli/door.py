"""Asks the running daemon, and nobody else: what only that needs is quick to start."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from daemon.analytics.scene import View
from daemon.control.bodies import Body
from daemon.control.client import DoorClient
from daemon.settings import Settings


def current(settings: Settings, route: str, options: Mapping[str, str]) -> View:
    """What the daemon says at `route`. Raises NoDaemonError where none runs."""
    return asyncio.run(_get(settings, route, options))


async def _get(settings: Settings, route: str, options: Mapping[str, str]) -> View:
    async with DoorClient(settings.socket_path) as client:
        return await client.get(route, options)


def act(settings: Settings, route: str, body: Body) -> View:
    """An action's outcome, after its commit. Raises NoDaemonError where no daemon runs."""
    return asyncio.run(_post(settings, route, body))


async def _post(settings: Settings, route: str, body: Body) -> View:
    async with DoorClient(settings.socket_path) as client:
        return await client.post(route, body)
