"""One trade: what was asked for, its attempts one after the other, and what they filled. Pure.

An order that belongs to no exit. Frozen and replaced, so that a snapshot being written may hold it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from daemon.core.terms import (
    ZERO,
    ClientOrderId,
    Currency,
    ExecId,
    Liquidity,
    OrdType,
    RejectReason,
    Side,
    TimeInForce,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeFill:
    """One execution of a trade: `qty` > 0 at `px` (instrument's); `commission` + = paid."""

    exec_id: ExecId
    client_order_id: ClientOrderId
    qty: Decimal
    px: Decimal
    commission: Decimal
    commission_currency: Currency
    liquidity: Liquidity | None
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeAttempt:
    """One attempt. `retry_reason`: why it was made, None of the first.

    It led to an order, or was refused by ourselves for `refusal` before one was made.
    """

    attempt: int
    asked_time_ns: int
    retry_reason: RejectReason | None = None
    client_order_id: ClientOrderId | None = None
    refusal: RejectReason | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is wanted of a trade, the same in each attempt. `timeout_s` is for all of them."""

    side: Side
    order_qty: Decimal
    ord_type: OrdType
    limit_px: Decimal | None
    time_in_force: TimeInForce
    reduce_only: bool
    timeout_s: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """`token` is the caller's name of it: asked for twice, it is done once."""

    trade_no: int
    token: str
    terms: Terms
    attempts: tuple[TradeAttempt, ...] = ()
    fills: tuple[TradeFill, ...] = ()

    @property
    def filled_qty(self) -> Decimal:
        """What its orders have filled, by the fills that were seen."""
        return sum((fill.qty for fill in self.fills), ZERO)

    @property
    def order_ids(self) -> tuple[ClientOrderId, ...]:
        """Our ids of its orders, oldest first."""
        made = (attempt.client_order_id for attempt in self.attempts)
        return tuple(order_id for order_id in made if order_id is not None)

    def having(self, attempt: TradeAttempt) -> Trade:
        """The same with this attempt, in place of the one of its number if there is one."""
        others = tuple(known for known in self.attempts if known.attempt != attempt.attempt)
        return replace(self, attempts=(*others, attempt))
