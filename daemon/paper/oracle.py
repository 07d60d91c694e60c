"""The truth, for tests to compare with: every position, fill, order and cent, without lag or fault.

Read-only. It answers from the exchange's own state, never from what was sent to a client.
"""

from __future__ import annotations

from decimal import Decimal

from daemon.paper.exchange import Exchange
from daemon.paper.ledger import Position, Settlement
from daemon.paper.model import Fill, Order, Owner
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
    """Everything about one account."""
    positions = [p for (owner, _), p in exchange.ledger.positions.items() if owner.account == name]
    orders = [o for o in exchange.orders.values() if o.owner.account == name]
    paid = [s for s in exchange.ledger.settlements if s.owner.account == name]
    return {
        "positions": [_position(p) for p in positions],
        "fills": [_fill(f) for f in exchange.fills[name]],
        "orders": [_order(o) for o in orders],
        "settlements": [_settlement(s) for s in paid],
        "cash": _cash(exchange, name),
        "cash_total": plain(sum(_cash_parts(exchange, name).values(), ZERO)),
        "realized_pnl": plain(sum((p.realized for p in positions), ZERO)),
        "fees_paid": plain(sum((p.fees for p in positions), ZERO)),
        "max_short": plain(max((p.max_short for p in positions), default=ZERO)),
        "client_order_ids": {
            client_id: _received(got) for client_id, got in exchange.received[name].items()
        },
    }


def plain(value: Decimal) -> str:
    """A number as it is, without an exponent."""
    return f"{value:f}"


def _cash_parts(exchange: Exchange, name: str) -> dict[tuple[Owner, int], Decimal]:
    return {key: cash for key, cash in exchange.ledger.cash.items() if key[0].account == name}


def _cash(exchange: Exchange, name: str) -> list[View]:
    return [
        {
            "subaccount": owner.subaccount,
            "exchange_index": shard,
            "cash": plain(cash),
            "reserved": plain(exchange.reserved(owner, shard)),
        }
        for (owner, shard), cash in sorted(_cash_parts(exchange, name).items())
    ]


def _position(position: Position) -> View:
    return {
        "subaccount": position.owner.subaccount,
        "ticker": position.ticker,
        "exchange_index": position.exchange_index,
        "qty": plain(position.qty),
        "cost": plain(position.cost),
        "realized_pnl": plain(position.realized),
        "fees": plain(position.fees),
        "lowest": plain(position.lowest),
        "highest": plain(position.highest),
        "max_short": plain(position.max_short),
        "crossings": [
            {
                "ts_ms": millis(ns),
                "order_id": order_id,
                "before": plain(a),
                "after": plain(b),
            }
            for ns, order_id, a, b in position.crossings
        ],
        "is_settled": position.is_settled,
    }


def _fill(fill: Fill) -> View:
    return {
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "client_order_id": fill.client_order_id,
        "subaccount": fill.owner.subaccount,
        "ticker": fill.ticker,
        "exchange_index": fill.exchange_index,
        "side": fill.side.value,
        "qty": plain(fill.qty),
        "yes_price": plain(fill.price),
        "fee": plain(fill.fee),
        "is_taker": fill.is_taker,
        "ts_ms": millis(fill.time_ns),
        "post_position": plain(fill.post_position),
        "historical": fill.hidden,
    }


def _order(order: Order) -> View:
    return {
        "order_id": order.order_id,
        "client_order_id": order.client_order_id,
        "subaccount": order.owner.subaccount,
        "ticker": order.ticker,
        "side": order.side.value,
        "price": plain(order.price),
        "time_in_force": order.time_in_force.value,
        "reduce_only": order.reduce_only,
        "status": order.status.value,
        "reason": None if order.reason is None else order.reason.value,
        "initial": plain(order.initial),
        "filled": plain(order.filled),
        "remaining": plain(order.remaining),
        "fees": plain(order.fees),
        "created_ms": millis(order.created_ns),
        "updated_ms": millis(order.updated_ns),
    }


def _settlement(paid: Settlement) -> View:
    return {
        "subaccount": paid.owner.subaccount,
        "ticker": paid.ticker,
        "result": paid.result,
        "qty": plain(paid.qty),
        "cost": plain(paid.cost),
        "payout": plain(paid.payout),
        "revenue": paid.revenue,
        "value": paid.value,
        "fees": plain(paid.fees),
        "ts_ms": millis(paid.time_ns),
    }


def _received(got: Received) -> View:
    return {
        "times": got.times,
        "identical": len(got.bodies) <= 1,
        "first_ms": millis(got.first_ns),
        "answers": dict(got.answers),
    }
