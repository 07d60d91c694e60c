"""Exits at work: place, look, cancel, place again, until no contract is left behind.

At most one working order per exit; what a doubtful one might still fill is set aside, and only
what surely remains is sent (semantics.md 17 to 20, 22).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from daemon.core.commands import CancelOrder, NoticeKind, PlaceOrder, QueryQuote
from daemon.core.decisions import CloseExit, ExitEnd, HaltAccount, RetriggerExit
from daemon.core.desk import Desk
from daemon.core.estimates import bound_of
from daemon.core.events import MarketPhase, Quote
from daemon.core.exits import Exit, at_floor, exit_side, free_qty, worst_px
from daemon.core.instrument import Instrument
from daemon.core.order import Order
from daemon.core.page import Page
from daemon.core.position import Position
from daemon.core.rules import ExitPolicy
from daemon.core.stops import executable_px
from daemon.core.terms import (
    NANOS,
    ZERO,
    Account,
    OrdStatus,
    PositionKey,
    RuleKind,
    Side,
    TimeInForce,
    Venue,
    client_order_id,
    proper,
)

CANCELABLE = frozenset({OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED})
_MINUTE_NS = 60 * NANOS
_IN_DOUBT = OrdStatus.IN_DOUBT


def any_working(orders: Iterable[Order]) -> bool:
    """True while the venue may be working one of them and we are not in doubt about that."""
    for order in orders:  # noqa: SIM110 - mostly one: `any` would take longer to begin
        if not order.ended and order.status is not _IN_DOUBT:
            return True
    return False


def attempt(desk: Desk, page: Page, work: Exit, trigger_px: Decimal) -> None:
    """Place the next order of an exit, for as much as is surely left, within `trigger_px`'s bound.

    A trigger that leads to no order changes nothing: it is not journalled. A halt stops new exits,
    not this one (semantics.md 22); beyond a limit it waits until the limit allows more.
    """
    position, orders = page.position, page.exit_orders()
    key = position.key
    market = desk.market(key)
    if market is None or any_working(orders) or not _may_send(desk, key):
        return
    policy = desk.book.exit_policy(page, work.reason)
    room = _room(desk, page, work, policy, orders)
    qty = market.instrument.piece_qty(room.free)
    side = exit_side(position.qty)
    priced = work if trigger_px == work.trigger_px else replace(work, trigger_px=trigger_px)
    likely_px = _likely_px(desk, position, work, policy)
    limit_px = worst_px(priced, policy, side, market.instrument, likely_px)
    if _too_small(market.instrument, qty, limit_px):
        if not orders and room.free and not room.trades:
            text = f"{proper(room.free)} {key.symbol} is below the lot or the minimum: it cannot be"
            desk.tell_once((key, position.generation), NoticeKind.DUST, f"{text} sold", key)
        elif room.trades or room.others or room.missing:
            _tell_held_back(desk, work, room)
            desk.wait(f"retry|{key.name}", policy.retry_delay_s)
        return
    if _exceeds_limits(desk, position, qty, market.instrument, limit_px):
        desk.wait(f"retry|{key.name}", policy.retry_delay_max_s)
        return
    if trigger_px != work.trigger_px:
        desk.emit(RetriggerExit(key=key, trigger_px=trigger_px))
    if at_floor(work, policy, side):
        text = f"{key.symbol} trades beyond the floor of its exit; resting at {proper(limit_px)}"
        desk.tell_once((key, work.exit_no), NoticeKind.EXIT_AT_FLOOR, text, key)
    _tell_crossing(desk, position, side, limit_px)
    _place(desk, position, work, policy, (side, qty, limit_px))


def _likely_px(desk: Desk, position: Position, work: Exit, policy: ExitPolicy) -> Decimal | None:
    """The estimate's bound; an order that found nobody shows that it was too tight."""
    estimate = None if work.misses else position.estimate
    return bound_of(estimate, policy, position.held_qty, desk.event.mono_ns)


class _Room(NamedTuple):
    """How much an exit may send now, and what is set aside for others."""

    free: Decimal
    trades: Decimal
    others: Decimal
    missing: Decimal


