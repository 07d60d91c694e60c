"""Money of two currencies is never one sum: rows and sums against fractions, and what is unsaid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.analytics.costs import exit_rows, slip_rows
from daemon.analytics.day_report import ExitRow, row_view
from daemon.analytics.exit_report import exit_lines
from daemon.analytics.exit_views import exits_view
from daemon.analytics.figure_views import By, performance_view, slippage_view
from daemon.analytics.figures import Figures
from daemon.analytics.gauges import sums_of
from daemon.analytics.pnl_trail import PnlTrail
from daemon.analytics.scene import Scene, View
from daemon.analytics.views import positions_view, status_view
from daemon.core.book import Book
from daemon.core.terms import Venue
from tests.analytics.journals import ACCOUNT, SPREAD_PX, Part, Story, Try, journal_of, stories
from tests.control.doors import inner, rows

TOLD = settings(max_examples=60, deadline=None)
# Shares of an entry fee are kept to 1e-10.
NEAR = Fraction(1, 10**8)
ENTRY = Part(10, Decimal("0.50"), Decimal("0.01"), 0, maker=False)
SOLD = Part(10, Decimal("0.40"), Decimal("0.01"), 0, maker=False)
KALSHI = Story(
    "kalshi", "A", long=True, entry=ENTRY, tries=(Try(Decimal("0.50"), Decimal("0.30"), (SOLD,)),)
)
USDT = replace(KALSHI, venue="binance-spot", symbol="SOLUSDT", currency="USDT")
BTC = replace(KALSHI, venue="binance-spot", symbol="SOLBTC", currency="BTC")
UNTOLD = replace(KALSHI, venue="binance-spot", symbol="ETHEUR")

Name = tuple[object, ...]
Key = TypeVar("Key")


@dataclass(slots=True)
class Expected:
    """What a row has to say, out of the raw executions."""

    count: int = 0
    qty: int = 0
    cost: Fraction = Fraction()
    base: Fraction = Fraction()
    pnl: Fraction = Fraction()
    fees: Fraction = Fraction()
    symbols: set[tuple[str, str]] = field(default_factory=set)

    @property
    def alike(self) -> bool:
        return len(self.symbols) == 1 or {venue for venue, _ in self.symbols} == {"kalshi"}


def currency_of(story: Story) -> str | None:
    return "USD" if story.venue == "kalshi" else story.currency


def named(story: Story, by: By | None) -> Name:
    names: dict[By | None, Name] = {
        None: (),
        By.VENUE: (story.venue,),
        By.SYMBOL: (story.venue, story.symbol),
    }
    return names[by]


def parts_of(story: Story) -> list[Part]:
    return [part for one in story.tries for part in one.parts]


def worse(story: Story, px: Decimal, ref: Fraction) -> Fraction:
    return ref - Fraction(px) if story.long else Fraction(px) - ref


def held(story: Story, px: Fraction) -> Fraction:
    return 1 - px if story.venue == "kalshi" and not story.long else px


def add(row: Expected, story: Story, part: Part, ref: Fraction) -> None:
    row.qty += part.qty
    row.cost += worse(story, part.px, ref) * part.qty
    row.base += held(story, ref) * part.qty
    row.symbols.add((story.venue, story.symbol))


def slips(told: Iterable[Story], by: By | None) -> dict[Name, Expected]:
    found: dict[Name, Expected] = defaultdict(Expected)
    for story in told:
        for one in story.tries:
            refs = {
                "trigger": Fraction(one.trigger_px),
                "arrival_mid": Fraction(one.trigger_px) + Fraction(SPREAD_PX) / 2,
                "limit": Fraction(one.limit_px),
            }
            for part in one.parts:
                for against, ref in refs.items():
                    row = found[*named(story, by), against, currency_of(story)]
                    row.count += 1
                    add(row, story, part, ref)
    return found


def exits(told: Iterable[Story], by: By | None) -> dict[Name, Expected]:
    found: dict[Name, Expected] = defaultdict(Expected)
    for story in told:
        row = found[*named(story, by), currency_of(story)]
        row.count += 1
        row.symbols.add((story.venue, story.symbol))
        for part in parts_of(story):
            add(row, story, part, Fraction(story.tries[0].trigger_px))
            fee = Fraction(max(part.fee, Decimal(0)))
            row.fees += fee
            row.pnl += brought(story, part)
    return found


def brought(story: Story, part: Part) -> Fraction:
    """The PnL of one part, net of both fee shares; rebates are of another coin."""
    fee = Fraction(max(part.fee, Decimal(0)))
    entry_fee = Fraction(max(story.entry.fee, Decimal(0))) * part.qty / story.entry.qty
    gross = -worse(story, part.px, Fraction(story.entry.px)) * part.qty
    return gross - fee - entry_fee


def number(said: object) -> Fraction | None:
    return None if said is None else Fraction(str(said))


def check(said: View, row: Expected, count: str, ratio: str, scale: int) -> None:
    """A row's money, where it is of one currency for sure, and its quantity, where of one kind."""
    sure = said["currency"] is not None or row.alike
    assert said[count] == row.count
    assert number(said["qty"]) == (row.qty if row.alike else None)
    assert number(said["cost"]) == (row.cost if sure else None)
    share = number(said[ratio])
    if not sure or row.base <= 0:
        assert share is None
        return
    assert share is not None
    assert abs(share - row.cost / row.base * scale) <= NEAR


