"""Bitget's order gateway: place, cancel, prepare.

An order is sent once, and every outcome is an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.events import VenueEvent
from daemon.core.terms import RejectReason
from daemon.venues.bitget.request_wire import (
    Terms,
    cancel_rejected,
    decode_canceled,
    decode_placed,
    encode_cancel,
    encode_place,
    in_doubt,
    rejected,
)
from daemon.venues.bitget.session import BitgetSession, Call, NoTokens
from daemon.venues.errors import InvalidOrderError
from daemon.venues.rest import LostAnswer, NotSent, Reply
from daemon.venues.signing import Prepared, Presigned


@dataclass(frozen=True, slots=True)
class _Prepared:
    terms: Terms
    call: Call
    signed: Presigned[dict[str, str]]


class BitgetOrders:
    """`OrderGateway`."""

    def __init__(self, session: BitgetSession) -> None:
        self._session = session
        self._prepared: Prepared[_Prepared] = Prepared()

    def prepare(self, command: PlaceOrder) -> None:
        """Encode and sign ahead; an order that cannot be encoded is left to `place` to refuse."""
        terms = self._session.terms(command.key)
        try:
            call = self._call(command, terms)
        except InvalidOrderError:
            return
        self._prepared.keep(command, _Prepared(terms, call, self._session.presign(call)))

    async def place(self, command: PlaceOrder) -> Sequence[VenueEvent]:
        """Send the order once. A refusal for a stale clock alone is answered by a second."""
        prepared = self._prepared.take(command)
        terms = self._session.terms(command.key)
        signed = None
        try:
            if prepared is not None and prepared.terms == terms:
                call, signed = prepared.call, prepared.signed
            else:
                call = self._call(command, terms)
        except InvalidOrderError as error:
            stamp = self._session.stamp()
            return (rejected(stamp, command, RejectReason.INVALID_ORDER, error.text),)
        outcome = await self._session.send(call, signed)
        stamp = self._session.stamp()
        if isinstance(outcome, NoTokens):
            return (rejected(stamp, command, RejectReason.RATE_LIMIT, outcome.text),)
        if isinstance(outcome, NotSent):
            return (rejected(stamp, command, RejectReason.NETWORK, outcome.text),)
        if isinstance(outcome, LostAnswer):
            return (in_doubt(stamp, command, _reason(outcome), outcome.text),)
        return decode_placed(stamp, command, outcome.status, outcome.body)

    async def cancel(self, command: CancelOrder) -> Sequence[VenueEvent]:
        """Cancel, by the venue's id."""
        call = Call(
            method="POST",
            path=self._session.routes.cancel,
            body=encode_cancel(command, self._session.terms(command.key)),
            bucket="cancel",
            urgent=True,
            timeout_s=self._session.config.order_timeout_s,
        )
        outcome = await self._session.send(call)
        stamp = self._session.stamp()
        if isinstance(outcome, Reply):
            return (decode_canceled(stamp, command, outcome.status, outcome.body),)
        return (cancel_rejected(stamp, command, _reason(outcome), outcome.text),)

    def _call(self, command: PlaceOrder, terms: Terms) -> Call:
        return Call(
            method="POST",
            path=self._session.routes.place,
            body=encode_place(command, terms),
            bucket="place",
            urgent=True,
            timeout_s=self._session.config.order_timeout_s,
        )


def _reason(outcome: NoTokens | NotSent | LostAnswer) -> RejectReason:
    if isinstance(outcome, NoTokens):
        return RejectReason.RATE_LIMIT
    timed_out = isinstance(outcome, LostAnswer) and outcome.timed_out
    return RejectReason.TIMEOUT if timed_out else RejectReason.NETWORK
