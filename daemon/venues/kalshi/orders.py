"""Kalshi's order gateway: place, cancel, prepare.

An order is sent once, and every outcome is an event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.events import OrderAccepted, VenueEvent
from daemon.core.terms import NANOS, RejectReason, VenueOrderId
from daemon.venues.errors import InvalidOrderError
from daemon.venues.kalshi.order_wire import (
    cancel_rejected,
    decode_canceled,
    decode_created,
    encode_create,
    in_doubt,
    rejected,
)
from daemon.venues.kalshi.session import Call, KalshiSession, NoTokens
from daemon.venues.rest import NotSent, Outcome, Reply
from daemon.venues.signing import Prepared, Presigned

CREATE_PATH: Final = "/portfolio/events/orders"
CANCEL_COST: Final = 2
REMEMBERED_LIMIT: Final = 1_024
AHEAD_S: Final = 0.4
"""How old a signature at hand may be: there is a commit before its order leaves."""


BEGUN_LIMIT: Final = 8
"""Requests made ready ahead that are under way, with a connection each."""

_Sent = Outcome | NoTokens


@dataclass(slots=True, eq=False)
class _Begun:
    """A request of which only the sending is left, once `go` is done: it is `gone` then."""

    go: asyncio.Future[None]
    sent: asyncio.Task[_Sent]
    gone: bool = False


@dataclass(frozen=True, slots=True)
class _Prepared:
    call: Call
    signed: Presigned[dict[str, str]]
    begun: _Begun | None


class KalshiOrders:
    """`OrderGateway`. Remembers what it placed only to tell how much of it a cancel left."""

    def __init__(self, session: KalshiSession) -> None:
        self._session = session
        self._prepared: Prepared[_Prepared] = Prepared()
        self._order_qty: dict[VenueOrderId, Decimal] = {}
        self._at_hand: Presigned[dict[str, str]] | None = None
        self._keeping = False
        self._under_way: set[_Begun] = set()

    async def keep_signed(self) -> None:
        """Have a signature at hand for the next order, whatever it may be, until cancelled.

        Kalshi signs neither body nor query, only when and where to. Each is used once.
        """
        self._keeping = True
        try:
            while True:
                self._at_hand = self._presign()
                await self._session.clock.sleep(AHEAD_S)
        finally:
            self._keeping = False

    def _presign(self) -> Presigned[dict[str, str]]:
        return self._session.presign("POST", self._session.root_path + CREATE_PATH)

    def _signed(self) -> Presigned[dict[str, str]]:
        at_hand, self._at_hand = self._at_hand, None
        oldest_ns = self._session.clock.mono_ns() - int(AHEAD_S * NANOS)
        return self._presign() if at_hand is None or at_hand.mono_ns < oldest_ns else at_hand

    def prepare(self, command: PlaceOrder) -> Callable[[], None] | None:
        """Make the request ready; what is returned lets it go, `place` then waits for the answer.

        An order that cannot be encoded is left to `place` to refuse.
        """
        try:
            call = self._call(command)
        except InvalidOrderError:
            return None
        signed = self._signed()
        begun = self._begin(call, signed) if self._prepared.has_room else None
        self._prepared.keep(command, _Prepared(call, signed, begun))
        return None if begun is None else partial(self._let_go, begun, signed)

    def _let_go(self, begun: _Begun, signed: Presigned[dict[str, str]]) -> None:
        """Unless its time to wait is over, or its signature too old."""
        if not begun.go.done() and self._session.is_fresh(signed):
            begun.go.set_result(None)
            begun.gone = True

    def _call(self, command: PlaceOrder) -> Call:
        config = self._session.config
        return Call(
            method="POST",
            path=CREATE_PATH,
            body=encode_create(command, config.subaccount),
            urgent=True,
            timeout_s=config.order_timeout_s,
        )

    def _begin(self, call: Call, signed: Presigned[dict[str, str]]) -> _Begun | None:
        """All but the sending, which waits for `place`; it gives up when the time is over."""
        if len(self._under_way) >= BEGUN_LIMIT:
            return None
        loop = asyncio.get_running_loop()  # no group: that of `run` ends whenever the inbox is full
        go: asyncio.Future[None] = loop.create_future()
        sent = loop.create_task(self._session.send(call, signed, go), name="kalshi order, ready")
        begun = _Begun(go, sent)
        self._under_way.add(begun)
        sent.add_done_callback(lambda _: self._under_way.discard(begun))
        return begun

    async def place(self, command: PlaceOrder) -> Sequence[VenueEvent]:
        """Send the order once. Kalshi's 401 for a stale clock alone is answered by a second."""
        prepared = self._prepared.take(command)
        try:
            prepared = prepared or _Prepared(self._call(command), self._signed(), None)
        except InvalidOrderError as error:
            stamp = self._session.stamp()
            return (rejected(stamp, command, RejectReason.INVALID_ORDER, error.text),)
        outcome = await self._sent(prepared)
        if self._keeping:
            self._at_hand = self._presign()  # the next exit may come at once
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

    async def _sent(self, prepared: _Prepared) -> _Sent:
        """Let go what is ready, if it is; what provably has not left is sent the long way.

        But not when that took long: the order's price is then as old, and whoever decided on it
        decides anew.
        """
        begun, signed = prepared.begun, prepared.signed
        if begun is not None:
            self._let_go(begun, signed)
            if begun.gone:
                outcome = await begun.sent
                if not isinstance(outcome, NotSent) or not self._session.is_fresh(signed):
                    return outcome
            else:
                begun.sent.cancel()
        return await self._session.send(prepared.call, prepared.signed)

    def close(self) -> None:
        """Let go of what waits for a commit that does not come."""
        for begun in self._under_way:
            if not begun.go.done():
                begun.sent.cancel()

    def _remember(self, command: PlaceOrder, events: Sequence[VenueEvent]) -> None:
        for event in events:
            if isinstance(event, OrderAccepted) and event.venue_order_id is not None:
                self._order_qty[event.venue_order_id] = command.order_qty
        while len(self._order_qty) > REMEMBERED_LIMIT:
            del self._order_qty[next(iter(self._order_qty))]

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
