"""The coin exchange as its other traders see it."""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.crypto.desk import NewOrder, OrderDesk
from daemon.paper.crypto.exchange import Exchange
from daemon.paper.crypto.model import (
    HOUSE_MAKERS,
    HOUSE_TAKERS,
    Ending,
    Order,
    OrdType,
    Phase,
    TimeInForce,
)
from daemon.paper.model import OwnCross, Side
from daemon.paper.traders import OtherTraders


class CoinPit:
    """The `Pit` of coins: prices in quote coin, quantities in base coin."""

    def __init__(self, exchange: Exchange, desk: OrderDesk) -> None:
        self._exchange = exchange
        self._desk = desk

    def is_open(self, symbol: str) -> bool:
        """Not halted. The others need no position, so NO_OPENING does not stop them."""
        return self._exchange.instrument(symbol).phase is not Phase.HALTED

    def on_grid(self, symbol: str, price: Decimal) -> bool:
        """Whether a price is a multiple of the tick."""
        return self._exchange.instrument(symbol).on_grid(price)

    def step(self, symbol: str) -> Decimal:
        """The tick."""
        return self._exchange.instrument(symbol).tick

    def resting(self, symbol: str, side: Side) -> list[Order]:
        """The makers' orders, best price first."""
        rows = self._exchange.books[symbol].orders()
        return [order for order in rows if order.account == HOUSE_MAKERS and order.side is side]

    def send(self, symbol: str, side: Side, price: Decimal, qty: Decimal, *, rests: bool) -> Order:
        """A maker's GTC order or a taker's IoC one."""
        return self._desk.place(
            NewOrder(
                account=HOUSE_MAKERS if rests else HOUSE_TAKERS,
                symbol=symbol,
                side=side,
                ord_type=OrdType.LIMIT,
                client_order_id="",
                qty=qty,
                price=price,
                time_in_force=TimeInForce.GTC if rests else TimeInForce.IOC,
                own_cross=OwnCross.CANCEL_MAKER,
            )
        )

    def shrink(self, order: Order, qty: Decimal) -> None:
        """Take `qty` off a resting order; all of it when that is more than it has."""
        if qty >= order.remaining:
            self._exchange.end_resting(order, Ending.MEMBER)
            return
        order.remaining -= qty
        order.qty -= qty
        self._exchange.level_changed(order, order.price)


def other_traders(exchange: Exchange, desk: OrderDesk) -> OtherTraders[Order]:
    """Everyone on a coin exchange who is not a member under test."""
    return OtherTraders(CoinPit(exchange, desk), exchange.clock, exchange.chance)
