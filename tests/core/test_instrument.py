"""A symbol's grid, lots and complement."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.core.errors import InvalidInstrumentError
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.terms import Side
from tests import builders as make
from tests.core.test_exits import TAPERED

D = Decimal


@pytest.mark.parametrize(("lot", "step"), [("0", "0.01"), ("1", "0"), ("-1", "0.01")])
def test_a_market_without_lot_or_tick_makes_no_sense(lot: str, step: str) -> None:
    with pytest.raises(InvalidInstrumentError):
        make.instrument(lot_qty=lot, step_px=step)


def test_a_market_needs_a_price_range() -> None:
    with pytest.raises(InvalidInstrumentError):
        Instrument(venue=make.VENUE, symbol=make.SYMBOL, price_ranges=(), lot_qty=D(1))
    backwards = PriceRange(start_px=D(1), end_px=D(0), step_px=D("0.01"))
    with pytest.raises(InvalidInstrumentError):
        Instrument(venue=make.VENUE, symbol=make.SYMBOL, price_ranges=(backwards,), lot_qty=D(1))


def test_prices_end_a_tick_before_nothing_and_before_the_payout() -> None:
    terms = make.instrument()
    assert (terms.lowest_px, terms.highest_px) == (D("0.01"), D("0.99"))
    assert (TAPERED.lowest_px, TAPERED.highest_px) == (D("0.001"), D("0.999"))
    plain = make.instrument(payout_px=None, end_px="500")
    assert plain.highest_px == D(500)
    assert plain.limit_px(D(600), Side.BUY) == D(500)


def test_a_price_outside_every_range_takes_the_first_grid() -> None:
    assert TAPERED.tick_at(D(2)) == D("0.001")
    assert TAPERED.tick_at(D("0.5")) == D("0.01")


def test_a_quantity_is_cut_to_whole_lots() -> None:
    assert make.instrument(lot_qty="0.01").sellable_qty(D("5.678")) == D("5.67")
    assert make.instrument(lot_qty="1").sellable_qty(D("0.9")) == 0


def test_a_no_speaks_of_the_complement() -> None:
    terms = make.instrument()
    assert terms.held_px(D("0.35"), D(-1)) == D("0.65")
    assert terms.held_px(D("0.35"), D(1)) == D("0.35")
    assert make.instrument(payout_px=None).held_px(D("0.35"), D(-1)) == D("0.35")
