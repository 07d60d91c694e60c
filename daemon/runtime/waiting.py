"""Waiting for an order, for those who ask from outside the loop (the first seed's façade).

Awaits committed events; it changes nothing but by asking the engine to cancel (semantics.md 31).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from daemon.core.book import Book
from daemon.core.commands import Command
from daemon.core.errors import TheirsError
from daemon.core.events import Event
from daemon.core.order import Order
from daemon.core.requests import CancelRequested
from daemon.core.terms import ClientOrderId
from daemon.ports import Clock
from daemon.runtime.driver import Driver
from daemon.runtime.inbox import Inbox

_LONGEST_LOOK_S = 1.0


class OutcomeUnknownError(TheirsError):
    """The order's end could not be proven in time: neither filled nor dead, for all we know."""


class OrderWaiter:
    """An observer that lets callers wait until one of their orders has moved."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._moved = asyncio.Event()

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:  # noqa: ARG002
        """Something has been committed: let the waiting look again."""
        if seq:
            self._moved.set()

    async def wait_for_fill_or_cancel(
        self,
        driver: Driver,
        client_order_id: ClientOrderId,
        timeout_s: float,
        *,
        require_full: bool = True,
        proof_s: float = 30.0,
    ) -> Decimal:
        """The quantity filled once the order is over; cancels it when `timeout_s` has passed.

        With `require_full` False it cancels the rest at the first partial fill. Raises
        UnknownOrderError for an id that is not in the book, and OutcomeUnknownError when the
        venue does not prove the end within `proof_s` more seconds.
        """
        order = await self._until(driver, client_order_id, timeout_s, require_full=require_full)
        if order.dead:
            return order.cum_qty
        self._inbox.put_answer(
            CancelRequested(
                receive_time_ns=self._clock.wall_ns(),
                mono_ns=self._clock.mono_ns(),
                client_order_id=client_order_id,
            )
        )
        order = await self._until(driver, client_order_id, proof_s, require_full=True)
        if not order.dead:
            raise OutcomeUnknownError(
                f"{client_order_id}: {order.status.value} after {timeout_s + proof_s} s,"
                f" {order.cum_qty} filled so far"
            )
        return order.cum_qty

    async def _until(
        self,
        driver: Driver,
        client_order_id: ClientOrderId,
        timeout_s: float,
        *,
        require_full: bool,
    ) -> Order:
        def read(book: Book) -> Order:
            return book.order(client_order_id)

        deadline_ns = self._clock.mono_ns() + int(timeout_s * 1e9)
        while True:
            self._moved.clear()
            order = await driver.look(read)
            left_s = (deadline_ns - self._clock.mono_ns()) / 1e9
            partial = bool(order.cum_qty) and not require_full
            if order.dead or partial or left_s <= 0:
                return order
            try:
                async with asyncio.timeout(min(left_s, _LONGEST_LOOK_S)):
                    await self._moved.wait()
            except TimeoutError:
                continue
