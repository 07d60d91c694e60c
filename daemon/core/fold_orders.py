"""How facts and decisions about orders change the book."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable

from daemon.core import fold_trades
from daemon.core.book import Book, RestingOrder
from daemon.core.commands import PlaceOrder
from daemon.core.decisions import AdoptOrder, DeclareDead
from daemon.core.estimates import UNFILLED
from daemon.core.events import (
    CancelRejected,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderInDoubt,
    OrderRejected,
    OrderSnapshot,
    Started,
)
from daemon.core.fills import bind, touch
from daemon.core.order import Order, OrderInput
from daemon.core.requests import OrderResolved
from daemon.core.terms import NANOS, ZERO, OrdStatus, RejectReason

_WORKING = frozenset({OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED})
_UNPROVEN = frozenset({OrdStatus.PENDING_NEW, OrdStatus.IN_DOUBT, OrdStatus.REJECTED})
_MINUTE_NS = 60 * NANOS


def placed(book: Book, command: PlaceOrder, event: Event) -> None:
    """Enter an intent before it leaves: a new order, or the second sending of a doubtful one."""
    state = book.open_account(command.key.account, command.key.venue)
    recent_ns = state.recent_orders_ns  # sorted: in a crash of the market it is long
    del recent_ns[: bisect_right(recent_ns, event.mono_ns - _MINUTE_NS)]
    insort(recent_ns, event.mono_ns)
    state.live_orders_placed += 1
    if command.resend:
        order = book.order(command.client_order_id)
        order.take(OrderInput.RESENT)
        order.sendings += 1
        order.sent_time_ns, order.sent_mono_ns = event.receive_time_ns, event.mono_ns
        return
    page = book.page(command.key)
    order = Order(
        key=page.position.key,
        client_order_id=command.client_order_id,
        exit_no=command.exit_no,
        generation=page.position.generation,
        attempt=command.attempt,
        side=command.side,
        order_qty=command.order_qty,
        limit_px=command.limit_px,
        time_in_force=command.time_in_force,
        reduce_only=command.reduce_only,
        cancel_own_crossing=command.cancel_own_crossing,
        shard=command.shard,
        ord_type=command.ord_type,
        trade_no=command.trade_no,
        sent_time_ns=event.receive_time_ns,
        sent_mono_ns=event.mono_ns,
    )
    book.index_order(order)
    if order.trade_no:
        fold_trades.placed(book, command)
        return
    work = page.work or book.exits[command.key]
    work.attempts += 1
    work.order_ids.append(order.client_order_id)


def adopted(book: Book, command: AdoptOrder, event: Event) -> None:
    """Enter an order that is ours by its id but that this journal did not place."""
    position = book.position(command.key)
    position.exit_count = max(position.exit_count, command.exit_no)
    position.trade_count = max(position.trade_count, command.trade_no)
    order = Order(
        key=position.key,
        client_order_id=command.client_order_id,
        exit_no=command.exit_no,
        generation=position.generation,
        attempt=command.attempt,
        side=command.side,
        order_qty=command.order_qty,
        limit_px=command.limit_px,
        time_in_force=command.time_in_force,
        reduce_only=False,
        trade_no=command.trade_no,
        sent_time_ns=event.receive_time_ns,
        sent_mono_ns=event.mono_ns,
    )
    book.index_order(order)
    order.take(OrderInput.ACCEPTED)
    bind(book, order, command.venue_order_id)
    work = book.find_exit(command.key, command.exit_no)
    if work is not None:  # its id is used up
        work.attempts = max(work.attempts, command.attempt)
        work.order_ids.append(order.client_order_id)


def _ours(book: Book, event: OrderEvent) -> tuple[Order | None, tuple[object, ...]]:
    """The order of ours that `event` is of, and its face before it learnt the venue's id."""
    order = book.find_order(event)
    if order is None:
        return None, ()
    before = _face(order)
    if order.venue_order_id is None and event.venue_order_id is not None:
        bind(book, order, event.venue_order_id)
    return order, before


