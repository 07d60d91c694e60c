"""What was learnt outside bounds an exit inside: never beyond the caps, never when it is old."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core.commands import StartTimer
from daemon.core.estimates import EstimateSource, RetryDelayLearned, SlippageEstimated, bound_of
from daemon.core.rules import ExitPolicy
from daemon.core.terms import NANOS
from tests import builders as make
from tests.core.play import Play, guarded, only

D = Decimal
THROUGH = make.quote(bid="0.58", ask="0.60")


def policy(*, learn: bool = False) -> ExitPolicy:
    return replace(make.exits(), bound_by_estimate=True, learn_retry_delay=learn)


def estimate(bound: str | None = "0.02", qty: str = "100") -> SlippageEstimated:
    return SlippageEstimated(
        **make.ON_SYMBOL,
        source=EstimateSource.MODEL,
        qty=D(qty),
        shown_qty=D(500),
        held_px=D("0.65"),
        spread_px=D("0.01"),
        volatility_px=D("0.001"),
        expected_px=D("0.01"),
        bound_px=make.number(bound),
    )


def learned(delay: str, reason: str = "unfilled") -> RetryDelayLearned:
    return RetryDelayLearned(**make.AT_VENUE, reason=reason, delay_s=D(delay))


def played(*told: SlippageEstimated | RetryDelayLearned, qty: str = "100") -> Play:
    px = "0.65" if D(qty) > 0 else "0.35"
    play = guarded(make.rule(policy=policy(learn=True)), qty=qty, px=px)
    play.tell(*told)
    return play


@pytest.mark.parametrize(
    ("bound", "limit"),
    [
        ("0.02", "0.56"),
        ("0", "0.58"),
        ("-0.01", "0.58"),  # an estimate may be wrong: an exit never asks for more than there is
        ("0.30", "0.53"),  # the configured cap wins
        (None, "0.53"),
    ],
)
def test_the_estimate_bounds_the_first_order_within_the_cap(bound: str | None, limit: str) -> None:
    play = played(estimate(bound))
    play.tell(THROUGH)
    assert play.placed[0].limit_px == D(limit)


def test_of_a_no_it_is_meant_in_the_price_of_no() -> None:
    play = played(estimate("0.02"), qty="-100")
    play.tell(make.quote(bid="0.40", ask="0.42"))
    assert play.placed[0].limit_px == D("0.44")


def test_an_old_estimate_bounds_nothing() -> None:
    play = played(estimate())
    play.tell(THROUGH, after="61")
    assert play.placed[0].limit_px == D("0.53")


def test_one_that_was_made_for_less_bounds_nothing() -> None:
    play = played(estimate(qty="99"))
    play.tell(THROUGH)
    assert play.placed[0].limit_px == D("0.53")


def test_after_an_order_that_found_nobody_the_cap_counts() -> None:
    play = played(estimate())
    play.tell(THROUGH)
    play.tell(make.canceled(order_id=play.order_id))
    play.tell(THROUGH, after="5")
    assert [placed.limit_px for placed in play.placed] == [D("0.56"), D("0.53")]


def test_it_is_not_used_where_nobody_asked_for_it() -> None:
    play = guarded()
    play.tell(estimate(), THROUGH)
    assert play.placed[0].limit_px == D("0.53")
    assert bound_of(estimate(), ExitPolicy(), D(1), 0) is None


def test_a_restart_forgets_it_since_its_age_is_not_known_any_more() -> None:
    play = played(estimate())
    play.restart()
    assert play.position.estimate is None
    play.tell(THROUGH)
    assert play.placed[0].limit_px == D("0.53")


def test_of_what_is_not_held_nothing_is_kept() -> None:
    play = guarded()
    play.tell(replace(estimate(), symbol=make.key(symbol="NFL-2").symbol))
    assert not play.engine.changed


@pytest.mark.parametrize(
    ("told", "wait_s"),
    [("4", 4), ("0.2", 1), ("300", 30)],  # within retry_delay_s and retry_delay_max_s
)
def test_the_first_delay_is_the_learnt_one_within_its_bounds(told: str, wait_s: int) -> None:
    play = played(learned(told))
    play.tell(THROUGH)
    commands = play.tell(make.canceled(order_id=play.order_id))
    (retry,) = [c for c in only(commands, StartTimer) if c.timer.startswith("retry|")]
    assert retry.delay_s == wait_s
    work = play.exit
    assert work is not None
    assert work.not_before_ns == play.now_ns + wait_s * NANOS


def test_later_delays_double_from_there_and_other_reasons_are_their_own() -> None:
    play = played(learned("4"), learned("9", "rate_limit"))
    play.tell(THROUGH)
    play.tell(make.canceled(order_id=play.order_id))
    play.tell(THROUGH, after="5")
    play.tell(make.canceled(order_id=play.order_id, venue_order_id="v2"))
    work = play.exit
    assert work is not None
    assert work.delay_s == 8


def test_a_learnt_delay_survives_a_restart_and_is_journalled_once() -> None:
    play = guarded()
    journalled = []
    for _ in range(2):
        play.tell(learned("4"))
        journalled.append(play.engine.changed)
    assert journalled == [True, False]
    play.restart()
    assert play.engine.book.account(make.ACCOUNT, make.VENUE).retry_delays == {"unfilled": D(4)}


def test_learning_off_waits_as_configured() -> None:
    play = guarded(make.rule(policy=policy()))
    play.tell(learned("4"), THROUGH)
    play.tell(make.canceled(order_id=play.order_id))
    work = play.exit
    assert work is not None
    assert work.delay_s == 1
