"""A finished wait asks the world again; one whose matter is gone does nothing."""

from __future__ import annotations

from decimal import Decimal

from daemon.core.commands import NoticeKind, QueryBook, QueryMarket, QueryQuote, StartTimer
from daemon.core.events import FeedLost, FeedRestored
from tests import builders as make
from tests.core.play import guarded, notices, only

D = Decimal


def test_a_symbol_without_a_live_price_is_told_when_it_lasts() -> None:
    play = guarded()
    name = "blind|main|kalshi|NFL-1"
    lost = FeedLost(**make.AT_VENUE, symbols=(make.SYMBOL,))
    restored = FeedRestored(**make.AT_VENUE, symbols=(make.SYMBOL,))
    assert StartTimer(timer=name, delay_s=D(10)) in play.tell(lost)
    assert notices(play.tell(make.timer(name), after="10")) == [NoticeKind.UNGUARDED]
    assert not play.tell(make.timer(name))
    assert notices(play.tell(restored)) == [NoticeKind.GUARDED_AGAIN]
    assert not play.tell(make.timer(name))
    play.tell(lost, restored)
    assert not play.tell(make.timer(name)), "it came back in time"


def test_a_market_is_read_again_while_something_of_it_is_held() -> None:
    play = guarded()
    name = "market|main|kalshi|NFL-1"
    told = play.tell(make.timer(name))
    assert only(told, QueryMarket)
    assert only(told, StartTimer)[0].timer == name
    play.tell(make.fill(last_qty="100"))
    assert not play.tell(make.timer(name))


def test_a_position_timer_of_a_flat_or_unknown_position_does_nothing() -> None:
    play = guarded()
    assert only(play.tell(make.timer(f"close|{make.KEY.name}")), QueryQuote)
    play.tell(make.fill(last_qty="100"))
    assert not play.tell(make.timer(f"close|{make.KEY.name}"))
    assert not play.tell(make.timer("retry|main/kalshi/NOBODY"))


def test_a_recheck_asks_for_the_book() -> None:
    play = guarded()
    assert only(play.tell(make.timer("recheck|main|kalshi")), QueryBook)
