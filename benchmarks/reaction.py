"""How long an exit takes: a frame in, its order's bytes at the venue, durable in between.

Ours is measured from the frame's stamp in our process to the last byte of the request in the
peer's, the floor of the request likewise. Both need one commit: a fill's holds its own record, and
that of the exit that the quote offered again after it decides.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks.durable import BareDisk, ed25519
from benchmarks.figures import Budget, Figure, number, percentile, spread
from benchmarks.frames import fill_frame, ticker_frame
from benchmarks.peer import Peer
from benchmarks.rig import OWNER, Rig, Tally, folder, kalshi, running, until
from benchmarks.world import LOT, World, guarded, symbol_of
from daemon.core.events import Event, Fill, Quote
from daemon.core.terms import Side, Symbol
from daemon.runtime.clock import SystemClock
from daemon.venues.kalshi.sign import KalshiSigner
from daemon.venues.kalshi.venue import KalshiVenue
from daemon.venues.rest import Reply, Request, RestTransport

PAUSE_S = 0.005
ROUNDS = 5
SLACK = 1.5
_BODY = b'{"client_order_id":"x","ticker":"T","count":"1.00","filler":"%b"}' % (b"x" * 150)


class TimedSigner(KalshiSigner):
    """Notes when each signature began and ended, monotonic ns."""

    def __init__(self, signer: KalshiSigner) -> None:
        super().__init__(signer._key)
        self.signed: list[tuple[int, int]] = []

    # `typing.override` begins with Python 3.12.
    def sign(self, text: str) -> str:
        """Sign and note it."""
        began_ns = time.monotonic_ns()
        signature = super().sign(text)
        self.signed.append((began_ns, time.monotonic_ns()))
        return signature


@dataclass(frozen=True, slots=True)
class Floors:
    """What the machine takes for the three parts, in ms, p50."""

    commit_ms: float
    sign_ms: float
    request_ms: float

    @property
    def bare_ms(self) -> float:
        """The longer of the first two, which may run beside each other, and the request."""
        return max(self.commit_ms, self.sign_ms) + self.request_ms

    @property
    def allowed_ms(self) -> float:
        """The budget."""
        return SLACK * max(self.commit_ms, self.sign_ms) + self.request_ms


def signer_of(name: str) -> TimedSigner:
    """A key of this algorithm, made for this run."""
    if name == "Ed25519":
        return TimedSigner(ed25519())
    return TimedSigner(KalshiSigner(rsa.generate_private_key(65_537, 2_048)))


class _Bare:
    """Each part alone, at the same pace."""

    def __init__(self, peer: Peer, signer: KalshiSigner, disk: BareDisk) -> None:
        self._peer, self._signer, self._disk = peer, signer, disk
        self._transport = RestTransport(peer.rest_url, SystemClock())
        self._thread = ThreadPoolExecutor(1)
        self.commits: list[float] = []
        self.signs: list[float] = []
        self.requests: list[float] = []

    async def measure(self, count: int) -> None:
        """`count` of each."""
        sent: list[int] = []
        loop = asyncio.get_running_loop()
        sign = self._signer.headers
        for _ in range(count):
            begun = [time.monotonic_ns()]
            await self._disk.commit([b"x" * 600])
            begun.append(time.monotonic_ns())
            headers = await loop.run_in_executor(self._thread, sign, "k", 1, "POST", "/path")
            begun.append(time.monotonic_ns())
            request = Request(method="POST", target="/orders", headers=headers, body=_BODY)
            assert isinstance(await self._transport.send(request), Reply)
            self.commits.append((begun[1] - begun[0]) / 1e6)
            self.signs.append((begun[2] - begun[1]) / 1e6)
            sent.append(begun[2])
            await asyncio.sleep(PAUSE_S)
        for began_ns, (_, at_ns) in zip(sent, await self._peer.seen(), strict=True):
            self.requests.append((at_ns - began_ns) / 1e6)

    def floors(self) -> Floors:
        """The medians."""
        return Floors(
            *(percentile(part, 0.5) for part in (self.commits, self.signs, self.requests))
        )

    async def close(self) -> None:
        """Let go of it."""
        await self._transport.close()
        self._thread.shutdown()


def _symbol(event: Event) -> Symbol:
    assert isinstance(event, Quote | Fill)
    return event.symbol


@dataclass(frozen=True, slots=True)
class Reaction:
    """Stamps of one exit, monotonic ns: frame in, commit begun and ended, request at the venue."""

    in_ns: int
    commit: tuple[int, int]
    out_ns: int

    def parts(self) -> tuple[float, float, float]:
        """Until the commit, the commit, after it; ms."""
        stamps = (self.in_ns, *self.commit, self.out_ns)
        before, commit, after = ((b - a) / 1e6 for a, b in pairwise(stamps))
        return before, commit, after


async def _react(
    rig: Rig, peer: Peer, frames: Sequence[bytes], kind: type[Event]
) -> list[Reaction]:
    """Send the frames and wait for all orders."""
    rig.tally.kind = kind
    rig.tally.want(len(frames))
    gc.collect()
    peer.burst(peer.ws_url, frames, PAUSE_S)
    await rig.tally.wait()
    await peer.sent()
    await asyncio.sleep(0.2)
    began = {_symbol(event): event.mono_ns for event in reversed(rig.tally.events)}
    seen = [(Symbol(ticker), at_ns) for ticker, at_ns in await peer.seen()]
    assert len(seen) == len(frames), f"{len(seen)} orders for {len(frames)} frames"
    return [Reaction(began[name], rig.journal.placed[name], at_ns) for name, at_ns in seen]


def _beside(signer: TimedSigner, reactions: Sequence[Reaction]) -> str:
    """Whether a signature began between frame and commit, and the bytes left after it."""
    signed = [begun for begun, _ in signer.signed]
    beside = sum(
        any(one.in_ns <= begun <= one.commit[0] + 1_000_000 for begun in signed)
        for one in reactions
    )
    after = sum(one.commit[1] <= one.out_ns for one in reactions)
    count = len(reactions)
    ready = f"signature at hand {count - beside}/{count}, begun beside the commit {beside}/{count}"
    return f"{ready}, sent after it {after}/{count}"


def _world(count: int) -> World:
    """Positions of 100 at 0.60, stopped at 0.54; seen at 0.60."""
    return guarded(2 * count, World(mono_ns=0, step_ns=1_000))


async def _price(rig: Rig, venue: KalshiVenue, peer: Peer, world: World, count: int) -> None:
    """Watch every market and wait for its first price."""
    symbols = tuple(symbol_of(n) for n in range(2 * count))
    rig.inbox.keep_only(*OWNER, symbols)
    await until(lambda: venue.stream.counts.connections > 0)
    venue.watch(symbols)
    await asyncio.sleep(0.3)
    rig.tally.want(len(symbols))
    frames = [ticker_frame(n, "0.6000", "0.6200") for n in range(2 * count)]
    peer.burst(peer.ws_url, frames, 0.0005)
    await rig.tally.wait()
    await peer.sent()


async def _one_key(name: str, count: int) -> list[Figure]:
    signer, world = signer_of(name), _world(count)
    by_quote: list[Reaction] = []
    by_fill: list[Reaction] = []
    with Peer() as peer, folder() as path:
        disk = BareDisk(path / "bare.db")
        bare, venue = _Bare(peer, signer, disk), kalshi(peer, signer)
        async with running(world.engine, venue, Tally(Quote)) as rig:
            await _price(rig, venue, peer, world, count)
            for numbers in (range(start, count, ROUNDS) for start in range(ROUNDS)):
                await bare.measure(len(numbers))
                stops = [ticker_frame(n, "0.5000", "0.5200") for n in numbers]
                by_quote += await _react(rig, peer, stops, Quote)
                fills = [
                    world.fill(count + n, Side.BUY, LOT * 999, px=Decimal("0.90")) for n in numbers
                ]
                frames = [fill_frame(fill, 1_099) for fill in fills]
                by_fill += await _react(rig, peer, frames, Fill)
        await bare.close()
        disk.close()
    floors, beside = bare.floors(), _beside(signer, by_quote)
    return [
        _figure(f"ticker frame in -> exit order out, {name}", by_quote, floors, beside),
        _figure(f"fill frame in -> exit order out, {name}", by_fill, floors, ""),
    ]


def _figure(name: str, reactions: Sequence[Reaction], floors: Floors, note: str) -> Figure:
    taken = [(one.out_ns - one.in_ns) / 1e6 for one in reactions]
    parts = zip(*(one.parts() for one in reactions), strict=True)
    before, commit, after = (number(percentile(part, 0.5)) for part in parts)
    bare = f"commit {number(floors.commit_ms)}, sign {number(floors.sign_ms)}"
    split = f"{before} to the commit, {commit} in it, {after} after it"
    return Figure(
        name=name,
        ours=percentile(taken, 0.5),
        unit="ms",
        floor=floors.bare_ms,
        floor_is=f"{bare} (the longer), request {number(floors.request_ms)}",
        budget=Budget(at_most=floors.allowed_ms),
        note="; ".join(filter(None, (spread(taken, "ms"), split, note))),
    )


def reaction(*, quick: bool) -> list[Figure]:
    """With both kinds of key."""
    count = 40 if quick else 200
    return [figure for name in ("RSA", "Ed25519") for figure in asyncio.run(_one_key(name, count))]
