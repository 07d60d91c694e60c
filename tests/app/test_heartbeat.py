"""The beats come from the loop that moves orders, and stop with it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.analytics.health import Bounds, Health
from daemon.app.heartbeat import Heartbeat
from daemon.core import events
from daemon.core.terms import Account, RejectReason
from daemon.runtime.fleet import Fleet
from daemon.runtime.notify import Notifier
from tests import builders as make
from tests.app.test_door import door_of
from tests.runtime.fake_venue import OWNER, Rig
from tests.runtime.test_driver import bought
from tests.runtime.test_notify import heard

BOUNDS = Bounds(reconcile_s=Decimal(10**9), lag_s=Decimal(10**9))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.setblocking(False)
        yield end


class Stage:
    """A heartbeat over the rig's loop."""

    def __init__(self, rig: Rig, box: socket.socket, bounds: Bounds = BOUNDS) -> None:
        self.turns: list[Health] = []
        self.door = door_of(rig)
        self.freshness = self.door.freshness
        environ = {"NOTIFY_SOCKET": str(box.getsockname()), "WATCHDOG_USEC": "2000000"}
        fleet = Fleet({OWNER: rig.venue}, rig.inbox, rig.clock, told=lambda *_: None)
        fleet.shut = rig.shut
        self.beat = Heartbeat(
            self.door,
            fleet,
            rig.clock,
            Notifier(environ, os.getpid()),
            bounds,
            self.turns.append,
        )


async def some_beats(stage: Stage, turns: int = 60) -> None:
    """Let it beat for a while."""
    task = asyncio.get_running_loop().create_task(stage.beat.run())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()


async def test_ready_is_said_once_after_the_first_comparison(box: socket.socket) -> None:
    async with Rig() as rig:
        stage = Stage(rig, box)
        await some_beats(stage)
        said = heard(box)
        assert "READY=1" not in said
        assert "EXTEND_TIMEOUT_USEC=60000000" in said
        stage.freshness.observe(0, make.positions(), ())
        await some_beats(stage)
        said = heard(box)
        assert said.count("READY=1") == 1
        assert said.count("WATCHDOG=1") > 1


async def test_a_venue_that_only_errs_does_not_hold_the_others_start_back(
    box: socket.socket,
) -> None:
    async with Rig() as rig:
        stage = Stage(rig, box)
        failed = events.QueryFailed(**make.AT_VENUE, query="positions", reason=RejectReason.TIMEOUT)
        stage.freshness.observe(0, failed, ())
        await some_beats(stage)
        assert "READY=1" not in heard(box)
        other = replace(make.positions(), account=Account("other"))
        stage.freshness.observe(0, other, ())
        await some_beats(stage)
        assert "READY=1" in heard(box)


async def test_a_commit_that_hangs_starves_the_watchdog(box: socket.socket) -> None:
    async with Rig() as rig:
        stage = Stage(rig, box)
        rig.tell(make.rules_loaded())
        await rig.settle()
        rig.journal.commit.clear()
        rig.tell(bought("5", "one"))
        await asyncio.sleep(0)
        await some_beats(stage)
        assert "WATCHDOG=1" not in heard(box)
        rig.journal.commit.set()
        await some_beats(stage)
        assert "WATCHDOG=1" in heard(box)


async def test_what_only_a_restart_mends_starves_the_watchdog(box: socket.socket) -> None:
    async with Rig() as rig:
        stage = Stage(rig, box, Bounds(reconcile_s=Decimal(10**9), lag_s=Decimal("0.1")))
        await some_beats(stage)  # on this clock each sleep takes a second
        assert heard(box).count("WATCHDOG=1") == 1
        health = stage.beat.health
        assert health is not None
        assert health.stuck


async def test_only_changes_are_told(box: socket.socket) -> None:
    async with Rig() as rig:
        stage = Stage(rig, box)
        await some_beats(stage)
        assert [health.not_ready for health in stage.turns] == [("no rules are in force yet",)]
