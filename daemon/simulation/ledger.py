"""The oracle's own account of money, in exact fractions. Shares no arithmetic with the core."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from daemon.core.terms import Side


class Ledger:
    """Position and cash of one symbol: what was paid is negative."""

    def __init__(self) -> None:
        self.position = Fraction(0)
        self.cash = Fraction(0)
        self.fees = Fraction(0)
        self.bought = Fraction(0)
        self.sold = Fraction(0)

    def trade(self, side: Side, qty: Decimal, px: Decimal, fee: Decimal) -> None:
        """One execution on the account, whoever sent the order."""
        size, price = Fraction(qty), Fraction(px)
        self.fees += Fraction(fee)
        if side is Side.BUY:
            self.bought += size
            self.position += size
            self.cash -= size * price
        else:
            self.sold += size
            self.position -= size
            self.cash += size * price
        self.cash -= Fraction(fee)

    def settle(self, px: Decimal) -> None:
        """The market pays: what is held is gone."""
        self.cash += self.position * Fraction(px)
        self.position = Fraction(0)
