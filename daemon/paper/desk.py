"""The order desk: may this order be, and what does it do. It knows no HTTP and no signature.

Refusals are `RefusalError`s with Kalshi's code; everything else is done before the call returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.paper.clock import SECOND_NS
from daemon.paper.exchange import Exchange, Shard
from daemon.paper.fees import model_fee
from daemon.paper.matching import Matched
from daemon.paper.model import (
    Market,
    MarketStatus,
    Order,
    Owner,
    Reason,
    SelfTrade,
    Side,
    TimeInForce,
)
from daemon.paper.refusal import Code, RefusalError
from daemon.paper.units import MIN_COUNT, ZERO

AUTO_ROUTE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """A well-formed request to trade. Price in YES dollars, qty in contracts."""

    owner: Owner
    ticker: str
    side: Side
    qty: Decimal
    price: Decimal
    time_in_force: TimeInForce
    self_trade: SelfTrade
    client_order_id: str = ""
    exchange_index: int | None = None
    expires_s: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    cancel_on_pause: bool = False
    group_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which order is meant and which shard was asked for it."""

    owner: Owner
    order_id: str
    exchange_index: int | None = None
    ticker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """New terms for a resting order; `qty` counts what is filled already. None keeps a term."""

    side: Side
    ticker: str
    price: Decimal
    qty: Decimal
    client_order_id: str = ""
    updated_client_order_id: str = ""
    expires_s: int | None = None


