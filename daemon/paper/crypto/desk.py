"""The order desk: may this order be, and what does it do. It knows no HTTP and no signature.

Refusals are `CoinRefusalError`s; everything else is done before the call returns.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from decimal import Decimal

from daemon.paper.crypto.exchange import Exchange
from daemon.paper.crypto.happenings import OrderAmended
from daemon.paper.crypto.holdings import locked_by
from daemon.paper.crypto.model import (
    HOUSE,
    Ending,
    Instrument,
    Order,
    OrdType,
    Phase,
    PositionSide,
    TimeInForce,
)
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.matching import Book
from daemon.paper.model import OwnCross, Side
from daemon.paper.units import ZERO, floor_to

# Where the worst price of an order without a price lies: further than any quote.
_FAR = Decimal(10) ** 15


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """A well-formed request to trade. One of `qty` (base coin) and `quote_qty`; MARKET: no price.

    `labels` are the venue's own: they are kept with the order and mean nothing here.
    """

    account: str
    symbol: str
    side: Side
    ord_type: OrdType
    client_order_id: str
    qty: Decimal = ZERO
    quote_qty: Decimal | None = None
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    position_side: PositionSide = PositionSide.BOTH
    own_cross: OwnCross = OwnCross.TRADE
    post_only: bool = False
    reduce_only: bool = False
    labels: dict[str, str] = field(default_factory=dict)


class OrderDesk:
    """Places, cancels and amends orders."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def place(self, new: NewOrder) -> Order:
        """Accept an order and trade what it can trade."""
        order = self.checked(new)
        self._exchange.accept(order)
        allowed = self._closable(order) if order.is_closing else order.qty
        if new.post_only and self._crosses(order):
            self._exchange.end(order, Ending.POST_ONLY)
            return order
        if order.time_in_force is TimeInForce.FOK and self._reachable(order) < order.qty:
            self._exchange.end(order, Ending.FOK)
            return order
        stopped = self._trade(order, min(order.qty, allowed))
        self._finish(order, stopped=stopped, is_capped=allowed < order.qty)
        return order

    def checked(self, new: NewOrder) -> Order:
        """The order that a request would become; raises what `place` would, and changes nothing."""
        instrument = self._exchange.instruments.get(new.symbol)
        if instrument is None:
            raise CoinRefusalError(Why.SYMBOL)
        self._check_filters(instrument, new)
        self._check_id(new.account, new.client_order_id)
        order = self._build(instrument, new)
        self._check_position(order)
        self._check_phase(instrument, order)
        self._check_book(order)
        self._check_funds(instrument, order)
        return order

    def cancel(self, order: Order, request_id: str = "") -> Order:
        """Cancel an order that is on the book."""
        if not order.is_open:
            raise CoinRefusalError(Why.NOT_OPEN)
        self._exchange.end_resting(order, Ending.MEMBER, request_id)
        return order

    def amend(self, order: Order, qty: Decimal, price: Decimal) -> Order:
        """New terms for a resting order; `qty` counts what is filled. More or dearer goes back."""
        instrument = self._exchange.instruments[order.symbol]
        if not order.is_open:
            raise CoinRefusalError(Why.NOT_OPEN)
        if (qty, price) == (order.qty, order.price):
            raise CoinRefusalError(Why.NO_CHANGE)
        self._check_price(instrument, price)
        self._check_qty(instrument, qty)
        if qty <= order.filled:
            self._exchange.end_resting(order, Ending.MEMBER)
            return order
        self._check_amended_funds(instrument, order, qty, price)
        keeps_place = price == order.price and qty < order.qty
        if not keeps_place:
            self._exchange.unrest(order)
        order.qty, order.remaining = qty, qty - order.filled
        order.price = order.limit_px = price
        order.updated_ns = self._exchange.clock.wall_ns()
        self._exchange.remember(order)
        self._exchange.emit(OrderAmended(order=copy.copy(order), time_ns=order.updated_ns))
        if keeps_place:
            self._exchange.level_changed(order, price)
            self._exchange.lock_moved(order)
        else:
            stopped = self._trade(order, order.remaining)
            self._finish(order, stopped=stopped, is_capped=False)
        return order

    # Checks

    def _check_filters(self, instrument: Instrument, new: NewOrder) -> None:
        if new.price is not None:
            self._check_price(instrument, new.price)
        if new.quote_qty is not None:
            if new.quote_qty < instrument.min_notional:
                raise CoinRefusalError(Why.NOTIONAL)
            return
        self._check_qty(instrument, new.qty)
        price = new.price or self._exchange.mark_px(new.symbol)
        is_small = price * new.qty < instrument.min_notional
        if is_small and not new.reduce_only and new.account not in HOUSE:
            raise CoinRefusalError(Why.NOTIONAL)

    def _check_price(self, instrument: Instrument, price: Decimal) -> None:
        if not instrument.on_grid(price):
            raise CoinRefusalError(Why.PRICE_TICK)

    def _check_qty(self, instrument: Instrument, qty: Decimal) -> None:
        if qty < instrument.min_qty:
            raise CoinRefusalError(Why.QTY_SMALL)
        if qty > instrument.max_qty:
            raise CoinRefusalError(Why.QTY_LARGE)
        if qty % instrument.lot != ZERO:
            raise CoinRefusalError(Why.QTY_LOT)

    def _check_id(self, account: str, client_order_id: str) -> None:
        number = self._exchange.client_ids[account].get(client_order_id)
        if number is None or not client_order_id or account in HOUSE:
            return
        if self._exchange.rules.ids_are_for_ever or self._exchange.orders[number].is_open:
            raise CoinRefusalError(Why.DUPLICATE_ID)

    def _check_position(self, order: Order) -> None:
        """Mode and position side must agree, and what can only close must have something to."""
        account = self._exchange.accounts[order.account]
        instrument = self._exchange.instruments[order.symbol]
        if not instrument.is_contract or account.unlimited:
            return
        if account.hedge_mode is (order.position_side is PositionSide.BOTH):
            raise CoinRefusalError(Why.POSITION_SIDE)
        if order.is_closing and self._closable(order) <= ZERO:
            raise CoinRefusalError(Why.REDUCE_ONLY)

    def _check_phase(self, instrument: Instrument, order: Order) -> None:
        if instrument.phase is Phase.HALTED:
            raise CoinRefusalError(Why.HALTED)
        is_bound = not order.is_closing and order.account not in HOUSE
        if instrument.phase is Phase.NO_OPENING and is_bound:
            raise CoinRefusalError(Why.NO_OPENING)

    def _check_book(self, order: Order) -> None:
        rules = self._exchange.rules
        if order.post_only and rules.refuses_post_only and self._crosses(order):
            raise CoinRefusalError(Why.POST_ONLY)
        is_fok = order.time_in_force is TimeInForce.FOK
        if is_fok and rules.refuses_fok and self._reachable(order) < order.qty:
            raise CoinRefusalError(Why.FOK)

    def _check_funds(self, instrument: Instrument, order: Order) -> None:
        if self._exchange.accounts[order.account].unlimited:
            return
        if instrument.is_contract:
            needed, coin = self._margin(order), instrument.quote
            free = self.available_margin(order.account, coin)
        else:
            needed, coin = self._cost(order), instrument.quote
            if order.side is Side.ASK:
                needed, coin = order.qty, instrument.base
            free = self._exchange.balance(order.account, coin).free
        if needed > free:
            raise CoinRefusalError(Why.FUNDS)

    def _check_amended_funds(
        self, instrument: Instrument, order: Order, qty: Decimal, price: Decimal
    ) -> None:
        before, old = locked_by(order, instrument), (order.price, order.remaining)
        order.price, order.remaining = price, qty - order.filled
        coin, locked = locked_by(order, instrument)
        order.price, order.remaining = old
        if locked - before[1] > self._exchange.balance(order.account, coin).free:
            raise CoinRefusalError(Why.FUNDS)

    def available_margin(self, account: str, coin: str) -> Decimal:
        """What new positions in contracts that settle in a coin may use."""
        member, total = self._exchange.accounts[account], ZERO
        for position in self._exchange.holdings.of(account):
            if self._exchange.instruments[position.symbol].quote == coin:
                total += self._exchange.unrealized(position) - position.cost / member.leverage
        for order in self._exchange.open_orders[account].values():
            if self._exchange.instruments[order.symbol].quote == coin:
                total -= self._margin(order)
        return self._exchange.balance(account, coin).free + total

    def _margin(self, order: Order) -> Decimal:
        """Initial margin of what an order would open, quote coin."""
        opens = max(order.remaining - self._closable(order), ZERO)
        if order.is_closing:
            return ZERO
        mark_px = self._exchange.mark_px(order.symbol)
        price = order.price if order.limit_px is not None else mark_px
        return opens * price / self._exchange.accounts[order.account].leverage

    # The book

    def _book(self, order: Order) -> Book[Order]:
        return self._exchange.books[order.symbol]

    def _crosses(self, order: Order) -> bool:
        return self._book(order).would_cross(order.side, order.price)

    def _reachable(self, order: Order) -> Decimal:
        return self._book(order).volume_within(order.side, order.price)

    def _closable(self, order: Order) -> Decimal:
        return self._exchange.holdings.closable(order)

    def _cost(self, order: Order) -> Decimal:
        """Quote coin that a spot bid may cost; without a price, what the book asks for it."""
        if order.quote_qty is not None:
            return order.quote_qty
        if order.limit_px is not None:
            return order.qty * order.limit_px
        total, left = ZERO, order.qty
        for price, qty in self._book(order).levels(order.side.other):
            total += min(left, qty) * price
            left -= min(left, qty)
        return total

    def _qty_for(self, instrument: Instrument, side: Side, quote_qty: Decimal) -> Decimal:
        """Base coin that the book gives for so much quote coin, in whole lots."""
        total = ZERO
        for price, qty in self._exchange.books[instrument.symbol].levels(side.other):
            taken = min(qty, floor_to(quote_qty / price, instrument.lot))
            total += taken
            quote_qty -= taken * price
            if taken < qty:
                break
        return total

    # Deeds

    def _build(self, instrument: Instrument, new: NewOrder) -> Order:
        now = self._exchange.clock.wall_ns()
        qty = new.qty
        if new.quote_qty is not None:
            qty = self._qty_for(instrument, new.side, new.quote_qty)
        far = _FAR if new.side is Side.BID else 1 / _FAR
        return Order(
            order_id=self._exchange.next_order_id(),
            account=new.account,
            client_order_id=new.client_order_id,
            symbol=new.symbol,
            side=new.side,
            ord_type=new.ord_type,
            time_in_force=new.time_in_force,
            price=far if new.price is None else new.price,
            limit_px=new.price,
            qty=qty,
            remaining=qty,
            created_ns=now,
            updated_ns=now,
            quote_qty=new.quote_qty,
            position_side=new.position_side,
            own_cross=new.own_cross,
            post_only=new.post_only,
            reduce_only=new.reduce_only,
            labels=new.labels,
        )

    def _trade(self, order: Order, allowed: Decimal) -> bool:
        """Trade order by order, booking each; True when it was stopped by one of its own."""
        while allowed > ZERO:
            done = self._book(order).match_one(order, allowed)
            for own in done.maker_cancels:
                del self._exchange.open_orders[own.account][own.order_id]
                self._exchange.level_changed(own, own.price)
                self._exchange.end(own, Ending.OWN_CROSS)
                self._exchange.lock_moved(own)
            if not done.matches:
                return done.stopped_by_own
            allowed -= done.matches[0].qty
            self._exchange.execute(order, done.matches[0])
        return False

    def _finish(self, order: Order, *, stopped: bool, is_capped: bool) -> None:
        if order.remaining == ZERO and order.filled > ZERO:
            return
        if stopped:
            self._exchange.end(order, Ending.OWN_CROSS)
        elif is_capped:
            self._exchange.end(order, Ending.REDUCE_ONLY)
        elif order.ord_type is OrdType.MARKET:
            self._exchange.end(order, Ending.NO_LIQUIDITY)
        elif order.time_in_force is TimeInForce.GTC:
            self._exchange.rest(order)
            self._exchange.trim(order)
        else:
            self._exchange.end(order, Ending.IOC_REST)
