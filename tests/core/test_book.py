"""The book: found by either id, made again of its state, bounded in what it keeps."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from daemon.core import book as module
from daemon.core import known_fills
from daemon.core.book import Book
from daemon.core.errors import UnknownOrderError
from daemon.core.events import MarketPhase
from daemon.core.rules import DEFAULT_EXITS
from daemon.core.terms import (
    Account,
    ClientOrderId,
    Currency,
    OrdStatus,
    RuleKind,
    Symbol,
    VenueOrderId,
)
from daemon.journal.codec import decode_state, encode_state
from daemon.journal.errors import JournalCorruptError
from tests import builders as make
from tests.core.play import guarded

D = Decimal


def test_an_order_is_found_by_either_id_on_its_own_account_only() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    play.tell(make.accepted(order_id=play.order_id))
    find = play.engine.book.find_order
    ours = make.accepted(order_id=play.order_id, venue_order_id=None)
    named = make.accepted(order_id=None, venue_order_id="v1")
    assert find(ours) is play.order
    assert find(named) is play.order
    assert find(replace(ours, account=Account("other"))) is None
    assert find(replace(named, venue_order_id=VenueOrderId("v2"))) is None
    assert find(replace(named, symbol=Symbol("other"))) is None, "ids are counted per symbol"
    assert play.engine.book.order(play.order_id) is play.order
    with pytest.raises(UnknownOrderError, match="fdnobody"):
        play.engine.book.order(ClientOrderId("fdnobody"))


def test_reading_an_account_makes_none() -> None:
    book = Book()
    assert not book.account(make.ACCOUNT, make.VENUE).live
    assert not book.accounts
    book.open_account(make.ACCOUNT, make.VENUE).live = True
    assert book.account(make.ACCOUNT, make.VENUE).live


def test_a_position_is_counted_in_its_markets_currency() -> None:
    book = Book()
    terms = replace(make.instrument(), quote_currency=Currency("USDT"))
    where = (make.VENUE, make.SYMBOL)
    book.markets[where] = module.Market(instrument=terms, phase=MarketPhase.ACTIVE)
    assert book.position(make.KEY).quote_currency == "USDT"
    assert book.keys_of(make.ACCOUNT, make.VENUE, make.SYMBOL) == [make.KEY]
    assert book.page(make.KEY) is book.page(make.KEY)
    assert book.keys_of(make.ACCOUNT, make.VENUE, make.SYMBOL) == [make.KEY]


def test_without_rules_everything_has_its_default() -> None:
    book = Book()
    assert book.exit_policy(book.page(make.KEY), RuleKind.ABSOLUTE) is DEFAULT_EXITS
    assert not book.policy(make.ACCOUNT, make.VENUE).place_live_orders


def test_only_so_much_of_the_past_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAST_EXITS_LIMIT", 1)
    monkeypatch.setattr(module, "DEAD_ORDERS_LIMIT", 1)
    play = guarded()
    for number in range(3):
        play.tell(make.quote(bid="0.58", ask="0.60"), after="5")
        vid = f"v{number}"
        if number:
            play.tell(make.canceled(order_id=play.order_id, venue_order_id=vid))
        else:
            play.tell(make.rejected(order_id=play.order_id))
        play.tell(make.quote(bid="0.65", ask="0.66"), after="40")
    book = play.engine.book
    assert [work.exit_no for work in book.past_exits] == [3]
    assert len(book.orders) == 1
    assert len(book.by_venue_id) == 1
    assert play.order.status is OrdStatus.CANCELED


def test_a_book_made_of_its_state_has_one_key_for_each_position() -> None:
    play = guarded()
    play.tell(make.quote(bid="0.58", ask="0.60"))
    book = Book.from_state(decode_state(encode_state(play.engine.book.state())))
    assert book.positions
    for key in book.positions:
        assert book.orders[play.order_id].key is key
        assert book.exits[key].key is key


def test_a_snapshot_of_before_fills_had_tables_is_not_read_as_one_without_any() -> None:
    play = guarded()
    fields = msgspec.msgpack.decode(encode_state(play.engine.book.state()))
    assert fields.pop("symbol_fills")
    fields["fill_keys"] = fields["fill_texts"] = []
    with pytest.raises(JournalCorruptError, match="symbol_fills"):
        decode_state(msgspec.msgpack.encode(fields))


def test_the_oldest_fill_keys_are_left_to_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_fills, "FILL_KEYS_LIMIT", 4)
    play = guarded()
    for name in ("a", "b", "c", "d"):
        play.tell(make.fill(exec_id=name, last_qty="1"))
    book = play.engine.book
    assert [str(key[3]) for key in book.fills] == ["b", "c", "d"]
    assert book.fills.forgotten == 2
