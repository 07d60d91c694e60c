"""A program for test_crash.py: kills a writer at each durable call, then at random moments.

Forks a child per crash; the child appends to one journal and tells its parent, over a pipe, each
seq that was acknowledged. After every death the parent opens the journal and checks that no
acknowledged record is missing. Run as: crash_points.py MODE DIRECTORY COUNT SEED. MODE is `calls`
(the inline code, SIGKILL inside the n-th write or sync) or `moments` (the writer's own thread).
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import struct
import sys
import time
from pathlib import Path

import apsw

from daemon.core.requests import HaltRequested
from daemon.journal.sealing import NO_KEYS, Key, KeyRing
from daemon.journal.sqlite import SqliteJournal, SqliteOptions, read_only
from daemon.ports import Record

SEQ = struct.Struct("<q")
CHILD_RECORDS = 6
# FILLD_TEST_SEALED: with a key, and without one otherwise.
KEYS = KeyRing(Key(bytes(32))) if os.environ.get("FILLD_TEST_SEALED") else NO_KEYS
OPTIONS = SqliteOptions(engine_version=1, created_ns=1, ballast_bytes=0, keys=KEYS)


class DeadlyFile(apsw.VFSFile):
    """Counts durable calls down and kills the process in the middle of the last one."""

    left = 0

    def __init__(self, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)

    def _spend(self) -> None:
        DeadlyFile.left -= 1
        if DeadlyFile.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        if DeadlyFile.left == 1:
            super().xWrite(data[: len(data) // 2], offset)
        self._spend()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._spend()
        super().xSync(flags)


class DeadlyDisk(apsw.VFS):
    """A default VFS whose files are deadly."""

    def __init__(self) -> None:
        super().__init__("deadly-disk", "unix", makedefault=True)

    def xOpen(  # noqa: N802
        self, name: apsw.URIFilename | str | None, flags: list[int]
    ) -> DeadlyFile:
        return DeadlyFile(name, flags)


async def write(path: Path, pipe: int, *, inline: bool, limit: int) -> None:
    """Append records of one to three, one batch after the other, acknowledging each commit."""
    options = SqliteOptions(
        engine_version=1, created_ns=1, inline=inline, ballast_bytes=4096, keys=KEYS
    )
    journal = SqliteJournal(path, options)
    for batch in range(limit):
        event = HaltRequested(receive_time_ns=batch, mono_ns=batch, text="x" * 300)
        first = journal.last_seq + 1
        await journal.append([Record(first + n, event, ()) for n in range(batch % 3 + 1)])
        os.write(pipe, SEQ.pack(journal.last_seq))
    await journal.close()


def crash(path: Path, *, calls: int, wait_s: float) -> tuple[int, bool]:
    """One child to its death; the last acknowledged seq and whether it was killed."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        DeadlyFile.left = calls
        disk = DeadlyDisk() if calls else None
        asyncio.run(write(path, into, inline=bool(calls), limit=CHILD_RECORDS if calls else 10_000))
        os._exit(0 if disk is None or DeadlyFile.left > 0 else 1)
    os.close(into)
    if wait_s:
        time.sleep(wait_s)
        os.kill(child, signal.SIGKILL)
    acknowledged = b""
    while part := os.read(out, 65536):
        acknowledged += part
    os.close(out)
    _, status = os.waitpid(child, 0)
    seqs = [seq for (seq,) in SEQ.iter_unpack(acknowledged[: len(acknowledged) // 8 * 8])]
    return (seqs[-1] if seqs else 0), os.WIFSIGNALED(status)


def survivors(path: Path) -> int:
    """How many records a new process finds, all of them checked; 0 if no journal came to be."""
    journal = SqliteJournal(path, OPTIONS)
    found = sum(1 for _ in journal.replay())
    journal.abandon()
    reader = read_only(path, keys=KEYS)
    assert found == reader.head().seq
    reader.close()
    return found


def main(mode: str, directory: Path, count: int, seed: int) -> None:
    """Crash `count` times (or, for `calls`, until a child lives); print how often."""
    chance = random.Random(seed)
    crashes = acknowledged = 0
    for n in range(1, count + 1):
        path = directory / (f"{n}.db" if mode == "calls" else "journal.db")
        last, killed = crash(
            path,
            calls=n if mode == "calls" else 0,
            wait_s=0.0 if mode == "calls" else chance.uniform(0.005, 0.06),
        )
        found = survivors(path)
        assert found >= last, f"crash {n}: {last} was acknowledged, {found} found"
        acknowledged = max(acknowledged, last)
        crashes += killed
        if mode == "calls" and not killed:
            break
    print(crashes, acknowledged)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
