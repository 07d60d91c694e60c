"""The durable journal alone: pragmas, locks, schema, readers, its thread, checkpoints, hooks."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from daemon.core.book import Book
from daemon.core.terms import JournalId
from daemon.journal import migrate, opening, store
from daemon.journal.chain import GENESIS, Head, link
from daemon.journal.errors import JournalError, JournalLockedError, JournalVersionError
from daemon.journal.sqlite import SqliteJournal, SqliteOptions, random_journal_id, read_only
from tests.journal.journals import BOTH, INLINE, OPTIONS, filled, record, tamper
from tests.venues.listening import until


async def test_every_commit_is_synced(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", OPTIONS)
    connection = journal._store._connection
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("wal_autocheckpoint") == 0
    await journal.close()
    again = SqliteJournal(tmp_path / "j.db", OPTIONS)
    assert again._store._connection.pragma("synchronous") == 2
    await again.close()


async def test_records_are_on_their_way_before_their_commit_is_awaited(tmp_path: Path) -> None:
    """So an order is signed while its commit is in flight, and not before it begins."""
    journal = SqliteJournal(tmp_path / "j.db", OPTIONS)
    committed = journal.append([record(1)])
    reader, patience = read_only(tmp_path / "j.db"), 500
    while reader.head().seq != 1 and patience:
        patience -= 1
        time.sleep(0.01)
    assert reader.head().seq == 1
    reader.close()
    await committed
    await journal.close()


async def test_a_file_system_without_wal_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_SYNCHRONOUS_FULL", 3)
    with pytest.raises(JournalError, match="local disk"):
        SqliteJournal(tmp_path / "j.db", OPTIONS)


async def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_OLDEST_SQLITE", 9_000_000)
    with pytest.raises(JournalError, match="install apsw"):
        SqliteJournal(tmp_path / "j.db", OPTIONS)


async def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "deep" / "j.db", OPTIONS)
    await journal.append([record(1)])
    for file in (tmp_path / "deep").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
    await journal.close()


async def test_rows_carry_their_columns(tmp_path: Path) -> None:
    await filled(tmp_path / "j.db", count=2)
    connection = apsw.Connection(str(tmp_path / "j.db"))
    rows = list(
        connection.execute(
            "SELECT seq, engine_version, recorded_ns, kind, prev_hash, row_hash, payload, sealed"
            " FROM records"
        )
    )
    assert [row[:4] for row in rows] == [
        (1, 1, 1001, "HaltRequested"),
        (2, 1, 1002, "HaltRequested"),
    ]
    assert rows[0][4] == GENESIS
    first = (1, 1, 1001, b"HaltRequested", rows[0][6], GENESIS, 0)
    assert rows[1][4] == rows[0][5] == link(first)
    assert rows[0][7] == 0
    connection.close()


async def test_a_new_journal_gets_an_identity_of_its_own(tmp_path: Path) -> None:
    one, two = SqliteJournal(tmp_path / "1.db", INLINE), SqliteJournal(tmp_path / "2.db", INLINE)
    assert one.journal_id != two.journal_id
    assert len(one.journal_id) == len(random_journal_id()) == 32
    journal_id = one.journal_id
    await one.close()
    await two.close()
    again = SqliteJournal(tmp_path / "1.db", INLINE)
    assert again.journal_id == journal_id
    await again.close()
    reader = read_only(tmp_path / "1.db")
    assert reader.created_ns == 77
    reader.close()


async def test_snapshots_of_another_engine_are_passed_over(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", INLINE)
    await journal.append([record(1)])
    await journal.keep_snapshot(1, Book().state())
    await journal.close()
    newer = SqliteOptions(engine_version=2, created_ns=1, inline=True, ballast_bytes=0)
    again = SqliteJournal(tmp_path / "j.db", newer)
    assert again.latest_snapshot() is None
    assert [r.seq for r in again.replay()] == [1]
    await again.append([record(2)])
    assert [r.seq for r in again.replay()] == [1, 2]
    await again.close()


async def test_a_second_writer_is_refused_by_pid(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", INLINE)
    with pytest.raises(JournalLockedError, match=f"in use by process {os.getpid()}"):
        SqliteJournal(tmp_path / "j.db", INLINE)
    await journal.append([record(1)])
    (tmp_path / "link.db").symlink_to(tmp_path / "j.db")
    with pytest.raises(JournalLockedError):
        SqliteJournal(tmp_path / "link.db", INLINE)
    await journal.close()
    await SqliteJournal(tmp_path / "j.db", INLINE).close()


def test_another_process_is_refused(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", INLINE)
    program = (
        "import sys; from pathlib import Path\n"
        "from daemon.journal.sqlite import SqliteJournal, SqliteOptions\n"
        "from daemon.journal.errors import JournalLockedError\n"
        "try: SqliteJournal(Path(sys.argv[1]), SqliteOptions(engine_version=1, created_ns=1))\n"
        "except JournalLockedError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "j.db")],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert f"in use by process {os.getpid()}" in done.stdout
    journal.abandon()


async def test_an_account_is_held_until_close(tmp_path: Path) -> None:
    one, two = SqliteJournal(tmp_path / "1.db", INLINE), SqliteJournal(tmp_path / "2.db", OPTIONS)
    await one.hold_account(tmp_path / "state", "kalshi", "key-1")
    await two.hold_account(tmp_path / "state", "kalshi", "key-2")
    with pytest.raises(JournalLockedError, match="the kalshi account is in use by process"):
        await two.hold_account(tmp_path / "state", "kalshi", "key-1")
    await one.close()
    await two.hold_account(tmp_path / "state", "kalshi", "key-1")
    await two.close()
    reader = read_only(tmp_path / "2.db")
    assert len(reader.lock_names()) == 2
    assert all(name.startswith("kalshi-") and "key" not in name for name in reader.lock_names())
    reader.close()


async def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await filled(path)
    tamper(path, "INSERT INTO schema_version VALUES (7, '0007_later.sql', 1)")
    with pytest.raises(JournalVersionError, match=r"newer filld \(schema 7, this one knows 1\)"):
        SqliteJournal(path, INLINE)
    with pytest.raises(JournalVersionError):
        read_only(path)


async def test_a_later_migration_is_applied_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(tmp_path / "j.db")
    later = migrate.Migration(2, "0002_later.sql", "CREATE TABLE later (n INTEGER)")
    monkeypatch.setattr(migrate, "MIGRATIONS", (*migrate.MIGRATIONS, later))
    monkeypatch.setattr(migrate, "SCHEMA_VERSION", 2)
    for _ in range(2):
        journal = SqliteJournal(tmp_path / "j.db", INLINE)
        assert journal.last_seq == 5
        await journal.close()
    tamper(tmp_path / "j.db", "INSERT INTO later VALUES (1)")


async def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(tmp_path / "j.db")
    bad = migrate.Migration(2, "0002_bad.sql", "CREATE TABLE later (n); CREATE TABLE later (n)")
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "MIGRATIONS", (*migrate.MIGRATIONS, bad))
        patch.setattr(migrate, "SCHEMA_VERSION", 2)
        with pytest.raises(JournalError):
            SqliteJournal(tmp_path / "j.db", INLINE)
    journal = SqliteJournal(tmp_path / "j.db", INLINE)
    assert journal.last_seq == 5
    await journal.close()


def test_migrations_are_numbered_without_gaps() -> None:
    assert [m.version for m in migrate.MIGRATIONS] == list(range(1, len(migrate.MIGRATIONS) + 1))


async def test_a_reader_sees_commits_of_a_running_writer(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", OPTIONS)
    await journal.append([record(1)])
    reader = read_only(tmp_path / "j.db")
    assert [r.seq for r in reader.replay()] == [1]
    await journal.append([record(2)])
    assert [r.seq for r in reader.replay()] == [1, 2]
    assert reader.head().seq == 2
    assert reader.journal_id == journal.journal_id
    reader.close()
    await journal.close()


def test_a_missing_journal_is_explained(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal"):
        read_only(tmp_path / "j.db")
    assert not (tmp_path / "j.db").exists()


async def test_batches_in_flight_keep_their_order(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", OPTIONS)
    async with asyncio.TaskGroup() as group:
        for seq in range(1, 30):
            group.create_task(journal.append([record(seq)]))
    assert [r.seq for r in journal.replay()] == list(range(1, 30))
    await journal.close()


async def test_a_cancelled_caller_does_not_break_the_chain(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", OPTIONS)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(journal.append([record(seq)])) for seq in range(1, 6)]
        await asyncio.sleep(0)
        for task in tasks[1:]:
            task.cancel()
    await journal.append([record(6)])
    assert [r.seq for r in journal.replay()] == list(range(1, 7))
    await journal.close()


async def test_the_wal_is_moved_in_an_idle_moment(tmp_path: Path) -> None:
    options = SqliteOptions(engine_version=1, created_ns=1, ballast_bytes=0, idle_s=0.01)
    journal = SqliteJournal(tmp_path / "j.db", options)
    before = (tmp_path / "j.db").stat().st_size
    await journal.append([record(seq) for seq in range(1, 200)])
    await until(lambda: (tmp_path / "j.db").stat().st_size > before)
    await journal.close()


@pytest.mark.parametrize("inline", [True, False])
async def test_the_wal_is_moved_above_its_bound(tmp_path: Path, *, inline: bool) -> None:
    options = SqliteOptions(
        engine_version=1,
        created_ns=1,
        ballast_bytes=0,
        inline=inline,
        idle_s=60,
        wal_bound_pages=20,
    )
    journal = SqliteJournal(tmp_path / "j.db", options)
    for seq in range(1, 400):
        await journal.append([record(seq)])
    assert (tmp_path / "j.db-wal").stat().st_size < 60 * 4096
    await journal.close()


async def test_hooks_stand_on_both_sides_of_the_commit(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []

    def hook(name: str) -> Callable[[], asyncio.Future[None]]:
        def note() -> asyncio.Future[None]:
            seen.append((name, read_only(tmp_path / "j.db").head().seq))
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done

        return note

    options = SqliteOptions(
        engine_version=1,
        created_ns=1,
        journal_id=JournalId("sim"),
        inline=True,
        before_commit=hook("before"),
        after_commit=hook("after"),
        ballast_bytes=0,
    )
    journal = SqliteJournal(tmp_path / "j.db", options)
    await journal.append([record(1)])
    assert seen == [("before", 0), ("after", 1)]
    assert journal.journal_id == "sim"
    await journal.close()


@BOTH
async def test_what_is_done_meanwhile_is_done_on_the_loop_before_the_end(
    tmp_path: Path, options: SqliteOptions
) -> None:
    journal = SqliteJournal(tmp_path / "j.db", options)
    seen: list[str] = []

    async def append() -> None:
        await journal.append([record(1)], lambda: seen.append(threading.current_thread().name))
        seen.append("committed")

    await append()
    assert seen == [threading.main_thread().name, "committed"]
    await journal.close()


@BOTH
async def test_a_bug_in_a_write_stops_the_journal_too(
    tmp_path: Path, options: SqliteOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = SqliteJournal(tmp_path / "j.db", options)

    def broken(*_batch: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(journal._store, "append", broken)
        with pytest.raises(ZeroDivisionError):
            await journal.append([record(1)])
    with pytest.raises(JournalError, match="outcome is unknown"):
        await journal.append([record(2)])
    journal.abandon()


def test_the_head_of_a_new_journal(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", INLINE)
    reader = read_only(tmp_path / "j.db")
    assert reader.head() == Head(0, GENESIS)
    reader.close()
    journal.abandon()
    assert journal.last_seq == 0
