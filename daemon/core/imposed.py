"""What the venue does to a position by itself, and what the operator is told of it.

The book follows by the fold alone (semantics.md 29): a forced close is a fill, funding a payment,
and a margin call only a warning.
"""

from __future__ import annotations

from daemon.core.commands import NoticeKind
from daemon.core.desk import Desk
from daemon.core.events import Fill, Funding, MarginCall, key_of
from daemon.core.funding import booked_key, funded_key
from daemon.core.terms import NANOS, ZERO, FillCause, PositionKey, PositionSide, proper

# A venue may repeat its warning with every price; a lasting one is worth a second word.
_WARN_AGAIN_NS = 600 * NANOS
_FORCED = {
    FillCause.LIQUIDATION: (NoticeKind.LIQUIDATED, "LIQUIDATES"),
    FillCause.ADL: (NoticeKind.DELEVERAGED, "auto-deleverages"),
}


def tell_forced(desk: Desk, fill: Fill, key: PositionKey) -> None:
    """The venue closed some of a position by an order of its own: told once an order."""
    if fill.cause not in _FORCED:
        return
    notice, verb = _FORCED[fill.cause]
    left = desk.book.positions[key].qty
    text = (
        f"{key.venue} {verb} {_named(key)}: {fill.side.value} {proper(fill.last_qty)} at"
        f" {proper(fill.last_px)}, {proper(left)} left so far"
    )
    desk.tell_once((key, fill.venue_order_id), notice, text, key)


def on_funding(desk: Desk, event: Funding, *, news: bool) -> None:
    """A payment was booked, or is told again, perhaps with another sum."""
    key = funded_key(desk.book, event)
    said = f"{proper(abs(event.funding))} {event.funding_currency}"
    if news:
        verb = "received" if event.funding < ZERO else "paid"
        desk.tell(NoticeKind.FUNDING, f"{_named(key)} {verb} {said} of funding", key)
        return
    known = desk.book.fills.said(booked_key(event))
    if known is not None and known.last_qty != event.funding:
        text = (
            f"funding {event.exec_id} of {event.symbol} was {proper(known.last_qty)}, now the venue"
            f" says {proper(event.funding)} (+ = paid): the first one stands"
        )
        desk.tell_once((event.symbol, event.exec_id), NoticeKind.FILL_CONFLICT, text, key)


def on_margin_call(desk: Desk, event: MarginCall) -> None:
    """Urgent, and again while it lasts; journalled each time that it is told."""
    key = key_of(event)
    last_ns = desk.memory.margin_calls.get(key)
    if last_ns is not None and event.mono_ns - last_ns < _WARN_AGAIN_NS:
        return
    desk.memory.margin_calls[key] = event.mono_ns
    desk.keep = True
    mark = "" if event.mark_px is None else f" at mark {proper(event.mark_px)}"
    text = (
        f"MARGIN CALL: {key.venue} may liquidate {proper(event.position_qty)} {_named(key)}{mark}:"
        " add margin or reduce the position"
    )
    desk.tell(NoticeKind.MARGIN_CALL, text, key, urgent=True)


def _named(key: PositionKey) -> str:
    side = key.position_side
    return key.symbol if side is PositionSide.NET else f"{key.symbol} {side.value}"
