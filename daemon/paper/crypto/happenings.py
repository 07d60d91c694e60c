"""What the exchange tells its observers: facts, in the order in which they became true.

Orders and positions are copies as they were right after the change. A venue's hub makes frames
of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from daemon.paper.crypto.model import Fill, Order, Position


class Cause(StrEnum):
    """Why balances or positions moved."""

    ORDER = "order"
    FUNDING = "funding"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted:
    """An order has come in and nothing of it has traded yet."""

    order: Order
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled:
    """A fill, with its order right after it."""

    order: Order
    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEnded:
    """An order is over with something unfilled. `request_id`: the member's own id of the cancel."""

    order: Order
    request_id: str
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAmended:
    """A resting order has new terms."""

    order: Order
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMoved:
    """Balances of these coins changed, by `deltas` where cash itself moved; and these positions.

    `symbol`: the contract whose funding it was, else "".
    """

    account: str
    cause: Cause
    coins: tuple[str, ...]
    positions: tuple[Position, ...]
    deltas: dict[str, Decimal]
    time_ns: int
    symbol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged:
    """A member's leverage on a symbol, or its position mode, was changed."""

    account: str
    symbol: str
    leverage: int
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChanged:
    """What rests at one price changed; `qty` is what is there now."""

    symbol: str
    is_bid: bool
    price: Decimal
    qty: Decimal
    time_ns: int


Happening = (
    OrderAccepted
    | OrderFilled
    | OrderEnded
    | OrderAmended
    | AccountMoved
    | SettingsChanged
    | LevelChanged
)
