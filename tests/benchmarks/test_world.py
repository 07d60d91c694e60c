"""The world of the benchmarks does what a running daemon would: exits fire, fills are counted."""

from __future__ import annotations

from decimal import Decimal

from benchmarks.core_figures import feed
from benchmarks.frames import fill_frame, ticker_frame
from benchmarks.world import World, exiting, fills_of, guarded
from daemon.core.events import Fill, Quote
from daemon.core.position import Guard
from daemon.core.terms import Account, Venue
from daemon.venues.decoding import Stamp
from daemon.venues.kalshi.stream_wire import decode_frame

STAMP = Stamp(receive_time_ns=0, mono_ns=0, account=Account("main"), venue=Venue("kalshi"))


def test_guarded_positions_are_armed_and_verified() -> None:
    positions = guarded(3).engine.book.positions.values()
    assert [(p.guard, p.verified, p.qty) for p in positions] == [
        (Guard.ARMED, True, Decimal(100))
    ] * 3


def test_fills_are_counted_on_working_exit_orders() -> None:
    world, orders = exiting(2)
    feed(world.engine, list(fills_of(world, orders, 10)))
    assert [order.cum_qty for order in world.engine.book.orders.values()] == [5, 5]


def test_a_cycle_leaves_one_closed_order() -> None:
    world = World()
    world.begin()
    world.hold([7], Decimal(1))
    world.cycle(7)
    (order,) = world.engine.book.orders.values()
    assert order.dead
    assert not world.engine.book.exits


def test_frames_are_what_the_client_reads() -> None:
    world = World()
    fill = next(fills_of(world, exiting(1)[1], 1))
    read = decode_frame(STAMP, fill_frame(fill, 99), 0).body
    assert isinstance(read, Fill)
    assert (read.exec_id, read.last_qty, read.position_qty) == (
        fill.exec_id,
        Decimal(1),
        Decimal(99),
    )
    quote = decode_frame(STAMP, ticker_frame(1, "0.5900", "0.6100"), 0).body
    assert isinstance(quote, Quote)