def _face(order: Order) -> tuple[object, ...]:
    """What an order event can change, to tell news from repetition."""
    return (order.status, order.final_qty, order.venue_order_id, order.known_to_exist)


def _answered(book: Book, order: Order, event: OrderEvent) -> None:
    """The venue has spoken on this order: reads and quotes from before are old now."""
    touch(book.position(order.key), event)
    book.revive(order)
    work = book.find_exit(order.key, order.exit_no)
    if work is not None:
        work.answered_ns = max(work.answered_ns, event.mono_ns)


def _over(book: Book, order: Order, event: Event) -> None:
    """An order ended: with a fill the next attempt waits the short delay, else a longer one."""
    work = book.find_exit(order.key, order.exit_no)
    if work is None:
        return
    policy = book.exit_policy(book.page(order.key), work.reason)
    if order.cum_qty or order.inferred_qty or order.final_qty:
        work.misses, work.delay_s = 0, policy.retry_delay_s
        if (order.final_qty or order.cum_qty) < order.order_qty:
            work.wait(event.mono_ns)  # else the market took all of it: the rest follows at once
    else:
        learned = book.account(order.key.account, order.key.venue).retry_delays
        reason = UNFILLED if order.reason is None else str(order.reason.value)
        work.back_off(policy, event.mono_ns, learned.get(reason))


def accepted(book: Book, event: OrderAccepted) -> bool:
    """The venue has it."""
    order, before = _ours(book, event)
    if order is None:
        return False
    order.known_to_exist = True
    order.take(OrderInput.ACCEPTED)
    changed = _face(order) != before
    if changed:
        _answered(book, order, event)
    return changed


def rejected(book: Book, event: OrderRejected) -> bool:
    """The venue refused it; if it was in doubt before, it still is."""
    order, before = _ours(book, event)
    if order is None:
        return False
    order.take(OrderInput.REJECTED)
    changed = _face(order) != before
    if changed:
        order.reason, order.text = event.reason, event.text
        _answered(book, order, event)
        if order.status is OrdStatus.REJECTED:
            _over(book, order, event)
    return changed


def in_doubt(book: Book, event: OrderInDoubt) -> bool:
    """Nobody knows. A duplicate-id answer proves that the order exists, not how it fared."""
    order, before = _ours(book, event)
    if order is None:
        return False
    order.take(OrderInput.DOUBTED)
    if event.reason is RejectReason.DUPLICATE_ID:
        order.known_to_exist = True
    changed = _face(order) != before
    if changed:
        order.reason, order.text = event.reason, event.text
        touch(book.position(order.key), event)
    return changed


def ended(book: Book, event: OrderCanceled | OrderExpired) -> bool:
    """The venue ended it, perhaps telling what had filled by then."""
    order, before = _ours(book, event)
    if order is None:
        return _forget_resting(book, event)
    was_over = order.ended
    order.end_at(event.cum_qty)
    expired = isinstance(event, OrderExpired)
    order.take(OrderInput.EXPIRED if expired else OrderInput.CANCELED)
    return _note_end(book, order, event, before, was_over=was_over)


def _note_end(
    book: Book,
    order: Order,
    event: OrderEvent,
    before: tuple[object, ...],
    *,
    was_over: bool,
) -> bool:
    if _face(order) == before:
        return False
    _answered(book, order, event)
    if order.ended and not was_over:
        _over(book, order, event)
    return True


def cancel_rejected(book: Book, event: CancelRejected) -> bool:
    """The cancel failed; after NOT_FOUND the order has ended one way or the other."""
    order, before = _ours(book, event)
    if order is None:
        return False
    order.take(OrderInput.CANCEL_REJECTED)
    changed = _face(order) != before
    if changed:
        order.reason, order.text = event.reason, event.text
        _answered(book, order, event)
    return changed