class OrderDesk:
    """Places, cancels and changes orders."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        flat_reduce_refused: bool = False,
        max_open: int = 200_000,
    ) -> None:
        self._exchange = exchange
        self._flat_reduce_refused = flat_reduce_refused
        self._max_open = max_open

    def place(self, new: NewOrder) -> Order:
        """Accept an order and trade what it can trade."""
        market = self._route(new.ticker, new.exchange_index)
        self._check_open(market)
        if new.client_order_id in self._exchange.used_ids[new.owner.account]:
            raise RefusalError(Code.ORDER_EXISTS)
        self._check_terms(market, new)
        order = self._build(market, new)
        allowed = self._allowed_qty(new)
        self._check_book(new, allowed)
        self._check_cash(order, allowed)
        self._exchange.register(order)
        done = self._trade(order, allowed)
        self._finish(order, done, is_capped=allowed < new.qty)
        return order

    def cancel(self, route: Route) -> tuple[Order, Decimal]:
        """Cancel a resting order; returns it with the contracts that were resting."""
        order = self._find(route)
        if not self._shard(order.exchange_index).exchange_active:
            self._exchange.faults.note(Code.EXCHANGE_PAUSED)
            raise RefusalError(Code.EXCHANGE_PAUSED)
        self._check_not_closed(self._exchange.markets[order.ticker])
        if not order.is_open:
            raise RefusalError(Code.NOT_FOUND)
        return order, self._exchange.end_resting(order, Reason.DECREASE)

    def cancel_all(self, account: str, subaccount: int | None) -> int:
        """Cancel every resting order of an account that can be canceled now."""
        chosen = [
            order
            for owner, orders in list(self._exchange.open_orders.items())
            if owner.account == account and subaccount in (None, owner.subaccount)
            for order in list(orders.values())
            if self._shard(order.exchange_index).exchange_active
        ]
        for order in chosen:
            self._exchange.end_resting(order, Reason.DECREASE)
        return len(chosen)

    def decrease(self, route: Route, by: Decimal | None, to: Decimal | None) -> Order:
        """Make a resting order smaller, keeping its place in the queue."""
        order = self._resting(route)
        target = to if to is not None else order.remaining - (by or ZERO)
        if target >= order.remaining or target < ZERO:
            raise RefusalError(Code.ORDER_SIZE)
        self._shrink(order, target, Reason.DECREASE)
        return order

    def amend(self, route: Route, change: Amendment) -> Order:
        """Give a resting order new terms; a new price or more contracts lose the queue place."""
        order = self._resting(route)
        self._check_amendment(order, change)
        left = change.qty - order.filled
        if change.expires_s is not None:
            order.expires_ns = change.expires_s * SECOND_NS or None
        if change.updated_client_order_id:
            self._rename(order, change.updated_client_order_id)
        order.initial = change.qty
        if change.price == order.price and left <= order.remaining:
            self._shrink(order, left, Reason.AMEND)
            return order
        self._replace(order, change.price, left)
        return order

    def expire(self) -> None:
        """Cancel what has outlived its expiration_time."""
        now = self._exchange.clock.wall_ns()
        due = [
            order
            for orders in self._exchange.open_orders.values()
            for order in orders.values()
            if order.expires_ns is not None and order.expires_ns <= now
        ]
        for order in due:
            self._exchange.end_resting(order, Reason.EXPIRY)

    # Checks, in the order in which the exchange makes them

    def _route(self, ticker: str, index: int | None) -> Market:
        market = self._exchange.markets.get(ticker)
        if market is None:
            raise RefusalError(Code.MARKET_NOT_FOUND)
        if index not in (None, AUTO_ROUTE, market.exchange_index):
            raise RefusalError(Code.MARKET_NOT_FOUND)
        return market

    def _shard(self, index: int) -> Shard:
        return self._exchange.shards[index]

    def _check_open(self, market: Market) -> None:
        shard = self._shard(market.exchange_index)
        if not shard.exchange_active:
            self._exchange.faults.note(Code.EXCHANGE_PAUSED)
            raise RefusalError(Code.EXCHANGE_PAUSED)
        if not shard.trading_active or market.status is MarketStatus.INACTIVE:
            self._exchange.faults.note(Code.TRADING_PAUSED)
            raise RefusalError(Code.TRADING_PAUSED)
        self._check_not_closed(market)
        if market.status is not MarketStatus.ACTIVE:
            raise RefusalError(Code.MARKET_INACTIVE)

    def _check_not_closed(self, market: Market) -> None:
        open_states = (
            MarketStatus.INITIALIZED,
            MarketStatus.INACTIVE,
            MarketStatus.ACTIVE,
        )
        is_past = self._exchange.clock.wall_ns() >= market.close_ns
        if is_past or market.status not in open_states:
            raise RefusalError(Code.MARKET_INACTIVE)

    def _check_terms(self, market: Market, new: NewOrder) -> None:
        if new.qty < MIN_COUNT:
            raise RefusalError(Code.ORDER_SIZE)
        if not market.on_grid(new.price):
            raise RefusalError(Code.PRICE)
        is_gtc = new.time_in_force is TimeInForce.GOOD_TILL_CANCELED
        if new.reduce_only and new.time_in_force is not TimeInForce.IMMEDIATE_OR_CANCEL:
            raise RefusalError(Code.ORDER, "reduce_only can only be used with IoC orders")
        if new.post_only and not is_gtc:
            raise RefusalError(Code.ORDER, "post_only can only be used with good_till_canceled")
        if new.expires_s is not None:
            self._check_expiry(new.expires_s, is_gtc=is_gtc)
        if len(self._exchange.open_orders[new.owner]) >= self._max_open:
            raise RefusalError(Code.ORDER, "too many open orders")

    def _check_expiry(self, expires_s: int, *, is_gtc: bool) -> None:
        if not is_gtc:
            raise RefusalError(Code.ORDER, "expiration_time requires good_till_canceled")
        if expires_s * SECOND_NS <= self._exchange.clock.wall_ns():
            raise RefusalError(Code.ORDER, "expiration_time is in the past")

    def _check_book(self, new: NewOrder, allowed: Decimal) -> None:
        book = self._exchange.books[new.ticker]
        if new.post_only and book.would_cross(new.side, new.price):
            raise RefusalError(Code.ORDER, "post only cross")
        is_fok = new.time_in_force is TimeInForce.FILL_OR_KILL
        if is_fok and book.volume_within(new.side, new.price) < allowed:
            raise RefusalError(Code.FOK_VOLUME)

    def _check_cash(self, order: Order, allowed: Decimal) -> None:
        owner, shard = order.owner, order.exchange_index
        if self._exchange.accounts[owner.account].unlimited:
            return
        market = self._exchange.markets[order.ticker]
        order.remaining, whole = allowed, order.remaining
        needed = self._exchange.reserved_in(owner, order.ticker, order)
        order.remaining = whole
        needed -= self._exchange.reserved_in(owner, order.ticker)
        if needed <= ZERO:
            return
        fee = model_fee(
            self._exchange.fee_rules,
            market.fee_type,
            market.fee_multiplier,
            is_taker=True,
            qty=allowed,
            price=order.price,
        )
        if needed + fee > self._exchange.available(owner, shard):
            raise RefusalError(Code.BALANCE)

    def _allowed_qty(self, new: NewOrder) -> Decimal:
        """What reduce_only leaves of the wanted quantity."""
        if not new.reduce_only:
            return new.qty
        held = self._exchange.ledger.held(new.owner, new.ticker)
        cap = max(-new.side.sign * held, ZERO)
        if cap == ZERO and self._flat_reduce_refused:
            raise RefusalError(Code.ORDER, "reduce_only would not reduce a position")
        return min(new.qty, cap)

    def _check_amendment(self, order: Order, change: Amendment) -> None:
        if change.ticker != order.ticker:
            raise RefusalError(Code.TICKER_MISMATCH)
        if change.side is not order.side:
            raise RefusalError(Code.SIDE_MISMATCH)
        if change.client_order_id not in ("", order.client_order_id):
            raise RefusalError(Code.ID_MISMATCH)
        if change.qty < order.filled:
            raise RefusalError(Code.ORDER_SIZE)
        if not self._exchange.markets[order.ticker].on_grid(change.price):
            raise RefusalError(Code.PRICE)
        if change.updated_client_order_id in self._exchange.used_ids[order.owner.account]:
            raise RefusalError(Code.ORDER_EXISTS)
        book = self._exchange.books[order.ticker]
        if order.post_only and book.would_cross(order.side, change.price):
            raise RefusalError(Code.ORDER, "post only cross")
        self._check_repricing(order, change.price, change.qty - order.filled)

    def _check_repricing(self, order: Order, price: Decimal, left: Decimal) -> None:
        """Refuse what the owner's cash cannot carry, before anything has changed."""
        owner = order.owner
        before = self._exchange.reserved_in(owner, order.ticker)
        old = (order.price, order.remaining)
        order.price, order.remaining = price, left
        after = self._exchange.reserved_in(owner, order.ticker)
        order.price, order.remaining = old
        is_limited = not self._exchange.accounts[owner.account].unlimited
        free = self._exchange.available(owner, order.exchange_index)
        if is_limited and after - before > free:
            raise RefusalError(Code.BALANCE)

    # Deeds

    def _build(self, market: Market, new: NewOrder) -> Order:
        now = self._exchange.clock.wall_ns()
        return Order(
            order_id=self._exchange.chance.new_id(),
            owner=new.owner,
            client_order_id=new.client_order_id,
            ticker=market.ticker,
            exchange_index=market.exchange_index,
            side=new.side,
            price=new.price,
            initial=new.qty,
            remaining=new.qty,
            time_in_force=new.time_in_force,
            self_trade=new.self_trade,
            created_ns=now,
            updated_ns=now,
            post_only=new.post_only,
            reduce_only=new.reduce_only,
            cancel_on_pause=new.cancel_on_pause,
            group_id=new.group_id,
            expires_ns=None if new.expires_s is None else new.expires_s * SECOND_NS,
        )

    def _trade(self, order: Order, qty: Decimal) -> Matched[Order]:
        """Match first, then book trade by trade, so that frames show the book's own order."""
        whole = order.remaining
        done = self._exchange.books[order.ticker].match(order, qty)
        order.remaining = whole
        for own in done.maker_cancels:
            del self._exchange.open_orders[own.owner][own.order_id]
            self._exchange.book_changed(own, -own.remaining, own.price)
            self._exchange.end(own, Reason.SELF_TRADE)
        for match in done.matches:
            order.remaining -= match.qty
            self._exchange.execute(order, match)
        return done

    def _finish(self, order: Order, done: Matched[Order], *, is_capped: bool) -> None:
        if order.remaining == ZERO:
            return
        if done.stopped_by_own:
            self._exchange.end(order, Reason.SELF_TRADE)
        elif order.time_in_force is TimeInForce.GOOD_TILL_CANCELED:
            self._exchange.rest(order)
            self._exchange.publish_order(order)
        else:
            self._exchange.end(order, Reason.REDUCE_ONLY if is_capped else None)

    def _find(self, route: Route) -> Order:
        """The order on the shard that was asked; one on another shard is not there."""
        order = self._exchange.orders.get(route.order_id)
        if order is None or order.owner != route.owner:
            raise RefusalError(Code.NOT_FOUND)
        if route.ticker:
            market = self._exchange.markets.get(route.ticker)
            shard = market.exchange_index if market else AUTO_ROUTE
        else:
            shard = route.exchange_index or 0
        if shard != order.exchange_index:
            raise RefusalError(Code.NOT_FOUND)
        if route.ticker not in ("", order.ticker):
            raise RefusalError(Code.TICKER_MISMATCH)
        return order

    def _resting(self, route: Route) -> Order:
        order = self._find(route)
        self._check_open(self._exchange.markets[order.ticker])
        if not order.is_open:
            raise RefusalError(Code.NOT_FOUND)
        return order

    def _shrink(self, order: Order, target: Decimal, reason: Reason) -> None:
        if target == ZERO:
            self._exchange.end_resting(order, reason)
            return
        gone = order.remaining - target
        order.remaining = target
        if gone > ZERO:
            self._exchange.book_changed(order, -gone, order.price)
        self._exchange.publish_order(order, reason)

    def _replace(self, order: Order, price: Decimal, left: Decimal) -> None:
        self._exchange.unrest(order)
        order.price, order.remaining = price, left
        done = self._trade(order, left)
        order.reason = Reason.AMEND
        self._finish(order, done, is_capped=False)

    def _rename(self, order: Order, client_order_id: str) -> None:
        order.client_order_id = client_order_id
        self._exchange.used_ids[order.owner.account][client_order_id] = order.order_id
