"""What the engine has decided: commands that change the book and nothing outside.

All are durable: journalled with the event that caused them, and folded as they stand at recovery.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from decimal import Decimal

from daemon.core.commands import Command
from daemon.core.events import Quote
from daemon.core.terms import (
    ZERO,
    Account,
    ClientOrderId,
    ExecId,
    PositionKey,
    RejectReason,
    RuleKind,
    Side,
    TimeInForce,
    Venue,
    VenueOrderId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenExit(Command):
    """A rule fired (or the operator asked): this position is to be closed, `exit_qty` of it.

    `quote` is the evidence; `trigger_px` the executable price at the decision and `level_px`
    the rule's level, both in the instrument's price.
    """

    key: PositionKey
    exit_no: int
    reason: RuleKind
    exit_qty: Decimal
    trigger_px: Decimal
    level_px: Decimal | None
    quote: Quote | None
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RetriggerExit(Command):
    """An open exit goes on with a new price: the base of the bound for the next attempt."""

    key: PositionKey
    trigger_px: Decimal


class ExitEnd(enum.Enum):
    """Why an exit ended."""

    FLAT = "flat"
    RECOVERED = "recovered"
    SETTLED = "settled"
    OPERATOR = "operator"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseExit(Command):
    """An exit ended: the position is flat, or what is left is guarded again."""

    key: PositionKey
    exit_no: int
    end: ExitEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class WithholdExit(Command):
    """A trigger that was not acted on because live orders are off: the would-be order."""

    key: PositionKey
    reason: RuleKind
    side: Side
    order_qty: Decimal
    limit_px: Decimal
    trigger_px: Decimal
    level_px: Decimal | None
    quote: Quote | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RearmStop(Command):
    """The price left the rule: the next trigger counts as a new one."""

    key: PositionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmStop(Command):
    """This position's rules have been seen not met (or confirmed): from now on they fire."""

    key: PositionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldUnconfirmed(Command):
    """First seen already through its stop: fires only after the operator confirms."""

    key: PositionKey
    reason: RuleKind
    trigger_px: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseRule(Command):
    """A rule that makes no sense for this position (e.g. a stop beyond its entry) is not used."""

    key: PositionKey
    kind: RuleKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseHighWater(Command):
    """The best price of the held side seen so far, for trailing rules (dollars, held side)."""

    key: PositionKey
    high_water_px: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginConfirmation(Command):
    """A rule is met since now; it fires if it stays met for `trigger_confirm_ms`."""

    key: PositionKey
    since_mono_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InferFill(Command):
    """A change of position that no fill explains, booked as one until a real fill consumes it.

    `last_px`: our estimate, or a file's or the venue's entry price if `px_known`; None: unknown.
    """

    key: PositionKey
    exec_id: ExecId
    side: Side
    last_qty: Decimal
    last_px: Decimal | None
    as_of_ns: int
    client_order_id: ClientOrderId | None = None
    px_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteMismatch(Command):
    """A fresh read differs from the book by `difference`; a second one may prove it."""

    key: PositionKey
    difference: Decimal
    as_of_ns: int
    mono_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAgreement(Command):
    """A read as of `as_of_ns` and the book agree on a position: what was noted is over."""

    key: PositionKey
    as_of_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareDead(Command):
    """Proof that an order in doubt never lived: it can fill nothing any more."""

    client_order_id: ClientOrderId
    reason: RejectReason
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptOrder(Command):
    """An order that our derivation of ids proves to be ours, unknown to this journal."""

    key: PositionKey
    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    exit_no: int
    attempt: int
    side: Side
    order_qty: Decimal
    limit_px: Decimal | None
    time_in_force: TimeInForce
    trade_no: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlePosition(Command):
    """Book the rest of a position at its settlement value (dollars per long contract).

    `replaced_qty` (signed) had been inferred to be closed: its PnL is rebooked at `settl_px`.
    """

    key: PositionKey
    settl_px: Decimal
    settl_time_ns: int
    revenue: Decimal | None
    replaced_qty: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSettled(Command):
    """Flat at the venue too, every order terminal: this generation is over."""

    key: PositionKey
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltAccount(Command):
    """A limit was exceeded or a foreign writer seen: no new exits until the operator resumes."""

    account: Account
    venue: Venue
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseTrade(Command):
    """An attempt at a trade leads to no order: `text` says what stands against it."""

    key: PositionKey
    trade_no: int
    attempt: int
    reason: RejectReason
    text: str
