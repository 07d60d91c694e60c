"""Who has which cash and which contracts. It knows no order, no price grid and no socket.

One signed net position per owner and market: plus is YES, minus is NO. Opening YES costs p a
contract, opening NO costs 1-p; closing gives back p or 1-p. Cash is kept per owner and shard.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from daemon.paper.model import Fill, Market, Owner
from daemon.paper.units import CENT, ONE, ZERO, floor_to, whole_cents


@dataclass(slots=True, kw_only=True)
class Position:
    """An owner's contracts in one market. Money in dollars, `cost` is what the held ones cost."""

    owner: Owner
    ticker: str
    event_ticker: str
    exchange_index: int
    updated_ns: int = 0
    qty: Decimal = ZERO
    cost: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    held_fees: Decimal = ZERO
    traded: Decimal = ZERO
    volume: Decimal = ZERO
    is_settled: bool = False
    first_sign: int = 0
    lowest: Decimal = ZERO
    highest: Decimal = ZERO
    max_short: Decimal = ZERO
    crossings: list[tuple[int, str, Decimal, Decimal]] = field(default_factory=list)

    def move(self, change: Decimal, price: Decimal) -> None:
        """Net a signed change at a YES price: first close what is held, then open the rest."""
        closing = ZERO
        if self.qty * change < ZERO:
            closing = min(abs(change), abs(self.qty))
            self._close(closing, price)
        opening = abs(change) - closing
        self.traded += closing * (price if change < ZERO else ONE - price)
        self.traded += opening * (price if change > ZERO else ONE - price)
        self.cost += opening * (price if change > ZERO else ONE - price)
        self.qty += opening if change > ZERO else -opening
        self.volume += abs(change)

    def _close(self, qty: Decimal, price: Decimal) -> None:
        value = price if self.qty > ZERO else ONE - price
        is_all = qty == abs(self.qty)
        share = self.cost if is_all else self.cost * qty / abs(self.qty)
        fees = self.held_fees if is_all else self.held_fees * qty / abs(self.qty)
        self.realized += qty * value - share
        self.cost -= share
        self.held_fees -= fees
        self.qty += -qty if self.qty > ZERO else qty

    def watch(self, before: Decimal, time_ns: int, order_id: str) -> None:
        """Note how far the position ever went, and whether it went through zero."""
        if self.first_sign == 0 and self.qty != ZERO:
            self.first_sign = 1 if self.qty > ZERO else -1
        self.lowest = min(self.lowest, self.qty)
        self.highest = max(self.highest, self.qty)
        wrong_way = -self.first_sign * self.qty
        if wrong_way > ZERO:
            self.max_short = max(self.max_short, wrong_way)
            self.crossings.append((time_ns, order_id, before, self.qty))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a finished market paid an owner. `payout` is exact dollars, `revenue` whole cents."""

    owner: Owner
    ticker: str
    event_ticker: str
    exchange_index: int
    result: str
    qty: Decimal
    cost: Decimal
    payout: Decimal
    revenue: int
    value: int
    fees: Decimal
    time_ns: int


def cash_change(before: Decimal, change: Decimal, price: Decimal) -> Decimal:
    """Dollars a signed change brings (plus) or costs (minus), fees aside."""
    closing = min(abs(change), abs(before)) if before * change < ZERO else ZERO
    opening = abs(change) - closing
    value = price if change > ZERO else ONE - price
    return closing * (ONE - value) - opening * value


class Ledger:
    """Cash and positions of all owners."""

    def __init__(self, payout_step: Decimal) -> None:
        self._payout_step = payout_step
        self.cash: defaultdict[tuple[Owner, int], Decimal] = defaultdict(lambda: ZERO)
        self.positions: dict[tuple[Owner, str], Position] = {}
        self.settlements: list[Settlement] = []

    def deposit(self, owner: Owner, shard: int, dollars: Decimal) -> None:
        """Add cash on one shard; a negative amount takes it away."""
        self.cash[owner, shard] += dollars

    def position(self, owner: Owner, market: Market) -> Position:
        """The owner's position, a flat one when there was none."""
        key = (owner, market.ticker)
        if key not in self.positions:
            self.positions[key] = Position(
                owner=owner,
                ticker=market.ticker,
                event_ticker=market.event_ticker,
                exchange_index=market.exchange_index,
            )
        return self.positions[key]

    def held(self, owner: Owner, ticker: str) -> Decimal:
        """Signed contracts, without making a position."""
        position = self.positions.get((owner, ticker))
        return position.qty if position else ZERO

    def book_fill(self, fill: Fill, market: Market) -> Position:
        """Move cash, contracts and fees for one fill."""
        position = self.position(fill.owner, market)
        before = position.qty
        change = fill.side.sign * fill.qty
        cash = cash_change(before, change, fill.price) - fill.fee
        self.cash[fill.owner, fill.exchange_index] += cash
        position.move(change, fill.price)
        position.fees += fill.fee
        if position.qty * change > ZERO:
            position.held_fees += fill.fee
        position.updated_ns = fill.time_ns
        position.watch(before, fill.time_ns, fill.order_id)
        return position

    def settle(self, position: Position, market: Market, time_ns: int) -> Settlement:
        """Pay a position out and close it for good."""
        assert market.settlement_value is not None
        worth = market.settlement_value if position.qty > ZERO else ONE - market.settlement_value
        payout = abs(position.qty) * worth
        if market.result == "scalar":
            payout = floor_to(payout, self._payout_step)
        done = Settlement(
            owner=position.owner,
            ticker=position.ticker,
            event_ticker=position.event_ticker,
            exchange_index=position.exchange_index,
            result=market.result,
            qty=position.qty,
            cost=position.cost,
            payout=payout,
            revenue=whole_cents(payout),
            value=int(market.settlement_value / CENT),
            fees=position.fees,
            time_ns=time_ns,
        )
        self.cash[position.owner, position.exchange_index] += payout
        position.realized += payout - position.cost
        position.qty = position.cost = position.held_fees = ZERO
        position.is_settled = True
        position.updated_ns = time_ns
        self.settlements.append(done)
        return done
