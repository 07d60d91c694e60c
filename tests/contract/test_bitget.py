"""What Bitget alone has: two channels for one trade, and codes that prove nothing."""

from __future__ import annotations

import pytest

from daemon.core.events import CancelRejected, Fill, OrderInDoubt, OrderSnapshot, StreamRestored
from daemon.core.terms import RejectReason
from daemon.paper.faults import FaultKind
from daemon.venues.bitget.venue import BitgetVenue
from tests.contract.guest import entered, ids, listening, of
from tests.contract.rooms import Room, each, rooms_of
from tests.venues.listening import until

ROOMS = rooms_of("bitget")


@each(ROOMS)
async def test_the_account_names_its_dialect(room: Room) -> None:
    async with entered(room) as guest:
        assert isinstance(guest.venue, BitgetVenue)
        assert guest.venue.session.modes.dialect.value == room.options["dialect"]


@each(ROOMS)
@pytest.mark.parametrize("code", ["40010", "45001", "40015", "40725"])
async def test_a_code_that_proves_nothing(room: Room, code: str) -> None:
    async with entered(room) as guest:
        await guest.arm(FaultKind.HTTP_ERROR_AFTER, code=code, status=400)
        (doubt,) = await guest.place(1, qty="0.1")
        assert isinstance(doubt, OrderInDoubt)
        assert of(await guest.look(1), OrderSnapshot)


@each(ROOMS)
async def test_an_order_is_canceled_once_a_second(room: Room) -> None:
    async with entered(room) as guest:
        order_id = await guest.rest(1)
        await guest.cancel(1, order_id)
        again = await guest.cancel(1, order_id)
        assert isinstance(again, CancelRejected)
        assert again.reason is RejectReason.RATE_LIMIT


@each([room for room in ROOMS if room.options["dialect"] == "classic"])
@pytest.mark.parametrize("channel", ["orders", "fill"])
async def test_one_of_the_two_channels_is_enough(room: Room, channel: str) -> None:
    async with entered(room) as guest, listening(guest) as heard:
        await until(lambda: heard.of(StreamRestored))
        await guest.arm(FaultKind.WS_DROP, channel=channel, count=None)
        await guest.place(1)
        await until(lambda: heard.of(Fill))
        (row,) = guest.told(1)
        assert ids(heard.of(Fill)) == {str(row["trade_id"])}
        assert len(heard.of(Fill)) == 1
