"""Prices between all levels of a position at rest: nothing can follow, so nothing is looked at.

Most quotes are such. A band is noted when a quote was judged in full and led to nothing, and
holds until something changes the book. A band is no decision: without it the same quote is judged
in full, with the same result.
"""

from __future__ import annotations

from decimal import Decimal

from daemon.core.desk import Band, Desk, Memory
from daemon.core.estimates import RetryDelayLearned, SlippageEstimated
from daemon.core.events import Event, MarketChanged, OrderEvent, Quote
from daemon.core.position import Guard, Position
from daemon.core.stops import Direction, Level
from daemon.core.terms import ZERO, RuleKind

_LOWEST = Decimal("-Infinity")
_HIGHEST = Decimal("Infinity")
_MOVING = frozenset({RuleKind.TRAILING, RuleKind.TIME})


def is_calm(memory: Memory, quote: Quote) -> bool:
    """True when a two-sided quote lies within its band; it is then the newest mark.

    A band does not outlive a quote that is judged in full.
    """
    where = (quote.account, quote.venue, quote.symbol)
    band = memory.calm.get(where)
    if band is None:
        return False
    if quote.bid_px is not None and quote.ask_px is not None:
        px, qty = (quote.bid_px, quote.bid_qty) if band.long else (quote.ask_px, quote.ask_qty)
        if band.low_px < px < band.high_px and qty >= band.least_qty:
            memory.marks[where] = quote
            return True
    del memory.calm[where]
    return False


def disturb(memory: Memory, event: Event) -> None:
    """Forget the bands of what `event`, which changed the book, may have moved."""
    match event:
        case OrderEvent() | MarketChanged():
            memory.calm.pop((event.account, event.venue, event.symbol), None)
        case Quote():
            return  # no band is left of its symbol
        case SlippageEstimated() | RetryDelayLearned():
            return  # how to get out, not when
        case _:
            memory.calm.clear()


def note_calm(desk: Desk, position: Position, levels: tuple[Level, ...], quote: Quote) -> None:
    """After a quote that was priced, met no level and led to nothing: note what would do so too.

    Only for a position without an exit.
    """
    if desk.commands or quote.bid_px is None or quote.ask_px is None:
        return
    if (
        position.guard is not Guard.ARMED
        or position.unguarded_until_ns is not None
        or position.exit_requested_qty is not None
    ):
        return
    where = (quote.account, quote.venue, quote.symbol)
    if len(desk.book.positions_on(*where)) > 1:
        return
    low_px, high_px, least_qty = _LOWEST, _HIGHEST, ZERO
    for level in levels:
        policy, px = level.policy, level.level_px
        if level.kind in _MOVING or policy.max_spread_px is not None:
            return
        if px is not None and level.direction is Direction.AT_OR_BELOW:
            low_px = px if low_px is _LOWEST else max(low_px, px)
        elif px is not None:
            high_px = px if high_px is _HIGHEST else min(high_px, px)
        least_qty = max(least_qty, policy.trigger_min_qty)
    least_qty = min(least_qty, position.held_qty)
    desk.memory.calm[where] = Band(position.qty > ZERO, low_px, high_px, least_qty)