def keyed(found: list[View], *names: str) -> dict[Name, View]:
    keys = [tuple(row[name] for name in names) for row in found]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, found, strict=True))


NAMES: dict[By | None, tuple[str, ...]] = {
    None: (),
    By.VENUE: ("venue",),
    By.SYMBOL: ("venue", "symbol"),
}


@TOLD
@given(stories(), st.sampled_from(list(NAMES)))
def test_every_row_of_slippage_is_of_one_currency(told: list[Story], by: By | None) -> None:
    view = slippage_view(Figures().fold(journal_of(told)), by)
    said = keyed(rows(view, "against" if by is None else "rows"), *NAMES[by], "against", "currency")
    expected = slips(told, by)
    assert said.keys() == expected.keys()
    for name, row in expected.items():
        check(said[name], row, "fills", "bps", 10_000)


@TOLD
@given(stories(), st.sampled_from(list(NAMES)))
def test_every_row_of_exits_is_of_one_currency(told: list[Story], by: By | None) -> None:
    figures = Figures().fold(journal_of(told))
    expected = exits(told, by)
    for view in (slippage_view(figures, by), performance_view(figures, by)):
        found = rows(view, "exits" if by is None else "exits_by")
        said = keyed(found, *NAMES[by], "currency")
        assert said.keys() == expected.keys()
        for name, row in expected.items():
            check(said[name], row, "exits", "cost_share", 1)
            pnl, fees = number(said[name]["pnl"]), number(said[name]["fees"])
            if said[name]["currency"] is None and not row.alike:
                assert (pnl, fees) == (None, None)
            else:
                assert fees == row.fees
                assert pnl is not None
                assert abs(pnl - row.pnl) <= NEAR


def test_each_exit_says_what_its_money_is_in() -> None:
    book = Figures().fold(journal_of([KALSHI, USDT, UNTOLD])).book
    told = {"A": "USD", "SOLUSDT": "USDT", "ETHEUR": None}
    lines = exit_lines(book)
    assert {line.symbol: line.currency for line in lines} == told
    assert {row_view(ExitRow(line=line))["currency"] for line in lines} == set(told.values())
    view = exits_view(Scene(book=book, now_ns=0))
    assert {row["symbol"]: row["currency"] for row in rows(view, "exits")} == told
    positions = positions_view(Scene(book=book, now_ns=0), every=True)
    assert {row["symbol"]: row["currency"] for row in rows(positions, "positions")} == told


