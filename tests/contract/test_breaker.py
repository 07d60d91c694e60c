"""Every client's breaker against its paper exchange that goes away and comes back."""

from __future__ import annotations

import asyncio

import pytest

from daemon.core.events import Fill, OrderSnapshot, PositionSnapshot, QueryFailed
from daemon.core.terms import RejectReason, Venue
from daemon.paper.faults import FaultKind
from daemon.venues import breaker
from daemon.venues.breaker import PROBE_S
from tests.contract.guest import D, Guest, entered, of
from tests.contract.rooms import KALSHI_ROOM, Room, each, rooms_of

# One door of each client.
DOORS = [rooms_of(start)[0] for start in ("kalshi", "binance-spot", "bitget", "phemex-perp")]
READS = "GET *"
LOST = FaultKind.HTTP_LOSE_BEFORE


class Told:
    """Hears of openings and closings."""

    def __init__(self) -> None:
        self.heard: list[tuple[Venue, bool]] = []

    def __call__(self, venue: Venue, _text: str, shut: bool) -> None:
        self.heard.append((venue, shut))


async def die(guest: Guest) -> None:
    """The exchange answers no question any more, and the client has found out."""
    await guest.arm(LOST, endpoint=READS, count=None)
    await guest.book()
    await guest.book()


@each(DOORS)
async def test_a_dead_venue_is_not_hammered_and_an_exit_does_not_wait(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "PROBE_S", 3_600.0)
    told = Told()
    async with entered(room, reads_shut=told) as guest:
        await die(guest)
        assert told.heard == [(room.venue, True)]
        asked = await guest.struck(LOST)
        async with asyncio.timeout(60):
            found = of(await guest.book(), QueryFailed)
        assert found
        assert {event.reason for event in found} == {RejectReason.NETWORK}
        assert all(event.text.startswith("not asked: ") for event in found)
        assert await guest.struck(LOST) == asked
        await guest.place(1, qty="2")
        assert sum(D(row["qty"]) for row in guest.told(1)) == D(2), "the exit went out at once"
        (failed, *_) = of(await guest.look(1), QueryFailed)
        assert not failed.text.startswith("not asked: ")
        assert await guest.struck(LOST) > asked
        await guest.calm()
        async with asyncio.timeout(60):
            looked = await guest.look(1)
        assert of(looked, OrderSnapshot)
        assert sum(fill.last_qty for fill in of(looked, Fill)) == D(2)


@each(DOORS)
async def test_it_is_found_when_it_is_back(room: Room) -> None:
    told = Told()
    async with entered(room, reads_shut=told) as guest:
        await die(guest)
        guest.clock.pass_s(PROBE_S)
        await guest.book()
        assert told.heard == [(room.venue, True)], "a probe that fails is no news"
        await guest.calm()
        guest.clock.pass_s(PROBE_S)
        assert of(await guest.book(), PositionSnapshot)
        assert told.heard == [(room.venue, True), (room.venue, False)]


@pytest.mark.parametrize("kind", [FaultKind.HTTP_429, FaultKind.HTTP_ERROR_BEFORE])
async def test_refusals_are_answers(kind: FaultKind) -> None:
    told = Told()
    async with entered(KALSHI_ROOM, reads_shut=told) as guest:
        status = {} if kind is FaultKind.HTTP_429 else {"status": 404, "code": "not_found"}
        await guest.arm(kind, endpoint=READS, count=8, **status)
        await guest.book()
        await guest.book()
        assert told.heard == []
