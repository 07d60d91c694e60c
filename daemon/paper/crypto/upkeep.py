"""What the exchange does by itself, or when its operator says so: cash, funding, forced closes.

It goes round the order desk on purpose: filters, funds and the book do not bind the exchange.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from daemon.paper.clock import MILLI_NS, SECOND_NS
from daemon.paper.crypto.exchange import COIN_STEP, Exchange
from daemon.paper.crypto.happenings import Cause, SettingsChanged
from daemon.paper.crypto.model import (
    HOUSE_TAKERS,
    Ending,
    Order,
    OrdType,
    Origin,
    Phase,
    PositionSide,
    TimeInForce,
)
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.matching import Match
from daemon.paper.model import Side
from daemon.paper.refusal import OperatorError
from daemon.paper.units import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A holding from an old trade: signed base coin or contracts at a price, `age_s` ago."""

    account: str
    symbol: str
    qty: Decimal
    price: Decimal
    position_side: PositionSide = PositionSide.BOTH
    age_s: int = 0


class Upkeep:
    """Moves money and positions without an order of a member."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def deposit(self, account: str, coin: str, qty: Decimal) -> None:
        """Add coins; a minus takes away. Members are told."""
        self._exchange.account(account)
        self._exchange.holdings.add(account, coin, qty)
        cause = Cause.DEPOSIT if qty >= ZERO else Cause.WITHDRAWAL
        self._exchange.moved(account, cause, (coin,), deltas={coin: qty})

    def pay_funding(self, symbol: str, rate: Decimal) -> int:
        """Longs pay shorts `rate` of their worth at the mark price; says how many accounts."""
        instrument = self._exchange.instrument(symbol)
        if not instrument.is_contract:
            raise OperatorError(f"{symbol} is no contract, it has no funding")
        paid: dict[str, Decimal] = {}
        for position in self._exchange.holdings.positions.values():
            if position.symbol == symbol and position.qty:
                worth = position.qty * self._exchange.mark_px(symbol)
                paid[position.account] = paid.get(position.account, ZERO) - worth * rate
        for account, change in paid.items():
            exact = change.quantize(COIN_STEP)
            self._exchange.holdings.add(account, instrument.quote, exact)
            coin = instrument.quote
            deltas = {coin: exact}
            self._exchange.moved(account, Cause.FUNDING, (coin,), deltas=deltas, symbol=symbol)
        return len(paid)

    def set_phase(self, symbol: str, phase: Phase) -> None:
        """Halt an instrument, resume it, or let it only be closed. Resting orders stay."""
        self._exchange.instrument(symbol).phase = phase

    def set_mode(self, account: str, *, hedge_mode: bool) -> None:
        """One-way or hedge; refused while there are positions or open orders."""
        member = self._exchange.account(account)
        is_used = any(p.qty for p in self._exchange.holdings.of(account))
        if is_used or self._exchange.open_orders[account]:
            raise CoinRefusalError(Why.MODE_IN_USE)
        if member.hedge_mode is hedge_mode:
            raise CoinRefusalError(Why.NO_CHANGE)
        member.hedge_mode = hedge_mode

    def set_leverage(self, account: str, symbol: str, leverage: int) -> None:
        """The account's leverage, told for one symbol."""
        self._exchange.account(account).leverage = leverage
        self._exchange.emit(
            SettingsChanged(
                account=account,
                symbol=symbol,
                leverage=leverage,
                time_ns=self._exchange.clock.wall_ns(),
            )
        )

    def force_close(
        self,
        account: str,
        symbol: str,
        position_side: PositionSide,
        origin: Origin,
        price: Decimal,
        qty: Decimal | None = None,
    ) -> Order:
        """Close a position, or `qty` of it, by an order of the exchange at `price`.

        A liquidation first ends what the account has on the book of that symbol.
        """
        held = self._exchange.holdings.held(account, symbol, position_side)
        if held == ZERO:
            raise OperatorError(f"{account} has no {position_side} position in {symbol}")
        if origin is Origin.LIQUIDATION:
            for row in list(self._exchange.open_orders[account].values()):
                if row.symbol == symbol:
                    self._exchange.end_resting(row, Ending.LIQUIDATED)
        order = self._order(
            account, symbol, Side.ASK if held > ZERO else Side.BID, min(qty or abs(held), abs(held))
        )
        order.position_side, order.origin = position_side, origin
        order.client_order_id = self._forced_id(origin)
        order.price = order.limit_px = price
        order.reduce_only = position_side is PositionSide.BOTH
        self._exchange.accept(order)
        self._meet_the_house(order)
        return order

    def fill_rest(self, order: Order) -> None:
        """Somebody takes all that is left of a resting order, past whatever is before it."""
        self._exchange.books[order.symbol].remove(order)
        self._meet_the_house(order)

    def seed(self, seed: Seed) -> None:
        """Give an account a holding, paid for with the fee of a taker; nobody is told."""
        instrument = self._exchange.instrument(seed.symbol)
        self._exchange.account(seed.account)
        side = Side.BID if seed.qty > ZERO else Side.ASK
        if seed.qty == ZERO or not instrument.on_grid(seed.price):
            raise OperatorError(f"{seed.qty} at {seed.price} cannot trade in {seed.symbol}")
        then = self._exchange.clock.wall_ns() - seed.age_s * SECOND_NS
        order = self._order(seed.account, seed.symbol, side, abs(seed.qty))
        order.created_ns, order.position_side = then, seed.position_side
        order.price = order.limit_px = seed.price
        order.client_order_id = f"seed-{order.order_id}"
        self._exchange.orders[order.order_id] = order
        trade = self._exchange.new_trade(order, order.qty, seed.price, seed.age_s)
        order.remaining = ZERO
        fill, position = self._exchange.half_of(order, trade, is_maker=False)
        self._exchange.fills[seed.account].append(fill)
        self._exchange.remember(order, then)
        if position is not None:
            key = (position.account, position.symbol, position.position_side)
            self._exchange.holdings.position_history[key].record(position, then)
        balances = self._exchange.balances(seed.account)
        self._exchange.holdings.balance_history[seed.account].record(balances, 0)

    def _forced_id(self, origin: Origin) -> str:
        rules, now = self._exchange.rules, self._exchange.clock.wall_ns()
        text = rules.liquidation_id if origin is Origin.LIQUIDATION else rules.adl_id
        return text.format(ms=now // MILLI_NS)

    def _meet_the_house(self, order: Order) -> None:
        """Trade all that is left of an order that is on no book, at its own price."""
        qty = order.remaining
        taker = self._order(HOUSE_TAKERS, order.symbol, order.side.other, qty)
        taker.price = order.price
        order.remaining = taker.remaining = ZERO
        is_own = order.origin is not Origin.MEMBER
        first, second = (taker, order) if is_own else (order, taker)
        self._exchange.execute(second, Match(first, qty, order.price))

    def _order(self, account: str, symbol: str, side: Side, qty: Decimal) -> Order:
        now, number = self._exchange.clock.wall_ns(), self._exchange.next_order_id()
        return Order(
            order_id=number,
            account=account,
            client_order_id=f"house-{number}",
            symbol=symbol,
            side=side,
            ord_type=OrdType.LIMIT,
            time_in_force=TimeInForce.IOC,
            price=ZERO,
            limit_px=None,
            qty=qty,
            remaining=qty,
            created_ns=now,
            updated_ns=now,
        )
