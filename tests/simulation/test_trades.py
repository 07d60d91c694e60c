"""The operator's trades of a seed: the same ones again, and the rest of the seed as it was."""

from __future__ import annotations

import random
from dataclasses import replace

from daemon.simulation.plan import draw
from daemon.simulation.trades import with_trades

SEEDS = range(200)


def test_a_seed_keeps_its_story_and_draws_its_trades_apart() -> None:
    plans = [draw(seed, random.Random(seed)) for seed in SEEDS]
    traded = [with_trades(plan) for plan in plans]
    assert traded == [with_trades(plan) for plan in plans]
    for plan, more in zip(plans, traded, strict=True):
        assert replace(more, trades=(), account=plan.account) == plan


def test_every_kind_of_trade_is_drawn() -> None:
    plans = [with_trades(draw(seed, random.Random(seed))) for seed in SEEDS]
    trades = [trade for plan in plans for trade in plan.trades]
    assert any(not plan.trades for plan in plans)
    for kind in ("side", "rests", "reduce_only"):
        assert len({getattr(trade, kind) for trade in trades}) == 2
    assert {trade.offset_cents for trade in trades} == {None, -12, -3, 0, 3, 12}
    assert any(len(trade.asked_at_s) > 1 for trade in trades)
