"""What an attempt minds: limits, floor, dust, strangers' orders, our own crossing ones."""

from __future__ import annotations

from decimal import Decimal

from daemon.core.commands import NoticeKind, Notify, PlaceOrder, QueryQuote, StartTimer
from daemon.core.decisions import CloseExit, ExitEnd, HaltAccount, OpenExit, RetriggerExit
from daemon.core.requests import ResumeRequested
from daemon.core.terms import Side, TimeInForce
from tests import builders as make
from tests.core.play import guarded, notices, only

D = Decimal
THROUGH = make.quote(bid="0.58", ask="0.60")


def test_an_exit_worth_more_than_allowed_halts_the_account_and_is_told() -> None:
    play = guarded(account=make.account_policy(notional="52.99"))
    told = play.tell(THROUGH)
    assert only(told, HaltAccount)
    assert NoticeKind.LIMIT_EXCEEDED in notices(told)
    assert not only(told, PlaceOrder)
    assert play.engine.book.account(make.ACCOUNT, make.VENUE).halted
    told = play.tell(make.rules_loaded(make.rule()), ResumeRequested(**make.NOW), THROUGH)
    assert only(told, PlaceOrder)


def test_the_limit_counts_a_no_in_the_price_of_no() -> None:
    play = guarded(qty="-100", px="0.35", account=make.account_policy(notional="53.5"))
    assert only(play.tell(make.quote(bid="0.41", ask="0.42")), PlaceOrder)


def test_more_orders_in_a_minute_than_allowed_halt_the_account() -> None:
    play = guarded(account=make.account_policy(per_minute=2))
    play.tell(THROUGH)
    for number in range(2):
        play.tell(make.canceled(order_id=play.order_id, venue_order_id=f"v{number}"))
        play.tell(THROUGH, after="5")
    assert len(play.placed) == 2
    assert NoticeKind.LIMIT_EXCEEDED in notices(play.commands)


def test_a_minute_later_the_count_starts_again() -> None:
    play = guarded(account=make.account_policy(per_minute=1))
    play.tell(THROUGH)
    play.tell(make.canceled(order_id=play.order_id))
    assert only(play.tell(THROUGH, after="60"), PlaceOrder)


def test_at_the_floor_it_is_told_once_and_goes_on_trying() -> None:
    play = guarded(make.rule(policy=make.exits(floor_px="0.04")))
    play.tell(THROUGH)
    play.tell(make.canceled(order_id=play.order_id))
    told = play.tell(make.quote(bid="0.50", ask="0.52"), after="5")
    assert NoticeKind.EXIT_AT_FLOOR in notices(told)
    assert only(told, PlaceOrder)[0].limit_px == D("0.54")
    play.tell(make.canceled(order_id=play.order_id, venue_order_id="v2"))
    told = play.tell(make.quote(bid="0.49", ask="0.52"), after="40")
    assert NoticeKind.EXIT_AT_FLOOR not in notices(told)
    assert only(told, PlaceOrder)


def test_less_than_a_lot_cannot_be_sold_and_is_told() -> None:
    play = guarded(qty="0.5", terms=make.instrument(lot_qty="1"))
    told = play.tell(THROUGH)
    assert NoticeKind.DUST in notices(told)
    assert not only(told, PlaceOrder)
    assert not notices(play.tell(THROUGH))


def test_below_the_minimum_notional_too() -> None:
    play = guarded(qty="10", terms=make.instrument(min_notional="6"))
    told = play.tell(THROUGH)
    assert NoticeKind.DUST in notices(told)
    assert not only(told, PlaceOrder)


def test_parts_of_a_lot_stay_behind() -> None:
    play = guarded(qty="100.5")
    assert only(play.tell(THROUGH), PlaceOrder)[0].order_qty == D(100)


def test_a_resting_exit_leaves_room_for_strangers_reducing_orders_and_an_ioc_does_not() -> None:
    other = make.snapshot(order_id=None, venue_order_id="w1", leaves_qty="30", limit_px="0.70")
    resting = guarded(make.rule(policy=make.exits(order=TimeInForce.GTC)))
    resting.tell(other)
    assert only(resting.tell(THROUGH), PlaceOrder)[0].order_qty == D(70)
    at_once = guarded()
    at_once.tell(other)
    assert only(at_once.tell(THROUGH), PlaceOrder)[0].order_qty == D(100)