def snapshot(book: Book, event: OrderSnapshot) -> bool:
    """What the venue says of an order: believed where it cannot be an old answer."""
    order, before = _ours(book, event)
    if order is None:
        return _note_resting(book, event)
    was_over = order.ended
    order.known_to_exist = True
    _take_status(book, order, event)
    if order.status is OrdStatus.NEW and order.cum_qty:
        order.take(OrderInput.PARTIAL_FILL)
    return _note_end(book, order, event, before, was_over=was_over)


def _take_status(book: Book, order: Order, event: OrderSnapshot) -> None:
    match event.status:
        case OrdStatus.CANCELED | OrdStatus.REJECTED:
            order.end_at(event.cum_qty)
            order.take(OrderInput.CANCELED)
        case OrdStatus.EXPIRED:
            order.end_at(event.cum_qty)
            order.take(OrderInput.EXPIRED)
        case OrdStatus.FILLED:
            order.end_at(event.cum_qty)
            if order.status in _UNPROVEN:
                order.take(OrderInput.ACCEPTED)
        case _ if order.status in _UNPROVEN:
            order.take(OrderInput.ACCEPTED)
        case _ if order.ended and _rests_after_all(book, order, event):
            order.final_qty = None
            order.take(OrderInput.FOUND_RESTING)
        case _:
            pass


def _rests_after_all(book: Book, order: Order, event: OrderSnapshot) -> bool:
    """True when a look that is newer than the end of an order shows it at work.

    The operator's word stands, and so do fills that left nothing of it.
    """
    if order.status is OrdStatus.FILLED or order.reason is RejectReason.OPERATOR:
        return False
    return event.leaves_qty > ZERO and event.as_of_ns > book.position(order.key).touched_ns


def _note_resting(book: Book, event: OrderSnapshot) -> bool:
    if event.venue_order_id is None:
        return False
    where = (event.account, event.venue, event.symbol, event.venue_order_id)
    if event.status not in _WORKING or event.leaves_qty <= ZERO:
        return book.resting.pop(where, None) is not None
    fresh = RestingOrder(
        account=event.account,
        venue=event.venue,
        symbol=event.symbol,
        venue_order_id=event.venue_order_id,
        client_order_id=event.client_order_id,
        side=event.side,
        leaves_qty=event.leaves_qty,
        limit_px=event.limit_px,
        position_side=event.position_side,
    )
    if book.resting.get(where) == fresh:
        return False
    book.resting[where] = fresh
    return True


def _forget_resting(book: Book, event: OrderEvent) -> bool:
    if event.venue_order_id is None:
        return False
    where = (event.account, event.venue, event.symbol, event.venue_order_id)
    return book.resting.pop(where, None) is not None


def resolved(book: Book, event: OrderResolved) -> bool:
    """The operator's word: it is over, and this much of it was filled."""
    order = book.orders.get(event.client_order_id)
    if order is None:
        return False
    order.final_qty = max(event.cum_qty, order.cum_qty)
    order.take(OrderInput.RESOLVED)
    order.reason, order.text = RejectReason.OPERATOR, event.text
    book.revive(order)
    _over(book, order, event)
    return True


def declared_dead(book: Book, command: DeclareDead, event: Event) -> None:
    """Proof came that it never lived."""
    order = book.order(command.client_order_id)
    order.take(OrderInput.PROVEN_ABSENT)
    order.reason, order.text = command.reason, command.text
    _over(book, order, event)


def forget_answers(orders: Iterable[Order], event: Started) -> None:
    """A new process waits for no answer of the old one: what was asked is in doubt."""
    for order in orders:
        if order.status in {OrdStatus.PENDING_NEW, OrdStatus.PENDING_CANCEL}:
            order.take(OrderInput.DOUBTED)
            order.reason = RejectReason.STOPPED
        order.sent_mono_ns = event.mono_ns
