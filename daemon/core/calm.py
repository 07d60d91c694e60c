"""Prices between all levels of a position at rest: nothing can follow, so nothing is looked at.

Most quotes are such. A band is noted when a quote was judged in full and led to nothing, and
holds until something changes the book. A band is no decision: without it the same quote is judged
in full, with the same result.
"""

from __future__ import annotations

from decimal import Decimal

from daemon.core.book import Book
from daemon.core.desk import Desk, Memory, Seen
from daemon.core.estimates import RetryDelayLearned, SlippageEstimated
from daemon.core.events import Event, Fill, MarketChanged, OrderEvent, Quote
from daemon.core.page import Page
from daemon.core.position import Guard
from daemon.core.stops import Direction, Level
from daemon.core.terms import ZERO, RuleKind

_NEVER = -1
_LOWEST = Decimal("-Infinity")
_HIGHEST = Decimal("Infinity")
_ARMED, _AT_OR_BELOW = Guard.ARMED, Direction.AT_OR_BELOW
_MOVING = frozenset({RuleKind.TRAILING, RuleKind.TIME})


def is_calm(memory: Memory, quote: Quote) -> bool:
    """True when a two-sided quote lies within its band; it is then the newest mark.

    A band does not outlive a quote that is judged in full.
    """
    seen = memory.seen.get((quote.account, quote.venue, quote.symbol))
    if seen is None or seen.calm_turn != memory.turn:
        return False
    if quote.bid_px is not None and quote.ask_px is not None:
        px, qty = (quote.bid_px, quote.bid_qty) if seen.long else (quote.ask_px, quote.ask_qty)
        if seen.low_px < px < seen.high_px and qty >= seen.least_qty:
            seen.mark = quote
            return True
    seen.calm_turn = _NEVER
    return False


def note_mark(memory: Memory, quote: Quote) -> None:
    """Keep the newest two-sided quote of a symbol."""
    where = (quote.account, quote.venue, quote.symbol)
    seen = memory.seen.get(where)
    if seen is None:
        memory.seen[where] = Seen(quote)
    else:
        seen.mark = quote


def disturb(memory: Memory, book: Book, event: Event) -> None:
    """Forget the bands of what `event`, which changed the book, may have moved."""
    match event:
        case Fill() if book.at_hand is not None and book.at_hand[0].work is not None:
            return  # a position with an exit has none: the quote that opened it voided it
        case OrderEvent() | MarketChanged():
            seen = memory.seen.get((event.account, event.venue, event.symbol))
            if seen is not None:
                seen.calm_turn = _NEVER
        case Quote():
            return  # no band is left of its symbol
        case SlippageEstimated() | RetryDelayLearned():
            return  # how to get out, not when
        case _:
            memory.turn += 1


def _at_rest(page: Page) -> bool:
    """True where nothing but a price is waited for, and the symbol has no other position."""
    position = page.position
    return (
        position.guard is _ARMED
        and position.unguarded_until_ns is None
        and position.exit_requested_qty is None
        and len(page.beside) == 1
    )


def note_calm(desk: Desk, page: Page, levels: tuple[Level, ...], quote: Quote) -> None:
    """After a quote that was priced, met no level and led to nothing: note what would do so too.

    Only for a position without an exit.
    """
    if desk.commands or quote.bid_px is None or quote.ask_px is None or not _at_rest(page):
        return
    seen, qty = desk.memory.seen[page.where], page.position.qty
    if seen.levels is levels and seen.qty is qty:  # the band of before holds again
        seen.calm_turn = desk.memory.turn
    elif _measure(desk.memory, seen, levels, qty):
        seen.levels, seen.qty, seen.calm_turn = levels, qty, desk.memory.turn


def _measure(memory: Memory, seen: Seen, levels: tuple[Level, ...], qty: Decimal) -> bool:
    """Note the bounds of a band between these levels; False where one of them moves."""
    low_px, high_px, least_qty = _LOWEST, _HIGHEST, ZERO
    for level in levels:
        policy, px = level.policy, level.level_px
        if level.kind in _MOVING or policy.max_spread_px is not None:
            return False
        if px is not None and level.direction is _AT_OR_BELOW:
            low_px = px if low_px is _LOWEST else max(low_px, px)
        elif px is not None:
            high_px = px if high_px is _HIGHEST else min(high_px, px)
        least_qty = max(least_qty, policy.trigger_min_qty)
    seen.long = qty > ZERO
    seen.low_px, seen.high_px = memory.own_px(low_px), memory.own_px(high_px)
    seen.least_qty = min(least_qty, abs(qty))
    return True
