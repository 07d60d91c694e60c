"""Ids that lead back to their order, tables that have every word.

Drives daemon.paper.phemex.market and daemon.paper.phemex.words.
"""

from __future__ import annotations

import uuid
from decimal import Decimal
from itertools import pairwise

import pytest

from daemon.paper.clock import ManualClock
from daemon.paper.crypto.model import Ending, Order, OrdType, Origin, PositionSide, TimeInForce
from daemon.paper.model import Side
from daemon.paper.phemex import words
from daemon.paper.phemex.market import Market
from daemon.paper.phemex.perp import make_perp
from daemon.paper.phemex.spot import make_spot
from tests.paper.phemex.builders import PERP, SPOT, market_config

D = Decimal


def markets() -> tuple[Market, Market]:
    clock = ManualClock()
    spot, perp = market_config(SPOT), market_config(PERP)
    return (
        Market(make_spot(spot, clock, 1).venue, spot),
        Market(make_perp(perp, clock, 1).venue, perp),
    )


def test_an_order_id_leads_back_to_its_order_and_to_no_other_market() -> None:
    spot, perp = markets()
    number = spot.venue.exchange.next_order_id()
    text = spot.order_id(number)
    assert str(uuid.UUID(text, version=4)) == text
    assert spot.order_number(text) == number
    assert perp.order_id(number) != text
    for nobody in (perp.order_id(number), text.upper(), "", "1", str(number)):
        assert spot.order_number(nobody) == 0


def test_sequences_grow_and_have_holes() -> None:
    (market, _other) = markets()
    steps = [market.next_sequence() for _ in range(9)]
    gaps = {after - before for before, after in pairwise(steps)}
    assert gaps == {1, 2}


def test_what_is_below_the_scale_is_cut() -> None:
    (market, _other) = markets()
    market.config.value_scales["SHIB"] = 2
    assert market.ev(D("1.239"), "SHIB") == 123
    assert market.ev(D("0.123456789"), "ETH") == 12_345_678
    assert market.ev(D("-0.5"), "ETH") == -(10**8) // 2


def an_order(ending: Ending | None, **changes: str) -> Order:
    return Order(
        order_id=1,
        account="a",
        client_order_id="",
        symbol="ETHUSDT",
        side=Side.BID,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=D(1),
        limit_px=D(1),
        qty=D(1),
        remaining=D(1),
        created_ns=1,
        updated_ns=1,
        ending=ending,
        labels=changes,
    )


@pytest.mark.parametrize("ending", list(Ending))
def test_every_ending_is_a_canceled_order_with_a_known_word(ending: Ending) -> None:
    word = words.end_word(an_order(ending), "Expired")
    assert words.EXEC_NUMBERS[word] in (2, 8, 11)
    assert words.status_word(an_order(ending)) == "Canceled"
    assert words.end_word(an_order(ending, code="11001"), "Expired") == "CreateRejected"
    assert words.status_word(an_order(ending, code="11001")) == "Rejected"
    wanted = "Cancel" if ending is Ending.MEMBER else "New"
    assert words.action_word(an_order(ending)) == wanted


def test_every_word_has_its_number() -> None:
    assert set(words.TRADE_WORDS) == set(words.TRADE_NUMBERS) == set(Origin)
    assert set(words.POSITION_WORDS) == set(words.POSITION_NUMBERS) == set(PositionSide)
    assert set(words.SIDE_NUMBERS) == set(words.SIDE_WORDS) == set(Side)
    assert set(words.TYPE_NUMBERS) == set(words.TYPE_WORDS) == set(OrdType)
