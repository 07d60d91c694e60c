"""Price-time matching on one YES-denominated book. It knows no cash, no clock and no account rules.

`Book.match` changes `remaining` of the orders it crosses and says what happened; charging,
positions and messages are other people's work.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

from daemon.paper.model import Order, SelfTrade, Side
from daemon.paper.units import ONE, ZERO


@dataclass(frozen=True, slots=True)
class Match:
    """The incoming order traded `qty` with `maker` at the maker's price."""

    maker: Order
    qty: Decimal
    price: Decimal


@dataclass(slots=True)
class Matched:
    """All that one incoming order did. `maker_cancels` lost to the newcomer of their account."""

    matches: list[Match] = field(default_factory=list)
    maker_cancels: list[Order] = field(default_factory=list)
    stopped_by_own: bool = False


class _Ladder:
    """One side: price levels in order of aggressiveness, a queue at each."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self._levels: dict[Decimal, deque[Order]] = {}
        self._keys: list[Decimal] = []  # ascending; the most aggressive price is the first

    def _key(self, price: Decimal) -> Decimal:
        return -price if self.side is Side.BID else price

    def add(self, order: Order) -> None:
        if order.price not in self._levels:
            self._levels[order.price] = deque()
            insort(self._keys, self._key(order.price))
        self._levels[order.price].append(order)

    def remove(self, order: Order) -> None:
        queue = self._levels[order.price]
        queue.remove(order)
        if not queue:
            del self._levels[order.price]
            del self._keys[bisect_left(self._keys, self._key(order.price))]

    def best(self) -> Decimal | None:
        return abs(self._keys[0]) if self._keys else None

    def first(self) -> Order | None:
        return self._levels[abs(self._keys[0])][0] if self._keys else None

    def queue(self, price: Decimal) -> deque[Order]:
        return self._levels.get(price, deque())

    def prices(self) -> list[Decimal]:
        return [abs(key) for key in self._keys]


class Book:
    """The resting orders of one market."""

    def __init__(self) -> None:
        self._sides = {Side.BID: _Ladder(Side.BID), Side.ASK: _Ladder(Side.ASK)}

    def add(self, order: Order) -> None:
        """Rest an order at the back of its level."""
        assert order.remaining > ZERO
        self._sides[order.side].add(order)

    def remove(self, order: Order) -> None:
        """Take a resting order away."""
        self._sides[order.side].remove(order)

    def best(self, side: Side) -> Decimal | None:
        """The best YES price of a side, dollars, or None when it is empty."""
        return self._sides[side].best()

    def levels(self, side: Side) -> list[tuple[Decimal, Decimal]]:
        """(price, contracts) of a side, best first."""
        ladder = self._sides[side]
        return [(p, self.qty_at(side, p)) for p in ladder.prices()]

    def qty_at(self, side: Side, price: Decimal) -> Decimal:
        """Contracts resting at one price."""
        return sum((o.remaining for o in self._sides[side].queue(price)), ZERO)

    def orders(self) -> list[Order]:
        """Every resting order, bids before asks, in priority order."""
        return [
            order
            for side in (Side.BID, Side.ASK)
            for price in self._sides[side].prices()
            for order in self._sides[side].queue(price)
        ]

    def ahead_of(self, order: Order) -> Decimal:
        """Contracts that trade before this order does."""
        ladder = self._sides[order.side]
        total = ZERO
        for price in ladder.prices():
            for other in ladder.queue(price):
                if other is order:
                    return total
                total += other.remaining
        return total

    def would_cross(self, side: Side, price: Decimal) -> bool:
        """Whether an order at this price would trade at once."""
        best = self.best(side.other)
        return best is not None and reaches(side, price, best)

    def volume_within(self, side: Side, price: Decimal) -> Decimal:
        """Contracts an order of `side` at `price` could meet, its own account's included."""
        found = [q for p, q in self.levels(side.other) if reaches(side, price, p)]
        return sum(found, ZERO)

    def match(self, taker: Order, qty: Decimal) -> Matched:
        """Trade up to `qty` of the incoming order, best price first, oldest first."""
        done = Matched()
        ladder = self._sides[taker.side.other]
        while qty > ZERO:
            maker = ladder.first()
            if maker is None or not reaches(taker.side, taker.price, maker.price):
                break
            if maker.owner.account == taker.owner.account:
                if taker.self_trade is SelfTrade.TAKER_AT_CROSS:
                    done.stopped_by_own = True
                    break
                ladder.remove(maker)
                done.maker_cancels.append(maker)
                continue
            traded = min(qty, maker.remaining)
            maker.remaining -= traded
            taker.remaining -= traded
            qty -= traded
            if maker.remaining == ZERO:
                ladder.remove(maker)
            done.matches.append(Match(maker, traded, maker.price))
        return done


def reaches(side: Side, limit: Decimal, price: Decimal) -> bool:
    """Whether a limit on `side` accepts `price`."""
    assert ZERO < price < ONE
    return limit >= price if side is Side.BID else limit <= price
