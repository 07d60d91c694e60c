"""Trades: one order of ours for no exit, asked for by a person or a program.

Each attempt is for what the earlier ones surely left, and only once they are proven dead; whoever
asked decides whether there is a next one. Together with exits never more is at risk than is held.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from daemon.core.commands import NoticeKind, PlaceOrder
from daemon.core.decisions import RefuseTrade
from daemon.core.desk import Desk
from daemon.core.events import MarketPhase
from daemon.core.exits import bound_px
from daemon.core.fold_trades import key_of, timeout_of
from daemon.core.instrument import Instrument
from daemon.core.order import Order
from daemon.core.position import Position
from daemon.core.pursuit import at_risk_qty, orders_a_minute
from daemon.core.requests import TradeRequested
from daemon.core.rules import AccountPolicy
from daemon.core.terms import (
    ONE,
    ZERO,
    OrdType,
    RejectReason,
    Side,
    TimeInForce,
    proper,
    trade_order_id,
)
from daemon.core.trade import Trade, TradeAttempt

# Of the orders a minute that the account may send, trades leave this share to exits.
_KEPT_FOR_EXITS = Decimal("0.3")


class _Why(NamedTuple):
    """Why an attempt leads to no order."""

    reason: RejectReason
    text: str


class _Plan(NamedTuple):
    """What an attempt sends: `limit_px` None at market, `priced_px` what it is reckoned at."""

    qty: Decimal
    ord_type: OrdType
    limit_px: Decimal | None
    time_in_force: TimeInForce
    priced_px: Decimal


def on_trade(desk: Desk, event: TradeRequested, *, news: bool) -> None:
    """Place the attempt's order, or say why there is none; what was known already does nothing."""
    position = desk.book.positions[key_of(event)] if news else None
    trade = None if position is None else position.trade_named(event.token)
    if position is None or trade is None:
        return
    attempt = trade.attempts[-1]
    plan = _refused_here(desk, position, event) or _planned(desk, event, position, trade)
    if isinstance(plan, _Why):
        desk.emit(
            RefuseTrade(
                key=position.key,
                trade_no=trade.trade_no,
                attempt=attempt.attempt,
                reason=plan.reason,
                text=plan.text,
            )
        )
        text = f"trade {trade.token} of {position.key.symbol} refused: {plan.text}"
        desk.tell(NoticeKind.TRADE_REFUSED, text, position.key)
        return
    _place(desk, position, trade, attempt, plan)


def _refused_here(desk: Desk, position: Position, event: TradeRequested) -> _Why | None:
    """What stands against any order now: this process, the operator, the venue, the market."""
    key = position.key
    state, market = desk.book.account(key.account, key.venue), desk.market(key)
    halted = f"halted: {state.halt_text or 'by the operator'}; filld resume first"
    off = f"live orders are off for {key.venue}: place_live_orders turns them on"
    active = market is not None and market.phase is MarketPhase.ACTIVE
    phase = "" if market is None else market.phase.value
    against = (
        (desk.memory.stopping, RejectReason.STOPPED, "this process is stopping"),
        (state.halted, RejectReason.HALTED, halted),
        (not state.live, RejectReason.NOT_LIVE, off),
        (state.paused, RejectReason.EXCHANGE_PAUSED, "trading on the venue is paused"),
        (event.refusal is not None, event.refusal or RejectReason.NOT_FOUND, event.text),
        (market is None, RejectReason.NOT_FOUND, f"the terms of {key.symbol} are not known"),
        (not active, RejectReason.MARKET_INACTIVE, f"the market is {phase}"),
    )
    return next((_Why(reason, text) for holds, reason, text in against if holds), None)


