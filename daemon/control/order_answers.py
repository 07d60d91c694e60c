"""What the door answers about orders, exits and trades; as `answers.py`."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from daemon.control.answers import Answer, Count, Done, Number, Part, Placed, Sums, Time
from daemon.core.decisions import ExitEnd
from daemon.core.terms import (
    Liquidity,
    OrdStatus,
    OrdType,
    RejectReason,
    RuleKind,
    Side,
    TimeInForce,
)


class OrderAnswer(Placed, kw_only=True):
    """One order of ours; `side` is the side held that it closes, yes for a trade on Kalshi."""

    client_order_id: str
    order_id: str | None
    status: OrdStatus
    proven_dead: bool
    side: str | None
    action: str
    order_side: Side
    order_qty: Number
    cum_qty: Number
    leaves_qty: Number
    inferred_qty: Number
    possible_qty: Number
    ord_type: OrdType
    limit_price: Number | None
    limit_px: Number | None
    avg_price: Number | None
    time_in_force: TimeInForce
    reduce_only: bool
    sent_time: Time | None
    sendings: Count
    exit_no: int | None
    trade_no: int | None
    generation: Count
    attempt: Count
    fees: Sums
    final_qty: Number | None
    reason: RejectReason | None
    text: str


class Stranger(Answer, kw_only=True):
    """A resting order that is not ours."""

    account: str
    venue: str
    symbol: str
    order_id: str
    client_order_id: str | None
    order_side: Side
    action: str
    leaves_qty: Number
    limit_px: Number | None


class Orders(Answer, kw_only=True):
    """Orders that may still fill, then the newest dead ones."""

    time: Time
    seq: Count
    orders: list[OrderAnswer]
    strangers: list[Stranger]


class ExitAnswer(Placed, kw_only=True):
    """One exit: why, how much, at what price, with which orders and parts.

    `currency` is what its prices, fees and PnL are in, those of its parts too.
    """

    currency: str | None
    side: str | None
    exit_no: Count
    generation: Count
    open: bool
    closing_in_progress: bool
    original_stake_on_exit: Number | None
    exit_order_id: str | None
    exit_client_order_id: str | None
    last_exit_price: Number | None
    exit_reason: str | None
    rule: RuleKind | None
    exit_qty: Number
    filled_qty: Number
    remaining_qty: Number | None
    first_exit_price: Number
    level_price: Number | None
    avg_price: Number | None
    attempts: Count
    misses: Count
    opened_time: Time | None
    closed_time: Time | None
    end: ExitEnd | None
    pnl: Number | None
    fees: Number
    estimated: bool
    order_ids: list[str]
    partial_fills: list[Part]


class Exits(Answer, kw_only=True):
    """Exits at work, then the newest past ones."""

    time: Time
    seq: Count
    exits: list[ExitAnswer]


class Retry(Answer, kw_only=True):
    """How an earlier attempt ended, or a resend."""

    attempt: Count
    time: Time | None
    reason: str
    text: str
    order_id: str


class Timings(Answer, kw_only=True):
    """When what happened; `fill_s`: seconds from sending to the last fill."""

    triggered: Time | None
    sent: Time | None
    first_fill: Time | None
    last_fill: Time | None
    fill_s: Number | None


class OrderLife(Answer, kw_only=True):
    """One order with its fills, its exit and that one's other orders."""

    time: Time
    seq: Count
    order: OrderAnswer
    fills: list[Part]
    exit: ExitAnswer | None
    other_orders: list[OrderAnswer]
    retries: list[Retry]
    timings: Timings
    slippage_price: Number | None
    slippage_bps: Number | None


class Attempt(Answer, kw_only=True):
    """One attempt of a trade: the order that it became, or why it became none."""

    attempt: Count
    time: Time | None
    retry_reason: str | None
    client_order_id: str | None
    order_id: str | None
    status: OrdStatus | None
    proven_dead: bool
    order_qty: Number | None
    cum_qty: Number | None
    limit_px: Number | None
    refusal: str | None
    text: str


class TradePart(Answer, kw_only=True):
    """A fill of a trade; `px` is the instrument's."""

    exec_id: str
    client_order_id: str
    order_id: str | None
    qty: Number
    px: Number
    commission: Number
    commission_currency: str
    liquidity: Liquidity | None
    time: Time | None


class Trade(Placed, kw_only=True):
    """One trade with all its attempts and fills."""

    token: str
    trade_no: Count
    status: str
    done: bool
    side: Side
    ord_type: OrdType
    order_qty: Number
    limit_px: Number | None
    time_in_force: TimeInForce
    reduce_only: bool
    filled_qty: Number
    avg_px: Number | None
    fees: Sums
    reason: str | None
    text: str
    in_doubt: list[str]
    attempts: list[Attempt]
    fills: list[TradePart]


class TradeBegun(Answer, kw_only=True):
    """A trade that has begun and has asked for nothing yet; GET /trades/{token} tells more.

    `again`: its token was asked for before, and nothing was begun now.
    """

    token: str
    again: bool | UnsetType = UNSET
    status: str | UnsetType = UNSET
    done: bool | UnsetType = UNSET


class OrderDone(Done, kw_only=True):
    """The order after the operator's word on it."""

    order: OrderAnswer | None
