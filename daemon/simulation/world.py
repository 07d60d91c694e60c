"""What happens to the daemon in one episode: the market, other hands, the operator, disasters.

Everything that the plan foresees becomes a timer of the world; the daemon's processes come and
go, the venue and the journal's file stay.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from daemon.core.engine import Engine
from daemon.core.events import Event, MarketPhase
from daemon.core.requests import (
    CancelRequested,
    ConfirmRequested,
    ExitRequested,
    HaltRequested,
    ResumeRequested,
)
from daemon.core.terms import ZERO
from daemon.journal.errors import JournalError
from daemon.ports import Observer
from daemon.simulation.checks import Checks, Halts
from daemon.simulation.clock import SimClock, WallClock
from daemon.simulation.faults import Fault, Faults
from daemon.simulation.host import Ground, Host
from daemon.simulation.loop import SimLoop
from daemon.simulation.market import Market
from daemon.simulation.oracle import Oracle
from daemon.simulation.plan import Plan, SymbolPlan, TradePlan
from daemon.simulation.trades import Trades
from daemon.simulation.venue import MarketMaker, SimVenue

CALM_TICK_S = 5.0
IDLE_TICK_S = 300.0
IDLE_POLL_S = 600.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What may differ from an ordinary episode: the markets, the rates of faults, who watches."""

    make_market: MarketMaker = Market
    rates: Mapping[Fault, float] | None = None
    observers: tuple[Observer, ...] = ()


ORDINARY = Setting()


