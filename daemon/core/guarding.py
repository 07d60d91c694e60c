"""Quotes against rules: arm, hold back, or open an exit (semantics.md 12 to 15, 21).

Only live feeds make quotes, so a quote here is executable. Decides when; how to get out is
`pursuit`.
"""

from __future__ import annotations

import fnmatch
from decimal import Decimal

from daemon.core.calm import note_calm, note_mark
from daemon.core.commands import NoticeKind
from daemon.core.decisions import (
    ArmStop,
    BeginConfirmation,
    CloseExit,
    ExitEnd,
    HoldUnconfirmed,
    OpenExit,
    RaiseHighWater,
    RearmStop,
    RefuseRule,
    WithholdExit,
)
from daemon.core.desk import Desk
from daemon.core.events import MarketPhase, Quote
from daemon.core.exits import Exit, exit_side, worst_px
from daemon.core.instrument import Instrument
from daemon.core.page import Page
from daemon.core.position import Guard, Position
from daemon.core.pursuit import attempt, continue_exit
from daemon.core.stops import Direction, Level, Refusal, better_high_water, executable_px, level_of
from daemon.core.terms import NANOS, ZERO, PositionKey, RuleKind, proper

_SECOND_NS = NANOS
_MS_NS = 1_000_000
_ACTIVE, _ARMED, _TRAILING = MarketPhase.ACTIVE, Guard.ARMED, RuleKind.TRAILING


def on_quote(desk: Desk, quote: Quote) -> None:
    """Judge every position on the quote's symbol."""
    two_sided = quote.bid_px is not None and quote.ask_px is not None
    if two_sided:
        note_mark(desk.memory, quote)
    where = (quote.venue, quote.symbol)
    market = desk.book.markets.get(where)
    active = market is None or market.phase is _ACTIVE
    if not active or desk.book.account(quote.account, quote.venue).paused:
        desk.memory.one_sided.add(where)
    elif where in desk.memory.one_sided:
        if not two_sided:
            return  # after a reopening the first two-sided book decides (semantics.md 23)
        desk.memory.one_sided.remove(where)
    if market is None:
        return
    for page in desk.book.pages_on(quote.account, quote.venue, quote.symbol):
        # No price decides before the venue's own count agreed with the book.
        if page.position.qty and page.position.verified:
            _judge(desk, page, market.instrument, quote)


def _judge(desk: Desk, page: Page, terms: Instrument, quote: Quote) -> None:
    position = page.position
    if position.exit_requested_qty is not None and _open_requested(desk, page, terms, quote):
        return
    levels = _levels_now(desk, page, terms, quote)
    hit, priced = _first_met(desk, position, levels, quote)
    if hit is not None and hit.kind is _TRAILING:
        _write_high_water(desk, position)  # whatever this quote decides rests on that mark
    work, guarded = page.work, is_guarded(desk, position)
    if desk.memory.empty or not priced:
        _note_empty(desk, position, priced=priced or not guarded)
    if work is not None:
        continue_exit(desk, page, work, quote, met=guarded and hit is not None, guarded=guarded)
    elif hit is not None and guarded and _may_fire(desk, position, hit, quote):
        fire(desk, page, terms, hit, quote)
    elif hit is None and guarded and priced:
        _not_met(desk, position, levels)
        note_calm(desk, page, levels, quote)


def _first_met(
    desk: Desk, position: Position, levels: tuple[Level, ...], quote: Quote
) -> tuple[Level | None, bool]:
    """The first rule that is met, and False where a side that a rule asks is empty.

    No price there, so no good one either.
    """
    priced = True
    for level in levels:
        px = executable_px(position.qty, quote, level.policy)
        if px is None:
            priced = False
        elif level.met(px, desk.event.receive_time_ns):
            return level, priced
    return None, priced


