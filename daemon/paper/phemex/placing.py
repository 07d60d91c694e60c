"""Writes of both markets: place, cancel, amend. They translate for the order desk.

The answer to a placing is an acknowledgement and says nothing of fills; the answer to a cancel
still shows the order at work.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal

from daemon.paper.crypto.desk import NewOrder
from daemon.paper.crypto.model import Ending, Order
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.faults import FaultKind
from daemon.paper.phemex.calls import Call
from daemon.paper.phemex.errors import (
    CANCELED,
    CANNOT_REPLACE,
    REFUSALS,
    ApiError,
    no_order,
    refusal,
)
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.words import CODE_LABEL, Json
from daemon.paper.units import ONE

AnswerView = Callable[[Market, Order, str], Json]
"""An order as an answer shows it, with its execStatus."""


def place(call: Call, make: Callable[[Call], NewOrder], view: AnswerView) -> Json:
    """Place an order; the oracle is told that its client id came in, and what was said."""
    received = call.note()
    try:
        new = make(call)
        order = _placed(call, new)
    except ApiError as error:
        received.answers[str(error.code)] += 1
        raise
    rejected = CODE_LABEL in order.labels
    received.answers[order.labels.get(CODE_LABEL, "created")] += 1
    said = view(call.market, order, "CreateRejected" if rejected else "PendingNew")
    if rejected and call.market.config.refusals == "data":
        return said | {"bizError": int(order.labels[CODE_LABEL]), "ordStatus": "Rejected"}
    return said


def _placed(call: Call, new: NewOrder) -> Order:
    try:
        return call.market.venue.orders.place(new)
    except CoinRefusalError as refused:
        error = refusal(refused.why, new.side, is_contract=call.market.venue.is_contract)
        is_late = error.is_engine and refused.why is not Why.DUPLICATE_ID
        if call.market.config.refusals == "answer" or not is_late:
            raise error from refused
    return _rejected(call, new, error.code)


def _rejected(call: Call, new: NewOrder, code: int) -> Order:
    """An order that the trading engine rejects after the gateway has given it an id."""
    exchange = call.exchange
    now = exchange.clock.wall_ns()
    order = Order(
        order_id=exchange.next_order_id(),
        account=new.account,
        client_order_id=new.client_order_id,
        symbol=new.symbol,
        side=new.side,
        ord_type=new.ord_type,
        time_in_force=new.time_in_force,
        price=new.price or ONE,
        limit_px=new.price,
        qty=new.qty,
        remaining=new.qty,
        created_ns=now,
        updated_ns=now,
        quote_qty=new.quote_qty,
        position_side=new.position_side,
        post_only=new.post_only,
        reduce_only=new.reduce_only,
        labels={**new.labels, CODE_LABEL: str(code)},
    )
    if call.market.config.refusals == "stream":
        exchange.orders[order.order_id] = order
        exchange.client_ids[order.account][order.client_order_id] = order.order_id
        exchange.end(order, Ending.EXCHANGE)
    return order


def cancel(call: Call, view: AnswerView) -> Json:
    """End the order that is named."""
    order = call.live_order()
    if order is None:
        raise no_order()
    return cancel_one(call, order, view)


def cancel_one(call: Call, order: Order, view: AnswerView) -> Json:
    """End an order that is on the book.

    CANCEL_RACE: its last fill comes first; the cancel is refused, or, where the fault's `code` is
    `accepted`, acknowledged and then without effect.
    """
    before = copy.copy(order)
    race = None
    if order.is_open:
        race = call.exchange.faults.take(FaultKind.CANCEL_RACE, call.where)
    if race:
        call.market.venue.upkeep.fill_rest(order)
    if not (race and race.code == "accepted"):
        if not order.is_open:
            raise ApiError(*(CANCELED if order.ending else REFUSALS[Why.NOT_OPEN]))
        call.market.venue.orders.cancel(order)
    return view(call.market, before, "PendingCancel")


def cancel_all(call: Call, view: AnswerView) -> int:
    """End all open orders of a symbol; says how many."""
    symbol = call.instrument().symbol
    rows = [o for o in call.exchange.open_orders[call.account].values() if o.symbol == symbol]
    for order in rows:
        cancel_one(call, order, view)
    return len(rows)


def amend(
    call: Call, view: AnswerView, terms: Callable[[Call, Order], tuple[Decimal, Decimal]]
) -> Json:
    """New quantity and price for a resting order."""
    order = call.live_order()
    if order is None:
        raise no_order()
    if not order.is_open:
        raise ApiError(*CANNOT_REPLACE)
    qty, price = terms(call, order)
    try:
        call.market.venue.orders.amend(order, qty, price)
    except CoinRefusalError as refused:
        is_contract = call.market.venue.is_contract
        raise refusal(refused.why, order.side, is_contract=is_contract) from refused
    return view(call.market, order, "PendingReplace")
