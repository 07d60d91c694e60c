"""The things of the exchange: orders, trades, fills, markets, owners. Data only, no rules.

Prices are YES dollars, quantities are contracts, times are ns UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, StrEnum
from typing import NamedTuple

from daemon.paper.units import ONE, ZERO


class Side(StrEnum):
    """A bid buys YES, an ask sells YES (which is buying NO)."""

    BID = "bid"
    ASK = "ask"

    @property
    def other(self) -> Side:
        """The side it trades with."""
        return Side.ASK if self is Side.BID else Side.BID

    @property
    def sign(self) -> int:
        """+1 when a fill adds YES, -1 when it takes YES away."""
        return 1 if self is Side.BID else -1

    @property
    def outcome(self) -> str:
        """The outcome that a fill on this side acquires."""
        return "yes" if self is Side.BID else "no"


class TimeInForce(StrEnum):
    """How long an order may wait."""

    FILL_OR_KILL = "fill_or_kill"
    GOOD_TILL_CANCELED = "good_till_canceled"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"


class SelfTrade(StrEnum):
    """What happens when an order meets one of its own account."""

    TAKER_AT_CROSS = "taker_at_cross"
    MAKER = "maker"


class OwnCross(Enum):
    """What a book does when an order meets one of its own account."""

    TRADE = "trade"
    STOP_TAKER = "stop_taker"
    CANCEL_MAKER = "cancel_maker"
    CANCEL_BOTH = "cancel_both"


_OWN_CROSS = {
    SelfTrade.TAKER_AT_CROSS: OwnCross.STOP_TAKER,
    SelfTrade.MAKER: OwnCross.CANCEL_MAKER,
}


class OrderStatus(StrEnum):
    """The three states of an order."""

    RESTING = "resting"
    CANCELED = "canceled"
    EXECUTED = "executed"


class Reason(StrEnum):
    """Why an order last changed, in the words of the user_orders channel."""

    DECREASE = "Decrease"
    AMEND = "Amend"
    SELF_TRADE = "SelfTradeCancel"
    EXPIRY = "ExpiryCancel"
    CLOSE = "CloseCancel"
    HALT = "HaltCancel"
    TRADE = "Trade"
    POST_ONLY = "PostOnlyCrossCancel"
    REDUCE_ONLY = "ReduceOnlyCancel"


class MarketStatus(StrEnum):
    """The life of a market."""

    INITIALIZED = "initialized"
    INACTIVE = "inactive"
    ACTIVE = "active"
    CLOSED = "closed"
    DETERMINED = "determined"
    FINALIZED = "finalized"


class Owner(NamedTuple):
    """Whose cash and position it is: an account's name and one of its subaccounts."""

    account: str
    subaccount: int = 0


@dataclass(slots=True, kw_only=True)
class Order:
    """One order. `remaining` is what rests; it is zero as soon as the order ends."""

    order_id: str
    owner: Owner
    client_order_id: str
    ticker: str
    exchange_index: int
    side: Side
    price: Decimal
    initial: Decimal
    remaining: Decimal
    time_in_force: TimeInForce
    self_trade: SelfTrade
    created_ns: int
    updated_ns: int
    filled: Decimal = ZERO
    status: OrderStatus = OrderStatus.RESTING
    reason: Reason | None = None
    post_only: bool = False
    reduce_only: bool = False
    cancel_on_pause: bool = False
    group_id: str | None = None
    expires_ns: int | None = None
    taker_fees: Decimal = ZERO
    maker_fees: Decimal = ZERO
    taker_cost: Decimal = ZERO
    maker_cost: Decimal = ZERO
    notional: Decimal = ZERO
    rounding_carry: Decimal = ZERO

    @property
    def account(self) -> str:
        """The member whose order it is."""
        return self.owner.account

    @property
    def own_cross(self) -> OwnCross:
        """`self_trade` in the book's word."""
        return _OWN_CROSS[self.self_trade]

    @property
    def is_open(self) -> bool:
        """Still resting."""
        return self.status is OrderStatus.RESTING

    @property
    def fees(self) -> Decimal:
        """All fees paid on this order, dollars."""
        return self.taker_fees + self.maker_fees


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One execution between two orders, as the public tape shows it."""

    trade_id: str
    ticker: str
    price: Decimal
    qty: Decimal
    taker_side: Side
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One order's half of a trade. `post_position` is the owner's signed position after it."""

    trade_id: str
    order_id: str
    client_order_id: str
    owner: Owner
    ticker: str
    exchange_index: int
    side: Side
    price: Decimal
    qty: Decimal
    is_taker: bool
    fee: Decimal
    time_ns: int
    visible_ns: int
    post_position: Decimal
    hidden: bool = False


class PriceRange(NamedTuple):
    """A stretch of the price grid, dollars."""

    start: Decimal
    end: Decimal
    step: Decimal


@dataclass(slots=True, kw_only=True)
class Market:
    """One market with its grid, its clocks and its result."""

    ticker: str
    event_ticker: str
    series_ticker: str
    market_id: str
    title: str
    market_type: str
    exchange_index: int
    structure: str
    ranges: tuple[PriceRange, ...]
    open_ns: int
    close_ns: int
    settlement_timer_s: int
    created_ns: int
    updated_ns: int
    category: str = "Paper"
    fee_type: str = "quadratic"
    fee_multiplier: Decimal = ONE
    status: MarketStatus = MarketStatus.INITIALIZED
    result: str = ""
    settlement_value: Decimal | None = None
    determined_ns: int = 0
    settled_ns: int = 0
    last_price: Decimal = ZERO
    last_qty: Decimal = ZERO
    volume: Decimal = ZERO
    dollar_volume: Decimal = ZERO
    tape: list[Trade] = field(default_factory=list)

    def on_grid(self, price: Decimal) -> bool:
        """Whether a price may be quoted here."""
        if not ZERO < price < ONE:
            return False
        return any(
            r.start <= price <= r.end and (price - r.start) % r.step == 0 for r in self.ranges
        )
