"""The engine alone, CPU time: fills, quotes, slopes, and what a book costs in memory."""

from __future__ import annotations

import functools
import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from decimal import Decimal

from benchmarks.figures import Budget, Figure, middle
from benchmarks.world import World, exiting, fills_of, guarded
from daemon.core.engine import Engine
from daemon.core.events import Event, Quote
from daemon.core.terms import VenueOrderId

RUNS = 5
SLOPE = Budget(ratio_at_most=1.3)


def cpu_us(work: Callable[[], object], times: int) -> float:
    """CPU microseconds of one of `times` things that `work` does."""
    began_ns = time.process_time_ns()
    work()
    return (time.process_time_ns() - began_ns) / times / 1_000


def feed(engine: Engine, events: Sequence[Event]) -> None:
    """Hand all of them in."""
    handle = engine.handle
    for event in events:
        handle(event)


def _feed_all(batches: Sequence[tuple[Engine, Sequence[Event]]]) -> None:
    for engine, events in batches:
        feed(engine, events)


class _Runs:
    """Runs over one long stream of fills, so that no fill comes twice."""

    def __init__(self, world: World, orders: Sequence[VenueOrderId], times: int) -> None:
        self._world, self._orders, self.times = world, orders, times

    def once(self) -> float:
        """CPU microseconds a fill."""
        fills = list(fills_of(self._world, self._orders, self.times))
        gc.collect()
        return cpu_us(lambda: feed(self._world.engine, fills), self.times)


def _bare_fills(times: int) -> float:
    """The floor: three exact sums and a set of keys."""
    seen: set[tuple[str, str]] = set()
    qty = notional = fees = Decimal(0)
    one, px, fee = Decimal(1), Decimal("0.50"), Decimal("0.0112")
    keys = [("order", f"exec-{n}") for n in range(times)]
    began_ns = time.process_time_ns()
    for key in keys:
        if key not in seen:
            seen.add(key)
            qty += one
            notional += one * px
            fees += fee
    return (time.process_time_ns() - began_ns) / times / 1_000


def engine_alone(*, quick: bool) -> list[Figure]:
    """Fills of 1,000 open exit orders in, commands out."""
    world, orders = exiting(1_000)
    times = 2_000 if quick else 10_000
    runs = _Runs(world, orders, times)
    pairs = [(runs.once(), _bare_fills(times)) for _ in range(RUNS)]
    ours = 1e6 / middle(us for us, _ in pairs)
    floor = 1e6 / middle(us for _, us in pairs)
    return [
        Figure(
            name="engine alone",
            ours=ours,
            unit="fills/s",
            floor=floor,
            floor_is="Decimal sums and a set",
            budget=Budget(at_least=100_000),
            note=f"CPU time, {len(orders):,} open orders, {world.fills:,} fills in all",
        )
    ]


def _judged(world: World, count: int) -> list[Quote]:
    return [world.quote(n, bid, "0.61") for bid in ("0.59", "0.60") for n in range(count)]


def _bare_quotes(quotes: Sequence[Quote]) -> float:
    """The floor: find the band of the symbol, compare twice."""
    low, high = Decimal("0.54"), Decimal("0.99")
    bands = {quote.symbol: (low, high) for quote in quotes}
    met = 0
    began_ns = time.process_time_ns()
    for quote in quotes:
        band = bands[quote.symbol]
        if quote.bid_px is not None and (quote.bid_px <= band[0] or quote.bid_px >= band[1]):
            met += 1
    assert not met
    return (time.process_time_ns() - began_ns) / len(quotes) / 1_000


def _feed_restless(engine: Engine, quotes: Sequence[Quote]) -> None:
    """Hand all of them in; no band holds, so that every one is judged in full."""
    handle, memory = engine.handle, engine.memory
    for quote in quotes:
        memory.turn += 1
        handle(quote)


def quote_decision(*, quick: bool) -> list[Figure]:
    """A typed quote of one of 10,000 guarded positions in, no trigger out."""
    count = 2_000 if quick else 10_000
    world, restless = guarded(count), guarded(count)
    quotes, again = _judged(world, count), _judged(restless, count)
    gc.collect()
    runs = [
        (
            cpu_us(lambda: feed(world.engine, quotes), len(quotes)),
            cpu_us(lambda: _feed_restless(restless.engine, again), len(again)),
            _bare_quotes(quotes),
        )
        for _ in range(RUNS)
    ]
    calm, full, floor = (middle(part) for part in zip(*runs, strict=True))
    return [
        Figure(
            name=name,
            ours=ours,
            unit="us",
            floor=floor,
            floor_is="dict and two compares",
            budget=Budget(at_most=5),
            note=f"CPU time, {count:,} guarded positions; {which}",
        )
        for name, ours, which in (
            ("quote in -> trigger decision", calm, "between the levels, nothing moved since"),
            ("quote judged in full", full, "the first after anything moved, or near a level"),
        )
    ]


