"""Binance's order gateway: place and cancel. An order is sent once, every outcome is an event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.events import OrderAccepted, OrderCanceled, VenueEvent
from daemon.core.terms import RejectReason
from daemon.venues.binance.config import Endpoint
from daemon.venues.binance.placing_wire import (
    cancel_rejected,
    decode_canceled,
    decode_placed,
    encode_cancel,
    encode_place,
    in_doubt,
    rejected,
)
from daemon.venues.binance.session import BinanceSession, Call, NoTokens
from daemon.venues.errors import InvalidOrderError
from daemon.venues.rest import LostAnswer, NotSent, Reply
from daemon.venues.signing import Prepared, Presigned

SENDING_WEIGHT: Final = 1


class BinanceOrders:
    """`OrderGateway` for one market.

    `echo` is told when (monotonic ns) something was asked for that the private stream must tell of.
    """

    def __init__(self, session: BinanceSession, echo: Callable[[int], None]) -> None:
        self._session = session
        self._echo = echo
        self._prepared: Prepared[tuple[Call, Presigned[str]]] = Prepared()

    def prepare(self, command: PlaceOrder) -> None:
        """Encode and sign ahead; an order that cannot be encoded is left to `place` to refuse."""
        try:
            call = self._call("POST", encode_place(command))
        except InvalidOrderError:
            return
        self._prepared.keep(command, (call, self._session.presign(call)))

    async def place(self, command: PlaceOrder) -> Sequence[VenueEvent]:
        """Send the order, once; -1021 alone, which places nothing, is answered by a second."""
        prepared = self._prepared.take(command)
        try:
            call, signed = prepared or (self._call("POST", encode_place(command)), None)
        except InvalidOrderError as error:
            stamp = self._session.stamp()
            return (rejected(stamp, command, RejectReason.INVALID_ORDER, error.text),)
        asked_ns = self._session.clock.mono_ns()
        outcome = await self._session.send(call, signed)
        stamp = self._session.stamp()
        if isinstance(outcome, NoTokens):
            return (rejected(stamp, command, RejectReason.RATE_LIMIT, outcome.text),)
        if isinstance(outcome, NotSent):
            return (rejected(stamp, command, RejectReason.NETWORK, outcome.text),)
        if isinstance(outcome, LostAnswer):
            return (in_doubt(stamp, command, _reason(outcome), outcome.text),)
        events = decode_placed(stamp, command, outcome.status, outcome.body)
        if isinstance(events[0], OrderAccepted):
            self._echo(asked_ns)
        return events

    async def cancel(self, command: CancelOrder) -> Sequence[VenueEvent]:
        """Cancel by the venue's id: on spot ours may name a later order by then."""
        asked_ns = self._session.clock.mono_ns()
        outcome = await self._session.send(self._call("DELETE", encode_cancel(command)))
        stamp = self._session.stamp()
        if isinstance(outcome, Reply):
            events = decode_canceled(stamp, command, outcome.status, outcome.body)
            if isinstance(events[0], OrderCanceled):
                self._echo(asked_ns)
            return events
        if isinstance(outcome, LostAnswer):
            return (cancel_rejected(stamp, command, _reason(outcome), outcome.text),)
        limited = isinstance(outcome, NoTokens)
        reason = RejectReason.RATE_LIMIT if limited else RejectReason.NETWORK
        return (cancel_rejected(stamp, command, reason, outcome.text),)

    def _call(self, method: str, params: dict[str, str]) -> Call:
        return Call(
            method=method,
            endpoint=Endpoint(path=self._session.config.api.order.path, weight=SENDING_WEIGHT),
            params=params,
            urgent=True,
            is_order=method == "POST",
            timeout_s=self._session.config.order_timeout_s,
        )


def _reason(lost: LostAnswer) -> RejectReason:
    return RejectReason.TIMEOUT if lost.timed_out else RejectReason.NETWORK
