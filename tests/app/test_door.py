"""The operator's door looks at what is committed and acts through the loop."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest

from daemon.analytics.scene import Scene, View
from daemon.analytics.turns import Turns
from daemon.app.door import OperatorDoor
from daemon.app.market_looks import MarketLooks
from daemon.app.trading import Trader
from daemon.control.door import Refusal
from daemon.core.errors import TheirsError
from daemon.core.events import Event, RulesLoaded
from daemon.core.requests import HaltRequested, TradeRequested
from daemon.core.terms import PositionSide, Side, Symbol
from daemon.runtime.freshness import Freshness
from daemon.runtime.waiting import OrderWaiter
from daemon.settings import TradeSettings
from tests import builders as make
from tests.app.test_trading import WANTED
from tests.runtime.fake_venue import Rig
from tests.runtime.test_driver import armed_position


def broken_rules() -> tuple[RulesLoaded, tuple[str, ...]]:
    """Settings that cannot be read."""
    raise TheirsError("stops.0.stop_px: 2\nexits.order: never")


def trader_of(rig: Rig) -> Trader:
    """What trades over the rig's loop."""
    return Trader(
        driver=rig.driver,
        outbox=rig.outbox,
        inbox=rig.inbox,
        waiter=OrderWaiter(rig.inbox, rig.clock),
        looks=MarketLooks(),
        freshness=Freshness(),
        clock=rig.clock,
        settings=TradeSettings(),
    )


def door_of(rig: Rig) -> OperatorDoor:
    """A door over the rig's loop, with rules that change."""
    rules = make.rules_loaded(make.rule(level="0.55"))
    return OperatorDoor(
        rig.driver,
        rig.inbox,
        Freshness(),
        rig.clock,
        lambda: (rules, ("journal.path",)),
        trader_of(rig),
    )


def halt(scene: Scene) -> Event | Refusal:
    """The operator halts everything."""
    return HaltRequested(receive_time_ns=scene.now_ns, mono_ns=scene.mono_ns)


async def test_a_look_shows_the_committed_book_and_the_live_price() -> None:
    async with Rig() as rig:
        rig.tell(*armed_position())
        await rig.settle()
        rig.tell(make.quote(bid="0.64", ask="0.66"))
        await rig.settle()
        seq, held, bid = await door_of(rig).look(
            lambda scene: (
                scene.seq,
                scene.book.positions[make.KEY].held_qty,
                scene.executable_px(scene.book.positions[make.KEY]),
            )
        )
        assert (seq, held, bid) == (rig.driver.watermark, Decimal(100), make.number("0.64"))


async def test_an_act_is_committed_and_a_refusal_is_handed_through() -> None:
    async with Rig() as rig:
        rig.tell(*armed_position())
        before = await rig.settle()
        door = door_of(rig)
        assert await door.act(halt) == before + 1
        refusal = Refusal(409, "not now")
        assert await door.act(lambda _: refusal) is refusal
        assert rig.driver.watermark == before + 1


async def test_a_reload_takes_all_rules_or_none() -> None:
    async with Rig() as rig:
        rig.tell(*armed_position())
        before = await rig.settle()
        assert await door_of(rig).reload() == ("journal.path",)
        assert rig.driver.watermark == before + 1
        broken = OperatorDoor(
            rig.driver, rig.inbox, Freshness(), rig.clock, broken_rules, trader_of(rig)
        )
        with pytest.raises(TheirsError, match=r"stops\.0\.stop_px: 2\nexits\.order: never"):
            await broken.reload()
        assert rig.driver.watermark == before + 1


def given(wanted: TradeRequested, _scene: Scene) -> TradeRequested:
    """A request to trade that is made already."""
    return wanted


async def test_a_token_at_work_names_one_trade_before_anything_is_journalled() -> None:
    async with Rig() as rig, asyncio.TaskGroup() as group:
        trader = trader_of(rig)
        rules = make.rules_loaded()
        door = OperatorDoor(
            rig.driver, rig.inbox, Freshness(), rig.clock, lambda: (rules, ()), trader
        )
        task = group.create_task(trader.run(), name="trader")
        await asyncio.sleep(0)
        assert await door.trade(partial(given, WANTED)) is False
        assert await door.trade(partial(given, replace(WANTED, timeout_s=None))) is True
        reused = Refusal(409, "token = 'mine' names another trade: take a new one")
        others = (
            replace(WANTED, side=Side.SELL),
            replace(WANTED, order_qty=Decimal(3)),
            replace(WANTED, symbol=Symbol("NFL-2")),
            replace(WANTED, position_side=PositionSide.LONG),
        )
        for other in others:
            assert await door.trade(partial(given, other)) == reused
        assert trader.running == {"mine"}
        assert not rig.driver.engine.book.positions
        task.cancel()


class Tiring:
    """A clock on which every look at it takes a millisecond."""

    def __init__(self) -> None:
        self.now_ns = 0

    def mono_ns(self) -> int:
        self.now_ns += 1_000_000
        return self.now_ns

    wall_ns = mono_ns

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def many(scene: Scene) -> Turns[int]:
    """A view of twenty rows."""
    halted: View = {"halted": any(state.halted for state in scene.book.accounts.values())}
    for _ in range(20):
        halted["halted"] = any(state.halted for state in scene.book.accounts.values())
        yield "rows", dict(halted)
    return scene.seq


async def test_who_reads_much_lets_the_loop_and_other_readers_go_on() -> None:
    async with Rig() as rig:
        rig.tell(*armed_position())
        await rig.settle()
        rules = make.rules_loaded(make.rule(level="0.55"))
        clock = Tiring()
        door = OperatorDoor(
            rig.driver,
            rig.inbox,
            Freshness(),
            clock,
            lambda: (rules, ("journal.path",)),
            trader_of(rig),
        )
        ended: list[str] = []
        rows: list[View] = []

        async def read(name: str) -> None:
            await door.read(many, lambda _, row: rows.append(row))
            ended.append(name)

        async def act() -> None:
            await door.act(halt)
            ended.append("act")

        async with asyncio.TaskGroup() as group:
            for work in (read("first"), read("second"), act()):
                group.create_task(work)
        assert ended == ["act", "first", "second"]
        assert len(rows) == 40
        assert {row["halted"] for row in rows} == {False, True}
