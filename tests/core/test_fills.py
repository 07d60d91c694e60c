"""One fill, once: before its ack, repeated, late, too much, and in place of a guess."""

from __future__ import annotations

from decimal import Decimal

from daemon.core.book import Book
from daemon.core.commands import NoticeKind, PlaceOrder, QueryBook, QueryFills
from daemon.core.decisions import CloseExit, InferFill
from daemon.core.fills import apply_fill, apply_inferred
from daemon.core.terms import ClientOrderId, Currency, ExecId, OrdStatus, Side
from tests import builders as make
from tests.core.play import Play, guarded, notices, only

D = Decimal


def triggered() -> Play:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    return play


def missed(*, last_qty: str = "50") -> Play:
    """Two fresh reads say that `last_qty` of the doubtful exit's 100 are gone."""
    play = triggered()
    play.tell(make.in_doubt(order_id=play.order_id))
    left = str(100 - int(last_qty))
    play.tell(make.positions(left), make.fills_read(), make.market_read())
    play.tell(make.positions(left), after="6")
    assert play.position.qty == D(left)
    return play


def test_a_fill_may_overtake_its_ack() -> None:
    play = triggered()
    play.tell(make.fill(order_id=play.order_id))
    assert play.order.status is OrdStatus.PARTIALLY_FILLED
    play.tell(make.accepted(order_id=play.order_id))
    assert (play.order.status, play.order.cum_qty) == (OrdStatus.PARTIALLY_FILLED, D(50))


def test_a_fill_by_the_venues_id_alone_waits_for_the_ack_and_counts_once() -> None:
    play = triggered()
    play.tell(make.fill(commission="0.10"))
    assert (play.position.qty, play.order.cum_qty) == (D(50), D(0))
    assert len(play.engine.book.orphans) == 1
    play.tell(make.accepted(order_id=play.order_id))
    assert (play.position.qty, play.order.cum_qty) == (D(50), D(50))
    assert play.exit is not None
    (part,) = play.exit.partial_fills
    assert (part.qty, part.pnl, part.commission) == (D(50), D("-3.60"), D("0.10"))
    assert not play.engine.book.orphans
    play.tell(make.fill(order_id=play.order_id))
    assert play.position.qty == D(50)


def test_orphans_are_forgotten_when_the_exit_is_over() -> None:
    play = triggered()
    play.tell(make.fill(exec_id="s", venue_order_id="w1", last_qty="30"))
    assert len(play.engine.book.orphans) == 1
    play.tell(
        make.fill(exec_id="t2", order_id=play.order_id, last_qty="70"),
        make.canceled(order_id=play.order_id, cum_qty="70"),
    )
    assert play.exit is None
    assert not play.engine.book.orphans


def test_a_fill_of_a_stranger_is_no_orphan_when_no_order_of_ours_waits() -> None:
    play = triggered()
    play.tell(make.accepted(order_id=play.order_id))
    play.tell(make.fill(exec_id="s", venue_order_id="w1", last_qty="30"))
    assert not play.engine.book.orphans


def test_a_repeated_fill_changes_nothing() -> None:
    play = triggered()
    play.tell(make.fill(order_id=play.order_id), make.fill(order_id=play.order_id))
    assert not play.engine.changed
    assert (play.position.qty, play.order.cum_qty) == (D(50), D(50))


def test_a_repeated_fill_with_another_content_is_told_and_the_first_stands() -> None:
    play = triggered()
    play.tell(make.fill(order_id=play.order_id))
    told = play.tell(make.fill(order_id=play.order_id, last_qty="40"))
    assert notices(told) == [NoticeKind.FILL_CONFLICT]
    assert play.position.qty == D(50)


def test_both_sides_of_a_trade_with_ourselves_count() -> None:
    play = triggered()
    play.tell(
        make.fill(order_id=play.order_id),
        make.fill(side=Side.BUY, venue_order_id="w1"),
    )
    assert play.position.qty == D(100)


def test_a_late_fill_after_the_end_still_counts_and_is_told() -> None:
    play = triggered()
    play.tell(make.canceled(order_id=play.order_id))
    assert play.order.dead
    told = play.tell(make.fill(order_id=play.order_id, last_qty="30"))
    assert notices(told) == [NoticeKind.LATE_FILL]
    assert play.order.status is OrdStatus.CANCELED
    assert play.position.qty == D(70)
    (rest,) = only(play.tell(make.quote(bid="0.57", ask="0.59")), PlaceOrder)
    assert rest.order_qty == D(70)


def test_more_filled_than_ordered_is_money_all_the_same() -> None:
    play = triggered()
    told = play.tell(make.fill(order_id=play.order_id, last_qty="120"))
    assert NoticeKind.OVERFILL in notices(told)
    assert play.position.qty == D(-20)
    assert play.position.generation == 2
    assert play.order.overfilled
    assert only(told, CloseExit)


def test_a_fill_with_an_id_of_our_form_that_we_do_not_know_asks_for_the_book() -> None:
    play = guarded()
    told = play.tell(make.fill(order_id=ClientOrderId("fd" + "a" * 30)))
    assert only(told, QueryBook)


def test_a_venues_own_count_that_differs_asks_for_fills() -> None:
    play = guarded()
    assert not only(play.tell(make.fill(exec_id="a", position_qty="50")), QueryFills)
    assert only(play.tell(make.fill(exec_id="b", last_qty="10", position_qty="30")), QueryFills)


def test_fees_in_a_foreign_coin_stay_outside_the_pnl_and_are_kept() -> None:
    play = triggered()
    play.tell(make.fill(order_id=play.order_id, commission="0.001", currency="BNB"))
    assert play.position.fees[Currency("BNB")] == D("0.001")
    assert play.position.realized_pnl == D("-3.50")


