"""What the order desk of coins refuses, what it ends, and what spot orders do to balances."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.paper.crypto.desk import OrderDesk
from daemon.paper.crypto.happenings import (
    AccountMoved,
    LevelChanged,
    OrderAccepted,
    OrderEnded,
    OrderFilled,
)
from daemon.paper.crypto.holdings import Balance
from daemon.paper.crypto.model import Ending, Phase, Status, TimeInForce
from daemon.paper.crypto.refusal import CoinRefusalError, Why
from daemon.paper.model import OwnCross, Side
from tests.paper.crypto.builders import STRICT, SYMBOL, D, Room, spot

IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


def refused(room: Room, *order: str, **terms: Any) -> Why:
    before = (str(room.exchange.orders), room.exchange.balances("alice"))
    with pytest.raises(CoinRefusalError) as found:
        room.place("alice", *order, **terms)
    assert (str(room.exchange.orders), room.exchange.balances("alice")) == before
    return found.value.why


@pytest.mark.parametrize(
    ("order", "terms", "why"),
    [
        (("bid", "1", "100.001"), {}, Why.PRICE_TICK),
        (("bid", "0.00005", "100"), {}, Why.QTY_SMALL),
        (("bid", "1.00005", "100"), {}, Why.QTY_LOT),
        (("bid", "9001", "100"), {}, Why.QTY_LARGE),
        (("bid", "0.01", "100"), {}, Why.NOTIONAL),
        (("bid", "11", "100"), {}, Why.FUNDS),
        (("ask", "10.0001", "100"), {}, Why.FUNDS),
        (("bid", "1", "100"), {"symbol": "NONE"}, Why.SYMBOL),
        (("bid", "0"), {"quote_qty": D(1)}, Why.NOTIONAL),
    ],
)
def test_a_refusal_has_its_reason_and_changes_nothing(
    order: tuple[str, ...], terms: dict[str, object], why: Why
) -> None:
    assert refused(spot(), *order, **terms) is why


def test_a_halt_stops_orders_and_lets_cancels_through() -> None:
    room = spot()
    resting = room.place("alice", "bid", "1", "100")
    room.venue.upkeep.set_phase(SYMBOL, Phase.HALTED)
    assert refused(room, "bid", "1", "100") is Why.HALTED
    room.venue.orders.cancel(resting)
    room.venue.upkeep.set_phase(SYMBOL, Phase.NO_OPENING)
    assert refused(room, "bid", "1", "100") is Why.NO_OPENING


def test_what_rests_is_locked_and_what_trades_moves_with_the_fee_in_the_coin_received() -> None:
    room = spot()
    ask = room.place("bob", "ask", "2", "100")
    assert (room.free("bob", "ETH"), room.locked("bob", "ETH")) == ("8", "2")
    bid = room.place("alice", "bid", "3", "101")
    assert (ask.status, bid.status) == (Status.FILLED, Status.PARTIALLY_FILLED)
    # Alice paid 200 and has 101 locked; 0.1 % of 2 ETH is her fee. Bob's is 0.1 % of 200 USDT.
    assert room.exchange.balance("alice", "USDT") == Balance(D("699.00"), D("101.0000"))
    assert room.free("alice", "ETH") == "11.998"
    assert (room.free("bob", "USDT"), room.free("bob", "ETH")) == ("1199.8", "8")
    room.venue.orders.cancel(bid, "why-not")
    assert bid.ending is Ending.MEMBER
    assert room.free("alice", "USDT") == "800"
    with pytest.raises(CoinRefusalError) as again:
        room.venue.orders.cancel(bid)
    assert again.value.why is Why.NOT_OPEN


def test_an_order_is_told_as_new_then_by_fills_then_by_its_end() -> None:
    room = spot()
    for price in ("100", "101"):
        room.place("bob", "ask", "1", price)
    room.told.clear()
    room.place("alice", "bid", "3", "101", time_in_force=IOC)
    kinds = OrderAccepted | OrderFilled | OrderEnded
    mine = [t for t in room.told if isinstance(t, kinds) and t.order.account == "alice"]
    assert [type(t) for t in mine] == [OrderAccepted, OrderFilled, OrderFilled, OrderEnded]
    assert [t.order.status for t in mine if isinstance(t, OrderFilled)] == [
        Status.PARTIALLY_FILLED
    ] * 2
    ids = [t.fill.trade_id for t in mine if isinstance(t, OrderFilled)]
    assert ids[1] == ids[0] + 1
    moved = [t for t in room.told if isinstance(t, AccountMoved) and t.account == "alice"]
    assert all(set(t.coins) == {"USDT", "ETH"} for t in moved)


def test_two_symbols_share_trade_ids_and_order_ids_are_never_shared() -> None:
    room = spot()
    room.venue.upkeep.deposit("bob", "BTC", D(5))
    orders = []
    for symbol in (SYMBOL, "BTCUSDT"):
        orders.append(room.place("bob", "ask", "1", "10", symbol=symbol))
        orders.append(room.place("alice", "bid", "1", "10", symbol=symbol))
    fills = room.exchange.fills["alice"]
    assert fills[0].trade_id == fills[1].trade_id
    assert len({order.order_id for order in orders}) == 4


def test_fill_or_kill_and_post_only_are_refused_or_ended_as_the_venue_has_it() -> None:
    for room, ends in ((spot(), True), (spot(rules=STRICT), False)):
        room.place("bob", "ask", "1", "100")
        if ends:
            fok = room.place("alice", "bid", "2", "100", time_in_force=FOK)
            post = room.place("alice", "bid", "1", "100", post_only=True)
            assert (fok.ending, post.ending) == (Ending.FOK, Ending.POST_ONLY)
            assert fok.filled == post.filled == 0
        else:
            assert refused(room, "bid", "2", "100", time_in_force=FOK) is Why.FOK
            assert refused(room, "bid", "1", "100", post_only=True) is Why.POST_ONLY
        assert room.place("alice", "bid", "1", "100", time_in_force=FOK).status is Status.FILLED


def test_a_client_order_id_is_free_again_when_its_order_has_ended_or_never() -> None:
    for room, is_free in ((spot(), True), (spot(rules=STRICT), False)):
        first = room.place("alice", "bid", "1", "100", client_order_id="x")
        assert refused(room, "bid", "1", "100", client_order_id="x") is Why.DUPLICATE_ID
        room.place("bob", "bid", "1", "100", client_order_id="x")
        room.venue.orders.cancel(first)
        if is_free:
            second = room.place("alice", "bid", "1", "100", client_order_id="x")
            assert room.exchange.client_ids["alice"]["x"] == second.order_id
        else:
            assert refused(room, "bid", "1", "100", client_order_id="x") is Why.DUPLICATE_ID


def test_a_market_order_by_quote_coin_spends_no_more_than_it_says() -> None:
    room = spot()
    for qty, price in (("1", "100"), ("1", "110")):
        room.place("bob", "ask", qty, price)
    order = room.place("alice", "bid", "0", quote_qty=D(150))
    assert (str(order.filled), order.status) == ("1.4545", Status.FILLED)
    assert order.notional <= D(150)
    room.place("alice", "bid", "1")
    empty = room.place("alice", "bid", "0", quote_qty=D(50))
    assert (empty.ending, empty.status) == (Ending.NO_LIQUIDITY, Status.ENDED)


def test_a_market_order_ends_with_what_the_book_had() -> None:
    room = spot()
    room.place("bob", "bid", "1", "100")
    order = room.place("alice", "ask", "3")
    assert (str(order.filled), order.ending) == ("1", Ending.NO_LIQUIDITY)


@pytest.mark.parametrize(
    ("way", "taken", "ending", "maker_left"),
    [
        (OwnCross.TRADE, "1", None, "0"),
        (OwnCross.STOP_TAKER, "0", Ending.OWN_CROSS, "1"),
        (OwnCross.CANCEL_MAKER, "0", None, "0"),
        (OwnCross.CANCEL_BOTH, "0", Ending.OWN_CROSS, "0"),
    ],
)
def test_an_order_that_meets_its_own_account(
    way: OwnCross, taken: str, ending: Ending | None, maker_left: str
) -> None:
    room = spot()
    maker = room.place("alice", "ask", "1", "100")
    taker = room.place("alice", "bid", "2", "100", own_cross=way)
    assert (str(taker.filled), taker.ending) == (taken, ending)
    assert str(maker.remaining) == maker_left
    assert taker.is_open is (ending is None)


def test_an_amendment_keeps_its_place_only_when_it_gets_smaller() -> None:
    room = spot()
    first = room.place("alice", "bid", "2", "100")
    room.place("bob", "bid", "1", "100")
    desk: OrderDesk = room.venue.orders
    desk.amend(first, D(1), D(100))
    assert room.exchange.books[SYMBOL].ahead_of(first) == 0
    desk.amend(first, D(2), D(100))
    assert room.exchange.books[SYMBOL].ahead_of(first) == 1
    room.place("bob", "ask", "2", "102")
    desk.amend(first, D(3), D(102))
    assert (str(first.filled), str(first.remaining)) == ("2", "1")
    for qty, price, why in (("3", "102", Why.NO_CHANGE), ("30", "102", Why.FUNDS)):
        with pytest.raises(CoinRefusalError) as found:
            desk.amend(first, D(qty), D(price))
        assert found.value.why is why
    desk.amend(first, D(1), D(101))
    assert (first.ending, room.locked("alice", "USDT")) == (Ending.MEMBER, "0")
    with pytest.raises(CoinRefusalError):
        desk.amend(first, D(5), D(90))


def test_a_fee_coin_pays_while_it_lasts() -> None:
    room = spot(fee_coin="BNB")
    room.venue.upkeep.deposit("alice", "BNB", D("0.0002"))
    room.place("bob", "ask", "2", "100")
    # 100 x 0.1 % x 75 % / 500 USDT a BNB = 0.00015 BNB; the second time it is not there.
    for _ in range(2):
        room.place("alice", "bid", "1", "100")
    fees = [(str(f.fee.normalize()), f.fee_coin) for f in room.exchange.fills["alice"]]
    assert fees == [("0.00015", "BNB"), ("0.001", "ETH")]
    assert room.free("alice", "BNB") == "0.00005"


def test_the_book_is_told_level_by_level() -> None:
    room = spot()
    order = room.place("alice", "bid", "2", "100")
    room.place("bob", "ask", "0.5", "100")
    room.venue.orders.cancel(order)
    levels = [(t.qty, t.is_bid) for t in room.told if isinstance(t, LevelChanged)]
    assert levels == [(D(2), True), (D("1.5"), True), (D(0), True)]
    assert room.exchange.books[SYMBOL].best(Side.BID) is None