class World:
    """One episode's stage."""

    def __init__(
        self,
        plan: Plan,
        rng: random.Random,
        loop: SimLoop,
        path: Path,
        setting: Setting = ORDINARY,
    ) -> None:
        self.plan = plan
        self.loop = loop
        self._setting = setting
        self.faults = Faults(random.Random(rng.random()), setting.rates)
        self.oracle = Oracle(loop.time)
        chance = random.Random(rng.random())
        self.venue = SimVenue(plan, chance, self.oracle, loop.time, setting.make_market)
        self.host: Host | None = None
        self.lives = 0
        self.stay_down = False
        self.last: Engine | None = None
        self.tick_s = plan.tick_s
        self.idle_poll_s = plan.idle_poll_s
        self.path = path
        self._rng = rng
        self._wall = WallClock()
        self._halts = Halts()
        self._trades = Trades()
        self._trading = random.Random(f"the asking of {plan.seed}")
        self._context = loop.process_context(0)
        self._main: asyncio.Task[None] | None = None
        self.venue.publish = self._publish

    def _publish(self, event: Event) -> None:
        if self.host is not None:
            self.host.stream.push(event)

    def at(self, when_s: float, what: Callable[[], None]) -> None:
        """Do `what` at a moment of virtual time."""
        self.loop.call_at(when_s, what, context=self._context)

    def prepare(self) -> None:
        """Set every timer of the plan."""
        for item in self.plan.symbols:
            self._tick(item)
            if item.stranger_every_s is not None:
                self._strange(item, item.stranger_every_s)
            if item.settles_at_s is not None:
                self._settle(item, item.settles_at_s)
        self._prepare_disasters()
        for when_s, word in self.plan.operator:
            self.at(when_s, partial(self._operate, word))
        for trade in self.plan.trades:
            for when_s in trade.asked_at_s:
                self.at(when_s, partial(self._trade, trade))

    def _prepare_disasters(self) -> None:
        plan = self.plan
        for when_s in plan.kills:
            self.at(when_s, self._kill_now)
        for when_s in plan.stops:
            self.at(when_s, self._stop_now)
        for when_s, jump_s in plan.jumps:
            self.at(when_s, partial(self._jump, jump_s))
        for when_s, for_s in plan.pauses:
            self.at(when_s, partial(self._pause, paused=True))
            self.at(when_s + for_s, partial(self._pause, paused=False))
        for when_s, for_s in plan.market_pauses:
            self.at(when_s, partial(self._pause_market, MarketPhase.PAUSED))
            self.at(when_s + for_s, partial(self._pause_market, MarketPhase.ACTIVE))

    def _tick(self, item: SymbolPlan) -> None:
        self.venue.tick(item.symbol)
        wait_s = self.pace_s(item) * self._rng.uniform(0.5, 1.5)
        self.at(self.loop.time() + wait_s, lambda: self._tick(item))

    def pace_s(self, item: SymbolPlan) -> float:
        """Mean seconds between two moves of a market's price."""
        del item
        return self.tick_s

    def _strange(self, item: SymbolPlan, every_s: float) -> None:
        wait_s = every_s * self._rng.uniform(0.3, 1.7)

        def act() -> None:
            if self.faults.on:
                self.venue.stranger(item.symbol)
                self._strange(item, every_s)

        self.at(self.loop.time() + wait_s, act)

    def _settle(self, item: SymbolPlan, at_s: float) -> None:
        venue, symbol = self.venue, item.symbol
        self.at(at_s, lambda: venue.set_phase(symbol, MarketPhase.CLOSED))
        self.at(at_s + 10, lambda: venue.set_phase(symbol, MarketPhase.DETERMINED))
        at_s += self._rng.uniform(15, 60)
        self.at(at_s, lambda: venue.set_phase(symbol, MarketPhase.SETTLED))

    def _jump(self, jump_s: float) -> None:
        self._wall.offset_s += jump_s
        self.faults.mark(Fault.CLOCK_JUMP)

    def _pause(self, *, paused: bool) -> None:
        if paused:
            self.faults.mark(Fault.VENUE_PAUSED)
        self.venue.set_paused(paused)

    def _pause_market(self, phase: MarketPhase) -> None:
        symbol = self.plan.symbols[0].symbol
        if self.venue.markets[symbol].phase in {MarketPhase.ACTIVE, MarketPhase.PAUSED}:
            self.faults.mark(Fault.MARKET_PAUSED)
            self.venue.set_phase(symbol, phase)

    def calm(self) -> None:
        """Every fault stops; the market becomes liquid; the clock is right again."""
        self.faults.on = False
        self._wall.offset_s = 0.0
        self.tick_s = CALM_TICK_S
        self.venue.calm = True
        self.faults.counts[Fault.FILL_HIDDEN] = self.venue.hidden
        if self.venue.paused:
            self.venue.set_paused(False)
        for symbol, market in self.venue.markets.items():
            market.calm = True
            if market.phase is MarketPhase.PAUSED:
                self.venue.set_phase(symbol, MarketPhase.ACTIVE)
            self.venue.tick(symbol)

    def start(self) -> None:
        """A new process takes the journal."""
        if self.host is not None:
            return
        self.lives += 1
        context = self.loop.process_context(self.lives)
        self._main = self.loop.create_task(self._live(), context=context)
        self._main.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A process ends by its own wish, by its journal's failure, or it has found a bug."""
        try:
            error = task.exception()
        except asyncio.CancelledError:
            return
        if error is not None:
            raise error

    async def _live(self) -> None:
        boot_s = self._rng.uniform(1.0, 100_000.0)
        checks = Checks(self.venue, self._halts, self.faults)
        ground = Ground(
            self.plan,
            self.venue,
            self.faults,
            self.path,
            self._context,
            self.kill,
            self.idle_poll_s,
            self._setting.observers,
        )
        clock = SimClock(self._wall, self.loop, boot_s)
        self.host = Host(ground, clock, checks)
        try:
            await self.host.run()
        except* JournalError:
            self.host.journal.abandon()
        self._gone()

    def _gone(self) -> None:
        self.host = None
        if self.stay_down:
            return
        wait_s = self.faults.between(0.05, 10.0)
        self.at(self.loop.time() + wait_s, self.start)

    def kill(self) -> None:
        """kill -9: nothing of the process runs any more; what it sent is on its way."""
        if self.host is None:
            return
        self.loop.kill(self.lives)
        self.host.journal.abandon()
        self._gone()

    def _kill_now(self) -> None:
        if self.host is not None:
            self.faults.mark(Fault.KILLED)
            self.kill()

    def _stop_now(self) -> None:
        if self.host is not None:
            self.faults.mark(Fault.STOPPED)
            self.host.stop.set()

    def say(self, event: Event) -> None:
        """The operator speaks, if anybody listens."""
        if self.host is not None:
            self.host.inbox.put_answer(event)

    def _trade(self, trade: TradePlan) -> None:
        """The operator asks for a trade, by the price that the venue has now."""
        host = self.host
        if host is not None and self.faults.on:
            quote = self.venue.book_quote(trade.symbol)
            positions = host.engine.book.positions
            self.say(self._trades.ask(trade, host.clock, quote, positions, self._trading))

    def _operate(self, word: str) -> None:
        """One random word of the operator."""
        if self.host is not None and self.faults.on:
            item = self._rng.choice(self.plan.symbols)
            self.say(self._words(self.host, item, word))

    def _words(self, host: Host, item: SymbolPlan, word: str) -> Event:  # noqa: PLR0911 - one match
        stamp, where, symbol = host.clock.stamp(), host.clock.venue_stamp(), item.symbol
        orders = list(host.engine.book.orders)
        match word:
            case "halt":
                return HaltRequested(**stamp, text="simulated")
            case "resume":
                return ResumeRequested(**stamp)
            case "exit":
                return ExitRequested(**where, symbol=symbol)
            case "part":
                return ExitRequested(
                    **where, symbol=symbol, qty=max(item.lots // 2, 1) * item.lot_qty
                )
            case "confirm":
                return ConfirmRequested(**where, symbol=symbol)
            case "cancel" if orders:
                return CancelRequested(**stamp, client_order_id=orders[-1])
            case _:
                return host.rules()

    def resume(self) -> None:
        """The operator allows exits again, and means every stop."""
        if self.host is None:
            return
        clock = self.host.clock
        self.say(ResumeRequested(**clock.stamp()))
        for item in self.plan.symbols:
            if self.venue.position(item.symbol) != ZERO:
                self.say(ConfirmRequested(**clock.venue_stamp(), symbol=item.symbol))
