"""The journal read for the door, to say why: beside its writer, no longer than somebody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.app import why
from daemon.app.why import Tracer
from daemon.journal import reader
from daemon.journal.reader import Reader
from daemon.journal.sqlite import SqliteJournal, read_only
from daemon.ports import Record
from tests.cli.stage import story
from tests.journal.journals import INLINE


async def test_the_journal_is_read_beside_its_writer(tmp_path: Path) -> None:
    play = story()
    journal = SqliteJournal(tmp_path / "j.db", INLINE)
    tracer = Tracer(lambda: read_only(tmp_path / "j.db"))
    await journal.append(play.records[:-1])
    view = await tracer.why(play.order_id)
    assert view is not None
    links = view["chain"]
    assert isinstance(links, list)
    await journal.append(play.records[-1:])
    longer = await tracer.why(play.order_id)
    assert longer is not None
    assert longer["chain"] == [*links, *longer["chain"][-1:]]  # type: ignore[index] # a list
    assert await tracer.why("nobody's") is None
    await journal.close()


async def test_nobody_waits_so_nobody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = SqliteJournal(tmp_path / "j.db", INLINE)
    await journal.append(story().records)
    await journal.close()
    monkeypatch.setattr(reader, "_STRETCH", 1)
    monkeypatch.setattr(why, "_REST_S", 0.2)
    asked: list[int] = []

    class Noting(Reader):
        def naming(self, text: str, kind: str, going: why.Going) -> Iterator[Record]:
            def noted(done: int, total: int) -> bool:
                asked.append(done)
                return going(done, total)

            return super().naming(text, kind, noted)

    tracer = Tracer(lambda: Noting(tmp_path / "j.db"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await tracer.why("nobody's")
    then = len(asked)
    await asyncio.sleep(0.7)
    assert 0 < len(asked) <= then + 2
