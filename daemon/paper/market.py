"""Kalshi's exchange as its other traders see it: unlimited cash, and the desk like anyone."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.desk import NewOrder, OrderDesk, Route
from daemon.paper.exchange import MAKERS, TAKERS, Exchange
from daemon.paper.model import MarketStatus, Order, Reason, SelfTrade, Side, TimeInForce
from daemon.paper.traders import OtherTraders


class Market:
    """The `Pit` of yes/no markets: prices in YES dollars, quantities in contracts."""

    def __init__(self, exchange: Exchange, desk: OrderDesk) -> None:
        self._exchange = exchange
        self._desk = desk

    def is_open(self, symbol: str) -> bool:
        """Active, before its close, and neither exchange nor trading paused."""
        market = self._exchange.market(symbol)
        shard = self._exchange.shards[market.exchange_index]
        is_active = market.status is MarketStatus.ACTIVE
        in_time = self._exchange.clock.wall_ns() < market.close_ns
        return is_active and in_time and shard.exchange_active and shard.trading_active

    def on_grid(self, symbol: str, price: Decimal) -> bool:
        """Whether a price may be quoted."""
        return self._exchange.market(symbol).on_grid(price)

    def step(self, symbol: str) -> Decimal:
        """The widest step of the market's grid."""
        return max(r.step for r in self._exchange.market(symbol).ranges)

    def resting(self, symbol: str, side: Side) -> list[Order]:
        """The makers' orders, best price first."""
        rows = self._exchange.books[symbol].orders()
        return [order for order in rows if order.owner == MAKERS and order.side is side]

    def send(self, symbol: str, side: Side, price: Decimal, qty: Decimal, *, rests: bool) -> Order:
        """A maker's GTC order or a taker's IoC one."""
        gtc, ioc = TimeInForce.GOOD_TILL_CANCELED, TimeInForce.IMMEDIATE_OR_CANCEL
        return self._desk.place(
            NewOrder(
                owner=MAKERS if rests else TAKERS,
                ticker=symbol,
                side=side,
                price=price,
                qty=qty,
                time_in_force=gtc if rests else ioc,
                self_trade=SelfTrade.MAKER,
            )
        )

    def shrink(self, order: Order, qty: Decimal) -> None:
        """Take `qty` off a resting order; all of it when that is more than it has."""
        if qty >= order.remaining:
            self._exchange.end_resting(order, Reason.DECREASE)
        else:
            route = Route(owner=MAKERS, order_id=order.order_id, ticker=order.ticker)
            self._desk.decrease(route, qty, None)


def other_traders(exchange: Exchange, desk: OrderDesk) -> OtherTraders[Order]:
    """Everyone on Kalshi's exchange who is not a member under test."""
    return OtherTraders(Market(exchange, desk), exchange.clock, exchange.chance)
