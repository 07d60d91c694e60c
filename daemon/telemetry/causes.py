"""Which step a line of the log followed from, so that a fill leads back to the quote behind it.

An order's lines carry the seq of its placing, the placing that of its exit's opening, and an
opening stands under the seq of the quote that triggered it. What was at work when an earlier run
ended is told by `recall`; for all that is long past `filld why` reads the journal.
"""

from __future__ import annotations

from typing import Final, TypeVar

from daemon.core.commands import Command, PlaceOrder
from daemon.core.decisions import CloseExit, OpenExit, RetriggerExit
from daemon.core.events import Event, OrderEvent
from daemon.core.order import Order
from daemon.core.terms import PositionKey
from daemon.ports import Record

_KEPT: Final = 10_000
_Key = TypeVar("_Key")
_OrderKey = tuple[object, object, object]


class Causes:
    """The seqs at which exits were opened and orders placed: the latest 10,000 of each."""

    def __init__(self) -> None:
        self._exits: dict[PositionKey, int] = {}
        self._orders: dict[_OrderKey, int] = {}
        self._named: dict[_OrderKey, int] = {}

    def of(self, seq: int, source: Event | Command) -> int | None:
        """The seq behind `source`, which was committed as (part of) step `seq`."""
        match source:
            case OrderEvent():  # first: nearly all that come in numbers
                at = (source.account, source.venue)
                return self._of_order(at, source.client_order_id, source.venue_order_id)
            case OpenExit():
                _keep(self._exits, source.key, seq)
                return seq
            case RetriggerExit() | CloseExit():
                return self._exits.get(source.key)
            case PlaceOrder():
                key = (source.key.account, source.key.venue, source.client_order_id)
                if not source.resend:
                    _keep(self._orders, key, seq)
                return self._exits.get(source.key, seq) if source.exit_no else seq
            case _:
                return self._of_any(source)

    def recall(self, record: Record) -> None:
        """Learn where exits opened and orders were placed in a record of an earlier run."""
        for command in record.commands:
            if isinstance(command, OpenExit | PlaceOrder):
                self.of(record.seq, command)

    def name(self, order: Order) -> None:
        """Learn what the venue calls an order whose placing is known."""
        place = (order.key.account, order.key.venue)
        placed = self._orders.get((*place, order.client_order_id))
        if placed is not None and order.venue_order_id is not None:
            _keep(self._named, (*place, order.venue_order_id), placed)

    def _of_any(self, source: Event | Command) -> int | None:
        key: object = getattr(source, "key", None)
        holder = key if isinstance(key, PositionKey) else source
        at = (getattr(holder, "account", None), getattr(holder, "venue", None))
        ours: object = getattr(source, "client_order_id", None)
        theirs: object = getattr(source, "venue_order_id", None)
        return self._of_order(at, ours, theirs)

    def _of_order(self, at: tuple[object, object], ours: object, theirs: object) -> int | None:
        """By our id, or by the venue's where a message has no other."""
        found = self._orders.get((*at, ours)) if ours is not None else None
        if theirs is None:
            return found
        if found is not None:
            _keep(self._named, (*at, theirs), found)
        return self._named.get((*at, theirs))


def _keep(kept: dict[_Key, int], key: _Key, seq: int) -> None:
    kept.pop(key, None)
    kept[key] = seq
    if len(kept) > _KEPT:
        del kept[next(iter(kept))]
