"""Rules 12 to 17 in a table: where each kind fires, for YES, NO and a plain short."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.core.position import Position
from daemon.core.stops import (
    Direction,
    Level,
    Refusal,
    better_high_water,
    executable_px,
    level_of,
    matching_rules,
)
from daemon.core.terms import NANOS, RuleKind, Side, Symbol
from tests import builders as make

D = Decimal
YES, NO, SHORT, LONG = "yes", "no", "short", "long"
# Entry and executable prices are the instrument's; a level of a rule is the held side's.
ENTRY = {YES: ("100", "0.65"), NO: ("-100", "0.35"), SHORT: ("-2", "200"), LONG: ("2", "200")}


def held(who: str, *, entry_known: bool = True) -> Position:
    qty, px = ENTRY[who]
    position = Position(key=make.KEY)
    side = Side.BUY if D(qty) > 0 else Side.SELL
    position.apply(side, abs(D(qty)), D(px), D(0), 0)
    position.entry_known = entry_known
    return position


def level(
    who: str, kind: RuleKind, at: str, *, percent: bool = False, peak: str | None = None
) -> Level | Refusal:
    binary = who in {YES, NO}
    terms = make.instrument(payout_px="1" if binary else None, end_px="1" if binary else "9999")
    rule = make.rule(kind=kind, level=at, percent=percent)
    return level_of(rule, held(who), terms, make.number(peak))


@pytest.mark.parametrize(
    ("who", "kind", "at", "fires", "not_yet"),
    [
        (YES, RuleKind.ABSOLUTE, "0.60", "0.60", "0.61"),
        (NO, RuleKind.ABSOLUTE, "0.60", "0.40", "0.39"),
        (SHORT, RuleKind.ABSOLUTE, "220", "220", "219.99"),
        (LONG, RuleKind.ABSOLUTE, "180", "180", "180.01"),
        (YES, RuleKind.DISTANCE, "0.05", "0.60", "0.601"),
        (NO, RuleKind.DISTANCE, "0.05", "0.40", "0.399"),
        (SHORT, RuleKind.DISTANCE, "20", "220", "219"),
        (LONG, RuleKind.DISTANCE, "20", "180", "181"),
        (YES, RuleKind.PERCENT, "10", "0.585", "0.586"),
        (NO, RuleKind.PERCENT, "10", "0.415", "0.414"),
        (SHORT, RuleKind.PERCENT, "10", "220", "219"),
        (LONG, RuleKind.PERCENT, "10", "180", "181"),
        (YES, RuleKind.TAKE_PROFIT, "0.80", "0.80", "0.79"),
        (NO, RuleKind.TAKE_PROFIT, "0.80", "0.20", "0.21"),
        (SHORT, RuleKind.TAKE_PROFIT, "150", "150", "151"),
        (LONG, RuleKind.TAKE_PROFIT, "250", "250", "249"),
    ],
)
def test_a_rule_fires_at_its_level_of_the_held_side(
    who: str, kind: RuleKind, at: str, fires: str, not_yet: str
) -> None:
    made = level(who, kind, at)
    assert isinstance(made, Level)
    assert made.level_px == D(fires)
    assert made.met(D(fires), 0)
    assert not made.met(D(not_yet), 0)


@pytest.mark.parametrize(
    ("who", "percent", "peak", "fires"),
    [
        (YES, False, "0.75", "0.70"),
        (NO, False, "0.75", "0.30"),
        (SHORT, False, "150", "150.05"),
        (YES, True, "0.80", "0.7996"),
        (NO, True, "0.80", "0.2004"),
        (SHORT, True, "100", "100.05"),
    ],
)
def test_a_trailing_rule_follows_the_best_price_of_the_held_side(
    who: str, peak: str, fires: str, *, percent: bool
) -> None:
    made = level(who, RuleKind.TRAILING, "0.05", percent=percent, peak=peak)
    assert isinstance(made, Level)
    assert made.level_px == D(fires)


def test_a_trailing_rule_without_a_mark_is_met_by_nothing() -> None:
    made = level(YES, RuleKind.TRAILING, "0.05")
    assert isinstance(made, Level)
    assert made.level_px is None
    assert not made.met(D("0.01"), 0)


def test_a_time_rule_fires_at_any_price_from_its_time_on() -> None:
    terms = make.instrument(close_time_ns=100 * NANOS)
    rule = make.rule(kind=RuleKind.TIME, level="60")
    made = level_of(rule, held(YES), terms, None)
    assert isinstance(made, Level)
    assert made.direction is Direction.ANY
    assert made.met(D("0.99"), 40 * NANOS)
    assert not made.met(D("0.01"), 40 * NANOS - 1)
    assert isinstance(level_of(rule, held(YES), make.instrument(), None), Refusal)


@pytest.mark.parametrize(
    ("who", "kind", "at", "word"),
    [
        (YES, RuleKind.ABSOLUTE, "0.65", "below"),
        (YES, RuleKind.ABSOLUTE, "0.70", "below"),
        (NO, RuleKind.ABSOLUTE, "0.65", "below"),
        (SHORT, RuleKind.ABSOLUTE, "200", "above"),
        (YES, RuleKind.TAKE_PROFIT, "0.65", "above"),
        (NO, RuleKind.TAKE_PROFIT, "0.60", "above"),
        (SHORT, RuleKind.TAKE_PROFIT, "210", "below"),
    ],
)
def test_a_level_at_or_beyond_the_entry_is_refused_with_a_reason(
    who: str, kind: RuleKind, at: str, word: str
) -> None:
    refusal = level(who, kind, at)
    assert isinstance(refusal, Refusal)
    assert refusal.kind is kind
    assert f"must be {word} the entry" in refusal.text


@pytest.mark.parametrize("kind", [RuleKind.PERCENT, RuleKind.DISTANCE])
def test_without_an_entry_relative_rules_are_refused(kind: RuleKind) -> None:
    refusal = level_of(
        make.rule(kind=kind, level="0.05"), held(YES, entry_known=False), make.instrument(), None
    )
    assert isinstance(refusal, Refusal)
    assert "entry price is not known" in refusal.text


@pytest.mark.parametrize("at", ["0.60", "0.70"])
def test_without_an_entry_an_absolute_rule_stands(at: str) -> None:
    unknown = held(YES, entry_known=False)
    made = level_of(make.rule(level=at), unknown, make.instrument(), None)
    assert isinstance(made, Level)


@pytest.mark.parametrize(
    ("who", "bid", "bid_qty", "ask", "ask_qty", "px"),
    [
        (YES, "0.58", "5", "0.60", "5", "0.58"),
        (NO, "0.58", "5", "0.60", "5", "0.60"),
        (YES, None, "0", "0.60", "5", None),
        (NO, "0.58", "5", None, "0", None),
        (YES, "0", "0", "1", "0", None),
        (NO, "0", "0", "1", "0", None),
        (YES, "0.58", "1", "0.60", "5", None),
        (YES, "0.58", "2", "0.60", "5", "0.58"),
    ],
)
def test_only_an_executable_price_of_enough_quantity_counts(
    who: str, bid: str | None, bid_qty: str, ask: str | None, ask_qty: str, px: str | None
) -> None:
    quote = make.quote(bid=bid, bid_qty=bid_qty, ask=ask, ask_qty=ask_qty)
    qty = D(ENTRY[who][0])
    assert executable_px(qty, quote, make.exits(min_qty="2")) == make.number(px)


def test_a_position_below_the_minimum_needs_only_its_own_quantity() -> None:
    quote = make.quote(bid="0.58", bid_qty="0.5")
    assert executable_px(D("0.5"), quote, make.exits(min_qty="2")) == D("0.58")


@pytest.mark.parametrize(
    ("bid", "ask", "px"), [("0.58", "0.63", "0.58"), ("0.58", "0.64", None), ("0.58", None, None)]
)
def test_a_wide_or_unknown_spread_triggers_nothing_where_that_is_asked(
    bid: str, ask: str | None, px: str | None
) -> None:
    policy = make.exits(spread_px="0.05")
    assert executable_px(D(100), make.quote(bid=bid, ask=ask), policy) == make.number(px)


def test_the_first_matching_rule_of_each_kind_counts_in_the_order_of_the_kinds() -> None:
    rules = [
        make.rule(kind=RuleKind.TAKE_PROFIT, level="0.9"),
        make.rule(pattern="OTHER-*", level="0.1"),
        make.rule(level="0.60"),
        make.rule(level="0.50"),
        make.rule(kind=RuleKind.PERCENT, level="5"),
    ]
    found = matching_rules(rules, make.VENUE, Symbol("NFL-7"))
    assert [(r.kind, r.level) for r in found] == [
        (RuleKind.ABSOLUTE, D("0.60")),
        (RuleKind.PERCENT, D(5)),
        (RuleKind.TAKE_PROFIT, D("0.9")),
    ]
    assert not matching_rules(rules, make.VENUE, Symbol("nfl-7")), "a glob minds its case"


@pytest.mark.parametrize(
    ("who", "best", "px", "better"),
    [
        (YES, None, "0.60", "0.60"),
        (YES, "0.60", "0.61", "0.61"),
        (YES, "0.60", "0.60", None),
        (NO, "0.60", "0.39", "0.61"),
        (NO, "0.60", "0.41", None),
        (SHORT, "150", "149", "149"),
        (SHORT, "150", "151", None),
    ],
)
def test_the_mark_only_gets_better(who: str, best: str | None, px: str, better: str | None) -> None:
    terms = make.instrument(payout_px=None if who == SHORT else "1", end_px="9999")
    found = better_high_water(make.number(best), held(who), terms, D(px))
    assert found == make.number(better)
