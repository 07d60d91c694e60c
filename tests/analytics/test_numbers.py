"""Figures against an independent computation in fractions, from the raw executions."""

from __future__ import annotations

import decimal
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.analytics.figures import Figures, FiguresState
from daemon.analytics.sums import Tables
from daemon.analytics.trail import fill_rows, position_rows
from daemon.core.terms import EXACT
from daemon.ports import Record
from tests.analytics.journals import SPREAD_PX, Story, Try, journal_of, stories

TOLD = settings(max_examples=60, deadline=None)
_STATE = msgspec.msgpack.Decoder(FiguresState)


def plain(figures: Figures) -> bytes:
    """Everything that a fold knows, as bytes."""
    return msgspec.msgpack.encode(figures.state())


def worse(story: Story, px: Fraction, ref: Fraction) -> Fraction:
    """How much worse `px` is for who leaves."""
    return ref - px if story.long else px - ref


def held(story: Story, px: Fraction) -> Fraction:
    """The price of the side held."""
    return 1 - px if story.venue == "kalshi" and not story.long else px


def full(one: Try, left: int) -> bool:
    return sum(part.qty for part in one.parts) == left


@TOLD
@given(stories())
def test_fees_are_the_sums_of_the_raw_fees(told: list[Story]) -> None:
    paid: dict[tuple[str, ...], Fraction] = defaultdict(Fraction)
    fills: dict[tuple[str, ...], int] = defaultdict(int)
    for story in told:
        for part in (story.entry, *(part for one in story.tries for part in one.parts)):
            currency = (story.currency or "USD") if part.fee >= 0 else "REBATE"
            key = (story.venue, currency, "maker" if part.maker else "taker")
            paid[key] += Fraction(part.fee)
            fills[key] += 1
    tables = Figures().fold(journal_of(told)).tables
    with decimal.localcontext(EXACT):
        cells = tables.fees.by(0, 2, 3)
    assert {key: Fraction(cell.paid) for key, cell in cells.items()} == paid
    assert {key: cell.fills for key, cell in cells.items()} == fills


@TOLD
@given(stories())
def test_orders_and_fills_are_counted_as_they_were(told: list[Story]) -> None:
    orders = complete = partial = empty = retries = parts = rests = 0
    for story in told:
        left = story.entry.qty
        for number, one in enumerate(story.tries):
            orders += 1
            retries += number > 0
            if full(one, left):
                complete += 1
            elif one.parts:
                partial += 1
            else:
                empty += 1
            for part in one.parts:
                parts += 1
                left -= part.qty
                rests += left > 0
    tables = Figures().fold(journal_of(told)).tables
    cell, fills = tables.orders.by()[()], tables.fills.by()[()]
    counted = (cell.orders, cell.complete, cell.partial, cell.empty, cell.retries)
    assert counted == (orders, complete, partial, empty, retries)
    assert (fills.fills, fills.ours, fills.partial) == (parts + len(told), parts, rests)
    assert sum(reason.times for reason in tables.reasons.cells.values()) == retries


@TOLD
@given(stories())
def test_slippage_is_what_each_part_lost_against_each_price(told: list[Story]) -> None:
    cost: dict[tuple[str, ...], Fraction] = defaultdict(Fraction)
    base: dict[tuple[str, ...], Fraction] = defaultdict(Fraction)
    for story in told:
        for one in story.tries:
            refs = {
                "trigger": Fraction(one.trigger_px),
                "arrival_mid": Fraction(one.trigger_px) + Fraction(SPREAD_PX) / 2,
                "limit": Fraction(one.limit_px),
            }
            for part in one.parts:
                for against, ref in refs.items():
                    key = (story.venue, against)
                    cost[key] += worse(story, Fraction(part.px), ref) * part.qty
                    base[key] += held(story, ref) * part.qty
    tables = Figures().fold(journal_of(told)).tables
    with decimal.localcontext(EXACT):
        cells = tables.slips.by(0, 2)
    assert {key: Fraction(cell.cost) for key, cell in cells.items()} == cost
    assert {key: Fraction(cell.base) for key, cell in cells.items()} == base
    for name, cell in cells.items():
        assert cell.bps is not None
        assert abs(Fraction(cell.bps) - cost[name] / base[name] * 10_000) <= Fraction(1, 10**10)