def _room(desk: Desk, page: Page, work: Exit, policy: ExitPolicy, orders: list[Order]) -> _Room:
    """What surely remains; our trades that rest give way, and count until they are dead."""
    position = page.position
    trades, held = _overtaken(desk, page), position.held_qty
    resting = policy.order is TimeInForce.GTC
    others = desk.book.strangers_reducing_qty(position) if resting else ZERO
    missing = position.missing_qty
    wanted = min(work.wanted_qty(held), max(held - trades, ZERO))
    return _Room(free_qty(wanted, orders, others + missing), trades, others, missing)


def at_risk_qty(position: Position, orders: Iterable[Order]) -> Decimal:
    """The largest possible fill of those orders that could take off the position.

    An exit's order counts whatever has become of its position; a trade's only where it reduces.
    """
    counted = [o.possible_qty for o in orders if not o.trade_no or position.reducing(o.side)]
    return sum(counted, ZERO)


def _overtaken(desk: Desk, page: Page) -> Decimal:
    """What our trades may still take off the position; those that rest give way to an exit."""
    position, trades = page.position, [order for order in page.undead() if order.trade_no]
    for order in trades:
        if position.reducing(order.side) and order.time_in_force is TimeInForce.GTC:
            text = f"an exit of {order.key.symbol} cancels {order.client_order_id} of a trade"
            desk.tell_once(order.client_order_id, NoticeKind.TRADE_OVERTAKEN, text, order.key)
            cancel(desk, order)
    return at_risk_qty(position, trades)


def orders_a_minute(desk: Desk, account: Account, venue: Venue) -> int:
    """How many orders the account has sent in the last minute."""
    recent_ns = desk.book.account(account, venue).recent_orders_ns
    return len(recent_ns) - bisect_right(recent_ns, desk.event.mono_ns - _MINUTE_NS)


def _too_small(terms: Instrument, qty: Decimal, px: Decimal) -> bool:
    """Nothing left, or less than a venue takes; it counts at the order's limit."""
    notional = qty * px * terms.multiplier
    return not qty or qty < terms.min_qty or notional < terms.min_notional


def _tell_held_back(desk: Desk, work: Exit, room: _Room) -> None:
    """What others sell, or have sold for all we know, is not sold a second time."""
    key, text = work.key, f"exit of {work.key.symbol} sends nothing: "
    if room.trades and not room.others:
        return  # a trade's own notice says that it gives way
    if room.others:
        text += f"{proper(room.others)} of it rest in orders of another hand on this account"
    else:
        text += f"the venue's count lacks {proper(room.missing)} of it, which is looked into"
    desk.tell_once((key, work.exit_no, bool(room.others)), NoticeKind.EXIT_BLOCKED, text, key)


def _may_send(desk: Desk, key: PositionKey) -> bool:
    """False while this process stops, or when live orders were turned off under an open exit."""
    if desk.memory.stopping:
        return False
    live = desk.book.account(key.account, key.venue).live
    if not live:
        text = f"live orders are off: the open exit of {key.symbol} sends nothing more"
        desk.tell_once(key, NoticeKind.EXIT_WITHHELD, text, key)
    return live


def _place(
    desk: Desk,
    position: Position,
    work: Exit,
    policy: ExitPolicy,
    terms: tuple[Side, Decimal, Decimal],
) -> None:
    key, (side, qty, limit_px) = position.key, terms
    number = work.attempts + 1
    market = desk.market(key)
    order_id = client_order_id(desk.book.journal_id, key, work.generation, work.exit_no, number)
    if not desk.book.account(key.account, key.venue).live_orders_placed:
        text = f"first live order on {key.venue} for account {key.account}: {order_id}"
        desk.tell(NoticeKind.FIRST_LIVE_ORDER, text, key, order_id=order_id, urgent=True)
    desk.emit(
        PlaceOrder(
            key=key,
            client_order_id=order_id,
            exit_no=work.exit_no,
            attempt=number,
            side=side,
            order_qty=qty,
            limit_px=limit_px,
            time_in_force=policy.order,
            reduce_only=True,
            cancel_own_crossing=policy.own_crossing_cancels,
            shard=None if market is None else market.instrument.shard,
        )
    )
    desk.wait(f"check|{order_id}", policy.fill_check_s)
    if policy.order is TimeInForce.GTC:
        desk.wait(f"timeout|{order_id}", policy.order_timeout_s)


