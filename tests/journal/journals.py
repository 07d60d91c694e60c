"""Records and SQLite journals for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from daemon.core.events import Event
from daemon.core.requests import HaltRequested
from daemon.journal.sealing import Key, KeyRing
from daemon.journal.sqlite import SqliteJournal, SqliteOptions
from daemon.ports import Record

OPTIONS = SqliteOptions(engine_version=1, created_ns=77, ballast_bytes=8192)
INLINE = SqliteOptions(engine_version=1, created_ns=77, inline=True, ballast_bytes=8192)
KEY, OTHER_KEY = Key(bytes(range(32))), Key(bytes(range(1, 33)))
KEYS = KeyRing(KEY)
SEALED = replace(INLINE, keys=KEYS)
BOTH = pytest.mark.parametrize(
    "options",
    [OPTIONS, INLINE, replace(OPTIONS, keys=KEYS), SEALED],
    ids=["thread", "inline", "thread-sealed", "inline-sealed"],
)


def record(seq: int) -> Record:
    event: Event = HaltRequested(receive_time_ns=1_000 + seq, mono_ns=seq, text="t" * 200)
    return Record(seq=seq, event=event, commands=())


async def filled(path: Path, options: SqliteOptions = INLINE, count: int = 5) -> None:
    journal = SqliteJournal(path, options)
    for seq in range(1, count + 1):
        await journal.append([record(seq)])
    await journal.close()


def tamper(path: Path, sql: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()
