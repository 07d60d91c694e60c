"""Why an order was sent: the chain of one exit or trade out of a journal that holds others too."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from daemon.analytics.scene import View
from daemon.analytics.why import why_view
from daemon.core.decisions import CloseExit, ExitEnd, InferFill
from daemon.core.requests import ExitRequested, OrderResolved
from daemon.core.terms import ClientOrderId, ExecId, Side, Symbol
from daemon.ports import Record
from tests import builders as make
from tests.cli.stage import Kept, story
from tests.control.doors import rows
from tests.core.test_trading import trade


def chain_of(records: list[Record], name: str) -> tuple[View, list[tuple[int, str, str]]]:
    view = why_view(lambda _: records, name)
    assert view is not None
    links = rows(view, "chain")
    return view, [(int(str(one["seq"])), str(one["what"]), str(one["text"])) for one in links]


@pytest.fixture
def play() -> Kept:
    return story()


@pytest.mark.parametrize("by_venue_id", [True, False])
def test_from_the_quote_to_the_doubt(play: Kept, by_venue_id: bool) -> None:
    first = str(next(o.client_order_id for o in play.engine.book.orders.values()))
    view, links = chain_of(play.records, "order_12345" if by_venue_id else first)
    assert (view["client_order_id"], view["order_ids"]) == (first, ["order_12345"])
    assert (view["symbol"], view["exit_no"], view["trade_no"]) == ("NFL-1", 1, None)
    texts = [(what, text) for _, what, text in links]
    assert texts == [
        ("quote", "bid 0.58, ask 0.6 (500 x 500) from book"),
        ("rule", "absolute rule with its level at 0.6, met by 0.58; rules of record 2"),
        ("exit", "exit 1 of 100 opened"),
        ("order", "sell 100 at 0.53, ioc, attempt 1"),
        ("answer", "accepted as order_12345"),
        ("fill", "50 at 0.58, fee 0 USD, id t1"),
        ("answer", "canceled, 50 filled"),
        ("quote", "bid 0.57, ask 0.59 (500 x 500) from book"),
        ("exit", "goes on from 0.57"),
        ("order", "sell 50 at 0.52, ioc, attempt 2"),
        ("answer", "in doubt: timeout"),
    ]
    seqs = [seq for seq, _, _ in links]
    assert seqs == sorted(seqs)
    assert seqs[:4] == [seqs[0]] * 4


def test_what_nobody_has_sent_has_no_why(play: Kept) -> None:
    assert why_view(lambda _: play.records, "nothing") is None
    assert why_view(lambda _: play.records, "entry") is None  # a stranger's


def test_what_is_of_another_exit_or_symbol_is_left_out(play: Kept) -> None:
    first = next(o.client_order_id for o in play.engine.book.orders.values())
    before = chain_of(play.records, str(first))[1]
    play.tell(make.accepted(order_id=ClientOrderId("fdother"), venue_order_id="other"))
    same_id = make.fill(venue_order_id="order_12345", exec_id="x", symbol=Symbol("NFL-2"))
    play.tell(same_id)
    assert chain_of(play.records, str(first))[1] == before


def test_a_request_a_correction_and_the_end() -> None:
    play = Kept()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    play.tell(
        make.fill(exec_id="e", side=Side.BUY, last_qty="100", last_px="0.65", venue_order_id="e"),
        make.quote(bid="0.65", ask="0.66"),
    )
    play.tell(ExitRequested(**make.ON_SYMBOL, qty=None), make.quote(bid="0.64", ask="0.66"))
    order = play.order_id
    play.tell(make.in_doubt(order_id=order))
    known: dict[str, Any] = {"client_order_id": order, "cum_qty": Decimal(100), "text": "seen"}
    play.tell(OrderResolved(**make.NOW, **known))
    records, seq = play.records, len(play.records)
    guess = InferFill(
        key=make.key(),
        exec_id=ExecId("inferred-1"),
        side=Side.SELL,
        last_qty=Decimal(60),
        last_px=None,
        as_of_ns=0,
    )
    real = make.fill(order_id=order, exec_id="late", last_qty="100", last_px="0.63")
    end = CloseExit(key=make.key(), exit_no=1, end=ExitEnd.FLAT)
    records += [Record(seq + 1, make.positions(), (guess,)), Record(seq + 2, real, (end,))]
    _, links = chain_of(records, str(order))
    texts = [f"{what}: {text}" for _, what, text in links]
    assert any(text.startswith("rule: the operator's request") for text in texts)
    assert "operator: the operator: dead, 100 filled (seen)" in texts
    assert texts[-3:] == [
        "correction: 60 inferred at ?",
        "fill: 100 at 0.63, fee 0 USD, id late; corrects 60 that had been inferred",
        "end: exit 1 ended: flat",
    ]


def test_a_trade_has_its_request() -> None:
    play = Kept()
    play.tell(make.started(), make.rules_loaded(make.rule()), make.market_read())
    play.tell(
        make.fill(exec_id="e", side=Side.BUY, last_qty="100", last_px="0.65", venue_order_id="e"),
        make.quote(bid="0.65", ask="0.66"),
        trade(limit_px="0.60"),
    )
    view, links = chain_of(play.records, str(play.order_id))
    assert (view["exit_no"], view["trade_no"]) == (None, 1)
    assert [text for _, _, text in links] == [
        "trade one: sell 40",
        "sell 40 at 0.6, ioc, attempt 1",
    ]
