"""The other traders: books set, sweeps, seeded walks, literal scripts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.paper.clock import MILLI_NS
from daemon.paper.model import Side
from daemon.paper.refusal import OperatorError
from daemon.paper.seeding import Seed, seed_position
from daemon.paper.traders import ScriptSpec, Step
from tests.paper.builders import ALICE, TICKER, a_venue, place

D = Decimal
WALK = ScriptSpec(name="w", ticker=TICKER, gap_per_million=200_000, thin_per_million=300_000)


def walked(seed_moves: int) -> list[Decimal | None]:
    venue, _ = a_venue()
    venue.traders.start(WALK)
    path = []
    for _ in range(seed_moves):
        venue.traders.advance("w", 1)
        path.append(venue.exchange.books[TICKER].best(Side.BID))
    return path


def test_a_walk_is_the_same_for_the_same_seed_and_moves() -> None:
    first = walked(30)
    assert first == walked(30)
    assert len(set(first)) > 3


def test_a_walk_trades_through_a_member() -> None:
    venue, _ = a_venue()
    place(venue, ALICE, "bid", "3", "0.50")
    venue.traders.set_book(TICKER, [], [(D("0.45"), D(10))])
    assert venue.exchange.ledger.held(ALICE, TICKER) == 3
    assert venue.exchange.books[TICKER].levels(Side.ASK) == [(D("0.45"), D(7))]


def test_a_sweep_takes_every_level() -> None:
    venue, _ = a_venue()
    venue.traders.set_book(TICKER, [(D("0.48"), D(5)), (D("0.40"), D(5))], None)
    assert venue.traders.send(TICKER, Side.ASK, D("0.01"), D(7)).filled == 7
    assert venue.exchange.books[TICKER].levels(Side.BID) == [(D("0.40"), D(3))]
    for bad in ([(D("0.405"), D(1))], [(D("0.9"), D(1)), (D("0.1"), D(1))]):
        with pytest.raises(OperatorError):
            venue.traders.set_book(TICKER, bad, [(D("0.5"), D(1))])


def test_a_literal_script_runs_by_the_clock_and_ends() -> None:
    venue, clock = a_venue()
    steps = [
        Step(after_ms=100, bids=[("0.50", "5")], asks=[]),
        Step(after_ms=200, side="ask", price="0.01", count="2"),
    ]
    script = venue.traders.start(ScriptSpec(name="s", ticker=TICKER, steps=steps))
    seen = []
    for _ in range(4):
        clock.advance_ns(100 * MILLI_NS)
        venue.tick()
        seen.append(venue.exchange.books[TICKER].qty_at(Side.BID, D("0.50")))
    assert seen == [5, 5, 3, 3]
    assert (script.is_running, script.moves) == (False, 2)


def test_a_seed_is_a_trade_with_a_fee_unless_it_is_too_old_to_list() -> None:
    venue, _ = a_venue()
    exchange = venue.exchange
    seed_position(exchange, Seed(owner=ALICE, ticker=TICKER, qty=D(-10), price=D("0.50")))
    fill = exchange.fills["alice"][0]
    assert (fill.side, fill.fee, fill.hidden) == (Side.ASK, D("0.1750"), False)
    assert exchange.ledger.held(ALICE, TICKER) == -10
    assert exchange.ledger.cash[ALICE, 0] == D("994.8250")
    old = Seed(owner=ALICE, ticker=TICKER, qty=D(1), price=D("0.50"), historical=True)
    seed_position(exchange, old)
    assert exchange.fills["alice"][1].hidden
    with pytest.raises(OperatorError):
        seed_position(exchange, Seed(owner=ALICE, ticker=TICKER, qty=D(99999), price=D("0.5")))


def test_a_script_that_cannot_go_on_stops_and_says_why() -> None:
    venue, clock = a_venue()
    script = venue.traders.start(
        ScriptSpec(name="s", ticker=TICKER, steps=[Step(bids=[("0.505", "1")])])
    )
    clock.advance_ns(MILLI_NS)
    venue.tick()
    assert not script.is_running
    assert "not on the grid" in script.error
