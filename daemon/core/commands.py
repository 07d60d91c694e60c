"""Imperatives: what the engine wants done in the world (place, cancel, look, wait, notify).

`durable` ones are journalled with the event that caused them and are folded as they stand at
recovery; the others (looks and timers) are asked for again instead. What changes the book and
nothing else stands in `decisions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from daemon.core.terms import (
    Account,
    ClientOrderId,
    OrdType,
    PositionKey,
    Side,
    Symbol,
    TimeInForce,
    Venue,
    VenueOrderId,
    Word,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Anything the engine returns."""

    durable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder(Command):
    """Send this order: an intent, durable before its first byte leaves (FIX NewOrderSingle).

    `limit_px` is in the instrument's price, None for MARKET alone. `reduce_only`: meant to reduce;
    a venue is told so where it takes that (Kalshi: with IOC only, spot nowhere), so sizes never
    rest on it. Same `client_order_id`, same bytes. An order of a trade has a `trade_no` and no
    `exit_no` (0), one of an exit the other way round. `resend` marks the second sending of an id
    that a venue never frees (semantics.md 2).
    """

    key: PositionKey
    client_order_id: ClientOrderId
    exit_no: int
    attempt: int
    side: Side
    order_qty: Decimal
    limit_px: Decimal | None
    time_in_force: TimeInForce
    reduce_only: bool
    ord_type: OrdType = OrdType.LIMIT
    trade_no: int = 0
    cancel_own_crossing: bool = True
    shard: int | None = None
    resend: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder(Command):
    """Ask the venue to end this order; done only when the venue confirms it."""

    key: PositionKey
    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    shard: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOrder(Command):
    """Look this order up, by the venue's id where known, else by ours."""

    durable: ClassVar[bool] = False
    key: PositionKey
    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId | None = None
    shard: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFills(Command):
    """Fetch the fills of one symbol (or all) since `since_ns`; ends with `FillsRead`."""

    durable: ClassVar[bool] = False
    account: Account
    venue: Venue
    symbol: Symbol | None
    since_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryBook(Command):
    """Fetch resting orders, new fills since `since_ns`, and positions: the whole account."""

    durable: ClassVar[bool] = False
    account: Account
    venue: Venue
    since_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryQuote(Command):
    """Fetch the order book of one symbol now; answered by a `Quote` with source REST."""

    durable: ClassVar[bool] = False
    account: Account
    venue: Venue
    symbol: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryMarket(Command):
    """Fetch a market's terms and phase, and its settlement row if it is over."""

    durable: ClassVar[bool] = False
    account: Account
    venue: Venue
    symbol: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSymbols(Command):
    """The symbols whose prices are needed from now on; replaces the last list of this venue."""

    durable: ClassVar[bool] = False
    account: Account
    venue: Venue
    symbols: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferQuote(Command):
    """Hand in the latest live quote of this symbol again: something that it decides changed."""

    durable: ClassVar[bool] = False
    account: Account
    venue: Venue
    symbol: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTimer(Command):
    """Send `TimerFired(timer)` after `delay_s` seconds; a running timer of that name restarts."""

    durable: ClassVar[bool] = False
    timer: str
    delay_s: Decimal


class NoticeKind(Word):
    """What the operator is told about; one name each from alert rule to log line."""

    FIRST_LIVE_ORDER = "first_live_order"
    STOP_TRIGGERED = "stop_triggered"
    EXIT_COMPLETE = "exit_complete"
    EXIT_STALLED = "exit_stalled"
    EXIT_AT_FLOOR = "exit_at_floor"
    EXIT_BLOCKED = "exit_blocked"
    EXIT_WITHHELD = "exit_withheld"
    ORDER_IN_DOUBT = "order_in_doubt"
    DUST = "dust"
    STOP_REFUSED = "stop_refused"
    UNCONFIRMED = "unconfirmed"
    NO_RULE = "no_rule"
    UNGUARDED = "unguarded"
    GUARDED_AGAIN = "guarded_again"
    MISSED_CLOSE = "missed_close"
    PAUSE_AHEAD = "pause_ahead"
    OWN_CROSSING = "own_crossing"
    FOREIGN_WRITER = "foreign_writer"
    HALTED = "halted"
    RESUMED = "resumed"
    LIMIT_EXCEEDED = "limit_exceeded"
    POSITION_ADOPTED = "position_adopted"
    FILL_INFERRED = "fill_inferred"
    FILL_CORRECTED = "fill_corrected"
    LATE_FILL = "late_fill"
    OVERFILL = "overfill"
    FILL_CONFLICT = "fill_conflict"
    LIQUIDATED = "liquidated"
    DELEVERAGED = "deleveraged"
    FUNDING = "funding"
    MARGIN_CALL = "margin_call"
    SETTLED = "settled"
    SETTLEMENT_DIFFERENCE = "settlement_difference"
    UNDECODABLE = "undecodable"
    VENUE_PAUSED = "venue_paused"
    STREAM_LOST = "stream_lost"
    SLIPPAGE = "slippage"
    MODE_CHANGED = "mode_changed"
    TRADE_REFUSED = "trade_refused"
    TRADE_OVERTAKEN = "trade_overtaken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(Command):
    """Tell the operator, by log and, where a rule says so, by alert."""

    durable: ClassVar[bool] = False
    notice: NoticeKind
    text: str
    key: PositionKey | None = None
    client_order_id: ClientOrderId | None = None
    urgent: bool = False
