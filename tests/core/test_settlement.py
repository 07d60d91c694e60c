"""What a settlement pays, which difference is one, and how a row is booked."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.core.commands import NoticeKind, QueryFills, QueryMarket, StartTimer
from daemon.core.decisions import CloseExit, InferFill, MarkSettled, SettlePosition
from daemon.core.events import MarketPhase, Settlement
from daemon.core.settlement import expected_revenue, revenue_differs
from daemon.core.terms import NANOS, Side
from tests import builders as make
from tests.core.play import WALL_NS, Play, guarded, notices, only

D = Decimal


def settled(*, px: str, qty: str, revenue: str) -> Settlement:
    return Settlement(
        **make.ON_SYMBOL,
        settl_px=D(px),
        position_qty=D(qty),
        revenue=D(revenue),
        settl_time_ns=WALL_NS + 1_001 * NANOS,
    )


@pytest.mark.parametrize(
    ("qty", "px", "payout", "revenue"),
    [
        ("100", "1", "1", "100"),
        ("-100", "1", "1", "0"),
        ("-100", "0.25", "1", "75"),
        ("100", "0.25", None, "25"),
        ("-100", "0.25", None, "75"),
        ("0", "1", "1", "0"),
    ],
)
def test_a_settlement_pays_the_held_side(
    qty: str, px: str, payout: str | None, revenue: str
) -> None:
    assert expected_revenue(D(qty), D(px), make.number(payout)) == D(revenue)


def test_a_cent_is_a_difference_and_a_scalars_rounding_is_not() -> None:
    assert not revenue_differs(D(100), D("99.991"), D(1))
    assert revenue_differs(D(100), D("99.99"), D(1))
    assert not revenue_differs(D("43.216"), D("43.20"), D("0.4321"))
    assert revenue_differs(D("43.22"), D("43.20"), D("0.4321"))


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


def vanished(play: Play) -> Play:
    """Two reads show nothing any more while a lagging read still shows the market at work."""
    play.tell(make.positions(), make.fills_read(), make.market_read())
    play.tell(make.positions(), after="6")
    assert play.position.qty == 0
    return play


@pytest.mark.parametrize(
    ("qty", "px", "settl_px", "revenue", "guessed", "pnl"),
    [
        ("100", "0.65", "1", "100", "2.00", "35.00"),
        ("100", "0.65", "0", "0", "2.00", "-65.00"),
        ("-100", "0.70", "0", "100", "3.00", "70.00"),
        ("-100", "0.70", "0.4321", "56.79", "3.00", "26.79"),
    ],
)
def test_a_vanished_position_that_had_settled_earns_what_the_venue_paid(
    qty: str, px: str, settl_px: str, revenue: str, guessed: str, pnl: str
) -> None:
    play = guarded(qty=qty, px=px)
    play.tell(make.quote(bid="0.66", ask="0.68"))
    assert vanished(play).position.realized_pnl == D(guessed)
    row = settled(px=settl_px, qty=qty, revenue=revenue)
    assert only(play.tell(row), QueryFills), "a late fill would explain it too"
    told = play.tell(make.fills_read(), after="6")
    (paid,) = only(told, SettlePosition)
    assert (paid.replaced_qty, only(told, InferFill)) == (D(qty), [])
    assert NoticeKind.FILL_CORRECTED in notices(told)
    assert NoticeKind.SETTLEMENT_DIFFERENCE not in notices(told)
    assert (play.position.realized_pnl, play.position.generation) == (D(pnl), 1)
    assert not play.position.estimated
    assert not play.tell(row)


def over(play: Play, settl_px: str) -> Play:
    """The market has settled, and a read shows no position there."""
    play.tell(make.market_read(phase=MarketPhase.SETTLED, settl_px=settl_px))
    return play


def test_what_was_sold_unseen_before_a_market_settled_is_found_in_its_fills() -> None:
    play = over(guarded(), "0")
    told = play.tell(make.positions(), after="6")
    assert only(told, QueryFills)[0].since_ns == 0, "the account's list begins later"
    sold = make.fill(exec_id="old", side=Side.SELL, last_qty="100", venue_order_id="old")
    play.tell(sold, make.fills_read())
    assert (play.position.qty, play.position.estimated) == (D(0), False)


def test_what_neither_a_settlement_nor_a_fill_explains_ends_as_a_guess() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.66", ask="0.68"))
    over(play, "1").tell(make.positions(), make.fills_read())
    play.tell(make.market_read(phase=MarketPhase.SETTLED, settl_px="1"))
    waited = play.tell(make.positions(), after="20")
    assert not only(waited, InferFill), "a settlement may come yet"
    assert only(play.tell(make.positions(), after="60"), InferFill)[0].last_qty == D(100)
    assert (play.position.qty, play.position.estimated) == (D(0), True)
    play.tell(settled(px="1", qty="100", revenue="100"))
    assert only(play.tell(make.fills_read(), after="6"), SettlePosition)
    assert (play.position.realized_pnl, play.position.estimated) == (D("35.00"), False)


def test_the_settlement_of_what_was_guessed_is_asked_for_until_it_is_there() -> None:
    """The account's own list begins at its newest fill: a row of long before is not in it."""
    play = guarded()
    play.tell(make.quote(bid="0.66", ask="0.68"))
    over(play, "0").tell(make.positions(), make.fills_read())
    play.tell(make.market_read(phase=MarketPhase.SETTLED, settl_px="0"))
    assert only(play.tell(make.positions(), after="70"), InferFill)
    timer = f"market|{make.ACCOUNT}|{make.VENUE}|{make.SYMBOL}"
    for _ in range(3):
        told = play.tell(make.timer(timer), after="60")
        assert only(told, QueryMarket)
        assert timer in [wait.timer for wait in only(told, StartTimer)]
    assert only(play.restart(), QueryMarket)
    play.tell(settled(px="0", qty="100", revenue="0"))
    play.tell(make.fills_read(), after="6")
    assert (play.position.realized_pnl, play.position.estimated) == (D("-65.00"), False)
    assert not only(play.tell(make.timer(timer), after="60"), QueryMarket)


