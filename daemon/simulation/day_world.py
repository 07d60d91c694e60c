"""The stage of a trading day: the world of an episode at a day's pace, and somebody who watches."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from typing_extensions import override

from daemon.analytics.day_report import Notice
from daemon.analytics.tape import Tape
from daemon.core.commands import Command, Notify
from daemon.core.events import Event, Quote, VenuePaused
from daemon.core.terms import NANOS, Symbol
from daemon.simulation.day_market import DayMarket
from daemon.simulation.day_plan import PAUSE_AHEAD_S, RATES, DayPlan
from daemon.simulation.faults import Fault
from daemon.simulation.loop import SimLoop
from daemon.simulation.market import Market
from daemon.simulation.plan import ACCOUNT, VENUE, SymbolPlan
from daemon.simulation.venue import BIRTH_NS
from daemon.simulation.world import Setting, World


class Watcher:
    """An observer of all lives that keeps what leaves no trace in the journal: the notices."""

    def __init__(self, loop: SimLoop) -> None:
        self.notices: list[Notice] = []
        self.quotes = 0
        self._loop = loop

    def observe(self, seq: int, event: Event, commands: Sequence[Command]) -> None:
        """Count prices, keep notices."""
        del seq
        self.quotes += isinstance(event, Quote)
        for command in commands:
            if isinstance(command, Notify):
                about = command.client_order_id or (command.key.symbol if command.key else "")
                kind, text = command.notice.value, command.text
                notice = Notice(self._loop.time(), kind, text, about, command.urgent)
                self.notices.append(notice)


class DayWorld(World):
    """A world whose markets keep the pace of their temper; `downs` are times without a process."""

    def __init__(self, day: DayPlan, rng: random.Random, loop: SimLoop, path: Path) -> None:
        self.day = day
        self.watcher = Watcher(loop)
        names = [item.symbol for item in day.plan.symbols]
        self.tapes = {(name, side): Tape() for name in names for side in ("yes", "no")}
        self.downs: list[tuple[float, float]] = []
        self._down_since: float | None = 0.0
        setting = Setting(self._market, RATES, (self.watcher,))
        super().__init__(day.plan, rng, loop, path, setting)
        for name in names:
            self._note_price(self.venue.book_quote(name))

    def _market(self, item: SymbolPlan, rng: random.Random) -> Market:
        return DayMarket(item, rng, self.day.tempers[item.symbol])

    @override
    def pace_s(self, item: SymbolPlan) -> float:
        return self.day.tempers[item.symbol].pace_s

    @override
    def prepare(self) -> None:
        super().prepare()
        for from_s, for_s in self.plan.pauses:
            told_s = max(from_s - PAUSE_AHEAD_S, 0.0)
            self.at(told_s, partial(self._announce, from_s, from_s + for_s))

    def _announce(self, from_s: float, until_s: float) -> None:
        """The venue tells of a pause that lies ahead, to whoever connects as well."""
        self.venue.announced = VenuePaused(
            receive_time_ns=0,
            mono_ns=0,
            account=ACCOUNT,
            venue=VENUE,
            pause_time_ns=BIRTH_NS + int(from_s * NANOS),
            resume_time_ns=BIRTH_NS + int(until_s * NANOS),
            text="a pause of the venue is scheduled",
        )
        self._publish(self.venue.announced)

    @override
    def _publish(self, event: Event) -> None:
        if isinstance(event, Quote):
            self._note_price(event)
        super()._publish(event)

    def _note_price(self, quote: Quote) -> None:
        no_px = None if quote.ask_px is None else 1 - quote.ask_px
        self.tapes[quote.symbol, "yes"].note(self.loop.time(), quote.bid_px)
        self.tapes[quote.symbol, "no"].note(self.loop.time(), no_px)

    @override
    def start(self) -> None:
        if self.host is None and self._down_since is not None:
            self.downs.append((self._down_since, self.loop.time()))
            self._down_since = None
        super().start()

    @override
    def _gone(self) -> None:
        self._down_since = self.loop.time()
        super()._gone()

    def moves(self, symbol: Symbol) -> int:
        """How often others changed a market's book."""
        market = self.venue.markets[symbol]
        assert isinstance(market, DayMarket)
        return market.moves

    def go_quiet(self) -> None:
        """No more faults; the markets become liquid where they stand."""
        pending = self.faults.counts[Fault.FILL_HIDDEN]
        self.calm()
        self.faults.counts[Fault.FILL_HIDDEN] = pending
