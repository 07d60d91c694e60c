"""A position against an independent count in fractions: average cost, shares, generations."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.position import InferredFill, Pool, Position
from daemon.core.terms import EXACT, SHARE_STEP, USD, Currency, ExecId, Side
from tests import builders as make

D = Decimal
QTYS = st.integers(1, 5_000).map(lambda n: D(n) / 100)
PXS = st.integers(1, 9_999).map(lambda n: D(n) / 10_000)
FEES = st.integers(-100, 500).map(lambda n: D(n) / 10_000)
FILLS = st.lists(st.tuples(st.sampled_from(Side), QTYS, PXS, FEES), min_size=1, max_size=25)


@pytest.fixture(autouse=True)
def _exact() -> Iterator[None]:
    with decimal.localcontext(EXACT):
        yield


def position() -> Position:
    return Position(key=make.KEY)


@dataclass
class Count:
    """The same, counted another way: exact fractions, an average cost without any share."""

    qty: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    entry_fees: Fraction = Fraction(0)
    running: Fraction = Fraction(0)
    cash: Fraction = Fraction(0)
    done: list[Fraction] = field(default_factory=list)

    @property
    def realized(self) -> Fraction:
        """All that has been earned, net of fee shares."""
        return sum(self.done, self.running)

    def book(self, sign: int, qty: Fraction, px: Fraction, fee: Fraction) -> None:
        self.cash -= sign * qty * px + fee
        closing = min(qty, abs(self.qty)) if self.qty * sign < 0 else Fraction(0)
        if closing:
            part = closing / abs(self.qty)
            gross = (1 if self.qty > 0 else -1) * (closing * px - self.cost * part)
            self.running += gross - self.entry_fees * part - fee * closing / qty
            self.cost -= self.cost * part
            self.entry_fees -= self.entry_fees * part
            self.qty += sign * closing
            if not self.qty:
                self.done.append(self.running)
                self.running = Fraction(0)
        opening = qty - closing
        self.qty += sign * opening
        self.cost += opening * px
        self.entry_fees += fee * opening / qty


@given(FILLS)
def test_any_fills_give_what_fractions_give(
    fills: list[tuple[Side, Decimal, Decimal, Decimal]],
) -> None:
    ours, count = position(), Count()
    near = Fraction(SHARE_STEP) * 4 * len(fills)
    for number, (side, qty, px, fee) in enumerate(fills):
        ours.apply(side, qty, px, fee, number)
        sign = int(side.sign)
        count.book(sign, Fraction(qty), Fraction(px), Fraction(fee))
        assert Fraction(ours.qty) == count.qty
        assert abs(Fraction(ours.open_pnl) - count.running) <= near
        if ours.qty:
            assert ours.entry_px is not None
            spread = abs(Fraction(ours.entry_px) - count.cost / abs(count.qty))
            assert spread <= near * (1 + 1 / abs(count.qty))
        identity(ours, count.cash)
    assert len(ours.closed) == len(count.done)
    for past, pnl in zip(ours.closed, count.done, strict=True):
        assert abs(Fraction(past.pnl) - pnl) <= near
    assert ours.wins == sum(1 for past in ours.closed if past.pnl > 0)
    assert ours.losses == sum(1 for past in ours.closed if past.pnl < 0)
    assert ours.generation == len(ours.closed) + (1 if ours.qty else 0)


def identity(ours: Position, cash: Fraction) -> None:
    """Cash that moved is realised PnL less what the open quantity cost: to the last digit."""
    open_cost = ours.pool.notional - ours.pool.closed_notional
    open_fees = ours.pool.fees - ours.pool.closed_fees
    direction = 1 if ours.qty > 0 else -1
    held = direction * open_cost + open_fees if ours.qty else D(0)
    assert cash == Fraction(ours.realized_pnl) - Fraction(held)


@given(st.lists(QTYS, min_size=1, max_size=12), FEES, PXS)
def test_the_shares_of_a_closed_pool_add_up_to_it(
    parts: list[Decimal], fee: Decimal, px: Decimal
) -> None:
    total = sum(parts, D(0))
    pool = Pool()
    pool.add(total, total * px, fee)
    shares = [pool.take(part) for part in parts]
    assert sum((notional for notional, _fee in shares), D(0)) == total * px
    assert sum((fees for _notional, fees in shares), D(0)) == fee
    assert pool.open_qty == 0


def test_a_fill_across_zero_is_split_there_with_its_fee() -> None:
    ours = position()
    ours.apply(Side.BUY, D(10), D("0.50"), D("0.10"), 1)
    done = ours.apply(Side.SELL, D(15), D("0.60"), D("0.30"), 2)
    assert done == (D("1.00") - D("0.10") - D("0.20"), D(5))
    assert (ours.qty, ours.generation, ours.entry_px) == (D(-5), 2, D("0.60"))
    assert ours.pool.fees == D("0.10")
    assert (ours.wins, ours.losses) == (1, 0)
    ours.apply(Side.BUY, D(5), D("0.70"), D(0), 3)
    assert (ours.wins, ours.losses) == (1, 1)
    assert ours.entry_px is None


def test_a_generation_that_earned_nothing_is_neither_won_nor_lost() -> None:
    ours = position()
    ours.apply(Side.BUY, D(10), D("0.50"), D("0.10"), 1)
    ours.apply(Side.SELL, D(10), D("0.51"), D(0), 2)
    assert (ours.wins, ours.losses, ours.realized_pnl) == (0, 0, D(0))


def test_only_fees_in_the_quote_currency_are_part_of_the_pnl() -> None:
    ours = position()
    assert ours.pay(USD, D("0.10"), D(1)) == (D("0.10"), D(0))
    assert ours.pay(Currency("BNB"), D("0.001"), D(1)) == (D(0), D(0))
    assert ours.pay(USD, D("-0.02"), D(1)) == (D("-0.02"), D(0))
    assert ours.fees == {"USD": D("0.08"), "BNB": D("0.001")}


def guessed(ours: Position, side: Side, qty: Decimal, px: Decimal) -> InferredFill:
    opening = not ours.reducing(side)
    pnl, _ = ours.apply(side, qty, px, D(0), 1)
    guess = InferredFill(
        exec_id=ExecId("inferred-1"),
        side=side,
        qty=qty,
        last_px=px,
        as_of_ns=1,
        generation=ours.generation,
        opening=opening,
        pnl=pnl,
    )
    ours.inferred.append(guess)
    return guess


@given(
    st.integers(1, 60),
    PXS,
    PXS,
    FEES,
    st.lists(st.integers(1, 20), min_size=1, max_size=4),
    st.integers(0, 40),
)
def test_a_closing_guess_replaced_by_real_fills_ends_as_if_it_had_never_been(
    qty: int, guess_px: Decimal, px: Decimal, fee: Decimal, parts: list[int], more: int
) -> None:
    parts = [*parts[:-1], max(1, qty - sum(parts[:-1]))]
    qty = sum(parts)
    told, guess_first = position(), position()
    for ours in (told, guess_first):
        ours.apply(Side.BUY, D(qty + more), D("0.50"), D("0.07"), 0)
    guess = guessed(guess_first, Side.SELL, D(qty), guess_px)
    for part in parts:
        guess_first.correct(guess, D(part), px, fee)
        told.apply(Side.SELL, D(part), px, fee, 1)
    assert not guess_first.estimated
    assert guess_first.qty == told.qty
    assert guess_first.realized_pnl == told.realized_pnl


@given(st.integers(1, 60), PXS, PXS, FEES, st.integers(0, 60))
def test_an_opening_guess_replaced_by_the_real_fill_costs_what_that_cost(
    qty: int, guess_px: Decimal, px: Decimal, fee: Decimal, sold: int
) -> None:
    """Whether part or all of it was sold before the real fill came, or none."""
    sold = min(sold, qty)
    ours, told = position(), position()
    guess = guessed(ours, Side.BUY, D(qty), guess_px)
    told.apply(Side.BUY, D(qty), px, fee, 1)
    for each in (ours, told):
        if sold:
            each.apply(Side.SELL, D(sold), D("0.60"), D("0.01"), 2)
    ours.correct(guess, D(qty), px, fee)
    assert (ours.entry_px, ours.realized_pnl) == (told.entry_px, told.realized_pnl)
    if qty > sold:
        for each in (ours, told):
            each.apply(Side.SELL, D(qty - sold), D("0.61"), D("0.01"), 3)
    assert ours.realized_pnl == told.realized_pnl
    assert ours.wins == told.wins


def test_a_correction_of_a_closed_generation_changes_its_result() -> None:
    ours = position()
    ours.apply(Side.BUY, D(10), D("0.50"), D(0), 0)
    guess = guessed(ours, Side.SELL, D(10), D("0.60"))
    assert ours.wins == 1
    assert ours.correct(guess, D(10), D("0.40"), D("0.10")) == D("-2.10")
    assert (ours.wins, ours.losses, ours.realized_pnl) == (0, 1, D("-1.10"))


def test_what_a_guess_opened_and_was_sold_before_an_add_is_corrected_without_loss() -> None:
    ours = position()
    guess = guessed(ours, Side.BUY, D(10), D("0.50"))
    ours.apply(Side.SELL, D(4), D("0.60"), D(0), 2)
    ours.apply(Side.BUY, D(2), D("0.50"), D(0), 3)
    ours.correct(guess, D(10), D("0.40"), D(0))
    assert ours.entry_px == D("0.425"), "6 of it at 0.40 and 2 at 0.50"
    ours.apply(Side.SELL, D(8), D("0.60"), D(0), 4)
    assert ours.realized_pnl == D(12) * D("0.60") - D(10) * D("0.40") - D(2) * D("0.50")


def test_a_result_is_said_where_its_cost_is_known() -> None:
    ours = position()
    ours.apply(Side.BUY, D(2), D("0.40"), D(0), 0)
    assert ours.pnl_said(D("0.30"), 1) == "0.3"
    ours.entry_known = False
    assert ours.pnl_said(D("0.30"), 1) == "unknown"
    ours.apply(Side.SELL, D(2), D("0.50"), D(0), 0)
    ours.apply(Side.BUY, D(2), D("0.40"), D(0), 0)
    assert ours.pnl_said(D("0.30"), 1) == "unknown", "and stays so when it is over"
    assert ours.pnl_said(D("0.30"), 2) == "0.3"


def test_an_unknown_entry_is_unknown_until_every_guess_has_a_price() -> None:
    ours = position()
    guess = guessed(ours, Side.BUY, D(10), D(0))
    guess.px_known, ours.entry_known = False, False
    assert ours.entry_px is None
    ours.correct(guess, D(4), D("0.5"), D(0))
    assert ours.entry_px is None
    ours.correct(guess, D(6), D("0.6"), D(0))
    assert ours.entry_px == D("0.56")