def _note_empty(desk: Desk, position: Position, *, priced: bool) -> None:
    """A live book without a price to get out at: no rule can fire, so it is told if it lasts."""
    key = position.key
    about = (key, position.generation)
    if not priced and about not in desk.memory.empty:
        desk.memory.empty.add(about)
        policy = desk.book.policy(key.account, key.venue)
        desk.wait(f"empty|{key.name}", policy.empty_side_alert_s)
    elif priced and about in desk.memory.empty:
        desk.memory.empty.discard(about)
        if (about, NoticeKind.UNGUARDED) in desk.memory.told:
            desk.untell(about, NoticeKind.UNGUARDED)
            desk.tell(NoticeKind.GUARDED_AGAIN, f"{key.symbol} has an executable price again", key)


def tell_empty(desk: Desk, key: PositionKey) -> None:
    """The side that a position would be sold to has been empty, or out of bounds, for long."""
    position = desk.book.positions[key]
    about = (key, position.generation)
    if position.qty and about in desk.memory.empty:
        text = (
            f"{key.symbol} is UNGUARDED: {proper(position.qty)} held and its live book has no"
            " price that an exit may trigger at"
        )
        desk.tell_once(about, NoticeKind.UNGUARDED, text, key)


def _not_met(desk: Desk, position: Position, levels: tuple[Level, ...]) -> None:
    """The price is on the good side of every rule: whatever was pending is over."""
    if position.guard is not _ARMED and levels:
        desk.emit(ArmStop(key=position.key))
    if position.confirm_since_ns is not None:
        desk.emit(BeginConfirmation(key=position.key, since_mono_ns=None))
    if position.withheld is not None:
        desk.emit(RearmStop(key=position.key))
    if desk.memory.told:
        desk.untell(position.key, NoticeKind.EXIT_BLOCKED)


def _may_fire(desk: Desk, position: Position, level: Level, quote: Quote) -> bool:
    """Whether a met rule may act: first sight, confirmation time, market and halts."""
    key = position.key
    if position.guard is not Guard.ARMED and not level.policy.adopt_fires:
        if position.guard is Guard.UNSEEN:
            px = executable_px(position.qty, quote, level.policy) or ZERO
            desk.emit(HoldUnconfirmed(key=key, reason=level.kind, trigger_px=px))
            text = (
                f"{key.symbol} was first seen already through its {level.kind.value} stop"
                f" (executable {proper(px)}): not sold; filld confirm {key.symbol} to sell"
            )
            desk.tell(NoticeKind.UNCONFIRMED, text, key, urgent=True)
        return False
    if blocked_by(desk, key):
        return False
    return _confirmed(desk, position, level)


def blocked_by(desk: Desk, key: PositionKey) -> str | None:
    """Why no new exit may open now: told once until the price leaves the rule."""
    state = desk.book.account(key.account, key.venue)
    market = desk.market(key)
    reason = None
    if desk.memory.stopping:
        return "this process is stopping"
    if state.halted:
        reason = f"halted: {state.halt_text or 'by the operator'}"
    elif state.paused:
        reason = "trading on the venue is paused"
    elif market is not None and market.phase is not MarketPhase.ACTIVE:
        reason = f"the market is {market.phase.value}"
    if reason is not None:
        text = f"exit of {key.symbol} blocked: {reason}"
        desk.tell_once(key, NoticeKind.EXIT_BLOCKED, text, key)
    return reason


def _confirmed(desk: Desk, position: Position, level: Level) -> bool:
    """True once the rule has been met for `trigger_confirm_ms` without a break."""
    wanted_ns = level.policy.trigger_confirm_ms * _MS_NS
    if not wanted_ns:
        return True
    since = position.confirm_since_ns
    if since is None:
        desk.emit(BeginConfirmation(key=position.key, since_mono_ns=desk.event.mono_ns))
        desk.wait(f"confirm|{position.key.name}", Decimal(wanted_ns) / NANOS)
        return False
    return desk.event.mono_ns - since >= wanted_ns


