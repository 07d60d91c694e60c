"""Kalshi's order gateway: place, cancel, prepare.

An order is sent once, and every outcome is an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.events import OrderAccepted, VenueEvent
from daemon.core.terms import ClientOrderId, RejectReason, VenueOrderId
from daemon.venues.errors import InvalidOrderError
from daemon.venues.kalshi.order_wire import (
    cancel_rejected,
    decode_canceled,
    decode_created,
    encode_create,
    in_doubt,
    rejected,
)
from daemon.venues.kalshi.session import Call, KalshiSession, NoTokens, Presigned
from daemon.venues.rest import NotSent, Reply

CREATE_PATH: Final = "/portfolio/events/orders"
CANCEL_COST: Final = 2
PREPARED_LIMIT: Final = 64
REMEMBERED_LIMIT: Final = 1_024

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Prepared:
    command: PlaceOrder
    body: bytes
    signed: Presigned


class KalshiOrders:
    """`OrderGateway`. Remembers what it placed only to tell how much of it a cancel left."""

    def __init__(self, session: KalshiSession) -> None:
        self._session = session
        self._prepared: dict[ClientOrderId, _Prepared] = {}
        self._order_qty: dict[VenueOrderId, Decimal] = {}

    def prepare(self, command: PlaceOrder) -> None:
        """Encode and sign ahead; an order that cannot be encoded is left to `place` to refuse."""
        try:
            body = encode_create(command, self._session.config.subaccount)
        except InvalidOrderError:
            return
        signed = self._session.presign("POST", self._session.root_path + CREATE_PATH)
        made = _Prepared(command, body, signed)
        _keep(self._prepared, command.client_order_id, made, PREPARED_LIMIT)

    async def place(self, command: PlaceOrder) -> Sequence[VenueEvent]:
        """Send the order once. Kalshi's 401 for a stale clock alone is answered by a second."""
        prepared = self._prepared.pop(command.client_order_id, None)
        signed = None
        try:
            if prepared is not None and prepared.command == command:
                body, signed = prepared.body, prepared.signed
            else:
                body = encode_create(command, self._session.config.subaccount)
        except InvalidOrderError as error:
            stamp = self._session.stamp()
            return (rejected(stamp, command, RejectReason.INVALID_ORDER, error.text),)
        call = Call(
            method="POST",
            path=CREATE_PATH,
            body=body,
            urgent=True,
            timeout_s=self._session.config.order_timeout_s,
        )
        outcome = await self._session.send(call, signed)
        stamp = self._session.stamp()
        if isinstance(outcome, NoTokens):
            return (rejected(stamp, command, RejectReason.RATE_LIMIT, outcome.text),)
        if isinstance(outcome, NotSent):
            return (rejected(stamp, command, RejectReason.NETWORK, outcome.text),)
        if not isinstance(outcome, Reply):
            reason = RejectReason.TIMEOUT if outcome.timed_out else RejectReason.NETWORK
            return (in_doubt(stamp, command, reason, outcome.text),)
        events = decode_created(stamp, command, outcome.status, outcome.body)
        self._remember(command, events)
        return events

    def _remember(self, command: PlaceOrder, events: Sequence[VenueEvent]) -> None:
        for event in events:
            if isinstance(event, OrderAccepted) and event.venue_order_id is not None:
                order_id = event.venue_order_id
                _keep(self._order_qty, order_id, command.order_qty, REMEMBERED_LIMIT)

    async def cancel(self, command: CancelOrder) -> Sequence[VenueEvent]:
        """Cancel; the ticker and the shard go along, else Kalshi looks on shard 0 only."""
        query = [
            ("subaccount", str(self._session.config.subaccount)),
            ("market_ticker", command.key.symbol),
        ]
        if command.shard is not None:
            query.append(("exchange_index", str(command.shard)))
        call = Call(
            method="DELETE",
            path=f"{CREATE_PATH}/{command.venue_order_id}",
            query=tuple(query),
            cost=CANCEL_COST,
            route=CREATE_PATH + "/{order_id}",
            urgent=True,
            timeout_s=self._session.config.order_timeout_s,
        )
        outcome = await self._session.send(call)
        stamp = self._session.stamp()
        if isinstance(outcome, Reply):
            order_qty = self._order_qty.get(command.venue_order_id)
            return decode_canceled(stamp, command, order_qty, (outcome.status, outcome.body))
        if isinstance(outcome, NoTokens):
            reason = RejectReason.RATE_LIMIT
        elif isinstance(outcome, NotSent) or not outcome.timed_out:
            reason = RejectReason.NETWORK
        else:
            reason = RejectReason.TIMEOUT
        return (cancel_rejected(stamp, command, reason, outcome.text),)


def _keep(store: dict[K, V], key: K, value: V, limit: int) -> None:
    """Store the newest; the oldest goes when there are too many."""
    store[key] = value
    while len(store) > limit:
        del store[next(iter(store))]
