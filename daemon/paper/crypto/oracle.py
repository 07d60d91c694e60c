"""The truth, for tests to compare with: every coin, position, fill and order, without lag or fault.

Read-only. It answers from the exchange's own state, never from what was sent to a client.
"""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.crypto.exchange import Exchange
from daemon.paper.crypto.happenings import AccountMoved, Cause
from daemon.paper.crypto.model import Fill, Order, Position
from daemon.paper.reading import Received
from daemon.paper.units import ZERO, millis

View = dict[str, object]


def truth(exchange: Exchange) -> View:
    """Everything about every account."""
    return {
        "time_ms": millis(exchange.clock.wall_ns()),
        "accounts": {name: account_truth(exchange, name) for name in exchange.accounts},
    }


def account_truth(exchange: Exchange, name: str) -> View:
    """Everything about one account. Fees and funding (by symbol): + paid. Times: ms UTC."""
    exchange.account(name)
    orders = [o for o in exchange.orders.values() if o.account == name]
    return {
        "hedge_mode": exchange.accounts[name].hedge_mode,
        "balances": {
            coin: {
                "total": plain(exchange.holdings.total(name, coin)),
                "free": plain(balance.free),
                "locked": plain(balance.locked),
            }
            for coin, balance in exchange.balances(name).items()
        },
        "positions": [_position(exchange, p) for p in exchange.holdings.of(name)],
        "fills": [_fill(f) for f in exchange.fills[name]],
        "orders": [order_truth(o) for o in orders],
        "cash_moves": [_move(m) for m in exchange.moves[name]],
        "funding": _funding(exchange.moves[name]),
        "client_order_ids": {
            client_id: _received(got) for client_id, got in exchange.received[name].items()
        },
    }


def plain(value: Decimal) -> str:
    """A number as it is, without an exponent and without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _position(exchange: Exchange, position: Position) -> View:
    return {
        "symbol": position.symbol,
        "position_side": position.position_side.value,
        "qty": plain(position.qty),
        "entry_px": plain(position.entry_px),
        "realized": plain(position.realized),
        "unrealized": plain(exchange.unrealized(position)),
        "lowest": plain(position.lowest),
        "highest": plain(position.highest),
    }


def _fill(fill: Fill) -> View:
    return {
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "client_order_id": fill.client_order_id,
        "symbol": fill.symbol,
        "side": fill.side.value,
        "position_side": fill.position_side.value,
        "price": plain(fill.price),
        "qty": plain(fill.qty),
        "fee": plain(fill.fee),
        "fee_coin": fill.fee_coin,
        "is_maker": fill.is_maker,
        "realized": plain(fill.realized),
        "origin": fill.origin.value,
        "time_ms": millis(fill.time_ns),
    }


def order_truth(order: Order) -> View:
    """One order."""
    return {
        "order_id": order.order_id,
        "client_order_id": order.client_order_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "position_side": order.position_side.value,
        "type": order.ord_type.value,
        "time_in_force": order.time_in_force.value,
        "price": None if order.limit_px is None else plain(order.limit_px),
        "reduce_only": order.reduce_only,
        "origin": order.origin.value,
        "status": order.status.value,
        "ending": None if order.ending is None else order.ending.value,
        "qty": plain(order.qty),
        "filled": plain(order.filled),
        "remaining": plain(order.remaining),
        "created_ms": millis(order.created_ns),
        "updated_ms": millis(order.updated_ns),
    }


def _move(move: AccountMoved) -> View:
    return {
        "cause": move.cause.value,
        "deltas": {coin: plain(delta) for coin, delta in move.deltas.items()},
        "time_ms": millis(move.time_ns),
    }


def _funding(moves: list[AccountMoved]) -> dict[str, dict[str, str]]:
    paid: dict[str, dict[str, Decimal]] = {}
    for move in moves:
        if move.cause is Cause.FUNDING:
            sums = paid.setdefault(move.symbol, {})
            for coin, delta in move.deltas.items():
                sums[coin] = sums.get(coin, ZERO) - delta
    return {
        symbol: {coin: plain(total) for coin, total in sums.items()}
        for symbol, sums in paid.items()
    }


def _received(got: Received) -> View:
    return {
        "times": got.times,
        "identical": len(got.bodies) <= 1,
        "first_ms": millis(got.first_ns),
        "answers": dict(got.answers),
    }
