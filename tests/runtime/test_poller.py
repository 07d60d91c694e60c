"""The poller asks for every account at the pace that the book calls for."""

from __future__ import annotations

import asyncio

from daemon.core.commands import QueryBook
from daemon.runtime.poller import Pace, Poller
from tests import builders as make
from tests.runtime.fake_venue import OWNER, Rig
from tests.runtime.test_driver import armed_position
from tests.venues.listening import until


async def test_it_looks_faster_while_something_is_exiting() -> None:
    rig = Rig()
    async with rig:
        rig.tell(*armed_position())
        await rig.settle()
        poller = Poller(rig.driver, rig.outbox, rig.clock, Pace(active_s=2, idle_s=30))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(poller.run())
            await until(lambda: rig.clock.slept)
            assert set(rig.clock.slept) == {30}
            rig.tell(make.quote(bid="0.58", ask="0.60"))
            await until(lambda: 2 in rig.clock.slept)
            task.cancel()
        assert rig.clock.slept[-1] == 2
        asked = [question for question in rig.venue.asked if isinstance(question, QueryBook)]
        assert {(question.account, question.venue) for question in asked} == {OWNER}