def test_a_settlement_that_waits_for_an_orders_proof_is_not_guessed_over() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.in_doubt(order_id=play.order_id))
    assert not only(play.tell(settled(px="0", qty="100", revenue="0")), SettlePosition)
    over(play, "0").tell(make.positions(), make.fills_read())
    play.tell(make.market_read(phase=MarketPhase.SETTLED, settl_px="0"))
    assert not only(play.tell(make.positions(), after="70"), InferFill), "its price is known"


def test_a_settled_position_that_the_venue_shows_on_is_not_taken_up_again() -> None:
    play = over(guarded(), "1")
    play.tell(settled(px="1", qty="100", revenue="100"))
    play.tell(make.fills_read(), after="6")
    assert play.position.qty == 0
    for _ in range(3):
        told = play.tell(make.positions("100"), make.fills_read(), after="100")
        assert not only(told, InferFill)


def test_a_settlement_of_less_leaves_the_rest_a_guess_that_its_fill_replaces() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.66", ask="0.68"))
    vanished(play).tell(settled(px="1", qty="60", revenue="60"))
    play.tell(make.fills_read(), after="6")
    assert play.position.realized_pnl == D("0.80") + D("21.00")
    (guess,) = play.position.inferred
    sold = make.fill(exec_id="late", last_qty="40", last_px="0.70", transact_time_ns=guess.as_of_ns)
    play.tell(sold)
    assert (play.position.qty, play.position.realized_pnl) == (D(0), D("2.00") + D("21.00"))


def test_an_exit_that_seemed_filled_and_was_settled_is_told_at_what_was_paid() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.in_doubt(order_id=play.order_id))
    vanished(play).tell(settled(px="0", qty="100", revenue="0"))
    assert only(play.tell(make.canceled(order_id=play.order_id, cum_qty="0")), QueryFills)
    play.tell(make.fills_read(), after="6")
    assert play.position.realized_pnl == D("-65.00")
    (work,) = play.engine.book.past_exits
    assert [(p.qty, p.px, p.inferred) for p in work.partial_fills] == [(D(100), D(0), True)]
    assert (work.pnl, play.undead_qty) == (D("-65.00"), D(0))


def test_a_guess_that_the_venue_itself_has_counted_is_no_settlement() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.canceled(order_id=play.order_id, cum_qty="100"))
    vanished(play).tell(settled(px="0", qty="100", revenue="0"))
    told = play.tell(make.fills_read(), after="6")
    assert only(told, InferFill)[0].last_qty == D(100)
    assert (play.position.qty, play.position.realized_pnl) == (D(0), D("-7.00"))


def test_what_settled_without_an_entry_that_we_saw_has_no_known_result() -> None:
    play = Play()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    play.tell(make.fill(exec_id="a", side=Side.BUY, last_qty="10", venue_order_id="a"))
    play.tell(make.fill(exec_id="b", side=Side.SELL, last_qty="10", venue_order_id="b"))
    play.tell(settled(px="1", qty="80", revenue="80"))
    play.tell(make.fills_read(), after="6")
    assert [past.entry_known for past in play.position.closed] == [True, False]


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
