"""Who has which coins and which contracts. It knows no book, no filter and no socket.

Totals are kept; what is locked behind resting orders, and what is free, is derived from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from daemon.paper.crypto.model import Instrument, Order, Position, PositionSide
from daemon.paper.model import Side
from daemon.paper.reading import History
from daemon.paper.units import ZERO


@dataclass(frozen=True, slots=True)
class Balance:
    """One coin of one account."""

    free: Decimal
    locked: Decimal


class Holdings:
    """Coins and positions of all accounts, and what they were."""

    def __init__(self) -> None:
        self.totals: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
        self.positions: dict[tuple[str, str, PositionSide], Position] = {}
        self.balance_history: defaultdict[str, History[dict[str, Balance]]] = defaultdict(History)
        self.position_history: defaultdict[tuple[str, str, PositionSide], History[Position]] = (
            defaultdict(History)
        )

    def add(self, account: str, coin: str, change: Decimal) -> None:
        """Add to a coin; a minus takes away."""
        coins = self.totals[account]
        coins[coin] = coins.get(coin, ZERO) + change

    def total(self, account: str, coin: str) -> Decimal:
        """Free and locked together."""
        return self.totals[account].get(coin, ZERO)

    def position(self, account: str, symbol: str, side: PositionSide) -> Position:
        """The position, a flat one when there was none."""
        key = (account, symbol, side)
        if key not in self.positions:
            self.positions[key] = Position(account=account, symbol=symbol, position_side=side)
        return self.positions[key]

    def held(self, account: str, symbol: str, side: PositionSide) -> Decimal:
        """Signed contracts, without making a position."""
        position = self.positions.get((account, symbol, side))
        return position.qty if position else ZERO

    def of(self, account: str) -> list[Position]:
        """Every position that an account ever had."""
        return [p for p in self.positions.values() if p.account == account]

    def closable(self, order: Order) -> Decimal:
        """How many contracts an order of this side could close."""
        held = self.held(order.account, order.symbol, order.position_side)
        return max(-order.side.sign * held, ZERO)


def locked_by(order: Order, instrument: Instrument) -> tuple[str, Decimal]:
    """The coin behind a resting spot order and how much of it; nothing for a contract."""
    if instrument.is_contract:
        return instrument.quote, ZERO
    if order.side is Side.BID:
        return instrument.quote, order.remaining * order.price
    return instrument.base, order.remaining


def locked_in(coin: str, orders: Iterable[Order], instruments: dict[str, Instrument]) -> Decimal:
    """What a coin's resting orders hold back."""
    parts = (locked_by(order, instruments[order.symbol]) for order in orders)
    return sum((qty for name, qty in parts if name == coin), ZERO)
