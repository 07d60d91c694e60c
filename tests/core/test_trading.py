"""Trades: placed once, never more than is held together with exits, followed like any order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core import book
from daemon.core.commands import CancelOrder, NoticeKind, PlaceOrder, QueryOrder
from daemon.core.decisions import RefuseTrade
from daemon.core.events import Event, MarketPhase, Quote, StopRequested, VenuePaused
from daemon.core.instrument import Instrument
from daemon.core.requests import CancelRequested, HaltRequested, TradeRequested
from daemon.core.terms import (
    OrdStatus,
    OrdType,
    RejectReason,
    Side,
    TimeInForce,
    trade_order_id,
)
from daemon.core.trade import Trade
from tests import builders as make
from tests.core.play import Play, guarded, notices, only

D = Decimal


def trade(
    *,
    token: str = "one",
    side: Side = Side.SELL,
    order_qty: str = "40",
    limit_px: str | None = "0.50",
    **changes: object,
) -> TradeRequested:
    """An IoC at a limit."""
    asked = TradeRequested(
        **make.ON_SYMBOL,
        token=token,
        side=side,
        order_qty=D(order_qty),
        limit_px=make.number(limit_px),
    )
    return replace(asked, **changes)  # type: ignore[arg-type] # fields by name


def at_market(side: Side, quote: Quote | None = None) -> TradeRequested:
    """At any price."""
    return trade(side=side, limit_px=None, ord_type=OrdType.MARKET, quote=quote)


def flat(*, live: bool = True, terms: Instrument | None = None, per_minute: int = 60) -> Play:
    play = Play()
    policy = make.account_policy(live=live, per_minute=per_minute)
    play.tell(make.started(), make.rules_loaded(make.rule(), account=policy))
    play.tell(make.market_read(terms=terms))
    return play


def newest(play: Play) -> Trade:
    return play.position.trades[-1]


def refusal(play: Play, event: Event) -> RejectReason:
    """Why an attempt led to no order."""
    told = play.tell(event)
    (refused,) = only(told, RefuseTrade)
    assert not only(told, PlaceOrder)
    assert NoticeKind.TRADE_REFUSED in notices(told)
    return refused.reason


def test_a_trade_is_one_order_of_its_own() -> None:
    play = flat()
    (order,) = only(play.tell(trade(side=Side.BUY, limit_px="0.66")), PlaceOrder)
    assert order.client_order_id == trade_order_id(make.JOURNAL, make.KEY, 1, 1)
    assert (order.exit_no, order.trade_no, order.attempt) == (0, 1, 1)
    assert (order.side, order.order_qty, order.limit_px) == (Side.BUY, D(40), D("0.66"))
    assert not order.cancel_own_crossing
    play.tell(make.accepted(order_id=play.order_id))
    play.tell(make.fill(side=Side.BUY, last_qty="40", last_px="0.65", commission="0.10"))
    assert play.order.dead
    assert play.position.qty == 40
    (part,) = newest(play).fills
    assert (part.qty, part.px, part.commission) == (D(40), D("0.65"), D("0.10"))
    assert newest(play).filled_qty == 40
    assert newest(play).order_ids == (order.client_order_id,)


def test_what_an_order_filled_that_the_book_has_forgotten_is_not_bought_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(book, "DEAD_ORDERS_LIMIT", 0)
    play = flat()
    play.tell(trade(side=Side.BUY))
    play.tell(make.fill(side=Side.BUY, last_qty="15", order_id=play.order_id))
    play.tell(make.canceled(order_id=play.order_id, cum_qty="15"))
    play.tell(trade(token="two", side=Side.BUY))
    assert len(play.engine.book.orders) == 1
    assert refusal(play, trade(side=Side.BUY, attempt=2)) is RejectReason.IN_DOUBT


def test_what_it_bought_is_guarded_by_the_rules() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY, limit_px="0.66"))
    play.tell(make.fill(side=Side.BUY, last_qty="40", last_px="0.65", order_id=play.order_id))
    play.tell(make.quote(bid="0.66"))
    (stop,) = only(play.tell(make.quote(bid="0.58", ask="0.60")), PlaceOrder)
    assert (stop.exit_no, stop.trade_no, stop.order_qty) == (1, 0, D(40))


def test_asked_for_twice_it_is_done_once() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY))
    assert play.tell(trade(side=Side.BUY)) == []
    assert not play.engine.changed
    assert play.tell(trade(side=Side.BUY, order_qty="41", attempt=2)) == []
    play.restart()
    assert not only(play.tell(trade(side=Side.BUY)), PlaceOrder)
    assert len(play.placed) == 1


def test_an_attempt_out_of_turn_leaves_no_trace() -> None:
    play = flat()
    assert play.tell(trade(side=Side.BUY, attempt=2)) == []
    assert not play.engine.changed
    assert not play.engine.book.positions


def test_a_further_attempt_is_for_what_the_dead_ones_left() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY))
    again = trade(side=Side.BUY, attempt=2, reason=RejectReason.TIMEOUT)
    play.tell(make.in_doubt(order_id=play.order_id))
    assert refusal(play, again) is RejectReason.IN_DOUBT
    play.tell(make.canceled(order_id=play.order_id, cum_qty="15"))
    third = replace(again, attempt=3)
    assert refusal(play, third) is RejectReason.IN_DOUBT  # its fill has not been seen
    play.tell(make.fill(side=Side.BUY, last_qty="15", order_id=play.order_id))
    (order,) = only(play.tell(replace(again, attempt=4)), PlaceOrder)
    assert (order.order_qty, order.attempt) == (D(25), 4)
    reasons = [(one.retry_reason, one.refusal) for one in newest(play).attempts]
    assert reasons == [
        (None, None),
        (RejectReason.TIMEOUT, RejectReason.IN_DOUBT),
        (RejectReason.TIMEOUT, RejectReason.IN_DOUBT),
        (RejectReason.TIMEOUT, None),
    ]
    play.tell(make.fill(exec_id="t2", side=Side.BUY, last_qty="25", venue_order_id="v2",
                        order_id=order.client_order_id))  # fmt: skip
    assert refusal(play, replace(again, attempt=5)) is RejectReason.INVALID_ORDER


def test_a_lost_answer_is_looked_up_and_never_sent_again() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY))
    told = play.tell(make.in_doubt(order_id=play.order_id))
    assert only(told, QueryOrder)
    for after in ("6", "20", "40"):
        told = play.tell(make.absent(order_id=play.order_id), after=after)
        assert not only(told, PlaceOrder)
    assert not play.order.dead
    play.tell(make.absent(order_id=play.order_id), after="60")
    assert play.order.status is OrdStatus.REJECTED


def test_a_crash_before_the_answer_leaves_a_doubt_that_is_looked_up() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY))
    told = play.restart()
    assert not only(told, PlaceOrder)
    assert play.order.status is OrdStatus.IN_DOUBT
    assert only(play.tell(make.timer(f"check|{play.order_id}")), QueryOrder)


def test_what_the_one_who_asks_knows_against_it_leads_to_no_order() -> None:
    play = Play()
    play.tell(make.started(), make.rules_loaded(make.rule(), account=make.account_policy()))
    text = "kalshi lists no such market"
    told = trade(side=Side.BUY, refusal=RejectReason.NETWORK, text=text)
    assert refusal(play, told) is RejectReason.NETWORK
    assert newest(play).attempts[-1].text == text
    play = flat()
    assert refusal(play, told) is RejectReason.NETWORK


def test_whoever_waits_may_give_up() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY, time_in_force=TimeInForce.GTC))
    play.tell(make.accepted(order_id=play.order_id))
    told = play.tell(CancelRequested(**make.NOW, client_order_id=play.order_id))
    assert only(told, CancelOrder)


def test_one_that_rests_does_not_outlive_the_process_that_keeps_its_time() -> None:
    play = flat()
    play.tell(trade(side=Side.BUY, time_in_force=TimeInForce.GTC))
    play.tell(make.accepted(order_id=play.order_id))
    (cancel,) = only(play.tell(StopRequested(**make.NOW)), CancelOrder)
    assert cancel.client_order_id == play.order_id


class TestRefused:
    """What leads to no order, and says why."""

    @pytest.mark.parametrize(
        ("event", "reason"),
        [
            (trade(side=Side.BUY, order_qty="0.5"), RejectReason.INVALID_ORDER),
            (trade(side=Side.BUY, order_qty="1001"), RejectReason.INVALID_ORDER),
            (trade(side=Side.BUY, order_qty="1"), RejectReason.INVALID_ORDER),
            (trade(side=Side.BUY, limit_px="0.505"), RejectReason.INVALID_ORDER),
            (trade(side=Side.BUY, limit_px="1"), RejectReason.INVALID_ORDER),
            (trade(side=Side.BUY, limit_px=None), RejectReason.INVALID_ORDER),
            (trade(side=Side.BUY, ord_type=OrdType.MARKET), RejectReason.INVALID_ORDER),
            (at_market(Side.BUY), RejectReason.NO_LIQUIDITY),
            (trade(reduce_only=True), RejectReason.NO_POSITION),
        ],
    )
    def test_by_the_terms(self, event: TradeRequested, reason: RejectReason) -> None:
        terms = replace(make.instrument(min_notional="1"), max_qty=D(1000), min_qty=D(1))
        assert refusal(flat(terms=terms), event) is reason

    def test_while_halted_paused_closed_or_not_live(self) -> None:
        play = flat(live=False)
        assert refusal(play, trade()) is RejectReason.NOT_LIVE
        play = flat()
        play.tell(HaltRequested(**make.NOW))
        assert refusal(play, trade()) is RejectReason.HALTED
        play = flat()
        play.tell(VenuePaused(**make.AT_VENUE))
        assert refusal(play, trade()) is RejectReason.EXCHANGE_PAUSED
        play = flat()
        play.tell(make.market_read(phase=MarketPhase.PAUSED))
        assert refusal(play, trade()) is RejectReason.MARKET_INACTIVE
        play = Play()
        play.tell(make.started(), make.rules_loaded())
        assert refusal(play, trade()) is RejectReason.NOT_FOUND

    def test_beyond_the_limits_of_the_account_without_a_halt(self) -> None:
        play = flat(per_minute=2)
        play.tell(trade(side=Side.BUY), trade(side=Side.BUY, token="two"))
        assert refusal(play, trade(side=Side.BUY, token="three")) is RejectReason.RATE_LIMIT
        policy = replace(make.account_policy(), max_trade_notional=D(10))
        play.tell(make.rules_loaded(account=policy))
        large = trade(side=Side.BUY, token="four")
        assert refusal(play, large) is RejectReason.LIMIT_EXCEEDED
        assert not play.engine.book.account(make.ACCOUNT, make.VENUE).halted


class TestAtMarket:
    """At any price where the venue knows that, else within the slippage bound."""

    def test_a_venue_with_market_orders(self) -> None:
        play = flat()
        event = at_market(Side.BUY, make.quote(ask="0.68"))
        (order,) = only(play.tell(event), PlaceOrder)
        assert (order.ord_type, order.limit_px) == (OrdType.MARKET, None)
        assert order.time_in_force is TimeInForce.IOC

    @pytest.mark.parametrize(("side", "limit_px"), [(Side.BUY, "0.73"), (Side.SELL, "0.61")])
    def test_a_venue_without(self, side: Side, limit_px: str) -> None:
        play = flat()
        policy = replace(make.account_policy(), market_sides=())
        play.tell(make.rules_loaded(account=policy))
        (order,) = only(play.tell(at_market(side, make.quote())), PlaceOrder)
        assert (order.ord_type, order.limit_px) == (OrdType.LIMIT, D(limit_px))
        assert order.time_in_force is TimeInForce.IOC


class TestBesideExits:
    """More is never sold than is held."""

    def test_what_a_trade_may_sell_no_exit_sells_too(self) -> None:
        play = guarded()
        play.tell(trade(order_qty="40"))
        (stop,) = only(play.tell(make.quote(bid="0.58", ask="0.60")), PlaceOrder)
        assert stop.order_qty == 60
        play.tell(make.canceled(order_id=stop.client_order_id, cum_qty="0", venue_order_id="v9"))
        play.tell(make.canceled(order_id=play.placed[0].client_order_id))
        (rest,) = only(play.tell(make.quote(bid="0.57", ask="0.60"), after="3"), PlaceOrder)
        assert rest.order_qty == 100

    def test_what_an_exit_may_sell_no_trade_sells_too(self) -> None:
        play = guarded()
        play.tell(make.quote(bid="0.58", ask="0.60"))
        assert refusal(play, trade(order_qty="1")) is RejectReason.NO_POSITION

    def test_one_that_buys_takes_nothing_from_an_exit(self) -> None:
        play = guarded()
        play.tell(trade(side=Side.BUY, time_in_force=TimeInForce.GTC))
        play.tell(make.accepted(order_id=play.order_id))
        told = play.tell(make.quote(bid="0.58", ask="0.60"))
        (stop,) = only(told, PlaceOrder)
        assert stop.order_qty == 100
        assert not only(told, CancelOrder)

    def test_one_that_rests_gives_way_to_a_stop(self) -> None:
        play = guarded()
        play.tell(trade(order_qty="100", limit_px="0.80", time_in_force=TimeInForce.GTC))
        resting = play.order_id
        play.tell(make.accepted(order_id=resting))
        told = play.tell(make.quote(bid="0.58", ask="0.60"))
        assert not only(told, PlaceOrder)
        (cancel,) = only(told, CancelOrder)
        assert cancel.client_order_id == resting
        assert NoticeKind.TRADE_OVERTAKEN in notices(told)
        play.tell(make.canceled(order_id=resting, cum_qty="0"))
        (stop,) = only(play.tell(make.quote(bid="0.58", ask="0.60")), PlaceOrder)
        assert (stop.order_qty, stop.exit_no) == (D(100), 1)

    def test_with_nothing_at_work_it_may_cross_zero(self) -> None:
        play = guarded()
        (order,) = only(play.tell(trade(order_qty="150")), PlaceOrder)
        assert order.order_qty == 150
        again = trade(order_qty="1", token="two")
        assert refusal(play, again) is RejectReason.NO_POSITION

    def test_reduce_only_stops_at_what_is_held(self) -> None:
        play = guarded()
        over = trade(order_qty="101", reduce_only=True)
        assert refusal(play, over) is RejectReason.NO_POSITION
        assert only(play.tell(trade(token="two", order_qty="100", reduce_only=True)), PlaceOrder)

    @pytest.mark.parametrize("side", list(Side))
    def test_nothing_is_opened_where_the_venue_shows_something_else(self, side: Side) -> None:
        play = flat()
        play.agrees = False
        play.tell(make.positions(qty="60"))
        assert play.position.mismatch is not None
        assert refusal(play, trade(side=side)) is RejectReason.IN_DOUBT

    @pytest.mark.parametrize("reduce_only", [False, True])
    def test_what_the_venue_does_not_show_is_not_sold_again(self, reduce_only: bool) -> None:
        play = guarded()
        play.agrees = False
        play.tell(make.positions(qty="60"), after="200")
        assert play.position.missing_qty == 40
        over = trade(order_qty="61", reduce_only=reduce_only)
        assert refusal(play, over) is RejectReason.NO_POSITION
        fits = trade(token="two", order_qty="60", reduce_only=reduce_only)
        assert only(play.tell(fits), PlaceOrder)

    def test_what_rests_leaves_to_strangers_what_they_may_sell(self) -> None:
        play = guarded()
        play.tell(make.snapshot(order_id=None, venue_order_id="theirs", leaves_qty="80"))
        rests = trade(
            order_qty="21", limit_px="0.80", time_in_force=TimeInForce.GTC, reduce_only=True
        )
        assert refusal(play, rests) is RejectReason.NO_POSITION
        fits = replace(rests, token="two", order_qty=D(20))
        assert only(play.tell(fits), PlaceOrder)
        at_once = trade(token="three", order_qty="80", reduce_only=True)
        assert only(play.tell(at_once), PlaceOrder)

    def test_nothing_rests_in_the_way_of_an_open_exit(self) -> None:
        play = guarded()
        play.tell(make.quote(bid="0.58", ask="0.60"))
        play.tell(make.canceled(order_id=play.order_id, cum_qty="0"))
        rests = trade(limit_px="0.80", time_in_force=TimeInForce.GTC)
        assert refusal(play, rests) is RejectReason.NO_POSITION
        assert only(play.tell(replace(rests, token="two", side=Side.BUY)), PlaceOrder)

    def test_nothing_is_reduced_that_no_read_has_confirmed(self) -> None:
        play = guarded()
        play.agrees = False
        play.restart()
        assert refusal(play, trade()) is RejectReason.IN_DOUBT


def test_an_exit_above_the_most_of_one_order_goes_out_in_pieces() -> None:
    play = guarded(terms=replace(make.instrument(), max_qty=D(60)))
    (first,) = only(play.tell(make.quote(bid="0.58", ask="0.60")), PlaceOrder)
    assert first.order_qty == 60
    play.tell(make.canceled(order_id=first.client_order_id, cum_qty="60"))
    play.tell(make.fill(last_qty="60", order_id=first.client_order_id), after="0.1")
    (second,) = only(play.tell(make.quote(bid="0.58", ask="0.60"), after="0.1"), PlaceOrder)
    assert second.order_qty == 40