def test_an_own_order_in_the_way_is_canceled_by_the_venue_and_told() -> None:
    bid = make.snapshot(
        order_id=None, venue_order_id="w1", side=Side.BUY, leaves_qty="30", limit_px="0.58"
    )
    play = guarded()
    play.tell(bid)
    told = play.tell(THROUGH)
    assert NoticeKind.OWN_CROSSING in notices(told)
    assert only(told, PlaceOrder)[0].cancel_own_crossing


def test_an_own_order_that_does_not_cross_is_no_news() -> None:
    play = guarded()
    for name, side, px in [
        ("a", Side.BUY, "0.40"),
        ("b", Side.SELL, "0.70"),
        ("c", Side.BUY, None),
    ]:
        play.tell(
            make.snapshot(
                order_id=None, venue_order_id=name, side=side, leaves_qty="3", limit_px=px
            )
        )
    assert NoticeKind.OWN_CROSSING not in notices(play.tell(THROUGH))


def test_an_own_ask_in_the_way_of_a_no_is_told() -> None:
    play = guarded(qty="-100", px="0.35")
    play.tell(make.snapshot(order_id=None, venue_order_id="w1", leaves_qty="3", limit_px="0.45"))
    told = play.tell(make.quote(bid="0.41", ask="0.42"))
    assert NoticeKind.OWN_CROSSING in notices(told)


def test_nobody_who_bids_is_told_once_and_ends_no_exit() -> None:
    play = guarded()
    play.tell(THROUGH)
    play.tell(make.canceled(order_id=play.order_id))
    nobody = make.quote(bid=None, ask="0.60")
    assert notices(play.tell(nobody, after="5")) == [NoticeKind.EXIT_BLOCKED]
    assert not play.tell(nobody)
    assert only(play.tell(THROUGH), PlaceOrder)
    play.tell(make.canceled(order_id=play.order_id))
    assert not notices(play.tell(nobody, after="60")), "not for each empty moment"


def test_an_empty_book_is_not_asked_for_by_rest_at_every_turn() -> None:
    """The live feed tells when somebody comes: a look each second would eat the exits' tokens."""
    play = guarded()
    play.tell(THROUGH)
    play.tell(make.canceled(order_id=play.order_id))
    retry = make.timer(f"retry|{make.KEY.name}")
    assert only(play.tell(retry, after="2"), StartTimer)[0].delay_s == D(1)
    play.tell(make.quote(bid=None, ask="0.60"))
    told = play.tell(retry, after="1")
    assert only(told, QueryQuote)
    assert only(told, StartTimer)[0].delay_s == D(30)
    assert only(play.tell(THROUGH), PlaceOrder)


def test_what_a_recovered_exit_leaves_is_told() -> None:
    play = guarded()
    play.tell(THROUGH)
    play.tell(make.fill(last_qty="30", order_id=play.order_id))
    play.tell(make.canceled(order_id=play.order_id, cum_qty="30"))
    told = play.tell(make.quote(bid="0.65", ask="0.66"), after="5")
    assert only(told, CloseExit)[0].end is ExitEnd.RECOVERED
    (notice,) = only(told, Notify)
    assert notice.notice is NoticeKind.GUARDED_AGAIN
    assert notice.text == "exit of 100 NFL-1 sold 30, then the price recovered: 70 guarded again"
    assert not notice.urgent


def test_a_first_attempt_that_had_to_wait_is_priced_by_the_quote_that_it_meets() -> None:
    play = guarded(account=make.account_policy(notional="1"))
    assert only(play.tell(THROUGH), OpenExit)
    play.tell(make.rules_loaded(make.rule()), ResumeRequested(**make.NOW))
    told = play.tell(make.quote(bid="0.50", ask="0.52"))
    assert only(told, RetriggerExit)[0].trigger_px == D("0.50")
    assert only(told, PlaceOrder)[0].limit_px == D("0.45")


def test_a_restart_voids_the_minutes_count_with_the_clock_that_it_was_made_by() -> None:
    play = guarded(account=make.account_policy(per_minute=1))
    play.tell(THROUGH)
    play.tell(make.rejected(order_id=play.order_id))
    play.restart()
    assert only(play.tell(THROUGH, after="2"), PlaceOrder)
