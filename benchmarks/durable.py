"""Fills from websocket frames on loopback to the disk: ours, and the barest pipeline beside it.

The floor receives, decodes into a typed struct with exact numbers and commits the frames of one
group at a time, as fast as the disk takes them. It knows no order, no position and no hash.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import apsw
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import connect

from benchmarks.figures import Budget, Figure, middle
from benchmarks.frames import fill_frame
from benchmarks.peer import Peer
from benchmarks.rig import Rig, Tally, folder, kalshi, running, until
from benchmarks.world import HUGE, World, exiting, fills_of
from daemon.core.events import Fill
from daemon.venues.kalshi.sign import KalshiSigner

RUNS = 5
ORDERS = 1_000
INSERT = "INSERT INTO records VALUES (?, ?)"


class _BareFill(msgspec.Struct):
    """Every field of the frame, in the order of the wire."""

    trade_id: str
    order_id: str
    market_ticker: str
    exchange_index: int
    is_taker: bool
    side: str
    yes_price_dollars: Decimal
    count_fp: Decimal
    fee_cost: Decimal
    action: str
    ts: int
    ts_ms: int
    post_position_fp: Decimal
    purchased_side: str
    outcome_side: str
    book_side: str
    subaccount: int


class _BareFrame(msgspec.Struct):
    type: str
    sid: int
    msg: _BareFill


class BareDisk:
    """One table, write-ahead log, full synchronisation, a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("synchronous", "full")
        self._connection.pragma("wal_autocheckpoint", 0)
        self._connection.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, payload BLOB)")
        self._thread = ThreadPoolExecutor(1)
        self._seq = 0

    async def commit(self, payloads: Sequence[bytes]) -> None:
        """One transaction."""
        rows = list(enumerate(payloads, self._seq + 1))
        self._seq += len(payloads)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, rows)

    def _write(self, rows: Sequence[tuple[int, bytes]]) -> None:
        with self._connection:
            self._connection.executemany(INSERT, rows)

    def close(self) -> None:
        """Let go of it."""
        self._thread.shutdown()
        self._connection.close()


class _Bare:
    """The floor, connected once."""

    def __init__(self, peer: Peer, disk: BareDisk) -> None:
        self._peer, self._disk = peer, disk
        self._decode = msgspec.json.Decoder(_BareFrame).decode
        self._waiting: list[bytes] = []
        self._arrived = asyncio.Event()

    async def rate(self, frames: Sequence[bytes]) -> float:
        """Durable frames a second."""
        async with (
            connect(
                self._peer.bare_url, compression=None, ping_interval=None, max_queue=1_024
            ) as socket,
            asyncio.TaskGroup() as group,
        ):
            self._peer.burst(self._peer.bare_url, frames)
            self._frame(await socket.recv(decode=False))
            began_ns = time.monotonic_ns()
            group.create_task(self._commit(len(frames)), name="bare commit")
            for _ in range(len(frames) - 1):
                self._frame(await socket.recv(decode=False))
        ended_ns = time.monotonic_ns()
        await self._peer.sent()
        return len(frames) * 1e9 / (ended_ns - began_ns)

    def _frame(self, raw: bytes) -> None:
        assert self._decode(raw).msg.count_fp
        self._waiting.append(raw)
        self._arrived.set()

    async def _commit(self, count: int) -> None:
        done = 0
        while done < count:
            await self._arrived.wait()
            self._arrived.clear()
            group, self._waiting = self._waiting, []
            await self._disk.commit(group)
            done += len(group)


def frames_of(world: World, orders: Sequence[str], count: int, held: dict[str, int]) -> list[bytes]:
    """Fill frames of working orders, with the venue's own count after each."""
    frames: list[bytes] = []
    for fill in fills_of(world, orders, count):  # type: ignore[arg-type] # ids by another name
        held[fill.symbol] = held.get(fill.symbol, int(HUGE)) - int(fill.last_qty)
        frames.append(fill_frame(fill, held[fill.symbol]))
    return frames


def ed25519() -> KalshiSigner:
    """A key made for this run."""
    return KalshiSigner(Ed25519PrivateKey.generate())


async def _ours(rig: Rig, peer: Peer, frames: Sequence[bytes]) -> float:
    rig.tally.want(len(frames))
    peer.burst(peer.ws_url, frames)
    await rig.tally.wait()
    await peer.sent()
    began_ns = rig.tally.events[0].mono_ns
    return len(frames) * 1e9 / (rig.tally.last_ns - began_ns)


async def _measure(count: int) -> tuple[list[tuple[float, float]], int]:
    world, orders = exiting(ORDERS, World(mono_ns=0, step_ns=1_000))
    held: dict[str, int] = {}
    pairs: list[tuple[float, float]] = []
    with Peer() as peer, folder() as path:
        disk = BareDisk(path / "bare.db")
        venue = kalshi(peer, ed25519())
        async with running(world.engine, venue, Tally(Fill)) as rig:
            await until(lambda: venue.stream.counts.connections > 0)
            await asyncio.sleep(0.2)
            for _ in range(RUNS):
                gc.collect()
                ours = await _ours(rig, peer, frames_of(world, orders, count, held))
                floor = await _Bare(peer, disk).rate(frames_of(world, orders, count, {}))
                pairs.append((ours, floor))
            overflows = rig.keeper.overflows
        disk.close()
    return pairs, overflows


def durable_fills(*, quick: bool) -> list[Figure]:
    """Bursts of fills of 1,000 open exit orders."""
    count = 2_000 if quick else 9_000
    pairs, overflows = asyncio.run(_measure(count))
    return [
        Figure(
            name="durable fills from websocket frames",
            ours=middle(ours for ours, _ in pairs),
            unit="fills/s",
            floor=middle(floor for _, floor in pairs),
            floor_is="receive, typed decode, one-table group commit",
            budget=Budget(at_least=25_000, ratio_at_least=0.5),
            note=f"bursts of {count:,}, first frame to last commit; {overflows} overflows",
        )
    ]
