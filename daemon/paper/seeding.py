"""Starting positions, made by real trades against the house, off the book.

It goes round the order desk on purpose: the book must not move because a test begins.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal

from daemon.paper.clock import SECOND_NS
from daemon.paper.exchange import TAKERS, Exchange
from daemon.paper.model import Market, Order, OrderStatus, Owner, SelfTrade, Side, TimeInForce
from daemon.paper.refusal import OperatorError
from daemon.paper.units import MIN_COUNT, ONE, ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Signed contracts (minus is NO) at a YES price in dollars, bought `age_s` ago.

    `historical`: the position is there, but its order and fill are older than the archive and
    are listed nowhere.
    """

    owner: Owner
    ticker: str
    qty: Decimal
    price: Decimal
    age_s: int = 0
    historical: bool = False


def seed_position(exchange: Exchange, seed: Seed) -> None:
    """Give an owner a position, paid for in cash with the fee of a taker."""
    market = exchange.market(seed.ticker)
    exchange.account(seed.owner.account)
    if abs(seed.qty) < MIN_COUNT or not market.on_grid(seed.price):
        raise OperatorError(f"{seed.qty} contracts at {seed.price} cannot trade in {seed.ticker}")
    side = Side.BID if seed.qty > ZERO else Side.ASK
    worth = seed.price if side is Side.BID else ONE - seed.price
    free = exchange.available(seed.owner, market.exchange_index)
    if worth * abs(seed.qty) > free:
        raise OperatorError(f"{seed.owner.account} has {free} dollars, the position costs more")
    taker = _order(exchange, seed, market, seed.owner, side)
    maker = _order(exchange, seed, market, TAKERS, side.other)
    trade = exchange.new_trade(taker, abs(seed.qty), seed.price, seed.age_s)
    for order in (maker, taker):
        exchange.register(order)
        fill = exchange.half_of(order, trade, is_taker=order is taker)
        fill = dataclasses.replace(fill, visible_ns=0, hidden=seed.historical)
        exchange.fills[fill.owner.account].append(fill)
        if not seed.historical:
            exchange.remember_order(order, 0)
        exchange.remember_position(exchange.ledger.position(order.owner, market), 0)


def _order(exchange: Exchange, seed: Seed, market: Market, owner: Owner, side: Side) -> Order:
    then = exchange.clock.wall_ns() - seed.age_s * SECOND_NS
    order_id = exchange.chance.new_id()
    return Order(
        order_id=order_id,
        owner=owner,
        client_order_id=f"seed-{order_id}",
        ticker=market.ticker,
        exchange_index=market.exchange_index,
        side=side,
        price=seed.price,
        initial=abs(seed.qty),
        remaining=ZERO,
        time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL,
        self_trade=SelfTrade.TAKER_AT_CROSS,
        status=OrderStatus.EXECUTED,
        created_ns=then,
        updated_ns=then,
    )
