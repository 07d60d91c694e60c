"""The main job as stories: the seed's example, its NO twin, retries, and what stays guarded."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.core.commands import (
    NoticeKind,
    OfferQuote,
    PlaceOrder,
    QueryOrder,
    QueryQuote,
    StartTimer,
)
from daemon.core.decisions import CloseExit, ExitEnd, OpenExit, RetriggerExit
from daemon.core.position import Guard
from daemon.core.terms import (
    NANOS,
    OrdStatus,
    RuleKind,
    Side,
    TimeInForce,
    client_order_id,
    is_ours,
)
from tests import builders as make
from tests.core.play import Play, guarded, notices, only

D = Decimal


def triggered(**options: str) -> Play:
    """The seed's example up to the exit order: 100 YES at 0.65, stop 0.60, price 0.58."""
    play = guarded(make.rule(), commission=options.get("commission", "0"))
    play.tell(make.quote(bid="0.58", ask="0.60"))
    return play


def part_filled(**options: str) -> Play:
    """50 of the 100 are filled and the rest of the IoC is canceled."""
    play = triggered(**options)
    play.tell(
        make.accepted(order_id=play.order_id),
        make.fill(order_id=play.order_id, commission=options.get("exit_fee", "0")),
        make.canceled(order_id=play.order_id, cum_qty="50"),
    )
    return play


def test_a_price_through_the_stop_places_one_order_within_the_bound() -> None:
    play = guarded()
    told = play.tell(make.quote(bid="0.58", ask="0.60"))
    (opened,) = only(told, OpenExit)
    assert (opened.reason, opened.exit_qty) == (RuleKind.ABSOLUTE, D(100))
    assert (opened.trigger_px, opened.level_px) == (D("0.58"), D("0.60"))
    assert opened.quote is not None
    assert opened.quote.bid_px == D("0.58")
    (order,) = only(told, PlaceOrder)
    assert order == PlaceOrder(
        key=make.KEY,
        client_order_id=client_order_id(make.JOURNAL, make.KEY, 1, 1, 1),
        exit_no=1,
        attempt=1,
        side=Side.SELL,
        order_qty=D(100),
        limit_px=D("0.53"),
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
    )
    assert is_ours(order.client_order_id)
    assert StartTimer(timer=f"check|{order.client_order_id}", delay_s=D(5)) in told
    assert notices(told) == [NoticeKind.STOP_TRIGGERED, NoticeKind.FIRST_LIVE_ORDER]


def test_the_seeds_example_sells_fifty_guards_the_rest_and_sells_that_too() -> None:
    play = part_filled()
    assert play.position.qty == D(50)
    assert play.exit is not None
    assert [(p.qty, p.px, p.pnl) for p in play.exit.partial_fills] == [
        (D(50), D("0.58"), D("-3.50"))
    ]
    assert play.position.realized_pnl == D("-3.50")
    told = play.tell(make.quote(bid="0.57", ask="0.59"))
    (order,) = only(told, PlaceOrder)
    assert (order.order_qty, order.limit_px, order.attempt) == (D(50), D("0.52"), 2)
    assert only(told, RetriggerExit)[0].trigger_px == D("0.57")
    told = play.tell(
        make.fill(exec_id="t2", order_id=order.client_order_id, venue_order_id="v2", last_px="0.57")
    )
    assert only(told, CloseExit)[0].end is ExitEnd.FLAT
    assert NoticeKind.EXIT_COMPLETE in notices(told)
    assert play.position.qty == 0
    assert make.KEY not in play.engine.book.exits
    assert play.position.realized_pnl == D("-7.50")
    assert (play.position.wins, play.position.losses) == (0, 1)
    told = play.tell(make.positions())
    assert NoticeKind.SETTLED in notices(told)
    assert play.position.closed[0].settled


def test_partial_fills_carry_their_shares_of_entry_and_exit_fees() -> None:
    play = part_filled(commission="1.00", exit_fee="0.30")
    assert play.exit is not None
    (part,) = play.exit.partial_fills
    assert part.pnl == D("-3.50") - D("0.50") - D("0.30")
    assert play.position.realized_pnl == part.pnl
    assert play.position.fees == {"USD": D("1.30")}


def test_a_no_of_0_65_with_a_stop_of_0_60_is_bought_back_at_a_yes_ask_of_0_42() -> None:
    play = guarded(qty="-100", px="0.35")
    assert not only(play.tell(make.quote(bid="0.38", ask="0.39")), OpenExit)
    told = play.tell(make.quote(bid="0.41", ask="0.42"))
    (order,) = only(told, PlaceOrder)
    assert (order.side, order.order_qty, order.limit_px) == (Side.BUY, D(100), D("0.47"))
    play.tell(
        make.fill(order_id=order.client_order_id, side=Side.BUY, last_px="0.42"),
        make.canceled(order_id=order.client_order_id, cum_qty="50"),
    )
    assert play.position.qty == D(-50)
    assert play.position.realized_pnl == D("-3.50")
    (rest,) = only(play.tell(make.quote(bid="0.42", ask="0.43")), PlaceOrder)
    assert (rest.side, rest.order_qty) == (Side.BUY, D(50))


def test_retrigger_waits_for_the_delay_and_for_a_quote_newer_than_the_answer() -> None:
    play = part_filled()
    assert not only(play.tell(make.quote(bid="0.57", ask="0.59"), after="0.5"), PlaceOrder)
    assert only(play.tell(make.quote(bid="0.57", ask="0.59"), after="0.6"), PlaceOrder)


def test_a_quote_received_before_the_last_answer_does_not_trigger_again() -> None:
    play = triggered()
    play.now_ns += 60 * NANOS
    old = play.stamped(make.quote(bid="0.50", ask="0.52"))
    play.tell(make.canceled(order_id=play.order_id))
    play.tell(make.timer("nothing"), after="40")
    assert not only(play.engine.handle(old), PlaceOrder)


