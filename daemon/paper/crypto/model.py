"""Instruments, orders, fills, positions of coin venues. Data and what can be derived from it.

Prices are in the quote coin, quantities in the base coin and above zero, times ns UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from daemon.paper.model import OwnCross, Side
from daemon.paper.units import ZERO

HOUSE_MAKERS = "house-makers"
HOUSE_TAKERS = "house-takers"
HOUSE = (HOUSE_MAKERS, HOUSE_TAKERS)


class OrdType(StrEnum):
    """What kind of price an order has."""

    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(StrEnum):
    """How long an order may wait."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class PositionSide(StrEnum):
    """BOTH in one-way mode; LONG and SHORT are two positions of one contract in hedge mode."""

    BOTH = "both"
    LONG = "long"
    SHORT = "short"


class Phase(StrEnum):
    """What an instrument lets happen. NO_OPENING: only orders that reduce a position."""

    TRADING = "trading"
    NO_OPENING = "no_opening"
    HALTED = "halted"


class Origin(StrEnum):
    """Who sent an order: the member, or the exchange in a liquidation or auto-deleveraging."""

    MEMBER = "member"
    LIQUIDATION = "liquidation"
    ADL = "adl"


class Ending(StrEnum):
    """Why an order ended with something unfilled."""

    MEMBER = "member"
    IOC_REST = "ioc_rest"
    FOK = "fok"
    NO_LIQUIDITY = "no_liquidity"
    OWN_CROSS = "own_cross"
    POST_ONLY = "post_only"
    REDUCE_ONLY = "reduce_only"
    EXCHANGE = "exchange"
    LIQUIDATED = "liquidated"


class Status(StrEnum):
    """Where an order stands. ENDED: see its `ending`; something may have filled before."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    ENDED = "ended"


@dataclass(slots=True, kw_only=True)
class Instrument:
    """One symbol. `is_contract`: a linear perpetual that settles in `quote`, else a spot pair."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_qty: Decimal
    max_qty: Decimal
    min_notional: Decimal
    is_contract: bool
    maker_rate: Decimal
    taker_rate: Decimal
    phase: Phase = Phase.TRADING
    mark_px: Decimal | None = None
    last_px: Decimal = ZERO
    last_trade_id: int = 0
    changes: int = 0

    def on_grid(self, price: Decimal) -> bool:
        """Whether a price is a multiple of the tick."""
        return price > ZERO and price % self.tick == ZERO


@dataclass(slots=True, kw_only=True)
class Order:
    """One order. `price`: the worst it accepts, a far bound for MARKET; `limit_px` is then None."""

    order_id: int
    account: str
    client_order_id: str
    symbol: str
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    price: Decimal
    limit_px: Decimal | None
    qty: Decimal
    remaining: Decimal
    created_ns: int
    updated_ns: int
    quote_qty: Decimal | None = None
    position_side: PositionSide = PositionSide.BOTH
    own_cross: OwnCross = OwnCross.TRADE
    post_only: bool = False
    reduce_only: bool = False
    origin: Origin = Origin.MEMBER
    filled: Decimal = ZERO
    notional: Decimal = ZERO
    ending: Ending | None = None
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """Derived from what is filled and how it ended."""
        if self.ending is not None:
            return Status.ENDED
        if self.filled == ZERO:
            return Status.NEW
        return Status.PARTIALLY_FILLED if self.remaining > ZERO else Status.FILLED

    @property
    def is_open(self) -> bool:
        """Neither filled nor ended."""
        return self.status in (Status.NEW, Status.PARTIALLY_FILLED)

    @property
    def avg_px(self) -> Decimal:
        """Average fill price, 0 before the first fill."""
        return self.notional / self.filled if self.filled else ZERO

    @property
    def is_closing(self) -> bool:
        """Can only make a position smaller: by its flag, or by its side in hedge mode."""
        if self.position_side is PositionSide.LONG:
            return self.side is Side.ASK
        if self.position_side is PositionSide.SHORT:
            return self.side is Side.BID
        return self.reduce_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One order's half of a trade. `fee` in `fee_coin`: plus is paid, minus a rebate.

    `realized`: the profit that it realized, in the quote coin, fees aside; 0 on spot.
    """

    trade_id: int
    order_id: int
    client_order_id: str
    account: str
    symbol: str
    side: Side
    position_side: PositionSide
    price: Decimal
    qty: Decimal
    fee: Decimal
    fee_coin: str
    is_maker: bool
    realized: Decimal
    time_ns: int
    visible_ns: int
    origin: Origin = Origin.MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One execution between two orders."""

    trade_id: int
    symbol: str
    price: Decimal
    qty: Decimal
    taker_side: Side
    time_ns: int


@dataclass(slots=True, kw_only=True)
class Position:
    """Signed contracts of one account, symbol and position side; `cost` is what they cost."""

    account: str
    symbol: str
    position_side: PositionSide
    qty: Decimal = ZERO
    cost: Decimal = ZERO
    realized: Decimal = ZERO
    lowest: Decimal = ZERO
    highest: Decimal = ZERO
    updated_ns: int = 0

    @property
    def entry_px(self) -> Decimal:
        """Average price of what is held, 0 when flat."""
        return self.cost / abs(self.qty) if self.qty else ZERO

    def move(self, change: Decimal, price: Decimal, step: Decimal) -> Decimal:
        """Net a signed change at a price; returns the realized profit to a multiple of `step`."""
        realized = closed = ZERO
        if self.qty * change < ZERO:
            closed = min(abs(change), abs(self.qty))
            share = self.cost if closed == abs(self.qty) else self.cost * closed / abs(self.qty)
            sign = 1 if self.qty > ZERO else -1
            realized = ((closed * price - share) * sign).quantize(step)
            self.cost -= share
            self.qty -= sign * closed
        opened = abs(change) - closed
        self.cost += opened * price
        self.qty += opened if change > ZERO else -opened
        self.realized += realized
        self.lowest, self.highest = min(self.lowest, self.qty), max(self.highest, self.qty)
        return realized


@dataclass(slots=True, kw_only=True)
class Account:
    """A member. `unlimited` trades on credit (the house). `fee_coin`: pays fees while it lasts."""

    name: str
    unlimited: bool = False
    fee_coin: str = ""
    hedge_mode: bool = False
    leverage: int = 20
    withdraws: bool = False
