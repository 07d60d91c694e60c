"""filld doctor: everything that a run rests on, looked at one by one. Places no order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from daemon.app.doctor_machine import machine_checks
from daemon.app.doctor_venue import venue_checks
from daemon.app.findings import Check
from daemon.runtime.clock import SystemClock
from daemon.settings import Settings


async def examine(settings: Settings, files: Mapping[str, Path]) -> list[Check]:
    """The findings about this machine, then about each venue in use, all asked at once.

    `files`: what the settings were read from, by what they are.
    """
    clock = SystemClock()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(machine_checks(settings, files, os.environ), name="machine")]
        tasks += [
            group.create_task(venue_checks(settings, venue, section, clock), name=venue)
            for venue, section in settings.accounts.items()
        ]
    return [check for task in tasks for check in task.result()]