def _exceeds_limits(
    desk: Desk, position: Position, qty: Decimal, terms: Instrument, limit_px: Decimal
) -> bool:
    key = position.key
    policy = desk.book.policy(key.account, key.venue)
    notional = qty * terms.held_px(limit_px, position.qty) * terms.multiplier
    limit = policy.max_exit_notional
    state = desk.book.account(key.account, key.venue)
    recent = orders_a_minute(desk, key.account, key.venue)
    if limit is not None and notional > limit:
        text = f"exit of {key.symbol} for {proper(notional)} exceeds max_exit_notional {limit}"
    elif recent >= policy.max_orders_per_minute:
        text = f"{recent} orders in a minute reach max_orders_per_minute"
    else:
        return False
    if not state.halted:
        desk.emit(HaltAccount(account=key.account, venue=key.venue, text=text))
        desk.tell(NoticeKind.LIMIT_EXCEEDED, text, key, urgent=True)
    return True


def _tell_crossing(desk: Desk, position: Position, side: Side, limit_px: Decimal) -> None:
    """An own resting order on the other side would stop the exit: it is canceled by the venue."""
    key = position.key
    for other in desk.book.resting.values():
        mine = (other.account, other.venue, other.symbol) == (
            key.account,
            key.venue,
            key.symbol,
        )
        if not mine or other.side is side or other.limit_px is None:
            continue
        crosses = other.limit_px >= limit_px if side is Side.SELL else other.limit_px <= limit_px
        if crosses:
            text = f"exit of {key.symbol} meets our account's own order {other.venue_order_id}"
            desk.tell_once(other.venue_order_id, NoticeKind.OWN_CROSSING, text, key)


def continue_exit(
    desk: Desk, page: Page, work: Exit, quote: Quote, *, met: bool, guarded: bool
) -> None:
    """A quote for a position whose exit is open: go on, wait, or find that the price recovered.

    Out of guard, only what the operator asked for himself goes on.
    """
    position, orders = page.position, page.exit_orders()
    state = desk.book.account(position.key.account, position.key.venue)
    priced_ns = quote.priced_mono_ns or quote.mono_ns
    early = quote.mono_ns < work.not_before_ns or priced_ns <= work.answered_ns
    if early or any_working(orders):
        return
    policy = desk.book.exit_policy(page, work.reason)
    insists = (guarded and policy.resubmit_until_flat) or work.reason is RuleKind.OPERATOR
    px = executable_px(position.qty, quote, policy)
    if px is None:
        text = f"nobody buys {proper(position.held_qty)} {position.key.symbol}: its exit waits"
        about = (position.key, work.generation, work.exit_no)
        desk.tell_once(about, NoticeKind.EXIT_BLOCKED, text, position.key)
        return
    if not met and not insists:
        if not orders:
            _give_back(desk, position, work, ExitEnd.RECOVERED if guarded else ExitEnd.OPERATOR)
        return
    if not state.live:
        if not orders:  # guarded again: what would be sent is withheld, once (semantics.md 21)
            desk.emit(CloseExit(key=position.key, exit_no=work.exit_no, end=ExitEnd.SUPERSEDED))
        return
    if state.paused or not open_for_trade(desk, position.key):
        return
    desk.untell(position.key, NoticeKind.EXIT_BLOCKED)
    attempt(desk, page, work, px)


def _give_back(desk: Desk, position: Position, work: Exit, end: ExitEnd) -> None:
    """An exit ends before its position: say what is left of it, after an urgent notice began it."""
    desk.emit(CloseExit(key=position.key, exit_no=work.exit_no, end=end))
    if end is ExitEnd.RECOVERED:
        text = (
            f"exit of {proper(work.original_qty)} {position.key.symbol} sold"
            f" {proper(work.filled_qty)}, then the price recovered:"
            f" {proper(position.held_qty)} guarded again"
        )
        desk.tell(NoticeKind.GUARDED_AGAIN, text, position.key)


def open_for_trade(desk: Desk, key: PositionKey) -> bool:
    """True when the market is known and active."""
    market = desk.market(key)
    return market is not None and market.phase is MarketPhase.ACTIVE


