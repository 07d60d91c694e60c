"""The other traders: they set the book, sweep it, and follow scripts. They have unlimited cash.

A script is either a seeded walk (a mid price that wanders, with liquidity that thins out and
gaps) or a list of literal steps. It knows the book and the desk, never a member's order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from daemon.paper.clock import MILLI_NS
from daemon.paper.desk import NewOrder, OrderDesk, Route
from daemon.paper.exchange import MAKERS, TAKERS, Exchange
from daemon.paper.listing import decimal_of, levels_of
from daemon.paper.model import (
    Market,
    MarketStatus,
    Order,
    Owner,
    Reason,
    SelfTrade,
    Side,
    TimeInForce,
)
from daemon.paper.refusal import OperatorError, RefusalError
from daemon.paper.units import ONE, ZERO, ceil_to, floor_to

Levels = list[tuple[Decimal, Decimal]]


class Step(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One literal step: wait, then set the book, then send an order. Strings for numbers."""

    after_ms: int = 0
    bids: list[tuple[str, str]] | None = None
    asks: list[tuple[str, str]] | None = None
    side: str = ""
    price: str = ""
    count: str = ""


class ScriptSpec(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A script. With `steps` it is literal, without them a walk.

    Walk: every interval_ms the mid moves by up to `step` (dollars); with probability
    `gap_per_million` by `gap` instead, the way `gap_direction` points (-1, 0 either, 1); with
    probability `thin_per_million` only one contract stays at each level; `depth` levels of
    `size` contracts stand `half_spread` away from it, between `floor` and `ceiling`.
    """

    name: str
    ticker: str
    interval_ms: int = 500
    start: str = "0.50"
    step: str = "0.01"
    half_spread: str = "0.01"
    depth: int = 5
    size: str = "100"
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


class OtherTraders:
    """Everyone on the exchange who is not a member under test."""

    def __init__(self, exchange: Exchange, desk: OrderDesk) -> None:
        self._exchange = exchange
        self._desk = desk
        self.scripts: dict[str, Script] = {}

    def set_book(self, ticker: str, bids: Levels | None, asks: Levels | None) -> None:
        """Replace the others' liquidity on each side given; what crosses a member trades.

        New liquidity comes before the old one goes, level by level, so that no frame shows a
        price that is worse than both the old book and the new one.
        """
        market = self._exchange.market(ticker)
        if market.status is not MarketStatus.ACTIVE:
            raise OperatorError(f"{ticker} is {market.status}, its book cannot be set")
        self._check_levels(market, bids or [], asks or [])
        given = ((Side.BID, bids), (Side.ASK, asks))
        wanted = {side: dict(levels) for side, levels in given if levels is not None}
        for side, levels in wanted.items():
            for price, qty in levels.items():
                missing = qty - sum((o.remaining for o in self._own(ticker, side, price)), ZERO)
                if missing > ZERO:
                    self._send(MAKERS, ticker, side, price, missing)
        for side, levels in wanted.items():
            for order in reversed(self._own(ticker, side)):
                there = self._own(ticker, side, order.price)
                excess = sum((o.remaining for o in there), ZERO) - levels.get(order.price, ZERO)
                self._cut(order, excess)

    def _own(self, ticker: str, side: Side, price: Decimal | None = None) -> list[Order]:
        return [
            order
            for order in self._exchange.books[ticker].orders()
            if order.owner == MAKERS and order.side is side and price in (None, order.price)
        ]

    def _cut(self, order: Order, qty: Decimal) -> None:
        if qty >= order.remaining:
            self._exchange.end_resting(order, Reason.DECREASE)
        elif qty > ZERO:
            route = Route(owner=MAKERS, order_id=order.order_id, ticker=order.ticker)
            self._desk.decrease(route, qty, None)

    def send(self, ticker: str, side: Side, price: Decimal, qty: Decimal) -> Order:
        """Another trader's IoC order: a sweep when it is large and far."""
        self._exchange.market(ticker)
        try:
            return self._send(TAKERS, ticker, side, price, qty, TimeInForce.IMMEDIATE_OR_CANCEL)
        except RefusalError as refusal:
            raise OperatorError(f"the order was refused: {refusal}") from refusal

    def start(self, spec: ScriptSpec) -> Script:
        """Begin a script, or begin one of that name again."""
        self._exchange.market(spec.ticker)
        if spec.interval_ms <= 0:
            raise OperatorError(f"interval_ms = {spec.interval_ms}: more than 0 is accepted")
        script = Script(
            spec=spec,
            dice=self._exchange.chance.stream(f"script-{spec.name}"),
            mid=decimal_of("start", spec.start),
        )
        script.due_ns = self._exchange.clock.mono_ns() + self._wait_ns(script)
        self.scripts[spec.name] = script
        return script

    def stop(self, name: str) -> None:
        """Hold a script where it stands."""
        if name not in self.scripts:
            raise OperatorError(f"no script {name!r}; there are {sorted(self.scripts)}")
        self.scripts[name].is_running = False

    def advance(self, name: str, moves: int) -> None:
        """Make a script move now, whatever the clock says."""
        if name not in self.scripts:
            raise OperatorError(f"no script {name!r}; there are {sorted(self.scripts)}")
        for _ in range(moves):
            self._move(self.scripts[name])

    def tick(self) -> None:
        """Let every script make the moves that are due, one a call at most."""
        now = self._exchange.clock.mono_ns()
        for script in self.scripts.values():
            if script.is_running and now >= script.due_ns:
                self._move_safely(script)
                script.due_ns = now + self._wait_ns(script)

    def _move_safely(self, script: Script) -> None:
        """A step that cannot be made stops its script and says why; the exchange goes on."""
        try:
            self._move(script)
        except (OperatorError, RefusalError, ValueError) as error:
            script.is_running, script.error = False, str(error)

    def _wait_ns(self, script: Script) -> int:
        spec = script.spec
        if not spec.steps:
            return spec.interval_ms * MILLI_NS
        return spec.steps[script.position % len(spec.steps)].after_ms * MILLI_NS

    def _move(self, script: Script) -> None:
        market = self._exchange.markets[script.spec.ticker]
        if not self._can_trade(market):
            return
        script.moves += 1
        if script.spec.steps:
            self._literal_step(script)
        else:
            self._walk_step(script, market)

    def _can_trade(self, market: Market) -> bool:
        shard = self._exchange.shards[market.exchange_index]
        is_open = market.status is MarketStatus.ACTIVE
        in_time = self._exchange.clock.wall_ns() < market.close_ns
        return is_open and in_time and shard.exchange_active and shard.trading_active

    def _literal_step(self, script: Script) -> None:
        spec = script.spec
        step = spec.steps[script.position]
        bids = None if step.bids is None else levels_of("bids", step.bids)
        asks = None if step.asks is None else levels_of("asks", step.asks)
        if bids is not None or asks is not None:
            self.set_book(spec.ticker, bids, asks)
        if step.side:
            price, qty = (
                decimal_of("price", step.price),
                decimal_of("count", step.count),
            )
            self.send(spec.ticker, Side(step.side), price, qty)
        script.position += 1
        if script.position == len(spec.steps):
            script.is_running = spec.repeat
            script.position = 0

    def _walk_step(self, script: Script, market: Market) -> None:
        spec, dice = script.spec, script.dice
        move = decimal_of("step", spec.step) * dice.randint(-1, 1)
        if dice.randrange(1_000_000) < spec.gap_per_million:
            way = spec.gap_direction or dice.choice((-1, 1))
            move = decimal_of("gap", spec.gap) * way
        low, high = decimal_of("floor", spec.floor), decimal_of("ceiling", spec.ceiling)
        script.mid = min(max(script.mid + move, low), high)
        is_thin = dice.randrange(1_000_000) < spec.thin_per_million
        size = ONE if is_thin else decimal_of("size", spec.size)
        half = decimal_of("half_spread", spec.half_spread)
        bids = _ladder(market, script.mid - half, Side.BID, spec.depth, size)
        asks = _ladder(market, script.mid + half, Side.ASK, spec.depth, size)
        self.set_book(market.ticker, bids, asks)

    def _check_levels(self, market: Market, bids: Levels, asks: Levels) -> None:
        for price, _ in bids + asks:
            if not market.on_grid(price):
                raise OperatorError(f"price {price} is not on the grid of {market.ticker}")
        if bids and asks and max(p for p, _ in bids) >= min(p for p, _ in asks):
            raise OperatorError("the bids cross the asks")

    def _send(
        self,
        owner: Owner,
        ticker: str,
        side: Side,
        price: Decimal,
        qty: Decimal,
        time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELED,
    ) -> Order:
        return self._desk.place(
            NewOrder(
                owner=owner,
                ticker=ticker,
                side=side,
                price=price,
                qty=qty,
                time_in_force=time_in_force,
                self_trade=SelfTrade.MAKER,
            )
        )


def _ladder(market: Market, best: Decimal, side: Side, depth: int, size: Decimal) -> Levels:
    """`depth` grid prices away from `best`, worse and worse, inside the market's bounds."""
    step = max(r.step for r in market.ranges)
    price = floor_to(best, step) if side is Side.BID else ceil_to(best, step)
    levels: Levels = []
    for _ in range(depth):
        if market.on_grid(price):
            levels.append((price, size))
        price -= side.sign * step
    return levels
