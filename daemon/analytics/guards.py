"""Whether a position is guarded, by which levels, and what stands in the way. Pure.

Says in one word what `daemon.core.guarding` would do with the next quote; decides nothing.
"""

from __future__ import annotations

import enum
import fnmatch
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from daemon.analytics.scene import EXIT_REASONS, Scene, View, plain, utc
from daemon.core.events import MarketPhase
from daemon.core.position import Position
from daemon.core.rules import StopRule
from daemon.core.stops import Direction, Level, Refusal, level_of
from daemon.core.terms import ONE, PositionKey

# From here on an `unguarded_until_ns` means "until guarded again", not a time.
_NO_END_NS = 2**62
_NO_RULES = "no rules are in force yet: filld run brings them"
_NOT_VERIFIED = "not yet verified: no read of the venue has agreed with it since the start"


class GuardState(enum.Enum):
    """In one word whether rules watch a position."""

    FLAT = "FLAT"
    EXITING = "EXITING"
    IGNORED = "IGNORED"
    NO_RULE = "NO_RULE"
    REFUSED = "REFUSED"
    UNGUARDED = "UNGUARDED"
    UNCONFIRMED = "UNCONFIRMED"
    UNSEEN = "UNSEEN"
    ARMED = "ARMED"


class Guarding(NamedTuple):
    """The word, and the reason where it needs one ("" otherwise)."""

    state: GuardState
    reason: str


def guarding_of(scene: Scene, position: Position) -> Guarding:
    """How the position is guarded now; what the operator took away comes before the rest."""
    key = position.key
    if not position.qty:
        return Guarding(GuardState.FLAT, "")
    if key in scene.book.exits:
        return Guarding(GuardState.EXITING, "")
    pattern = ignored_by(scene, key)
    if pattern is not None:
        return Guarding(GuardState.IGNORED, f"[[ignore]] {pattern}")
    rules = rules_of(scene, key)
    if not rules:
        why = "no [[stops]] matches" if scene.book.rules else _NO_RULES
        return Guarding(GuardState.NO_RULE, why)
    return _unguarded(scene, position) or _watched(scene, position, rules)


def _unguarded(scene: Scene, position: Position) -> Guarding | None:
    key, until = position.key, position.unguarded_until_ns
    if until is not None and scene.now_ns < until:
        end = "guarded again" if until >= _NO_END_NS else utc(until)
        return Guarding(GuardState.UNGUARDED, f"by the operator until {end}")
    if (key.account, key.venue, key.symbol) in scene.book.blind:
        return Guarding(GuardState.UNGUARDED, "no live price")
    return None


def _watched(scene: Scene, position: Position, rules: Sequence[StopRule]) -> Guarding:
    refusals = [text for text in (_refused(scene, position, rule) for rule in rules) if text]
    if len(refusals) == len(rules):
        return Guarding(GuardState.REFUSED, "; ".join(refusals))
    state = GuardState[position.guard.name]
    if state is GuardState.UNCONFIRMED:
        confirm = f"first seen through its stop: filld confirm {position.key.symbol}"
        return Guarding(state, confirm)
    waits = [] if position.verified else [_NOT_VERIFIED]
    waits += ["the market has not been read yet"] if scene.terms(position.key) is None else []
    if waits:
        seen = GuardState.UNSEEN if position.verified else GuardState.UNGUARDED
        return Guarding(seen, "; ".join(waits))
    return Guarding(state, "no live price yet" if state is GuardState.UNSEEN else "")


def rules_of(scene: Scene, key: PositionKey) -> Sequence[StopRule]:
    """The rules in force for a symbol, in the order in which a quote asks them."""
    return scene.book.rules_of(key.venue, key.symbol)


def ignored_by(scene: Scene, key: PositionKey) -> str | None:
    """The [[ignore]] pattern that takes this symbol out of guard, None where there is none."""
    rules = scene.book.rules
    for venue, pattern in rules.ignored if rules else ():
        if venue == key.venue and fnmatch.fnmatchcase(key.symbol, pattern):
            return pattern
    return None


def blocked_by(scene: Scene, key: PositionKey) -> str | None:
    """Why no new exit could open now, None when one could."""
    state = scene.book.accounts.get((key.account, key.venue))
    market = scene.book.markets.get((key.venue, key.symbol))
    if state is not None and state.halted:
        return f"halted: {state.halt_text or 'by the operator'}"
    if state is not None and state.paused:
        return "trading on the venue is paused"
    if market is not None and market.phase is not MarketPhase.ACTIVE:
        return f"the market is {market.phase.value}"
    return None


def level_views(scene: Scene, position: Position) -> list[View]:
    """Each matching rule as it stands for this position, prices of the side held."""
    if not position.qty:
        return []
    return [_level_view(scene, position, rule) for rule in rules_of(scene, position.key)]


def _level(scene: Scene, position: Position, rule: StopRule) -> Level | Refusal | None:
    terms = scene.terms(position.key)
    return None if terms is None else level_of(rule, position, terms, position.high_water_px)


def _refused(scene: Scene, position: Position, rule: StopRule) -> str | None:
    level = _level(scene, position, rule)
    if isinstance(level, Refusal):
        return f"{rule.kind.value}: {level.text}"
    return f"{rule.kind.value}: refused" if rule.kind in position.refused else None


def _level_view(scene: Scene, position: Position, rule: StopRule) -> View:
    level = _level(scene, position, rule)
    view: View = {
        "rule": rule.kind.value,
        "exit_reason": EXIT_REASONS[rule.kind],
        "pattern": rule.pattern,
        "level_price": None,
        "distance": None,
        "refused": _refused(scene, position, rule),
    }
    if not isinstance(level, Level):
        return view
    if level.from_time_ns is not None:
        view["from_time"] = utc(level.from_time_ns)
    if level.level_px is not None:
        sign = ONE.copy_sign(position.qty)
        view["level_price"] = plain(scene.held_px(position.key, level.level_px, sign))
        view["distance"] = plain(_distance(level, level.level_px, scene.executable_px(position)))
    return view


def nearest(scene: Scene, position: Position) -> Decimal | None:
    """How far the executable price may still go until a rule is met; None where none has a price.

    In the instrument's price; 0 or less: one is met.
    """
    px = scene.executable_px(position)
    levels = (_level(scene, position, rule) for rule in rules_of(scene, position.key))
    found = (
        _distance(level, level.level_px, px)
        for level in levels
        if isinstance(level, Level) and level.level_px is not None
    )
    return min((distance for distance in found if distance is not None), default=None)


def _distance(level: Level, level_px: Decimal, executable: Decimal | None) -> Decimal | None:
    """How far the executable price may still go; 0 or less: the rule is met."""
    if executable is None:
        return None
    below = level.direction is Direction.AT_OR_BELOW
    return executable - level_px if below else level_px - executable
