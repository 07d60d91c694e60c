"""Orders looked after: seen even if nobody tells us, canceled when due, proven dead or alive.

A doubtful outcome leaves only by the venue's proof or the operator's word (semantics.md 2, 19).
"""

from __future__ import annotations

from decimal import Decimal

from daemon.core.commands import NoticeKind, PlaceOrder
from daemon.core.decisions import AdoptOrder, DeclareDead, HaltAccount
from daemon.core.desk import Desk
from daemon.core.events import OrderAbsent, OrderSnapshot
from daemon.core.exits import exit_side
from daemon.core.fold_trades import timeout_of
from daemon.core.order import Order
from daemon.core.pursuit import (
    CANCELABLE,
    advance,
    any_working,
    at_risk_qty,
    cancel,
    open_for_trade,
)
from daemon.core.reconciliation import derived_id
from daemon.core.terms import (
    NANOS,
    ZERO,
    OrdStatus,
    RejectReason,
    RuleKind,
    TimeInForce,
    is_ours,
    proper,
)

_MINUTE_NS = 60 * NANOS
_IN_DOUBT, _GTC = OrdStatus.IN_DOUBT, TimeInForce.GTC
SOON_S = Decimal("0.5")


def on_check(desk: Desk, order: Order) -> None:
    """Look at an order even if nobody told us of it, until it is dead."""
    if order.dead:
        return
    policy = desk.book.policy(order.key.account, order.key.venue)
    desk.look_up(order)
    desk.wait(f"check|{order.client_order_id}", policy.refresh_active_s)
    age_ns = desk.event.mono_ns - order.sent_mono_ns
    # One that may not rest has ended long ago, whatever its last word was.
    rests = order.time_in_force is TimeInForce.GTC and not order.ended
    unsure = order.status is OrdStatus.IN_DOUBT or not rests
    if unsure and age_ns >= int(policy.doubt_alert_s * NANOS):
        text = (
            f"nobody knows the outcome of {order.client_order_id} ({proper(order.possible_qty)}"
            f" {order.key.symbol}): filld resolve {order.client_order_id} if you do"
        )
        desk.tell_once(order.client_order_id, NoticeKind.ORDER_IN_DOUBT, text, order.key)


def on_timeout(desk: Desk, order: Order) -> None:
    """A resting order's time is up."""
    if not order.ended:
        cancel(desk, order)


def tend(desk: Desk, order: Order, *, news: bool) -> None:
    """After word of an order: look again in doubt, fetch missing fills, cancel what is overdue.

    Only news hurry a look; what repeats itself is looked at again at the usual pace.
    """
    if order.status is _IN_DOUBT or order.ended:
        # Ended: the venue counts more than we have seen; the stream brings it, or we ask.
        if news and not order.dead:
            desk.wait(f"check|{order.client_order_id}", SOON_S)
        return
    if order.time_in_force is not _GTC or order.status not in CANCELABLE:
        return
    if _overdue(desk, order):
        cancel(desk, order)


def _overdue(desk: Desk, order: Order) -> bool:
    """Its time is up, which no timer said while it was in doubt, or its exit is over."""
    if order.trade_no:
        timeout_s: Decimal | None = timeout_of(desk.book, order)
        # By the wall clock as well: the monotonic age begins anew with each process.
        if timeout_s is not None and not timeout_of(desk.book, order, desk.event.receive_time_ns):
            return True
    else:
        work, page = desk.book.find_exit(order.key, order.exit_no), desk.book.pages[order.key]
        if page.work is not work:
            return True
        reason = RuleKind.OPERATOR if work is None else work.reason
        timeout_s = desk.book.exit_policy(page, reason).order_timeout_s
    age_ns = desk.event.mono_ns - order.sent_mono_ns
    return timeout_s is not None and age_ns >= int(timeout_s * NANOS)


def on_absent(desk: Desk, event: OrderAbsent) -> None:
    """A complete look did not show the order: proof only if it is new enough (semantics.md 2).

    After the grace a venue that never frees an id is sent the same bytes again: whatever
    happens then, the id is used up. Elsewhere, and while nothing may be sent, the order is dead
    once no request of ours can still be on its way.
    """
    order = desk.book.find_order(event)
    if order is None or order.status is not OrdStatus.IN_DOUBT or order.known_to_exist:
        return
    policy = desk.book.policy(event.account, event.venue)
    age_ns = _seen_after_ns(order, event)
    if age_ns >= int(policy.in_flight_bound_s * NANOS):
        text = f"a complete look {age_ns // NANOS} s after sending does not show it"
        desk.emit(
            DeclareDead(
                client_order_id=order.client_order_id,
                reason=RejectReason.ABSENT,
                text=text,
            )
        )
        advance(desk, desk.book.pages[order.key])
    elif age_ns >= _patience_ns(order, policy.grace_s) and _may_resend(desk, order):
        _resend(desk, order)


