"""What the door answers, as types: the description is made from them, and tests hold views to them.

Nothing is made of these types at run time: a view is a plain dictionary. Numbers are text, prices
are those of the side held, times RFC 3339 UTC.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from daemon.analytics.guards import GuardState
from daemon.core.terms import RuleKind

Number = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="an exact number")]
Time = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{6})?Z$",
        extra_json_schema={"format": "date-time"},
    ),
]
Count = Annotated[int, Meta(ge=0)]
Sums = Annotated[dict[str, Number], Meta(description="by currency; fees, funding: + = paid")]


class Answer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An object that the door answers, with no field besides its own."""


class Refused(Answer, kw_only=True):
    """Why not: one line, and names that may have been meant."""

    error: str
    near: list[str]


class Placed(Answer, kw_only=True):
    """A position's names; `position_side` only in hedge mode."""

    account: str
    venue: str
    symbol: str
    market_ticker: str
    position_side: str | UnsetType = UNSET


class Brief(Placed, kw_only=True):
    """A held position that nothing watches, and why."""

    side: str | None
    stake: Number
    reason: str


class AccountAnswer(Answer, kw_only=True):
    """One account on one venue. What funding, liquidation and ADL brought stands where not 0."""

    account: str
    venue: str
    live: bool
    halted: bool
    halt_reason: str
    paused: bool
    resume_time: Time | None
    stream_up: bool
    last_reconcile: Time | None
    fills_read_until: Time | None
    positions_held: Count
    exits_at_work: Count
    orders_in_doubt: Count
    orders_placed: Count | bool
    strangers_orders: Count
    realized_pnl: Sums
    fees: Sums
    funding: Sums | UnsetType = UNSET
    funding_pnl: Sums | UnsetType = UNSET
    liquidation_pnl: Sums | UnsetType = UNSET
    adl_pnl: Sums | UnsetType = UNSET
    wins: Count
    losses: Count
    estimated: bool
    pnl_known: bool


class Status(Answer, kw_only=True):
    """Everything at a glance, as of the journal's record `seq`."""

    time: Time
    seq: Count
    journal_id: str
    halted: bool
    live: bool
    positions_held: Count
    exits_at_work: Count
    orders_in_doubt: Count
    doubtful_orders: list[str]
    accounts: list[AccountAnswer]
    no_rule: list[Brief]
    unconfirmed: list[Brief]
    unguarded: list[Brief]
    refused: list[Brief]
    unseen: list[Brief]
    ignored: list[Brief]


class Part(Answer, kw_only=True):
    """A part of an exit that was filled, or of a trade (then without `pnl`); the venue's order."""

    qty: Number
    price: Number
    time: Time | None
    order_id: str | None
    client_order_id: str | None
    exec_id: str | None
    reason: str
    pnl: Number | None
    fee: Number
    estimated: bool


class LevelAnswer(Answer, kw_only=True):
    """A rule as it stands for a position; `distance`: how far the price may still go."""

    rule: RuleKind
    exit_reason: str
    pattern: str
    level_price: Number | None
    distance: Number | None
    refused: str | None
    from_time: Time | UnsetType | None = UNSET


class PositionAnswer(Placed, kw_only=True):
    """One position: what is held, what watches it, its newest exit, its results.

    `currency` is what prices and PnL are in, those of its parts too.
    """

    currency: str | None
    side: str | None
    position_qty: Number
    entry_price: Number | None
    stake: Number
    original_stake_on_exit: Number | None
    exit_order_id: str | None
    exit_client_order_id: str | None
    last_exit_price: Number | None
    exit_reason: str | None
    rule: RuleKind | None
    closing_in_progress: bool
    exit_open: bool
    partial_fills: list[Part]
    settled: bool
    guard: GuardState
    guard_reason: str
    blocked: str | None
    live: bool
    withheld: str | None
    exit_requested_qty: Number | None
    levels: list[LevelAnswer]
    executable_price: Number | None
    unrealized_pnl: Number | None
    high_water_price: Number | None
    realized_pnl: Number
    pnl_known: bool
    fees: Sums
    funding: Sums | UnsetType = UNSET
    funding_pnl: Number | UnsetType = UNSET
    liquidation_pnl: Number | UnsetType = UNSET
    adl_pnl: Number | UnsetType = UNSET
    wins: Count
    losses: Count
    generation: Count
    estimated: bool


class Positions(Answer, kw_only=True):
    """Positions held, at work or not yet settled."""

    time: Time
    seq: Count
    positions: list[PositionAnswer]


class Done(Answer, kw_only=True):
    """An action after its commit: record `committed_seq`, 0 where nothing changed."""

    committed_seq: Count
    changed: bool


class AccountsDone(Done, kw_only=True):
    """What halt and resume left behind."""

    status: Status


class PositionsDone(Done, kw_only=True):
    """What an action on a symbol left behind."""

    positions: list[PositionAnswer]


class ImportDone(Done, kw_only=True):
    """How many positions are held now."""

    positions_held: Count


class Said(Answer, kw_only=True):
    """What was done, in words."""

    text: str


class HealthAnswer(Answer, kw_only=True):
    """Whether each stop would fire now, and whether only a new process would help."""

    time: Time
    ready: bool
    not_ready: list[str]
    stuck: list[str]
    sentence: str
