"""Exits and orders as plain dictionaries; the words are those of `daemon.analytics.views`. Pure."""

from __future__ import annotations

import decimal
from decimal import Decimal
from itertools import pairwise

from daemon.analytics.counts import ending
from daemon.analytics.scene import (
    EXIT_REASONS,
    Scene,
    View,
    closed_sign,
    money_view,
    plain,
    utc,
    where,
)
from daemon.analytics.turns import Turns, at_once
from daemon.core.book import Book, RestingOrder
from daemon.core.exits import Exit, PartialFill
from daemon.core.order import Order
from daemon.core.terms import (
    EXACT,
    NANOS,
    ONE,
    ZERO,
    ClientOrderId,
    OrdStatus,
    PositionKey,
    RejectReason,
    Side,
    proper,
    quotient,
)
from daemon.core.trade import Trade, TradeFill

DEFAULT_LIMIT = 200
_BPS = Decimal(10_000)
_BPS_STEP = Decimal("0.01")


def seed_exit_view(scene: Scene, work: Exit | None) -> View:
    """The first seed's fields of a position's newest exit; all None before the first one."""
    if work is None:
        return {
            "original_stake_on_exit": None,
            "exit_order_id": None,
            "exit_client_order_id": None,
            "last_exit_price": None,
            "exit_reason": None,
            "rule": None,
        }
    newest = work.order_ids[-1] if work.order_ids else None
    return {
        "original_stake_on_exit": proper(work.original_qty),
        "exit_order_id": _venue_id(scene, newest),
        "exit_client_order_id": newest,
        "last_exit_price": proper(scene.held_px(work.key, work.trigger_px, scene.sign(work))),
        "exit_reason": EXIT_REASONS[work.reason],
        "rule": work.reason.value,
    }


def _venue_id(scene: Scene, order_id: ClientOrderId | None) -> str | None:
    order = None if order_id is None else scene.book.orders.get(order_id)
    return None if order is None else order.venue_order_id


def part_views(scene: Scene, work: Exit) -> list[View]:
    """The parts of an exit in the first seed's words, each with its own PnL and fee."""
    sign = scene.sign(work)
    return [_part_view(scene, work, part, sign) for part in work.partial_fills]


def _part_view(scene: Scene, work: Exit, part: PartialFill, sign: Decimal) -> View:
    return {
        "qty": proper(part.qty),
        "price": proper(scene.held_px(work.key, part.px, sign)),
        "time": utc(part.time_ns),
        "order_id": _venue_id(scene, part.client_order_id),
        "client_order_id": part.client_order_id,
        "exec_id": part.exec_id,
        "reason": EXIT_REASONS[work.reason],
        "pnl": proper(part.pnl) if scene.knows_entry(work) else None,
        "fee": proper(part.commission),
        "estimated": part.inferred,
    }


def exits_view(scene: Scene, *, limit: int = DEFAULT_LIMIT) -> View:
    """Exits at work, then the newest `limit` past ones."""
    return at_once(exits_turns(scene, limit=limit))


def exits_turns(scene: Scene, *, limit: int = DEFAULT_LIMIT) -> Turns[View]:
    """`exits_view`, made in turns."""
    book = scene.book
    past = book.past_exits[: -limit - 1 : -1] if limit else []
    for work in (*book.exits.values(), *past):
        yield "exits", exit_view(scene, work)
    return {"time": utc(scene.now_ns), "seq": scene.seq, "exits": []}


def exit_view(scene: Scene, work: Exit) -> View:
    """One exit: why, how much, at what price, with which orders and parts."""
    sign = scene.sign(work)
    is_open = scene.book.exits.get(work.key) is work
    position = scene.book.positions.get(work.key)
    held = ZERO if position is None else position.held_qty
    return {
        **where(work.key),
        "currency": scene.currency(work.key),
        "side": scene.side(work.key, sign),
        "exit_no": work.exit_no,
        "generation": work.generation,
        "open": is_open,
        "closing_in_progress": is_open and scene.closing(work.key),
        **seed_exit_view(scene, work),
        "exit_qty": proper(work.exit_qty),
        "filled_qty": proper(work.filled_qty),
        "remaining_qty": proper(work.wanted_qty(held)) if is_open else None,
        "first_exit_price": proper(scene.held_px(work.key, work.first_trigger_px, sign)),
        "level_price": _held(scene, work.key, work.level_px, sign),
        "avg_price": _held(scene, work.key, work.avg_px, sign),
        "attempts": work.attempts,
        "misses": work.misses,
        "opened_time": utc(work.opened_time_ns),
        "closed_time": utc(work.closed_time_ns),
        "end": work.end.value if work.end else None,
        "pnl": proper(work.pnl) if scene.knows_entry(work) else None,
        "fees": proper(sum((part.commission for part in work.partial_fills), ZERO)),
        "estimated": any(part.inferred for part in work.partial_fills),
        "order_ids": list(work.order_ids),
        "partial_fills": part_views(scene, work),
    }


