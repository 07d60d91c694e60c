"""The venue's account against the book: differences, adoption, foreign writers, settlement."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core.commands import (
    CancelOrder,
    NoticeKind,
    Notify,
    PlaceOrder,
    QueryBook,
    QueryFills,
    QueryMarket,
    QueryOrder,
    StartTimer,
    WatchSymbols,
)
from daemon.core.decisions import (
    AdoptOrder,
    HaltAccount,
    InferFill,
    NoteAgreement,
    NoteMismatch,
    OpenExit,
    RefuseRule,
)
from daemon.core.events import MarketChanged, MarketPhase, PositionRow
from daemon.core.requests import PositionsImported, ResumeRequested
from daemon.core.rules import ImportedPosition
from daemon.core.terms import (
    JournalId,
    OrdStatus,
    RuleKind,
    Side,
    Symbol,
    TimeInForce,
    client_order_id,
)
from tests import builders as make
from tests.core.play import Play, guarded, notices, only

D = Decimal
FOREIGN = client_order_id(JournalId("another"), make.KEY, 1, 1, 1)


def imported(qty: str, px: str) -> PositionsImported:
    row = ImportedPosition(symbol=make.SYMBOL, position_qty=D(qty), entry_px=D(px))
    return PositionsImported(**make.AT_VENUE, rows=(row,))


def test_a_difference_is_believed_after_two_fresh_reads_and_all_fills() -> None:
    play = guarded()
    told = play.tell(make.positions("60"))
    assert only(told, NoteMismatch)[0].difference == D(-40)
    assert only(told, QueryFills)
    assert only(told, QueryMarket)
    assert only(told, StartTimer)[0].delay_s == D(5)
    assert not only(play.tell(make.positions("60")), InferFill), "too soon"
    told = play.tell(make.positions("60"), after="6")
    assert not only(told, InferFill), "the fills have not been read"
    play.tell(make.fills_read(), make.market_read())
    told = play.tell(make.positions("60"))
    assert only(told, InferFill)[0].last_px == D("0.655"), "the mid of the last two-sided quote"
    assert NoticeKind.FILL_INFERRED in notices(told)
    assert play.position.qty == D(60)


def test_a_row_that_cannot_be_read_sets_its_market_aside_and_no_other() -> None:
    play = guarded()
    other = PositionRow(symbol=Symbol("NFL-2"), position_qty=D(5))
    unread = PositionRow(symbol=make.SYMBOL, position_qty=None, text="position_fp is missing")
    told = play.tell(replace(make.positions(), rows=(unread, other)))
    assert [c.key.symbol for c in only(told, NoteMismatch)] == ["NFL-2"]
    (notice,) = only(told, Notify)
    assert (notice.notice, notice.urgent) == (NoticeKind.UNGUARDED, True)
    assert "NFL-1" in notice.text
    assert "position_fp is missing" in notice.text
    assert not notices(play.tell(replace(make.positions(), rows=(unread, other))))
    play.tell(make.positions("100"))
    assert notices(play.tell(replace(make.positions(), rows=(unread,)))), "it came back"
    assert play.position.qty == D(100)


def test_a_read_from_before_the_last_fill_proves_nothing() -> None:
    play = guarded()
    stale = play.stamped(make.positions("60"))
    play.tell(make.fill(exec_id="s", last_qty="10"))
    assert not only(list(play.engine.handle(stale)), NoteMismatch)
    slow = make.positions("60", asked_mono_ns=play.now_ns - 1)
    assert not only(play.tell(slow), NoteMismatch), "asked before the fill"


def test_a_difference_that_goes_away_was_only_lag() -> None:
    play = guarded()
    play.tell(make.positions("60"))
    assert only(play.tell(make.positions("100")), NoteAgreement)
    assert play.position.mismatch is None


def test_a_difference_without_any_quote_is_booked_at_the_entry() -> None:
    play = guarded(seen=False)
    play.tell(make.positions("60"), make.fills_read(), make.market_read())
    told = play.tell(make.positions("60"), after="6")
    assert only(told, InferFill)[0].last_px == D("0.65")


def test_during_an_exit_it_is_booked_at_the_exits_price_for_its_order() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.in_doubt(order_id=play.order_id))
    play.tell(make.positions(), make.fills_read(), make.market_read())
    told = play.tell(make.positions(), after="6")
    (guess,) = only(told, InferFill)
    assert (guess.last_px, guess.client_order_id) == (D("0.58"), play.order_id)
    assert play.position.qty == 0
    assert play.order.possible_qty == 0


@pytest.mark.parametrize(("cost", "entry"), [("65", "0.65"), (None, None)])
def test_a_position_nobody_told_us_of_is_adopted(cost: str | None, entry: str | None) -> None:
    play = Play()
    percent = make.rule(kind=RuleKind.PERCENT, level="10")
    play.tell(make.started(), make.rules_loaded(make.rule(), percent), make.market_read())
    play.tell(make.positions("100", cost=cost), make.fills_read(), make.market_read())
    told = play.tell(make.positions("100", cost=cost), after="6")
    assert NoticeKind.POSITION_ADOPTED in notices(told)
    assert only(told, WatchSymbols)[0].symbols == (make.SYMBOL,)
    assert play.position.qty == D(100)
    assert play.position.entry_px == make.number(entry)
    told = play.tell(make.quote())
    refused = [] if cost else [RuleKind.PERCENT]
    assert [c.kind for c in only(told, RefuseRule)] == refused
    assert only(play.tell(make.quote(bid="0.58", ask="0.60")), PlaceOrder), "absolute ones stay"


def test_an_adopted_no_has_its_entry_in_the_price_of_yes() -> None:
    play = Play()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    play.tell(make.positions("-100", cost="65"), make.fills_read(), make.market_read())
    play.tell(make.positions("-100", cost="65"), after="6")
    assert play.position.entry_px == D("0.35")


def test_the_entry_is_known_once_the_real_fill_comes() -> None:
    play = Play()
    percent = make.rule(kind=RuleKind.PERCENT, level="10")
    play.tell(make.started(), make.rules_loaded(percent), make.market_read())
    play.tell(make.positions("100"), make.fills_read(), make.market_read())
    play.tell(make.positions("100"), make.quote(), after="6")
    early = play.position.inferred[0].as_of_ns
    play.tell(make.fill(side=Side.BUY, last_qty="100", last_px="0.65", transact_time_ns=early))
    assert play.position.entry_px == D("0.65")
    play.tell(make.quote())
    assert only(play.tell(make.quote(bid="0.58", ask="0.60")), PlaceOrder)


def test_an_order_that_our_derivation_makes_is_adopted_and_set_aside() -> None:
    play = guarded()
    ours = client_order_id(make.JOURNAL, make.KEY, 1, 1, 1)
    seen = make.snapshot(order_id=ours, leaves_qty="40", order_qty="40", tif=TimeInForce.GTC)
    told = play.tell(seen)
    assert (only(told, AdoptOrder)[0].exit_no, only(told, AdoptOrder)[0].attempt) == (1, 1)
    assert only(told, QueryOrder)
    assert not play.engine.book.resting, "ours is no stranger"
    assert play.undead_qty == D(40)
    told = play.tell(make.quote(bid="0.58", ask="0.60"))
    assert only(told, OpenExit)[0].exit_no == 2
    assert not only(told, PlaceOrder), "one order at a time"
    later = make.snapshot(order_id=ours, leaves_qty="40", order_qty="40", tif=TimeInForce.GTC)
    assert only(play.tell(later), CancelOrder), "its exit is not the open one"
    play.tell(make.canceled(order_id=ours, cum_qty="0"))
    (order,) = only(play.tell(make.quote(bid="0.58", ask="0.60")), PlaceOrder)
    assert (order.order_qty, order.exit_no) == (D(100), 2)


def test_a_foreign_writers_order_stops_new_exits_on_the_account() -> None:
    play = guarded()
    told = play.tell(make.snapshot(order_id=FOREIGN, leaves_qty="40"))
    assert only(told, HaltAccount)
    assert notices(told) == [NoticeKind.FOREIGN_WRITER]
    assert not notices(play.tell(make.snapshot(order_id=FOREIGN, leaves_qty="40")))
    assert not only(play.tell(make.quote(bid="0.58", ask="0.60")), PlaceOrder)


def test_a_foreign_order_first_seen_under_a_halt_is_remembered_by_the_journal_too() -> None:
    play = guarded()
    seen = make.snapshot(order_id=FOREIGN, leaves_qty="40")
    play.tell(seen)
    play.restart()
    assert notices(play.tell(seen)) == [NoticeKind.FOREIGN_WRITER], "still halted"
    play.tell(ResumeRequested(**make.NOW))
    less = make.snapshot(order_id=FOREIGN, leaves_qty="30")
    assert not only(play.tell(less), HaltAccount), "the operator knows, and so does the judge"


def test_taking_over_is_the_operators_word() -> None:
    play = guarded()
    play.tell(make.started(take_over=True))
    assert not only(play.tell(make.snapshot(order_id=FOREIGN, leaves_qty="40")), HaltAccount)


def test_a_foreign_order_that_has_ended_stops_nothing() -> None:
    play = guarded()
    told = play.tell(make.snapshot(order_id=FOREIGN, status=OrdStatus.CANCELED))
    assert not told


def test_a_file_of_positions_is_taken_where_the_book_has_none() -> None:
    play = Play()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    told = play.tell(imported("100", "0.65"))
    assert only(told, QueryFills)
    assert play.position.entry_px == D("0.65")
    assert not only(play.tell(imported("70", "0.50")), InferFill), "the book knows better"
    early = play.position.inferred[0].as_of_ns
    play.tell(make.fill(side=Side.BUY, last_qty="100", last_px="0.64", transact_time_ns=early))
    assert (play.position.qty, play.position.entry_px) == (D(100), D("0.64"))


def test_a_market_that_changes_its_phase_is_noted() -> None:
    play = guarded()
    paused = MarketChanged(**make.ON_SYMBOL, phase=MarketPhase.PAUSED)
    play.tell(paused)
    assert NoticeKind.EXIT_BLOCKED in notices(play.tell(make.quote(bid="0.58", ask="0.60")))


def test_a_fill_older_than_the_read_that_agreed_stops_all_until_a_read_agrees_again() -> None:
    play = guarded(qty="28")
    play.tell(make.positions("30"), make.positions("28"))
    old_ns = play.position.agreed_ns - 1
    hidden = make.fill(
        exec_id="hidden", last_qty="45", venue_order_id="h1", transact_time_ns=old_ns
    )
    asked = play.engine.handle(play.stamped(hidden))
    assert (play.position.qty, play.position.verified) == (D(-17), False)
    assert only(list(asked), QueryBook)
    assert not play.engine.handle(play.stamped(make.quote(bid="0.68", ask="0.70")))