def _planned(desk: Desk, event: TradeRequested, position: Position, trade: Trade) -> _Plan | _Why:
    """What the attempt sends, or what of it the market, the position or a limit forbids."""
    market = desk.market(position.key)
    assert market is not None
    terms, policy = market.instrument, desk.book.policy(event.account, event.venue)
    left = _left(desk, trade)
    if isinstance(left, _Why):
        return left
    plan = _priced(event, terms, policy, left)
    if isinstance(plan, _Why):
        return plan
    return (
        _off_terms(terms, plan)
        or _oversells(desk, event, position, plan)
        or _exceeds(desk, policy, terms, plan)
        or plan
    )


def _left(desk: Desk, trade: Trade) -> Decimal | _Why:
    """What earlier attempts left to fill: known only once each of their orders is dead."""
    left = trade.terms.order_qty
    for order_id in trade.order_ids:
        order = desk.book.orders.get(order_id)
        if order is None or not order.dead:  # one that the book forgot may have filled anything
            return _Why(RejectReason.IN_DOUBT, f"{order_id} is not proven dead")
        left -= order.cum_qty + order.inferred_qty
    if left <= ZERO:
        return _Why(RejectReason.INVALID_ORDER, "nothing is left to trade")
    return left


def _priced(
    event: TradeRequested, terms: Instrument, policy: AccountPolicy, qty: Decimal
) -> _Plan | _Why:
    """The kind of order: MARKET where the venue takes one, else IoC within the slippage bound."""
    if (event.ord_type is OrdType.LIMIT) is not (event.limit_px is not None):
        text = "limit_px: accepted: a price for a limit order, none for a market order"
        return _Why(RejectReason.INVALID_ORDER, text)
    if event.limit_px is not None:
        return _Plan(qty, OrdType.LIMIT, event.limit_px, event.time_in_force, event.limit_px)
    quote = event.quote
    px = None if quote is None else quote.ask_px if event.side is Side.BUY else quote.bid_px
    if px is None:
        return _Why(RejectReason.NO_LIQUIDITY, f"no live price to {event.side.value} at")
    if event.side in policy.market_sides:
        return _Plan(qty, OrdType.MARKET, None, TimeInForce.IOC, px)
    bound = bound_px(px, policy.exits, event.side, terms)
    return _Plan(qty, OrdType.LIMIT, bound, TimeInForce.IOC, bound)


def _off_terms(terms: Instrument, plan: _Plan) -> _Why | None:
    """The venue would refuse it: its grid, lot, least and most."""
    qty, at_market = plan.qty, plan.ord_type is OrdType.MARKET
    most = terms.max_market_qty if at_market else terms.max_qty
    text = None
    if not qty.is_finite() or qty <= ZERO or terms.sellable_qty(qty) != qty:
        text = f"order_qty {proper(qty)}: accepted: whole lots of {proper(terms.lot_qty)}"
    elif qty < terms.min_qty:
        text = f"order_qty {proper(qty)} is below the least, {proper(terms.min_qty)}"
    elif most is not None and qty > most:
        text = f"order_qty {proper(qty)} is above the most of one order, {proper(most)}"
    elif qty * plan.priced_px * terms.multiplier < terms.min_notional:
        text = f"{proper(qty)} at {proper(plan.priced_px)} is below the least notional, "
        text += proper(terms.min_notional)
    elif plan.limit_px is not None and not _on_grid(terms, plan.limit_px):
        low, high = proper(terms.lowest_px), proper(terms.highest_px)
        tick = proper(terms.tick_at(plan.limit_px))
        text = f"limit_px {proper(plan.limit_px)}: accepted: {low} to {high} in steps of {tick}"
    return None if text is None else _Why(RejectReason.INVALID_ORDER, text)


def _on_grid(terms: Instrument, limit_px: Decimal) -> bool:
    return limit_px.is_finite() and all(terms.limit_px(limit_px, side) == limit_px for side in Side)


def _oversells(desk: Desk, event: TradeRequested, position: Position, plan: _Plan) -> _Why | None:
    """Whether it, with all else that reduces, might reduce by more than is held.

    Where nothing of ours is at work and nothing is missing, one that is not `reduce_only` may
    cross zero: that is what was asked for.
    """
    if position.reducing(event.side):
        return _reduces_too_much(desk, event, position, plan)
    if event.reduce_only:
        return _too_much(position, plan, ZERO)
    if position.mismatch is not None:  # what looks like opening may be reducing
        text = "the venue shows another position than the book, which is looked into"
        return _Why(RejectReason.IN_DOUBT, text)
    return None


