"""Rows of fills and closed positions: what a spreadsheet or a tax tool reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

import pytest

from daemon.analytics.figures import Figures
from daemon.analytics.pnl_trail import PnlTrail
from daemon.analytics.trail import FILL_COLUMNS, POSITION_COLUMNS, fill_rows, position_rows
from daemon.analytics.views import known_pnl
from daemon.core.book import Book
from daemon.core.decisions import InferFill, SettlePosition
from daemon.core.events import Event, Fill, Funding, MarketRead, VenueEvent
from daemon.core.terms import NANOS, ZERO, Currency, ExecId, Side, Symbol, Venue, proper
from daemon.ports import Record
from tests import builders as make

DAY_NS = 86_400 * NANOS


def fill(exec_id: str, side: Side, qty: str, px: str, fee: str = "0.01", hour: int = 1) -> Fill:
    """An execution at a full hour of 1970."""
    made = make.fill(
        exec_id=exec_id,
        side=side,
        last_qty=qty,
        last_px=px,
        commission=fee,
        venue_order_id=f"v{exec_id}",
    )
    return replace(made, transact_time_ns=hour * 3_600 * NANOS)


def records(*events: Event) -> list[Record]:
    return [Record(seq, event, ()) for seq, event in enumerate(events, 1)]


def test_a_row_for_each_fill_with_its_own_pnl() -> None:
    bought = fill("1", Side.BUY, "10", "0.40")
    sold = fill("2", Side.SELL, "4", "0.50", hour=2)
    rows = list(fill_rows(records(bought, sold, sold)))
    assert [row.keys() for row in rows] == [set(FILL_COLUMNS)] * 2
    assert [row["realized_pnl"] for row in rows] == ["0", "0.386"]
    assert rows[1]["time"] == "1970-01-01T02:00:00Z"
    assert (rows[1]["qty"], rows[1]["notional"], rows[1]["position_qty"]) == ("4", "2", "6")


def test_a_row_for_each_closed_position_in_the_order_of_their_ends() -> None:
    (*rows,) = position_rows(
        records(
            fill("1", Side.BUY, "10", "0.40"),
            fill("2", Side.BUY, "10", "0.60", hour=2),
            fill("3", Side.SELL, "20", "0.70", hour=3),
            fill("4", Side.SELL, "5", "0.70", hour=4),
        )
    )
    assert [row.keys() for row in rows] == [set(POSITION_COLUMNS)]
    (row,) = rows
    assert (row["direction"], row["qty"]) == ("long", "20")
    assert (row["entry_price"], row["exit_price"]) == ("0.5", "0.7")
    assert (row["gross_pnl"], row["fees"], row["realized_pnl"]) == ("4", "0.03", "3.97")
    assert (row["opened_time"], row["closed_time"]) == (
        "1970-01-01T01:00:00Z",
        "1970-01-01T03:00:00Z",
    )


def test_a_fill_across_zero_ends_one_position_and_begins_another() -> None:
    (*rows,) = position_rows(
        records(
            fill("1", Side.BUY, "10", "0.40", "0"),
            fill("2", Side.SELL, "15", "0.50", "0.03"),
            fill("3", Side.BUY, "5", "0.30", "0"),
        )
    )
    got = [(row["direction"], row["qty"], row["gross_pnl"], row["fees"]) for row in rows]
    assert got == [("long", "10", "1", "0.02"), ("short", "5", "1", "0.01")]


def inferred(px: str) -> Record:
    guess = InferFill(
        key=make.KEY,
        exec_id=ExecId("g"),
        side=Side.SELL,
        last_qty=Decimal(10),
        last_px=Decimal(px),
        as_of_ns=DAY_NS,
    )
    return Record(2, make.positions(), (guess,))


def test_an_estimated_close_is_marked_until_the_real_fill_corrects_it() -> None:
    bought = Record(1, fill("1", Side.BUY, "10", "0.40", "0"), ())
    (row,) = position_rows([bought, inferred("0.45")])
    assert (row["estimated"], row["exit_price"], row["realized_pnl"]) == (True, "0.45", "0.5")
    sold = Record(3, fill("2", Side.SELL, "10", "0.50", "0"), ())
    (row,) = position_rows([bought, inferred("0.45"), sold])
    assert (row["estimated"], row["exit_price"], row["realized_pnl"]) == (False, "0.5", "1")


def test_a_settled_position_is_closed_at_what_it_paid() -> None:
    bought = Record(1, fill("1", Side.BUY, "10", "0.40", "0"), ())
    settle = SettlePosition(
        key=make.KEY, settl_px=Decimal(1), settl_time_ns=DAY_NS, revenue=Decimal(10)
    )
    (row,) = position_rows([bought, Record(2, make.timer("t"), (settle,))])
    assert (row["exit_price"], row["realized_pnl"]) == ("1", "6")
    assert row["closed_time"] == "1970-01-02T00:00:00Z"


def test_a_fee_in_the_coin_held_leaves_the_entry_when_the_market_is_read() -> None:
    coin = replace(make.instrument(payout_px=None, end_px="100000"), base_currency=Currency("BTC"))
    bought = replace(fill("1", Side.BUY, "1", "100", "0.01"), commission_currency=Currency("BTC"))
    sold = fill("2", Side.SELL, "0.99", "200", "0")
    market = make.market_read(terms=coin)
    for events in ((market, bought, sold), (bought, market, sold)):
        (row,) = position_rows(records(*events))
        assert (row["qty"], row["entry_price"], row["entry_notional"]) == ("0.99", "100", "99")
        assert (row["gross_pnl"], row["fees"], row["realized_pnl"]) == ("99", "1", "98")


def test_without_a_market_that_tells_the_currency_neither_that_nor_the_pnl_is_known() -> None:
    """A file of fills said USD of every coin, and took no fee off the PnL."""
    venue = Venue("binance-spot")
    bought = replace(fill("1", Side.BUY, "10", "40"), venue=venue)
    sold = replace(fill("2", Side.SELL, "10", "50", hour=2), venue=venue)
    told = records(bought, sold)
    for row in (*fill_rows(told), *position_rows(told)):
        assert (row["quote_currency"], row["pnl_known"]) == (None, False)
    (row,) = position_rows(
        records(replace(bought, venue=Venue("kalshi")), fill("2", Side.SELL, "10", "50"))
    )
    assert (row["quote_currency"], row["pnl_known"]) == ("USD", True)


def round_trips(count: int) -> list[Fill]:
    """Bought and sold again, so many times."""
    sides = (Side.BUY, Side.SELL)
    return [fill(f"r{n}", sides[n % 2], "1", "0.40", hour=n + 1) for n in range(2 * count)]


def booked(steps: list[Record]) -> tuple[PnlTrail, Book]:
    """The trail of these steps, and the book that it was made over."""
    trail, figures = PnlTrail(), Figures()
    for one in steps:
        figures.take(one.seq, one.event, one.commands)
        trail.take(figures.book, one.event, one.commands)
    return trail, figures.book


def test_a_real_fill_corrects_what_was_guessed_of_a_position_that_closed_often() -> None:
    early = round_trips(3)
    bought = fill("1", Side.BUY, "10", "0.40", hour=7)
    steps = records(*early, bought)
    steps.append(replace(inferred("0.40"), seq=len(steps) + 1))
    late = [*round_trips(2), fill("2", Side.SELL, "10", "0.50", hour=8)]
    again = [replace(one, exec_id=ExecId(f"late-{one.exec_id}")) for one in late]
    steps += [Record(len(steps) + at, one, ()) for at, one in enumerate(again, 1)]
    trail, book = booked(steps)
    (position,) = book.positions.values()
    assert not position.inferred
    assert sum(trail.total.values()) == known_pnl(position) == Decimal("0.98") - 5 * Decimal("0.02")
    by_fills = sum(Decimal(str(row["realized_pnl"])) for row in fill_rows(steps))
    assert by_fills == known_pnl(position) + Decimal("0.01"), "the guess booked the entry's fee"


USDT = Currency("USDT")
COIN_TERMS = replace(
    make.instrument(payout_px=None, end_px="100000"),
    quote_currency=USDT,
    base_currency=Currency("BTC"),
)


Told = TypeVar("Told", bound=VenueEvent)


def at(event: Told, hour: int) -> Told:
    """Received at a full hour of 1970."""
    return replace(event, receive_time_ns=hour * 3_600 * NANOS)


def paid(exec_id: str, funding: str, coin: Currency = USDT) -> Funding:
    return Funding(
        **make.ON_SYMBOL,
        exec_id=ExecId(exec_id),
        funding=Decimal(funding),
        funding_currency=coin,
        transact_time_ns=1,
    )


def of_coin(event: VenueEvent) -> VenueEvent:
    """The same on a venue that says no currency before its market is read."""
    venue = Venue("binance-usdm")
    if isinstance(event, MarketRead):
        return replace(event, venue=venue, instrument=replace(COIN_TERMS, venue=venue))
    return replace(event, venue=venue)


def hours_of(trail: PnlTrail) -> dict[str, list[tuple[int, str]]]:
    """Each cause's points: the hour, and what it had brought by then."""
    assert {currency for _, currency in trail.lines} <= {USDT}
    return {
        cause: [(ns // (3_600 * NANOS), proper(total)) for ns, total in points]
        for (cause, _), points in trail.lines.items()
    }


def test_what_was_realised_before_the_currency_was_known_stands_where_and_why_it_was() -> None:
    """It was booked at the next event of the symbol, for that one's cause; without one, never."""
    told: list[VenueEvent] = [
        at(fill("1", Side.BUY, "10", "40", "0"), 1),
        at(fill("2", Side.SELL, "4", "50", "0"), 2),
        at(paid("f1", "1.5"), 3),
        at(fill("3", Side.SELL, "2", "45", "0"), 4),
        at(paid("f2", "9", Currency("BNB")), 4),
        at(paid("f3", "7", Currency("USD")), 4),  # what prices are in until somebody tells
        at(fill("4", Side.SELL, "1", "40", "0"), 4),
        at(make.market_read(), 5),
    ]
    trail, book = booked(records(*map(of_coin, told)))
    assert hours_of(trail) == {
        "other orders": [(2, "40"), (4, "50")],
        "funding": [(3, "-1.5")],
    }
    later: list[VenueEvent] = [
        at(fill("5", Side.SELL, "1", "50", "0"), 6),
        at(paid("f4", "0.5"), 7),
    ]
    trail, book = booked(records(*map(of_coin, [*told, *later])))
    assert hours_of(trail) == {
        "other orders": [(2, "40"), (4, "50"), (6, "60")],
        "funding": [(3, "-1.5"), (7, "-2")],
    }
    (position,) = book.positions.values()
    assert sum(trail.total.values()) == known_pnl(position) == Decimal(58)


def test_it_stands_before_what_others_have_brought_meanwhile() -> None:
    early = [
        at(fill("1", Side.BUY, "10", "40", "0"), 1),
        at(fill("2", Side.SELL, "4", "50", "0"), 2),
    ]
    other = replace(COIN_TERMS, symbol=Symbol("OTHER"))
    read = replace(make.market_read(), venue=Venue("binance-usdm"), instrument=other)
    sides = (Side.BUY, Side.SELL, Side.BUY, Side.SELL)
    known = [
        at(replace(fill(f"o{hour}", side, "4", px, "0"), symbol=Symbol("OTHER")), hour)
        for hour, (side, px) in enumerate(zip(sides, ("40", "50") * 2, strict=True), 1)
    ]
    steps = [read, *map(of_coin, (*known[:2], *early, *known[2:], at(make.market_read(), 9)))]
    trail, _ = booked(records(*steps))
    assert hours_of(trail) == {"other orders": [(2, "40"), (2, "80"), (4, "120")]}


def test_each_fill_is_booked_without_a_look_at_all_that_was_closed_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    def counting(numbers: Iterable[Decimal], start: Decimal = ZERO) -> Decimal:
        many = list(numbers)
        seen.append(len(many))
        return sum(many, start)

    for module in ("core.position", "analytics.trail", "analytics.views"):
        monkeypatch.setattr(f"daemon.{module}.sum", counting, raising=False)
    trips = 200
    steps = records(*round_trips(trips))
    trail, _ = booked(steps)
    rows = list(fill_rows(steps))
    assert sum(Decimal(str(row["realized_pnl"])) for row in rows) == sum(trail.total.values())
    assert sum(seen) <= 4 * len(steps)
