"""Price-time matching on one book, of any venue. It knows no cash, no clock and no account rules.

`Book.match` changes `remaining` of the orders it crosses and says what happened; charging,
positions and messages are other people's work.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from daemon.paper.model import OwnCross, Side
from daemon.paper.units import ZERO


class Priced(Protocol):
    """What a book needs to know of an order. `remaining` is the only thing it changes."""

    remaining: Decimal

    @property
    def side(self) -> Side: ...

    @property
    def price(self) -> Decimal:
        """The worst price it accepts, above zero."""
        ...

    @property
    def account(self) -> str:
        """Whose it is."""
        ...

    @property
    def own_cross(self) -> OwnCross: ...


T = TypeVar("T", bound=Priced)


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """The incoming order traded `qty` with `maker` at the maker's price."""

    maker: T
    qty: Decimal
    price: Decimal


@dataclass(slots=True)
class Matched(Generic[T]):
    """All that one incoming order did. `maker_cancels` lost to the newcomer of their account."""

    matches: list[Match[T]] = field(default_factory=list)
    maker_cancels: list[T] = field(default_factory=list)
    stopped_by_own: bool = False


class _Ladder(Generic[T]):
    """One side: price levels in order of aggressiveness, a queue at each."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self._levels: dict[Decimal, deque[T]] = {}
        self._keys: list[Decimal] = []  # ascending; the most aggressive price is the first

    def _key(self, price: Decimal) -> Decimal:
        return -price if self.side is Side.BID else price

    def add(self, order: T) -> None:
        if order.price not in self._levels:
            self._levels[order.price] = deque()
            insort(self._keys, self._key(order.price))
        self._levels[order.price].append(order)

    def remove(self, order: T) -> None:
        queue = self._levels[order.price]
        queue.remove(order)
        if not queue:
            del self._levels[order.price]
            del self._keys[bisect_left(self._keys, self._key(order.price))]

    def best(self) -> Decimal | None:
        return abs(self._keys[0]) if self._keys else None

    def first(self) -> T | None:
        return self._levels[abs(self._keys[0])][0] if self._keys else None

    def queue(self, price: Decimal) -> deque[T]:
        return self._levels.get(price, deque())

    def prices(self) -> list[Decimal]:
        return [abs(key) for key in self._keys]


class Book(Generic[T]):
    """The resting orders of one market."""

    def __init__(self) -> None:
        self._sides: dict[Side, _Ladder[T]] = {side: _Ladder(side) for side in Side}

    def add(self, order: T) -> None:
        """Rest an order at the back of its level."""
        assert order.remaining > ZERO
        self._sides[order.side].add(order)

    def remove(self, order: T) -> None:
        """Take a resting order away."""
        self._sides[order.side].remove(order)

    def best(self, side: Side) -> Decimal | None:
        """The best price of a side, or None when it is empty."""
        return self._sides[side].best()

    def levels(self, side: Side) -> list[tuple[Decimal, Decimal]]:
        """(price, quantity) of a side, best first."""
        ladder = self._sides[side]
        return [(p, self.qty_at(side, p)) for p in ladder.prices()]

    def qty_at(self, side: Side, price: Decimal) -> Decimal:
        """What rests at one price."""
        return sum((o.remaining for o in self._sides[side].queue(price)), ZERO)

    def orders(self) -> list[T]:
        """Every resting order, bids before asks, in priority order."""
        return [
            order
            for side in (Side.BID, Side.ASK)
            for price in self._sides[side].prices()
            for order in self._sides[side].queue(price)
        ]

    def ahead_of(self, order: T) -> Decimal:
        """The quantity that trades before this order does."""
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
        """The quantity an order of `side` at `price` could meet, its own account's included."""
        found = [q for p, q in self.levels(side.other) if reaches(side, price, p)]
        return sum(found, ZERO)

    def match(self, taker: T, qty: Decimal) -> Matched[T]:
        """Trade up to `qty` of the incoming order, best price first, oldest first."""
        done: Matched[T] = Matched()
        while qty > ZERO:
            one = self.match_one(taker, qty)
            done.maker_cancels += one.maker_cancels
            done.stopped_by_own = one.stopped_by_own
            if not one.matches:
                break
            done.matches += one.matches
            qty -= one.matches[0].qty
        return done

    def match_one(self, taker: T, qty: Decimal) -> Matched[T]:
        """Trade with the first resting order that does not give way to a newcomer of its account.

        Between two calls the caller may book, and take away orders that the trade made impossible.
        """
        done: Matched[T] = Matched()
        ladder = self._sides[taker.side.other]
        while (maker := ladder.first()) and reaches(taker.side, taker.price, maker.price):
            if maker.account == taker.account and taker.own_cross is not OwnCross.TRADE:
                if taker.own_cross is not OwnCross.STOP_TAKER:
                    ladder.remove(maker)
                    done.maker_cancels.append(maker)
                if taker.own_cross is not OwnCross.CANCEL_MAKER:
                    done.stopped_by_own = True
                    break
                continue
            traded = min(qty, maker.remaining)
            maker.remaining -= traded
            taker.remaining -= traded
            if maker.remaining == ZERO:
                ladder.remove(maker)
            done.matches.append(Match(maker, traded, maker.price))
            break
        return done


def reaches(side: Side, limit: Decimal, price: Decimal) -> bool:
    """Whether a limit on `side` accepts `price`."""
    assert price > ZERO
    return limit >= price if side is Side.BID else limit <= price
