"""The exchange's state and the one place where a trade is booked. It speaks no protocol.

`desk.py` decides about orders and `upkeep.py` about what the exchange itself does; both write
through here. All calls are synchronous: between a decision and its booking nothing can happen.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from daemon.paper.clock import MILLI_NS, SECOND_NS, Chance, Clock
from daemon.paper.crypto.happenings import (
    AccountMoved,
    Cause,
    Happening,
    LevelChanged,
    OrderAccepted,
    OrderEnded,
    OrderFilled,
)
from daemon.paper.crypto.holdings import Balance, Holdings, locked_in
from daemon.paper.crypto.model import (
    HOUSE,
    Account,
    Ending,
    Fill,
    Instrument,
    Order,
    Position,
    Trade,
)
from daemon.paper.faults import Faults
from daemon.paper.matching import Book, Match
from daemon.paper.model import Side
from daemon.paper.reading import History, ReadRules, Received
from daemon.paper.refusal import OperatorError
from daemon.paper.units import ONE, ZERO, floor_to

COIN_STEP = Decimal("0.00000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Where the venues differ.

    `refuses_fok`, `refuses_post_only`: such an order is refused instead of ended after it was
    accepted. `ids_are_for_ever`: a client order id is never free again, else it is when its order
    has ended. `fee_coin_share`: what of a fee is asked where an account's fee coin pays it. `*_id`:
    client order ids of the exchange's own orders, with {ms}.
    """

    refuses_fok: bool
    refuses_post_only: bool
    ids_are_for_ever: bool
    fee_coin_share: Decimal = Decimal("0.75")
    liquidation_id: str = "autoclose-{ms}"
    adl_id: str = "adl_autoclose"