def _reduces_too_much(
    desk: Desk, event: TradeRequested, position: Position, plan: _Plan
) -> _Why | None:
    key, rests = position.key, plan.time_in_force is TimeInForce.GTC
    if not position.verified:
        text = "no read of the venue has agreed with the position yet"
        return _Why(RejectReason.IN_DOUBT, text)
    if rests and key in desk.book.exits:
        text = f"an exit of {key.symbol} is open: nothing may rest in its way"
        return _Why(RejectReason.NO_POSITION, text)
    taken = at_risk_qty(position, desk.book.undead(key)) + position.missing_qty
    if not event.reduce_only and not taken:
        return None
    if event.reduce_only and rests:
        taken += desk.book.strangers_reducing_qty(position)
    free = max(position.held_qty - taken, ZERO)
    return _too_much(position, plan, free) if plan.qty > free else None


def _too_much(position: Position, plan: _Plan, free: Decimal) -> _Why:
    text = (
        f"{proper(plan.qty)} is more than the {proper(free)} of {proper(position.qty)}"
        f" {position.key.symbol} that nothing else may still reduce"
    )
    return _Why(RejectReason.NO_POSITION, text)


def _exceeds(desk: Desk, policy: AccountPolicy, terms: Instrument, plan: _Plan) -> _Why | None:
    """The account's limits. A trade beyond them is refused; it halts no exits."""
    limit, notional = policy.max_trade_notional, plan.qty * plan.priced_px * terms.multiplier
    if limit is not None and notional > limit:
        text = f"{proper(notional)} exceeds max_trade_notional {proper(limit)}"
        return _Why(RejectReason.LIMIT_EXCEEDED, text)
    recent = orders_a_minute(desk, policy.account, policy.venue)
    if recent >= policy.max_orders_per_minute * (ONE - _KEPT_FOR_EXITS):
        text = f"{recent} orders in a minute: the rest of max_orders_per_minute is for exits"
        return _Why(RejectReason.RATE_LIMIT, text)
    return None


def _place(
    desk: Desk, position: Position, trade: Trade, attempt: TradeAttempt, plan: _Plan
) -> None:
    key, market = position.key, desk.market(position.key)
    number = (trade.trade_no, attempt.attempt)
    order_id = trade_order_id(desk.book.journal_id, key, *number)
    if not desk.book.account(key.account, key.venue).live_orders_placed:
        text = f"first live order on {key.venue} for account {key.account}: {order_id}"
        desk.tell(NoticeKind.FIRST_LIVE_ORDER, text, key, order_id=order_id, urgent=True)
    desk.emit(
        PlaceOrder(
            key=key,
            client_order_id=order_id,
            exit_no=0,
            trade_no=trade.trade_no,
            attempt=attempt.attempt,
            side=trade.terms.side,
            order_qty=plan.qty,
            ord_type=plan.ord_type,
            limit_px=plan.limit_px,
            time_in_force=plan.time_in_force,
            reduce_only=trade.terms.reduce_only,
            cancel_own_crossing=False,  # a resting exit of ours stays
            shard=None if market is None else market.instrument.shard,
        )
    )
    policy = desk.book.policy(key.account, key.venue)
    desk.wait(f"check|{order_id}", policy.exits.fill_check_s)
    await_timeout(desk, desk.book.orders[order_id])


def await_timeout(desk: Desk, order: Order) -> None:
    """End a resting order of a trade when its time is up, whoever still waits for it."""
    timeout_s = timeout_of(desk.book, order, desk.event.receive_time_ns)
    if timeout_s is not None and order.time_in_force is TimeInForce.GTC:
        desk.wait(f"timeout|{order.client_order_id}", timeout_s)