def test_what_two_reads_miss_is_attributed_to_the_doubtful_order() -> None:
    play = missed()
    assert play.order.inferred_qty == D(50)
    assert play.undead_qty == D(50)
    assert play.position.estimated
    assert play.position.realized_pnl == D("-3.50")
    assert play.exit is not None
    assert [(p.qty, p.inferred) for p in play.exit.partial_fills] == [(D(50), True)]


def test_a_real_fill_takes_the_place_of_the_guess_and_corrects_its_pnl() -> None:
    play = missed()
    early = play.order.sent_time_ns
    real = make.fill(
        order_id=play.order_id, last_px="0.56", commission="0.20", transact_time_ns=early
    )
    told = play.tell(real)
    assert NoticeKind.FILL_CORRECTED in notices(told)
    assert play.position.qty == D(50), "counted once"
    assert not play.position.estimated
    assert (play.order.cum_qty, play.order.inferred_qty) == (D(50), D(0))
    assert play.position.realized_pnl == D("-4.50") - D("0.20")
    assert play.exit is not None
    (part,) = play.exit.partial_fills
    assert (part.qty, part.px, part.inferred, part.pnl) == (
        D(50),
        D("0.56"),
        False,
        D("-4.70"),
    )
    assert play.exit.filled_qty == D(50)


def test_real_fills_take_a_guess_in_parts_and_move_only_what_is_beyond_it() -> None:
    play = missed()
    early = play.order.sent_time_ns
    play.tell(
        make.fill(order_id=play.order_id, last_qty="20", last_px="0.57", transact_time_ns=early)
    )
    assert (play.position.qty, play.order.inferred_qty) == (D(50), D(30))
    play.tell(
        make.fill(
            exec_id="t2",
            order_id=play.order_id,
            last_qty="40",
            last_px="0.57",
            commission="0.04",
            transact_time_ns=early,
        )
    )
    assert (play.position.qty, play.order.cum_qty) == (D(40), D(60))
    assert play.exit is not None
    assert play.exit.filled_qty == D(60)
    assert sum((p.qty for p in play.exit.partial_fills), D(0)) == D(60)
    assert play.position.realized_pnl == D(60) * D("-0.08") - D("0.04")
    assert sum((p.pnl for p in play.exit.partial_fills), D(0)) == play.position.realized_pnl


def test_a_fill_after_the_guess_is_another_one() -> None:
    play = missed()
    play.tell(make.fill(order_id=play.order_id, last_qty="10"))
    assert play.position.qty == D(40)


def test_a_guess_consumed_by_the_venues_id_alone_is_not_counted_again_at_the_ack() -> None:
    play = missed()
    early = play.order.sent_time_ns
    play.tell(make.fill(transact_time_ns=early))
    assert play.position.qty == D(50)
    play.tell(make.accepted(order_id=play.order_id))
    assert (play.order.cum_qty, play.order.inferred_qty) == (D(50), D(0))
    assert play.exit is not None
    assert play.exit.filled_qty == D(50)
    assert sum((p.qty for p in play.exit.partial_fills), D(0)) == D(50)


def test_a_fill_takes_the_place_of_the_guess_that_the_fewest_can_have_been() -> None:
    book = Book()
    apply_fill(book, make.fill(exec_id="entry", side=Side.BUY, last_qty="100"))
    doubtful = ClientOrderId("fd-doubtful")
    for number, as_of_ns, order_id in ((1, 100, doubtful), (2, 200, None)):
        guess = InferFill(
            key=make.KEY,
            exec_id=ExecId(f"inferred-{number}"),
            side=Side.SELL,
            last_qty=D(10),
            last_px=D("0.6"),
            as_of_ns=as_of_ns,
            client_order_id=order_id,
        )
        apply_inferred(book, guess, make.quote())
    for time_ns in (50, 150):
        apply_fill(book, make.fill(exec_id=f"t{time_ns}", last_qty="10", transact_time_ns=time_ns))
    position = book.position(make.KEY)
    assert (position.qty, position.inferred) == (D(80), [])


def test_a_guess_of_no_order_joins_the_exit_of_the_fill_that_replaces_it() -> None:
    play = guarded()
    play.tell(make.positions("60"), make.fills_read(), make.market_read())
    play.tell(make.positions("60"), after="6")
    guessed_ns = play.position.inferred[0].as_of_ns
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.fill(order_id=play.order_id, last_qty="10", transact_time_ns=guessed_ns))
    assert play.position.qty == D(60)
    assert play.exit is not None
    assert play.exit.filled_qty == D(10)


def test_a_guess_across_zero_is_split_there_and_corrected_on_both_sides() -> None:
    play = guarded(qty="10", px="0.50", terms=make.instrument())
    play.tell(make.positions("-5"), make.fills_read(), make.market_read())
    play.tell(make.positions("-5"), after="6")
    assert (play.position.qty, play.position.generation) == (D(-5), 2)
    assert play.position.entry_px is None, "the mid of a quote is nobody's entry"
    early = play.position.inferred[0].as_of_ns
    play.tell(make.fill(last_qty="15", last_px="0.40", transact_time_ns=early))
    assert play.position.qty == D(-5)
    assert play.position.closed[0].pnl == D("-1.00")
    assert play.position.entry_px == D("0.40")
    assert not play.position.estimated


def test_an_order_is_no_stranger_once_its_ack_tells_whose_it_is() -> None:
    play = triggered()
    play.tell(make.snapshot(order_id=None, leaves_qty="100"))
    assert len(play.engine.book.resting) == 1
    play.tell(make.accepted(order_id=play.order_id))
    assert not play.engine.book.resting
