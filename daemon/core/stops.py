"""When to get out: rules and a quote in, a level that is met out. Pure functions.

A rule speaks of the price of the side held; here, and only here, it is mapped to the
instrument's price (semantics.md 13): on a binary market a NO at 0.65 with 10 percent stops at NO
0.585, which is a YES ask of 0.415.
"""

from __future__ import annotations

import enum
import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from daemon.core.events import Quote
from daemon.core.instrument import Instrument
from daemon.core.position import Position
from daemon.core.rules import ExitPolicy, StopRule
from daemon.core.terms import HUNDRED, NANOS, ZERO, RuleKind, Symbol, Venue, proper


class Direction(enum.Enum):
    """On which side of a level the executable price has to be for the rule to be met."""

    AT_OR_BELOW = "at_or_below"
    AT_OR_ABOVE = "at_or_above"
    ANY = "any"


_AT_OR_BELOW = Direction.AT_OR_BELOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One rule applied to one position: the instrument price at which it fires.

    A TIME level fires at any price once the wall clock reaches `from_time_ns`.
    """

    kind: RuleKind
    direction: Direction
    policy: ExitPolicy
    level_px: Decimal | None = None
    from_time_ns: int | None = None

    def met(self, executable_px: Decimal, now_ns: int) -> bool:
        """True when `executable_px` (instrument's price) at wall time `now_ns` fires it."""
        if self.from_time_ns is not None:
            return now_ns >= self.from_time_ns
        if self.level_px is None:
            return False
        if self.direction is _AT_OR_BELOW:
            return executable_px <= self.level_px
        return executable_px >= self.level_px


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A rule that cannot guard this position, and why."""

    kind: RuleKind
    text: str


def matching_rules(rules: Iterable[StopRule], venue: Venue, symbol: Symbol) -> list[StopRule]:
    """The first matching rule of each kind, in the order in which a quote asks them."""
    first: dict[RuleKind, StopRule] = {}
    for rule in rules:
        if rule.venue == venue and fnmatch.fnmatchcase(symbol, rule.pattern):
            first.setdefault(rule.kind, rule)
    return [first[kind] for kind in RuleKind if kind in first]


def executable_px(position_qty: Decimal, quote: Quote, policy: ExitPolicy) -> Decimal | None:
    """The price at which the position could be closed now: bid for a long, ask for a short.

    None when that side is empty, shows less than `trigger_min_qty` (and less than the position),
    or when the spread is wider than `max_spread_px`.
    """
    long = position_qty > ZERO
    px, qty = (quote.bid_px, quote.bid_qty) if long else (quote.ask_px, quote.ask_qty)
    if px is None or (qty < policy.trigger_min_qty and qty < abs(position_qty)):
        return None
    if policy.max_spread_px is not None:
        if quote.bid_px is None or quote.ask_px is None:
            return None
        if quote.ask_px - quote.bid_px > policy.max_spread_px:
            return None
    return px


def level_of(
    rule: StopRule,
    position: Position,
    instrument: Instrument,
    high_water_px: Decimal | None,
) -> Level | Refusal:
    """Where `rule` fires for `position`.

    `high_water_px` is the best price of the held side seen so far, for TRAILING: without one the
    level has no price yet and nothing meets it.
    """
    if rule.kind is RuleKind.TIME:
        if instrument.close_time_ns is None:
            return Refusal(kind=rule.kind, text="the market has no close time")
        from_ns = instrument.close_time_ns - int(rule.level * NANOS)
        return Level(
            kind=rule.kind,
            direction=Direction.ANY,
            policy=rule.exits,
            from_time_ns=from_ns,
        )
    held = _held_level(rule, position, instrument, high_water_px)
    if isinstance(held, Refusal):
        return held
    refusal = None if held is None else _wrong_side(rule, held, position, instrument)
    if refusal is not None:
        return refusal
    # mirrored: on a binary market the short side's price is the complement of the quoted one.
    mirrored = instrument.payout_px is not None and position.qty < ZERO
    payout_px = instrument.payout_px or ZERO
    level_px = payout_px - held if mirrored and held is not None else held
    takes_profit = rule.kind is RuleKind.TAKE_PROFIT
    below = (position.qty > ZERO) is not takes_profit
    return Level(
        kind=rule.kind,
        direction=Direction.AT_OR_BELOW if below else Direction.AT_OR_ABOVE,
        policy=rule.exits,
        level_px=level_px,
    )


def _held_level(
    rule: StopRule,
    position: Position,
    instrument: Instrument,
    high_water_px: Decimal | None,
) -> Decimal | Refusal | None:
    if rule.kind in {RuleKind.ABSOLUTE, RuleKind.TAKE_PROFIT}:
        return rule.level
    if rule.kind is RuleKind.TRAILING:
        if high_water_px is None:
            return None
        base = high_water_px
    else:
        entry = position.entry_px
        if entry is None:
            text = "the entry price is not known (older than the venue's archive)"
            return Refusal(kind=rule.kind, text=text)
        base = instrument.held_px(entry, position.qty)
    relative = rule.percent or rule.kind is RuleKind.PERCENT
    distance = base * rule.level / HUNDRED if relative else rule.level
    return base - distance if _gains_upward(position, instrument) else base + distance


def _gains_upward(position: Position, instrument: Instrument) -> bool:
    """True when the held side's price rises with profit: always, but for a plain short."""
    return position.qty > ZERO or instrument.payout_px is not None


def _wrong_side(
    rule: StopRule, held_level: Decimal, position: Position, instrument: Instrument
) -> Refusal | None:
    entry = position.entry_px
    if rule.kind not in {RuleKind.ABSOLUTE, RuleKind.TAKE_PROFIT} or entry is None:
        return None
    held_entry = instrument.held_px(entry, position.qty)
    stop = rule.kind is RuleKind.ABSOLUTE
    below = held_level < held_entry
    sound = below if stop == _gains_upward(position, instrument) else held_level > held_entry
    if sound:
        return None
    name = "stop_px" if stop else "take_profit_px"
    want = "below" if stop == _gains_upward(position, instrument) else "above"
    text = f"{name} {proper(held_level)} must be {want} the entry {proper(held_entry)}"
    return Refusal(kind=rule.kind, text=text)


def better_high_water(
    best: Decimal | None,
    position: Position,
    instrument: Instrument,
    executable: Decimal,
) -> Decimal | None:
    """The new best price of the held side, None when `executable` does not beat `best`.

    For a plain short the best price is the lowest.
    """
    held = instrument.held_px(executable, position.qty)
    if best is None:
        return held
    improved = held > best if _gains_upward(position, instrument) else held < best
    return held if improved else None