class Exchange:
    """Instruments, books, orders, fills and holdings, and the rules to change them."""

    def __init__(self, clock: Clock, chance: Chance, rules: Rules, fee_coin_px: Decimal) -> None:
        """`fee_coin_px`: quote coin for one unit of any account's fee coin."""
        self.fee_coin_px = fee_coin_px
        self.clock = clock
        self.chance = chance
        self.rules = rules
        self.faults = Faults(chance)
        self.reads = ReadRules()
        self.holdings = Holdings()
        self.accounts: dict[str, Account] = {}
        self.instruments: dict[str, Instrument] = {}
        self.books: dict[str, Book[Order]] = {}
        self.orders: dict[int, Order] = {}
        self.open_orders: defaultdict[str, dict[int, Order]] = defaultdict(dict)
        self.client_ids: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self.received: defaultdict[str, dict[str, Received]] = defaultdict(dict)
        self.fills: defaultdict[str, list[Fill]] = defaultdict(list)
        self.moves: defaultdict[str, list[AccountMoved]] = defaultdict(list)
        self.order_history: defaultdict[int, History[Order]] = defaultdict(History)
        self.observers: list[Callable[[Happening], None]] = []
        # A second run must never hand out the ids of the first.
        self.first_id = clock.wall_ns() // MILLI_NS
        self._last_order_id = self.first_id
        for house in HOUSE:
            self.accounts[house] = Account(name=house, unlimited=True)

    # Who and what there is

    def account(self, name: str) -> Account:
        """The member of that name."""
        if name not in self.accounts:
            raise OperatorError(f"no account {name!r}; there are {sorted(self.accounts)}")
        return self.accounts[name]

    def instrument(self, symbol: str) -> Instrument:
        """The instrument of that symbol."""
        if symbol not in self.instruments:
            raise OperatorError(f"no symbol {symbol!r}; there are {sorted(self.instruments)}")
        return self.instruments[symbol]

    def list_instrument(self, instrument: Instrument) -> None:
        """Open a book. Every symbol's trade ids begin at the same number, so that some collide."""
        if instrument.symbol in self.instruments:
            raise OperatorError(f"symbol {instrument.symbol!r} exists already")
        instrument.last_trade_id = self.first_id
        self.instruments[instrument.symbol] = instrument
        self.books[instrument.symbol] = Book()

    def add_account(self, account: Account) -> None:
        """Admit a member."""
        if account.name in self.accounts:
            raise OperatorError(f"account {account.name!r} exists already")
        self.accounts[account.name] = account

    def next_order_id(self) -> int:
        """A new order id, unique within this exchange."""
        self._last_order_id += 1
        return self._last_order_id

    # Balances

    def balance(self, account: str, coin: str) -> Balance:
        """A coin as it is now."""
        locked = locked_in(coin, self.open_orders[account].values(), self.instruments)
        return Balance(self.holdings.total(account, coin) - locked, locked)

    def balances(self, account: str) -> dict[str, Balance]:
        """All coins of an account as they are now."""
        return {coin: self.balance(account, coin) for coin in self.holdings.totals[account]}

    def mark_px(self, symbol: str) -> Decimal:
        """The mark price: as set, else the last trade, else the book's middle, else 0."""
        instrument = self.instruments[symbol]
        if instrument.mark_px is not None:
            return instrument.mark_px
        if instrument.last_px:
            return instrument.last_px
        bid, ask = (self.books[symbol].best(side) for side in (Side.BID, Side.ASK))
        return (bid + ask) / 2 if bid and ask else bid or ask or ZERO

    def unrealized(self, position: Position) -> Decimal:
        """Profit of a position at the mark price, quote coin."""
        sign = 1 if position.qty > ZERO else -1
        worth = abs(position.qty) * self.mark_px(position.symbol)
        return ((worth - position.cost) * sign).quantize(COIN_STEP) if position.qty else ZERO

    # Telling

    def emit(self, happening: Happening) -> None:
        """Tell every observer."""
        for observer in self.observers:
            observer(happening)

    def remember(self, order: Order, visible_ns: int | None = None) -> None:
        """Let readers see this state of an order, from visible_ns on or after the read lag."""
        if order.account in HOUSE:
            if not order.is_open:
                # Nobody reads the house's ended orders, and a long run makes millions of them.
                self.orders.pop(order.order_id, None)
            return
        if visible_ns is None:
            visible_ns = self.clock.wall_ns() + self._lag_ns(self.reads.order_lag_ms)
        kept = copy.copy(order)
        kept.labels = dict(order.labels)
        self.order_history[order.order_id].record(kept, visible_ns)

    def moved(
        self,
        account: str,
        cause: Cause,
        coins: tuple[str, ...],
        positions: tuple[Position, ...] = (),
        deltas: dict[str, Decimal] | None = None,
        symbol: str = "",
    ) -> None:
        """Remember and tell that balances or positions of a member changed."""
        if account in HOUSE:
            return
        now = self.clock.wall_ns()
        visible_ns = now + self._lag_ns(self.reads.position_lag_ms)
        self.holdings.balance_history[account].record(self.balances(account), visible_ns)
        for position in positions:
            key = (account, position.symbol, position.position_side)
            self.holdings.position_history[key].record(position, visible_ns)
        moved = AccountMoved(
            account=account,
            cause=cause,
            coins=tuple(dict.fromkeys(coins)),
            positions=tuple(copy.copy(position) for position in positions),
            deltas=deltas or {},
            time_ns=now,
            symbol=symbol,
        )
        if deltas:
            self.moves[account].append(moved)
        self.emit(moved)

    def level_changed(self, order: Order, price: Decimal) -> None:
        """Tell what is left at one price."""
        self.instruments[order.symbol].changes += 1
        self.emit(
            LevelChanged(
                symbol=order.symbol,
                is_bid=order.side is Side.BID,
                price=price,
                qty=self.books[order.symbol].qty_at(order.side, price),
                time_ns=self.clock.wall_ns(),
            )
        )

    def _lag_ns(self, bounds_ms: tuple[int, int]) -> int:
        return self.chance.between(*bounds_ms) * MILLI_NS

    # Orders in and out of the book

    def accept(self, order: Order) -> None:
        """Take an order in; nothing of it has traded."""
        self.orders[order.order_id] = order
        self.client_ids[order.account][order.client_order_id] = order.order_id
        self.remember(order)
        self.emit(OrderAccepted(order=copy.copy(order), time_ns=order.created_ns))

    def rest(self, order: Order) -> None:
        """Put an order's remainder on the book; what is behind it is locked from here on."""
        self.books[order.symbol].add(order)
        self.open_orders[order.account][order.order_id] = order
        self.level_changed(order, order.price)
        self.remember(order)
        self.lock_moved(order)

    def lock_moved(self, order: Order) -> None:
        """Tell that a resting spot order locks more or less than before."""
        instrument = self.instruments[order.symbol]
        if not instrument.is_contract:
            coin = instrument.quote if order.side is Side.BID else instrument.base
            self.moved(order.account, Cause.ORDER, (coin,))

    def unrest(self, order: Order) -> None:
        """Take an order off the book without ending it."""
        del self.open_orders[order.account][order.order_id]
        self.books[order.symbol].remove(order)
        self.level_changed(order, order.price)

    def end_resting(self, order: Order, ending: Ending, request_id: str = "") -> None:
        """End an order that is on the book."""
        self.unrest(order)
        self.end(order, ending, request_id)
        self.lock_moved(order)

    def end(self, order: Order, ending: Ending, request_id: str = "") -> None:
        """End an order that is on no book."""
        order.ending, order.updated_ns = ending, self.clock.wall_ns()
        order.remaining = ZERO
        self.remember(order)
        if order.account not in HOUSE:
            ended = OrderEnded(
                order=copy.copy(order), request_id=request_id, time_ns=order.updated_ns
            )
            self.emit(ended)

    # Trades

    def execute(self, taker: Order, match: Match[Order]) -> Trade:
        """Book one match: coins or contracts, fees and both fills."""
        maker = match.maker
        if maker.remaining == ZERO:
            self.open_orders[maker.account].pop(maker.order_id, None)
        self.level_changed(maker, match.price)
        trade = self.new_trade(taker, match.qty, match.price)
        for order in (maker, taker):
            self.book_half(order, trade, is_maker=order is maker)
        self.trim(maker)
        self.trim(taker)
        return trade

    def new_trade(self, taker: Order, qty: Decimal, price: Decimal, age_s: int = 0) -> Trade:
        """Number a trade; it is the last one of its instrument."""
        instrument = self.instruments[taker.symbol]
        instrument.last_trade_id += 1
        instrument.last_px = price
        return Trade(
            trade_id=instrument.last_trade_id,
            symbol=taker.symbol,
            price=price,
            qty=qty,
            taker_side=taker.side,
            time_ns=self.clock.wall_ns() - age_s * SECOND_NS,
        )

    def book_half(self, order: Order, trade: Trade, *, is_maker: bool) -> Fill:
        """Book one order's half of a trade and tell it."""
        fill, moved = self.half_of(order, trade, is_maker=is_maker)
        self.remember(order)
        if order.account not in HOUSE:
            self.fills[order.account].append(fill)
            self.emit(OrderFilled(order=copy.copy(order), fill=fill))
            instrument = self.instruments[order.symbol]
            coins = (instrument.quote, *(() if moved else (instrument.base,)), fill.fee_coin)
            self.moved(order.account, Cause.ORDER, coins, (moved,) if moved else ())
        return fill

    def half_of(
        self, order: Order, trade: Trade, *, is_maker: bool
    ) -> tuple[Fill, Position | None]:
        """Move coins or contracts, charge the fee, and add the fill to its order. Tells nobody."""
        instrument, holdings = self.instruments[order.symbol], self.holdings
        sign, worth = order.side.sign, trade.qty * trade.price
        fee, coin = self._fee(order, trade, is_maker=is_maker)
        realized, position = ZERO, None
        if instrument.is_contract:
            position = holdings.position(order.account, order.symbol, order.position_side)
            realized = position.move(sign * trade.qty, trade.price, COIN_STEP)
            position.updated_ns = trade.time_ns
            holdings.add(order.account, instrument.quote, realized)
        else:
            holdings.add(order.account, instrument.base, sign * trade.qty)
            holdings.add(order.account, instrument.quote, -sign * worth)
        holdings.add(order.account, coin, -fee)
        order.filled += trade.qty
        order.notional += worth
        order.updated_ns = trade.time_ns
        fill = Fill(
            trade_id=trade.trade_id,
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            account=order.account,
            symbol=order.symbol,
            side=order.side,
            position_side=order.position_side,
            price=trade.price,
            qty=trade.qty,
            fee=fee,
            fee_coin=coin,
            is_maker=is_maker,
            realized=realized,
            time_ns=trade.time_ns,
            visible_ns=trade.time_ns + self._lag_ns(self.reads.fill_lag_ms),
            origin=order.origin,
        )
        return fill, position

    def _fee(self, order: Order, trade: Trade, *, is_maker: bool) -> tuple[Decimal, str]:
        """Fee and its coin: the account's fee coin while it lasts, else what was received."""
        instrument, account = self.instruments[order.symbol], self.accounts[order.account]
        rate = instrument.maker_rate if is_maker else instrument.taker_rate
        if account.unlimited:
            return ZERO, instrument.quote
        worth = trade.qty * trade.price
        if account.fee_coin:
            share = self.rules.fee_coin_share if rate > ZERO else ONE
            fee = floor_to(worth * rate * share / self.fee_coin_px, COIN_STEP)
            if fee <= self.balance(account.name, account.fee_coin).free:
                return fee, account.fee_coin
        if order.side is Side.BID and not instrument.is_contract:
            return floor_to(trade.qty * rate, COIN_STEP), instrument.base
        return floor_to(worth * rate, COIN_STEP), instrument.quote

    def trim(self, order: Order) -> None:
        """End the youngest resting orders that could only close and are more than the position."""
        if not self.instruments[order.symbol].is_contract or order.account in HOUSE:
            return
        for side in Side:
            rows = [
                o
                for o in self.open_orders[order.account].values()
                if o.symbol == order.symbol
                and o.position_side is order.position_side
                and o.side is side
                and o.is_closing
            ]
            room = self.holdings.closable(rows[0]) if rows else ZERO
            for row in rows:
                if row.remaining > room:
                    self.end_resting(row, Ending.REDUCE_ONLY)
                else:
                    room -= row.remaining
