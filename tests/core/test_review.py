"""The venue's account against the book: differences, adoption, foreign writers, settlement."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.core.commands import (
    AdoptOrder,
    CancelOrder,
    CloseExit,
    HaltAccount,
    InferFill,
    MarkSettled,
    NoteAgreement,
    NoteMismatch,
    NoticeKind,
    OpenExit,
    PlaceOrder,
    QueryBook,
    QueryFills,
    QueryMarket,
    QueryOrder,
    RefuseRule,
    SettlePosition,
    StartTimer,
    WatchSymbols,
)
from daemon.core.events import (
    MarketChanged,
    MarketPhase,
    PositionsImported,
    Settlement,
)
from daemon.core.rules import ImportedPosition
from daemon.core.terms import (
    NANOS,
    JournalId,
    OrdStatus,
    RuleKind,
    Side,
    TimeInForce,
    client_order_id,
)
from tests import builders as make
from tests.core.play import WALL_NS, Play, guarded, notices, only

D = Decimal
FOREIGN = client_order_id(JournalId("another"), make.KEY, 1, 1, 1)


def settled(*, px: str, qty: str, revenue: str) -> Settlement:
    return Settlement(
        **make.ON_SYMBOL,
        settl_px=D(px),
        position_qty=D(qty),
        revenue=D(revenue),
        settl_time_ns=WALL_NS + 1_001 * NANOS,
    )


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


def test_determined_is_provisional_and_the_row_books_it() -> None:
    play = guarded(commission="1.00")
    play.tell(make.market_read(phase=MarketPhase.DETERMINED, settl_px="0"))
    assert play.position.qty == D(100)
    assert only(play.tell(make.positions()), QueryMarket), "gone because it was paid"
    told = play.tell(settled(px="0", qty="100", revenue="0"))
    assert only(told, SettlePosition)
    assert only(told, MarkSettled)
    assert NoticeKind.SETTLEMENT_DIFFERENCE not in notices(told)
    assert (play.position.qty, play.position.realized_pnl) == (D(0), D(-66))
    assert play.position.losses == 1
    assert not only(play.tell(settled(px="0", qty="100", revenue="0")), SettlePosition)


@pytest.mark.parametrize(
    ("qty", "px", "settl_px", "revenue", "pnl", "differs"),
    [
        ("100", "0.65", "1", "100", "35", False),
        ("-100", "0.35", "1", "0", "-65", False),
        ("-100", "0.35", "0", "100", "35", False),
        ("100", "0.65", "0.4321", "43.21", "-21.79", False),
        ("3", "0.65", "0.4321", "1.28", "-0.6537", False),
        ("100", "0.65", "1", "99.99", "35", True),
        ("-100", "0.35", "0.25", "74", "10", True),
    ],
)
def test_settlement_pays_what_the_row_says_or_is_alerted(
    qty: str, px: str, settl_px: str, revenue: str, pnl: str, *, differs: bool
) -> None:
    play = guarded(qty=qty, px=px)
    told = play.tell(settled(px=settl_px, qty=qty, revenue=revenue))
    assert (NoticeKind.SETTLEMENT_DIFFERENCE in notices(told)) is differs
    assert play.position.realized_pnl == D(pnl)


def test_a_settlement_waits_until_the_exits_orders_are_proven_dead() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.in_doubt(order_id=play.order_id))
    assert not only(play.tell(settled(px="0", qty="50", revenue="0")), SettlePosition)
    play.tell(make.fill(order_id=play.order_id))
    told = play.tell(make.canceled(order_id=play.order_id, cum_qty="50"))
    assert only(told, SettlePosition)
    assert only(told, CloseExit)
    assert play.position.realized_pnl == D("-3.50") + D("-32.50")
    assert play.position.losses == 1


def test_a_settlement_of_more_or_less_than_we_know_asks_for_fills_first() -> None:
    play = guarded()
    told = play.tell(settled(px="1", qty="80", revenue="80"))
    assert only(told, QueryFills)
    assert not only(told, SettlePosition)
    assert not only(play.tell(make.timer(f"settle|{make.KEY.name}")), SettlePosition)
    told = play.tell(make.fills_read())
    assert only(told, InferFill)[0].last_qty == D(20)
    assert only(told, SettlePosition)
    assert play.position.qty == 0


def test_a_market_that_changes_its_phase_is_noted() -> None:
    play = guarded()
    paused = MarketChanged(**make.ON_SYMBOL, phase=MarketPhase.PAUSED)
    play.tell(paused)
    assert NoticeKind.EXIT_BLOCKED in notices(play.tell(make.quote(bid="0.58", ask="0.60")))


def test_what_settled_before_the_book_ever_saw_it_is_fetched_and_booked_once() -> None:
    play = Play()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    for name, side in (("later-1", Side.SELL), ("later-2", Side.BUY)):
        play.tell(make.fill(exec_id=name, side=side, last_qty="16", venue_order_id=name))
    row = settled(px="0.37", qty="-122", revenue="76.86")
    assert only(play.tell(row), QueryFills)
    entry = make.fill(
        exec_id="entry", side=Side.SELL, last_qty="122", last_px="0.60", venue_order_id="old"
    )
    play.tell(entry, make.fills_read(), after="6")
    assert (play.position.qty, play.position.realized_pnl) == (D(0), D("28.06"))
    assert not play.tell(row)


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
