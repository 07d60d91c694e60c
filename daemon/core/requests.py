"""Facts of one kind: what an operator, or a program that speaks for one, asked us to do.

They are events like a venue's: journalled before anything follows from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.core.events import Event, VenueEvent
from daemon.core.rules import ImportedPosition
from daemon.core.terms import Account, ClientOrderId, Symbol


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