@TOLD
@given(stories())
def test_exits_cost_what_their_parts_brought_less_than_the_first_trigger(
    told: list[Story],
) -> None:
    cost = parts_cost = exposed = Fraction()
    flat = beyond = 0
    for story in told:
        parts = [part for one in story.tries for part in one.parts]
        first = Fraction(story.tries[0].trigger_px)
        mine = sum((worse(story, Fraction(p.px), first) * p.qty for p in parts), Fraction())
        qty = sum(part.qty for part in parts)
        cost += mine
        parts_cost += sum(
            (worse(story, Fraction(p.px), Fraction(parts[0].px)) * p.qty for p in parts),
            Fraction(),
        )
        flat += story.left == 0
        beyond += bool(qty) and mine > held(story, first) * qty * Fraction(5, 1000)
        exposed += _exposed(story)
    tables = Figures().fold(journal_of(told)).tables
    with decimal.localcontext(EXACT):
        cell = tables.exits.by()[()]
    assert (cell.exits, cell.flat, cell.beyond) == (len(told), flat, beyond)
    assert (Fraction(cell.cost), Fraction(cell.parts_cost)) == (cost, parts_cost)
    assert Fraction(cell.exposed) == exposed


def _exposed(story: Story) -> int:
    """Seconds from the trigger to each part, times its quantity; each step takes one."""
    now = exposed = 0
    left = story.entry.qty
    for one in story.tries:
        now += 1
        for part in one.parts:
            now += part.delay_s
            exposed += now * part.qty
            left -= part.qty
            now += 1
        now += left > 0
    return exposed


@TOLD
@given(stories())
def test_pnl_of_closed_positions_is_what_came_in_less_what_went_out(told: list[Story]) -> None:
    expected = []
    for story in told:
        parts = [part for one in story.tries for part in one.parts]
        if story.left:
            continue
        sign = 1 if story.long else -1
        gross = sum((Fraction(p.px) * p.qty for p in parts), Fraction())
        gross = sign * (gross - Fraction(story.entry.px) * story.entry.qty)
        fees = sum((Fraction(p.fee) for p in (story.entry, *parts) if p.fee >= 0), Fraction())
        expected.append((story.symbol, gross, gross - fees))
    records = journal_of(told)
    (*rows,) = position_rows(records)
    got = [
        (row["symbol"], Fraction(str(row["gross_pnl"])), Fraction(str(row["realized_pnl"])))
        for row in rows
    ]
    assert got == expected
    total = sum((Fraction(str(row["realized_pnl"])) for row in fill_rows(records)), Fraction())
    if not any(story.left for story in told):
        assert total == sum((pnl for *_, pnl in expected), Fraction())


@TOLD
@given(stories(), st.data())
def test_a_fold_restarted_anywhere_is_the_fold_of_one_pass(
    told: list[Story], data: st.DataObject
) -> None:
    records = journal_of(told)
    cut = data.draw(st.integers(0, len(records)))
    first = Figures().fold(records[:cut])
    again = Figures(state=_STATE.decode(plain(first))).fold(records[cut:])
    assert plain(again) == plain(Figures().fold(records))


@TOLD
@given(stories(), st.data())
def test_tables_of_two_halves_merge_to_those_of_the_whole(
    told: list[Story], data: st.DataObject
) -> None:
    records = journal_of(told)
    cut = data.draw(st.integers(0, len(records)))
    first = Figures().fold(records[:cut])
    middle = _STATE.decode(plain(first))
    second = Figures(state=replace(middle, tables=Tables().state())).fold(records[cut:])
    first.tables.merge(second.tables)
    whole = Figures().fold(records).tables
    assert normal(first.tables) == normal(whole)


def normal(tables: Tables) -> object:
    """The state with rows in order and empty sums left out."""
    state = tables.state()
    empty = {name: type(cell)() for name in state.__slots__ for _, cell in getattr(state, name)}
    return {
        name: sorted(
            ((key, cell) for key, cell in getattr(state, name) if cell != empty[name]),
            key=lambda row: row[0],
        )
        for name in state.__slots__
    }


@TOLD
@given(stories(), stories())
def test_two_accounts_merge_to_what_one_journal_of_both_says(
    mine: list[Story], yours: list[Story]
) -> None:
    moved = [replace(story, symbol=f"Y{story.symbol}") for story in yours]
    both = Figures().fold(journal_of(mine)).tables
    both.merge(Figures().fold(journal_of(moved)).tables)
    records: list[Record] = journal_of([*mine, *moved])
    whole = Figures().fold(records).tables
    assert both.exits.by() == whole.exits.by()
    assert both.slips.by(0, 2) == whole.slips.by(0, 2)
    assert both.fees.by(0, 2, 3) == whole.fees.by(0, 2, 3)
