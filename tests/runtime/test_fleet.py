"""Several venues: one that is dead holds up no other, and is tried on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from daemon.core.errors import TheirsError
from daemon.core.events import Event, VenueNotOpened
from daemon.core.terms import Account, Venue
from daemon.ports import Deliver
from daemon.runtime.fleet import FIRST_WAIT_S, PATIENT_TRIES, Fleet
from daemon.runtime.inbox import Inbox
from daemon.runtime.outbox import Owner
from daemon.venues.errors import BusyVenueError, RateLimitError
from tests import builders as make
from tests.runtime.fake_venue import OWNER, FakeVenue, TickingClock

OTHER: Owner = (Account("main"), Venue("binance-spot"))
LIMITED = BusyVenueError(RateLimitError("HTTP 429"), venue="kalshi")


class Banned(FakeVenue):
    """Refuses to open so many times; `running` is set when its streams run."""

    def __init__(self, refusals: int, error: TheirsError | None = None) -> None:
        super().__init__()
        self.refusals = refusals
        self.error = error or TheirsError("banned")
        self.running = asyncio.Event()

    @override
    async def open(self) -> Sequence[Event]:
        if self.refusals:
            self.refusals -= 1
            raise self.error
        return [make.market_read()]

    @override
    async def run(self, deliver: Deliver) -> None:
        self.running.set()
        await super().run(deliver)


class Silent(FakeVenue):
    """Never answers."""

    @override
    async def open(self) -> Sequence[Event]:
        await asyncio.get_running_loop().create_future()
        return []


class Stage:
    """A fleet with what it was heard to do."""

    def __init__(self, venue: FakeVenue, other: FakeVenue, *, every: bool = False) -> None:
        self.inbox, self.clock = Inbox(), TickingClock()
        self.told: list[tuple[Owner, int, str]] = []
        self.begun = 0
        self.fleet = Fleet(
            {OWNER: venue, OTHER: other},
            self.inbox,
            self.clock,
            told=lambda *told: self.told.append(told),
            every=every,
        )

    def begin(self) -> None:
        self.begun += 1
        self.inbox.put_answer(make.fill())

    async def run_until(self, *events: asyncio.Event) -> None:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            running = group.create_task(self.fleet.run(self.begin))
            for event in events:
                await event.wait()
            running.cancel()


async def test_a_dead_venue_holds_up_no_other_and_is_tried_on() -> None:
    well, banned = Banned(0), Banned(2)
    stage = Stage(well, banned)
    await stage.run_until(well.running, banned.running)
    assert stage.told == [(OTHER, 1, "banned"), (OTHER, 3, "")], "the first failure, and its end"
    assert not stage.fleet.shut
    assert stage.clock.slept[:2] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S]
    told = await stage.inbox.take(10)
    shut = [event for event in told if isinstance(event, VenueNotOpened)]
    assert [(event.account, event.venue, event.text) for event in shut] == [(*OTHER, "banned")] * 2
    assert [event for event in told if event not in shut] == [
        *(make.fill(), make.market_read(), make.market_read()),
    ]
    assert (stage.begun, told[0]) == (1, make.fill()), "its own beginning comes before all else"


async def test_the_run_begins_though_one_never_answers() -> None:
    well = Banned(0)
    stage = Stage(well, Silent())
    await stage.run_until(well.running)
    assert stage.fleet.shut == {OTHER}


@pytest.mark.parametrize("every", [False, True])
async def test_where_none_opens_the_run_ends_with_the_error(every: bool) -> None:
    stage = Stage(Banned(9), Banned(9), every=every)
    with pytest.raises(ExceptionGroup) as raised:
        await stage.run_until(stage.fleet.opened)
    assert raised.group_contains(TheirsError, match="banned")
    assert not stage.begun


@pytest.mark.parametrize("every", [False, True])
async def test_a_limit_that_passes_is_waited_out(every: bool) -> None:
    first, second = Banned(2, LIMITED), Banned(PATIENT_TRIES - 1, LIMITED)
    stage = Stage(first, second, every=every)
    await stage.run_until(first.running, second.running)
    assert stage.begun == 1
    lasting = Stage(Banned(9, LIMITED), Banned(9, LIMITED), every=every)
    with pytest.raises(ExceptionGroup) as raised:
        await lasting.run_until(lasting.fleet.opened)
    assert raised.group_contains(BusyVenueError, match="has limited or banned")


async def test_a_rebuild_needs_every_venue() -> None:
    stage = Stage(Banned(0), Banned(1), every=True)
    with pytest.raises(ExceptionGroup) as raised:
        await stage.run_until(stage.fleet.opened)
    assert raised.group_contains(TheirsError, match="banned")
    assert not stage.begun