def fire(desk: Desk, page: Page, terms: Instrument, level: Level, quote: Quote) -> None:
    """Open an exit on this quote, or record what would have been done when live is off."""
    position, key = page.position, page.position.key
    px = executable_px(position.qty, quote, level.policy)
    if px is None:
        return
    _write_high_water(desk, position)
    state = desk.book.account(key.account, key.venue)
    order = OpenExit(
        key=key,
        exit_no=position.exit_count + 1,
        reason=level.kind,
        exit_qty=position.held_qty,
        trigger_px=px,
        level_px=level.level_px,
        quote=quote,
    )
    if not state.live:
        _withhold(desk, position, terms, order, level)
        return
    if position.guard is not Guard.ARMED:
        desk.emit(ArmStop(key=key))
    _open(desk, page, order)


def _open(desk: Desk, page: Page, order: OpenExit) -> None:
    position = page.position
    desk.emit(order)
    level = "" if order.level_px is None else f" at {_held(desk, position, order.level_px)}"
    what = f"{proper(order.exit_qty)} of {proper(position.held_qty)} {position.key.symbol}"
    text = (
        f"{order.reason.value} rule{level} fired for {what}:"
        f" executable {_held(desk, position, order.trigger_px)}"
    )
    asked = order.reason is RuleKind.OPERATOR
    desk.tell(NoticeKind.STOP_TRIGGERED, text, position.key, urgent=not asked)
    attempt(desk, page, desk.book.exits[position.key], order.trigger_px)


def _held(desk: Desk, position: Position, px: Decimal) -> str:
    """A price in the words of who holds the position: the NO price for a NO."""
    market = desk.market(position.key)
    return proper(px if market is None else market.instrument.held_px(px, position.qty))


def _withhold(
    desk: Desk, position: Position, terms: Instrument, order: OpenExit, level: Level
) -> None:
    if position.withheld is not None and order.reason is not RuleKind.OPERATOR:
        return
    side = exit_side(position.qty)
    would_be = Exit(
        key=order.key,
        exit_no=order.exit_no,
        generation=position.generation,
        reason=order.reason,
        original_qty=position.held_qty,
        exit_qty=order.exit_qty,
        whole=order.whole,
        trigger_px=order.trigger_px,
        first_trigger_px=order.trigger_px,
        level_px=order.level_px,
        opened_time_ns=desk.event.receive_time_ns,
    )
    limit_px = worst_px(would_be, level.policy, side, terms)
    desk.emit(
        WithholdExit(
            key=order.key,
            reason=order.reason,
            side=side,
            order_qty=terms.sellable_qty(order.exit_qty),
            limit_px=limit_px,
            trigger_px=order.trigger_px,
            level_px=order.level_px,
            quote=order.quote,
        )
    )
    text = (
        f"live orders are off: not sent: {side.value} {proper(order.exit_qty)}"
        f" {order.key.symbol} limit {proper(limit_px)} ({order.reason.value})"
    )
    desk.tell(NoticeKind.EXIT_WITHHELD, text, order.key, urgent=True)


def _open_requested(desk: Desk, page: Page, terms: Instrument, quote: Quote) -> bool:
    """The operator asked to get out: at the first executable price, if nothing is at work.

    Returns whether it was done; until then the rules and an open exit go on.
    """
    position = page.position
    key, qty = position.key, position.exit_requested_qty
    policy = desk.book.exit_policy(page, RuleKind.OPERATOR)
    px = executable_px(position.qty, quote, policy)
    if px is None or qty is None or page.exit_orders() or blocked_by(desk, key):
        return False
    if page.work is not None:
        desk.emit(CloseExit(key=key, exit_no=page.work.exit_no, end=ExitEnd.SUPERSEDED))
    whole = qty >= position.held_qty
    order = OpenExit(
        key=key,
        exit_no=position.exit_count + 1,
        reason=RuleKind.OPERATOR,
        exit_qty=qty,
        trigger_px=px,
        level_px=None,
        quote=quote,
        whole=whole,
    )
    if desk.book.account(key.account, key.venue).live:
        _open(desk, page, order)
        return True
    level = Level(kind=RuleKind.OPERATOR, direction=Direction.ANY, policy=policy)
    _withhold(desk, position, terms, order, level)
    return True