def advance(desk: Desk, page: Page) -> None:
    """After anything moved on a position: end its exit, cancel what is too much, or wait on."""
    work = page.work
    if work is None:
        return
    position, orders = page.position, page.exit_orders()
    superseded = work.generation != position.generation
    wanted = ZERO if superseded else work.wanted_qty(position.held_qty)
    at_risk = ZERO
    for order in orders:
        at_risk += order.possible_qty
    if at_risk > wanted:
        _cancel_resting(desk, orders)
    if superseded:
        # At once: what its orders might still fill is set aside, but the new side is another
        # matter, with rules and a first sight of its own (semantics.md 24).
        _finish(desk, page, work, ExitEnd.SUPERSEDED)
    elif not wanted:
        if not orders:
            _finish(desk, page, work, ExitEnd.FLAT)
    elif work.attempts and not any_working(orders):
        _retry_later(desk, page, work)


def _finish(desk: Desk, page: Page, work: Exit, end: ExitEnd) -> None:
    desk.emit(CloseExit(key=work.key, exit_no=work.exit_no, end=end))
    at = "" if work.avg_px is None else f" at {proper(_held_px(desk, work, work.avg_px))}"
    pnl = page.position.pnl_said(work.pnl, work.generation)
    how = "complete" if end is ExitEnd.FLAT else "overtaken by another position"
    text = (
        f"exit of {proper(work.original_qty)} {work.key.symbol} {how}: sold"
        f" {proper(work.filled_qty)}{at} in {work.attempts} orders, PnL {pnl}"
    )
    desk.tell(NoticeKind.EXIT_COMPLETE, text, work.key)
    page.levels = None


def _held_px(desk: Desk, work: Exit, px: Decimal) -> Decimal:
    """`px` in the price of the side that the exit got out of."""
    market, order = desk.market(work.key), desk.book.orders.get(work.order_ids[-1])
    if market is None or order is None:
        return px
    return market.instrument.held_px(px, -order.side.sign)


def _cancel_resting(desk: Desk, orders: list[Order]) -> None:
    for order in orders:
        if order.time_in_force is TimeInForce.GTC:
            cancel(desk, order)


def cancel(desk: Desk, order: Order) -> None:
    """Ask for the end of a resting order; in doubt, look at it first; never with live off."""
    live = desk.book.account(order.key.account, order.key.venue).live
    if order.ended:
        return
    if not live:
        text = f"live orders are off: {order.client_order_id} of {order.key.symbol} rests on"
        desk.tell_once(order.client_order_id, NoticeKind.EXIT_WITHHELD, text, order.key)
        return
    if order.status in CANCELABLE and order.venue_order_id is not None:
        desk.emit(
            CancelOrder(
                key=order.key,
                client_order_id=order.client_order_id,
                venue_order_id=order.venue_order_id,
                shard=order.shard,
            )
        )
        policy = desk.book.policy(order.key.account, order.key.venue)
        desk.wait(f"check|{order.client_order_id}", policy.refresh_active_s)


def _retry_later(desk: Desk, page: Page, work: Exit) -> None:
    """Ask for a price newer than the last answer once the delay has passed."""
    position, key = page.position, page.position.key
    policy = desk.book.exit_policy(page, work.reason)
    left_ns = max(work.not_before_ns - desk.event.mono_ns, 0)
    desk.wait(f"retry|{key.name}", Decimal(left_ns) / NANOS)
    if work.misses and work.misses % policy.max_attempts == 0:
        text = (
            f"{work.misses} orders in a row for {key.symbol} found no buyer:"
            f" {proper(position.qty)} left, trying on"
        )
        desk.tell_once((key, work.exit_no, work.misses), NoticeKind.EXIT_STALLED, text, key)


def on_retry(desk: Desk, key: PositionKey) -> None:
    """The delay is over: fetch a fresh price; its quote decides.

    Where a live book has nobody to trade with, its feed tells when somebody comes.
    """
    page = desk.book.pages[key]
    work = page.work
    if work is None or any_working(page.exit_orders()):
        return
    desk.emit(QueryQuote(account=key.account, venue=key.venue, symbol=key.symbol))
    policy = desk.book.exit_policy(page, work.reason)
    nobody = (key, work.generation) in desk.memory.empty
    delay_s = policy.retry_delay_max_s if nobody else max(policy.retry_delay_s, work.delay_s)
    desk.wait(f"retry|{key.name}", delay_s)
