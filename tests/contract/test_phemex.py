"""What Phemex alone has: shapes that vary, refusals in three places, snapshots of old rows."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.core.events import (
    Fill,
    OrderCanceled,
    OrderExpired,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
    StreamRestored,
    Undecodable,
)
from daemon.core.terms import OrdStatus, RejectReason
from daemon.paper.faults import FaultKind
from tests.contract.guest import D, Guest, entered, ids, listening, name, of
from tests.contract.rooms import Room, each, rooms_of
from tests.venues.listening import Heard, until

ROOMS = rooms_of("phemex")
REPLAYED = 100


async def too_much(guest: Guest) -> tuple[int, RejectReason]:
    """Place what nothing is left for; its number, and why it must be refused."""
    if guest.room.spot:
        await guest.place(2, qty="6")
        return 2, RejectReason.INSUFFICIENT_FUNDS
    await guest.place(1, qty="5", limit=guest.room.prices[0])
    await guest.place(2)
    return 2, RejectReason.NO_POSITION


async def ready(heard: Heard) -> None:
    await until(lambda: heard.of(StreamRestored))


@each(ROOMS)
@pytest.mark.parametrize("history", ["bare", "envelope"])
async def test_a_history_comes_in_two_shapes(room: Room, history: str) -> None:
    async with entered(room, table={"history": history}) as guest:
        await guest.place(1)
        (fill,) = of(await guest.look(1), Fill)
        assert fill.exec_id in ids(await guest.fills())


@each(ROOMS)
@pytest.mark.parametrize("code", ["19999", "11107", "10001"])
async def test_a_code_that_proves_nothing(room: Room, code: str) -> None:
    async with entered(room) as guest:
        await guest.arm(FaultKind.HTTP_ERROR_AFTER, code=code, status=200)
        (doubt,) = await guest.place(1, qty="0.1")
        assert isinstance(doubt, OrderInDoubt)
        assert of(await guest.look(1), OrderSnapshot)


@each(ROOMS)
async def test_a_cancel_is_only_acknowledged(room: Room) -> None:
    async with entered(room) as guest:
        order_id = await guest.rest(1)
        guest.buy("1")
        asked = await guest.cancel(1, order_id)
        assert isinstance(asked, OrderSnapshot)
        assert (asked.status, asked.cum_qty) == (OrdStatus.PARTIALLY_FILLED, D(1))


@each(ROOMS)
async def test_a_cancel_that_meets_the_last_fill_may_be_acknowledged(room: Room) -> None:
    async with entered(room) as guest:
        order_id = await guest.rest(1)
        await guest.arm(FaultKind.CANCEL_RACE, code="accepted")
        assert isinstance(await guest.cancel(1, order_id), OrderSnapshot)
        (snapshot,) = of(await guest.look(1, order_id), OrderSnapshot)
        assert (snapshot.status, snapshot.cum_qty) == (OrdStatus.FILLED, D(3))


@each(ROOMS)
async def test_a_refusal_inside_the_answer(room: Room) -> None:
    async with entered(room, table={"refusals": "data"}) as guest:
        if not room.spot:
            await guest.place(1, qty="5", limit=room.prices[0])
        (event,) = await guest.place(2, qty="6" if room.spot else "3")
        assert isinstance(event, OrderRejected)
        spot = RejectReason.INSUFFICIENT_FUNDS
        assert event.reason is (spot if room.spot else RejectReason.NO_POSITION)


@each(ROOMS)
async def test_the_engine_rejects_after_the_acknowledgement(room: Room) -> None:
    table = {"refusals": "stream"}
    async with entered(room, table=table) as guest, listening(guest) as heard:
        await ready(heard)
        number, reason = await too_much(guest)
        await until(lambda: heard.of(OrderRejected))
        (rejected,) = heard.of(OrderRejected)
        assert (rejected.client_order_id, rejected.reason) == (name(number), reason)
        assert not guest.exits(number)


@each(ROOMS)
@pytest.mark.parametrize(
    "table",
    [
        {"rows": "together", "ioc_rest": "Canceled"},
        {"rows": "apart", "ioc_rest": "Expired"},
    ],
)
async def test_rows_come_together_or_apart(room: Room, table: dict[str, Any]) -> None:
    async with entered(room, table=table) as guest, listening(guest) as heard:
        await ready(heard)
        await guest.place(1)
        # Spot's stream has no execStatus: what expired is canceled there.
        expires = table["ioc_rest"] == "Expired" and not room.spot
        kind: type[OrderExpired | OrderCanceled] = OrderExpired if expires else OrderCanceled
        await until(lambda: heard.of(kind) and guest.exits(1))
        assert [end.cum_qty for end in heard.of(kind)] == [D(2)]
        assert [fill.last_qty for fill in guest.exits(1)] == [D(2)]
        assert not heard.of(Undecodable)


@each(ROOMS)
async def test_a_snapshot_replays_a_hundred_fills_and_none_is_new(room: Room) -> None:
    async with entered(room) as guest:
        await guest.rest(1, qty="5")
        for _ in range(REPLAYED + 20):
            guest.buy("0.01")
        assert len(guest.told(1)) == REPLAYED + 20
        async with listening(guest) as heard:
            await ready(heard)
            assert not heard.of(Fill), "from before this process: left to the back-fill"
            assert len(ids(of(await guest.look(1), Fill))) == REPLAYED + 20
            await guest.arm(FaultKind.WS_DISCONNECT)
            await until(lambda: len(heard.of(StreamRestored)) == 2)
            guest.buy("0.01")
            await until(lambda: heard.of(Fill))
            assert len(ids(heard.of(Fill))) == 1
            assert not heard.of(Undecodable)


@each([room for room in ROOMS if not room.spot])
async def test_a_funding_is_no_fill(room: Room) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await ready(heard)
        before = len(await guest.fills())
        await guest.call("POST", f"/instruments/{room.symbol}/funding", rate="0.001")
        assert len(await guest.fills()) == before
        assert not heard.of(Undecodable)