def _patience_ns(order: Order, grace_s: Decimal) -> int:
    """Longer after each sending, so that one refused again and again is let die in the end."""
    return int(grace_s * NANOS) << (order.sendings - 1)


def _seen_after_ns(order: Order, event: OrderAbsent) -> int:
    """How long after the sending the look was true: monotonic, since the wall clock may jump.

    Only the lag of the venue's stamp is taken from the wall clock as it is now.
    """
    lag_ns = max(event.receive_time_ns - event.as_of_ns, 0)
    return event.mono_ns - order.sent_mono_ns - lag_ns


def _may_resend(desk: Desk, order: Order) -> bool:
    key = order.key
    state = desk.book.account(key.account, key.venue)
    policy = desk.book.policy(key.account, key.venue)
    page = desk.book.pages[key]
    position, work = page.position, page.work
    if work is None or order.exit_no != work.exit_no:
        return False  # nor is the order of a trade ever sent again
    at_risk = at_risk_qty(position, page.undead())
    return (
        policy.resend_same_id
        and position.verified
        and state.live
        and not state.paused
        and not desk.memory.stopping
        and open_for_trade(desk, key)
        and order.side is exit_side(position.qty)
        and at_risk <= position.held_qty
        and not any_working(page.exit_orders())
    )


def _resend(desk: Desk, order: Order) -> None:
    desk.emit(
        PlaceOrder(
            key=order.key,
            client_order_id=order.client_order_id,
            exit_no=order.exit_no,
            attempt=order.attempt,
            side=order.side,
            order_qty=order.order_qty,
            ord_type=order.ord_type,
            limit_px=order.limit_px,
            time_in_force=order.time_in_force,
            reduce_only=order.reduce_only,
            cancel_own_crossing=order.cancel_own_crossing,
            shard=order.shard,
            resend=True,
        )
    )
    policy = desk.book.policy(order.key.account, order.key.venue)
    desk.wait(f"check|{order.client_order_id}", policy.refresh_active_s)


def on_unknown_order(desk: Desk, event: OrderSnapshot) -> None:
    """An id of our form that this journal did not make: ours of a lost tail, or a second writer.

    Raises nothing: an order that our derivation proves to be ours is adopted; a foreign one stops
    new exits on the account unless the operator took it over (semantics.md 3).
    """
    order_id = event.client_order_id
    if not is_ours(order_id) or order_id is None or event.venue_order_id is None:
        return
    if order_id in desk.book.orders:
        text = f"the venue shows a second order, {event.venue_order_id}, under our id {order_id}"
        desk.tell_once(event.venue_order_id, NoticeKind.FOREIGN_WRITER, text)
        return
    if event.leaves_qty <= ZERO:
        return
    for key in desk.book.keys_of(event.account, event.venue, event.symbol):
        cause = derived_id(desk.book.journal_id, desk.book.positions[key], order_id)
        if cause is None:
            continue
        desk.emit(
            AdoptOrder(
                key=key,
                client_order_id=order_id,
                venue_order_id=event.venue_order_id,
                exit_no=cause.exit_no,
                trade_no=cause.trade_no,
                attempt=cause.attempt,
                side=event.side,
                order_qty=event.order_qty,
                limit_px=event.limit_px,
                time_in_force=event.time_in_force or TimeInForce.GTC,
            )
        )
        desk.look_up(desk.book.orders[order_id])
        policy = desk.book.policy(event.account, event.venue)
        desk.wait(f"check|{order_id}", policy.refresh_active_s)
        return
    state = desk.book.account(event.account, event.venue)
    if desk.book.take_over or order_id in desk.memory.foreign:
        return
    desk.memory.foreign.add(order_id)
    text = f"order {order_id} has our form but another journal made it: is a second filld running?"
    if state.halted:
        desk.keep = True  # else deciding again would see it first after the operator resumed
    else:
        desk.emit(HaltAccount(account=event.account, venue=event.venue, text=text))
    desk.tell(NoticeKind.FOREIGN_WRITER, text, urgent=True)
