"""An exit's bound, floor, size and patience."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.book import Book
from daemon.core.exits import Exit, PartialFill, at_floor, exit_side, free_qty, worst_px
from daemon.core.instrument import Instrument, PriceRange
from daemon.core.order import Order
from daemon.core.terms import (
    NANOS,
    ClientOrderId,
    ExecId,
    RuleKind,
    Side,
    TimeInForce,
    client_order_id,
)
from daemon.journal.codec import decode_state, encode_state
from tests import builders as make

D = Decimal
OURS = client_order_id(make.JOURNAL, make.KEY, 1, 1, 1)


def work(*, trigger: str = "0.58", first: str | None = None, whole: bool = True) -> Exit:
    return Exit(
        key=make.KEY,
        exit_no=1,
        generation=1,
        reason=RuleKind.ABSOLUTE,
        original_qty=D(100),
        exit_qty=D(30),
        whole=whole,
        trigger_px=D(trigger),
        first_trigger_px=D(first or trigger),
        level_px=D("0.60"),
        opened_time_ns=0,
    )


def part(qty: str = "10", px: str = "0.58", *, inferred: bool = False) -> PartialFill:
    return PartialFill(
        exec_id=ExecId("i1" if inferred else "t1"),
        qty=D(qty),
        px=D(px),
        commission=D(0),
        pnl=D("-0.70"),
        time_ns=0,
        client_order_id=OURS,
        inferred=inferred,
    )


def note(some: Exit, one: PartialFill) -> None:
    filled_qty = some.filled_qty + one.qty
    some.note_fill(one.client_order_id, one.packed(), filled_qty, make.exits())


def order(qty: str) -> Order:
    return Order(
        key=make.KEY,
        client_order_id=OURS,
        exit_no=1,
        generation=1,
        attempt=1,
        side=Side.SELL,
        order_qty=D(qty),
        limit_px=D("0.5"),
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
        sent_time_ns=0,
        sent_mono_ns=0,
    )


@pytest.mark.parametrize(
    ("side", "slippage", "bps", "floor", "limit"),
    [
        (Side.SELL, "0.05", None, None, "0.53"),
        (Side.BUY, "0.05", None, None, "0.63"),
        (Side.SELL, "0.055", None, None, "0.53"),
        (Side.SELL, "0.045", None, None, "0.54"),
        (Side.BUY, "0.045", None, None, "0.62"),
        (Side.SELL, None, None, None, "0.01"),
        (Side.BUY, None, None, None, "0.99"),
        (Side.SELL, "0.90", None, None, "0.01"),
        (Side.SELL, None, "1000", None, "0.53"),
        (Side.BUY, None, "1000", None, "0.62"),
        (Side.SELL, "0.05", "100", None, "0.58"),
        (Side.SELL, "0.05", None, "0.02", "0.56"),
        (Side.BUY, "0.05", None, "0.02", "0.60"),
    ],
)
def test_the_worst_price_is_the_tightest_bound_on_the_grid(
    side: Side, slippage: str | None, bps: str | None, floor: str | None, limit: str
) -> None:
    """10 % of a NO at 0.42 (YES 0.58) is 0.042: a YES ask of 0.622 at most, on the grid 0.62."""
    policy = make.exits(slippage_px=slippage, slippage_bps=bps, floor_px=floor)
    assert worst_px(work(), policy, side, make.instrument()) == D(limit)


def test_the_bound_follows_the_newest_trigger_and_the_floor_the_first() -> None:
    policy = make.exits(slippage_px="0.05", floor_px="0.08")
    fallen = work(trigger="0.54", first="0.60")
    assert worst_px(fallen, policy, Side.SELL, make.instrument()) == D("0.52")
    assert not at_floor(fallen, policy, Side.SELL)
    assert at_floor(work(trigger="0.51", first="0.60"), policy, Side.SELL)
    assert at_floor(work(trigger="0.49", first="0.40"), policy, Side.BUY)
    assert not at_floor(fallen, make.exits(), Side.SELL)


STEPS = st.sampled_from([D("0.001"), D("0.01"), D("0.05")])


@given(
    st.integers(1, 99).map(lambda n: D(n) / 100),
    st.integers(0, 500).map(lambda n: D(n) / 1000),
    st.integers(0, 5000).map(D),
    st.sampled_from(Side),
    STEPS,
)
def test_a_limit_lies_on_the_grid_and_never_past_the_bound(
    trigger: Decimal, slippage: Decimal, bps: Decimal, side: Side, step: Decimal
) -> None:
    trigger = min(max(trigger // step * step, step), 1 - step)
    terms = make.instrument(step_px=str(step))
    policy = make.exits(slippage_px=str(slippage), slippage_bps=str(bps))
    limit = worst_px(work(trigger=str(trigger)), policy, side, terms)
    held = trigger if side is Side.SELL else 1 - trigger
    far = min(slippage, held * bps / 10_000)
    assert limit % step == 0
    assert step <= limit <= 1 - step
    if side is Side.SELL:
        assert trigger - far <= limit
        assert limit - step < max(trigger - far, step)
    else:
        assert limit <= trigger + far
        assert limit + step > min(trigger + far, 1 - step)


TAPERED = Instrument(
    venue=make.VENUE,
    symbol=make.SYMBOL,
    price_ranges=(
        PriceRange(start_px=D(0), end_px=D("0.10"), step_px=D("0.001")),
        PriceRange(start_px=D("0.10"), end_px=D("0.90"), step_px=D("0.01")),
        PriceRange(start_px=D("0.90"), end_px=D(1), step_px=D("0.001")),
    ),
    lot_qty=D("0.01"),
    payout_px=D(1),
)


@given(st.integers(1, 9_999).map(lambda n: D(n) / 10_000), st.sampled_from(Side))
def test_a_tapered_grid_is_kept_too(worst: Decimal, side: Side) -> None:
    limit = TAPERED.limit_px(worst, side)
    assert limit % TAPERED.tick_at(limit) == 0
    if D("0.001") <= worst <= D("0.999"):
        assert limit >= worst if side is Side.SELL else limit <= worst
        assert abs(limit - worst) < D("0.01")


def test_an_exit_sells_what_is_held_less_what_may_have_been_sold() -> None:
    assert free_qty(D(100), [], D(0)) == D(100)
    assert free_qty(D(100), [order("30"), order("20")], D(10)) == D(40)
    assert free_qty(D(100), [order("120")], D(0)) == D(0)


@given(
    st.integers(0, 500),
    st.lists(st.integers(1, 300), max_size=4),
    st.integers(0, 100),
)
def test_the_size_never_exceeds_what_surely_remains(
    held: int, doubts: list[int], strangers: int
) -> None:
    free = free_qty(D(held), [order(str(qty)) for qty in doubts], D(strangers))
    assert free >= 0
    assert free == 0 or free + sum(doubts) + strangers == held


def test_an_exit_of_a_part_wants_what_of_it_is_left() -> None:
    some = work(whole=False)
    assert some.wanted_qty(D(100)) == D(30)
    note(some, part())
    assert some.wanted_qty(D(100)) == D(20)
    assert some.wanted_qty(D(5)) == D(5)
    note(some, part("50"))
    assert some.wanted_qty(D(100)) == 0
    assert work().wanted_qty(D(100)) == D(100)


def test_waiting_doubles_up_to_its_limit_and_a_fill_resets_it() -> None:
    tried, waits = work(), []
    for _ in range(7):
        tried.back_off(make.exits(), 10 * NANOS)
        waits.append((tried.not_before_ns - 10 * NANOS) // NANOS)
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert tried.misses == 7
    note(tried, part())
    assert (tried.misses, tried.delay_s) == (0, D(1))


def test_a_long_is_sold_and_a_short_bought() -> None:
    assert exit_side(D(1)) is Side.SELL
    assert exit_side(D(-1)) is Side.BUY


def test_average_and_pnl_are_those_of_its_parts() -> None:
    tried = work()
    assert tried.avg_px is None
    note(tried, part("10", "0.58"))
    note(tried, part("30", "0.54"))
    assert tried.pnl == D("-1.40")
    assert str(tried.avg_px) == "0.5500000000"


def test_a_part_is_kept_to_the_last_digit_and_in_its_own_words() -> None:
    odd = PartialFill(
        exec_id=ExecId("a b|c"),
        qty=D("0.00010000"),
        px=D("1E+3"),
        commission=D("-0.0E-10"),
        pnl=D("-123456789012345678.0000000001"),
        time_ns=-1,
        client_order_id=OURS,
    )
    tried = work()
    for one in (odd, part(inferred=True)):
        note(tried, one)
    assert repr(tried.partial_fills) == repr([odd, part(inferred=True)])


def test_parts_of_several_orders_stand_in_the_order_in_which_they_were_counted() -> None:
    told = [
        replace(part(), exec_id=ExecId(str(number)), client_order_id=ClientOrderId(order_id))
        for number, order_id in enumerate("aabab")
    ]
    tried = work()
    for one in told:
        note(tried, one)
    assert tried.partial_fills == told
    again = decode_state(encode_state(replace(Book().state(), past_exits=[tried]))).past_exits[0]
    note(again, told[-1])
    assert again.partial_fills == [*told, told[-1]]


def test_a_real_part_takes_the_place_of_a_guessed_one() -> None:
    tried = work()
    note(tried, part("10", inferred=True))
    tried.replace_inferred(part("4", "0.57"), ExecId("i1"), D("-0.28"))
    assert [(p.qty, p.pnl) for p in tried.partial_fills] == [
        (D(6), D("-0.42")),
        (D(4), D("-0.70")),
    ]
    tried.replace_inferred(part("6", "0.57"), ExecId("i1"), D("-0.42"))
    assert tried.filled_qty == D(10)
    assert [p.inferred for p in tried.partial_fills] == [False, False]
    tried.replace_inferred(part("1"), ExecId("nobody"), D(0))
    assert len(tried.partial_fills) == 3
