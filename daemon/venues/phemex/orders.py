"""Phemex's order gateway: place and cancel. An order is sent once; every outcome is an event."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from daemon.core.commands import CancelOrder, PlaceOrder
from daemon.core.events import OrderAccepted, Undecodable, VenueEvent
from daemon.core.terms import RejectReason
from daemon.venues.errors import InvalidOrderError
from daemon.venues.phemex.dialect import Dialect
from daemon.venues.phemex.ends_wire import OrderRead
from daemon.venues.phemex.order_wire import (
    cancel_rejected,
    decode_canceled,
    decode_placed,
    in_doubt,
    rejected,
)
from daemon.venues.phemex.product_wire import UnknownSymbolError
from daemon.venues.phemex.session import Call, NoTokens, PhemexSession
from daemon.venues.phemex.shelf import Shelf
from daemon.venues.rest import LostAnswer, NotSent


class PhemexOrders:
    """`OrderGateway`. `expects(mono_ns)` is told that the private stream has to speak now."""

    def __init__(
        self,
        session: PhemexSession,
        dialect: Dialect,
        shelf: Shelf,
        expects: Callable[[int], None],
    ) -> None:
        self._session = session
        self._dialect = dialect
        self._shelf = shelf
        self._expects = expects

    def prepare(self, command: PlaceOrder) -> None:
        """Nothing to do ahead: encoding and signing take microseconds."""

    async def place(self, command: PlaceOrder) -> Sequence[VenueEvent]:
        """Send the order once."""
        try:
            product = self._shelf.products.product(command.key.symbol)
            body = self._dialect.encode(command, product)
        except UnknownSymbolError as error:
            reason, text = RejectReason.MARKET_INACTIVE, str(error)
            return (rejected(self._session.stamp(), command, reason, text),)
        except InvalidOrderError as error:
            reason, text = RejectReason.INVALID_ORDER, error.text
            return (rejected(self._session.stamp(), command, reason, text),)
        return await self._send(command, body)

    async def _send(self, command: PlaceOrder, body: bytes) -> Sequence[VenueEvent]:
        call = Call(
            method="POST",
            path=self._dialect.place_path,
            body=body,
            group=self._dialect.group,
            urgent=True,
            timeout_s=self._session.config.order_timeout_s,
        )
        sent_ns = self._session.clock.mono_ns()
        outcome = await self._session.send(call)
        stamp = self._session.stamp()
        if isinstance(outcome, NoTokens | NotSent):
            limited = isinstance(outcome, NoTokens)
            reason = RejectReason.RATE_LIMIT if limited else RejectReason.NETWORK
            return (rejected(stamp, command, reason, outcome.text),)
        if isinstance(outcome, LostAnswer):
            return (in_doubt(stamp, command, _lost(outcome), outcome.text),)
        events = decode_placed(stamp, command, outcome.status, outcome.body)
        if any(isinstance(event, OrderAccepted) for event in events):
            self._expects(sent_ns)
        return events

    async def cancel(self, command: CancelOrder) -> Sequence[VenueEvent]:
        """Ask for the end of an order; what comes back is mostly that it is asked for."""
        call = Call(
            method="DELETE",
            path=self._dialect.cancel_path,
            query=self._dialect.cancel_query(command),
            group=self._dialect.group,
            cost=self._dialect.cancel_cost,
            urgent=True,
            timeout_s=self._session.config.order_timeout_s,
        )
        outcome = await self._session.send(call)
        stamp = self._session.stamp()
        if isinstance(outcome, NoTokens):
            return (cancel_rejected(stamp, command, RejectReason.RATE_LIMIT, outcome.text),)
        if isinstance(outcome, NotSent | LostAnswer):
            reason = RejectReason.NETWORK if isinstance(outcome, NotSent) else _lost(outcome)
            return (cancel_rejected(stamp, command, reason, outcome.text),)

        def read_row(raw: msgspec.Raw) -> OrderRead | Undecodable:
            return self._dialect.read_order(stamp, raw, self._shelf.products, 0)

        return decode_canceled(stamp, command, read_row, (outcome.status, outcome.body))


def _lost(outcome: LostAnswer) -> RejectReason:
    return RejectReason.TIMEOUT if outcome.timed_out else RejectReason.NETWORK