def _held(scene: Scene, key: PositionKey, price: Decimal | None, sign: Decimal) -> str | None:
    return None if price is None else proper(scene.held_px(key, price, sign))


def orders_view(scene: Scene, *, limit: int = DEFAULT_LIMIT) -> View:
    """Orders not proven dead, then the newest `limit` dead ones; strangers' resting orders."""
    return at_once(orders_turns(scene, limit=limit))


def orders_turns(scene: Scene, *, limit: int = DEFAULT_LIMIT) -> Turns[View]:
    """`orders_view`, made in turns."""
    dead: list[Order] = []
    for order in tuple(reversed(scene.book.orders.values())):
        if not order.dead:
            yield "orders", order_view(scene, order)
            continue
        if len(dead) < limit:
            dead.append(order)
        yield None
    for order in dead:
        yield "orders", order_view(scene, order)
    for resting in tuple(scene.book.resting.values()):
        yield "strangers", _stranger_view(resting)
    return {"time": utc(scene.now_ns), "seq": scene.seq, "orders": [], "strangers": []}


def order_view(scene: Scene, order: Order) -> View:
    """One order of ours. `side` is the side held that it closes, `order_side` the order's own.

    A trade need not close anything: it is told as it was asked for, in the instrument's price.
    """
    key, sign = order.key, ONE if order.trade_no else closed_sign(order)
    side = scene.side(key, sign)
    binary = side in {"yes", "no"}
    return {
        **where(key),
        "client_order_id": order.client_order_id,
        "order_id": order.venue_order_id,
        "status": order.status.value,
        "proven_dead": order.dead,
        "side": side if binary or not order.trade_no else None,
        "action": "sell" if binary and not order.trade_no else order.side.value,
        "order_side": order.side.value,
        "order_qty": proper(order.order_qty),
        "cum_qty": proper(order.cum_qty),
        "leaves_qty": proper(order.leaves_qty),
        "inferred_qty": proper(order.inferred_qty),
        "possible_qty": proper(order.possible_qty),
        "ord_type": order.ord_type.value,
        "limit_price": _held(scene, key, order.limit_px, sign),
        "limit_px": plain(order.limit_px),
        "avg_price": _held(scene, key, order.avg_px, sign),
        "time_in_force": order.time_in_force.value,
        "reduce_only": order.reduce_only,
        "sent_time": utc(order.sent_time_ns),
        "sendings": order.sendings,
        "exit_no": order.exit_no,
        "trade_no": order.trade_no,
        "generation": order.generation,
        "attempt": order.attempt,
        "fees": money_view(order.fees),
        "final_qty": plain(order.final_qty),
        "reason": order.reason.value if order.reason else None,
        "text": order.text,
    }


def _stranger_view(order: RestingOrder) -> View:
    return {
        "account": order.account,
        "venue": order.venue,
        "symbol": order.symbol,
        "order_id": order.venue_order_id,
        "client_order_id": order.client_order_id,
        "order_side": order.side.value,
        "action": "buy" if order.side is Side.BUY else "sell",
        "leaves_qty": proper(order.leaves_qty),
        "limit_px": plain(order.limit_px),
    }


def find_orders(
    book: Book, text: str, venue: str | None = None, symbol: str | None = None
) -> list[Order]:
    """The orders whose id, ours or the venue's, is `text`, at venue and symbol where said.

    A venue's own id may come again at another venue, and on some for another symbol.
    """
    mine = book.orders.get(ClientOrderId(text))
    if mine is not None:
        return [mine]
    return [
        book.orders[order_id]
        for (_, at, symbol_there, venue_order_id), order_id in book.by_venue_id.items()
        if venue_order_id == text
        and order_id in book.orders
        and (venue is None or at == venue)
        and (symbol is None or symbol_there == symbol)
    ]


def find_order(book: Book, text: str) -> Order | None:
    """The order whose id, ours or the venue's, is `text`; None where there is none, or several."""
    found = find_orders(book, text)
    return found[0] if len(found) == 1 else None


