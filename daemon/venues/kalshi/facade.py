"""Two questions in the words of the first seeds: an order, and how much of it is filled."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from daemon.core.events import OrderSnapshot
from daemon.core.terms import OrdStatus, VenueOrderId
from daemon.venues.kalshi.reader import KalshiReader


class FillStatus(NamedTuple):
    """Whether an order is filled, how many contracts are, and how many still work."""

    is_filled: bool
    filled_count: Decimal
    remaining_count: Decimal


class OrderLookup:
    """Looks single orders up by the venue's id."""

    def __init__(self, reader: KalshiReader) -> None:
        self._reader = reader

    async def get_order(self, order_id: str) -> OrderSnapshot:
        """The order now; raises `VenueError`. A 404 right after its 201 is only a slow read."""
        return await self._reader.order_by_id(VenueOrderId(order_id))

    async def get_order_fill_status(self, order_id: str) -> FillStatus:
        """`(is_filled, filled_count, remaining_count)`; raises `VenueError`."""
        order = await self.get_order(order_id)
        is_filled = order.status is OrdStatus.FILLED
        return FillStatus(is_filled, order.cum_qty, order.leaves_qty)