@TOLD
@given(stories())
def test_pnl_of_accounts_is_by_currency(told: list[Story]) -> None:
    expected: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for story in told:
        currency = currency_of(story)
        if currency is not None:
            sums = sum((brought(story, part) for part in parts_of(story)), Fraction())
            expected[story.venue, currency] += sums
    figures, trail = Figures(), PnlTrail()
    for record in journal_of(told):
        figures.take(record.seq, record.event, record.commands)
        trail.take(figures.book, record.event, record.commands)
    said = {
        (venue, coin): Fraction(pnl)
        for venue, sums in realized(figures.book, told).items()
        for coin, pnl in sums.items()
    }
    gauges = sums_of(figures).get("filld_realized_pnl", {})
    close(said, expected)
    close({(venue, coin): Fraction(pnl) for (_, venue, coin), pnl in gauges.items()}, expected)
    coins: dict[str, Fraction] = dict.fromkeys((coin for _, coin in expected), Fraction())
    for (_, coin), pnl in expected.items():
        coins[coin] += pnl
    lines = dict.fromkeys(coins, Fraction())
    for (_, currency), total in trail.total.items():
        lines[currency] += Fraction(total)
    close(lines, coins)


def close(said: dict[Key, Fraction], expected: dict[Key, Fraction]) -> None:
    assert said.keys() == expected.keys()
    assert all(abs(said[name] - pnl) <= NEAR for name, pnl in expected.items())


def realized(book: Book, told: Iterable[Story]) -> dict[str, dict[str, str]]:
    """What the status says of each venue of these stories."""
    for story in told:
        book.account(ACCOUNT, Venue(story.venue))
    accounts = rows(status_view(Scene(book=book, now_ns=0)), "accounts")
    return {str(account["venue"]): texts(inner(account, "realized_pnl")) for account in accounts}


def texts(view: View) -> dict[str, str]:
    return {name: str(value) for name, value in view.items()}


def test_a_venue_of_three_currencies_has_a_row_for_each() -> None:
    told = [KALSHI, replace(KALSHI, symbol="B"), USDT, BTC]
    figures = Figures().fold(journal_of(told))
    found = rows(slippage_view(figures, By.VENUE), "exits_by")
    said = [(row["venue"], row["currency"], row["qty"], row["cost"]) for row in found]
    assert said == [
        ("binance-spot", "BTC", "10", "1"),
        ("binance-spot", "USDT", "10", "1"),
        ("kalshi", "USD", "20", "2"),
    ]
    assert realized(figures.book, told) == {
        "binance-spot": {"USDT": "-1.02", "BTC": "-1.02"},
        "kalshi": {"USD": "-2.04"},
    }


def test_a_spread_is_of_the_currency_of_its_row_and_a_metric_of_the_venue() -> None:
    near = replace(
        BTC, tries=(Try(Decimal("0.50"), Decimal("0.30"), (replace(SOLD, px=ENTRY.px),)),)
    )
    figures = Figures().fold(journal_of([USDT, near]))
    found = [row for row in rows(slippage_view(figures), "against") if row["against"] == "trigger"]
    said = [(row["currency"], row["orders"], row["p50_bps"], row["p99_bps"]) for row in found]
    assert said == [("BTC", 1, "0", "0"), ("USDT", 1, "2000", "2000")]
    ratios = sums_of(figures)["filld_slippage_ratio"]
    quantiles = [ratios["binance-spot", "trigger", quantile] for quantile in ("0.5", "0.99")]
    assert quantiles == [Decimal(0), Decimal("0.2")]


@pytest.mark.parametrize(
    ("others", "qty", "cost"),
    [
        ([], "10", "1"),
        ([replace(UNTOLD, symbol="ETHBTC")], None, None),
    ],
)
def test_what_nobody_told_the_currency_of_is_summed_over_one_symbol_alone(
    others: list[Story], qty: str | None, cost: str | None
) -> None:
    tables = Figures().fold(journal_of([UNTOLD, *others])).tables
    ((_, row),) = exit_rows(tables)
    assert (row["currency"], row["qty"], row["cost"]) == (None, qty, cost)
    assert (row["fees"] is None) is (cost is None)
    ((_, slip), *_) = slip_rows(tables)
    assert (slip["qty"], slip["cost"], slip["bps"] is None) == (qty, cost, cost is None)


def test_late_comers_share_a_line_that_has_no_quantity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.analytics.figures.SYMBOLS_LIMIT", 0)
    figures = Figures().fold(journal_of([USDT, replace(USDT, symbol="BTCUSDT"), KALSHI]))
    said = {row["currency"]: (row["qty"], row["cost"]) for _, row in exit_rows(figures.tables)}
    assert said == {"USDT": (None, "2"), "USD": ("10", "1")}
