"""An order's own fills, and sums over them: fees by coin, realized profit. Pure but for reading."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from daemon.paper.crypto.exchange import Exchange
from daemon.paper.crypto.model import Fill, Order
from daemon.paper.units import ZERO


def fills_of(exchange: Exchange, order: Order) -> list[Fill]:
    """The fills that made an order what this state of it says."""
    found: list[Fill] = []
    total = ZERO
    for fill in exchange.fills[order.account]:
        if total >= order.filled:
            break
        if fill.order_id == order.order_id:
            found.append(fill)
            total += fill.qty
    return found


def fees(fills: Iterable[Fill]) -> dict[str, Decimal]:
    """What was paid, by coin."""
    sums: dict[str, Decimal] = {}
    for fill in fills:
        sums[fill.fee_coin] = sums.get(fill.fee_coin, ZERO) + fill.fee
    return sums


def profit(fills: Iterable[Fill]) -> Decimal:
    """What they realized, quote coin, fees aside."""
    return sum((fill.realized for fill in fills), ZERO)
