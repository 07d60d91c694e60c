"""What exits teach: errors beside half the spread, delays by their outcomes, out of a journal."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from daemon.analytics.figure_views import performance_view, slippage_view
from daemon.analytics.figures import Figures
from daemon.analytics.lesson_views import delay_rows, model_rows
from daemon.analytics.lessons import (
    DelayLesson,
    Outcome,
    RetryCell,
    best_delay_s,
    delay_key,
    outcome_of_estimate,
)
from daemon.analytics.sums import Tables
from daemon.analytics.touched import orders_of, past_exits
from daemon.core.estimates import EstimateSource, RetryDelayLearned, SlippageEstimated
from daemon.core.events import Event, Fill
from daemon.core.order import Order
from daemon.core.terms import NANOS, PositionKey, Side, Symbol, TimeInForce, Venue, VenueOrderId
from daemon.ports import Record
from tests import builders as make
from tests.analytics.journals import ACCOUNT, Part, Pen, Story, Try
from tests.control.doors import rows
from tests.core.test_exits import OURS

D = Decimal
KALSHI = Venue("kalshi")


def estimate(expected: str = "0.01", bound: str | None = "0.03") -> SlippageEstimated:
    return SlippageEstimated(
        receive_time_ns=0,
        mono_ns=0,
        account=ACCOUNT,
        venue=KALSHI,
        symbol=Symbol("NFL-1"),
        source=EstimateSource.MODEL,
        qty=D(10),
        shown_qty=D(4),
        held_px=D("0.50"),
        spread_px=D("0.02"),
        volatility_px=D(0),
        expected_px=D(expected),
        bound_px=make.number(bound),
    )


def order(*, filled: str, notional: str, limit: str = "0.47") -> Order:
    made = Order(
        key=PositionKey(account=ACCOUNT, venue=KALSHI, symbol=Symbol("NFL-1")),
        client_order_id=OURS,
        exit_no=1,
        generation=1,
        attempt=1,
        side=Side.SELL,
        order_qty=D(10),
        limit_px=D(limit),
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
        sent_time_ns=0,
        sent_mono_ns=0,
    )
    made.cum_qty, made.notional = D(filled), D(notional)
    return made


def outcome(filled: str, notional: str) -> Outcome:
    found = outcome_of_estimate(estimate(), order(filled=filled, notional=notional), D("0.50"))
    assert found is not None
    return found


def test_what_came_is_the_average_against_the_triggering_price() -> None:
    assert outcome("10", "4.8").slippage_px == D("0.02")


def test_what_did_not_fill_counts_beyond_its_limit_so_no_bound_shrinks_by_itself() -> None:
    assert outcome("5", "2.45").slippage_px == D("0.03")  # half at 0.01, half at 0.03 and a spread
    assert outcome("0", "0").slippage_px == D("0.05")


def test_errors_are_beside_those_of_half_the_spread() -> None:
    cell = outcome("10", "4.8").cell()
    assert (cell.error, cell.naive_error) == (D(200), D(200))  # 0.01 of 0.50 each
    assert (cell.bounded, cell.held) == (1, 1)
    assert cell.pinball == D(20)  # a tenth of 0.01
    assert cell.naive_pinball == D(180)  # nine tenths of it
    beyond = outcome("0", "0").cell()
    assert (beyond.held, beyond.pinball) == (0, D(360))


def test_before_a_bound_only_the_expected_one_counts() -> None:
    found = Outcome(estimate=estimate(bound=None), slippage_px=D("0.02")).cell()
    assert (found.orders, found.bounded, found.pinball) == (1, 0, D(0))


Seen = dict[tuple[str, ...], RetryCell]


def cells(*seen: tuple[int, int, int], reason: str = "unfilled") -> Seen:
    return {
        ("kalshi", reason, str(delay)): RetryCell(tries=tries, filled=filled)
        for delay, tries, filled in seen
    }


@pytest.mark.parametrize(
    ("seen", "best"),
    [
        (cells((1, 7, 7)), None),  # too few in all
        (cells((1, 20, 18), (2, 20, 20)), D(1)),
        (cells((1, 40, 1), (2, 20, 4), (4, 20, 19)), D(4)),
        (cells((1, 20, 2), (4, 2, 2)), D(1)),  # two tries say nothing
        (cells((1, 9, 9), reason="rate_limit"), None),
    ],
)
def test_the_delay_with_the_least_expected_time_is_the_best(
    seen: Seen, best: Decimal | None
) -> None:
    assert best_delay_s(seen, KALSHI, "unfilled") == best


def test_delays_are_kept_by_powers_of_two() -> None:
    spans = [0, 1, 1.9, 2, 3.5, 4, 31]
    assert [delay_key(KALSHI, "x", int(s * NANOS))[2] for s in spans] == [*"111224", "16"]


class Desk(Pen):
    """A journal whose exits were estimated."""

    def estimated(self, story: Story, found: SlippageEstimated) -> None:
        before = len(self.records)
        self.write(story)
        entry, *others = self.records[before:]
        del self.records[before:]
        told: Event = replace(
            found,
            symbol=Symbol(story.symbol),
            receive_time_ns=entry.event.receive_time_ns,
            mono_ns=entry.event.mono_ns,
        )
        for event, commands in [(entry.event, entry.commands), (told, ())]:
            self.records.append(Record(len(self.records) + 1, event, commands))
        for record in others:
            self.records.append(Record(len(self.records) + 1, record.event, record.commands))


def part(qty: int, px: str) -> Part:
    return Part(qty, D(px), D(0), 0, maker=False)


def story(number: int, *tries: Try) -> Story:
    return Story("kalshi", f"NFL-{number}", long=True, entry=part(10, "0.65"), tries=tries)


MISS = Try(D("0.50"), D("0.47"), ())
HIT = Try(D("0.50"), D("0.47"), (part(10, "0.48"),))


def test_a_journal_tells_how_good_its_estimates_were() -> None:
    desk = Desk()
    desk.estimated(story(1, HIT), estimate())
    desk.estimated(story(2, MISS, HIT), estimate())
    figures = Figures().fold(desk.records)
    lessons = [lesson for lesson in figures.lessons if isinstance(lesson, Outcome)]
    assert [lesson.slippage_px for lesson in lessons] == [D("0.02"), D("0.05")]
    whole, day = rows(slippage_view(figures), "model")
    assert (whole["day"], whole["orders"], whole["mae_bps"]) == ("all", 2, "500")
    assert (whole["naive_mae_bps"], whole["held_share"], whole["better"]) == ("500", "0.5", False)
    assert day == {**whole, "day": "2026-09-21"}


def test_a_retry_after_nothing_is_counted_and_its_best_delay_told_once_it_is_folded() -> None:
    desk = Desk()
    for number in range(8):
        desk.write(story(number, MISS, HIT))
    figures = Figures().fold(desk.records)
    (found,) = rows(performance_view(figures), "retry_delays")
    assert (found["reason"], found["tries"], found["filled"]) == ("unfilled", 8, 8)
    assert found["best"] is True
    (lesson,) = figures.lessons
    assert lesson == DelayLesson(account=ACCOUNT, venue=KALSHI, reason="unfilled", delay_s=D(1))
    learned = RetryDelayLearned(
        receive_time_ns=0,
        mono_ns=0,
        account=ACCOUNT,
        venue=KALSHI,
        reason="unfilled",
        delay_s=D(1),
    )
    figures.lessons.clear()
    figures.take(figures.seq + 1, learned, ())
    later = Desk()
    later.write(story(9, MISS, HIT))
    figures.fold(later.records)
    assert not figures.lessons


def test_before_anything_was_learnt_there_is_no_row() -> None:
    assert model_rows(Tables()) == []
    assert delay_rows(Tables()) == []


def test_an_exit_is_touched_by_a_late_fill_of_its_order_alone() -> None:
    desk = Desk()
    desk.write(story(1, HIT))
    book = Figures().fold(desk.records).book
    fill = next(one.event for one in reversed(desk.records) if isinstance(one.event, Fill))
    orders = orders_of(book, fill, ())
    assert [found.client_order_id for found in orders] == [fill.client_order_id]
    assert [work.exit_no for work in past_exits(book, fill, (), orders)] == [1]
    stranger = replace(fill, client_order_id=None, venue_order_id=VenueOrderId("nobody"))
    assert orders_of(book, stranger, ()) == []
    assert past_exits(book, stranger, (), []) == []


def test_the_figures_of_two_halves_are_those_of_the_whole() -> None:
    desk = Desk()
    for number in range(4):
        desk.estimated(story(number, MISS, HIT), estimate())
    whole = Figures().fold(desk.records)
    for cut in range(len(desk.records)):
        first = Figures().fold(desk.records[:cut])
        second = Figures(state=first.state()).fold(desk.records[cut:])
        assert second.tables.state() == whole.tables.state()