def order_life_view(scene: Scene, order: Order) -> View:
    """One order with its fills, and the other orders of the exit or trade that it served."""
    with decimal.localcontext(EXACT):
        work = scene.book.find_exit(order.key, order.exit_no)
        fills: list[View] = []
        times: list[int] = []
        tries = _tries(scene, order, work)
        if work is not None:
            mine = [p for p in work.partial_fills if p.client_order_id == order.client_order_id]
            times = [part.time_ns for part in mine if part.time_ns]
            fills = [_part_view(scene, work, part, closed_sign(order)) for part in mine]
        elif order.trade_no:
            filled = _trade_fills(scene, order)
            times = [fill.time_ns for fill in filled if fill.time_ns]
            fills = [_trade_part_view(order, fill) for fill in filled]
        return {
            "time": utc(scene.now_ns),
            "seq": scene.seq,
            "order": order_view(scene, order),
            "fills": fills,
            "exit": None if work is None else exit_view(scene, work),
            "other_orders": [order_view(scene, other) for other in tries if other is not order],
            "retries": _retries(scene, order, tries),
            "timings": _timings(order, work, times),
            **_slippage(order, work),
        }


def _trade(scene: Scene, order: Order) -> Trade | None:
    position = scene.book.positions.get(order.key)
    return None if position is None else position.trade(order.trade_no)


def _tries(scene: Scene, order: Order, work: Exit | None) -> list[Order]:
    """The orders of its exit or trade, oldest first, as far as they are not long past."""
    whole = _trade(scene, order) if work is None else work
    found = (scene.book.orders.get(name) for name in (whole.order_ids if whole else ()))
    return [one for one in found if one is not None]


def _trade_fills(scene: Scene, order: Order) -> list[TradeFill]:
    trade = _trade(scene, order)
    fills = () if trade is None else trade.fills
    return [fill for fill in fills if fill.client_order_id == order.client_order_id]


def _trade_part_view(order: Order, fill: TradeFill) -> View:
    """As a part of an exit; what a trade earned is the position's to tell."""
    return {
        "qty": proper(fill.qty),
        "price": proper(fill.px),
        "time": utc(fill.time_ns),
        "order_id": order.venue_order_id,
        "client_order_id": order.client_order_id,
        "exec_id": fill.exec_id,
        "reason": "trade",
        "pnl": None,
        "fee": proper(fill.commission),
        "estimated": False,
    }


def _retries(scene: Scene, order: Order, tries: list[Order]) -> list[View]:
    """Why this order was needed: how each earlier attempt ended; its own resends."""
    needed = pairwise(one for one in tries if one.attempt <= order.attempt)
    found = [
        _retry(before, after, _asked(scene, after))
        for before, after in needed
        if before.status is not OrdStatus.FILLED  # then the next one is no retry but a next piece
    ]
    return found + [_retry(order, order)] * (order.sendings - 1)


def _asked(scene: Scene, order: Order) -> RejectReason | None:
    """Why the caller of a trade asked for this attempt."""
    trade = _trade(scene, order)
    attempts = () if trade is None else trade.attempts
    mine = (one for one in attempts if one.client_order_id == order.client_order_id)
    return next((one.retry_reason for one in mine), None)


def _retry(before: Order, after: Order, asked: RejectReason | None = None) -> View:
    return {
        "attempt": after.attempt,
        "time": utc(after.sent_time_ns),
        "reason": ending(before) if asked is None else asked.value,
        "text": before.text,
        "order_id": before.client_order_id,
    }


def _timings(order: Order, work: Exit | None, times: list[int]) -> View:
    """When what happened, and the seconds from the sending to the last fill."""
    last = max(times, default=None)
    passed = None if last is None else Decimal(max(last - order.sent_time_ns, 0)) / NANOS
    return {
        "triggered": None if work is None else utc(work.opened_time_ns),
        "sent": utc(order.sent_time_ns),
        "first_fill": utc(min(times, default=None)),
        "last_fill": utc(last),
        "fill_s": plain(passed),
    }


def _slippage(order: Order, work: Exit | None) -> View:
    """The average against the exit's first trigger, + = worse: price, and basis points of it."""
    average = order.avg_px
    if average is None or work is None or not work.first_trigger_px:
        return {"slippage_price": None, "slippage_bps": None}
    worse = order.side.sign * (average - work.first_trigger_px)
    bps = quotient(worse * _BPS, work.first_trigger_px, _BPS_STEP)
    return {"slippage_price": proper(worse), "slippage_bps": proper(bps)}
