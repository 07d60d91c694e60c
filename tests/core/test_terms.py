"""Words: numbers as text, shares, exact arithmetic, ids out of their cause."""

from __future__ import annotations

from decimal import Decimal, Inexact

import pytest

from daemon.core.terms import (
    EXACT,
    JournalId,
    OrdStatus,
    PositionKey,
    PositionSide,
    Side,
    client_order_id,
    is_ours,
    normal,
    proper,
    quotient,
)
from tests import builders as make

D = Decimal


@pytest.mark.parametrize(
    ("number", "text"),
    [("1.500", "1.5"), ("0", "0"), ("-0.00", "0"), ("1E+2", "100"), ("100", "100"), ("-5", "-5")],
)
def test_a_number_is_written_short_and_plain(number: str, text: str) -> None:
    assert proper(D(number)) == text
    assert str(normal(D(number))) == text


def test_a_share_is_rounded_half_even_at_ten_digits() -> None:
    assert quotient(D(1), D(3)) == D("0.3333333333")
    assert quotient(D("0.5"), D("1e10")) == D("0E-10")
    assert quotient(D("1.5"), D("1e10")) == D("2E-10")


def test_the_cores_arithmetic_raises_where_it_would_round() -> None:
    assert EXACT.multiply(D("0.1"), D("0.2")) == D("0.02")
    with pytest.raises(Inexact):
        EXACT.divide(D(1), D(3))


def test_an_id_comes_from_its_cause_and_from_nothing_else() -> None:
    made = client_order_id(make.JOURNAL, make.KEY, 1, 2, 3)
    assert made == client_order_id(make.JOURNAL, make.KEY, 1, 2, 3)
    assert is_ours(made)
    assert len(made) == 32
    others = {
        client_order_id(JournalId("other"), make.KEY, 1, 2, 3),
        client_order_id(make.JOURNAL, make.key(symbol="NFL-2"), 1, 2, 3),
        client_order_id(make.JOURNAL, make.KEY, 2, 2, 3),
        client_order_id(make.JOURNAL, make.KEY, 1, 3, 3),
        client_order_id(make.JOURNAL, make.KEY, 1, 2, 4),
        made,
    }
    assert len(others) == 6


@pytest.mark.parametrize(
    "text", [None, "", "fd", "fd" + "1" * 30, "xx" + "a" * 30, "fd" + "a" * 31]
)
def test_other_ids_are_not_of_our_form(text: str | None) -> None:
    assert not is_ours(text)


def test_a_position_key_names_its_side_in_hedge_mode_only() -> None:
    hedged = PositionKey(
        account=make.ACCOUNT,
        venue=make.VENUE,
        symbol=make.SYMBOL,
        position_side=PositionSide.SHORT,
    )
    assert make.KEY.name == "main/kalshi/NFL-1"
    assert hedged.name == "main/kalshi/NFL-1/short"


def test_sides_and_statuses_know_what_they_mean() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (D(1), D(-1))
    assert (Side.BUY.opposite, Side.SELL.opposite) == (Side.SELL, Side.BUY)
    assert {s for s in OrdStatus if s.terminal} == {
        OrdStatus.FILLED,
        OrdStatus.CANCELED,
        OrdStatus.REJECTED,
        OrdStatus.EXPIRED,
    }