def test_after_the_delay_a_fresh_price_is_asked_for() -> None:
    play = part_filled()
    name = f"retry|{make.KEY.name}"
    timers = [c for c in only(play.commands, StartTimer) if c.timer == name]
    assert timers[-1].delay_s == D(1)
    told = play.tell(make.timer(name))
    assert len(only(told, QueryQuote)) == 1
    assert only(told, StartTimer)[0].timer == name
    play.tell(make.quote(bid="0.57", ask="0.59"))
    assert not play.tell(make.timer(name)), "while an order works nobody asks"


def test_a_recovered_price_closes_the_exit_and_guards_what_is_left() -> None:
    play = part_filled()
    told = play.tell(make.quote(bid="0.63", ask="0.65"))
    assert only(told, CloseExit)[0].end is ExitEnd.RECOVERED
    assert play.position.guard is Guard.ARMED
    (order,) = only(play.tell(make.quote(bid="0.60", ask="0.62")), PlaceOrder)
    assert (order.exit_no, order.attempt, order.order_qty) == (2, 1, D(50))
    assert play.exit is not None
    assert play.exit.original_qty == D(50)


def test_until_flat_goes_on_without_asking_the_rule() -> None:
    play = guarded(make.rule(policy=make.exits(until_flat=True)))
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(
        make.fill(order_id=play.order_id), make.canceled(order_id=play.order_id, cum_qty="50")
    )
    (order,) = only(play.tell(make.quote(bid="0.63", ask="0.65")), PlaceOrder)
    assert (order.exit_no, order.attempt, order.limit_px) == (1, 2, D("0.58"))


def test_an_accepted_order_that_filled_nothing_is_no_fill_and_backs_off() -> None:
    play = triggered()
    waits = []
    for number in range(6):
        if number:
            play.tell(make.quote(bid="0.57", ask="0.59"), after="40")
        assert len(play.placed) == number + 1
        told = play.tell(
            make.accepted(order_id=play.order_id, venue_order_id=f"z{number}"),
            make.canceled(order_id=play.order_id, venue_order_id=f"z{number}"),
        )
        waits += [c.delay_s for c in only(told, StartTimer) if c.timer.startswith("retry|")]
        stalled = NoticeKind.EXIT_STALLED in notices(told)
        assert stalled is (number == 4)
    assert waits == [D(1), D(2), D(4), D(8), D(16), D(30)]
    assert play.position.qty == D(100)
    assert len({order.client_order_id for order in play.placed}) == 6


def test_a_fill_makes_the_waiting_start_small_again() -> None:
    play = triggered()
    for name in ("a", "b"):
        play.tell(make.canceled(order_id=play.order_id, venue_order_id=name))
        play.tell(make.quote(bid="0.57", ask="0.59"), after="40")
    told = play.tell(
        make.fill(order_id=play.order_id, venue_order_id="c"),
        make.canceled(order_id=play.order_id, venue_order_id="c", cum_qty="50"),
    )
    waits = [c.delay_s for c in only(told, StartTimer) if c.timer.startswith("retry|")]
    assert waits == [D(1)]
    assert play.exit is not None
    assert play.exit.misses == 0


def test_nobody_told_us_so_the_order_is_looked_at_after_five_seconds() -> None:
    play = triggered()
    told = play.tell(make.timer(f"check|{play.order_id}"), after="5")
    assert only(told, QueryOrder)[0].client_order_id == play.order_id
    assert only(told, StartTimer)[0].delay_s == D(2)
    play.tell(
        make.snapshot(order_id=play.order_id, status=OrdStatus.CANCELED, cum_qty="50"),
    )
    assert play.undead_qty == D(50), "the venue counts a fill that we have not seen"
    play.tell(make.fill(venue_order_id="v1"))
    assert play.order.dead
    assert play.position.qty == D(50)


def test_two_positions_do_not_wait_for_each_other() -> None:
    play = guarded()
    other = make.fill(
        exec_id="o", symbol="NFL-2", side=Side.BUY, last_px="0.65", venue_order_id="w1"
    )
    play.tell(make.market_read(terms=make.instrument(symbol="NFL-2")), other)
    play.tell(make.quote(symbol="NFL-2"))
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.quote(bid="0.58", ask="0.60", symbol="NFL-2"))
    assert [order.key.symbol for order in play.placed] == ["NFL-1", "NFL-2"]


def test_more_bought_while_the_exit_works_is_sold_with_the_next_attempt() -> None:
    play = part_filled()
    more = make.fill(exec_id="b", side=Side.BUY, last_qty="20", last_px="0.57", venue_order_id="w1")
    play.tell(more)
    (order,) = only(play.tell(make.quote(bid="0.57", ask="0.59")), PlaceOrder)
    assert order.order_qty == D(70)


@pytest.mark.parametrize("bid", ["0.59", "0.60"])
def test_a_stop_fires_at_its_level_and_beyond(bid: str) -> None:
    play = guarded()
    assert only(play.tell(make.quote(bid=bid, ask="0.61")), OpenExit)


def test_a_quote_while_the_order_works_places_nothing() -> None:
    play = triggered()
    assert not play.tell(make.quote(bid="0.50", ask="0.52"))
    assert len(play.placed) == 1


def test_a_fill_of_a_stranger_offers_the_newest_quote_to_the_rules() -> None:
    play = guarded()
    more = make.fill(exec_id="b", side=Side.BUY, last_qty="20", last_px="0.57", venue_order_id="w1")
    assert len(only(play.tell(more), OfferQuote)) == 1
