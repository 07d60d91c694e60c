"""What the views of figures say, and what they say where nothing has happened."""

from __future__ import annotations

import msgspec

from daemon.analytics.figure_views import By, fees_report, performance_view, slippage_view
from daemon.analytics.figures import Figures
from tests.analytics.journals import journal_of
from tests.app.test_figures import BAD


def test_before_the_first_record_there_are_no_rates() -> None:
    view = performance_view(Figures(), By.VENUE)
    assert (view["completion_rate"], view["retry_rate"], view["fills_per_order"]) == (None,) * 3
    assert (view["average_fill_time_s"], view["total_fees"], view["rows"]) == (None, {}, [])
    assert slippage_view(Figures(), By.SYMBOL)["rows"] == []
    assert fees_report(Figures(), By.LIQUIDITY)["valued_fees"] == "0"


def test_numbers_are_text_or_counts() -> None:
    figures = Figures().fold(journal_of([BAD]))
    for view in (performance_view(figures), fees_report(figures), slippage_view(figures)):
        raw = msgspec.json.encode(view)  # a Decimal would come out as text as well
        assert msgspec.json.decode(raw) == view


def test_fees_by_maker_and_taker() -> None:
    view = fees_report(Figures().fold(journal_of([BAD])), By.LIQUIDITY)
    assert view["rows"] == [{"liquidity": "taker", "currency": "USD", "fills": 2, "fees": "0.02"}]
    assert view["liquidity"] == view["rows"]


def test_times_are_in_seconds() -> None:
    view = performance_view(Figures().fold(journal_of([BAD])))
    times = view["times"]
    assert isinstance(times, list)
    assert {row["span"]: (row["count"], row["average_s"]) for row in times} == {
        "order_to_complete": (1, "1"),
        "trigger_to_order": (1, "0"),
        "trigger_to_flat": (1, "1"),
        "exposed": (1, "1"),
    }
