"""What the exchange tells its observers: facts, in the order in which they became true.

The websocket hub turns them into frames. Prices are YES dollars, quantities contracts, times ns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from daemon.paper.ledger import Position
from daemon.paper.model import Fill, Order, Side, Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class BookChanged:
    """One level of a book grew or shrank by `delta`; `cause` is the order it happened to."""

    ticker: str
    side: Side
    price: Decimal
    delta: Decimal
    time_ns: int
    cause: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeDone:
    """A line on the public tape."""

    trade: Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class FillDone:
    """An owner's half of a trade."""

    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """A copy of an order as it was right after the change."""

    order: Order
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged:
    """A copy of a position as it was right after the change."""

    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteChanged:
    """The top of a market's book or its last trade changed."""

    ticker: str
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketMoved:
    """A step in a market's life, with the fields that Kalshi sends for it."""

    ticker: str
    event_type: str
    fields: dict[str, object] = field(default_factory=dict)


Happening = (
    BookChanged | TradeDone | FillDone | OrderChanged | PositionChanged | QuoteChanged | MarketMoved
)
