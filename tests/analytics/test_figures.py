"""Figures of stories played by the real engine: each fill once, corrections booked anew."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from typing_extensions import override

from daemon.analytics import figures as module
from daemon.analytics.counts import OrderCell, place
from daemon.analytics.exit_quality import ExitCell
from daemon.analytics.fees import Mark, valued, worth_of
from daemon.analytics.figures import OTHERS, Figures, Measure
from daemon.analytics.slippage import SlipCell
from daemon.analytics.tables import Table
from daemon.analytics.timing import Span
from daemon.core.book import OrphanFill
from daemon.core.commands import PlaceOrder
from daemon.core.decisions import CloseExit, ExitEnd, InferFill, OpenExit
from daemon.core.order import Order
from daemon.core.position import Position
from daemon.core.terms import (
    EXACT,
    NANOS,
    ClientOrderId,
    Currency,
    ExecId,
    RuleKind,
    Side,
    Symbol,
    TimeInForce,
)
from tests import builders as make
from tests.cli.stage import Kept, story
from tests.core.play import WALL_NS


def folded(play: Kept, measure: Measure | None = None) -> Figures:
    return Figures(measure or Measure()).fold(play.records)


def stopped(symbol: str = "NFL-1") -> Kept:
    """100 YES at 0.65 whose stop fires at 0.58; an order for all of it is out."""
    play = Kept()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    play.tell(
        make.fill(
            exec_id="entry", side=Side.BUY, last_qty="100", last_px="0.65", venue_order_id="entry"
        ),
        make.quote(bid="0.65", ask="0.66", symbol=symbol),
        make.quote(bid="0.58", ask="0.60", symbol=symbol),
    )
    return play


def test_the_seeds_example_is_counted() -> None:
    figures = folded(story())
    cell = figures.tables.orders.by()[()]
    assert (cell.orders, cell.complete, cell.partial, cell.empty) == (2, 0, 1, 0)
    assert (cell.retries, cell.resends) == (1, 0)
    assert figures.tables.reasons.cells.keys() == {("main", "kalshi", "partially_filled")}
    fills = figures.tables.fills.by()[()]
    assert (fills.fills, fills.ours, fills.partial) == (2, 1, 1)
    assert figures.tables.timing.of(Span.TRIGGER_TO_ORDER.value).count == 1


def test_a_fill_ahead_of_its_ack_is_ours_once_the_ack_tells_so() -> None:
    play = stopped()
    play.tell(make.fill(venue_order_id="v9", last_qty="100"))
    before = folded(play).tables.fills.by()[()]
    assert (before.fills, before.ours) == (2, 0)
    play.tell(make.accepted(order_id=play.order_id, venue_order_id="v9"))
    figures = folded(play)
    after = figures.tables.fills.by()[()]
    assert (after.fills, after.ours) == (2, 1)
    assert figures.tables.orders.by()[()].complete == 1
    assert figures.tables.slips.by(2)["trigger",] == SlipCell(
        fills=1, qty=Decimal(100), cost=Decimal(0), base=Decimal(58)
    )


def test_a_late_fill_betters_an_order_that_had_ended_short() -> None:
    play = stopped()
    order_id = play.order_id
    play.tell(
        make.accepted(order_id=order_id),
        make.fill(order_id=order_id, last_qty="60"),
        make.canceled(order_id=order_id, cum_qty=None),
    )
    assert folded(play).tables.orders.by()[()].partial == 1
    play.tell(make.fill(exec_id="t2", order_id=order_id, last_qty="40"))
    cell = folded(play).tables.orders.by()[()]
    assert (cell.complete, cell.partial) == (1, 0)


def test_an_order_sent_again_is_a_retry_for_the_reason_of_the_doubt() -> None:
    figures = folded(stopped())
    sent = next(iter(figures.book.orders.values()))
    again = PlaceOrder(
        key=sent.key,
        client_order_id=sent.client_order_id,
        exit_no=sent.exit_no,
        attempt=sent.attempt,
        side=sent.side,
        order_qty=sent.order_qty,
        limit_px=sent.limit_px,
        time_in_force=sent.time_in_force,
        reduce_only=sent.reduce_only,
        resend=True,
    )
    figures.take(90, make.in_doubt(order_id=sent.client_order_id), ())
    figures.take(91, make.timer("look"), (again,))
    assert figures.tables.orders.by()[()] == OrderCell(orders=1, resends=1)
    assert figures.tables.reasons.cells.keys() == {("main", "kalshi", "timeout")}


def test_a_trade_without_an_exit_is_an_order_measured_by_mid_and_limit() -> None:
    figures = Figures()
    order_id = ClientOrderId("trade-1")
    placed = PlaceOrder(
        key=make.KEY,
        client_order_id=order_id,
        exit_no=0,
        trade_no=1,
        attempt=1,
        side=Side.BUY,
        order_qty=Decimal(10),
        limit_px=Decimal("0.62"),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    figures.take(1, make.quote(bid="0.58", ask="0.60"), (placed,))
    fill = make.fill(order_id=order_id, side=Side.BUY, last_qty="10", last_px="0.60")
    figures.take(2, fill, ())
    cells = figures.tables.slips.by(2)
    assert cells.keys() == {("arrival_mid",), ("limit",)}
    assert (cells["arrival_mid",].cost, cells["limit",].cost) == (Decimal("0.1"), Decimal("-0.2"))
    assert figures.tables.orders.by()[()] == OrderCell(orders=1, complete=1)


def guessed() -> Figures:
    """An exit of 100 ended by a guess: reconciliation priced it at the limit, 0.53."""
    figures = folded(stopped())
    sent = next(iter(figures.book.orders.values()))
    guess = InferFill(
        key=sent.key,
        exec_id=ExecId("guess"),
        side=Side.SELL,
        last_qty=Decimal(100),
        last_px=Decimal("0.53"),
        as_of_ns=WALL_NS + 2_000 * NANOS,
        client_order_id=sent.client_order_id,
    )
    closed = CloseExit(key=sent.key, exit_no=1, end=ExitEnd.FLAT)
    beyond = figures.take(90, make.positions(), (guess, closed))
    assert [(one.exit_no, one.share) for one in beyond] == [(1, Decimal("0.0862068966"))]
    return figures


def test_an_exit_is_booked_anew_when_a_real_fill_replaces_a_guess() -> None:
    figures = guessed()
    before = figures.tables.exits.by()[()]
    assert (before.estimated, before.beyond, before.cost) == (1, 1, Decimal(5))
    sent = next(iter(figures.book.orders.values()))
    real = replace(
        make.fill(order_id=sent.client_order_id, last_qty="100", last_px="0.58"),
        transact_time_ns=WALL_NS + 1_500 * NANOS,
    )
    figures.take(91, real, ())
    after = figures.tables.exits.by()[()]
    assert (after.exits, after.estimated, after.beyond, after.cost) == (1, 0, 0, Decimal(0))
    assert after.qty == Decimal(100)
    fills = figures.tables.fills.by()[()]
    assert (fills.fills, fills.inferred) == (2, 1)


def test_a_repeated_fill_counts_once() -> None:
    figures = Figures()
    fill = make.fill(commission="0.01")
    figures.take(1, fill, ())
    figures.take(2, fill, ())
    assert figures.tables.fills.by()[()].fills == 1
    assert figures.tables.fees.by()[()].paid == Decimal("0.01")


def test_symbols_beyond_the_limit_share_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SYMBOLS_LIMIT", 1)
    figures = Figures()
    for seq, symbol in enumerate(("A", "B", "C"), 1):
        figures.take(seq, make.fill(symbol=symbol, exec_id=symbol), ())
    assert {key[1]: cell.fills for key, cell in figures.tables.fills.by(0, 1).items()} == {
        "A": 1,
        OTHERS: 2,
    }


@pytest.mark.parametrize(
    ("currency", "worth"),
    [
        ("USDT", (Decimal("0.01"), "USDT")),
        ("BTC", (Decimal(500), "USDT")),
        ("BNB", (Decimal(6), "USDT")),
        ("DOGE", (Decimal("0.01"), "DOGE")),
    ],
)
def test_a_fee_is_valued_by_prices_of_the_journal(
    currency: str, worth: tuple[Decimal, str]
) -> None:
    position = Position(
        key=make.KEY, quote_currency=Currency("USDT"), base_currency=Currency("BTC")
    )
    marks = {Currency("BNB"): Mark(currency=Currency("USDT"), px=Decimal(600))}
    fill = make.fill(commission="0.01", currency=currency, last_px="50000")
    assert worth_of(fill, position, marks) == worth


def test_only_rates_of_the_settings_lead_to_the_reporting_currency() -> None:
    figures = Figures()
    fees = (("1", "USD"), ("2", "USDT"), ("3", "DOGE"))
    for seq, (commission, currency) in enumerate(fees, 1):
        fill = make.fill(exec_id=str(seq), commission=commission, currency=currency)
        figures.take(seq, fill, ())
    rates = {Currency("USDT"): Decimal("0.999")}
    with decimal.localcontext(EXACT):
        found = valued(figures.tables.worths.by(3), Currency("USD"), rates)
    assert (found.total, found.unvalued) == (Decimal("2.998"), {"DOGE": Decimal(3)})


def test_a_no_is_measured_in_no_dollars() -> None:
    figures = Figures()
    entry = make.fill(exec_id="e", side=Side.SELL, last_qty="10", last_px="0.35")
    figures.take(1, entry, ())
    opened = OpenExit(
        key=make.KEY,
        exit_no=1,
        reason=RuleKind.ABSOLUTE,
        exit_qty=Decimal(10),
        trigger_px=Decimal("0.40"),
        level_px=None,
        quote=None,
    )
    placed = PlaceOrder(
        key=make.KEY,
        client_order_id=ClientOrderId("x"),
        exit_no=1,
        attempt=1,
        side=Side.BUY,
        order_qty=Decimal(10),
        limit_px=Decimal("0.45"),
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
    )
    figures.take(2, make.timer("t"), (opened, placed))
    bought = make.fill(
        order_id=ClientOrderId("x"), side=Side.BUY, last_qty="10", last_px="0.43", exec_id="b"
    )
    figures.take(3, bought, (CloseExit(key=make.KEY, exit_no=1, end=ExitEnd.FLAT),))
    cell = figures.tables.slips.by(2)["trigger",]
    assert (cell.cost, cell.base, cell.bps) == (Decimal("0.3"), Decimal(6), Decimal(500))
    assert figures.tables.exits.by()[()].share == Decimal("0.05")


def test_a_place_is_venue_symbol_and_hour() -> None:
    hour_ns = 3_600 * NANOS
    assert place(make.KEY, Symbol("S"), 25 * hour_ns) == ("kalshi", "S", "01")


def test_what_is_taken_back_leaves_nothing() -> None:
    table = Table(ExitCell)
    one = ExitCell(exits=1, cost=Decimal("0.3"))
    table.at(("kalshi", "S")).add(one)
    table.at(("kalshi", "S")).add(one, -1)
    assert table.by()[()] == ExitCell()


class Orders(dict[ClientOrderId, Order]):
    """A book's orders, and how often it was asked whether one is among them."""

    asked = 0

    @override
    def __contains__(self, name: object) -> bool:
        self.asked += 1
        return super().__contains__(name)


