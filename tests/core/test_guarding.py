"""First sight, confirmation, live off, halts, the operator's word, trailing marks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from daemon.core.commands import Command, NoticeKind, PlaceOrder, QueryQuote, StartTimer
from daemon.core.decisions import (
    ArmStop,
    BeginConfirmation,
    CloseExit,
    HoldUnconfirmed,
    OpenExit,
    RaiseHighWater,
    RearmStop,
    RefuseRule,
    WithholdExit,
)
from daemon.core.events import MarketPhase, TimerFired
from daemon.core.position import Guard
from daemon.core.requests import (
    ConfirmRequested,
    ExitRequested,
    HaltRequested,
    ResumeRequested,
    UnguardRequested,
)
from daemon.core.terms import NANOS, RuleKind, Side
from tests import builders as make
from tests.core.play import WALL_NS, Play, guarded, notices, only

D = Decimal
THROUGH = make.quote(bid="0.58", ask="0.60")
GOOD = make.quote(bid="0.65", ask="0.66")
NOBODY = make.quote(bid=None, ask="0.60")
HALT = HaltRequested(**make.NOW)
RESUME = ResumeRequested(**make.NOW)
CONFIRM = ConfirmRequested(**make.ON_SYMBOL)


def get_out(qty: str | None = None) -> ExitRequested:
    return ExitRequested(**make.ON_SYMBOL, qty=make.number(qty))


def durable(commands: Sequence[Command]) -> list[Command]:
    return [command for command in commands if command.durable]


def test_first_seen_through_its_stop_waits_for_the_operator() -> None:
    play = guarded(seen=False)
    told = play.tell(THROUGH)
    assert only(told, HoldUnconfirmed)[0].trigger_px == D("0.58")
    assert notices(told) == [NoticeKind.UNCONFIRMED]
    assert not play.tell(THROUGH), "told once"
    assert only(play.tell(CONFIRM), QueryQuote)
    assert only(play.tell(THROUGH), PlaceOrder)


def test_an_unconfirmed_position_that_recovers_is_armed() -> None:
    play = guarded(seen=False)
    play.tell(THROUGH)
    assert only(play.tell(GOOD), ArmStop)
    assert only(play.tell(THROUGH), PlaceOrder)


def test_adopt_fire_sells_at_first_sight() -> None:
    play = guarded(make.rule(policy=make.exits(adopt_fires=True)), seen=False)
    assert only(play.tell(THROUGH), PlaceOrder)


def test_a_position_armed_before_a_restart_fires_at_once() -> None:
    play = guarded()
    play.restart()
    assert only(play.tell(THROUGH), PlaceOrder)


@pytest.mark.parametrize("blank", [NOBODY, make.quote(bid="0.01", bid_qty="0", ask="0.99")])
def test_an_empty_side_neither_arms_nor_triggers(blank: object) -> None:
    play = guarded(seen=False)
    assert isinstance(blank, type(NOBODY))
    assert not durable(play.tell(blank))
    told = play.tell(THROUGH)
    assert only(told, HoldUnconfirmed), "an empty book is no sight of the good side"


def test_live_off_withholds_once_per_episode_and_again_after_the_price_left() -> None:
    play = guarded(live=False)
    told = play.tell(THROUGH)
    (would_be,) = only(told, WithholdExit)
    assert (would_be.side, would_be.order_qty, would_be.limit_px) == (Side.SELL, D(100), D("0.53"))
    assert notices(told) == [NoticeKind.EXIT_WITHHELD]
    assert not play.tell(THROUGH)
    assert not durable(play.tell(NOBODY, THROUGH)), "an empty book does not end the episode"
    assert only(play.tell(GOOD), RearmStop)
    assert only(play.tell(THROUGH), WithholdExit)
    assert not play.placed


def test_nothing_withheld_survives_a_mode_change() -> None:
    play = guarded(live=False)
    play.tell(THROUGH, get_out(), THROUGH)
    assert play.position.exit_requested_qty is None
    told = play.tell(make.rules_loaded(make.rule()), GOOD)
    assert NoticeKind.MODE_CHANGED in notices(told)
    assert not only(told, PlaceOrder)
    assert only(play.tell(THROUGH), PlaceOrder)


def test_an_operators_exit_is_withheld_too_and_ends_no_episode() -> None:
    play = guarded(live=False)
    play.tell(get_out("10"))
    (would_be,) = only(play.tell(GOOD), WithholdExit)
    assert (would_be.reason, would_be.order_qty) == (RuleKind.OPERATOR, D(10))
    assert only(play.tell(THROUGH), WithholdExit)[0].reason is RuleKind.ABSOLUTE
    play.tell(get_out())
    assert only(play.tell(THROUGH), WithholdExit)[0].reason is RuleKind.OPERATOR
    assert not play.tell(THROUGH)


def test_live_orders_switched_off_in_an_exit_withhold_the_rest_once() -> None:
    play = guarded()
    play.tell(THROUGH)
    play.tell(make.canceled(order_id=play.order_id))
    play.tell(make.rules_loaded(make.rule(), account=make.account_policy(live=False)))
    told = play.tell(THROUGH, THROUGH, THROUGH, THROUGH, after="40")
    assert len(only(told, WithholdExit)) == 1
    assert len(play.placed) == 1
    play.tell(make.rules_loaded(make.rule()))
    (order,) = only(play.tell(THROUGH), PlaceOrder)
    assert (order.exit_no, order.attempt) == (2, 1)


def test_a_halt_stops_new_exits_and_a_resume_lets_them_go() -> None:
    play = guarded()
    assert notices(play.tell(HALT)) == [NoticeKind.HALTED]
    assert notices(play.tell(THROUGH)) == [NoticeKind.EXIT_BLOCKED]
    assert not play.tell(THROUGH), "told once"
    play.restart()
    assert not only(play.tell(THROUGH), OpenExit), "a halt survives a restart"
    assert NoticeKind.RESUMED in notices(play.tell(RESUME))
    assert only(play.tell(THROUGH), PlaceOrder)


def test_a_halt_stops_new_exits_and_not_one_at_work() -> None:
    play = guarded()
    play.tell(THROUGH)
    play.tell(HALT, make.canceled(order_id=play.order_id))
    assert only(play.tell(THROUGH, after="40"), PlaceOrder)


def test_the_operator_gets_out_of_a_part_at_the_next_executable_price() -> None:
    play = guarded()
    assert only(play.tell(get_out("30")), QueryQuote)
    told = play.tell(GOOD)
    (opened,) = only(told, OpenExit)
    assert (opened.reason, opened.exit_qty, opened.whole) == (RuleKind.OPERATOR, D(30), False)
    (order,) = only(told, PlaceOrder)
    assert (order.order_qty, order.limit_px) == (D(30), D("0.60"))
    told = play.tell(make.fill(order_id=order.client_order_id, last_qty="30", last_px="0.65"))
    assert only(told, CloseExit)
    assert play.position.qty == D(70)


def test_the_operators_exit_insists_until_its_part_is_sold() -> None:
    play = guarded()
    play.tell(get_out("30"), GOOD)
    play.tell(
        make.fill(order_id=play.order_id, last_qty="10", last_px="0.65"),
        make.canceled(order_id=play.order_id, cum_qty="10"),
    )
    (rest,) = only(play.tell(GOOD), PlaceOrder)
    assert (rest.order_qty, rest.attempt) == (D(20), 2)


def test_asking_for_more_than_is_held_sells_what_is_held() -> None:
    play = guarded()
    play.tell(get_out("500"))
    assert only(play.tell(GOOD), PlaceOrder)[0].order_qty == D(100)


def test_the_operators_exit_waits_for_a_bid() -> None:
    play = guarded()
    play.tell(get_out())
    assert not only(play.tell(NOBODY), OpenExit)
    assert only(play.tell(GOOD), PlaceOrder)


@pytest.mark.parametrize("again", [False, True])
def test_no_request_to_get_out_outlives_a_halt(again: bool) -> None:
    play = guarded()
    play.tell(get_out(), NOBODY, HALT)
    if again:
        play.tell(get_out())
    assert not only(play.tell(GOOD), OpenExit)
    play.tell(RESUME)
    assert not only(play.tell(GOOD), OpenExit), "it would come true at a time nobody chose"
    play.tell(get_out())
    assert only(play.tell(GOOD), PlaceOrder)


def test_a_book_without_a_bid_is_told_when_it_lasts_and_when_it_is_over() -> None:
    play = guarded()
    (timer,) = only(play.tell(NOBODY), StartTimer)
    assert timer.delay_s == D(60)
    assert not play.tell(NOBODY), "one wait at a time"
    fired = TimerFired(**make.NOW, timer=timer.timer)
    assert notices(play.tell(fired)) == [NoticeKind.UNGUARDED]
    assert not notices(play.tell(fired)), "told once"
    assert notices(play.tell(GOOD)) == [NoticeKind.GUARDED_AGAIN]
    assert not notices(play.tell(fired)), "its matter is gone"


def test_the_operators_exit_takes_the_place_of_an_open_one_when_nothing_works() -> None:
    play = guarded()
    play.tell(THROUGH)
    play.tell(get_out())
    assert not only(play.tell(THROUGH), OpenExit), "an order of the first one is at work"
    play.tell(make.canceled(order_id=play.order_id))
    told = play.tell(THROUGH, after="2")
    assert only(told, CloseExit)
    assert only(told, PlaceOrder)[0].exit_no == 2


def test_a_waiting_request_does_not_keep_the_stop_from_selling_what_surely_remains() -> None:
    play = guarded()
    play.tell(THROUGH)
    play.tell(make.in_doubt(order_id=play.order_id))
    more = make.fill(exec_id="b", side=Side.BUY, last_qty="30", venue_order_id="w1")
    play.tell(more, get_out("10"))
    assert only(play.tell(THROUGH, after="2"), PlaceOrder)[0].order_qty == D(30)


def test_an_unguarded_symbol_fires_no_more_until_its_time_is_over() -> None:
    play = guarded()
    play.tell(UnguardRequested(**make.ON_SYMBOL, for_s=D(60)))
    assert not play.tell(THROUGH)
    assert only(play.tell(THROUGH, after="60"), PlaceOrder)


def test_unguarded_for_ever_until_guarded_again() -> None:
    play = guarded()
    play.tell(UnguardRequested(**make.ON_SYMBOL))
    assert not play.tell(THROUGH, after="90000")
    play.tell(UnguardRequested(**make.ON_SYMBOL, guard_again=True))
    assert only(play.tell(THROUGH), PlaceOrder)


def test_an_exit_of_a_symbol_that_the_operator_unguards_ends() -> None:
    play = guarded()
    play.tell(THROUGH)
    play.tell(UnguardRequested(**make.ON_SYMBOL), make.canceled(order_id=play.order_id))
    told = play.tell(THROUGH, THROUGH, after="40")
    assert only(told, CloseExit)
    assert not only(told, PlaceOrder)


def test_ignored_symbols_are_left_alone_without_a_word() -> None:
    play = guarded(make.rule(pattern="OTHER-*"), ignored=("NFL-*",))
    assert not play.tell(THROUGH)
    assert NoticeKind.NO_RULE not in notices(play.commands)


def test_a_position_that_no_rule_matches_is_told_once() -> None:
    play = guarded(make.rule(pattern="OTHER-*"))
    assert notices(play.commands).count(NoticeKind.NO_RULE) == 1
    assert not play.tell(THROUGH)


def test_a_stop_on_the_wrong_side_is_refused_once_and_told() -> None:
    play = guarded(make.rule(level="0.70"))
    assert only(play.commands, RefuseRule)[0].kind is RuleKind.ABSOLUTE
    assert NoticeKind.STOP_REFUSED in notices(play.commands)
    assert not play.tell(THROUGH)


def test_a_refused_stop_is_asked_again_when_the_entry_changes() -> None:
    play = guarded(make.rule(level="0.66"))
    assert list(play.position.refused) == [RuleKind.ABSOLUTE]
    play.tell(
        make.fill(exec_id="b", side=Side.BUY, last_qty="100", last_px="0.75", venue_order_id="w1")
    )
    assert not play.position.refused
    play.tell(make.quote(bid="0.74", ask="0.75"))
    assert only(play.tell(make.quote(bid="0.65", ask="0.66")), PlaceOrder)


def test_a_rule_has_to_be_met_for_the_confirmation_time_without_a_break() -> None:
    play = guarded(make.rule(policy=make.exits(confirm_ms=1500)))
    told = play.tell(THROUGH)
    assert only(told, BeginConfirmation)
    assert only(told, StartTimer)[0].delay_s == D("1.5")
    assert only(play.tell(GOOD), BeginConfirmation)[0].since_mono_ns is None
    play.tell(THROUGH)
    assert not only(play.tell(THROUGH), OpenExit)
    assert only(play.tell(make.timer(f"confirm|{make.KEY.name}"), after="0"), QueryQuote)
    assert only(play.tell(THROUGH), PlaceOrder)


def test_no_exit_opens_in_a_market_that_is_not_active() -> None:
    play = guarded()
    play.tell(make.market_read(phase=MarketPhase.PAUSED))
    told = play.tell(THROUGH)
    assert notices(told) == [NoticeKind.EXIT_BLOCKED]
    play.tell(make.market_read(phase=MarketPhase.ACTIVE))
    assert only(play.tell(THROUGH), PlaceOrder)


def test_a_trailing_mark_is_written_at_a_ticks_gain_once_a_second_and_before_its_trigger() -> None:
    trailing = make.rule(kind=RuleKind.TRAILING, level="0.05")
    play = guarded(trailing)
    assert play.position.high_water_px == D("0.65")
    told = play.tell(make.quote(bid="0.70", ask="0.71"), after="0.2")
    assert not only(told, RaiseHighWater), "not sooner than a second after the last"
    told = play.tell(make.quote(bid="0.72", ask="0.73"))
    assert only(told, RaiseHighWater)[0].high_water_px == D("0.72")
    play.tell(make.quote(bid="0.75", ask="0.76"), after="0.1")
    assert not only(play.tell(make.quote(bid="0.71", ask="0.72"), after="0.1"), OpenExit)
    told = play.tell(make.quote(bid="0.70", ask="0.71"), after="0.1")
    assert only(told, RaiseHighWater)[0].high_water_px == D("0.75")
    assert only(told, OpenExit)[0].level_px == D("0.70")


def test_a_trailing_stop_of_a_no_follows_the_no_price() -> None:
    play = guarded(make.rule(kind=RuleKind.TRAILING, level="0.05"), qty="-100", px="0.35")
    play.tell(make.quote(bid="0.29", ask="0.30"))
    assert not only(play.tell(make.quote(bid="0.33", ask="0.34")), OpenExit)
    assert only(play.tell(make.quote(bid="0.34", ask="0.35")), OpenExit)[0].level_px == D("0.35")


def test_a_trailing_rule_without_a_price_waits_for_one() -> None:
    play = guarded(make.rule(kind=RuleKind.TRAILING, level="0.05"), seen=False)
    assert not durable(play.tell(NOBODY))
    assert play.position.high_water_px is None


def test_on_one_quote_the_absolute_stop_comes_before_the_percent_one() -> None:
    rules = (
        make.rule(kind=RuleKind.PERCENT, level="1"),
        make.rule(kind=RuleKind.ABSOLUTE, level="0.60"),
    )
    play = guarded(*rules)
    assert only(play.tell(THROUGH), OpenExit)[0].reason is RuleKind.ABSOLUTE


def test_time_before_close_gets_a_price_at_its_time_and_sells() -> None:
    close_ns = WALL_NS + 2_000 * NANOS
    terms = make.instrument(close_time_ns=close_ns)
    play = guarded(make.rule(kind=RuleKind.TIME, level="60"), terms=terms)
    (wake,) = [t for t in only(play.commands, StartTimer) if t.timer.startswith("close|")][-1:]
    assert D(930) < wake.delay_s <= D(940)
    assert only(play.tell(make.timer(wake.timer), after=str(wake.delay_s)), QueryQuote)
    told = play.tell(GOOD, after="0")
    assert only(told, OpenExit)[0].reason is RuleKind.TIME
    assert only(told, PlaceOrder)


def test_a_quote_before_the_market_is_known_decides_nothing() -> None:
    play = Play()
    play.tell(make.started(), make.rules_loaded(make.rule()))
    play.tell(make.fill(side=Side.BUY, last_px="0.65"))
    assert not play.tell(THROUGH)
    assert play.position.guard is Guard.UNSEEN
