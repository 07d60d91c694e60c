"""A page: one look-up finds what the book's own tables say of a position."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.core import book as module
from daemon.core.book import Book
from daemon.core.fold import apply_event
from daemon.core.page import Page
from daemon.core.terms import ExecId, PositionSide, Side, Symbol, VenueOrderId
from daemon.journal.codec import decode_state, encode_state
from tests import builders as make
from tests.core.play import Play, guarded
from tests.core.test_hedge import both
from tests.core.test_trading import flat, trade


def agrees(book: Book, page: Page) -> None:
    key = page.position.key
    assert book.positions[key] is page.position
    assert book.exits.get(key) is page.work
    assert book.live_orders.get(key, page.live) is page.live
    assert book.by_symbol[page.where].beside is page.beside
    assert page in page.beside


def test_a_page_follows_its_exit_from_trigger_to_flat() -> None:
    play: Play = guarded()
    page = play.engine.book.pages[make.KEY]
    assert (page.held, page.work, page.undead()) == (True, None, [])
    play.tell(make.quote(bid="0.58", ask="0.60"))
    agrees(play.engine.book, page)
    assert page.work is play.exit is not None
    assert page.exit_orders() == page.undead() == [play.order]
    again = Book.from_state(decode_state(encode_state(play.engine.book.state())))
    agrees(again, again.pages[make.KEY])
    assert [order.client_order_id for order in again.pages[make.KEY].live] == [play.order_id]
    play.tell(make.accepted(order_id=play.order_id), make.fill(last_qty="100"))
    agrees(play.engine.book, page)
    assert (page.held, page.work, page.undead(), page.live) == (False, None, [], [])


def test_an_order_of_a_trade_is_none_of_an_exit() -> None:
    play = flat()
    play.tell(trade())
    page = play.engine.book.pages[make.KEY]
    assert [order.trade_no for order in page.undead()] == [1]
    assert page.exit_orders() == []


def test_a_fold_of_the_past_keeps_no_dead_orders() -> None:
    """As long a list would be looked through with every fill of the symbol to come."""
    play = flat()
    for number in range(5):
        name, bought = f"v{number}", make.fill(side=Side.BUY, last_qty="40")
        play.tell(trade(token=name, side=Side.BUY))
        order_id = play.placed[-1].client_order_id
        play.tell(make.accepted(order_id=order_id, venue_order_id=name))
        play.tell(replace(bought, exec_id=ExecId(name), venue_order_id=VenueOrderId(name)))
    assert [order.trade_no for order in play.twin.book.pages[make.KEY].live] == [5]


def test_no_fill_finds_an_order_that_the_book_forgot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEAD_ORDERS_LIMIT", 1)
    play, other = flat(), Symbol("NFL-2")
    bought = make.fill(side=Side.BUY, last_qty="40")
    play.tell(trade(side=Side.BUY))
    play.tell(make.accepted(order_id=play.placed[-1].client_order_id), bought)
    terms = replace(make.instrument(), symbol=other)
    play.tell(replace(make.market_read(), instrument=terms), trade(side=Side.BUY, symbol=other))
    book = play.engine.book
    again = Book.from_state(decode_state(encode_state(book.state())))
    late = play.stamped(replace(bought, exec_id=ExecId("late")))
    assert apply_event(book, late)
    assert apply_event(again, late)
    assert encode_state(book.state()) == encode_state(again.state())


def test_both_pages_of_a_hedged_symbol_stand_beside_each_other() -> None:
    book = both().engine.book
    for page in book.pages.values():
        agrees(book, page)
        sides = [each.position.key.position_side for each in page.beside]
        assert sides == [PositionSide.LONG, PositionSide.SHORT]


def test_new_rules_are_looked_for_anew() -> None:
    play = guarded()
    book, page = play.engine.book, play.engine.book.pages[make.KEY]
    first, second = make.rule(), make.rule(policy=make.exits(slippage_px="0.07"))
    play.tell(make.rules_loaded(first))
    assert book.exit_policy(page, first.kind) is first.exits
    play.tell(make.rules_loaded(second))
    assert book.exit_policy(page, second.kind).max_slippage_px == Decimal("0.07")
