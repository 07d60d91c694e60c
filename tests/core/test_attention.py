"""How often, and of what, the core speaks or asks: neither silence nor a storm."""

from __future__ import annotations

from decimal import Decimal

from daemon.core.commands import NoticeKind, QueryOrder, QueryQuote, StartTimer
from daemon.core.requests import UnguardRequested
from daemon.core.terms import NANOS, OrdStatus, RejectReason, Side
from tests import builders as make
from tests.core.play import WALL_NS, Play, guarded, notices, only

THROUGH = make.quote(bid="0.58", ask="0.60")


def exiting() -> Play:
    """A position of 100 whose first exit order is out."""
    play = guarded()
    play.tell(THROUGH)
    return play


def test_an_unchanged_answer_does_not_hurry_the_next_look() -> None:
    play = exiting()
    play.tell(make.canceled(order_id=play.order_id, cum_qty="40"))
    again = make.snapshot(
        order_id=play.order_id, status=OrdStatus.CANCELED, cum_qty="40", leaves_qty="0"
    )
    check = make.timer(f"check|{play.order_id}")
    for _ in range(3):
        asked = play.tell(check)
        assert [type(c) for c in asked if isinstance(c, QueryOrder)] == [QueryOrder]
        assert [c.delay_s for c in only(asked, StartTimer)] == [Decimal(2)]
        hurried = [c for c in only(play.tell(again), StartTimer) if c.timer.startswith("check|")]
        assert not hurried


def test_a_refusal_is_told_once_for_each_reason() -> None:
    play = exiting()
    told: list[NoticeKind] = []
    for reason in (RejectReason.INSUFFICIENT_FUNDS, RejectReason.INSUFFICIENT_FUNDS):
        told += notices(play.tell(make.rejected(order_id=play.order_id, reason=reason)))
        play.tell(THROUGH, after="60")
    told += notices(play.tell(make.rejected(order_id=play.order_id, reason=RejectReason.AUTH)))
    assert told.count(NoticeKind.EXIT_BLOCKED) == 2


def test_a_symbol_that_comes_back_under_guard_asks_for_a_price() -> None:
    play = guarded()
    away = UnguardRequested(**make.AT_VENUE, symbol=make.SYMBOL, for_s=Decimal(60))
    waits = [c for c in only(play.tell(away), StartTimer) if c.timer.startswith("guard|")]
    assert [wait.delay_s for wait in waits] == [Decimal(60)]
    play.tell(THROUGH)
    assert not play.placed
    assert only(play.tell(make.timer(waits[0].timer), after="60"), QueryQuote)
    play.tell(THROUGH)
    assert len(play.placed) == 1


def test_a_fill_that_its_order_has_no_room_for_replaces_the_guess_however_late() -> None:
    play = exiting()
    play.tell(make.in_doubt(order_id=play.order_id))
    for _ in range(2):
        play.tell(make.positions("0"), make.fills_read(), make.market_read(), after="6")
    assert play.position.qty == 0
    late_ns = WALL_NS + play.now_ns + 60 * NANOS
    real = make.fill(
        exec_id="real",
        side=Side.SELL,
        last_qty="100",
        last_px="0.57",
        order_id=play.order_id,
        transact_time_ns=late_ns,
    )
    play.tell(real)
    assert play.position.qty == 0
    assert not play.position.inferred
    assert play.position.realized_pnl == Decimal(-8)