class Waiting(list[OrphanFill]):
    """A book's orphans, and how many of them were looked at."""

    seen = 0

    @override
    def __iter__(self) -> Iterator[OrphanFill]:
        self.seen += len(self)
        return super().__iter__()


def test_orders_that_nobody_lets_go_of_are_not_gone_over_with_each_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fills journal keeps every order: no exit ends there, and with none the book is trimmed."""
    monkeypatch.setattr(module, "DEAD_ORDERS_LIMIT", 1)
    figures = Figures()
    figures.book.orders = orders = Orders()
    many = 100
    for number in range(1, many + 1):
        figures.take(number, make.quote(), (order_of(number),))
    assert len(orders) == many
    assert orders.asked <= 4 * many
    orders.clear()
    figures.take(many + 1, make.quote(), (order_of(many + 1),))
    assert figures.state().refs.keys() == orders.keys() == {f"order-{many + 1}"}


def order_of(number: int) -> PlaceOrder:
    return PlaceOrder(
        key=make.KEY,
        client_order_id=ClientOrderId(f"order-{number}"),
        exit_no=0,
        trade_no=number,
        attempt=1,
        side=Side.BUY,
        order_qty=Decimal(1),
        limit_px=Decimal("0.5"),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )


def test_fills_that_wait_for_an_order_are_not_gone_over_with_each_new_one() -> None:
    play = stopped()
    early = make.fill(venue_order_id="v9", last_qty="60")
    play.tell(early)
    figures = folded(play)
    figures.book.orphans = waiting = Waiting(figures.book.orphans)
    many = 100
    for number in range(many):
        other = make.fill(exec_id=f"o{number}", venue_order_id=f"o{number}", last_qty="1")
        figures.take(100 + number, other, ())
    assert (len(waiting), figures.tables.fills.by()[()].ours) == (many + 1, 0)
    assert waiting.seen <= 4 * many
    figures.take(300, make.accepted(order_id=play.order_id, venue_order_id="v9"), ())
    assert (len(waiting), figures.tables.fills.by()[()].ours) == (many, 1)
    figures.take(301, make.fill(exec_id="late", venue_order_id="v9", last_qty="40"), ())
    assert figures.tables.fills.by()[()].ours == 2
