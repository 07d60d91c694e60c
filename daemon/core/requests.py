"""Facts of one kind: what an operator, or a program that speaks for one, asked us to do.

They are events like a venue's: journalled before anything follows from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.core.events import Event, Quote, VenueEvent
from daemon.core.rules import ImportedPosition
from daemon.core.terms import (
    Account,
    ClientOrderId,
    OrdType,
    PositionSide,
    RejectReason,
    Side,
    Symbol,
    TimeInForce,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltRequested(Event):
    """The operator (or a limit) stops new exits; working ones go on. Survives a restart."""

    account: Account | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequested(Event):
    """The operator allows new exits again."""

    account: Account | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRequested(VenueEvent):
    """The operator wants out of `symbol`: all of it, or `qty` of it, at `quote`."""

    symbol: Symbol
    qty: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested(Event):
    """Somebody who waits for this order gave up: end it."""

    client_order_id: ClientOrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRequested(VenueEvent):
    """The operator says that the stop of an UNCONFIRMED position is meant."""

    symbol: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class UnguardRequested(VenueEvent):
    """The operator takes `symbol` out of guard, for `for_s` seconds or until guarded again."""

    symbol: Symbol
    for_s: Decimal | None = None
    guard_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderResolved(Event):
    """The operator's word on a doubtful order: it is dead, and `cum_qty` of it was filled."""

    client_order_id: ClientOrderId
    cum_qty: Decimal
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsImported(VenueEvent):
    """Positions from a file of the first seed's format; the venue's own facts correct them."""

    rows: tuple[ImportedPosition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRequested(VenueEvent):
    """Somebody wants to trade, for no exit: attempt number `attempt` (from 1) at it.

    `token` is the caller's name of the whole trade: the same attempt asked for again does nothing.
    `order_qty` is what the whole trade is to fill; an attempt is for what earlier ones left of it,
    and `reason` says why it is made. `quote` prices MARKET; `timeout_s`, from the first attempt
    on, ends an order that rests. `refusal`, with `text`: what whoever asks knows against an order.
    """

    symbol: Symbol
    token: str
    side: Side
    order_qty: Decimal
    ord_type: OrdType = OrdType.LIMIT
    limit_px: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.IOC
    reduce_only: bool = False
    position_side: PositionSide = PositionSide.NET
    timeout_s: Decimal | None = None
    quote: Quote | None = None
    attempt: int = 1
    reason: RejectReason | None = None
    refusal: RejectReason | None = None
    text: str = ""
