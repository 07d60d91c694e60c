"""Venues, markets, streams, the clock and the operator: what each fact leads to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.core.commands import (
    NoticeKind,
    Notify,
    OfferQuote,
    PlaceOrder,
    QueryBook,
    QueryMarket,
    QueryOrder,
    StartTimer,
    WatchSymbols,
)
from daemon.core.decisions import CloseExit, OpenExit
from daemon.core.errors import BrokenInvariantError
from daemon.core.events import (
    MarketChanged,
    MarketPhase,
    OrdersRead,
    StreamLost,
    StreamRestored,
    Undecodable,
    VenueNotOpened,
    VenuePaused,
    VenueResumed,
)
from daemon.core.requests import OrderResolved
from daemon.core.terms import NANOS, JournalId, OrdStatus, RuleKind, VenueOrderId
from tests import builders as make
from tests.core.play import WALL_NS, Play, guarded, notices, only

D = Decimal
THROUGH = make.quote(bid="0.58", ask="0.60")
ONE_SIDED = make.quote(bid="0.58", ask=None)
PAUSE = VenuePaused(**make.AT_VENUE)
RESUME = VenueResumed(**make.AT_VENUE)


def moved_to(phase: MarketPhase) -> MarketChanged:
    return MarketChanged(**make.ON_SYMBOL, phase=phase)


def triggered() -> Play:
    play = guarded()
    play.tell(THROUGH)
    return play


def test_a_new_position_is_watched_and_its_market_read() -> None:
    play = guarded(seen=False)
    assert only(play.commands, WatchSymbols)[-1].symbols == (make.SYMBOL,)
    assert only(play.commands, QueryMarket)
    told = play.tell(make.fill(last_qty="100"))
    assert only(told, WatchSymbols)[0].symbols == ()


def test_new_rules_ask_for_the_book_and_offer_the_quotes_again() -> None:
    play = guarded()
    told = play.tell(make.rules_loaded(make.rule(level="0.50")))
    assert only(told, QueryBook)
    assert only(told, OfferQuote)
    assert not only(play.tell(THROUGH), OpenExit)


def test_after_a_restart_what_was_asked_is_in_doubt_and_is_looked_up() -> None:
    play = triggered()
    told = play.restart()
    assert play.order.status is OrdStatus.IN_DOUBT
    check = f"check|{play.order_id}"
    assert StartTimer(timer=check, delay_s=D(0)) in told
    assert only(told, WatchSymbols)
    assert only(play.tell(make.timer(check)), QueryOrder)
    assert not only(play.tell(THROUGH, after="40"), PlaceOrder)
    play.tell(make.snapshot(order_id=play.order_id, status=OrdStatus.CANCELED), THROUGH)
    assert play.placed[-1].attempt == 2


def test_after_a_restart_an_exit_between_two_attempts_goes_on() -> None:
    play = triggered()
    play.tell(make.canceled(order_id=play.order_id))
    told = play.restart()
    assert [c.delay_s for c in only(told, StartTimer) if c.timer.startswith("retry|")] == [D(1)]
    assert only(play.tell(THROUGH), PlaceOrder)[0].attempt == 2


def test_another_journal_cannot_go_on_with_this_book() -> None:
    play = guarded()
    with pytest.raises(BrokenInvariantError):
        play.tell(make.started(journal_id=JournalId("other")))


def test_a_pause_ahead_is_told_once_with_what_is_exposed() -> None:
    play = guarded()
    soon = VenuePaused(**make.AT_VENUE, pause_time_ns=WALL_NS + 1_600 * NANOS)
    told = play.tell(soon)
    assert notices(told) == [NoticeKind.PAUSE_AHEAD]
    assert not play.tell(soon)
    assert only(play.tell(THROUGH), PlaceOrder), "it has not begun"


def test_during_a_pause_nothing_is_sent_and_afterwards_a_two_sided_book_decides() -> None:
    play = guarded()
    assert notices(play.tell(PAUSE)) == [NoticeKind.VENUE_PAUSED]
    assert notices(play.tell(THROUGH)) == [NoticeKind.EXIT_BLOCKED]
    told = play.tell(RESUME)
    assert only(told, OfferQuote)
    assert only(told, QueryBook)
    assert not only(play.tell(ONE_SIDED), OpenExit)
    assert only(play.tell(THROUGH), PlaceOrder)


def test_a_book_read_during_a_markets_pause_is_not_the_one_that_decides() -> None:
    play = guarded()
    play.tell(moved_to(MarketPhase.PAUSED), THROUGH, moved_to(MarketPhase.ACTIVE))
    assert not only(play.tell(ONE_SIDED), OpenExit)
    assert only(play.tell(THROUGH), PlaceOrder)


def test_a_restart_during_a_markets_pause_still_waits_for_two_sides() -> None:
    play = guarded()
    play.tell(moved_to(MarketPhase.PAUSED))
    play.restart()
    play.tell(moved_to(MarketPhase.ACTIVE))
    assert not only(play.tell(ONE_SIDED), OpenExit)


def test_an_exit_goes_on_after_the_pause() -> None:
    play = triggered()
    play.tell(PAUSE, make.canceled(order_id=play.order_id))
    assert not only(play.tell(THROUGH, after="40"), PlaceOrder)
    play.tell(RESUME)
    assert only(play.tell(THROUGH), PlaceOrder)


def test_a_lost_stream_is_told_and_a_restored_one_is_made_up_for() -> None:
    play = guarded()
    play.tell(StreamRestored(**make.AT_VENUE))
    assert notices(play.tell(StreamLost(**make.AT_VENUE))) == [NoticeKind.STREAM_LOST]
    assert not play.tell(StreamLost(**make.AT_VENUE))
    assert only(play.tell(StreamRestored(**make.AT_VENUE)), QueryBook)


def test_a_venue_that_does_not_open_is_alerted_once_until_it_does() -> None:
    play, shut = guarded(), VenueNotOpened(**make.AT_VENUE, text="banned")
    (notice,) = only(play.tell(shut), Notify)
    assert (notice.notice, notice.urgent) == (NoticeKind.UNGUARDED, True)
    assert "banned" in notice.text
    assert not play.tell(shut)
    play.tell(StreamRestored(**make.AT_VENUE))
    assert notices(play.tell(shut)) == [NoticeKind.UNGUARDED]


def test_a_market_with_a_time_rule_that_closes_first_was_missed() -> None:
    terms = make.instrument(close_time_ns=WALL_NS + 90_000 * NANOS)
    play = guarded(make.rule(kind=RuleKind.TIME, level="60"), terms=terms)
    told = play.tell(moved_to(MarketPhase.CLOSED))
    assert notices(told) == [NoticeKind.MISSED_CLOSE]
    assert not notices(play.tell(moved_to(MarketPhase.DETERMINED)))


def test_a_close_time_that_moves_moves_the_time_rule() -> None:
    terms = make.instrument(close_time_ns=WALL_NS + 90_000 * NANOS)
    play = guarded(make.rule(kind=RuleKind.TIME, level="60"), terms=terms)
    now_ns = WALL_NS + play.now_ns
    told = play.tell(MarketChanged(**make.ON_SYMBOL, close_time_ns=now_ns + 30 * NANOS))
    assert only(told, OfferQuote)
    assert only(play.tell(make.quote()), OpenExit)


def test_an_order_missing_from_a_complete_list_is_looked_up() -> None:
    play = triggered()
    play.tell(make.accepted(order_id=play.order_id))
    there = OrdersRead(**make.AT_VENUE, resting=(VenueOrderId("v1"),), as_of_ns=0, asked_mono_ns=0)
    gone = OrdersRead(**make.AT_VENUE, resting=(), as_of_ns=0, asked_mono_ns=0)
    early = OrdersRead(**make.AT_VENUE, resting=(), as_of_ns=0, asked_mono_ns=1)
    assert not play.tell(there, early)
    assert only(play.tell(gone), QueryOrder)


def test_the_operators_word_ends_a_doubt() -> None:
    play = triggered()
    play.tell(make.in_doubt(order_id=play.order_id))
    word = OrderResolved(**make.NOW, client_order_id=play.order_id, cum_qty=D(0))
    play.tell(word)
    assert play.order.dead
    assert only(play.tell(THROUGH, after="2"), PlaceOrder)[0].attempt == 2


def test_a_resolved_order_that_filled_waits_for_its_fills() -> None:
    play = triggered()
    play.tell(make.in_doubt(order_id=play.order_id))
    word = OrderResolved(**make.NOW, client_order_id=play.order_id, cum_qty=D(100))
    told = play.tell(word)
    assert any(c.timer == f"check|{play.order_id}" for c in only(told, StartTimer))
    assert not play.order.dead
    assert only(play.tell(make.fill(order_id=play.order_id, last_qty="100")), CloseExit)


def test_what_cannot_be_read_is_told_once_per_source() -> None:
    play = guarded()
    bad = Undecodable(**make.AT_VENUE, source="fill", raw="{", text="cut")
    assert notices(play.tell(bad)) == [NoticeKind.UNDECODABLE]
    assert not play.tell(bad)
