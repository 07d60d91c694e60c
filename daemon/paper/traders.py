"""The other traders of any venue: they set the book, sweep it, and follow scripts.

A script is either a seeded walk (a mid price that wanders, with liquidity that thins out and
gaps) or a list of literal steps. They reach their exchange through a `Pit` and know no member.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

import msgspec

from daemon.paper.clock import MILLI_NS, Chance, Clock
from daemon.paper.matching import Priced
from daemon.paper.model import Side
from daemon.paper.refusal import OperatorError, RefusedError
from daemon.paper.units import ZERO, ceil_to, decimal_of, floor_to, levels_of

Levels = list[tuple[Decimal, Decimal]]
T = TypeVar("T", bound=Priced)


class Pit(Protocol[T]):
    """An exchange as its other traders see it. Unknown symbols are `OperatorError`s."""

    def is_open(self, symbol: str) -> bool:
        """Whether orders are taken now."""
        ...

    def on_grid(self, symbol: str, price: Decimal) -> bool:
        """Whether a price may be quoted."""
        ...

    def step(self, symbol: str) -> Decimal:
        """The distance between two levels of a walk's book."""
        ...

    def resting(self, symbol: str, side: Side) -> list[T]:
        """What the other traders have on the book, best price first."""
        ...

    def send(self, symbol: str, side: Side, price: Decimal, qty: Decimal, *, rests: bool) -> T:
        """Place an order: one that rests, or an IoC sweep."""
        ...

    def shrink(self, order: T, qty: Decimal) -> None:
        """Take `qty` off a resting order; all of it when that is more than it has."""
        ...