def _levels_now(desk: Desk, page: Page, terms: Instrument, quote: Quote) -> tuple[Level, ...]:
    """The levels that a quote is judged by: a trailing one has followed it."""
    levels = page.levels or current_levels(desk, page, terms)
    for level in levels:
        if level.kind is _TRAILING:
            _raise_high_water(desk, page, terms, quote, level)
            return current_levels(desk, page, terms)
    return levels


def _raise_high_water(
    desk: Desk, page: Page, terms: Instrument, quote: Quote, trailing: Level
) -> None:
    """Follow the best price for trailing rules; written at a tick's gain, once a second."""
    position = page.position
    px = executable_px(position.qty, quote, trailing.policy)
    if px is None:
        return
    name = (position.key, position.generation)
    best = desk.memory.peaks.get(name, position.high_water_px)
    better = better_high_water(best, position, terms, px)
    if better is None:
        return
    desk.memory.peaks[name] = better
    page.levels = None
    written = position.high_water_px
    last_ns = desk.memory.peak_written_ns.get(position.key)
    due = last_ns is None or desk.event.mono_ns - last_ns >= _SECOND_NS
    if written is None or (due and abs(better - written) >= terms.tick_at(px)):
        _write_high_water(desk, position)


def _write_high_water(desk: Desk, position: Position) -> None:
    peak = desk.memory.peaks.get((position.key, position.generation))
    if peak is not None and peak != position.high_water_px:
        desk.emit(RaiseHighWater(key=position.key, high_water_px=peak))
        desk.memory.peak_written_ns[position.key] = desk.event.mono_ns


def is_guarded(desk: Desk, position: Position) -> bool:
    """False while the operator or an [[ignore]] rule takes the position out of guard."""
    until = position.unguarded_until_ns
    if until is not None and desk.event.receive_time_ns < until:
        return False
    rules = desk.book.rules
    if rules is None or not rules.ignored:
        return True
    return not any(
        venue == position.key.venue and fnmatch.fnmatchcase(position.key.symbol, pattern)
        for venue, pattern in rules.ignored
    )


def current_levels(desk: Desk, page: Page, instrument: Instrument) -> tuple[Level, ...]:
    """The levels of this position, from the cache or made anew; refusals are told once."""
    if page.levels is not None:
        return page.levels
    position, key = page.position, page.position.key
    matching = desk.book.rules_of(key.venue, key.symbol)
    if not matching and is_guarded(desk, position):
        text = f"no rule guards {proper(position.qty)} {position.key.symbol}"
        desk.tell_once((position.key, position.generation), NoticeKind.NO_RULE, text, position.key)
    levels: list[Level] = []
    for rule in matching:
        if rule.kind in position.refused:
            continue
        peak = desk.memory.peaks.get((position.key, position.generation), position.high_water_px)
        level = level_of(rule, position, instrument, peak)
        if isinstance(level, Refusal):
            desk.emit(RefuseRule(key=position.key, kind=level.kind, text=level.text))
            desk.tell(NoticeKind.STOP_REFUSED, level.text, position.key, urgent=True)
        else:
            levels.append(level)
            _wake_for(desk, position.key, level)
    page.levels = tuple(levels)
    return page.levels


def _wake_for(desk: Desk, key: PositionKey, level: Level) -> None:
    """A TIME rule needs a quote at its time, however quiet the market is."""
    if level.from_time_ns is not None:
        left_ns = level.from_time_ns - desk.event.receive_time_ns
        if left_ns > 0:
            desk.wait(f"close|{key.name}", Decimal(left_ns) / NANOS)
