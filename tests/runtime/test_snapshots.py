"""Snapshots that are copied while events come: each is the fold of the journal up to its seq."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from daemon.core.book import BookState
from daemon.core.engine import Engine
from daemon.journal.sqlite import SqliteJournal
from daemon.runtime.recovery import recover
from tests.journal.journals import INLINE
from tests.runtime.fake_venue import Rig
from tests.runtime.test_driver import armed_position, bought

FILLS = 600


class Kept:
    """What became of each snapshot that was begun."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.given_up = 0
        self.snapshots: list[tuple[int, BookState]] = []
        self._journal = journal
        self._keep = journal.keep_snapshot

    def keep_snapshot(
        self, seq: int, state: BookState, still: Callable[[], bool] | None = None
    ) -> Awaitable[bool]:
        """Keep it and read it back."""
        return self._read_back(self._keep(seq, state, still))

    async def _read_back(self, keeping: Awaitable[bool]) -> bool:
        kept = await keeping
        newest = self._journal.latest_snapshot()
        if kept and newest is not None:
            self.snapshots.append(newest)
        self.given_up += not kept
        return kept


def folded(journal: SqliteJournal, last_seq: int) -> BookState:
    engine = Engine()
    for record in journal.replay():
        if record.seq <= last_seq:
            engine.replay(record.event, record.commands)
    return engine.book.state()


async def test_a_copy_in_slices_is_of_one_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.runtime.driver.SNAPSHOT_EVERY", 50)
    monkeypatch.setattr("daemon.runtime.driver._COPY_AGAIN_S", 0.0)
    monkeypatch.setattr("daemon.journal.image._SLICE", 1)
    journal = SqliteJournal(tmp_path / "journal.db", INLINE)
    kept = Kept(journal)
    monkeypatch.setattr(journal, "keep_snapshot", kept.keep_snapshot)
    async with Rig(journal) as rig:  # type: ignore[arg-type] # of it only the port is used
        rig.tell(*armed_position())
        for number in range(FILLS):
            rig.tell(bought("1", f"t{number}"))
            for _ in range(number % 60):
                await asyncio.sleep(0)
        await rig.settle()
        live, watermark = rig.driver.engine.book.state(), rig.driver.watermark
    assert all(state == folded(journal, seq) for seq, state in kept.snapshots)
    engine, seq = recover(journal)
    assert (seq, engine.book.state()) == (watermark, live)
    await journal.close()
    assert kept.given_up, "no event came while a copy was taken"
    assert len(kept.snapshots) > 1
