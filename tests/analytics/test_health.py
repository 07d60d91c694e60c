"""Ready, and stuck: two questions about one moment, each with its reasons."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.analytics.health import Bounds, Health, Pulse, health_turns, health_view
from daemon.core import events, requests
from daemon.core.terms import NANOS, Account, Venue
from tests import builders as make
from tests.analytics.test_views import scene_of
from tests.analytics.whole import made
from tests.core.play import Play, guarded

OWNER = (Account(make.ACCOUNT), Venue(make.VENUE))
BOUNDS = Bounds(reconcile_s=Decimal(90))
NAME = f"{make.VENUE} ({make.ACCOUNT})"


def guarding() -> Play:
    """A position under guard, the stream up."""
    play = guarded()
    play.tell(events.StreamRestored(**make.AT_VENUE))
    return play


def judged(play: Play, *, compared_s: int = 5, answered_s: int = 5, **more: object) -> Health:
    """Health when the last comparison and answer lie so many seconds back."""
    pulse = Pulse(
        compared_ns={OWNER: play.now_ns - compared_s * NANOS},
        answered_ns={OWNER: play.now_ns - answered_s * NANOS},
        **more,  # type: ignore[arg-type]
    )
    return made(health_turns(scene_of(play), pulse, BOUNDS))


def test_all_well_is_one_sentence() -> None:
    health = judged(guarding())
    assert health.ready
    assert health.stuck == ()
    said = "1 position held, 0 exits at work, compared with the venues 5 s ago"
    assert health.sentence == said


@pytest.mark.parametrize(("age_s", "ready"), [(90, True), (91, False)])
def test_an_old_comparison_is_not_ready_but_a_venue_that_answers_is_not_stuck(
    age_s: int, *, ready: bool
) -> None:
    health = judged(guarding(), compared_s=age_s)
    assert health.ready is ready
    assert health.stuck == ()
    if not ready:
        assert health.not_ready == (f"{NAME}: last compared with the venue 91 s ago",)
        assert "NOT READY: " in health.sentence


def test_looks_that_nobody_answers_are_stuck() -> None:
    health = judged(guarding(), compared_s=91, answered_s=91)
    assert len(health.stuck) == 1
    assert health.stuck[0].startswith(f"{NAME}: no look at it was answered for 91 s")


def test_a_loop_that_is_late_is_stuck() -> None:
    assert judged(guarding(), lag_s=Decimal("5.1")).stuck == ("the loop is 5.1 s late",)
    assert judged(guarding(), lag_s=Decimal(5)).ready


def test_a_venue_that_does_not_open_makes_nothing_stuck() -> None:
    play = guarding()
    health = made(health_turns(scene_of(play), Pulse(shut=[OWNER], began_ns=0), BOUNDS))
    assert health.not_ready == (f"{NAME}: could not be opened yet",)
    assert health.stuck == ()


def test_before_the_first_comparison_and_without_rules_nothing_is_ready() -> None:
    play = guarding()
    fresh = made(health_turns(scene_of(play), Pulse(began_ns=play.now_ns), BOUNDS))
    assert fresh.not_ready == (f"{NAME}: not compared with the venue yet",)
    nothing = made(health_turns(scene_of(Play()), Pulse(), BOUNDS))
    assert nothing.not_ready == ("no rules are in force yet",)


def test_a_dead_stream_and_a_position_without_a_price_are_named() -> None:
    play = guarding()
    play.tell(events.StreamLost(**make.AT_VENUE, text="cut"))
    assert judged(play).not_ready[0] == f"{NAME}: its private stream is down"
    play.tell(events.StreamRestored(**make.AT_VENUE))
    play.tell(events.FeedLost(**make.AT_VENUE, symbols=(make.SYMBOL,)))
    assert judged(play).not_ready == (f"unguarded: {make.SYMBOL}",)


def test_what_the_operator_took_out_of_guard_or_halted_is_his() -> None:
    play = guarding()
    play.tell(requests.UnguardRequested(**make.ON_SYMBOL, for_s=Decimal(3600)))
    assert judged(play).ready
    play.tell(requests.HaltRequested(**make.NOW, text="lunch"))
    health = judged(play)
    assert health.ready
    assert f"exits HALTED on {NAME}" in health.sentence


def test_the_view_is_plain() -> None:
    play = guarding()
    view = health_view(judged(play))
    assert (view["ready"], view["not_ready"], view["stuck"]) == (True, [], [])