def slopes(*, quick: bool) -> list[Figure]:
    """What one more of something costs where there are few, and where there are many."""
    many, deep, times = (2_000, 20_000, 1_000) if quick else (10_000, 100_000, 5_000)
    return [
        _orders_slope(many, times),
        _depth_slope(deep, times),
        _positions_slope(many),
    ]


def _slope(name: str, few: Sequence[float], many: Sequence[float], note: str) -> Figure:
    return Figure(
        name=name,
        ours=middle(many),
        unit="us",
        floor=middle(few),
        floor_is="the same with 10",
        budget=SLOPE,
        note=note,
    )


def _orders_slope(many: int, times: int) -> Figure:
    few_runs, many_runs = (_Runs(*exiting(count), times) for count in (10, many))
    pairs = [(few_runs.once(), many_runs.once()) for _ in range(RUNS)]
    few, more = zip(*pairs, strict=True)
    return _slope(f"slope: 10 -> {many:,} open orders", few, more, "CPU time a fill")


def _depth_slope(deep: int, times: int) -> Figure:
    """One order's first fills (many fresh orders of 10 fills each) and its last."""
    fresh = [exiting(1) for _ in range(RUNS * times // 10)]
    began: list[float] = []
    for run in range(RUNS):
        batch = [
            (world.engine, list(fills_of(world, orders, 10)))
            for world, orders in fresh[run * times // 10 : (run + 1) * times // 10]
        ]
        gc.collect()
        began.append(cpu_us(functools.partial(_feed_all, batch), times))
    world, orders = exiting(1)
    feed(world.engine, list(fills_of(world, orders, deep - RUNS * times)))
    runs = _Runs(world, orders, times)
    ended = [runs.once() for _ in range(RUNS)]
    return _slope(f"slope: 10 -> {deep:,} fills on one order", began, ended, "CPU time a fill")


def _positions_slope(many: int) -> Figure:
    small, large = guarded(10), guarded(many)
    # As many quotes as of the many, none twice: what is measured is the book, not the quotes' place
    # in the processor's cache. A live quote has just been made, however few symbols there are.
    few_quotes = [quote for _ in range(many // 10) for quote in _judged(small, 10)]
    many_quotes = _judged(large, many)
    gc.collect()
    pairs = [
        (
            cpu_us(lambda: feed(small.engine, few_quotes), len(few_quotes)),
            cpu_us(lambda: feed(large.engine, many_quotes), len(many_quotes)),
        )
        for _ in range(RUNS)
    ]
    few, more = zip(*pairs, strict=True)
    return _slope(f"slope: 10 -> {many:,} guarded positions", few, more, "CPU time a quote")


def memory(*, quick: bool) -> list[Figure]:
    """Bytes that stay for an order that is over, and for one at work with 50 fills."""
    count = 500 if quick else 2_000
    return [
        Figure(
            name="memory: closed order kept",
            ours=_closed_bytes(count) / 1_000,
            unit="kB",
            budget=Budget(at_most=3),
            note="with its exit, its fills and their keys",
        ),
        Figure(
            name="memory: open order, 50 fills",
            ours=_open_bytes(count // 5) / 1_000,
            unit="kB",
            budget=Budget(at_most=15),
            note="with its exit, its fills and their keys",
        ),
    ]


def _grown_bytes(work: Callable[[], None]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def _closed_bytes(count: int) -> float:
    world = World()
    world.begin()
    world.hold(range(10), Decimal(1))

    def work() -> None:
        for turn in range(count):
            world.cycle(turn % 10)

    return _grown_bytes(work) / count


def _open_bytes(count: int) -> float:
    world = World()
    world.begin()
    world.hold(range(count), Decimal(1_000_000))

    def work() -> None:
        orders = [world.open_exit(number) for number in range(count)]
        feed(world.engine, list(fills_of(world, orders, count * 50)))

    return _grown_bytes(work) / count