class Step(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One literal step: wait, then set the book, then send an order. Strings for numbers."""

    after_ms: int = 0
    bids: list[tuple[str, str]] | None = None
    asks: list[tuple[str, str]] | None = None
    side: str = ""
    price: str = ""
    count: str = ""


class ScriptSpec(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A script. With `steps` it is literal, without them a walk. `ticker` is the venue's symbol.

    Walk: every interval_ms the mid moves by up to `step` (quote currency); with probability
    `gap_per_million` by `gap` instead, the way `gap_direction` points (-1, 0 either, 1); with
    probability `thin_per_million` only `thin_size` stays at each level; `depth` levels of
    `size` stand `half_spread` away from it, between `floor` and `ceiling`.
    """

    name: str
    ticker: str
    interval_ms: int = 500
    start: str = "0.50"
    step: str = "0.01"
    half_spread: str = "0.01"
    depth: int = 5
    size: str = "100"
    thin_size: str = "1"
    floor: str = "0.02"
    ceiling: str = "0.98"
    gap: str = "0.10"
    gap_direction: int = 0
    gap_per_million: int = 0
    thin_per_million: int = 0
    steps: list[Step] = []
    repeat: bool = False


@dataclass(slots=True)
class Script:
    """A running script: where it stands and when it moves next (monotonic ns)."""

    spec: ScriptSpec
    dice: random.Random
    mid: Decimal
    due_ns: int = 0
    position: int = 0
    is_running: bool = True
    moves: int = 0
    error: str = ""


class OtherTraders(Generic[T]):
    """Everyone on the exchange who is not a member under test."""

    def __init__(self, pit: Pit[T], clock: Clock, chance: Chance) -> None:
        self._pit = pit
        self._clock = clock
        self._chance = chance
        self.scripts: dict[str, Script] = {}

    def set_book(self, ticker: str, bids: Levels | None, asks: Levels | None) -> None:
        """Replace the others' liquidity on each side given; what crosses a member trades.

        New liquidity comes before the old one goes, level by level, so that no frame shows a
        price that is worse than both the old book and the new one.
        """
        if not self._pit.is_open(ticker):
            raise OperatorError(f"{ticker} does not trade now, its book cannot be set")
        self._check_levels(ticker, bids or [], asks or [])
        given = ((Side.BID, bids), (Side.ASK, asks))
        wanted = {side: dict(levels) for side, levels in given if levels is not None}
        for side, levels in wanted.items():
            for price, qty in levels.items():
                missing = qty - self._resting_at(ticker, side, price)
                if missing > ZERO:
                    self._pit.send(ticker, side, price, missing, rests=True)
        for side, levels in wanted.items():
            for order in reversed(self._pit.resting(ticker, side)):
                there = self._resting_at(ticker, side, order.price)
                excess = there - levels.get(order.price, ZERO)
                if excess > ZERO:
                    self._pit.shrink(order, excess)

    def _resting_at(self, ticker: str, side: Side, price: Decimal) -> Decimal:
        rows = self._pit.resting(ticker, side)
        return sum((order.remaining for order in rows if order.price == price), ZERO)

    def send(self, ticker: str, side: Side, price: Decimal, qty: Decimal) -> T:
        """Another trader's IoC order: a sweep when it is large and far."""
        self._pit.is_open(ticker)
        try:
            return self._pit.send(ticker, side, price, qty, rests=False)
        except RefusedError as refusal:
            raise OperatorError(f"the order was refused: {refusal}") from refusal

    def start(self, spec: ScriptSpec) -> Script:
        """Begin a script, or begin one of that name again."""
        self._pit.is_open(spec.ticker)
        if spec.interval_ms <= 0:
            raise OperatorError(f"interval_ms = {spec.interval_ms}: more than 0 is accepted")
        script = Script(
            spec=spec,
            dice=self._chance.stream(f"script-{spec.name}"),
            mid=decimal_of("start", spec.start),
        )
        script.due_ns = self._clock.mono_ns() + _wait_ns(script)
        self.scripts[spec.name] = script
        return script

    def stop(self, name: str) -> None:
        """Hold a script where it stands."""
        self._script(name).is_running = False

    def advance(self, name: str, moves: int) -> None:
        """Make a script move now, whatever the clock says."""
        script = self._script(name)
        for _ in range(moves):
            self._move(script)

    def tick(self) -> None:
        """Let every script make the moves that are due, one a call at most."""
        now = self._clock.mono_ns()
        for script in self.scripts.values():
            if script.is_running and now >= script.due_ns:
                self._move_safely(script)
                script.due_ns = now + _wait_ns(script)

    def _script(self, name: str) -> Script:
        if name not in self.scripts:
            raise OperatorError(f"no script {name!r}; there are {sorted(self.scripts)}")
        return self.scripts[name]

    def _move_safely(self, script: Script) -> None:
        """A step that cannot be made stops its script and says why; the exchange goes on."""
        try:
            self._move(script)
        except (OperatorError, RefusedError, ValueError) as error:
            script.is_running, script.error = False, str(error)

    def _move(self, script: Script) -> None:
        if not self._pit.is_open(script.spec.ticker):
            return
        script.moves += 1
        if script.spec.steps:
            self._literal_step(script)
        else:
            self._walk_step(script)

    def _literal_step(self, script: Script) -> None:
        spec = script.spec
        step = spec.steps[script.position]
        bids = None if step.bids is None else levels_of("bids", step.bids)
        asks = None if step.asks is None else levels_of("asks", step.asks)
        if bids is not None or asks is not None:
            self.set_book(spec.ticker, bids, asks)
        if step.side:
            price, qty = decimal_of("price", step.price), decimal_of("count", step.count)
            self.send(spec.ticker, Side(step.side), price, qty)
        script.position += 1
        if script.position == len(spec.steps):
            script.is_running = spec.repeat
            script.position = 0

    def _walk_step(self, script: Script) -> None:
        spec, dice = script.spec, script.dice
        move = decimal_of("step", spec.step) * dice.randint(-1, 1)
        if dice.randrange(1_000_000) < spec.gap_per_million:
            way = spec.gap_direction or dice.choice((-1, 1))
            move = decimal_of("gap", spec.gap) * way
        low, high = decimal_of("floor", spec.floor), decimal_of("ceiling", spec.ceiling)
        script.mid = min(max(script.mid + move, low), high)
        is_thin = dice.randrange(1_000_000) < spec.thin_per_million
        qty = decimal_of("size", spec.thin_size if is_thin else spec.size)
        half = decimal_of("half_spread", spec.half_spread)
        bids = self._ladder(spec, script.mid - half, Side.BID, qty)
        asks = self._ladder(spec, script.mid + half, Side.ASK, qty)
        self.set_book(spec.ticker, bids, asks)

    def _ladder(self, spec: ScriptSpec, best: Decimal, side: Side, qty: Decimal) -> Levels:
        """`depth` grid prices away from `best`, worse and worse, inside the market's bounds."""
        step = self._pit.step(spec.ticker)
        price = floor_to(best, step) if side is Side.BID else ceil_to(best, step)
        levels: Levels = []
        for _ in range(spec.depth):
            if self._pit.on_grid(spec.ticker, price):
                levels.append((price, qty))
            price -= side.sign * step
        return levels

    def _check_levels(self, ticker: str, bids: Levels, asks: Levels) -> None:
        for price, _ in bids + asks:
            if not self._pit.on_grid(ticker, price):
                raise OperatorError(f"price {price} is not on the grid of {ticker}")
        if bids and asks and max(p for p, _ in bids) >= min(p for p, _ in asks):
            raise OperatorError("the bids cross the asks")


def _wait_ns(script: Script) -> int:
    spec = script.spec
    if not spec.steps:
        return spec.interval_ms * MILLI_NS
    return spec.steps[script.position % len(spec.steps)].after_ms * MILLI_NS
