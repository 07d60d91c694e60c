"""One journal in the place of another: at once, with nothing of the old one left beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.journal.errors import JournalError
from daemon.journal.reader import Reader
from daemon.journal.replacing import copy_journal, discard, put_in_place
from daemon.journal.sqlite import SqliteJournal
from daemon.ports import Record
from tests import builders as make
from tests.journal.journals import INLINE

OLD, NEW = (Record(1, make.fill(exec_id=name), ()) for name in ("old", "new"))


async def keep(path: Path, *records: Record) -> None:
    journal = SqliteJournal(path, INLINE)
    await journal.append(records)
    await journal.close()


def found(path: Path) -> list[Record]:
    reader = Reader(path)
    try:
        return list(reader.replay())
    finally:
        reader.close()


async def test_the_new_one_is_there_and_the_old_one_kept(tmp_path: Path) -> None:
    path, new, kept = (tmp_path / name for name in ("j", "new", "kept"))
    await keep(path, OLD)
    await keep(new, NEW)
    put_in_place(new, path, kept)
    assert (found(path), found(kept)) == ([NEW], [OLD])
    assert not new.exists()


async def test_nothing_changes_while_somebody_reads(tmp_path: Path) -> None:
    """His WAL would stay under the name, and be taken for the new one's."""
    path, new = tmp_path / "j", tmp_path / "new"
    await keep(path, OLD)
    await keep(new, NEW)
    reader = Reader(path)
    reading = reader.replay()
    assert next(reading) == OLD
    with pytest.raises(JournalError, match="is being read by another process"):
        put_in_place(new, path, None)
    reader.close()
    assert found(path) == [OLD]
    put_in_place(new, path, None)
    await keep(tmp_path / "j2", NEW)
    assert found(path) == [NEW]


async def test_a_copy_goes_on_as_the_journal_that_it_is_of(tmp_path: Path) -> None:
    path, new = tmp_path / "j", tmp_path / "new"
    journal = SqliteJournal(path, INLINE)
    await journal.append([OLD])
    copy_journal(path, new)  # of what is committed, while its writer has it
    await journal.close()
    with pytest.raises(FileExistsError):
        copy_journal(path, new)
    assert new.stat().st_mode & 0o777 == 0o600
    copied = SqliteJournal(new, INLINE)
    assert (copied.journal_id, copied.last_seq) == (journal.journal_id, 1)
    await copied.append([Record(2, NEW.event, ())])
    await copied.close()
    assert len(found(new)) == 2
    discard(new)
    assert [file.name for file in tmp_path.glob("new*")] == []


async def test_a_journal_that_failed_gives_its_place_to_nobody(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j", INLINE)
    journal.abandon()
    called: list[str] = []
    await journal.close(lambda: called.append("closed"))
    assert called == []
