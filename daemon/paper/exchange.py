"""The exchange's state and the one place where a trade is booked. It speaks no protocol.

`desk.py` decides about orders, `lifecycle.py` about markets; both write through here. All calls
are synchronous: between a decision and its booking nothing else can happen.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from daemon.paper.clock import MILLI_NS, SECOND_NS, Chance, Clock
from daemon.paper.faults import Faults
from daemon.paper.fees import FeeRules, charge, model_fee
from daemon.paper.happenings import (
    BookChanged,
    FillDone,
    Happening,
    OrderChanged,
    PositionChanged,
    QuoteChanged,
    TradeDone,
)
from daemon.paper.ledger import Ledger, Position
from daemon.paper.matching import Book, Match
from daemon.paper.model import Fill, Market, Order, OrderStatus, Owner, Reason, Side, Trade
from daemon.paper.reading import History, ReadRules, Received
from daemon.paper.refusal import OperatorError
from daemon.paper.units import ONE, ZERO

MAKERS = Owner("house-makers")
TAKERS = Owner("house-takers")


@dataclass(slots=True, kw_only=True)
class Shard:
    """One exchange_index and its two switches."""

    description: str
    exchange_active: bool = True
    trading_active: bool = True


@dataclass(slots=True, kw_only=True)
class Account:
    """A member. `unlimited` trades on credit (the house); `next_subaccount` counts up."""

    name: str
    user_id: str
    tier: str = "basic"
    unlimited: bool = False
    subaccounts: set[int] = field(default_factory=lambda: {0})


class Exchange:
    """Markets, books, orders, fills, cash and positions, and the rules to change them."""

    def __init__(self, clock: Clock, chance: Chance, fees: FeeRules) -> None:
        self.clock = clock
        self.chance = chance
        self.fee_rules = fees
        self.faults = Faults(chance)
        self.reads = ReadRules()
        self.ledger = Ledger(fees.precision)
        self.shards: dict[int, Shard] = {0: Shard(description="Default")}
        self.accounts: dict[str, Account] = {}
        self.markets: dict[str, Market] = {}
        self.books: dict[str, Book[Order]] = {}
        self.orders: dict[str, Order] = {}
        self.open_orders: defaultdict[Owner, dict[str, Order]] = defaultdict(dict)
        self.fills: defaultdict[str, list[Fill]] = defaultdict(list)
        self.order_history: defaultdict[str, History[Order]] = defaultdict(History)
        self.position_history: defaultdict[tuple[Owner, str], History[Position]] = defaultdict(
            History
        )
        self.used_ids: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.received: defaultdict[str, dict[str, Received]] = defaultdict(dict)
        self.observers: list[Callable[[Happening], None]] = []
        for house in (MAKERS, TAKERS):
            self.add_account(house.account, tier="prestige", unlimited=True)

    # Members

    def add_account(
        self,
        name: str,
        *,
        tier: str = "basic",
        unlimited: bool = False,
        user_id: str = "",
    ) -> Account:
        """Admit a member."""
        if name in self.accounts:
            raise OperatorError(f"account {name!r} exists already")
        account = Account(
            name=name,
            user_id=user_id or self.chance.new_id(),
            tier=tier,
            unlimited=unlimited,
        )
        self.accounts[name] = account
        return account

    def account(self, name: str) -> Account:
        """The member of that name."""
        if name not in self.accounts:
            raise OperatorError(f"no account {name!r}; there are {sorted(self.accounts)}")
        return self.accounts[name]

    def market(self, ticker: str) -> Market:
        """The market of that ticker."""
        if ticker not in self.markets:
            raise OperatorError(f"no market {ticker!r}; there are {sorted(self.markets)}")
        return self.markets[ticker]

    # Money that is spoken for

    def reserved(self, owner: Owner, shard: int) -> Decimal:
        """Cash behind the resting orders of one owner on one shard, dollars."""
        tickers = {o.ticker for o in self.open_orders[owner].values() if o.exchange_index == shard}
        return sum((self.reserved_in(owner, ticker) for ticker in tickers), ZERO)

    def reserved_in(self, owner: Owner, ticker: str, extra: Order | None = None) -> Decimal:
        """Cash behind one market's resting orders, and one more. Closing a position needs none."""
        orders = [o for o in self.open_orders[owner].values() if o.ticker == ticker]
        if extra is not None:
            orders.append(extra)
        held = self.ledger.held(owner, ticker)
        total = ZERO
        for side in (Side.BID, Side.ASK):
            closes = max(-side.sign * held, ZERO)
            for order in sorted((o for o in orders if o.side is side), key=lambda o: o.created_ns):
                opens = max(order.remaining - closes, ZERO)
                closes = max(closes - order.remaining, ZERO)
                total += opens * (order.price if side is Side.BID else ONE - order.price)
        return total

    def available(self, owner: Owner, shard: int) -> Decimal:
        """Cash an order on this shard may use, dollars."""
        return self.ledger.cash[owner, shard] - self.reserved(owner, shard)

    # Telling

    def emit(self, happening: Happening) -> None:
        """Tell every observer."""
        for observer in self.observers:
            observer(happening)

    def publish_order(self, order: Order, reason: Reason | None = None) -> None:
        """Stamp, remember and tell an order's new state."""
        now = self.clock.wall_ns()
        order.updated_ns = now
        order.reason = reason or order.reason
        if order.owner not in (MAKERS, TAKERS):
            self.remember_order(order, now + self._lag_ns(self.reads.order_lag_ms))
        elif not order.is_open:
            # Nobody reads the house's ended orders, and a long run makes millions of them.
            self.orders.pop(order.order_id, None)
        self.emit(OrderChanged(order=copy.copy(order), time_ns=now))

    def remember_order(self, order: Order, visible_ns: int) -> None:
        """Let readers see this state of an order from visible_ns on."""
        self.order_history[order.order_id].record(order, visible_ns)

    def remember_position(self, position: Position, visible_ns: int) -> None:
        """Let readers see this state of a position from visible_ns on."""
        self.position_history[position.owner, position.ticker].record(position, visible_ns)

    def publish_position(self, position: Position) -> None:
        """Remember and tell a position's new state."""
        lag = self._lag_ns(self.reads.position_lag_ms)
        if position.owner not in (MAKERS, TAKERS):
            self.remember_position(position, self.clock.wall_ns() + lag)
        self.emit(PositionChanged(position=copy.copy(position)))

    def book_changed(self, order: Order, delta: Decimal, price: Decimal) -> None:
        """Tell a change of one level."""
        now = self.clock.wall_ns()
        self.emit(
            BookChanged(
                ticker=order.ticker,
                side=order.side,
                price=price,
                delta=delta,
                time_ns=now,
                cause=order,
            )
        )
        self.emit(QuoteChanged(ticker=order.ticker, time_ns=now))

    def _lag_ns(self, bounds_ms: tuple[int, int]) -> int:
        return self.chance.between(*bounds_ms) * MILLI_NS

    # Orders in and out of the book

    def register(self, order: Order) -> None:
        """Accept an order: from here on its client_order_id is used up for ever."""
        self.orders[order.order_id] = order
        if order.client_order_id:
            self.used_ids[order.owner.account][order.client_order_id] = order.order_id

    def rest(self, order: Order) -> None:
        """Put an order's remainder on the book."""
        self.books[order.ticker].add(order)
        self.open_orders[order.owner][order.order_id] = order
        self.book_changed(order, order.remaining, order.price)

    def unrest(self, order: Order) -> None:
        """Take an order off the book without ending it."""
        del self.open_orders[order.owner][order.order_id]
        self.books[order.ticker].remove(order)
        self.book_changed(order, -order.remaining, order.price)

    def end_resting(self, order: Order, reason: Reason) -> Decimal:
        """Cancel a resting order; returns the contracts that were still resting."""
        self.unrest(order)
        return self.end(order, reason)

    def end(self, order: Order, reason: Reason | None) -> Decimal:
        """Mark an order that is on no book as canceled; None keeps the last reason."""
        left = order.remaining
        order.remaining = ZERO
        order.status = OrderStatus.CANCELED
        self.publish_order(order, reason)
        return left

    def cancel_resting(self, ticker: str, reason: Reason, owner: Owner | None = None) -> int:
        """Cancel every resting order of a market, or of one owner in it."""
        chosen = [o for o in self.books[ticker].orders() if owner in (None, o.owner)]
        for order in chosen:
            self.end_resting(order, reason)
        return len(chosen)

    # Trades

    def execute(self, taker: Order, match: Match[Order]) -> Trade:
        """Book one match: cash, contracts, fees, the tape and both fills."""
        maker = match.maker
        trade = self.new_trade(taker, match.qty, match.price)
        self.emit(
            BookChanged(
                ticker=maker.ticker,
                side=maker.side,
                price=match.price,
                delta=-match.qty,
                time_ns=trade.time_ns,
                cause=maker,
            )
        )
        if maker.remaining == ZERO:
            del self.open_orders[maker.owner][maker.order_id]
        self.emit(TradeDone(trade=trade))
        for order in (maker, taker):
            self.book_half(order, trade, is_taker=order is taker)
        self.emit(QuoteChanged(ticker=trade.ticker, time_ns=trade.time_ns))
        return trade

    def new_trade(self, taker: Order, qty: Decimal, price: Decimal, age_s: int = 0) -> Trade:
        """Write a trade on the tape."""
        trade = Trade(
            trade_id=self.chance.new_id(),
            ticker=taker.ticker,
            price=price,
            qty=qty,
            taker_side=taker.side,
            time_ns=self.clock.wall_ns() - age_s * SECOND_NS,
        )
        market = self.markets[taker.ticker]
        market.tape.append(trade)
        market.last_price, market.last_qty = price, qty
        market.volume += qty
        market.dollar_volume += qty * price
        return trade

    def book_half(self, order: Order, trade: Trade, *, is_taker: bool) -> Fill:
        """Book one order's half of a trade and tell it."""
        fill = self.half_of(order, trade, is_taker=is_taker)
        position = self.ledger.position(fill.owner, self.markets[fill.ticker])
        self.fills[fill.owner.account].append(fill)
        if order.remaining == ZERO:
            order.status = OrderStatus.EXECUTED
        self.emit(FillDone(fill=fill))
        self.publish_order(order, Reason.TRADE)
        self.publish_position(position)
        return fill

    def half_of(self, order: Order, trade: Trade, *, is_taker: bool) -> Fill:
        """Charge the fee, move cash and contracts, and add the fill to its order."""
        market = self.markets[order.ticker]
        fee = self._charge(order, market, trade, is_taker=is_taker)
        held = self.ledger.held(order.owner, order.ticker)
        fill = Fill(
            trade_id=trade.trade_id,
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            owner=order.owner,
            ticker=order.ticker,
            exchange_index=order.exchange_index,
            side=order.side,
            price=trade.price,
            qty=trade.qty,
            is_taker=is_taker,
            fee=fee,
            time_ns=trade.time_ns,
            visible_ns=trade.time_ns + self._lag_ns(self.reads.fill_lag_ms),
            post_position=held + order.side.sign * trade.qty,
        )
        self.ledger.book_fill(fill, market)
        order.filled += trade.qty
        order.notional += trade.qty * trade.price
        cost = trade.qty * (trade.price if order.side is Side.BID else ONE - trade.price)
        if is_taker:
            order.taker_fees += fee
            order.taker_cost += cost
        else:
            order.maker_fees += fee
            order.maker_cost += cost
        return fill

    def _charge(self, order: Order, market: Market, trade: Trade, *, is_taker: bool) -> Decimal:
        model = model_fee(
            self.fee_rules,
            market.fee_type,
            market.fee_multiplier,
            is_taker=is_taker,
            qty=trade.qty,
            price=trade.price,
        )
        revenue = -order.side.sign * trade.qty * trade.price
        charged = charge(self.fee_rules, model, revenue, order.rounding_carry)
        order.rounding_carry = charged.carry
        return charged.fee
