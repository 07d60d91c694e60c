"""Waiting for an order returns a quantity only once the order is proven over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.errors import UnknownOrderError
from daemon.core.events import Event
from daemon.core.terms import ClientOrderId, Side, TimeInForce
from daemon.runtime.clock import SystemClock
from daemon.runtime.driver import Driver
from daemon.runtime.observers import Audience
from daemon.runtime.waiting import OrderWaiter, OutcomeUnknownError
from tests import builders as make
from tests.runtime.fake_venue import Rig
from tests.runtime.test_driver import armed_position


class Waiting(Rig):
    """A rig with a waiter among its observers and one resting exit order for 100."""

    def __init__(self) -> None:
        super().__init__()
        self.waiter = OrderWaiter(self.inbox, SystemClock())
        audience = Audience([self, self.waiter], lambda *_: None)
        self.driver = Driver(self.driver.engine, self.journal, self.inbox, self.outbox, audience)
        self.cancels = True
        self.venue.answer = self._answer

    def _answer(self, command: PlaceOrder | CancelOrder) -> Sequence[Event]:
        if isinstance(command, PlaceOrder):
            return [make.accepted(order_id=command.client_order_id)]
        if not self.cancels:
            return [make.cancel_rejected(order_id=command.client_order_id)]
        return [make.canceled(order_id=command.client_order_id, cum_qty="40")]

    async def rest(self) -> ClientOrderId:
        """Let the stop place a GTC order that nobody takes; its id."""
        events = armed_position()
        events[1] = make.rules_loaded(make.rule(policy=make.exits(order=TimeInForce.GTC)))
        self.tell(*events)
        await self.settle()
        self.tell(make.quote(bid="0.58", ask="0.60"))
        await self.settle()
        return self.venue.sent[0].client_order_id

    def part(self, order_id: ClientOrderId, qty: str) -> None:
        """Sell a part of it."""
        fill = make.fill(side=Side.SELL, last_qty=qty, last_px="0.58", exec_id=f"part-{qty}")
        self.tell(replace(fill, client_order_id=order_id, venue_order_id=None))


async def test_a_full_fill_ends_the_wait_with_its_quantity() -> None:
    async with Waiting() as rig:
        order_id = await rig.rest()
        async with asyncio.TaskGroup() as group:
            wait = rig.waiter.wait_for_fill_or_cancel(rig.driver, order_id, 60)
            waiting = group.create_task(wait)
            await asyncio.sleep(0.01)
            rig.part(order_id, "60")
            rig.part(order_id, "40")
        assert waiting.result() == Decimal(100)
        assert len(rig.venue.sent) == 1


async def test_a_timeout_cancels_and_returns_what_was_filled_by_then() -> None:
    async with Waiting() as rig:
        order_id = await rig.rest()
        rig.part(order_id, "40")
        filled = await rig.waiter.wait_for_fill_or_cancel(rig.driver, order_id, 0.05)
        assert filled == Decimal(40)
        assert any(isinstance(command, CancelOrder) for command in rig.venue.sent)


async def test_without_require_full_the_rest_is_canceled_at_the_first_part() -> None:
    async with Waiting() as rig:
        order_id = await rig.rest()
        rig.part(order_id, "40")
        wait = rig.waiter.wait_for_fill_or_cancel(rig.driver, order_id, 30, require_full=False)
        assert await wait == Decimal(40)


async def test_an_unproven_end_is_an_error_and_not_a_number() -> None:
    async with Waiting() as rig:
        rig.cancels = False
        order_id = await rig.rest()
        with pytest.raises(OutcomeUnknownError, match=order_id):
            await rig.waiter.wait_for_fill_or_cancel(rig.driver, order_id, 0.02, proof_s=0.05)


async def test_an_unknown_order_is_named() -> None:
    async with Waiting() as rig:
        with pytest.raises(UnknownOrderError, match="fdnone"):
            await rig.waiter.wait_for_fill_or_cancel(rig.driver, ClientOrderId("fdnone"), 1)
