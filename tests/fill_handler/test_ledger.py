"""The ledger over a daemon's own journals: the same orders, and an export that loses nothing."""

from __future__ import annotations

import pytest

from daemon.core.terms import OrdStatus
from daemon.fill_handler.ledger import Ledger
from daemon.fill_handler.life import UNSAID_QTY, Life
from daemon.fill_handler.portable import export, steps_of
from daemon.fill_handler.store import read_ledger
from daemon.journal.sqlite import read_only
from daemon.simulation import episode
from daemon.simulation.world import World
from tests import builders as make

SEEDS = (0, 17, 199)  # 17 and 199: fills ahead of the answer that names their order


def _face(life: Life) -> tuple[object, ...]:
    order = life.order
    return (
        *(order.status, order.cum_qty, order.notional, order.fees, order.final_qty),
        *(order.inferred_qty, order.sendings, order.venue_order_id, order.reason),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_its_orders_are_the_daemons(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    reread = episode.reread

    def compare(world: World, outcome: episode.Outcome) -> None:
        reread(world, outcome)
        reader = read_only(world.path)
        ledger = read_ledger(reader)
        reader.close()
        assert world.last is not None
        for name, order in world.last.book.orders.items():
            life = ledger.get(name)
            assert life is not None
            assert life.ours
            same = Life(order=order, book=ledger.book, ours=True, born_ns=0, touched_ns=0)
            assert _face(life) == _face(same)
            assert len(life.retries) >= order.sendings - 1
            compared.append(len(life.fills))
        state = export(ledger.steps(), ledger.tally)
        again = Ledger()
        for step in steps_of(state)[0]:
            again.fold(step.event, step.commands)
        assert export(again.steps(), again.tally) == state
        assert [life.retries for life in again] == [life.retries for life in ledger]

    monkeypatch.setattr(episode, "reread", compare)
    assert episode.run_episode(seed).failure is None
    assert sum(compared) > 0


def test_an_order_told_of_by_its_fill_alone_has_no_known_size() -> None:
    ledger = Ledger()
    assert ledger.fold(make.fill(venue_order_id="v1"))
    (life,) = ledger
    assert (life.order.order_qty, life.working) == (UNSAID_QTY, False)
    assert life.status is OrdStatus.PARTIALLY_FILLED


def test_what_names_no_side_opens_no_life() -> None:
    ledger = Ledger()
    assert not ledger.fold(make.canceled(order_id=None, venue_order_id="v1"))
    assert list(ledger) == []
