"""Failing disks and damaged files: nothing acknowledged is lost; the text says what to do."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from daemon.core.book import Book
from daemon.core.terms import JournalId
from daemon.journal.errors import JournalCorruptError, JournalError
from daemon.journal.sqlite import SqliteJournal, SqliteOptions, read_only
from tests.journal.conftest import FailingDisk
from tests.journal.journals import BOTH, filled, record, tamper


@BOTH
async def test_a_full_disk_ends_the_journal_and_frees_the_reserve(
    tmp_path: Path, disk: FailingDisk, options: SqliteOptions
) -> None:
    journal = SqliteJournal(tmp_path / "j.db", options)
    assert journal.reserve_held
    await journal.append([record(1)])
    disk.fail("write", apsw.FullError("no space"))
    with pytest.raises(JournalError, match=r"is full.*free some space and start filld again"):
        await journal.append([record(2)])
    assert not (tmp_path / "j.db.ballast").exists()
    disk.heal()
    with pytest.raises(JournalError, match="nothing more is written after: the disk"):
        await journal.append([record(3)])
    await journal.close()
    again = SqliteJournal(tmp_path / "j.db", options)
    assert list(again.replay()) == [record(1)]
    await again.close()


@BOTH
async def test_a_failed_sync_is_never_retried(
    tmp_path: Path, disk: FailingDisk, options: SqliteOptions
) -> None:
    journal = SqliteJournal(tmp_path / "j.db", options)
    await journal.append([record(1)])
    disk.fail("sync", apsw.IOError("fsync"))
    with pytest.raises(JournalError, match="the disk is healthy"):
        await journal.append([record(2)])
    disk.heal()
    with pytest.raises(JournalError, match="nothing more is written"):
        await journal.keep_snapshot(1, Book().state())
    await journal.close()
    assert (tmp_path / "j.db.ballast").exists()
    again = SqliteJournal(tmp_path / "j.db", options)
    assert [r.seq for r in again.replay()] in ([1], [1, 2])
    await again.close()


async def test_a_full_disk_at_a_checkpoint_loses_nothing(
    tmp_path: Path, disk: FailingDisk, inline: SqliteOptions
) -> None:
    journal = SqliteJournal(tmp_path / "j.db", inline)
    await journal.append([record(1)])
    disk.fail("write", apsw.FullError("no space"))
    journal._store.checkpoint()
    assert not (tmp_path / "j.db.ballast").exists()
    disk.heal()
    await journal.append([record(2)])
    await journal.close()
    reader = read_only(tmp_path / "j.db", keys=inline.keys)
    assert [r.seq for r in reader.replay()] == [1, 2]
    reader.close()


async def test_the_file_alone_knows_where_its_chain_ends_after_each_checkpoint(
    tmp_path: Path, inline: SqliteOptions
) -> None:
    journal = SqliteJournal(tmp_path / "j.db", inline)
    for seq in (1, 2):
        await journal.append([record(seq)])
        journal._store.checkpoint()
    alone = tmp_path / "alone.db"
    shutil.copy(tmp_path / "j.db", alone)
    await journal.close()
    with contextlib.closing(apsw.Connection(str(alone))) as connection:
        connection.execute("DELETE FROM records WHERE seq = 2")
    with pytest.raises(JournalCorruptError, match="records 2 to 2 are missing at its end"):
        SqliteJournal(alone, inline)


async def test_a_commit_after_a_checkpoint_waits_for_the_disk_once(
    tmp_path: Path, disk: FailingDisk, inline: SqliteOptions
) -> None:
    journal = SqliteJournal(tmp_path / "j.db", inline)
    await journal.append([record(1)])
    journal._store.checkpoint()
    disk.counted.clear()
    await journal.append([record(2)])
    assert disk.counted["sync"] == 1
    await journal.close()


async def test_a_checkpoint_that_fails_otherwise_ends_the_journal(
    tmp_path: Path, disk: FailingDisk, inline: SqliteOptions
) -> None:
    journal = SqliteJournal(tmp_path / "j.db", inline)
    await journal.append([record(1)])
    disk.fail("sync", apsw.IOError("fsync"))
    with pytest.raises(JournalError, match="healthy"):
        await journal.close()
    disk.heal()
    again = SqliteJournal(tmp_path / "j.db", inline)
    assert again.last_seq == 1
    await again.close()


async def test_a_real_full_disk(tmp_path: Path) -> None:
    where = tmp_path / "small"
    where.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "filld-test", str(where)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("mounting needs privileges; the failing VFS covers the code")
    try:
        options = SqliteOptions(engine_version=1, created_ns=1, ballast_bytes=256 * 1024)
        journal = SqliteJournal(where / "j.db", options)
        assert journal.reserve_held
        acknowledged = 0
        while acknowledged < 10_000:
            try:
                await journal.append([record(acknowledged + 1)])
            except JournalError as error:
                assert "is full" in str(error)  # noqa: PT017 - how many went well counts too
                break
            acknowledged += 1
        await journal.close()
        again = SqliteJournal(where / "j.db", options)
        assert not again.reserve_held
        assert again.last_seq == acknowledged
        assert 100 < acknowledged < 10_000
        await again.append([record(acknowledged + 1)])
        await again.close()
    finally:
        subprocess.run(["umount", str(where)], check=True)


def test_an_unusable_place_is_explained(tmp_path: Path, inline: SqliteOptions) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot make the lock file"):
        SqliteJournal(tmp_path / "file" / "j.db", inline)
    (tmp_path / "j.db").mkdir()
    with pytest.raises(JournalError, match="belongs to the user of filld"):
        SqliteJournal(tmp_path / "j.db", inline)


async def test_the_reserve_is_not_taken_from_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    huge = SqliteOptions(engine_version=1, created_ns=1, ballast_bytes=2**60)
    journal = SqliteJournal(tmp_path / "j.db", huge)
    assert not journal.reserve_held
    await journal.close()


async def test_a_damaged_page_is_found(tmp_path: Path, inline: SqliteOptions) -> None:
    path = tmp_path / "j.db"
    await filled(path, inline, count=40)
    blob = bytearray(path.read_bytes())
    for page in range(4096, len(blob), 4096):
        blob[page : page + 200] = os.urandom(200)
    path.write_bytes(blob)
    with pytest.raises(JournalCorruptError, match="filld rebuild"):
        list(SqliteJournal(path, inline).replay())


def test_another_kind_of_file_is_refused_untouched(tmp_path: Path, inline: SqliteOptions) -> None:
    path = tmp_path / "j.db"
    path.write_bytes(b"this is a letter to my aunt" * 100)
    with pytest.raises(JournalCorruptError, match="damaged or no journal"):
        SqliteJournal(path, inline)
    assert path.read_bytes().startswith(b"this is a letter")


def test_a_foreign_database_is_refused_untouched(tmp_path: Path, inline: SqliteOptions) -> None:
    path = tmp_path / "j.db"
    tamper(path, "CREATE TABLE contacts (name TEXT)")
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(JournalCorruptError, match="no filld journal"):
            SqliteJournal(path, inline)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DELETE FROM records WHERE seq = 3", "record 3 is missing"),
        (
            "UPDATE records SET payload = CAST(x'00' || payload AS BLOB) WHERE seq = 3",
            "record 3 was changed",
        ),
        ("UPDATE records SET payload = x'00' WHERE seq = 5", "record 5 was changed"),
        ("UPDATE records SET prev_hash = row_hash WHERE seq = 2", "record 2 was changed"),
        ("UPDATE records SET engine_version = 9 WHERE seq = 4", "record 4 was changed"),
    ],
)
async def test_a_broken_chain_is_found(
    tmp_path: Path, sql: str, message: str, inline: SqliteOptions
) -> None:
    await filled(tmp_path / "j.db", inline)
    tamper(tmp_path / "j.db", sql)
    journal = SqliteJournal(tmp_path / "j.db", inline)
    with pytest.raises(JournalCorruptError, match=message):
        list(journal.replay())
    await journal.close()


async def test_a_snapshot_ahead_of_the_records_is_found(
    tmp_path: Path, inline: SqliteOptions
) -> None:
    await filled(tmp_path / "j.db", inline)
    tamper(tmp_path / "j.db", "DELETE FROM records WHERE seq > 3")
    with pytest.raises(JournalCorruptError, match="records 4 to 5 are missing at its end"):
        SqliteJournal(tmp_path / "j.db", inline)
    reader = read_only(tmp_path / "j.db", keys=inline.keys)
    with pytest.raises(JournalCorruptError, match="record 5 is missing"):
        list(reader.replay(after_seq=5))
    reader.close()


EMPTY_MAP = hashlib.sha256(b"\x80").hexdigest()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE snapshots SET payload = x'80'",
        f"UPDATE snapshots SET payload = x'80', digest = x'{EMPTY_MAP}'",
    ],
    ids=["damaged", "of another shape"],
)
async def test_a_damaged_snapshot_gives_way_to_the_one_before(
    tmp_path: Path, sql: str, inline: SqliteOptions
) -> None:
    journal = SqliteJournal(tmp_path / "j.db", inline)
    await journal.append([record(1), record(2), record(3)])
    for seq in (1, 2, 3):
        await journal.keep_snapshot(seq, Book(engine_version=seq).state())
    await journal.close()
    tamper(tmp_path / "j.db", sql + " WHERE seq = 3")
    reader = read_only(tmp_path / "j.db", keys=inline.keys)
    assert reader.latest_snapshot() == (2, Book(engine_version=2).state())
    reader.close()
    tamper(tmp_path / "j.db", sql)
    reader = read_only(tmp_path / "j.db", keys=inline.keys)
    assert reader.latest_snapshot() is None
    reader.close()


async def test_a_journal_without_identity_is_corrupt(tmp_path: Path) -> None:
    await filled(tmp_path / "j.db")
    tamper(tmp_path / "j.db", "DELETE FROM meta")
    with pytest.raises(JournalCorruptError, match="journal_id"):
        read_only(tmp_path / "j.db")


async def test_a_reader_in_the_way_of_a_checkpoint_is_waited_for(
    tmp_path: Path, disk: FailingDisk, inline: SqliteOptions
) -> None:
    journal = SqliteJournal(tmp_path / "j.db", inline)
    await journal.append([record(1)])
    disk.fail("write", apsw.BusyError("reader"))
    journal._store.checkpoint()
    disk.heal()
    await journal.append([record(2)])
    await journal.close()
    assert (tmp_path / "j.db.ballast").exists()


async def test_after_a_failure_no_idle_moment_is_used(tmp_path: Path, disk: FailingDisk) -> None:
    options = SqliteOptions(engine_version=1, created_ns=1, ballast_bytes=0, idle_s=0.01)
    journal = SqliteJournal(tmp_path / "j.db", options)
    await journal.append([record(1)])
    disk.fail("sync", apsw.IOError("fsync"))
    with pytest.raises(JournalError):
        await journal.append([record(2)])
    await asyncio.sleep(0.05)
    disk.heal()
    await journal.close()


@BOTH
async def test_a_snapshot_in_parts_is_whole_or_passed_over(
    tmp_path: Path, options: SqliteOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.journal.sqlite._PART_BYTES", 64)
    path, book = tmp_path / "j.db", Book(journal_id=JournalId("j" * 100))
    journal = SqliteJournal(path, options)
    await journal.append([record(1), record(2)])
    await journal.keep_snapshot(1, Book().state())
    await journal.keep_snapshot(2, book.state())
    await journal.keep_snapshot(2, book.state())  # again: nothing of the first is left behind
    await journal.close()
    reader = read_only(path, keys=options.keys)
    assert reader.latest_snapshot() == (2, book.state())
    reader.close()
    tamper(path, "DELETE FROM snapshot_parts WHERE seq = 2 AND part = 1")
    reader = read_only(path, keys=options.keys)
    assert reader.latest_snapshot() == (1, Book().state())
    reader.close()
    journal = SqliteJournal(path, options)
    await journal.append([record(3)])
    await journal.keep_snapshot(3, book.state())
    await journal.keep_snapshot(3, Book().state())
    assert journal.latest_snapshot() == (3, Book().state())
    await journal.close()
    tamper(path, "CREATE TABLE kept AS SELECT DISTINCT seq FROM snapshot_parts")
    reader = read_only(path, keys=options.keys)
    rows = reader._connection.execute("SELECT seq FROM kept ORDER BY seq")
    assert [seq for (seq,) in rows] == [2, 3]
    reader.close()


@BOTH
async def test_an_older_copy_that_was_put_back_gets_no_account(
    tmp_path: Path, options: SqliteOptions
) -> None:
    path, backup = tmp_path / "j.db", tmp_path / "backup.db"
    account = (tmp_path, "kalshi", "key-1")
    for seq in (1, 2):
        journal = SqliteJournal(path, options)
        await journal.hold_account(*account)
        await journal.append([record(seq)])
        await journal.close()
        if not backup.exists():
            shutil.copy(path, backup)
    shutil.copy(backup, path)
    for _ in range(2):
        journal = SqliteJournal(path, options)
        text = "ends at record 1, but filld has written 2 of it.*filld rebuild"
        with pytest.raises(JournalCorruptError, match=text):
            await journal.hold_account(*account)
        await journal.close()
    path.unlink()
    fresh = SqliteJournal(path, replace(options, journal_id=JournalId("another")))
    await fresh.hold_account(*account)
    await fresh.append([record(1)])
    await fresh.close()
