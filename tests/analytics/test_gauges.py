"""The book in numbers, at one moment and over all there was."""

from __future__ import annotations

from decimal import Decimal

from daemon.analytics.figure_views import performance_view
from daemon.analytics.figures import Figures
from daemon.analytics.gauges import gauge_turns, sums_of
from daemon.analytics.scene import Scene
from daemon.core.book import Book
from daemon.core.terms import NANOS
from tests import builders as make
from tests.analytics.whole import made
from tests.cli.stage import story

OWNER = (make.ACCOUNT, make.VENUE)


def test_a_half_sold_position_with_an_order_in_doubt() -> None:
    play = story()
    book = play.engine.book
    (work,) = book.exits.values()
    where = (make.ACCOUNT, make.VENUE, make.SYMBOL)
    now_ns = work.opened_time_ns + 7 * NANOS
    quotes = {where: make.quote(bid="0.57", ask="0.59")}
    gauges = made(gauge_turns(Scene(book=book, now_ns=now_ns, quotes=quotes)))
    assert gauges["filld_positions"] == {(*OWNER, "exiting"): 1}
    assert gauges["filld_position_quantity"] == {(*OWNER, make.SYMBOL, "net"): 50}
    assert gauges["filld_exposure"] == {(*OWNER, "USD"): Decimal("28.50")}
    assert gauges["filld_position_unrealized_pnl"] == {
        (*OWNER, make.SYMBOL, "net", "USD"): Decimal("-4.00")
    }
    assert gauges["filld_exits_working"] == {OWNER: 1}
    assert gauges["filld_exit_oldest_seconds"] == {OWNER: 7}
    assert gauges["filld_orders_in_doubt"] == {OWNER: 1}
    assert gauges["filld_positions_unlisted"] == {(): 0}
    blind = made(gauge_turns(Scene(book=book, now_ns=now_ns)))
    assert blind["filld_positions_unpriced"] == {OWNER: 1}
    assert "filld_exposure" not in blind


def test_sums_are_of_the_whole_journal() -> None:
    sums = sums_of(Figures().fold(story().records))
    assert sums["filld_realized_pnl"][*OWNER, "USD"] < 0
    assert sums["filld_orders"] == {(*OWNER, "canceled"): 1, (*OWNER, "in_doubt"): 1}
    assert sums["filld_positions_pnl_unknown"] == {OWNER: 0}
    assert sums["filld_slippage_ratio"].keys() >= {(make.VENUE, "trigger", "0.99")}


def test_why_orders_are_made_again_is_told_in_the_words_of_performance() -> None:
    """The counter said `unfilled` of an order that a part had filled."""
    figures = Figures().fold(story().records)
    assert sums_of(figures)["filld_retries_total"] == {(*OWNER, "partially_filled"): 1}
    assert performance_view(figures)["retry_reasons"] == {"partially_filled": 1}


def test_an_empty_book_has_zeros() -> None:
    gauges = made(gauge_turns(Scene(book=Book(), now_ns=NANOS)))
    assert gauges == {"filld_positions_unlisted": {(): Decimal(0)}}
