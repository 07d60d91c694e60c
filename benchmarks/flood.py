"""Quotes in floods: injected typed at the loop, and as frames over a socket.

Stops have to fire meanwhile: some of the injected quotes are beyond the stop of their position,
and the time until their order is let out, durable, is told.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.durable import ed25519
from benchmarks.figures import Budget, Figure, middle, spread
from benchmarks.frames import book_frames, delta_frame, ticker_frame
from benchmarks.peer import Peer
from benchmarks.rig import OWNER, QuietVenue, Rig, Tally, kalshi, running, until
from benchmarks.world import World, guarded, symbol_of
from daemon.core.events import Quote
from daemon.core.terms import Symbol

RATE = 100_000
TICK_S = 0.001
STOPS = 40
RUNS = 5


def _clocked(world: World) -> World:
    """The world's quotes must not look newer than those of the run."""
    assert world.mono_ns < time.monotonic_ns()
    return world


async def _inject(
    rig: Rig, calm: Sequence[Quote], beyond: Sequence[Quote], seconds: float
) -> tuple[int, dict[Symbol, int], int]:
    """Put quotes at the rate; returns how many, when each stop's came, and the longest queue."""
    put = rig.inbox.put
    began_ns, sent, longest = time.monotonic_ns(), 0, 0
    stopped: dict[Symbol, int] = {}
    every = int(RATE * seconds) // len(beyond)
    while sent < RATE * seconds:
        due = min((time.monotonic_ns() - began_ns) * RATE // 1_000_000_000, int(RATE * seconds))
        longest = max(longest, len(rig.inbox._fresh))
        for number in range(sent, due):
            put(calm[number % len(calm)])
            if number % every == every // 2:
                quote = replace(beyond[number // every], mono_ns=time.monotonic_ns())
                stopped[quote.symbol] = quote.mono_ns
                put(quote)
        sent = due
        await asyncio.sleep(TICK_S)
    return sent, stopped, longest


async def _flood(count: int, seconds: float) -> list[Figure]:
    world = _clocked(guarded(count + STOPS, World(mono_ns=0, step_ns=1_000)))
    quotes = [world.quote(n, bid, "0.61") for bid in ("0.59", "0.60") for n in range(count)]
    calm = [replace(quote, mono_ns=world.mono_ns) for quote in quotes]
    beyond = [world.quote(count + n, "0.50", "0.52") for n in range(STOPS)]
    venue = QuietVenue()
    async with running(world.engine, venue, Tally(Quote)) as rig:
        rig.inbox.keep_only(*OWNER, [symbol_of(n) for n in range(count + STOPS)])
        gc.collect()
        began = (time.monotonic_ns(), time.process_time_ns())
        sent, stopped, longest = await _inject(rig, calm, beyond, seconds)
        ended = (time.monotonic_ns(), time.process_time_ns())
        await until(lambda: len(venue.placed) >= STOPS)
        handled = len(rig.tally.events)
    taken = [(at_ns - stopped[name]) / 1e6 for name, at_ns in venue.placed]
    wall_s, share = (ended[0] - began[0]) / 1e9, (ended[1] - began[1]) / (ended[0] - began[0])
    return [
        Figure(
            name="typed quotes at the driver",
            ours=handled / wall_s,
            unit="quotes/s",
            floor=sent / wall_s,
            floor_is="injected",
            budget=Budget(ratio_at_least=0.99),
            note=f"{count:,} guarded positions; longest queue {longest:,}, the rest is conflated",
        ),
        Figure(
            name="typed quotes: share of a core",
            ours=100 * share,
            unit="%",
            budget=Budget(at_most=100),
            note=f"all threads, injecting as well, at {sent / wall_s:,.0f} a second",
        ),
        Figure(
            name="stop in the flood: quote in -> order let out",
            ours=middle(taken),
            unit="ms",
            note=spread(taken, "ms"),
        ),
    ]


def quote_flood(*, quick: bool) -> list[Figure]:
    """100,000 typed quotes a second over 10,000 guarded positions."""
    return asyncio.run(_flood(2_000 if quick else 10_000, 1.0 if quick else 3.0))


async def _over_sockets(count: int, frames: int) -> list[Figure]:
    """How many frames a second the whole path takes, as fast as the peer sends them."""
    world = _clocked(guarded(count, World(mono_ns=0, step_ns=1_000)))
    symbols = [symbol_of(n) for n in range(count)]
    bids = ("0.5900", "0.6000")
    tickers = [ticker_frame(n % count, bids[n // count % 2], "0.6100") for n in range(frames)]
    # The best bid comes and goes, so that each delta changes the quote.
    deltas = [
        delta_frame(n % count, "0.6050", ("10.00", "-10.00")[n // count % 2]) for n in range(frames)
    ]
    with Peer() as peer:
        venue = kalshi(peer, ed25519())
        async with running(world.engine, venue, Tally(Quote)) as rig:
            await until(lambda: venue.stream.counts.connections > 0)
            rig.inbox.keep_only(*OWNER, symbols)
            venue.watch(symbols)
            await asyncio.sleep(0.3)
            ticker = [await _rate(rig, peer, tickers) for _ in range(RUNS)]
            await _rate(rig, peer, book_frames(range(count), 10))
            delta = [await _rate(rig, peer, deltas) for _ in range(RUNS)]
    note = f"frame to decision, {count:,} guarded positions, the peer on the other core"
    return [
        Figure(name=f"{name} frames over a socket", ours=middle(rates), unit="frames/s", note=note)
        for name, rates in (("ticker", ticker), ("orderbook_delta", delta))
    ]


async def _last_ns(rig: Rig) -> int:
    """When the newest price was received, once no more come."""
    last_ns, known_ns = 1, 0
    while last_ns != known_ns:
        known_ns = last_ns
        await asyncio.sleep(0.1)
        last_ns = max((quote.mono_ns for quote in rig.inbox.quotes().values()), default=0)
    return last_ns


async def _rate(rig: Rig, peer: Peer, frames: Sequence[bytes]) -> float:
    """Frames a second by their stamps: who looks from beside a busy loop comes late."""
    gc.collect()
    rig.tally.want(0)
    peer.burst(peer.ws_url, frames)
    await peer.sent()
    await until(lambda: bool(rig.tally.events))
    last_ns = await _last_ns(rig)
    return len(frames) * 1e9 / (last_ns - min(event.mono_ns for event in rig.tally.events))


def sockets(*, quick: bool) -> list[Figure]:
    """The sustained rate over a socket."""
    return asyncio.run(_over_sockets(1_000, 4_000 if quick else 10_000))
